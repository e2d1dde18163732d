"""Opening one input: a look at its first bytes, or at its footer, before any work; from it comes what gives its chunks."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TypeVar, cast

import pyarrow as pa

from mismatch.errors import InputError
from mismatch.records.arrivals import Arrivals, arriving
from mismatch.records.blocks import Chunk
from mismatch.records.bounds import Bounds
from mismatch.records.columns import ColumnChoice, Columns, columns_unseen
from mismatch.records.compression import ByteSource, compression_of
from mismatch.records.contents import LOOKED_AT, check_compression, check_content
from mismatch.records.drawing import Runs, runs_of_lines, texts_only
from mismatch.records.first_bytes import json_layout, sniffed_format
from mismatch.records.formats.json_array import json_element_chunks
from mismatch.records.formats.json_lines import json_line_chunks
from mismatch.records.formats.json_wrapped import wrapped_chunks
from mismatch.records.inputs import InputFile
from mismatch.records.known_formats import COLUMNAR, DELIMITERS
from mismatch.records.layout import Layout
from mismatch.records.pages.inputs import PageOptions, archive, page_files
from mismatch.records.partitions import Constants
from mismatch.records.recoding import Recoded, recoded
from mismatch.records.scratch import copied, scratch_file, scratch_room, write_all
from mismatch.records.steadiness import FileState, change_of, state_of, unchanged
from mismatch.records.stores.stored_file import Place, StoredFile
from mismatch.records.text_tables import found_encoding, text_table
from mismatch.records.whole_files import OPENED_BY_NAME, WholeFile, open_whole

_T = TypeVar("_T")
_BEGINNING = 1 << 10

LOOK_BYTES = 64 << 20
"""of a Parquet file that a look at all of it may read"""


@dataclass
class Opened:
    """An input that was looked at: its chunks can be read, as often as wanted unless it is a stream."""

    input: InputFile
    format: str
    size: int | None
    columns: Columns
    schema: pa.Schema | None
    """of CSV and binary inputs"""
    chunks: Callable[[int], Iterator[Chunk]]
    """in stretches of so many bytes"""
    empty: bool = False
    is_plain_text: bool = False
    of_pages: bool = False
    runs: Callable[[list[int], Runs], list[pa.RecordBatch] | None] | None = None
    """pairs from so many places, None where they cannot be sought after all; not given where that is known"""


@dataclass
class Opener:
    """How inputs are to be opened, and what is learned on the way, which grows while they are read."""

    choice: ColumnChoice
    layout: Layout
    bounds: Bounds
    pages: PageOptions
    stdin: BinaryIO | None
    """read in place of standard input"""
    chunk_bytes: int
    partitions: Mapping[str, Constants]

    def __post_init__(self) -> None:
        self.notices: list[str] = []
        self.problems: list[str] = []
        self.arrivals: list[Arrivals] = []
        self.bytes_read = 0
        self._states: list[tuple[InputFile, FileState]] = []

    def check_unchanged(self) -> None:
        """
        Raises
        ------
        InputError
            An input is another than it was when it was opened: what was found in it does not hold for it now.
        """
        for item, before in self._states:
            if (change := change_of(item, before)) is not None:
                raise InputError(f"{change} between two readings; read a copy of it")

    def open(self, item: InputFile) -> Opened:
        """Looks at an input.

        Raises
        ------
        InputError
            It cannot be read, is of no known format, or has no title or body column.
        """
        try:
            before = state_of(item.path) if not item.is_stream else None
            opened = self._open(item)
            if before is not None:
                self._states.append((item, before))
                opened.chunks = unchanged(opened.chunks, item, before, self.problems.append)
            return opened
        except OSError as error:
            reason = error.strerror or str(error)
            raise InputError(f"{item.origin}: cannot be read ({reason}); check the file and its rights.") from None

    def _open(self, item: InputFile) -> Opened:
        size = None if item.is_stream or item.path is None else item.path.stat().st_size
        is_here = isinstance(item.path, Path) and not item.is_stream  # a look at a file in a store costs a request
        if is_here and item.compression is not None:
            with cast(Path, item.path).open("rb") as file:
                check_compression(item.origin, item.compression, file.read(LOOKED_AT))
        source = self._source(item, self._count if item.is_stream else lambda n: None)
        format = item.format or sniffed_format(source)
        if format == "html":
            return self.open_pages([item], source)
        if format == "warc":
            return self._archive(item, size, source)
        if is_here:
            try:
                check_content(item.origin, format, source.peek(LOOKED_AT))
            except InputError:
                source.close()
                raise
        if format in COLUMNAR:
            return self._columnar(item, format, size, source)
        try:
            encoding = found_encoding(item, format, source, self.layout)
            if encoding is not None and self.layout.encoding is None:
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
    ) -> Opened:
        origin = item.origin
        bounds, problem = self.bounds, self.problems.append
        if format in DELIMITERS:
            table = text_table(source, origin, format, self.layout, self.choice, bounds)
            if table is None:
                return self._empty(item, format, size, source)
            self._notice(origin, table.dialect.notice(DELIMITERS[format]))
            opened = Opened(item, format, size, table.columns, table.schema, lambda n_bytes: table.chunks(
                again(), chunk_bytes=n_bytes, bounds=bounds, problem=problem,
            ))  # fmt: skip
            return _plain(opened, None if isinstance(source, Recoded) else table.runs)
        found = json_layout(source, format, self.choice, origin)
        if found.kind == "empty":
            return self._empty(item, format, size, source)
        columns = found.columns
        if found.kind == "lines":
            opened = Opened(item, "jsonl", size, columns, None, lambda n_bytes: _closing(s := again(), json_line_chunks(
                s, origin, columns, chunk_bytes=n_bytes, bounds=bounds, problem=problem,
            )))  # fmt: skip
            runs = None if isinstance(source, Recoded) else lambda path, *at: runs_of_lines(path, texts_only(columns), *at)
            return _plain(opened, runs)
        if found.kind == "wrapped":
            self._notice(origin, f"the objects in its list {found.list_name}")
            return _plain(Opened(item, "json", size, columns, None, lambda n_bytes: _closing(s := again(), wrapped_chunks(
                s, origin, columns, found.list_name, chunk_bytes=n_bytes, bounds=bounds, problem=problem,
            ))), None)  # fmt: skip
        return _plain(Opened(item, "json", size, columns, None, lambda n_bytes: _closing(s := again(), json_element_chunks(
            s, origin, columns, in_array=found.kind == "array", chunk_bytes=n_bytes, bounds=bounds, problem=problem,
        ))), None)  # fmt: skip

    def open_pages(self, items: list[InputFile], source: ByteSource | None = None) -> Opened:
        """HTML files side by side, as one input."""
        first = items[0]
        given = page_files(items, self.pages, self.choice, self._source, self._count, source)
        return Opened(
            first,
            "html",
            given.size,
            given.columns,
            given.schema,
            lambda n_bytes: given.chunks(),
            of_pages=True,
            runs=given.runs,
        )

    def _archive(self, item: InputFile, size: int | None, source: ByteSource) -> Opened:
        if item.format is None and source.is_compressed:
            raise InputError(f"{item.origin}: a compressed WARC file; say so with --format warc.")
        if not item.is_stream:
            source.close()
        given = _or_what_it_is(
            lambda: archive(item, size, self.pages, self.choice, source, self._count, self.problems.append),
            item.origin, "warc", None if item.is_stream or item.compression is not None else item.path,
        )  # fmt: skip
        if given is None:
            return self._empty(item, "warc", size, source)
        return Opened(
            item, "warc", size, given.columns, given.schema, lambda n_bytes: given.chunks(), of_pages=True, runs=given.runs
        )

    def _columnar(self, item: InputFile, format: str, size: int | None, source: ByteSource) -> Opened:
        def open_file(n_bytes: int = self.chunk_bytes) -> WholeFile:
            file: str | BinaryIO = str(item.path)
            if is_spooled:
                file = spool.name
            elif isinstance(item.path, StoredFile):
                file = cast(BinaryIO, item.path.open_arrow())
            return open_whole(
                file, item.origin, format, self.choice, table=self.layout.table, chunk_bytes=n_bytes,
                constants=self.partitions[item.origin], bounds=self.bounds, own_copy=own_copy,
            )  # fmt: skip

        def own_copy() -> str:
            if not is_spooled and not copies:
                with cast(Path, item.path).open("rb") as file:
                    copies.append(copied(file))
                weakref.finalize(self, copies[0].close)
            return str(spool.name if is_spooled else copies[0].name)

        def chunks(n_bytes: int) -> Iterator[Chunk]:
            yield from open_file(n_bytes).chunks(self.problems.append)
            self._count(size or 0)

        def runs(offsets: list[int], runs: Runs) -> list[pa.RecordBatch] | None:
            return open_file().runs(len(offsets), runs.rows, LOOK_BYTES)

        copies: list[Any] = []
        is_spooled = item.is_stream or (isinstance(item.path, StoredFile) and format in OPENED_BY_NAME)
        if is_spooled:  # read from its end, or opened by its name, so that it has to be on this disk
            with scratch_room():
                spool = scratch_file()
                weakref.finalize(self, spool.close)
                while data := source.read(1 << 20):
                    write_all(spool, data)
            if source.broken:
                raise InputError(f"{item.origin}: {source.broken}")
            if spool.tell() == 0:
                return self._empty(item, format, size, source)
        source.close()
        opened = _or_what_it_is(open_file, item.origin, format, Path(spool.name) if is_spooled else item.path)
        self._notice(item.origin, getattr(opened, "notice", None))
        return Opened(item, format, size, opened.columns, opened.schema, chunks, runs=None if item.is_stream else runs)

    def _empty(self, item: InputFile, format: str, size: int | None, source: ByteSource) -> Opened:
        self.notices.append(f"{item.origin}: no rows")
        if source.broken:
            self.problems.append(f"{item.origin}: {source.broken} after line 0")
        source.close()
        return Opened(item, format, size, columns_unseen(self.choice), None, lambda n_bytes: iter(()), empty=True)

    def _source(self, item: InputFile, count: Callable[[int], None]) -> ByteSource:
        path = item.path
        if path is not None and not item.is_stream:
            return ByteSource(cast(BinaryIO, path.open("rb", buffering=0)), item.compression, count, bounds=self.bounds)
        if path is not None:
            stream = cast(BinaryIO, path.open("rb"))
        else:
            stream = self.stdin if self.stdin is not None else sys.stdin.buffer
        comes = arriving(stream)
        if comes is not None:
            self.arrivals.append(comes)
            stream = cast(BinaryIO, comes)
        head = _read_fully(stream, 4)
        count(len(head))
        compression = compression_of(head)
        if item.format in COLUMNAR or item.format == "warc":
            compression = None
        return ByteSource(
            stream, compression, count, keep_open=path is None, head=head, bounds=self.bounds,
            live=comes is not None and item.format not in COLUMNAR,
        )  # fmt: skip

    def _notice(self, origin: str, words: str | None) -> None:
        if words is not None:
            self.notices.append(f"{origin}: {words}")

    def _count(self, n: int) -> None:
        self.bytes_read += n


def _or_what_it_is(open_file: Callable[[], _T], origin: str, format: str, path: Place | None) -> _T:
    """What `open_file` gives; where it refuses a file that is of another format than `format`, the refusal says of which."""
    try:
        return open_file()
    except InputError:
        if path is not None:
            with path.open("rb") as file:
                check_content(origin, format, file.read(_BEGINNING))
        raise


def _read_fully(stream: BinaryIO, n: int) -> bytes:
    data = b""
    while len(data) < n and (more := stream.read(n - len(data))):
        data += more
    return data


def _plain(
    item: Opened, runs_in: Callable[[Place, list[int], Runs], list[pa.RecordBatch] | None] | None
) -> Opened:  # fmt: skip
    """An input of text that is not compressed, if it is; `runs_in` draws from its file."""
    path = item.input.path
    if path is not None and not item.input.is_stream and item.input.compression is None:
        item.is_plain_text = True
        if runs_in is not None:
            item.runs = lambda offsets, runs: runs_in(path, offsets, runs)
    return item


def _closing(source: ByteSource, chunks: Iterator[Chunk]) -> Iterator[Chunk]:
    try:
        yield from chunks
    finally:
        source.close()
