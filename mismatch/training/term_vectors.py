"""Short vectors of frequent terms, so that `wi-fi` and `wireless` are near each other: kept quantised, learned from pairs.

A text's vector is the sum of its terms' vectors, weighted by sublinear TF-IDF. Learning pulls the vectors of a title and
its own body together and pushes other bodies of the same batch away: a symmetric cross-entropy over cosines divided by a
temperature (InfoNCE, van den Oord et al. 2018), optimised with Adam (Kingma and Ba 2015). Terms that have no vector yet
begin at the mean of the texts they occur in or, where few terms of the corpus have one, at the leading eigenvectors of
the symmetric cross-covariance of titles and bodies.
"""

from __future__ import annotations

import os
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from mismatch.compiling.kernels import kernel, part
from mismatch.terms.document_frequency import Counts
from mismatch.terms.lexicon import Lexicon, TermVectors, look_up, lookup_table, row_of_stem
from mismatch.terms.text_buffers import TextBuffers
from mismatch.terms.tokens import CHUNK_TERMS, STATE_SIZE, cut_terms, fold_arguments

TEMPERATURE = 0.05
EPOCHS = 3
BATCH = 512
LEARNING_RATE = 2e-3
MAX_TERMS = 56_000
"""terms of a corpus that get a vector; those of the vectors to start from keep theirs"""
MIN_COVERED = 0.3
"""share of the weight of the bodies whose terms must have a vector already, for the others to begin at theirs"""
_EPSILON = 1e-8


@kernel
def _count_terms(data, offsets, rows, fold, table, n_terms, indptr, indices, values, fill):
    terms = np.empty(CHUNK_TERMS, np.uint64)
    stems = np.empty(CHUNK_TERMS, np.uint64)
    ends = np.empty(CHUNK_TERMS, np.int64)
    state = np.zeros(STATE_SIZE, np.int64)
    stamp = np.full(n_terms, -1, np.int64)
    place = np.zeros(n_terms, np.int64)
    total = 0
    for k in range(rows.shape[0]):
        pos = offsets[rows[k]]
        stop = offsets[rows[k] + 1]
        while pos < stop:
            n, pos = cut_terms(data, pos, stop, state, fold[0], fold[1], fold[2], fold[3], fold[4], terms, stems, ends)
            for t in range(n):
                row = row_of_stem(look_up(terms[t], table)[1], stems[t], table)
                if row < 0:
                    continue
                if stamp[row] != k:
                    stamp[row] = k
                    place[row] = total
                    if fill:
                        indices[total] = row
                        values[total] = 0.0
                    total += 1
                if fill:
                    values[place[row]] += 1.0
        indptr[k + 1] = total
    if fill:
        for k in range(rows.shape[0]):
            for i in range(indptr[k], indptr[k + 1]):
                values[i] = 1.0 + np.log(values[i])


def term_matrix(texts: TextBuffers, rows: NDArray[np.int64], hashes: NDArray[np.uint64], lexicon: Lexicon) -> csr_array:
    """TF-IDF of the given terms in some texts: sparse float32 of shape (len(rows), len(hashes))."""
    table = lookup_table(lexicon.terms, hashes)
    indptr = np.zeros(len(rows) + 1, np.int64)
    arguments = (texts.data, texts.offsets, rows, fold_arguments(), table, len(hashes))
    _count_terms(*arguments, indptr, np.empty(0, np.int32), np.empty(0, np.float32), False)
    indices, values = np.empty(indptr[-1], np.int32), np.empty(indptr[-1], np.float32)
    _count_terms(*arguments, indptr, indices, values, True)
    return csr_array((values * idf_of(hashes, lexicon)[indices], indices, indptr), shape=(len(rows), len(hashes)))


def idf_of(hashes: NDArray[np.uint64], lexicon: Lexicon) -> NDArray[np.float32]:
    """IDF of hashed terms, and of stems, shape (len(hashes),)."""
    counts = lexicon.terms
    if not len(counts.hashes):
        return np.ones(len(hashes), np.float32)
    frequency = np.maximum(_frequency_of(hashes, counts), _frequency_of(hashes, lexicon.stems))
    return (np.log((1 + counts.n_documents) / (1 + np.minimum(frequency, counts.n_documents))) + 1).astype(np.float32)


def _frequency_of(hashes: NDArray[np.uint64], counts: Counts) -> NDArray[np.float64]:
    if not len(counts.hashes):
        return np.zeros(len(hashes))
    at = np.minimum(np.searchsorted(counts.hashes, hashes), len(counts.hashes) - 1)
    return np.where(counts.hashes[at] == hashes, counts.frequencies[at], 0.0)


