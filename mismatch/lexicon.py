"""Document frequencies of hashed terms, their IDF, and the tables in which compiled code looks them up.

Smooth inverse document frequency as in scikit-learn's `TfidfVectorizer`: ``idf = ln((1 + n) / (1 + df)) + 1``.
A *background* (another lexicon, of many languages) is blended in as if it were `BACKGROUND_DOCUMENTS` further
documents, so that it decides while the corpus is small and fades as the corpus grows.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from mismatch.folding import folding_table
from mismatch.tokens import CHUNK_TERMS, STATE_SIZE, TextBuffers, cut_terms

BACKGROUND_DOCUMENTS = 2000.0
_FULL = 0.5
_MAX_COUNTED_TERMS = 1 << 22
_EPSILON = 1e-8


class Counts(NamedTuple):
    """Document frequencies, sorted by hash."""

    hashes: NDArray[np.uint64]
    frequencies: NDArray[np.float64]
    n_documents: float

    def minus(self, other: Counts) -> Counts:
        """These counts without those of a part of the same documents."""
        frequencies = self.frequencies.copy()
        at = np.searchsorted(self.hashes, other.hashes)
        at[at == len(self.hashes)] = 0
        known = self.hashes[at] == other.hashes if len(self.hashes) else np.zeros(len(other.hashes), bool)
        frequencies[at[known]] -= other.frequencies[known]
        keep = frequencies > 0
        return Counts(self.hashes[keep], frequencies[keep], self.n_documents - other.n_documents)

    def plus(self, other: Counts, scale: float = 1.0) -> Counts:
        """The sum of both, the other's frequencies and documents times `scale`."""
        hashes, inverse = np.unique(np.concatenate([self.hashes, other.hashes]), return_inverse=True)
        weights = np.concatenate([self.frequencies, other.frequencies * scale])
        summed = np.bincount(inverse, weights, len(hashes)).astype(np.float64)  # of nothing bincount gives integers
        return Counts(hashes, summed, self.n_documents + scale * other.n_documents)

    def frequent(self, limit: int) -> Counts:
        """At most `limit` entries, the most frequent ones; ties are cut by hash: the result is the same each time."""
        if len(self.hashes) <= limit:
            return self
        order = np.lexsort((self.hashes, -self.frequencies))[:limit]
        order.sort()
        return Counts(self.hashes[order], self.frequencies[order], self.n_documents)


class DocumentCounter:
    """Counts in a stream in how many documents each term and each stem occurs.

    Memory is bounded: at `max_terms` different hashes those seen least so far are forgotten, as a rule those seen once
    (lossy counting, Manku and Motwani 2002).
    """

    def __init__(self, max_terms: int = _MAX_COUNTED_TERMS) -> None:
        self.max_terms = max_terms
        self.n_documents = 0
        self._tables = [_empty_table(1 << 16), _empty_table(1 << 16)]
        self._used = np.zeros(2, np.int64)
        self._stamp = 1

    def add(self, *columns: TextBuffers) -> None:
        """Counts one document a row; the texts of all columns in a row are one document."""
        table = folding_table()
        n = len(columns[0].valid)
        texts = tuple(tuple(map(_read_only, parts)) for parts in zip(*columns, strict=True))
        done = 0
        while done < n:
            self._make_room()
            stop = _count_documents(
                *texts, done, self._stamp - done, table.ascii, *table[:4], *self._tables[0], *self._tables[1], self._used
            )
            if stop == done:
                self._grow()
            self._stamp += stop - done
            done = stop
        self.n_documents += n

    def absorb(self, other: DocumentCounter) -> None:
        """Adds what another counter has counted in other documents.

        Small counters in several threads, absorbed by a large one, count faster than the large one alone: what they touch
        stays in the processor's cache.
        """
        self._make_room()
        while any(self._used[i] + other._used[i] > _FULL * len(self._tables[i][0]) for i in range(2)):
            self._grow()
        for i, (keys, counts, _) in enumerate(other._tables):
            self._used[i] += _add_all(keys, counts, *self._tables[i][:2])
        self.n_documents += other.n_documents

    def clear(self) -> None:
        """Forgets everything but how large the tables have to be."""
        self.n_documents = 0
        self._used[:] = 0
        for _, counts, _ in self._tables:
            counts[:] = 0

    def _make_room(self) -> None:
        for i, (keys, counts, _) in enumerate(self._tables):
            if self._used[i] > self.max_terms:
                self._rebuild(i, counts > _forgotten(counts, self.max_terms), len(keys))
            elif self._used[i] > 0.25 * len(keys):
                self._rebuild(i, counts > 0, 4 * len(keys))

    def _grow(self) -> None:
        for i, (keys, counts, _) in enumerate(self._tables):
            self._rebuild(i, counts > 0, 4 * len(keys))

    def _rebuild(self, i: int, keep: NDArray[np.bool_], size: int) -> None:
        keys, counts, _ = self._tables[i]
        table = _empty_table(size)
        self._used[i] = _add_all(keys[keep], counts[keep], *table[:2])
        self._tables[i] = table

    def counts(self) -> tuple[Counts, Counts]:
        """Frequencies of terms and of stems so far."""
        return tuple(_sorted_counts(keys, counts, self.n_documents) for keys, counts, _ in self._tables)  # type: ignore[return-value]


