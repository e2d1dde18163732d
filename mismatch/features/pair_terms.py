"""Reading a title and a body into working memory: the title's terms, and where and how often the body has them.

The title is read first. A bitmap of its stems lets most terms of the body pass with one test; a table that grows with
the body counts its different terms for the TF-IDF norm. The body may be read in several goes, each going on where the
last one ended. Working memory is a few megabytes whatever the length of the input: a title counts up to `TITLE_TERMS`
terms, a body up to `BODY_TERMS` different ones.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mismatch.compiling.kernels import part
from mismatch.terms.hashing import HAS_DIGIT
from mismatch.terms.lexicon import look_up, row_of_stem
from mismatch.terms.tokens import CHUNK_TERMS, STATE_SIZE, cut_terms
from mismatch.terms.vector_instructions import prefetch

TITLE_TERMS = 512
BODY_TERMS = 3 << 15
LEAD_TERMS = 100
MAX_BIGRAMS = 64
_BODY_SLOTS = 1 << 17
_TITLE_SLOTS = 2 * TITLE_TERMS
_BITMAP_WORDS = 64
_BYTES_A_SLOT = 3
_UPPER = np.uint64(0xFFFFFFFF00000000)
_LOWER = np.uint64(0x00000000FFFFFFFF)
_ONE = np.uint64(1)
_SIX = np.uint64(6)
_SIXTY_THREE = np.uint64(63)
_BITMAP_MASK = np.uint64(_BITMAP_WORDS - 1)
LOG_COUNT = 1.0 + np.log(np.maximum(np.arange(256), 1))
"""``1 + ln(count)``, the sublinear term frequency, of small counts"""


class Workspace(NamedTuple):
    """Working memory of one thread, reused from row to row."""

    terms: NDArray[np.uint64]
    stems: NDArray[np.uint64]
    ends: NDArray[np.int64]
    state: NDArray[np.int64]
    generation: NDArray[np.int64]
    """of the title's tables: what is older counts as free"""
    title_table: NDArray[np.int64]
    """of terms: hash, generation << 32 | index"""
    stem_table: NDArray[np.int64]
    bitmap: NDArray[np.uint64]
    """of the title's stems"""
    title_counts: NDArray[np.int64]
    """of the title's different terms, as all that follows up to `title_rows`: how often the title has them"""
    title_stems: NDArray[np.int64]
    """index of the stem"""
    title_hits: NDArray[np.int64]
    """how often the body has the term"""
    title_idf: NDArray[np.float32]
    title_rows: NDArray[np.int64]
    """rows of their vectors"""
    stem_hits: NDArray[np.int64]
    """of the title's different stems: how often the body has them, and where first"""
    stem_first: NDArray[np.int64]
    stem_idf: NDArray[np.float32]
    bigrams: NDArray[np.int64]
    """shape (2, MAX_BIGRAMS): the stems of neighbouring terms of the title"""
    bigram_found: NDArray[np.uint8]
    slots: NDArray[np.uint64]
    """of the body's different terms: upper half of the hash, and index + 1; 0 where free"""
    body_terms: NDArray[np.uint64]
    body_stems: NDArray[np.uint64]
    body_counts: NDArray[np.int32]
    body_idf: NDArray[np.float32]
    body_rows: NDArray[np.int32]
    sums: NDArray[np.float32]
    """shape (3, vector size): vectors of title, body, lead"""
    told: NDArray[np.float32]
    """shape (2, lanes): what the terms of title and body tell of topics"""
    best: NDArray[np.float32]


class TitleSizes(NamedTuple):
    terms: int
    """different ones"""
    stems: int
    bigrams: int


class BodySizes(NamedTuple):
    """What has been read of a body so far."""

    terms: int
    types: int
    """different terms"""
    looked_up: int
    """types whose IDF has been looked up"""
    words: int
    """types without a digit"""
    lead_types: int
    occurrences: int
    """of stems of the title"""
    square: float
    """of the TF-IDF norm; written when the reading ends"""
    mask: int
    """size of the table less one"""
    last: int
    """place of the last term whose stem is in the title, -2 without one"""
    previous: int
    """that stem"""


