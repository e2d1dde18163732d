"""Bodies of a batch that some titles may belong to, found by an inverted index on the rare terms of these titles.

Memory holds the postings of the titles alone, and no body: one pass over all bodies looks up the terms of each, and keeps
for every title the few bodies in which most of the weight of its rare terms stands. Ten million bodies are one pass; no pair
is compared that has no rare term in common.

    search = CandidateSearch(titles, title_rows, lexicon)
    for bodies, body_rows in batches:
        search.add(search.found_in(bodies, body_rows))      # found_in: in any thread; add: in one, in order
    search.candidates()
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mismatch.batch.rare_terms import rare_title_terms
from mismatch.compiling.kernels import kernel
from mismatch.terms.document_frequency import Counts
from mismatch.terms.lexicon import Lexicon, LookupTable, look_up, lookup_table
from mismatch.terms.text_buffers import TextBuffers
from mismatch.terms.tokens import cut_all

KEPT = 8
"""bodies that are kept for a title"""
MOST_TITLES = 512
"""titles that may have a term in common: a term of more tells little, and costs much"""
LEAST_STRENGTH = 0.15
"""share of the weight of a title's terms that must stand in a body"""


class Candidates(NamedTuple):
    """Pairs of a title and a body that it may belong to, arrays of one length, sorted by title, then the strongest first."""

    title_row: NDArray[np.int64]
    body_row: NDArray[np.int64]
    strength: NDArray[np.float32]
    """from 0 to 1: which share of the weight (squared IDF) of the title's rare terms and stems stands in the body"""


class Found(NamedTuple):
    """What was found in some bodies, in their order."""

    title: NDArray[np.int32]
    """by its place among the titles of the search"""
    body_row: NDArray[np.int64]
    strength: NDArray[np.float32]


class _Postings(NamedTuple):
    """Which titles have each key (a term or a stem)."""

    table: LookupTable
    """from hash to the number of the key"""
    starts: NDArray[np.int64]
    """shape (n_keys + 1,)"""
    titles: NDArray[np.int32]
    weights: NDArray[np.float32]
    """of each posting: its share of the weight of its title"""


class CandidateSearch:
    """Finds the bodies for some titles while the bodies pass by.

    Parameters
    ----------
    titles
        As they are compared, without names of sites and the like; null and empty ones find nothing.
    title_rows : int64 array of shape (n_titles,)
        What they are called in the result.
    lexicon
        That of a model adapted to the batch, so that what is frequent there weighs little.
    """

    def __init__(
        self, titles: TextBuffers, title_rows: NDArray[np.int64], lexicon: Lexicon, *, keep: int = KEPT,
        least: float = LEAST_STRENGTH,
    ) -> None:  # fmt: skip
        self._rows, self._least = title_rows, np.float32(least)
        self._postings = _postings_of(titles, lexicon)
        n = len(title_rows)
        self._bodies = np.full((n, keep), -1, np.int64)
        self._strength = np.zeros((n, keep), np.float32)
        self._weakest = np.zeros(n, np.float32)

    def found_in(self, bodies: TextBuffers, body_rows: NDArray[np.int64]) -> Found:
        """What some bodies may be; those are left out that are no better than what each title has already.

        Any thread may call it; it changes nothing.
        """
        rows, terms, stems = cut_all(bodies)
        titles, places, strength = _find(rows, terms, stems, *self._postings, self._weakest, self._least)
        return Found(titles, body_rows[places], strength)

    def add(self, found: Found) -> None:
        """Keeps the strongest for each title; of equal ones, the first that is added."""
        _keep(*found, self._bodies, self._strength, self._weakest)

    def candidates(self) -> Candidates:
        """The bodies that were kept so far."""
        order = np.argsort(-self._strength, axis=1, kind="stable")
        bodies = np.take_along_axis(self._bodies, order, axis=1)
        strength = np.take_along_axis(self._strength, order, axis=1)
        known = bodies >= 0
        titles = np.broadcast_to(self._rows[:, None], bodies.shape)
        return Candidates(titles[known], bodies[known], strength[known])


def _postings_of(titles: TextBuffers, lexicon: Lexicon) -> _Postings:
    """The postings of the rarest terms and stems of each title."""
    rows, keys, weights, _ = rare_title_terms(titles, lexicon)
    distinct, number, n_titles = np.unique(keys, return_inverse=True, return_counts=True)
    few = (n_titles <= MOST_TITLES)[number]
    order = np.argsort(number[few], kind="stable")
    starts = np.zeros(len(distinct) + 1, np.int64)
    np.cumsum(np.where(n_titles <= MOST_TITLES, n_titles, 0), out=starts[1:])
    table = lookup_table(Counts(distinct, n_titles.astype(np.float64), float(len(titles.valid))), distinct)
    return _Postings(table, starts, rows[few][order].astype(np.int32), weights[few][order].astype(np.float32))


