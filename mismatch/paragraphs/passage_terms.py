"""Reading a title and a body into working memory, passage by passage: which stems each has, and the sum of their vectors.

Terms are counted by their stems. A body's IDF is lowered by what its most frequent stems have too much (`shift`): in a
language that the lexicon knows little of, every stem is rare.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mismatch.compiling.kernels import part
from mismatch.paragraphs.passages import MAX_PASSAGES, ROOM, cut_body, split
from mismatch.terms.lexicon import look_up, row_of_stem
from mismatch.terms.tokens import STATE_SIZE

MIN_PASSAGES = 4
"""in a body of fewer nothing can stand out"""
_TITLE_TERMS = 64
_LOW_SHARE = 0.15
"""the rank of the IDF, among all occurrences, that is brought down to 1"""
_TERMS_IN_A_DOCUMENT = 300.0
_TYPES = ROOM + _TITLE_TERMS
_SLOTS = 1 << (2 * _TYPES).bit_length()


class PassageWorkspace(NamedTuple):
    """Working memory of one thread."""

    state: NDArray[np.int64]
    terms: NDArray[np.uint64]
    stems: NDArray[np.uint64]
    ends: NDArray[np.int64]
    first: NDArray[np.int32]
    """number of the first term of each passage"""
    bounds: NDArray[np.int64]
    slots: NDArray[np.int32]
    """number of a stem + 1, 0 where free"""
    keys: NDArray[np.uint64]
    """by number of the stem, as all that follows up to `general`: its hash"""
    idf: NDArray[np.float32]
    total: NDArray[np.int32]
    """how often the body has it"""
    inside: NDArray[np.int32]
    """how often the run has it"""
    passages: NDArray[np.int32]
    """how many passages have it"""
    in_title: NDArray[np.int32]
    seen: NDArray[np.int32]
    """stamp of the last run, or passage, that had it"""
    near: NDArray[np.int32]
    """stamp of the last run whose neighbours had it"""
    uneven: NDArray[np.float32]
    general: NDArray[np.float32]
    """shape (2, n): twice its probability in general, and in passages of such a body"""
    numbers: NDArray[np.int32]
    """by occurrence: the number of its stem"""
    vectors: NDArray[np.float32]
    """by passage; then of the whole body, of the title"""
    units: NDArray[np.float32]
    """the same, each passage of length one, and their sum"""
    known: NDArray[np.float32]
    """by passage: occurrences with a vector"""
    sums: NDArray[np.float32]


@part
def new_passage_workspace(size):
    """Working memory for vectors of `size` numbers."""
    return PassageWorkspace(
        np.zeros(STATE_SIZE, np.int64),
        np.empty(ROOM, np.uint64),
        np.empty(ROOM, np.uint64),
        np.empty(ROOM, np.int64),
        np.zeros(MAX_PASSAGES + 1, np.int32),
        np.zeros(MAX_PASSAGES + 1, np.int64),
        np.zeros(_SLOTS, np.int32),
        np.zeros(_TYPES, np.uint64),
        np.zeros(_TYPES, np.float32),
        np.zeros(_TYPES, np.int32),
        np.zeros(_TYPES, np.int32),
        np.zeros(_TYPES, np.int32),
        np.zeros(_TYPES, np.int32),
        np.zeros(_TYPES, np.int32),
        np.zeros(_TYPES, np.int32),
        np.zeros(_TYPES, np.float32),
        np.zeros((2, _TYPES), np.float32),
        np.zeros(ROOM, np.int32),
        np.zeros((MAX_PASSAGES + 2, size), np.float32),
        np.zeros((MAX_PASSAGES + 1, size), np.float32),
        np.zeros(MAX_PASSAGES, np.float32),
        np.zeros((5, size), np.float32),
    )


@part
def _number_of(stem, n_types, mask, work, lexicon):
    """The number of a stem, `n_types` if it is new."""
    i = np.int64(stem) & mask
    while work.slots[i] != 0:
        number = np.int64(work.slots[i]) - 1
        if work.keys[number] == stem:
            return number
        i = (i + 1) & mask
    work.slots[i] = n_types + 1
    work.keys[n_types] = stem
    work.idf[n_types] = look_up(stem, lexicon.stems)[0]
    work.total[n_types] = 0
    work.inside[n_types] = 0
    work.passages[n_types] = 0
    work.in_title[n_types] = 0
    work.seen[n_types] = -1
    work.near[n_types] = -1
    return n_types


@part
def _lower_idf(n_terms, n_types, work, lexicon):
    """Brings the IDF of the body's frequent stems down to 1; returns by how much."""
    histogram = np.zeros(64, np.int64)
    for t in range(n_terms):
        histogram[int(min(63.0, 4 * work.idf[work.numbers[t]]))] += 1
    low = 0
    below = histogram[0]
    while below < _LOW_SHARE * n_terms:
        low += 1
        below += histogram[low]
    shift = np.float32(max(0.0, low / 4.0 - 1.0))
    for i in range(n_types):
        work.idf[i] = max(work.idf[i] - shift, np.float32(1.0))
    return shift