@part
def new_workspace(vector_size, told, best):
    return Workspace(
        np.empty(CHUNK_TERMS, np.uint64),
        np.empty(CHUNK_TERMS, np.uint64),
        np.empty(CHUNK_TERMS, np.int64),
        np.zeros(STATE_SIZE, np.int64),
        np.zeros(1, np.int64),
        np.zeros(2 * _TITLE_SLOTS, np.int64),
        np.zeros(2 * _TITLE_SLOTS, np.int64),
        np.zeros(_BITMAP_WORDS, np.uint64),
        np.zeros(TITLE_TERMS, np.int64),
        np.zeros(TITLE_TERMS, np.int64),
        np.zeros(TITLE_TERMS, np.int64),
        np.zeros(TITLE_TERMS, np.float32),
        np.zeros(TITLE_TERMS, np.int64),
        np.zeros(TITLE_TERMS, np.int64),
        np.zeros(TITLE_TERMS, np.int64),
        np.zeros(TITLE_TERMS, np.float32),
        np.zeros((2, MAX_BIGRAMS), np.int64),
        np.zeros(MAX_BIGRAMS, np.uint8),
        np.zeros(_BODY_SLOTS, np.uint64),
        np.empty(BODY_TERMS + 1, np.uint64),
        np.empty(BODY_TERMS + 1, np.uint64),
        np.empty(BODY_TERMS + 1, np.int32),
        np.empty(BODY_TERMS + 1, np.float32),
        np.empty(BODY_TERMS + 1, np.int32),
        np.zeros((3, vector_size), np.float32),
        np.zeros((2, told), np.float32),
        np.zeros(best, np.float32),
    )


@part(inline=True)
def _find(table, key, generation):
    """The slot of `key`, or the free slot where it belongs. Slots of older generations are free."""
    i = key & (_TITLE_SLOTS - 1)
    while table[2 * i + 1] >> 32 == generation and table[2 * i] != key:
        i = (i + 1) & (_TITLE_SLOTS - 1)
    return i


@part
def read_title(data, pos, stop, work, fold, lexicon):
    """Fills the title's part of the working memory; returns its `TitleSizes`."""
    work.generation[0] += 1
    generation = work.generation[0]
    work.bitmap[:] = 0
    work.state[:] = 0
    term_mask = lexicon.terms.slots.shape[0] - 1
    stem_mask = lexicon.stems.slots.shape[0] - 1
    n_read = 0
    n_terms = 0
    n_stems = 0
    n_bigrams = 0
    previous = np.int64(-1)
    while pos < stop and n_read < TITLE_TERMS:
        n, pos = cut_terms(
            data, pos, stop, work.state, fold[0], fold[1], fold[2], fold[3], fold[4], work.terms, work.stems, work.ends
        )
        for k in range(n):
            prefetch(lexicon.terms.slots, np.int64(work.terms[k]) & term_mask)
            prefetch(lexicon.stems.slots, np.int64(work.stems[k]) & stem_mask)
        for k in range(min(n, TITLE_TERMS - n_read)):
            stem = np.int64(work.stems[k])
            i = _find(work.stem_table, stem, generation)
            if work.stem_table[2 * i + 1] >> 32 != generation:
                work.stem_table[2 * i] = stem
                work.stem_table[2 * i + 1] = generation << 32 | n_stems
                work.stem_idf[n_stems] = look_up(work.stems[k], lexicon.stems)[0]
                work.stem_hits[n_stems] = 0
                work.stem_first[n_stems] = -1
                work.bitmap[(stem >> 6) & (_BITMAP_WORDS - 1)] |= _ONE << np.uint64(stem & 63)
                n_stems += 1
            stem_id = work.stem_table[2 * i + 1] & 0xFFFFFFFF
            term = np.int64(work.terms[k])
            i = _find(work.title_table, term, generation)
            if work.title_table[2 * i + 1] >> 32 != generation:
                work.title_table[2 * i] = term
                work.title_table[2 * i + 1] = generation << 32 | n_terms
                work.title_idf[n_terms], row = look_up(work.terms[k], lexicon.terms)
                work.title_rows[n_terms] = row_of_stem(row, work.stems[k], lexicon.terms)
                work.title_counts[n_terms] = 0
                work.title_stems[n_terms] = stem_id
                work.title_hits[n_terms] = 0
                n_terms += 1
            work.title_counts[work.title_table[2 * i + 1] & 0xFFFFFFFF] += 1
            if previous >= 0 and n_bigrams < MAX_BIGRAMS:
                work.bigrams[0, n_bigrams] = previous
                work.bigrams[1, n_bigrams] = stem_id
                work.bigram_found[n_bigrams] = 0
                n_bigrams += 1
            previous = stem_id
        n_read += n
    return TitleSizes(n_terms, n_stems, n_bigrams)


@part
def open_body(work):
    """Forgets the last body; returns the `BodySizes` to begin with."""
    work.state[:] = 0
    return BodySizes(0, 0, 0, 0, 0, 0, 0.0, -1, -2, -1)


