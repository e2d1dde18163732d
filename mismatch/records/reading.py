"""The one way in: `Reader` opens every input, checks it before any work, and hands out chunks in constant
memory."""

from __future__ import annotations

import sys
import tempfile
import weakref
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import pyarrow as pa

from mismatch.errors import InputError
from mismatch.records.blocks import MAX_LINE_BYTES, Block, Chunk, JsonLines, Reject
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
from mismatch.records.partitions import partitions_of
from mismatch.records.recoding import Recoded, recoded
from mismatch.records.text_tables import found_encoding, text_table
from mismatch.records.whole_files import WholeFile, open_whole, united

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
    max_line_bytes : a row longer than this is rejected and never held in memory.

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
        max_line_bytes: int = MAX_LINE_BYTES,
    ) -> None:
        self._choice, self._stdin = titles_choice(columns) if bodies is not None else columns, stdin
        self._layout = layout
        self._chunk_bytes, self._max_line_bytes = max(chunk_bytes, 1), max_line_bytes
        self.origins: list[str] = []
        self.formats: dict[str, str] = {}
        self.columns: dict[str, Columns] = {}
        self.notices: list[str] = []
        self.problems: list[str] = []
        self.bytes_read = 0
        self._schemas: list[pa.Schema | None] = []
        found = find_inputs(inputs, format)
        origins = [item.origin for item in found]
        self._partitions = dict(zip(origins, partitions_of(origins), strict=True))
        self._prepared = [self._prepare(item) for item in found]
        sizes = [item.size for item in self._prepared]
        self.bytes_total = None if None in sizes else sum(size or 0 for size in sizes)
        self.schema = united(self._schemas)
        self._note_columns()
        self._bodies = self._read_bodies(bodies, bodies_choice(columns)) if bodies is not None else None

    def __iter__(self) -> Iterator[Chunk]:
        if self._bodies is not None and self._bodies.rejects:
            yield JsonChunk(self._bodies.name, b"", next(iter(self.columns.values())), rejects=list(self._bodies.rejects))
        for item in self._prepared:
            chunks = item.chunks(self._chunk_bytes)
            yield from chunks if self._bodies is None else joined(chunks, self._bodies, self._chunk_bytes)

    def closing_words(self) -> str | None:
        """What is to be said of the inputs once all rows have been read."""
        return self._bodies.closing_words() if self._bodies is not None else None

    def _read_bodies(self, name: str | Path, choice: ColumnChoice) -> Bodies:
        """The index of the file of bodies. It is read before the inputs, and names its columns for itself."""
        reader = Reader([name], columns=choice, chunk_bytes=self._chunk_bytes)
        bodies = Bodies(str(name), reader)
        if reader.problems:
            raise InputError("; ".join(reader.problems) + ". Repair the file of bodies first.")
        self.notices += [*(f"{name}: {notice}" for notice in reader.notices), bodies.notice()]
        return bodies

    def is_text_of_at_most(self, n_bytes: int) -> bool:
        """Whether all inputs are files of text, not compressed, and together no longer."""
        if self.bytes_total is None or self.bytes_total > n_bytes:
            return False
        return all(item.is_plain_text or item.empty for item in self._prepared)

    def drawn_evenly(self, runs: Runs) -> list[pa.RecordBatch] | None:
        """Pairs from all over the inputs, from each in proportion to its size; None where only a beginning can be had.

        That is a stream, titles whose bodies are in another file, and one input that cannot be sought in (it is compressed,
        in another encoding, or a JSON array); of several inputs, those give their share from their beginnings. What is
        looked at counts neither as read nor as damaged: it is read again.
        """
        if self.bytes_total is None or self._bodies is not None:
            return None
        items = [item for item in self._prepared if not item.empty]
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
            return self._open(item)
        except OSError as error:
            reason = error.strerror or str(error)
            raise InputError(f"{item.origin}: cannot be read ({reason}); check the file and its rights.") from None

    def _open(self, item: InputFile) -> _Prepared:
        self.origins.append(item.origin)
        size = None if item.is_stream or item.path is None else item.path.stat().st_size
        source = self._source(item, self._count if item.is_stream else lambda n: None)
        format = item.format or sniffed_format(source)
        self.formats[item.origin] = format
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
        origin, max_line_bytes, problem = item.origin, self._max_line_bytes, self.problems.append
        if format in DELIMITERS:
            table = text_table(source, origin, format, self._layout, self._choice)
            if table is None:
                return self._empty(item, size, source)
            self.columns[origin] = table.columns
            self._schemas.append(table.schema)
            self._notice(origin, table.dialect.notice(DELIMITERS[format]))
            prepared = _Prepared(item, size, lambda n_bytes: table.chunks(
                again(), chunk_bytes=n_bytes, max_line_bytes=max_line_bytes, problem=problem,
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
                s, origin, columns, chunk_bytes=n_bytes, max_line_bytes=max_line_bytes, problem=problem,
            )))  # fmt: skip
            runs = None if isinstance(source, Recoded) else lambda path, *at: runs_of_lines(path, texts_only(columns), *at)
            return _plain(prepared, runs)
        self.formats[origin] = "json"
        if found.kind == "wrapped":
            self._notice(origin, f"the objects in its list {found.list_name}")
            return _plain(_Prepared(item, size, lambda n_bytes: _closing(s := again(), wrapped_chunks(
                s, origin, columns, found.list_name, chunk_bytes=n_bytes, max_line_bytes=max_line_bytes, problem=problem,
            ))), None)  # fmt: skip
        return _plain(_Prepared(item, size, lambda n_bytes: _closing(s := again(), json_element_chunks(
            s, origin, columns, in_array=found.kind == "array", chunk_bytes=n_bytes,
            max_line_bytes=max_line_bytes, problem=problem,
        ))), None)  # fmt: skip

    def _columnar(self, item: InputFile, format: str, size: int | None, source: ByteSource) -> _Prepared:
        def open_file(n_bytes: int = self._chunk_bytes) -> WholeFile:
            file: str | BinaryIO = str(item.path)
            if item.is_stream:
                spool.seek(0)
                file = spool
            return open_whole(
                file, item.origin, format, self._choice, table=self._layout.table, chunk_bytes=n_bytes,
                constants=self._partitions[item.origin],
            )  # fmt: skip

        def chunks(n_bytes: int) -> Iterator[Chunk]:
            yield from open_file(n_bytes).chunks(self.problems.append)
            self._count(size or 0)

        def runs(offsets: list[int], runs: Runs) -> list[pa.RecordBatch] | None:
            return open_file().runs(len(offsets), runs.rows, LOOK_BYTES)

        if item.is_stream:  # these formats are read from their end, so that a pipe has to be stored first
            spool = cast(BinaryIO, tempfile.TemporaryFile(prefix="mismatch-"))  # noqa: SIM115 (closed by the finaliser)
            weakref.finalize(self, spool.close)
            while data := source.read(1 << 20):
                spool.write(data)
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
        return _Prepared(item, size, lambda n_bytes: iter(()), empty=True)

    def _source(self, item: InputFile, count: Callable[[int], None]) -> ByteSource:
        path = item.path
        if path is not None and not item.is_stream:
            return ByteSource(lambda: cast(BinaryIO, open(path, "rb", buffering=0)), item.compression, count)
        if path is not None:
            stream = cast(BinaryIO, open(path, "rb"))  # noqa: SIM115 (open while it is read)
        else:
            stream = self._stdin if self._stdin is not None else sys.stdin.buffer
        head = _read_fully(stream, 4)
        count(len(head))
        compression = compression_of(head)
        if item.format in COLUMNAR:
            compression = None
        return ByteSource(lambda: stream, compression, count, reopenable=False, keep_open=path is None, head=head)

    def _notice(self, origin: str, words: str | None) -> None:
        if words is not None:
            self.notices.append(f"{origin}: {words}")

    def _count(self, n: int) -> None:
        self.bytes_read += n

    def _note_columns(self) -> None:
        """One notice for each choice of columns; it names the first file where files differ."""
        choices: dict[str, str] = {}
        for item in self._prepared:
            if not item.empty:
                choices.setdefault(self.columns[item.input.origin].notice(), item.input.origin)
        for notice, origin in choices.items():
            self.notices.append(notice if len(choices) == 1 else f"{origin}: {notice}")


def _read_fully(stream: BinaryIO, n: int) -> bytes:
    data = b""
    while len(data) < n and (more := stream.read(n - len(data))):
        data += more
    return data


def _plain(
    item: _Prepared, runs_in: Callable[[Path, list[int], Runs], list[pa.RecordBatch] | None] | None
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
