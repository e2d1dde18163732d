"""Training pairs: duplicates found, mismatches made by swapping, splits that keep a body on one side.

A *derangement* gives each title another title's body: never its own, never a near-duplicate of its own, and never a
body that stands elsewhere under the same title. Everything random is drawn from a generator that the caller seeds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from mismatch.hashing import mix
from mismatch.lexicon import Lexicon, look_up
from mismatch.text_buffers import TextBuffers, text_buffers
from mismatch.tokens import CHUNK_TERMS, STATE_SIZE, cut_terms, fold_arguments

SKETCH_BINS = 64
_BAND_ROWS = 4
NEAR_DUPLICATE = 0.7
"""Estimated Jaccard similarity of three-term shingles from which two bodies count as one."""
_EMPTY = np.uint64(0xFFFFFFFFFFFFFFFF)
PROJECTION_SIZE = 256


@dataclass(frozen=True)
class Pairs:
    """Matched pairs for training, with what is needed to swap and split them."""

    titles: TextBuffers
    bodies: TextBuffers
    body_groups: NDArray[np.int64]
    """shape (n_pairs,): pairs with the same or nearly the same body share a number"""
    title_groups: NDArray[np.int64]
    """shape (n_pairs,): pairs whose titles have the same terms share a number"""

    def __len__(self) -> int:
        return len(self.body_groups)

    @classmethod
    def from_columns(cls, titles: pa.Array | pa.ChunkedArray, bodies: pa.Array | pa.ChunkedArray) -> Pairs:
        title_buffers, body_buffers = text_buffers(titles), text_buffers(bodies)
        return cls(title_buffers, body_buffers, near_duplicate_groups(body_buffers), _sequence_groups(title_buffers))

    def first_of_duplicates(self) -> NDArray[np.bool_]:
        """shape (n_pairs,): False for a pair whose title and body both stood before."""
        both = np.stack([self.title_groups, self.body_groups])
        _, first = np.unique(both, axis=1, return_index=True)
        keep = np.zeros(len(self), bool)
        keep[first] = True
        return keep


@njit(cache=True, nogil=True)
def _sketch_rows(data, offsets, valid, fold, sketches, sequences):
    terms = np.empty(CHUNK_TERMS, np.uint64)
    stems = np.empty(CHUNK_TERMS, np.uint64)
    ends = np.empty(CHUNK_TERMS, np.int64)
    state = np.zeros(STATE_SIZE, np.int64)
    for row in range(valid.shape[0]):
        if valid[row] == 0:
            continue
        pos = offsets[row]
        stop = offsets[row + 1]
        one = np.uint64(0)
        two = np.uint64(0)
        whole = np.uint64(0)
        while pos < stop:
            n, pos = cut_terms(data, pos, stop, state, fold[0], fold[1], fold[2], fold[3], fold[4], terms, stems, ends)
            for k in range(n):
                term = terms[k]
                whole = mix(whole ^ term) * np.uint64(3)
                shingle = mix(two * np.uint64(9) ^ one * np.uint64(3) ^ term)
                two = one
                one = term
                b = np.int64(shingle >> np.uint64(58))
                value = shingle << np.uint64(6)
                if value < sketches[row, b]:
                    sketches[row, b] = value
        sequences[row] = whole


def _sketches(texts: TextBuffers) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    n = len(texts.valid)
    sketches = np.full((n, SKETCH_BINS), _EMPTY, np.uint64)
    sequences = np.zeros(n, np.uint64)
    _sketch_rows(texts.data, texts.offsets, texts.valid, fold_arguments(), sketches, sequences)
    return sketches, sequences


def sequence_hashes(texts: TextBuffers) -> NDArray[np.uint64]:
    """A hash of the terms of each text in their order; shape (n_texts,)."""
    return _sketches(texts)[1]


def _sequence_groups(texts: TextBuffers) -> NDArray[np.int64]:
    return np.unique(sequence_hashes(texts), return_inverse=True)[1].astype(np.int64)


def near_duplicate_groups(texts: TextBuffers) -> NDArray[np.int64]:
    """Numbers the texts so that nearly equal ones share a number.

    One-permutation minhash over shingles of three terms (Li, Owen and Zhang 2012), candidates by locality-sensitive
    hashing, accepted from an estimated Jaccard similarity of `NEAR_DUPLICATE`.

    Returns
    -------
    int64 array of shape (n_texts,)
    """
    sketches, sequences = _sketches(texts)
    n = len(sequences)
    left, right = [], []
    for start in range(0, SKETCH_BINS, _BAND_ROWS):
        band = sketches[:, start : start + _BAND_ROWS]
        filled = np.flatnonzero((band != _EMPTY).sum(axis=1) >= 2)
        if len(filled) < 2:
            continue
        order = filled[np.lexsort(band[filled].T)]
        same = (band[order][1:] == band[order][:-1]).all(axis=1)
        left.append(order[:-1][same])
        right.append(order[1:][same])
    order = np.argsort(sequences, kind="stable")
    exact = sequences[order][1:] == sequences[order][:-1]
    a = np.concatenate([*left, order[:-1][exact]]) if left else order[:-1][exact]
    b = np.concatenate([*right, order[1:][exact]]) if right else order[1:][exact]
    if len(a):
        filled = (sketches[a] != _EMPTY) | (sketches[b] != _EMPTY)
        alike = ((sketches[a] == sketches[b]) & filled).sum(axis=1) / np.maximum(filled.sum(axis=1), 1)
        keep = (alike >= NEAR_DUPLICATE) | (sequences[a] == sequences[b])
        a, b = a[keep], b[keep]
    graph = coo_array((np.ones(len(a), np.int8), (a, b)), shape=(n, n))
    return connected_components(graph, directed=False)[1].astype(np.int64)


def derange(
    pairs: Pairs, rows: NDArray[np.int64], rng: np.random.Generator, strata: NDArray[np.int64] | None = None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Swapped pairs: a derangement of the bodies of `rows`, within `strata` where given.

    Returns
    -------
    (title_rows, body_rows)
        int64 arrays of one shape; titles for which no foreign body was found are left out.
    """
    if strata is None:
        return _derange_stratum(pairs, rows, rng)
    parts = [_derange_stratum(pairs, rows[strata == s], rng) for s in np.unique(strata[strata >= 0])]
    if not parts:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    return np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])


