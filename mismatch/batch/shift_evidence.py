"""Where the bodies of titles lie, within a window: for each title the rows nearby whose bodies have its telling terms.

Rows come in batches and are looked at in blocks, each with the bodies of the rows before and behind it, so that memory is
bounded by the window. The terms of a block's titles are a small dictionary; of each body only those terms are kept (an
inverted index), so that nothing is compared that shares no telling term.

What a place among the bodies of the window says is a log-likelihood ratio. A title stands first over its own body in seven
cases of ten, and over any other body in one of as many as there are in the window, in whatever language.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mismatch.batch.shift_terms import TermLists, joined
from mismatch.compiling.kernels import kernel, part

WINDOW = 1000
"""rows up and down in which a title's body is looked for"""
BLOCK = 4096
"""rows that are looked at together"""
KEPT = 10
"""bodies kept of each title, those that fit best"""
COMMON = 0.2
"""share of the bodies, or of the titles, from which a term is not looked up"""
STEPS = 50
"""in which log-likelihood ratios are kept, for each unit"""
LENIENT = 1.15
"""a body fits better than a title's own if its score is so many times higher"""
NEARLY = 0.8
"""of the score of a title's own body; what fits less well is not kept"""
_AT_PLACE = np.log(np.array([0.7, 0.1, 0.045, 0.025, 0.015, 0.011]))
"""logarithm of the share of titles whose own body comes first, second, ... of those in the window (seven archives)"""
_MOST_AT_PLACE = np.array([5.0, 4.0, 3.5, 3.0, 2.5, 2.5])
"""and what it counts for at most: neighbours in a file are more alike than rows drawn at random"""
PLACES = len(_AT_PLACE)
_FAR_PLACES, _AT_FAR_PLACE = 30, -6.0


class Evidence(NamedTuple):
    """What the rows of a file say about where the bodies of its titles stand."""

    own: NDArray[np.float32]
    """shape (n_rows,): log-likelihood ratio of a title's own body; 0 where it speaks neither way, NaN where the title can be
    looked for nowhere"""
    counts: NDArray[np.uint8]
    """shape (n_rows,): how many of the pairs are of each title; they stand in the order of the titles"""
    offsets: NDArray[np.int16]
    """shape (n_pairs,): how many rows further down the body of the pair stands"""
    values: NDArray[np.uint8]
    """shape (n_pairs,): log-likelihood ratio of the pair, in steps of 1 / `STEPS`"""


@part(inline=True)
def _slot_of(keys, ids, h):
    mask = keys.shape[0] - 1
    i = np.int64(h) & mask
    while ids[i] >= 0 and keys[i] != h:
        i = (i + 1) & mask
    return i


@part(inline=True)
def _first_from(postings, begin, end, least):
    while begin < end:
        middle = (begin + end) >> 1
        if postings[middle] < least:
            begin = middle + 1
        else:
            end = middle
    return begin


@kernel
def _look_around(
    title_starts, title_hashes, body_starts, body_hashes, body_weights, first, window, common,
    own_scores, own_places, n_bodies, offsets, scores, places, alikes,
):  # fmt: skip
    """Scores each title of a block over the bodies around it; `first` is the row of the first title among the bodies."""
    n_titles = title_starts.shape[0] - 1
    n_rows = body_starts.shape[0] - 1
    size = 64
    while size < 3 * title_hashes.shape[0]:
        size *= 2
    keys = np.zeros(size, np.uint64)
    ids = np.full(size, -1, np.int32)
    term_ids = np.empty(title_hashes.shape[0], np.int32)
    in_titles = np.zeros(title_hashes.shape[0], np.int32)
    n_terms = 0
    for p in range(title_hashes.shape[0]):
        i = _slot_of(keys, ids, title_hashes[p])
        if ids[i] < 0:
            keys[i] = title_hashes[p]
            ids[i] = n_terms
            n_terms += 1
        term_ids[p] = ids[i]
        in_titles[ids[i]] += 1
    ends = np.zeros(n_terms + 1, np.int64)
    filled = np.zeros(n_rows + 1, np.int64)
    for j in range(n_rows):
        filled[j + 1] = filled[j] + (body_starts[j + 1] > body_starts[j])
        for p in range(body_starts[j], body_starts[j + 1]):
            i = _slot_of(keys, ids, body_hashes[p])
            if ids[i] >= 0:
                ends[ids[i] + 1] += 1
    n_filled = max(filled[n_rows], 1)
    for t in range(n_terms):
        ends[t + 1] += ends[t]
    put = ends[:n_terms].copy()
    postings = np.empty(ends[n_terms], np.int32)
    weights = np.empty(ends[n_terms], np.float32)
    for j in range(n_rows):
        for p in range(body_starts[j], body_starts[j + 1]):
            i = _slot_of(keys, ids, body_hashes[p])
            if ids[i] >= 0:
                t = ids[i]
                postings[put[t]] = j
                weights[put[t]] = body_weights[p]
                put[t] += 1
    reached = np.zeros(2 * window + 1, np.float32)
    touched = np.empty(2 * window + 1, np.int32)
    kept = offsets.shape[1]
    for i in range(n_titles):
        low = first + i - window
        high = first + i + window
        n_bodies[i] = filled[min(high + 1, n_rows)] - filled[max(low, 0)]
        n_touched = 0
        for p in range(title_starts[i], title_starts[i + 1]):
            t = term_ids[p]
            share = max((ends[t + 1] - ends[t]) / n_filled, in_titles[t] / n_titles)
            if share > common:
                continue
            telling = -np.log(max(share, 1.0 / n_filled))
            a = _first_from(postings, ends[t], ends[t + 1], low)
            while a < ends[t + 1] and postings[a] <= high:
                d = postings[a] - low
                if reached[d] == 0:
                    touched[n_touched] = d
                    n_touched += 1
                reached[d] += telling * weights[a]
                a += 1
        own = reached[window]
        above = 0
        n_kept = 0
        for q in range(n_touched):
            d = touched[q]
            s = reached[d]
            if d == window:
                continue
            above += s > LENIENT * own
            k = n_kept
            while k > 0 and scores[i, k - 1] < s:
                k -= 1
            if k < kept:
                n_kept = min(n_kept + 1, kept)
                for z in range(n_kept - 1, k, -1):
                    scores[i, z] = scores[i, z - 1]
                    offsets[i, z] = offsets[i, z - 1]
                scores[i, k] = s
                offsets[i, k] = d - window
        own_scores[i] = own
        own_places[i] = above
        for k in range(n_kept):
            better = 0
            alike = np.int32(own > 0 and own <= LENIENT * scores[i, k] and scores[i, k] <= LENIENT * own)
            while scores[i, better] > LENIENT * scores[i, k]:
                better += 1
            if LENIENT * scores[i, n_kept - 1] >= scores[i, k]:
                for q in range(n_touched):
                    alike += reached[touched[q]] <= LENIENT * scores[i, k] and LENIENT * reached[touched[q]] >= scores[i, k]
            else:
                for z in range(better, n_kept):
                    alike += LENIENT * scores[i, z] >= scores[i, k]
            places[i, k] = better + (own > LENIENT * scores[i, k])
            alikes[i, k] = alike
        for q in range(n_touched):
            reached[touched[q]] = 0


