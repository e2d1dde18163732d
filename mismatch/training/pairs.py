"""Hard mismatches among pairs on nearly the same subject, and folds that never split the pairs of one body."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mismatch.compiling.kernels import kernel
from mismatch.judging.swaps import Pairs
from mismatch.terms.lexicon import Lexicon, look_up
from mismatch.terms.tokens import CHUNK_TERMS, STATE_SIZE, cut_terms, fold_arguments

PROJECTION_SIZE = 256


@kernel
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