def learn_vectors(
    titles: TextBuffers, bodies: TextBuffers, rows: NDArray[np.int64], lexicon: Lexicon, frequencies: Counts,
    base: TermVectors | None, *, size: int, seed: int, epochs: int = EPOCHS, rate: float = LEARNING_RATE,
) -> TermVectors:  # fmt: skip
    """Term vectors tuned on matched pairs.

    Parameters
    ----------
    rows : int64 array
        The pairs to learn from.
    frequencies
        Document frequencies of the corpus itself, from which the terms are chosen: those in at least two documents.
    base
        Vectors to start from; their terms are kept.
    """
    rng = np.random.default_rng(seed)
    often = Counts(*_at_least_twice(frequencies)).frequent(MAX_TERMS).hashes
    hashes = often if base is None else np.union1d(often, base.hashes)
    title_matrix, body_matrix = (term_matrix(texts, rows, hashes, lexicon) for texts in (titles, bodies))
    start = _start(title_matrix, body_matrix, hashes, base, size, rng)
    tuned = _contrast(title_matrix, body_matrix, start, rng, epochs, rate)
    return TermVectors.quantise(hashes, tuned)


def _at_least_twice(counts: Counts) -> Counts:
    keep = counts.frequencies >= 2
    return Counts(counts.hashes[keep], counts.frequencies[keep], counts.n_documents)


def _start(
    titles: csr_array, bodies: csr_array, hashes: NDArray[np.uint64], base: TermVectors | None, size: int,
    rng: np.random.Generator,
) -> NDArray[np.float32]:  # fmt: skip
    start = np.zeros((len(hashes), size), np.float32)
    known = np.zeros(len(hashes), bool)
    if base is not None:
        at = np.minimum(np.searchsorted(hashes, base.hashes), len(hashes) - 1)
        kept = hashes[at] == base.hashes
        start[at[kept]] = base.vectors()[kept]
        known[at[kept]] = base.inverse_lengths[kept] > 0
    weight = np.asarray(bodies.sum(axis=0)).ravel()
    if weight[known].sum() < MIN_COVERED * weight.sum():
        own = _cross_covariance(titles, bodies, size, rng)
        scale = 1.0 if not known.any() else float(np.median(np.linalg.norm(start[known], axis=1)))
        start[~known] = own[~known] * scale
        return start
    if not known.all():
        texts = bodies @ start
        texts /= np.maximum(np.linalg.norm(texts, axis=1, keepdims=True), _EPSILON)
        spread = (bodies.T @ texts)[~known] + (titles.T @ texts)[~known]
        length = np.linalg.norm(spread, axis=1, keepdims=True)
        start[~known] = spread / np.maximum(length, _EPSILON) * 0.5 * float(np.median(np.linalg.norm(start[known], axis=1)))
    return start