@part(fastmath=True)
def _add_vector(term, stem, weight, into, lexicon):
    """Adds the vector of a term, or of its stem, times the weight; returns whether there is one."""
    row = row_of_stem(look_up(term, lexicon.terms)[1], stem, lexicon.terms)
    if row < 0:
        return False
    factor = np.float32(weight * lexicon.scales[row])
    for d in range(into.shape[0]):
        into[d] += factor * lexicon.codes[row, d]
    return True


@part(fastmath=True)
def _add_title(data, begin, stop, n, mask, n_types, shift, work, fold, lexicon):
    """Marks the title's stems and sums their vectors; returns the IDF of all of them."""
    n_terms, _ = cut_body(data, begin, stop, fold, work.state, work.terms, work.stems, work.ends)
    idf = np.float32(0)
    for t in range(min(n_terms, _TITLE_TERMS)):
        i = _number_of(work.stems[t], n_types, mask, work, lexicon)
        if i == n_types:
            work.idf[i] = max(work.idf[i] - shift, np.float32(1.0))
            n_types += 1
        if work.in_title[i] == 0:
            idf += work.idf[i]
        work.in_title[i] = 1
        _add_vector(work.terms[t], work.stems[t], work.idf[i] - np.float32(1.0), work.vectors[n + 1], lexicon)
    return idf


@part(fastmath=True)
def read_passages(title_data, title_begin, title_stop, data, begin, stop, work, fold, lexicon):
    """Splits a body and counts its stems.

    Returns
    -------
    The number of passages, of terms, of different stems, the IDF of the title, and the shift. Of bodies with fewer than
    `MIN_PASSAGES` passages nothing else is read.
    """
    n_terms, stop = cut_body(data, begin, stop, fold, work.state, work.terms, work.stems, work.ends)
    n = split(data, begin, stop, work.ends, n_terms, work.first, work.bounds)
    if n < MIN_PASSAGES:
        return n, n_terms, np.int64(0), np.float32(0), np.float32(0)
    mask = np.int64(1024)
    while mask < 2 * (n_terms + _TITLE_TERMS):
        mask *= 2
    work.slots[:mask] = 0
    mask -= 1
    n_types = np.int64(0)
    for p in range(n):
        for t in range(work.first[p], work.first[p + 1]):
            i = _number_of(work.stems[t], n_types, mask, work, lexicon)
            n_types += i == n_types
            work.numbers[t] = i
            work.total[i] += 1
            if work.seen[i] != p:
                work.seen[i] = p
                work.passages[i] += 1
    shift = _lower_idf(n_terms, n_types, work, lexicon)
    work.vectors[: n + 2] = 0
    work.units[n] = 0
    work.known[:n] = 0
    for p in range(n):
        vector = work.vectors[p]
        for t in range(work.first[p], work.first[p + 1]):
            weight = work.idf[work.numbers[t]] - np.float32(1.0)
            work.known[p] += _add_vector(work.terms[t], work.stems[t], weight, vector, lexicon)
        square = np.float32(1e-12)
        for d in range(vector.shape[0]):
            square += vector[d] * vector[d]
        inverse = 1 / np.sqrt(square)
        for d in range(vector.shape[0]):
            work.units[p, d] = vector[d] * inverse
            work.units[n, d] += work.units[p, d]
            work.vectors[n, d] += vector[d]
    for i in range(n_types):
        work.seen[i] = -1
        work.uneven[i] = work.idf[i] * np.log((n + 1.0) / work.passages[i]) / np.log(n + 1.0)
        share = work.passages[i] / n
        work.general[0, i] = 2 * np.exp(1 - work.idf[i]) / _TERMS_IN_A_DOCUMENT
        work.general[1, i] = max(work.general[0, i], 2 * share * share / 24)
    title_idf = _add_title(title_data, title_begin, title_stop, n, mask, n_types, shift, work, fold, lexicon)
    return n, n_terms, n_types, title_idf, shift
