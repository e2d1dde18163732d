"""Document frequencies of hashed terms and stems, counted in a stream, in bounded memory."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mismatch.compiling.kernels import kernel, part
from mismatch.terms.folding import folding_table
from mismatch.terms.text_buffers import TextBuffers
from mismatch.terms.tokens import CHUNK_TERMS, STATE_SIZE, cut_terms

_FULL = 0.5
_MAX_COUNTED_TERMS = 1 << 22


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

    def plus(self, other: Counts) -> Counts:
        """The counts of both together, where they have no document in common."""
        hashes, inverse = np.unique(np.concatenate([self.hashes, other.hashes]), return_inverse=True)
        weights = np.concatenate([self.frequencies, other.frequencies])
        summed = np.bincount(inverse, weights, len(hashes)).astype(np.float64)  # of nothing bincount gives integers
        return Counts(hashes, summed, self.n_documents + other.n_documents)

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


@kernel
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


@part
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


@kernel
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


def total(parts: list[Counts]) -> Counts:
    """The counts of several parts of a corpus together."""
    together = parts[0]
    for counts in parts[1:]:
        together = together.plus(counts)
    return together