@kernel
def _find(rows, terms, stems, table, starts, posted, weights, weakest, least):
    """Returns (title, body, strength) of all pairs that are strong enough, body by body.

    Parameters
    ----------
    rows, terms, stems : arrays of one length
        The terms of all bodies, and the body of each, ascending.
    """
    n_titles = weakest.shape[0]
    strength = np.zeros(n_titles, np.float32)
    touched = np.empty(n_titles, np.int32)
    seen = np.full(1 << 12, -1, np.int64)  # the keys that were found in a body, an open-addressing table
    places = np.empty(1 << 11, np.int64)
    titles_out = np.empty(1 << 10, np.int32)
    bodies_out = np.empty(1 << 10, np.int64)
    strength_out = np.empty(1 << 10, np.float32)
    n_out = np.int64(0)
    k = np.int64(0)
    while k < rows.shape[0]:
        body = rows[k]
        n_touched = 0
        n_seen = 0
        while k < rows.shape[0] and rows[k] == body:
            for which in range(2):
                key = look_up(terms[k] if which == 0 else stems[k], table)[1]
                if key < 0 or starts[key] == starts[key + 1]:
                    continue
                mask = seen.shape[0] - 1
                i = key & mask
                while seen[i] >= 0 and seen[i] != key:
                    i = (i + 1) & mask
                if seen[i] == key:
                    continue
                seen[i] = key
                places[n_seen] = i
                n_seen += 1
                for p in range(starts[key], starts[key + 1]):
                    title = posted[p]
                    if strength[title] == 0:
                        touched[n_touched] = title
                        n_touched += 1
                    strength[title] += weights[p]
                if n_seen == places.shape[0]:  # half full
                    old = seen
                    seen = np.full(2 * old.shape[0], -1, np.int64)
                    places = np.empty(old.shape[0], np.int64)
                    n_seen = 0
                    for j in range(old.shape[0]):
                        if old[j] >= 0:
                            i = old[j] & (seen.shape[0] - 1)
                            while seen[i] >= 0:
                                i = (i + 1) & (seen.shape[0] - 1)
                            seen[i] = old[j]
                            places[n_seen] = i
                            n_seen += 1
            k += 1
        for j in range(n_seen):
            seen[places[j]] = -1
        if n_out + n_touched > titles_out.shape[0]:
            size = 2 * (n_out + n_touched)
            old_titles, old_bodies, old_strength = titles_out, bodies_out, strength_out
            titles_out = np.empty(size, np.int32)
            bodies_out = np.empty(size, np.int64)
            strength_out = np.empty(size, np.float32)
            for j in range(n_out):
                titles_out[j] = old_titles[j]
                bodies_out[j] = old_bodies[j]
                strength_out[j] = old_strength[j]
        for j in range(n_touched):
            title = touched[j]
            if strength[title] >= least and strength[title] > weakest[title]:
                titles_out[n_out] = title
                bodies_out[n_out] = body
                strength_out[n_out] = strength[title]
                n_out += 1
            strength[title] = 0
    return titles_out[:n_out], bodies_out[:n_out], strength_out[:n_out]


@kernel
def _keep(titles, body_rows, strength, kept_bodies, kept_strength, weakest):
    """Puts each pair in place of the weakest that its title has, if it is stronger; `weakest` says how strong that is."""
    n_kept = kept_bodies.shape[1]
    for k in range(titles.shape[0]):
        title = titles[k]
        if not strength[k] > weakest[title]:
            continue
        at = 0
        for j in range(1, n_kept):
            if kept_strength[title, j] <= kept_strength[title, at]:  # of equal ones the last that came goes
                at = j
        for j in range(at, n_kept - 1):  # the order of arrival stays
            kept_bodies[title, j] = kept_bodies[title, j + 1]
            kept_strength[title, j] = kept_strength[title, j + 1]
        kept_bodies[title, n_kept - 1] = body_rows[k]
        kept_strength[title, n_kept - 1] = strength[k]
        least = kept_strength[title, 0]
        for j in range(1, n_kept):
            least = min(least, kept_strength[title, j])
        weakest[title] = least
