"""The one way in: `Reader` opens every input, checks it before any work, and hands out chunks in constant
memory."""

from __future__ import annotations

import sys
import tempfile
import weakref
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import BinaryIO, cast

import pyarrow as pa

from mismatch.errors import InputError
from mismatch.records.arrivals import Arrivals, arriving
from mismatch.records.blocks import Block, Chunk, JsonLines, Reject
from mismatch.records.bounds import USUAL, Bounds
from mismatch.records.columns import ColumnChoice, Columns, columns_unseen
from mismatch.records.compression import ByteSource, compression_of
from mismatch.records.drawing import Runs, offsets_in, runs_of_lines, texts_only
from mismatch.records.first_bytes import json_layout, sniffed_format
from mismatch.records.formats.json_array import json_element_chunks
from mismatch.records.formats.json_lines import JsonChunk, json_line_chunks
from mismatch.records.formats.json_wrapped import wrapped_chunks
from mismatch.records.inputs import InputFile, find_inputs
from mismatch.records.joining import Bodies, bodies_choice, joined, titles_choice
from mismatch.records.known_formats import COLUMNAR, DELIMITERS
from mismatch.records.layout import Layout
from mismatch.records.pages.inputs import PageOptions, archive, page_files
from mismatch.records.partitions import partitions_of
from mismatch.records.recoding import Recoded, recoded
from mismatch.records.steadiness import state_of, unchanged
from mismatch.records.stores.stored_file import Place, StoredFile
from mismatch.records.text_tables import found_encoding, text_table
from mismatch.records.whole_files import OPENED_BY_NAME, WholeFile, open_whole, united

__all__ = ["Block", "Chunk", "JsonLines", "Reader", "Reject"]

LOOK_BYTES = 64 << 20
"""of a Parquet file that a look at all of it may read"""


@dataclass
class _Prepared:
    """An input that was looked at: its chunks can be read."""

    input: InputFile
    size: int | None
    chunks: Callable[[int], Iterator[Chunk]]
    """in stretches of so many bytes"""
    empty: bool = False
    is_plain_text: bool = False
    of_pages: bool = False
    runs: Callable[[list[int], Runs], list[pa.RecordBatch] | None] | None = None
    """pairs from so many places, None where they cannot be sought after all; not given where that is known"""


