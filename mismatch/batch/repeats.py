"""Repeats: one body under many titles, and one title over many bodies.

A consent page, a day's programme and a default article stand under many titles; the name of a site and the title of an error
page stand over many bodies. The same title with the same body twice is a re-publication, and no fault.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mismatch.batch.alike_bodies import alike_bodies
from mismatch.batch.marking import with_reasons
from mismatch.batch.told_apart import MAX_LEADERS, Described, is_repeated, told_apart
from mismatch.batch.trace_store import Shown, TraceStore
from mismatch.batch.traces import Traces, traces_of
from mismatch.judging.pipeline import in_order
from mismatch.judging.verdicts import Judged
from mismatch.records.blocks import Block, Chunk

REPEATED_BODY, REPEATED_TITLE = "repeated_body", "repeated_title"
KINDS = (REPEATED_BODY, REPEATED_TITLE)
MAX_EXAMPLES = 5


@dataclass(frozen=True)
class Cluster:
    """Rows that repeat a body under different titles, or a title over different bodies."""

    kind: str
    """`REPEATED_BODY` or `REPEATED_TITLE`"""
    rows: NDArray[np.int64]
    """the rows, counted from 1 in the order of the input, ascending"""
    different: int
    """different titles over the body, or bodies under the title, at most `MAX_LEADERS`"""
    unfit: int
    """of those, the ones in which title and body share little"""
    examples: list[Shown]
    """rows that differ, the first of the input first"""

    def to_plain(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        what = "titles" if self.kind == REPEATED_BODY else "bodies"
        examples = [
            {"row": one.row, "id": one.id, "file": one.origin, "row_in_file": one.row_in_file, "title": one.title}
            for one in self.examples
        ]
        return {
            "kind": self.kind, "rows": len(self.rows), f"different_{what}": self.different,
            "at_least": self.different == MAX_LEADERS, "unfit": self.unfit, "examples": examples,
            "row_numbers": self.rows.tolist(),
        }  # fmt: skip


@dataclass(frozen=True)
class Repeats:
    """What is repeated in a batch."""

    n_rows: int
    origins: list[str]
    """the inputs that have rows"""
    clusters: list[Cluster]
    """the largest first"""
    _marked: dict[str, tuple[NDArray[np.int64], NDArray[np.uint8]]] = field(repr=False)
    """of each input, the numbers of the rows in a cluster, ascending, and a bit for each of `KINDS`"""

    def of_kind(self, kind: str) -> list[Cluster]:
        """The clusters of a kind, the largest first."""
        return [cluster for cluster in self.clusters if cluster.kind == kind]

    def to_plain(self) -> dict[str, Any]:
        """Plain values, for JSON: how much of each kind there is, and the clusters without the numbers of all their rows."""
        counts = {kind: {"clusters": len(self.of_kind(kind)), "rows": self.count(kind)} for kind in KINDS}
        clusters = [cluster.to_plain() for cluster in self.clusters]
        for cluster in clusters:
            del cluster["row_numbers"]
        return {"rows": self.n_rows, **counts, "clusters": clusters}

    def count(self, kind: str) -> int:
        """How many rows are in clusters of a kind."""
        bit = 1 << KINDS.index(kind)
        return sum(int((bits & bit > 0).sum()) for _, bits in self._marked.values())

    def marks(self, block: Block) -> NDArray[np.uint8]:
        """A bit for each of `KINDS`, for each row of a block of the same inputs; shape (n_rows,)."""
        marks = np.zeros(len(block), np.uint8)
        if block.origin in self._marked:
            rows, bits = self._marked[block.origin]
            numbers = np.asarray(block.row_numbers, np.int64)
            at = np.minimum(np.searchsorted(rows, numbers), len(rows) - 1)
            marks = np.where(rows[at] == numbers, bits[at], 0).astype(np.uint8)
        return marks

    def revise(self, block: Block, judged: Judged) -> Judged:
        """What was judged, with the reasons `repeated_body` and `repeated_title` on the rows of clusters."""
        return with_reasons(judged, KINDS, self.marks(block))


def find_repeats(
    chunks: Iterable[Chunk], *, threads: int | None = None, on_block: Callable[[Block], None] | None = None
) -> Repeats:
    """Reads a batch once and finds what is repeated in it. Memory holds hashes, and most of those are on disk.

    Parameters
    ----------
    on_block
        Called with each block as it comes, in their order.
    """
    with TraceStore() as store:
        for block, traces in _traced(iter(chunks), threads or os.cpu_count() or 1):
            store.add(block, traces)
            if on_block is not None:
                on_block(block)
        store.finish()
        return repeats_in(store)


def repeats_in(store: TraceStore) -> Repeats:
    """What is repeated among the rows of a store."""
    if not store.n:
        return Repeats(0, [], [], {})
    titles, bodies = store.column("title_keys"), store.column("body_keys")
    complete = (titles > 0) & (bodies > 0)
    del bodies
    body_groups = alike_bodies(store)
    clusters = [
        *_clusters(store, REPEATED_BODY, body_groups, titles, complete),
        *_clusters(store, REPEATED_TITLE, titles, body_groups, complete),
    ]
    clusters.sort(key=lambda cluster: -len(cluster.rows))
    return Repeats(store.n, store.origins, clusters, _marked(store, clusters))


def _traced(chunks: Iterator[Chunk], workers: int) -> Iterator[tuple[Block, Traces]]:
    def work(chunk: Chunk) -> tuple[Block, Traces]:
        block = chunk.decode()
        return block, traces_of(block.pairs.column("title"), block.pairs.column("body"))

    with ThreadPoolExecutor(workers) as pool:
        yield from in_order(pool, work, chunks, workers + 1)


def _clusters(
    store: TraceStore, kind: str, groups: NDArray[Any], others: NDArray[Any], complete: NDArray[np.bool_]
) -> Iterator[Cluster]:
    """The groups of rows in which something else differs: titles in groups of a body, bodies in groups of a title."""
    rows = np.flatnonzero(complete)
    rows = rows[np.lexsort((rows, groups[rows]))]
    starts = np.flatnonzero(np.append(True, groups[rows][1:] != groups[rows][:-1])) if len(rows) else rows
    ends = np.append(starts[1:], len(rows))
    differ = others[rows] != np.repeat(others[rows[starts]], ends - starts)
    several = np.flatnonzero(np.add.reduceat(differ, starts) > 0) if len(rows) else starts
    starts, ends = starts[several], ends[several]
    bounds = np.append(0, np.cumsum(ends - starts)).astype(np.int64)
    inside = np.repeat(starts - bounds[:-1], ends - starts) + np.arange(bounds[-1])
    rows = rows[inside].astype(np.int64)
    titles = kind == REPEATED_BODY
    found = told_apart(Described.of(store), rows, bounds, titles=titles)
    sizes = found.sizes
    for group in np.flatnonzero(is_repeated(found, titles=titles)).tolist():
        members = rows[bounds[group] : bounds[group + 1]]
        examples = store.shown(found.leaders[group, : min(sizes[group], MAX_EXAMPLES)].tolist())
        yield Cluster(kind, members + 1, int(sizes[group]), int(found.unfit[group]), examples)


def _marked(store: TraceStore, clusters: list[Cluster]) -> dict[str, tuple[NDArray[np.int64], NDArray[np.uint8]]]:
    bits = np.zeros(store.n, np.uint8)
    for cluster in clusters:
        bits[cluster.rows - 1] |= np.uint8(1 << KINDS.index(cluster.kind))
    rows = np.flatnonzero(bits)
    numbers, out = store.mapped("row_numbers")[rows], {}
    for origin, stretches in store.by_origin(rows).items():
        places = np.concatenate(stretches)
        places = places[np.argsort(numbers[places], kind="stable")]
        out[origin] = numbers[places], bits[rows[places]]
    return out