def _derange_stratum(
    pairs: Pairs, rows: NDArray[np.int64], rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    donors = rng.permutation(rows)

    def clash(a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.bool_]:
        return (pairs.body_groups[a] == pairs.body_groups[b]) | (pairs.title_groups[a] == pairs.title_groups[b])

    for _ in range(50):
        bad = np.flatnonzero(clash(rows, donors))
        if not len(bad):
            break
        for i in bad:
            j = rng.integers(len(rows))
            donors[i], donors[j] = donors[j], donors[i]
    good = ~clash(rows, donors)
    return rows[good], donors[good]


@njit(cache=True, nogil=True)
def _project_rows(data, offsets, rows, fold, table, out):
    terms = np.empty(CHUNK_TERMS, np.uint64)
    stems = np.empty(CHUNK_TERMS, np.uint64)
    ends = np.empty(CHUNK_TERMS, np.int64)
    state = np.zeros(STATE_SIZE, np.int64)
    width = np.uint64(out.shape[1] - 1)
    for row in range(out.shape[0]):
        pos = offsets[rows[row]]
        stop = offsets[rows[row] + 1]
        while pos < stop:
            n, pos = cut_terms(data, pos, stop, state, fold[0], fold[1], fold[2], fold[3], fold[4], terms, stems, ends)
            for k in range(n):
                h = terms[k]
                weight = look_up(h, table)[0] - np.float32(2.0)
                if weight > 0:
                    for p in range(2):
                        g = h >> np.uint64(20 * p)
                        out[row, np.int64((g >> np.uint64(1)) & width)] += weight if g & np.uint64(1) else -weight


def neighbours(
    pairs: Pairs, rows: NDArray[np.int64], some: NDArray[np.int64], lexicon: Lexicon, rng: np.random.Generator
) -> NDArray[np.int64]:
    """For each row of `some` another of `rows` with a body on nearly the same subject: a hard mismatch.

    TF-IDF vectors are hashed into `PROJECTION_SIZE` dimensions (feature hashing, Weinberger et al. 2009); among the
    nearest one in twenty bodies (at most 50) one is drawn. Bodies of the row's own group are passed over, and so are the
    nearest two, which in an archive are often the same event told by another source.

    Returns
    -------
    int64 array of shape (len(some),); -1 where there is none
    """
    n = len(rows)
    chosen = np.full(len(some), -1, np.int64)
    if n < 4:
        return chosen
    vectors = _vectors(pairs, rows, lexicon)
    of_some = vectors[np.searchsorted(rows, some)]
    nearest = int(np.clip(n // 20, 1, 50))
    k = min(nearest + 2, n - 1)
    step = max(1, (1 << 24) // n)
    for start in range(0, len(some), step):
        part = some[start : start + step]
        similarity = of_some[start : start + step] @ vectors.T
        similarity[pairs.body_groups[part, None] == pairs.body_groups[rows][None, :]] = -2
        best = np.argpartition(-similarity, k, axis=1)[:, :k]
        order = np.argsort(-np.take_along_axis(similarity, best, axis=1), axis=1)
        best = np.take_along_axis(best, order, axis=1)
        pick = best[np.arange(len(best)), rng.integers(min(2, k - 1), k, len(best))]
        usable = similarity[np.arange(len(best)), pick] > -1.5
        chosen[start : start + step] = np.where(usable, rows[pick], -1)
    return chosen


def _vectors(pairs: Pairs, rows: NDArray[np.int64], lexicon: Lexicon) -> NDArray[np.float32]:
    vectors = np.zeros((len(rows), PROJECTION_SIZE), np.float32)
    _project_rows(pairs.bodies.data, pairs.bodies.offsets, rows, fold_arguments(), lexicon.term_table, vectors)
    vectors = np.sign(vectors) * np.sqrt(np.abs(vectors))
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)


def group_folds(groups: NDArray[np.int64], n_folds: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """A fold number for each row, all rows of a group in one fold, folds of nearly equal size.

    Returns
    -------
    int64 array of shape (len(groups),)
    """
    ids, inverse, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    order = rng.permutation(len(ids))
    order = order[np.argsort(-sizes[order], kind="stable")]
    load = np.zeros(n_folds)
    fold_of = np.empty(len(ids), np.int64)
    big = sizes[order] > 1
    for g in order[big]:
        f = int(load.argmin())
        fold_of[g] = f
        load[f] += sizes[g]
    singles = order[~big]
    # the single rows fill up the folds in turn
    share = np.maximum(0, load.max() - load).astype(np.int64)
    fill = np.repeat(np.arange(n_folds), np.minimum(share, len(singles)))[: len(singles)]
    rest = np.arange(len(singles) - len(fill)) % n_folds
    fold_of[singles] = np.concatenate([fill, rest])
    return fold_of[inverse]


def codes(values: Sequence[str | None] | pa.Array | pa.ChunkedArray | None, n: int) -> NDArray[np.int64]:
    """Numbers for the different values of a column, -1 for null."""
    if values is None:
        return np.full(n, -1, np.int64)
    array = values if isinstance(values, (pa.Array, pa.ChunkedArray)) else pa.array(values, pa.string())
    encoded = pa.chunked_array([array]).combine_chunks() if isinstance(array, pa.Array) else array.combine_chunks()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = pa.concat_arrays(encoded.chunks) if encoded.num_chunks else pa.array([], pa.string())
    indices = encoded.dictionary_encode().indices
    return indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