def _forgotten(counts: NDArray[np.int32], limit: int) -> int:
    """The count up to which terms are forgotten, so that at most three quarters of `limit` stay."""
    kept = np.count_nonzero(counts > 1)
    least = 1
    while kept > 0.75 * limit:
        least += 1
        kept = np.count_nonzero(counts > least)
    return least


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    """Arrow's memory is read-only and ours is not; compiled code takes a tuple of arrays of one type only."""
    view = array.view()
    view.flags.writeable = False
    return view


def _empty_table(size: int) -> tuple[NDArray[np.uint64], NDArray[np.int32], NDArray[np.int64]]:
    """Hashes, counts, and the document that each was counted in last; pages of zeros take no memory before they are used."""
    return np.zeros(size, np.uint64), np.zeros(size, np.int32), np.zeros(size, np.int64)


def _sorted_counts(keys: NDArray[np.uint64], counts: NDArray[np.int32], n_documents: int) -> Counts:
    used = counts > 0
    order = np.argsort(keys[used])
    return Counts(keys[used][order], counts[used][order].astype(np.float64), float(n_documents))


@njit(cache=True, nogil=True)
def _add_all(new_keys, new_counts, keys, counts):
    """Adds counts to a table with room for them; returns how many of the keys are new."""
    mask = keys.shape[0] - 1
    new = 0
    for k in range(new_keys.shape[0]):
        if new_counts[k] == 0:
            continue
        i = np.int64(new_keys[k]) & mask
        while counts[i] != 0 and keys[i] != new_keys[k]:
            i = (i + 1) & mask
        new += counts[i] == 0
        keys[i] = new_keys[k]
        counts[i] += new_counts[k]
    return new


@njit(cache=True, nogil=True)
def _count_once(key, document, keys, counts, stamps):
    """Returns whether the key is new."""
    mask = keys.shape[0] - 1
    i = np.int64(key) & mask
    while counts[i] != 0 and keys[i] != key:
        i = (i + 1) & mask
    if counts[i] == 0:
        keys[i] = key
        counts[i] = 1
        stamps[i] = document
        return True
    if stamps[i] != document:
        counts[i] += 1
        stamps[i] = document
    return False


