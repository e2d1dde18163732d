"""What is known about terms: document frequencies, IDF, vectors, and the tables in which compiled code looks them up.

Smooth inverse document frequency as in scikit-learn's `TfidfVectorizer`: ``idf = ln((1 + n) / (1 + df)) + 1``.
Behind a corpus stands a *background* (another lexicon, of many languages), and over both a stream of articles may be laid;
none dilutes another: of each term the highest share of documents counts (see `highest_share`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mismatch.compiling.kernels import kernel, part
from mismatch.terms.document_frequency import Counts
from mismatch.terms.highest_share import highest_share

_EPSILON = 1e-8
TELLING_LANES = 32
"""what terms tell of topics stands in rows of this many numbers, so that a row is never in two lines of the cache"""
_FULLEST = 0.6
"""share of a lookup table's slots from which it is built anew, and larger"""


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


@part(inline=True)
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


@part
def row_of_stem(row, stem, table):
    """A term's row or, where it has no vector, that of its stem, which may have one; else -1."""
    return row if row >= 0 else look_up(stem, table)[1]


@kernel
def _fill_table(hashes, slots):
    mask = slots.shape[0] - 1
    for k in range(hashes.shape[0]):
        i = np.int64(hashes[k]) & mask
        while slots[i] != 0:
            i = (i + 1) & mask
        slots[i] = hashes[k] & _UPPER | np.uint64(k + 1)


def n_slots(n_terms: int) -> int:
    """The size of a table for so many terms."""
    return 1 << max(4, (2 * n_terms).bit_length())


def smooth_idf(frequencies: NDArray[np.float64], n_documents: float) -> NDArray[np.float32]:
    """``ln((1 + n) / (1 + df)) + 1``, never below 1."""
    return np.log((1 + n_documents) / (1 + np.minimum(frequencies, n_documents))).astype(np.float32) + np.float32(1)


def lookup_table(counts: Counts, with_vectors: NDArray[np.uint64] | None = None) -> LookupTable:
    """The table of some counts; `with_vectors` are the hashes of the terms that have vectors, in the order of their rows."""
    hashes, frequencies = counts.hashes, counts.frequencies
    rows = np.full(len(hashes), -1, np.int32)
    if with_vectors is not None and len(with_vectors):
        hashes = union(counts.hashes, with_vectors)
        frequencies = np.zeros(len(hashes))
        frequencies[np.searchsorted(hashes, counts.hashes)] = counts.frequencies
        rows = np.full(len(hashes), -1, np.int32)
        rows[np.searchsorted(hashes, with_vectors)] = np.arange(len(with_vectors), dtype=np.int32)
    order = np.argsort(-frequencies, kind="stable")
    slots = np.zeros(n_slots(len(hashes)), np.uint64)
    _fill_table(hashes[order], slots)
    idf = smooth_idf(frequencies[order], counts.n_documents)
    return LookupTable(slots, _never_empty(idf), _never_empty(rows[order]), np.float32(np.log1p(counts.n_documents) + 1))


@kernel
def _lay_over(hashes, idf_of_hashes, slots, idf, rows, n_terms):
    """Gives terms another IDF, and adds those that the table does not have; returns how many it has then."""
    mask = slots.shape[0] - 1
    for k in range(hashes.shape[0]):
        i = np.int64(hashes[k]) & mask
        while slots[i] != 0 and (slots[i] ^ hashes[k]) & _UPPER != 0:
            i = (i + 1) & mask
        if slots[i] == 0:
            slots[i] = hashes[k] & _UPPER | np.uint64(n_terms + 1)
            rows[n_terms] = -1
            n_terms += 1
        idf[np.int64(slots[i] & _LOWER) - 1] = idf_of_hashes[k]
    return n_terms


def overlaid(table: LookupTable, raised: Counts) -> LookupTable | None:
    """The table with other frequencies for some terms, many times faster than one built anew; None where it gets too full.

    Parameters
    ----------
    raised
        Of as many documents as the counts that the table was made of; its terms may be new.
    """
    n_terms = int(np.count_nonzero(table.slots))
    if n_terms + len(raised.hashes) > _FULLEST * len(table.slots):
        return None
    slots = table.slots.copy()
    room = n_terms + len(raised.hashes)
    idf, rows = np.zeros(max(room, 1), np.float32), np.full(max(room, 1), -1, np.int32)
    idf[:n_terms], rows[:n_terms] = table.idf[:n_terms], table.rows[:n_terms]
    n = _lay_over(raised.hashes, smooth_idf(raised.frequencies, raised.n_documents), slots, idf, rows, n_terms)
    return LookupTable(slots, idf[: max(n, 1)], rows[: max(n, 1)], table.unknown)