class Reader:
    """Iterates over the chunks of all inputs, lazily and in order; each chunk decodes itself, in any thread.

    Parameters
    ----------
    inputs : files, globs, folders, `-` for standard input.
    format : overrides what the names say; for standard input None means: look at the first bytes.
    columns : the columns that the user named. layout : what the user said of delimiters, encodings and tables.
    bodies : a file that holds the bodies, where they are not in the inputs; rows are joined by their ids.
    stdin : read in place of standard input.
    chunk_bytes : size of a stretch of text, or of a batch.
    bounds : what an input may ask for. max_line_bytes : in place of its longest row; a longer one is rejected and
    never held in memory.
    pages : how HTML pages are read.

    Attributes
    ----------
    origins : names of the inputs in order. formats, columns : by origin. schema : of CSV and binary inputs
    that fit together, else None. notices : lines for standard error. problems : inputs that turned out
    damaged on the way (it grows while iterating). bytes_total (None with standard input or a pipe), bytes_read : for
    a progress bar.

    Raises
    ------
    InputError
        Before any work: a missing or unreadable file, an unknown format, a missing title or body column.
    """

    def __init__(
        self,
        inputs: Sequence[str | Path],
        *,
        format: str | None = None,
        columns: ColumnChoice = ColumnChoice(),
        layout: Layout = Layout(),
        bodies: str | Path | None = None,
        stdin: BinaryIO | None = None,
        chunk_bytes: int = 4 << 20,
        max_line_bytes: int | None = None,
        bounds: Bounds = USUAL,
        pages: PageOptions = PageOptions(),
    ) -> None:
        self._choice, self._stdin, self._page_options = columns, stdin, pages
        if bodies is not None:
            self._choice = titles_choice(columns)
        self._layout = layout
        self._chunk_bytes = max(chunk_bytes, 1)
        self._bounds = bounds if max_line_bytes is None else replace(bounds, row=max_line_bytes)
        self.origins: list[str] = []
        self.formats: dict[str, str] = {}
        self.columns: dict[str, Columns] = {}
        self.notices: list[str] = []
        self.problems: list[str] = []
        self.bytes_read = 0
        self._schemas: list[pa.Schema | None] = []
        self._arrivals: list[Arrivals] = []
        self._prepared: list[_Prepared] = []
        found = find_inputs(inputs, format)
        origins = [item.origin for item in found]
        self._partitions = dict(zip(origins, partitions_of(origins), strict=True))
        for kind, neighbours in groupby(found, key=lambda item: item.format):
            items = list(neighbours)
            self._prepared += [self._pages(items)] if kind == "html" else [self._prepare(item) for item in items]
        sizes = [item.size for item in self._prepared]
        self.bytes_total = None if None in sizes else sum(size or 0 for size in sizes)
        self.schema = united(self._schemas)
        self._note_columns()
        if bodies is not None and any(item.of_pages for item in self._prepared):
            raise InputError(f"{bodies}: pages have their bodies with them; leave --bodies out")
        self._bodies = self._read_bodies(bodies, bodies_choice(columns)) if bodies is not None else None

    def __iter__(self) -> Iterator[Chunk]:
        for number in range(len(self._prepared)):
            yield from self.chunks_of(number)

    def closing_words(self) -> str | None:
        """What is to be said of the inputs once all rows have been read."""
        return self._bodies.closing_words() if self._bodies is not None else None

    def _read_bodies(self, name: str | Path, choice: ColumnChoice) -> Bodies:
        """The index of the file of bodies. It is read before the inputs, and names its columns for itself."""
        reader = Reader([name], columns=choice, chunk_bytes=self._chunk_bytes, bounds=self._bounds)
        bodies = Bodies(str(name), reader)
        if reader.problems:
            raise InputError("; ".join(reader.problems) + ". Repair the file of bodies first.")
        self.notices += [*(f"{name}: {notice}" for notice in reader.notices), bodies.notice()]
        return bodies

    @property
    def names(self) -> list[str]:
        """What is read as one: an input each, and for neighbouring pages the first of them."""
        return [item.input.origin for item in self._prepared]

    def chunks_of(self, number: int) -> Iterator[Chunk]:
        """The chunks of one input, by its place among `names`; with the first, what cannot be read of the file of bodies."""
        chunks, bodies = self._prepared[number].chunks(self._chunk_bytes), self._bodies
        if bodies is None:
            yield from chunks
            return
        if number == 0 and bodies.rejects:
            yield JsonChunk(bodies.name, b"", next(iter(self.columns.values())), rejects=list(bodies.rejects))
        yield from joined(chunks, bodies, self._chunk_bytes)

    @property
    def is_live(self) -> bool:
        """Whether an input comes through a pipe or from a terminal, perhaps slowly and without end."""
        return bool(self._arrivals)

    @property
    def stopped(self) -> bool:
        """Whether a stream was stopped before its end."""
        return any(stream.stopped for stream in self._arrivals)

    def stop(self) -> None:
        """Ends the streams where they are; what was read of them comes out still."""
        for stream in self._arrivals:
            stream.stop()

    def is_text_of_at_most(self, n_bytes: int) -> bool:
        """Whether all inputs are files of text, not compressed, and together no longer."""
        if self.bytes_total is None or self.bytes_total > n_bytes:
            return False
        return all(item.is_plain_text or item.empty for item in self._prepared)

    def drawn_evenly(self, runs: Runs) -> list[pa.RecordBatch] | None:
        """Pairs from all over the inputs, from each in proportion to its size; None where only a beginning can be had.

        That is a stream, titles whose bodies are in another file, and one input that cannot be sought in (it is compressed,
        in another encoding, or a JSON array); of several inputs, those give their share from their beginnings. What is
        looked at counts neither as read nor as damaged: it is read again. Only pages, which take long, are kept, and a
        stream of them gives its beginning.
        """
        if self._bodies is not None:
            return None
        items = [item for item in self._prepared if not item.empty]
        if self.bytes_total is None and not all(item.of_pages for item in items):
            return None
        places = offsets_in([item.size or 0 for item in items], runs) if items else []
        counted = self.bytes_read, len(self.problems)
        found: list[pa.RecordBatch] = []
        for item, offsets in zip(items, places, strict=True):
            pairs = _sought(item, offsets, runs)
            if pairs is None and len(items) == 1:
                return None
            found += _first_pairs(item, len(offsets), runs) if pairs is None else pairs
        self.bytes_read, self.problems[counted[1] :] = counted[0], []
        return found

    def _prepare(self, item: InputFile) -> _Prepared:
        try:
            before = state_of(item.path) if not item.is_stream else None
            prepared = self._open(item)
            if before is not None:
                prepared.chunks = unchanged(prepared.chunks, item, before, self.problems.append)
            return prepared
        except OSError as error:
            reason = error.strerror or str(error)
            raise InputError(f"{item.origin}: cannot be read ({reason}); check the file and its rights.") from None

    def _open(self, item: InputFile) -> _Prepared:
        self.origins.append(item.origin)
        size = None if item.is_stream or item.path is None else item.path.stat().st_size
        source = self._source(item, self._count if item.is_stream else lambda n: None)
        format = item.format or sniffed_format(source)
        if format == "html":
            return self._pages([item], source)
        self.formats[item.origin] = format
        if format == "warc":
            return self._archive(item, size, source)
        if format in COLUMNAR:
            return self._columnar(item, format, size, source)
        try:
            encoding = found_encoding(item, format, source, self._layout)
            if encoding is not None and self._layout.encoding is None:
                self._notice(item.origin, f"read as {encoding}; --encoding names another encoding")
            source = recoded(source, encoding)
            open_source = (
                (lambda: source) if item.is_stream else (lambda: recoded(self._source(item, self._count), encoding))
            )
            return self._text(item, format, size, source, open_source)
        finally:
            if not item.is_stream:
                source.close()

    def _text(
        self,
        item: InputFile,
        format: str,
        size: int | None,
        source: ByteSource,
        again: Callable[[], ByteSource],
    ) -> _Prepared:
        origin = item.origin
        bounds, problem = self._bounds, self.problems.append
        if format in DELIMITERS:
            table = text_table(source, origin, format, self._layout, self._choice, bounds)
            if table is None:
                return self._empty(item, size, source)
            self.columns[origin] = table.columns
            self._schemas.append(table.schema)
            self._notice(origin, table.dialect.notice(DELIMITERS[format]))
            prepared = _Prepared(item, size, lambda n_bytes: table.chunks(
                again(), chunk_bytes=n_bytes, bounds=bounds, problem=problem,
            ))  # fmt: skip
            return _plain(prepared, None if isinstance(source, Recoded) else table.runs)
        self._schemas.append(None)
        found = json_layout(source, format, self._choice, origin)
        if found.kind == "empty":
            return self._empty(item, size, source)
        columns = self.columns[origin] = found.columns
        if found.kind == "lines":
            self.formats[origin] = "jsonl"
            prepared = _Prepared(item, size, lambda n_bytes: _closing(s := again(), json_line_chunks(
                s, origin, columns, chunk_bytes=n_bytes, bounds=bounds, problem=problem,
            )))  # fmt: skip
            runs = None if isinstance(source, Recoded) else lambda path, *at: runs_of_lines(path, texts_only(columns), *at)
            return _plain(prepared, runs)
        self.formats[origin] = "json"
        if found.kind == "wrapped":
            self._notice(origin, f"the objects in its list {found.list_name}")
            return _plain(_Prepared(item, size, lambda n_bytes: _closing(s := again(), wrapped_chunks(
                s, origin, columns, found.list_name, chunk_bytes=n_bytes, bounds=bounds, problem=problem,
            ))), None)  # fmt: skip
        return _plain(_Prepared(item, size, lambda n_bytes: _closing(s := again(), json_element_chunks(
            s, origin, columns, in_array=found.kind == "array", chunk_bytes=n_bytes, bounds=bounds, problem=problem,
        ))), None)  # fmt: skip

    def _pages(self, items: list[InputFile], source: ByteSource | None = None) -> _Prepared:
        """HTML files side by side, as one input."""
        first = items[0]
        given = page_files(items, self._page_options, self._choice, self._source, self._count, source)
        self.origins += [item.origin for item in items if source is None]
        self.formats[first.origin], self.columns[first.origin] = "html", given.columns
        self._schemas.append(given.schema)
        return _Prepared(first, given.size, lambda n_bytes: given.chunks(), of_pages=True, runs=given.runs)

    def _archive(self, item: InputFile, size: int | None, source: ByteSource) -> _Prepared:
        if item.format is None and source.is_compressed:
            raise InputError(f"{item.origin}: a compressed WARC file; say so with --format warc.")
        if not item.is_stream:
            source.close()
        given = archive(item, size, self._page_options, self._choice, source, self._count, self.problems.append)
        if given is None:
            return self._empty(item, size, source)
        self.columns[item.origin] = given.columns
        self._schemas.append(given.schema)
        return _Prepared(item, size, lambda n_bytes: given.chunks(), of_pages=True, runs=given.runs)

    def _columnar(self, item: InputFile, format: str, size: int | None, source: ByteSource) -> _Prepared:
        def open_file(n_bytes: int = self._chunk_bytes) -> WholeFile:
            file: str | BinaryIO = str(item.path)
            if is_spooled:
                file = spool.name
            elif isinstance(item.path, StoredFile):
                file = cast(BinaryIO, item.path.open_arrow())
            return open_whole(
                file, item.origin, format, self._choice, table=self._layout.table, chunk_bytes=n_bytes,
                constants=self._partitions[item.origin], bounds=self._bounds,
            )  # fmt: skip

        def chunks(n_bytes: int) -> Iterator[Chunk]:
            yield from open_file(n_bytes).chunks(self.problems.append)
            self._count(size or 0)

        def runs(offsets: list[int], runs: Runs) -> list[pa.RecordBatch] | None:
            return open_file().runs(len(offsets), runs.rows, LOOK_BYTES)

        is_spooled = item.is_stream or (isinstance(item.path, StoredFile) and format in OPENED_BY_NAME)
        if is_spooled:  # read from its end, or opened by its name, so that it has to be on this disk
            spool = tempfile.NamedTemporaryFile(prefix="mismatch-")  # noqa: SIM115 (closed by the finaliser)
            weakref.finalize(self, spool.close)
            while data := source.read(1 << 20):
                spool.write(data)
            spool.flush()
            if source.broken:
                raise InputError(f"{item.origin}: {source.broken}")
            if spool.tell() == 0:
                return self._empty(item, size, source)
        source.close()
        opened = open_file()
        self.columns[item.origin] = opened.columns
        self._schemas.append(opened.schema)
        self._notice(item.origin, getattr(opened, "notice", None))
        return _Prepared(item, size, chunks, runs=None if item.is_stream else runs)

    def _empty(self, item: InputFile, size: int | None, source: ByteSource) -> _Prepared:
        self.notices.append(f"{item.origin}: no rows")
        if source.broken:
            self.problems.append(f"{item.origin}: {source.broken} after line 0")
        self.columns[item.origin] = columns_unseen(self._choice)
        source.close()
        return _Prepared(item, size, lambda n_bytes: iter(()), empty=True)

    def _source(self, item: InputFile, count: Callable[[int], None]) -> ByteSource:
        path = item.path
        if path is not None and not item.is_stream:
            return ByteSource(cast(BinaryIO, path.open("rb", buffering=0)), item.compression, count, bounds=self._bounds)
        if path is not None:
            stream = cast(BinaryIO, path.open("rb"))
        else:
            stream = self._stdin if self._stdin is not None else sys.stdin.buffer
        comes = arriving(stream)
        if comes is not None:
            self._arrivals.append(comes)
            stream = cast(BinaryIO, comes)
        head = _read_fully(stream, 4)
        count(len(head))
        compression = compression_of(head)
        if item.format in COLUMNAR or item.format == "warc":
            compression = None
        return ByteSource(
            stream, compression, count, keep_open=path is None, head=head, bounds=self._bounds,
            live=comes is not None and item.format not in COLUMNAR,
        )  # fmt: skip

    def _notice(self, origin: str, words: str | None) -> None:
        if words is not None:
            self.notices.append(f"{origin}: {words}")

    def _count(self, n: int) -> None:
        self.bytes_read += n

    def _note_columns(self) -> None:
        """One notice for each choice of columns; it names the first file where files differ."""
        choices: dict[str, str] = {}
        for item in self._prepared:
            if not item.empty and not item.of_pages:
                choices.setdefault(self.columns[item.input.origin].notice(), item.input.origin)
        for notice, origin in choices.items():
            self.notices.append(notice if len(choices) == 1 else f"{origin}: {notice}")