def _cross_covariance(titles: csr_array, bodies: csr_array, size: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Leading eigenvectors of ``T'B + B'T`` of unit rows (randomised subspace iteration, Halko et al. 2011)."""
    left, right = _unit_rows(titles), _unit_rows(bodies)

    def apply(block: NDArray[np.float32]) -> NDArray[np.float32]:
        return left.T @ (right @ block) + right.T @ (left @ block)

    wide = min(size + 16, left.shape[1])
    block = rng.standard_normal((left.shape[1], wide)).astype(np.float32)
    for _ in range(4):
        block = np.linalg.qr(apply(block))[0].astype(np.float32)
    values, inner = np.linalg.eigh(block.T @ apply(block))
    order = np.argsort(-values)[:size]
    vectors = (block @ inner[:, order]) * np.sqrt(np.maximum(values[order], 0))
    out = np.zeros((left.shape[1], size), np.float32)
    out[:, : vectors.shape[1]] = vectors
    # terms of every frequency start at a comparable length
    return out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), _EPSILON)


def _unit_rows(matrix: csr_array) -> csr_array:
    norm = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    scaled = matrix.copy()
    scaled.data /= np.repeat(np.maximum(norm, _EPSILON), np.diff(matrix.indptr)).astype(np.float32)
    return scaled


def _contrast(
    titles: csr_array, bodies: csr_array, start: NDArray[np.float32], rng: np.random.Generator, epochs: int, rate: float
) -> NDArray[np.float32]:
    vectors = start.copy()
    titles, bodies = _unit_rows(titles), _unit_rows(bodies)
    state = tuple(np.zeros_like(vectors) for _ in range(3))  # gradient and Adam's two moments
    touched = np.zeros(len(vectors), np.int64)
    n, step, width = titles.shape[0], 0, vectors.shape[1]
    size = min(BATCH, n)
    total = max(1, epochs * (n // size))
    sides = [(m.indptr.astype(np.int64), m.indices.astype(np.int64), m.data.astype(np.float32)) for m in (titles, bodies)]
    cores = os.cpu_count() or 1
    edges = [width * i // cores for i in range(cores + 1)]  # each thread has its own columns of the vectors
    columns = [(low, high) for low, high in pairwise(edges) if high > low]
    with ThreadPoolExecutor(len(columns)) as pool:
        for _ in range(epochs):
            order = rng.permutation(n)
            for begin in range(0, n - size + 1, size):
                batch = order[begin : begin + size].astype(np.int64)
                step += 1
                sums = [np.zeros((size, width), np.float32) for _ in sides]
                for side, out in zip(sides, sums, strict=True):
                    _wait([pool.submit(partial(_gather, *side, batch, vectors, out, low, high)) for low, high in columns])
                pulls = _pulls(*sums)
                decayed = rate * (1 - (step - 1) / total)
                rows = np.concatenate([_touched(side[0], side[1], batch, touched, step) for side in sides])
                given = (*sides[0], *sides[1], batch, *pulls, rows, vectors, *state, step, decayed)
                _wait([pool.submit(partial(_update, *given, low, high)) for low, high in columns])
    return vectors


def _wait(parts: list[Future[None]]) -> None:
    for done in parts:
        done.result()


def _pulls(a: NDArray[np.float32], b: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Gradient of the symmetric cross-entropy with respect to the sums of titles and of bodies."""
    norm_a = np.maximum(np.linalg.norm(a, axis=1, keepdims=True), 1e-6)
    norm_b = np.maximum(np.linalg.norm(b, axis=1, keepdims=True), 1e-6)
    a, b = a / norm_a, b / norm_b
    logits = a @ b.T / TEMPERATURE
    rows = np.exp(logits - logits.max(axis=1, keepdims=True))
    columns = np.exp(logits - logits.max(axis=0, keepdims=True))
    pull = 0.5 * (rows / rows.sum(axis=1, keepdims=True) + columns / columns.sum(axis=0, keepdims=True))
    pull[np.diag_indices_from(pull)] -= 1
    pull /= TEMPERATURE * len(pull)
    da, db = pull @ b, pull.T @ a
    da = (da - a * (da * a).sum(axis=1, keepdims=True)) / norm_a
    db = (db - b * (db * b).sum(axis=1, keepdims=True)) / norm_b
    return da.astype(np.float32), db.astype(np.float32)


@part(inline=True)
def _add(total, factor, vector):
    """Views from 0 on, whose indices are known not to be negative, are what a compiler turns into vector instructions."""
    for d in range(total.shape[0]):
        total[d] += factor * vector[d]


@kernel
def _gather(indptr, indices, data, batch, vectors, out, low, high):
    for k in range(batch.shape[0]):
        total = out[k, low:high]
        for i in range(indptr[batch[k]], indptr[batch[k] + 1]):
            _add(total, data[i], vectors[indices[i], low:high])


@kernel
def _touched(indptr, indices, batch, stamps, stamp):
    total = 0
    for k in range(batch.shape[0]):
        total += indptr[batch[k] + 1] - indptr[batch[k]]
    out = np.empty(total, np.int64)
    n = 0
    for k in range(batch.shape[0]):
        for i in range(indptr[batch[k]], indptr[batch[k] + 1]):
            if stamps[indices[i]] != stamp:
                stamps[indices[i]] = stamp
                out[n] = indices[i]
                n += 1
    return out[:n]


@kernel
def _update(
    indptr_a, indices_a, data_a, indptr_b, indices_b, data_b, batch, da, db, rows, vectors,
    gradient, first, second, step, rate, low, high,
):  # fmt: skip
    """One step of Adam on the rows that the batch touches, in the columns low..high."""
    for k in range(batch.shape[0]):
        for i in range(indptr_a[batch[k]], indptr_a[batch[k] + 1]):
            _add(gradient[indices_a[i], low:high], data_a[i], da[k, low:high])
        for i in range(indptr_b[batch[k]], indptr_b[batch[k] + 1]):
            _add(gradient[indices_b[i], low:high], data_b[i], db[k, low:high])
    correct_1 = np.float32(1 / (1 - 0.9**step))
    correct_2 = np.float32(1 / (1 - 0.999**step))
    rate32 = np.float32(rate)
    for r in range(rows.shape[0]):
        i = rows[r]
        slope, moment, square, vector = gradient[i, low:high], first[i, low:high], second[i, low:high], vectors[i, low:high]
        for d in range(slope.shape[0]):
            g = slope[d]
            slope[d] = 0
            moment[d] = np.float32(0.9) * moment[d] + np.float32(0.1) * g
            square[d] = np.float32(0.999) * square[d] + np.float32(0.001) * g * g
            vector[d] -= rate32 * (moment[d] * correct_1) / (np.sqrt(square[d] * correct_2) + np.float32(1e-8))