def union(hashes: NDArray[np.uint64], others: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The union of some hashes, ascending, and others, each once: a sixth of the time that `np.union1d` takes."""
    others = np.sort(others)
    place = np.searchsorted(hashes, others)
    new = place == len(hashes)
    new[~new] = hashes[place[~new]] != others[~new]
    return np.insert(hashes, place[new], others[new])


def _never_empty(array: NDArray[Any]) -> NDArray[Any]:
    return array if len(array) else np.zeros(1, array.dtype)


@dataclass(frozen=True)
class TermVectors:
    """Quantised vectors of terms, and of stems for terms that have none, sorted by hash.

    A stem's hash is salted, so that it is no term's; see `row_of_stem`.
    """

    hashes: NDArray[np.uint64]
    codes: NDArray[np.int8]
    """shape (n_terms, size)"""
    scales: NDArray[np.float32]
    """shape (n_terms,): what one step of the codes is worth"""
    telling: NDArray[np.int8] | None = None
    """shape (n_terms, n_wide_topics): how far each term tells of each wide topic; None where that was not learned"""

    @property
    def size(self) -> int:
        return self.codes.shape[1]

    @property
    def n_told(self) -> int:
        """Of how many topics the terms tell."""
        return 0 if self.telling is None else self.telling.shape[1]

    def telling_like(self, other: TermVectors | None) -> TermVectors:
        """The same vectors of terms that tell what they do in another's; those that it does not have tell nothing."""
        if other is None or other.telling is None or not len(other.hashes):
            return replace(self, telling=None)
        at = np.minimum(np.searchsorted(other.hashes, self.hashes), len(other.hashes) - 1)
        known = other.hashes[at] == self.hashes
        return replace(self, telling=np.where(known[:, None], other.telling[at], np.int8(0)))

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
        codes = self.codes.astype(np.float32)
        length = np.sqrt(np.einsum("ij,ij->i", codes, codes))
        return np.where(length > 0, 1 / np.maximum(length, _EPSILON), 0).astype(np.float32)


class LexiconArrays(NamedTuple):
    """A lexicon as compiled code takes it."""

    terms: LookupTable
    stems: LookupTable
    codes: NDArray[np.int8]
    """shape (n_vectors, size), by frequency; the rows of `terms` point here"""
    scales: NDArray[np.float32]
    inverse_lengths: NDArray[np.float32]
    telling: NDArray[np.int8]
    """shape (n_vectors, a multiple of `TELLING_LANES` or 0): what the terms tell of wide topics, zeros behind it"""


@dataclass(frozen=True)
class Lexicon:
    """What is known about terms: how many documents have each term and each stem, and the terms' vectors."""

    terms: Counts
    stems: Counts
    vectors: TermVectors | None = None

    @classmethod
    def learn(cls, terms: Counts, stems: Counts, background: Lexicon | None = None, limit: int = 1 << 18) -> Lexicon:
        """A lexicon from the counts of a corpus and, where there is one, a background.

        With a background, a term has the highest share of documents that background and corpus show (see `highest_share`):
        of a small corpus only what stands out, such as the function words of its language. Without one the counts are those
        of the corpus.

        Parameters
        ----------
        limit : int
            The most terms, and the most stems, that are kept. What is left out counts as never seen.
        """
        if background is not None:
            terms = _before(background.terms, terms)
            stems = _before(background.stems, stems)
        return cls(terms.frequent(limit), stems.frequent(limit))

    def with_stream(self, parts: Sequence[tuple[Counts, Counts]]) -> Lexicon:
        """The same lexicon laid over with what a stream shows of its terms, whose shares of documents only rise.

        Parameters
        ----------
        parts
            Counts of terms and of stems, as `DocumentCounter.counts` gives them, each part of its own documents (titles,
            and bodies).
        """
        terms = highest_share(self.terms, *(terms for terms, _ in parts))
        stems = highest_share(self.stems, *(stems for _, stems in parts))
        lexicon = Lexicon(terms, stems, self.vectors)
        before = self.arguments
        term_table = overlaid(self.term_table, _of_some(terms, [part.hashes for part, _ in parts]))
        stem_table = overlaid(self.stem_table, _of_some(stems, [part.hashes for _, part in parts]))
        if term_table is not None and stem_table is not None:
            rows, n_before = np.full(len(term_table.rows), -1, np.int32), int(np.count_nonzero(before.terms.slots))
            rows[:n_before] = before.terms.rows[:n_before]
            arguments = before._replace(terms=term_table._replace(rows=rows), stems=stem_table)
            vars(lexicon).update(term_table=term_table, stem_table=stem_table, arguments=arguments)
        return lexicon

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
            codes, telling = np.zeros((1, size), np.int8), np.zeros((1, 0), np.int8)
            return LexiconArrays(terms, self.stem_table, codes, nothing, nothing, telling)
        order = terms.rows[kept]
        rows = np.where(kept, np.cumsum(kept, dtype=np.int32) - 1, -1).astype(np.int32)
        vectors = self.vectors
        return LexiconArrays(
            terms._replace(rows=rows), self.stem_table,
            np.ascontiguousarray(vectors.codes[order]), vectors.scales[order], vectors.inverse_lengths[order],
            _in_lanes(vectors, order),
        )  # fmt: skip

    def with_vectors(self, vectors: TermVectors | None) -> Lexicon:
        return Lexicon(self.terms, self.stems, vectors)


def _in_lanes(vectors: TermVectors, rows: NDArray[np.int32]) -> NDArray[np.int8]:
    """What some terms tell of topics, as `LexiconArrays` has it."""
    lanes = -(-vectors.n_told // TELLING_LANES) * TELLING_LANES
    out = np.zeros((len(rows), lanes), np.int8)
    if vectors.telling is not None:
        out[:, : vectors.n_told] = vectors.telling[rows]
    return out


def _before(background: Counts, corpus: Counts) -> Counts:
    """A corpus with a background behind it, of as many documents as the larger of them."""
    if background.n_documents <= 0:
        return corpus
    return highest_share(background, corpus, n_documents=max(background.n_documents, corpus.n_documents))


def _of_some(counts: Counts, hashes: Sequence[NDArray[np.uint64]]) -> Counts:
    """The counts of the terms in some lists, all of which are among them."""
    some = np.unique(np.concatenate([np.empty(0, np.uint64), *hashes]))
    return Counts(some, counts.frequencies[np.searchsorted(counts.hashes, some)], counts.n_documents)