def _ratio(places: NDArray[np.int32], n_bodies: NDArray[Any]) -> NDArray[np.float32]:
    """The log-likelihood ratio of a place among so many bodies; 0 from the `PLACES`th place on."""
    at = np.minimum(places, PLACES - 1)
    ratio = np.clip(_AT_PLACE[at] + np.log(np.maximum(n_bodies, 1)), 0, _MOST_AT_PLACE[at])
    return np.where(places < PLACES, ratio, 0).astype(np.float32)


def look_around(titles: TermLists, bodies: TermLists, first: int, window: int = WINDOW) -> Evidence:
    """The evidence of a block of titles, the first of which belongs to row `first` of the bodies; rows count from there."""
    n = len(titles)
    own, above, n_bodies = np.zeros(n, np.float32), np.zeros(n, np.int32), np.zeros(n, np.int64)
    offsets, scores = np.zeros((n, KEPT), np.int16), np.zeros((n, KEPT), np.float32)
    places, alikes = np.full((n, KEPT), PLACES, np.int32), np.ones((n, KEPT), np.int32)
    _look_around(
        titles.starts, titles.hashes, *bodies, first, window, COMMON, own, above, n_bodies, offsets, scores, places, alikes
    )
    filled = np.diff(bodies.starts)[first : first + n] > 0
    far = np.clip(_AT_FAR_PLACE + np.log(np.maximum(n_bodies, 1)), 0, None)
    own_value = np.where(above < PLACES, _ratio(above, n_bodies), np.where(above < _FAR_PLACES, far, 0))
    own_value[(own == 0) | ~filled] = 0
    own_value[(own == 0) & (scores[:, 0] == 0)] = np.nan
    values = _ratio(places, n_bodies[:, None] / alikes)
    values[scores < NEARLY * own[:, None]] = 0
    steps = np.rint(values * STEPS).astype(np.uint8)
    kept = steps > 0
    return Evidence(own_value.astype(np.float32), kept.sum(axis=1, dtype=np.uint8), offsets[kept], steps[kept])


class Collector:
    """Gathers the evidence of a file whose rows come batch by batch.

    Only the terms of the rows within two windows and a block are kept, and of each row some numbers.
    """

    def __init__(self, window: int = WINDOW, block: int = BLOCK) -> None:
        self.window, self.block = window, block
        self._titles: list[TermLists] = []
        self._bodies: list[TermLists] = []
        self._n_waiting = 0
        self._before = 0
        self._found = [
            Evidence(np.zeros(0, np.float32), np.zeros(0, np.uint8), np.zeros(0, np.int16), np.zeros(0, np.uint8))
        ]

    def add(self, titles: TermLists, bodies: TermLists) -> None:
        """The next rows."""
        self._titles.append(titles)
        self._bodies.append(bodies)
        self._n_waiting += len(titles)
        if self._n_waiting >= self._before + self.block + self.window:
            self._look(last=False)

    def finish(self) -> Evidence:
        """The evidence of all rows."""
        self._look(last=True)
        return Evidence(*(np.concatenate(parts) for parts in zip(*self._found, strict=True)))

    def _look(self, *, last: bool) -> None:
        titles, bodies = joined(self._titles), joined(self._bodies)
        while len(titles) - self._before > (0 if last else self.block + self.window - 1):
            first = self._before
            n = min(self.block, len(titles) - first)
            if last and len(titles) - first - n < self.window:
                n = len(titles) - first
            stop = min(first + n + self.window, len(titles))
            self._found.append(look_around(titles.rows(first, first + n), bodies.rows(0, stop), first, self.window))
            dropped = max(0, first + n - self.window)
            titles, bodies = titles.rows(dropped, len(titles)), bodies.rows(dropped, len(bodies))
            self._before = first + n - dropped
        self._titles, self._bodies, self._n_waiting = [titles], [bodies], len(titles)
