"""Runs of pages on their way to the workers: of files, and of one archive; and the sample that a model is adapted to."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain, islice
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from mismatch.records.blocks import Block, Chunk, Reject
from mismatch.records.drawing import Runs
from mismatch.records.pages.rows import FILE, RECORD, page_block
from mismatch.records.pages.workers import Page, Workers

CHUNK_PAGES = 16
SAMPLE_PAGES = 1024
"""pages that a look is taken at, where there are more"""
_BEGINNING = 1024
"""bytes of a file that cannot be parsed that go with its reason; the file itself is there to be looked at"""


class PageFile(NamedTuple):
    """A file that is one page."""

    name: str
    n_bytes: int
    """as it lies on disk"""
    read: Callable[[int], bytes]
    """gives its bytes, at most one more than asked for; raises OSError"""


@dataclass
class FileChunk:
    """Some files, each a page."""

    origin: str
    files: Sequence[PageFile]
    workers: Workers
    with_body: bool

    def decode(self) -> Block:
        parsed, names, rejects = [], [], []
        for file in self.files:
            try:
                data = file.read(self.workers.bounds.most_bytes)
            except OSError as error:
                rejects.append(Reject(file.name, 1, f"cannot be read ({error.strerror or error})", b""))
                continue
            page = self.workers.parse(Page(data))
            if page.reason is None:
                parsed.append(page)
                names.append(file.name)
            else:
                raw = data if file.name == "-" else data[:_BEGINNING]
                rejects.append(Reject(file.name, 1, page.reason, raw))
        known_by = pa.RecordBatch.from_arrays([pa.array(names, pa.string())], schema=FILE)
        ones = np.ones(len(parsed), np.int64)
        return page_block(known_by, parsed, self.origin, ones, rejects, with_body=self.with_body)


class Record(NamedTuple):
    """A page in an archive, or the reason why there is none."""

    number: int
    """among the pages of the archive, from 1"""
    offset: int
    url: str | None
    page: Page | None
    reason: str = ""
    raw: bytes = b""


@dataclass
class RecordChunk:
    """Some pages of an archive."""

    origin: str
    records: Sequence[Record]
    workers: Workers
    with_body: bool

    def decode(self) -> Block:
        parsed, kept, rejects = [], [], []
        for record in self.records:
            if record.page is None:
                rejects.append(Reject(self.origin, record.number, record.reason, record.raw))
                continue
            page = self.workers.parse(record.page)
            if page.reason is None:
                parsed.append(page)
                kept.append(record)
            else:
                rejects.append(Reject(self.origin, record.number, page.reason, record.page.data))
        urls = pa.array([record.url for record in kept], pa.string())
        offsets = pa.array([record.offset for record in kept], pa.int64())
        known_by = pa.RecordBatch.from_arrays([urls, offsets], schema=RECORD)
        numbers = np.array([record.number for record in kept], np.int64)
        return page_block(known_by, parsed, self.origin, numbers, rejects, with_body=self.with_body)


@dataclass
class _Parsed:
    """A chunk that was parsed for the sample already."""

    origin: str
    block: Block

    def decode(self) -> Block:
        return self.block


class ManyFiles:
    """Files that are pages, in chunks; those of a sample are parsed once and kept until their turn comes.

    Parameters
    ----------
    count
        Told how many bytes were handed out.
    """

    def __init__(self, files: Sequence[PageFile], workers: Workers, with_body: bool, count: Callable[[int], None]) -> None:
        self._files, self._workers, self._with_body, self._count = files, workers, with_body, count
        self._kept: dict[int, Block] = {}

    def chunks(self) -> Iterator[Chunk]:
        """All of them, in order."""
        for start in range(0, len(self._files), CHUNK_PAGES):
            chunk, block = self._chunk(start), self._kept.pop(start, None)
            self._count(sum(file.n_bytes for file in chunk.files))
            if block is None:
                yield chunk
            else:
                yield _Parsed(block.origin, block)

    def sample(self, share: float) -> list[pa.RecordBatch]:
        """The pairs of chunks evenly spaced over the files, a share of `SAMPLE_PAGES` or all there are."""
        starts = range(0, len(self._files), CHUNK_PAGES)
        wanted = min(len(starts), max(1, round(share * SAMPLE_PAGES / CHUNK_PAGES)))
        at = [starts[i] for i in np.unique(np.linspace(0, len(starts) - 1, wanted).astype(int)).tolist()]
        self._kept = dict(zip(at, _decoded(self._chunk(start) for start in at), strict=True))
        return [block.pairs for block in self._kept.values()]

    def _chunk(self, start: int) -> FileChunk:
        files = self._files[start : start + CHUNK_PAGES]
        return FileChunk(files[0].name, files, self._workers, self._with_body)


class OneArchive:
    """The pages of an archive, which is read once, from its beginning on; those of a sample are kept until their turn comes.

    Parameters
    ----------
    read
        Gives the chunks; told where bytes are counted, and where problems go.
    count, problem
        Told of the bytes that were handed out, and of what is damaged when all was.
    """

    def __init__(
        self, read: Callable[[Callable[[int], None], Callable[[str], None]], Iterator[RecordChunk]],
        count: Callable[[int], None], problem: Callable[[str], None],
    ) -> None:  # fmt: skip
        self._n_bytes, self._problems = 0, list[str]()
        self._rest, self._count, self._problem = read(self._add, self._problems.append), count, problem
        self._first: list[Block] = []

    def _add(self, n_bytes: int) -> None:
        self._n_bytes += n_bytes

    def chunks(self) -> Iterator[Chunk]:
        """All of them, in order."""
        kept: list[Chunk] = [_Parsed(block.origin, block) for block in self._first]
        self._first, counted = [], 0
        for chunk in chain(kept, self._rest):
            self._count(self._n_bytes - counted)
            counted = self._n_bytes
            yield chunk
        self._count(self._n_bytes - counted)
        for problem in self._problems:
            self._problem(problem)

    def sample(self, share: float) -> list[pa.RecordBatch]:
        """The pairs of the first pages, a share of `SAMPLE_PAGES`."""
        self._first = _decoded(islice(self._rest, max(1, round(share * SAMPLE_PAGES / CHUNK_PAGES))))
        return [block.pairs for block in self._first]


def _decoded(chunks: Iterable[Chunk]) -> list[Block]:
    """What the chunks hold, parsed side by side; few are in memory at once before they are parsed."""
    workers, blocks, waiting = os.cpu_count() or 1, list[Block](), deque[Future[Block]]()
    with ThreadPoolExecutor(workers) as pool:
        for chunk in chunks:
            waiting.append(pool.submit(chunk.decode))
            if len(waiting) > workers:
                blocks.append(waiting.popleft().result())
        return blocks + [future.result() for future in waiting]


def share_of(offsets: Sequence[int], runs: Runs) -> float:
    """Which share of a look falls to an input, of which so many places are to be looked at."""
    return len(offsets) / max(1, runs.number)