@njit(cache=True, nogil=True)
def _count_documents(
    datas, offsets, valids, first, stamp, ascii_, pages, entries, starts, expansions,
    keys, counts, stamps, stem_keys, stem_counts, stem_stamps, used,
):  # fmt: skip
    """Counts rows from `first` on while the tables have room; returns the row it stopped at."""
    terms = np.empty(CHUNK_TERMS, np.uint64)
    stems = np.empty(CHUNK_TERMS, np.uint64)
    ends = np.empty(CHUNK_TERMS, np.int64)
    state = np.zeros(STATE_SIZE, np.int64)
    room = np.int64(_FULL * keys.shape[0])
    stem_room = np.int64(_FULL * stem_keys.shape[0])
    for row in range(first, valids[0].shape[0]):  # all columns of a row before the next: a term counts once in a document
        most = 0
        for c in range(len(datas)):  # a text of b bytes has at most b / 2 + 1 different terms
            if valids[c][row]:
                most += (offsets[c][row + 1] - offsets[c][row]) // 2 + 1
        if used[0] + most > room or used[1] + most > stem_room:
            return row
        for c in range(len(datas)):
            if valids[c][row] == 0:
                continue
            data = datas[c]
            pos = offsets[c][row]
            end = offsets[c][row + 1]
            while pos < end:
                n, pos = cut_terms(data, pos, end, state, ascii_, pages, entries, starts, expansions, terms, stems, ends)
                for k in range(n):
                    used[0] += _count_once(terms[k], stamp + row, keys, counts, stamps)
                    used[1] += _count_once(stems[k], stamp + row, stem_keys, stem_counts, stem_stamps)
    return valids[0].shape[0]


class LookupTable(NamedTuple):
    """An open-addressing table from term hash to IDF and vector, eight bytes an entry.

    Terms are numbered by how frequent they are, so that what belongs to the frequent ones lies together.
    """

    slots: NDArray[np.uint64]
    """upper half of the hash, and the number of the term plus one; 0 where free"""
    idf: NDArray[np.float32]
    """by number"""
    rows: NDArray[np.int32]
    """by number: the row of the term's vector or -1"""
    unknown: np.float32
    """IDF of a term that the lexicon does not have"""


_UPPER = np.uint64(0xFFFFFFFF00000000)
_LOWER = np.uint64(0x00000000FFFFFFFF)


@njit(cache=True, nogil=True, inline="always")
def look_up(h, table):
    """The IDF of a hashed term and the row of its vector, or -1."""
    mask = table.slots.shape[0] - 1
    i = np.int64(h) & mask
    slot = table.slots[i]
    while slot != 0:
        if (slot ^ h) & _UPPER == 0:
            number = np.int64(slot & _LOWER) - 1
            return table.idf[number], np.int64(table.rows[number])
        i = (i + 1) & mask
        slot = table.slots[i]
    return table.unknown, np.int64(-1)


@njit(cache=True, nogil=True)
def _fill_table(hashes, slots):
    mask = slots.shape[0] - 1
    for k in range(hashes.shape[0]):
        i = np.int64(hashes[k]) & mask
        while slots[i] != 0:
            i = (i + 1) & mask
        slots[i] = hashes[k] & _UPPER | np.uint64(k + 1)


def smooth_idf(frequencies: NDArray[np.float64], n_documents: float) -> NDArray[np.float32]:
    """``ln((1 + n) / (1 + df)) + 1``, never below 1."""
    return np.log((1 + n_documents) / (1 + np.minimum(frequencies, n_documents))).astype(np.float32) + np.float32(1)


def lookup_table(counts: Counts, with_vectors: NDArray[np.uint64] | None = None) -> LookupTable:
    """The table of some counts; `with_vectors` are the hashes of the terms that have vectors, in the order of their rows."""
    hashes, frequencies = counts.hashes, counts.frequencies
    rows = np.full(len(hashes), -1, np.int32)
    if with_vectors is not None and len(with_vectors):
        hashes = np.union1d(counts.hashes, with_vectors)
        frequencies = np.zeros(len(hashes))
        frequencies[np.searchsorted(hashes, counts.hashes)] = counts.frequencies
        rows = np.full(len(hashes), -1, np.int32)
        rows[np.searchsorted(hashes, with_vectors)] = np.arange(len(with_vectors), dtype=np.int32)
    order = np.argsort(-frequencies, kind="stable")
    slots = np.zeros(1 << max(4, int(2 * len(hashes)).bit_length()), np.uint64)
    _fill_table(hashes[order], slots)
    idf = smooth_idf(frequencies[order], counts.n_documents)
    return LookupTable(slots, _never_empty(idf), _never_empty(rows[order]), np.float32(np.log1p(counts.n_documents) + 1))