def _read_fully(stream: BinaryIO, n: int) -> bytes:
    data = b""
    while len(data) < n and (more := stream.read(n - len(data))):
        data += more
    return data


def _plain(
    item: _Prepared, runs_in: Callable[[Place, list[int], Runs], list[pa.RecordBatch] | None] | None
) -> _Prepared:  # fmt: skip
    """An input of text that is not compressed, if it is; `runs_in` draws from its file."""
    path = item.input.path
    if path is not None and not item.input.is_stream and item.input.compression is None:
        item.is_plain_text = True
        if runs_in is not None:
            item.runs = lambda offsets, runs: runs_in(path, offsets, runs)
    return item


def _sought(item: _Prepared, offsets: list[int], runs: Runs) -> list[pa.RecordBatch] | None:
    """Pairs from these places of an input; None where it cannot be sought in."""
    if not offsets:
        return []
    try:
        return None if item.runs is None else item.runs(offsets, runs)
    except (OSError, pa.ArrowException):
        return None  # whoever reads it from its beginning says where it is damaged


def _first_pairs(item: _Prepared, n_runs: int, runs: Runs) -> Iterator[pa.RecordBatch]:
    """The pairs at the beginning of an input, about as many as `n_runs` runs would give."""
    rows, size = n_runs * runs.rows, 0
    for chunk in item.chunks(n_runs * runs.n_bytes):
        pairs = chunk.decode().pairs[:rows]
        yield pairs
        rows, size = rows - len(pairs), size + pairs.nbytes
        if not rows or size >= n_runs * runs.n_bytes:
            return


def _closing(source: ByteSource, chunks: Iterator[Chunk]) -> Iterator[Chunk]:
    try:
        yield from chunks
    finally:
        source.close()
