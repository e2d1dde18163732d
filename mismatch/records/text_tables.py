"""CSV and TSV as they come: encoding and dialect found out or as the user says, the rest as RFC 4180 has it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import pyarrow as pa

from mismatch.errors import InputError
from mismatch.records.blocks import Chunk
from mismatch.records.bounds import Bounds
from mismatch.records.columns import ColumnChoice, Columns, find_columns
from mismatch.records.compression import BOM, ByteSource
from mismatch.records.drawing import Runs, runs_of_records, texts_only
from mismatch.records.encodings import SAMPLE_BYTES, UTF_8, encoding_of, samples_of, unicode_of
from mismatch.records.first_bytes import FEW_BYTES
from mismatch.records.formats.delimited import LONGEST_HEADER, delimited_chunks, first_cells, read_header
from mismatch.records.inputs import InputFile
from mismatch.records.known_formats import DELIMITERS
from mismatch.records.layout import HEAD_BYTES, Dialect, Layout, found_dialect
from mismatch.records.recoding import requoted_chunks, requoted_name, requoted_source
from mismatch.records.stores.stored_file import Place
from mismatch.records.unreadable import cause_of_one_name, likeliest_cause


def found_encoding(item: InputFile, format: str, source: ByteSource, layout: Layout) -> str | None:
    """The encoding that a text is to be decoded from; None for UTF-8.

    That of tables is looked for. JSON is UTF-8, or UTF-16 or UTF-32 as its mark or its zeros say.

    Raises
    ------
    InputError
        It is no text at all.
    """
    if layout.encoding is not None:
        return None if layout.encoding in UTF_8 else layout.encoding
    if format not in DELIMITERS:
        return unicode_of(source.peek_beginning(FEW_BYTES)[:SAMPLE_BYTES])
    head = source.peek_line(SAMPLE_BYTES)
    if b"\0" in head or encoding_of([head]) is not None:
        cause = likeliest_cause("", head)  # a guess at its letters would make a header of anything
        if cause is not None:
            raise InputError(f"{item.origin}: no {format}; likeliest cause: {cause}")
    is_plain = item.path is not None and not item.is_stream and item.compression is None
    return encoding_of(samples_of(head, item.path if is_plain else None))


@dataclass(frozen=True)
class TextTable:
    """A table of text whose header was read."""

    origin: str
    header: list[str]
    columns: Columns
    dialect: Dialect

    @property
    def schema(self) -> pa.Schema:
        return pa.schema([(name, pa.string()) for name in self.header])

    def chunks(
        self, source: ByteSource, *, chunk_bytes: int, bounds: Bounds, problem: Callable[[str], None]
    ) -> Iterator[Chunk]:
        """Stretches of whole records of a source that stands at its beginning, which is closed at the end."""
        delimiter, quote = self.dialect.delimiter, self.dialect.quote
        try:
            yield from requoted_chunks(delimited_chunks(
                requoted_source(source, quote), self.origin, self.header, self.columns, delimiter=delimiter,
                chunk_bytes=chunk_bytes, bounds=bounds, problem=problem,
            ), quote)  # fmt: skip
        finally:
            source.close()

    def runs(self, path: Place, offsets: Sequence[int], runs: Runs) -> list[pa.RecordBatch] | None:
        """Pairs from so many places of a file in UTF-8; None where it is not sure where records begin."""
        if self.dialect.quote != '"':
            return None
        return runs_of_records(path, self.header, texts_only(self.columns), self.dialect.delimiter, offsets, runs)


def text_table(
    source: ByteSource, origin: str, format: str, layout: Layout, choice: ColumnChoice, bounds: Bounds
) -> TextTable | None:
    """The table that a source in UTF-8 holds, the source left as it was; None where it has no records.

    Raises
    ------
    InputError
        There is no header, or no title or body column in it.
    """
    head = source.peek_line(HEAD_BYTES)
    dialect = found_dialect(
        head.removeprefix(BOM), source.ended and len(head) < HEAD_BYTES, DELIMITERS[format], layout, choice
    )
    shown = requoted_source(source, dialect.quote)
    header = read_header(shown, origin, dialect.delimiter, LONGEST_HEADER)
    if header is None:
        return None
    if len(header) > bounds.columns:
        raise InputError(f"{origin}: {len(header):,} columns; --limit columns=NUMBER allows more")
    header = [requoted_name(name, dialect.quote) for name in header]
    try:
        columns = find_columns(
            header, choice, origin, sample=partial(first_cells, shown, header, dialect.delimiter, FEW_BYTES)
        )
    except InputError as error:
        cause = cause_of_one_name(header, format)
        if cause is None:
            raise
        what = "has only one name" if len(header) == 1 else "names no columns"
        raise InputError(f"{origin}: the header (line 1) {what}; likeliest cause: {cause}") from error
    return TextTable(origin, header, columns, dialect)
