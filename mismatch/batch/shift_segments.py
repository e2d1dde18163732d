"""Parts of a file where the evidence may speak for one offset: maximal segments of a sum of log-likelihood ratios.

A row speaks for an offset k when its title fits the body k rows further down, or its body the title k rows further up, and
its own title and body do not fit. Near the ends of a stretch only one of the two can be; the rows for which either speaks
are wrong.

For each offset the sum over the rows begins anew where it falls to zero (the cumulative sum test, Page 1954). Rows that say
nothing of an offset all cost the same, so that only the offsets that a row speaks for are brought up to date.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mismatch.batch.shift_evidence import STEPS, Evidence
from mismatch.compiling.kernels import kernel

BY_BODY = 0.9
"""how much a body that fits another title counts, against a title that fits another body"""
_OWN = np.float32(1.4)
"""how much it counts that a title fits its own body: where it fits another as well, the row is right"""
_LEAST_SCORE = 12.0
"""sum of log-likelihood ratios of a segment that is looked at"""
_ABSENT = 1.0
"""what a row costs whose title could be looked for and was not found at the offset"""
_DROP = 15.0
"""by how much the sum falls from its highest before a segment is closed"""
_MOST_SEGMENTS = 1 << 16


@dataclass(frozen=True)
class Segment:
    """Rows from `first` to `last`, counted from 0, whose titles have their bodies `by` rows further down."""

    first: int
    last: int
    by: int
    score: float

    def __len__(self) -> int:
        return self.last - self.first + 1


@dataclass(frozen=True)
class Pairs:
    """The evidence sorted both ways."""

    own: NDArray[np.float32]
    """shape (n_rows,): what speaks for the row as it is"""
    can_tell: NDArray[np.bool_]
    """shape (n_rows,): whether the title could be looked for"""
    by_title: NDArray[np.int64]
    """shape (n_rows + 1,): where the pairs of each title begin"""
    offsets: NDArray[np.int16]
    values: NDArray[np.uint8]
    by_body: NDArray[np.int64]
    """shape (n_rows + 1,): where the pairs of each body begin in `order`"""
    order: NDArray[np.int64]

    @classmethod
    def of(cls, evidence: Evidence) -> Pairs:
        own = _OWN * np.nan_to_num(evidence.own).astype(np.float32)
        by_title = np.zeros(len(own) + 1, np.int64)
        np.cumsum(evidence.counts, out=by_title[1:])
        by_body, order = np.zeros(len(own) + 1, np.int64), np.empty(len(evidence.offsets), np.int64)
        _sort_by_body(by_title, evidence.offsets, by_body, order)
        return cls(own, ~np.isnan(evidence.own), by_title, evidence.offsets, evidence.values, by_body, order)

    @property
    def arrays(self) -> tuple[NDArray[Any], ...]:
        return self.by_title, self.offsets, self.values, self.by_body, self.order


@kernel
def _sort_by_body(by_title, offsets, by_body, order):
    """Fills `order` with the pairs of each body, those of the first body first, and `by_body` with where they begin."""
    n = by_title.shape[0] - 1
    for row in range(n):
        for p in range(by_title[row], by_title[row + 1]):
            by_body[row + offsets[p] + 1] += 1
    for row in range(n):
        by_body[row + 1] += by_body[row]
    at = by_body[:n].copy()
    for row in range(n):
        for p in range(by_title[row], by_title[row + 1]):
            body = row + offsets[p]
            order[at[body]] = p
            at[body] += 1


@kernel
def _sweep(own, can_tell, by_title, offsets, values, by_body, order, window, least, found, scores):
    """Writes (offset, first, last) and the score of each segment; returns how many there are."""
    n = own.shape[0]
    width = 2 * window + 1
    total = np.zeros(width)
    highest = np.zeros(width)
    first = np.zeros(width, np.int64)
    last = np.zeros(width, np.int64)
    upto = np.zeros(width)
    here = np.zeros(width, np.float32)
    listed = np.empty(width, np.int64)
    fallen = 0.0
    n_found = 0
    for row in range(n + 1):
        n_listed = 0
        if row < n:
            for p in range(by_title[row], by_title[row + 1]):
                k = np.int64(offsets[p]) + window
                if here[k] == 0:
                    listed[n_listed] = k
                    n_listed += 1
                here[k] = max(here[k], values[p] / STEPS)
            for q in range(by_body[row], by_body[row + 1]):
                k = np.int64(offsets[order[q]]) + window
                if here[k] == 0:
                    listed[n_listed] = k
                    n_listed += 1
                here[k] = max(here[k], BY_BODY * values[order[q]] / STEPS)
        else:
            for k in range(width):
                listed[k] = k
            n_listed = width
        for z in range(n_listed):
            k = listed[z]
            now = total[k] + fallen - upto[k]
            if now <= 0 or highest[k] - now > _DROP or row == n:
                if highest[k] >= least and n_found < found.shape[0]:
                    found[n_found, 0] = k - window
                    found[n_found, 1] = first[k]
                    found[n_found, 2] = last[k]
                    scores[n_found] = highest[k]
                    n_found += 1
                now = 0.0
                highest[k] = 0.0
                first[k] = row
            if row == n:
                continue
            now += here[k] - own[row]
            total[k] = now
            upto[k] = fallen - own[row] - (_ABSENT if can_tell[row] else 0.0)
            if now > highest[k]:
                highest[k] = now
                last[k] = row
            here[k] = 0
        if row < n:
            fallen -= own[row] + (_ABSENT if can_tell[row] else 0.0)
    return n_found


@kernel
def _along(by_title, offsets, values, by_body, order, by, first, by_titles, by_bodies):
    """What titles and bodies of the rows from `first` on say for one offset."""
    for i in range(by_titles.shape[0]):
        row = first + i
        for p in range(by_title[row], by_title[row + 1]):
            if offsets[p] == by:
                by_titles[i] = values[p] / STEPS
        for q in range(by_body[row], by_body[row + 1]):
            if offsets[order[q]] == by:
                by_bodies[i] = values[order[q]] / STEPS


def raw_segments(pairs: Pairs, window: int) -> list[Segment]:
    """Segments of all offsets; those of different offsets may have rows in common."""
    found, scores = np.zeros((_MOST_SEGMENTS, 3), np.int64), np.zeros(_MOST_SEGMENTS)
    n = _sweep(pairs.own, pairs.can_tell, *pairs.arrays, window, _LEAST_SCORE, found, scores)
    rows = zip(found[:n].tolist(), scores[:n].tolist(), strict=True)
    return [Segment(first, last, by, score) for (by, first, last), score in rows]


def speaks(pairs: Pairs, by: int, first: int, stop: int, by_body: float = BY_BODY) -> NDArray[np.float32]:
    """What each row says for an offset, above 0, or against it; shape (stop - first,)."""
    by_titles, by_bodies = np.zeros((2, stop - first), np.float32)
    _along(*pairs.arrays, by, first, by_titles, by_bodies)
    return np.maximum(by_titles, np.float32(by_body) * by_bodies) - pairs.own[first:stop]