@part
def _match(n, n_before, last, previous, n_bigrams, work):
    """Looks for the title's stems among the terms just cut.

    Returns how many there are, and of the last one the place in the body and the index in the title.
    """
    generation = work.generation[0]
    stems, bitmap = work.stems, work.bitmap
    occurrences = 0
    for k in range(n):
        if not bitmap[(stems[k] >> _SIX) & _BITMAP_MASK] >> (stems[k] & _SIXTY_THREE) & _ONE:
            continue
        i = _find(work.stem_table, np.int64(stems[k]), generation)
        if work.stem_table[2 * i + 1] >> 32 != generation:
            continue
        hit = work.stem_table[2 * i + 1] & 0xFFFFFFFF
        place = n_before + k
        work.stem_hits[hit] += 1
        occurrences += 1
        if work.stem_first[hit] < 0:
            work.stem_first[hit] = place
        i = _find(work.title_table, np.int64(work.terms[k]), generation)
        if work.title_table[2 * i + 1] >> 32 == generation:
            work.title_hits[work.title_table[2 * i + 1] & 0xFFFFFFFF] += 1
        if last == place - 1:
            for b in range(n_bigrams):
                if work.bigrams[0, b] == previous and work.bigrams[1, b] == hit:
                    work.bigram_found[b] = 1
        last = place
        previous = hit
    return occurrences, last, previous


@part
def _make_room(n_types, n, left, mask, work):
    """The mask of a table with room for `n` more terms, and for those in the bytes `left`, of which most will be known.

    What the table holds is put into its new places.
    """
    size = max(mask + 1, 256)
    while size < _BODY_SLOTS and (size < 2 * (n_types + n) or size < left // _BYTES_A_SLOT):
        size *= 2
    if size - 1 == mask:
        return mask
    mask = size - 1
    slots = work.slots
    slots[:size] = 0
    for k in range(n_types):
        term = work.body_terms[k]
        i = np.int64(term) & mask
        while slots[i] != 0:
            i = (i + 1) & mask
        slots[i] = term & _UPPER | np.uint64(k + 1)
    return mask


@part
def _count(begin, end, n_types, mask, work):
    """Counts some of the terms just cut; returns the number of different ones so far."""
    terms, slots, counts, types = work.terms, work.slots, work.body_counts, work.body_terms
    stems, type_stems = work.stems, work.body_stems
    for k in range(begin, end):
        term = terms[k]
        i = np.int64(term) & mask
        slot = slots[i]
        while slot != 0 and (slot ^ term) & _UPPER != 0:
            i = (i + 1) & mask
            slot = slots[i]
        # whether a term is new cannot be foreseen: sums in place of branches
        is_new = np.int64(slot == 0)
        if n_types + is_new > BODY_TERMS:
            continue
        index = np.int64(slot & _LOWER) - 1 + is_new * (n_types + 1)
        counts[index] = counts[index] * np.int32(1 - is_new) + np.int32(1)
        slots[i] = term & _UPPER | np.uint64(index + 1)
        types[n_types] = term
        type_stems[n_types] = stems[k]
        n_types += is_new
    return n_types


@part
def _look_up_types(begin, end, work, lexicon):
    """The IDF and the vectors of the body's types, all asked for before the first is needed."""
    slots = lexicon.terms.slots
    mask = slots.shape[0] - 1
    for first in range(begin, end, 64):
        last = min(first + 64, end)
        for k in range(first, last):
            prefetch(slots, np.int64(work.body_terms[k]) & mask)
        for k in range(first, last):
            work.body_idf[k], row = look_up(work.body_terms[k], lexicon.terms)
            work.body_rows[k] = row_of_stem(row, work.body_stems[k], lexicon.terms)


@part(inline=True)
def sublinear(count):
    """``1 + ln(count)``"""
    return LOG_COUNT[count] if count < 256 else 1.0 + np.log(count)


@part
def read_body(data, pos, stop, sizes, n_bigrams, work, fold, lexicon):
    """Reads a body, or goes on reading it up to `stop`; returns its `BodySizes`."""
    n_terms, n_types, n_lead = sizes.terms, sizes.types, sizes.lead_types
    occurrences, mask, last, previous = sizes.occurrences, sizes.mask, sizes.last, sizes.previous
    while pos < stop:
        n, pos = cut_terms(
            data, pos, stop, work.state, fold[0], fold[1], fold[2], fold[3], fold[4], work.terms, work.stems, work.ends
        )
        hits, last, previous = _match(n, n_terms, last, previous, n_bigrams, work)
        occurrences += hits
        mask = _make_room(n_types, n, stop - pos, mask, work)
        in_lead = min(n, max(0, LEAD_TERMS - n_terms))
        if in_lead:
            n_types = _count(np.int64(0), in_lead, n_types, mask, work)
            n_lead = n_types
        n_types = _count(in_lead, n, n_types, mask, work)
        n_terms += n
    _look_up_types(sizes.looked_up, n_types, work, lexicon)
    words = 0
    square = 0.0
    for k in range(n_types):
        words += 1 if work.body_terms[k] & HAS_DIGIT == 0 else 0
        weight = sublinear(np.int64(work.body_counts[k])) * np.float64(work.body_idf[k])
        square += weight * weight
    return BodySizes(n_terms, n_types, n_types, words, n_lead, occurrences, square, mask, last, previous)
