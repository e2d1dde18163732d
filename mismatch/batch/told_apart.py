"""Different titles over one body, and different bodies under one title: the rows of a group told apart. Compiled.

Of each group those rows are kept that differ from all before them, its leaders. Titles are the same where they share most of
what tells them from other titles of the batch; bodies are different only where they share next to nothing, so that a shorter
version of an article, or a later one, is no other body.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mismatch.batch.alike_bodies import shared_share
from mismatch.batch.trace_store import TraceStore
from mismatch.compiling.kernels import kernel, part, read_only

MAX_LEADERS = 100
"""different titles, or bodies, of a group that are told apart; where there are more, it has at least so many"""
SAME_TITLE = 0.4
"""share of the weight of the shorter title from which two titles are one"""
OTHER_BODY = 0.25
"""share of the shorter body that may stand in another one which still counts as a different body"""
ALL_BUT_THE_SAME = 0.9
"""estimated Jaccard similarity from which two bodies differ in a name or a date only, and are not of one template"""
MIN_TITLES = 3
"""different titles over all but the same body from which it is repeated though all of them fit it"""
LEAST_UNFIT = 1 / 3
"""share of the titles that must not fit where the bodies are alike but not all but the same"""
MOSTLY = 0.5
"""share of the titles whose bodies are all but the same from which one that does not fit is enough"""
FITS = 0.4
"""share of a title's weight that stands in a body which it fits"""


class Groups(NamedTuple):
    """What was found in each of some groups of rows."""

    leaders: NDArray[np.int64]
    """shape (n_groups, MAX_LEADERS): the first rows of the different titles, or bodies; -1 for no more"""
    unfit: NDArray[np.int64]
    """shape (n_groups,): leaders whose title does not fit their body"""
    as_first: NDArray[np.int64]
    """shape (n_groups,): leaders whose body is all but the same as that of the first"""

    @property
    def sizes(self) -> NDArray[np.int64]:
        """How many are different, shape (n_groups,)."""
        return (self.leaders >= 0).sum(axis=1)


@part
def _shared_weight(stems, weights, a, b):
    """How much of the lighter of two titles is in the other."""
    of_a = 0.0
    of_b = 0.0
    shared = 0.0
    for j in range(stems.shape[1]):
        of_b += weights[stems[b, j] % weights.shape[0]] if stems[b, j] else 0.0
    for i in range(stems.shape[1]):
        stem = stems[a, i]
        if stem == 0:
            break
        weight = weights[stem % weights.shape[0]]
        of_a += weight
        for j in range(stems.shape[1]):
            if stems[b, j] == stem:
                shared += weight
                break
    return shared / max(min(of_a, of_b), 1e-9)


@part
def _fit(stems, found, weights, row):
    """How much of a title is in its body."""
    total = 0.0
    there = 0.0
    for i in range(stems.shape[1]):
        stem = stems[row, i]
        if stem == 0:
            break
        weight = weights[stem % weights.shape[0]]
        total += weight
        if found[row] >> np.uint32(i) & np.uint32(1):
            there += weight
    return there / total if total else 0.0


@part
def _contained(bins, lengths, a, b):
    """How much of the shorter of two bodies is in the other, estimated."""
    jaccard = shared_share(bins, a, b)
    shorter = max(min(lengths[a], lengths[b]), 1)
    return jaccard * (lengths[a] + lengths[b]) / (1 + jaccard) / shorter


@kernel
def _tell_apart(rows, starts, of_titles, keys, bodies, stems, found, lengths, bins, weights, same, leaders, unfit, as_first):
    for group in range(starts.shape[0] - 1):
        n = 0
        for i in range(starts[group], starts[group + 1]):
            row = rows[i]
            known = False
            for k in range(n):
                leader = leaders[group, k]
                if keys[leader] == keys[row]:
                    known = True
                elif of_titles:
                    known = _shared_weight(stems, weights, leader, row) >= same
                else:
                    known = _contained(bins, lengths, leader, row) >= same
                if known:
                    break
            if known:
                continue
            leaders[group, n] = row
            n += 1
            if _fit(stems, found, weights, row) < FITS:
                unfit[group] += 1
            first = leaders[group, 0]
            if bodies[first] == bodies[row] or shared_share(bins, first, row) >= ALL_BUT_THE_SAME:
                as_first[group] += 1
            if n == leaders.shape[1]:
                break


class Described(NamedTuple):
    """What rows are told apart by: columns of `Traces`, and how telling each stem is (`TraceStore.stem_weights`)."""

    title_keys: NDArray[np.uint64]
    body_keys: NDArray[np.uint64]
    stems: NDArray[np.uint32]
    found: NDArray[np.uint32]
    lengths: NDArray[np.uint32]
    bins: NDArray[np.uint8]
    weights: NDArray[np.float32]

    @classmethod
    def of(cls, store: TraceStore) -> Described:
        """The columns of a store, as its files have them."""
        return cls(
            store.mapped("title_keys"), store.mapped("body_keys"), store.mapped("stems"), store.mapped("found"),
            store.mapped("lengths"), store.mapped("bins"), store.stem_weights(),
        )  # fmt: skip


def told_apart(by: Described, rows: NDArray[np.int64], starts: NDArray[np.int64], *, titles: bool) -> Groups:
    """The different titles, or bodies, of groups of rows.

    Parameters
    ----------
    rows
        The rows of all groups, one group behind the other.
    starts : shape (n_groups + 1,)
        Where each group starts among them.
    titles
        Whether titles are told apart, or bodies.
    """
    n = len(starts) - 1
    groups = Groups(np.full((n, MAX_LEADERS), -1, np.int64), np.zeros(n, np.int64), np.zeros(n, np.int64))
    title_keys, body_keys, *columns = (read_only(column) for column in by)
    same = SAME_TITLE if titles else OTHER_BODY
    _tell_apart(rows, starts, titles, title_keys if titles else body_keys, body_keys, *columns, same, *groups)
    return groups


def is_repeated(found: Groups, *, titles: bool) -> NDArray[np.bool_]:
    """Which groups are repeats: of titles over a body, or of bodies under a title; shape (n_groups,)."""
    unfit = found.unfit > 0
    if titles:  # in one frame around bodies of their own, most titles fit
        unfit &= (found.unfit >= LEAST_UNFIT * found.sizes) | (found.as_first >= MOSTLY * found.sizes)
    return (found.sizes > 1) & (unfit | (titles & (found.as_first >= MIN_TITLES)))
