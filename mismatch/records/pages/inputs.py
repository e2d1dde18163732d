"""From the inputs that are pages to their chunks: HTML files, many of which are one input, and archives."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO, cast

import pyarrow as pa

from mismatch.errors import InputError
from mismatch.records.blocks import Chunk
from mismatch.records.columns import ROLES, ColumnChoice, Columns
from mismatch.records.compression import ByteSource
from mismatch.records.drawing import Runs
from mismatch.records.inputs import InputFile
from mismatch.records.pages.chunks import ManyFiles, OneArchive, PageFile, share_of
from mismatch.records.pages.extraction import missing_extra
from mismatch.records.pages.rows import FILE, RECORD, columns_of, schema_of
from mismatch.records.pages.warc import check_archive, record_chunks, require_fastwarc
from mismatch.records.pages.workers import PageBounds, shared_workers

_Source = Callable[[InputFile, Callable[[int], None]], ByteSource]


@dataclass(frozen=True)
class PageOptions:
    """How pages are read."""

    with_body: bool = False
    """whether the text that was found is a column of the rows"""
    bounds: PageBounds = field(default_factory=PageBounds)


def page_options(with_body: bool, seconds: float, megabytes: int) -> PageOptions:
    """How pages are read, with bounds on the time and the memory of each."""
    return PageOptions(with_body, PageBounds(seconds=seconds, memory_bytes=megabytes << 20))


@dataclass(frozen=True)
class Pages:
    """An input that is made of pages."""

    size: int | None
    columns: Columns
    schema: pa.Schema
    chunks: Callable[[], Iterator[Chunk]]
    sample: Callable[[float], list[pa.RecordBatch]]

    def runs(self, offsets: list[int], runs: Runs) -> list[pa.RecordBatch]:
        """The pairs of the pages that a look is taken at."""
        return self.sample(share_of(offsets, runs))


def page_files(
    items: Sequence[InputFile], options: PageOptions, choice: ColumnChoice, open_source: _Source,
    count: Callable[[int], None], opened: ByteSource | None,
) -> Pages:  # fmt: skip
    """Files that are pages, as one input. A file that cannot be read will be a row that is refused.

    Parameters
    ----------
    opened
        The source of the only one, where it is open already.

    Raises
    ------
    MissingExtraError
        trafilatura is not installed.
    InputError
        The user named a column.
    """
    _check(items[0].origin, choice)

    def reading(item: InputFile) -> Callable[[int], bytes]:
        def read(most_bytes: int) -> bytes:
            source = opened or open_source(item, lambda n: None)
            try:
                data = b""
                while len(data) <= most_bytes and (more := source.read(most_bytes + 1 - len(data))):
                    data += more  # a live stream gives what there is
                if source.broken:
                    raise OSError(source.broken)
                return data
            finally:
                source.close()

        return read

    files = [PageFile(item.origin, _size(item), reading(item)) for item in items]
    many = ManyFiles(files, shared_workers(options.bounds), options.with_body, count)
    size = None if any(item.is_stream for item in items) else sum(file.n_bytes for file in files)
    return Pages(size, columns_of(FILE), schema_of(FILE, options.with_body), many.chunks, many.sample)


def archive(
    item: InputFile, size: int | None, options: PageOptions, choice: ColumnChoice, source: ByteSource,
    count: Callable[[int], None], problem: Callable[[str], None],
) -> Pages | None:  # fmt: skip
    """A WARC file or a stream of one; None where it is empty.

    Parameters
    ----------
    source
        The stream, not decompressed; a file is opened anew.

    Raises
    ------
    MissingExtraError
        trafilatura or fastwarc is not installed.
    InputError
        It is no archive of pages, or the user named a column.
    """
    _check(item.origin, choice)
    require_fastwarc()
    path = None if item.is_stream else item.path
    if path is not None and not check_archive(path, item.origin):
        return None

    def open_file() -> BinaryIO:
        return cast(BinaryIO, source if path is None else path.open("rb"))

    workers = shared_workers(options.bounds)
    one = OneArchive(
        lambda counted, damaged: record_chunks(
            open_file, path, item.origin, workers, with_body=options.with_body, count=counted, problem=damaged
        ),
        count, problem,
    )  # fmt: skip
    return Pages(size, columns_of(RECORD), schema_of(RECORD, options.with_body), one.chunks, one.sample)


def _check(origin: str, choice: ColumnChoice) -> None:
    if importlib.util.find_spec("trafilatura") is None:
        raise missing_extra()
    named = [role for role in ROLES if getattr(choice, role) is not None]
    if named:
        raise InputError(f"{origin}: pages have no columns that could be named; leave out --{named[0]}.")


def _size(item: InputFile) -> int:
    try:
        return item.path.stat().st_size if item.path is not None else 0
    except OSError:
        return 0
