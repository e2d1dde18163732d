"""Which bodies of a batch are the same or nearly so: by locality-sensitive hashing of their sketches, band after band.

Memory holds one band at a time. Compiled.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mismatch.batch.trace_store import TraceStore
from mismatch.batch.traces import BANDS
from mismatch.compiling.kernels import kernel, part, read_only

ALIKE, ALIKE_IF_SHORT = 0.6, 0.7
"""estimated Jaccard similarity of three-term shingles from which two bodies are one; short ones are alike by chance"""
SHORT_BINS = 40
"""bins of a sketch that a body must fill to be no short one: about 60 terms"""


@part(inline=True)
def shared_share(bins, a, b):
    """The estimated Jaccard similarity of two bodies: the share of their bins that are the same."""
    filled = 0
    alike = 0
    for k in range(bins.shape[1]):
        one = bins[a, k]
        other = bins[b, k]
        if one or other:
            filled += 1
            if one == other:
                alike += 1
    return alike / filled if filled else 0.0


@part(inline=True)
def _are_alike(bins, a, b):
    filled = 0
    for k in range(bins.shape[1]):
        if bins[a, k]:
            filled += 1
    return shared_share(bins, a, b) >= (ALIKE_IF_SHORT if filled < SHORT_BINS else ALIKE)


@part(inline=True)
def _root(parents, row):
    while parents[row] != row:
        parents[row] = parents[parents[row]]
        row = parents[row]
    return row


@kernel
def _link(order, band, bins, parents):
    """Joins neighbours in `order` that share a band and are alike, to the one before and to the first of their run."""
    first = 0
    for i in range(1, order.shape[0]):
        row = order[i]
        before = order[i - 1]
        if band[row] != band[before]:
            first = i
            continue
        for other in (before, order[first]):
            a = _root(parents, np.int64(row))
            b = _root(parents, np.int64(other))
            if a != b and _are_alike(bins, row, other):
                if a < b:
                    parents[b] = a
                else:
                    parents[a] = b


@kernel
def _settle(parents):
    for row in range(parents.shape[0]):
        parents[row] = _root(parents, np.int64(row))


def alike_bodies(store: TraceStore) -> NDArray[np.int64]:
    """The first row of the batch with the same body or nearly the same, for each row; shape (n_rows,).

    Rows are joined one by one: a body that is like one of a group belongs to it.
    """
    keys = store.column("body_keys")
    order = np.argsort(keys, kind="stable")
    same = np.append(False, keys[order][1:] == keys[order][:-1])
    firsts = order[~same]  # the sort is stable: the first of a run is the first of the batch
    parents = np.empty(store.n, np.int64)
    parents[order] = firsts[np.cumsum(~same) - 1]
    distinct = np.sort(firsts[keys[firsts] > 0])
    del keys, order, same, firsts
    bins = store.mapped("bins")
    for k in range(BANDS):
        band = store.column(f"band_{k}")
        rows = distinct[band[distinct] > 0]
        _link(rows[np.argsort(band[rows], kind="stable")], read_only(band), bins, parents)
    _settle(parents)
    return parents


def are_alike(bins: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Whether each two rows that follow each other, from the first on, are one body; shape (n_rows / 2,)."""
    parents = np.arange(len(bins))
    band = np.arange(len(bins)).astype(np.uint32) // np.uint32(2) + np.uint32(1)
    _link(np.arange(len(bins)), read_only(band), read_only(bins), parents)
    return parents[1::2] != np.arange(len(bins))[1::2]