def _never_empty(array: NDArray[Any]) -> NDArray[Any]:
    return array if len(array) else np.zeros(1, array.dtype)


@dataclass(frozen=True)
class TermVectors:
    """Quantised vectors of terms, sorted by hash."""

    hashes: NDArray[np.uint64]
    codes: NDArray[np.int8]
    """shape (n_terms, size)"""
    scales: NDArray[np.float32]
    """shape (n_terms,): what one step of the codes is worth"""

    @property
    def size(self) -> int:
        return self.codes.shape[1]

    @classmethod
    def quantise(cls, hashes: NDArray[np.uint64], vectors: NDArray[np.float32]) -> TermVectors:
        """Vectors of shape (n_terms, size), each rounded to 255 steps of its own largest component."""
        order = np.argsort(hashes)
        vectors = vectors[order]
        largest = np.maximum(np.abs(vectors).max(axis=1), _EPSILON)
        codes = np.rint(vectors / largest[:, None] * 127).astype(np.int8)
        return cls(hashes[order], codes, (largest / 127).astype(np.float32))

    def vectors(self) -> NDArray[np.float32]:
        return self.codes.astype(np.float32) * self.scales[:, None]

    @cached_property
    def inverse_lengths(self) -> NDArray[np.float32]:
        """One over the length of the codes, 0 for a vector of zeros; shape (n_terms,)."""
        length = np.sqrt((self.codes.astype(np.float32) ** 2).sum(axis=1))
        return np.where(length > 0, 1 / np.maximum(length, _EPSILON), 0).astype(np.float32)


class LexiconArrays(NamedTuple):
    """A lexicon as compiled code takes it."""

    terms: LookupTable
    stems: LookupTable
    codes: NDArray[np.int8]
    """shape (n_vectors, size), by frequency; the rows of `terms` point here"""
    scales: NDArray[np.float32]
    inverse_lengths: NDArray[np.float32]


@dataclass(frozen=True)
class Lexicon:
    """What is known about terms: how many documents have each term and each stem, and the terms' vectors."""

    terms: Counts
    stems: Counts
    vectors: TermVectors | None = None

    @classmethod
    def learn(cls, terms: Counts, stems: Counts, background: Lexicon | None = None, limit: int = 1 << 18) -> Lexicon:
        """A lexicon from the counts of a corpus, with a background blended in.

        Parameters
        ----------
        limit : int
            The most terms, and the most stems, that are kept. What is left out counts as never seen.
        """
        if background is not None:
            terms = _blend(terms, background.terms)
            stems = _blend(stems, background.stems)
        return cls(terms.frequent(limit), stems.frequent(limit))

    @cached_property
    def term_table(self) -> LookupTable:
        return lookup_table(self.terms, None if self.vectors is None else self.vectors.hashes)

    @cached_property
    def stem_table(self) -> LookupTable:
        return lookup_table(self.stems)

    @cached_property
    def arguments(self) -> LexiconArrays:
        """The lexicon as compiled code takes it."""
        terms = self.term_table
        kept = terms.rows >= 0
        if self.vectors is None or not kept.any():
            size = self.vectors.size if self.vectors else 1
            nothing = np.zeros(1, np.float32)
            return LexiconArrays(terms, self.stem_table, np.zeros((1, size), np.int8), nothing, nothing)
        order = terms.rows[kept]
        rows = np.where(kept, np.cumsum(kept, dtype=np.int32) - 1, -1).astype(np.int32)
        vectors = self.vectors
        return LexiconArrays(
            terms._replace(rows=rows), self.stem_table,
            np.ascontiguousarray(vectors.codes[order]), vectors.scales[order], vectors.inverse_lengths[order],
        )  # fmt: skip

    def with_vectors(self, vectors: TermVectors | None) -> Lexicon:
        return Lexicon(self.terms, self.stems, vectors)


def _blend(counts: Counts, background: Counts) -> Counts:
    if background.n_documents <= 0:
        return counts
    return counts.plus(background, BACKGROUND_DOCUMENTS / background.n_documents)
