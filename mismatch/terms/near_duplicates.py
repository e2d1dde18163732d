"""Texts that are nearly the same: minhash sketches over shingles of three terms, compiled."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mismatch.compiling.kernels import kernel
from mismatch.terms.hashing import mix
from mismatch.terms.text_buffers import TextBuffers
from mismatch.terms.tokens import CHUNK_TERMS, STATE_SIZE, cut_terms, fold_arguments

SKETCH_BINS = 64

_BAND_ROWS = 4

NEAR_DUPLICATE = 0.7
"""Estimated Jaccard similarity of three-term shingles from which two bodies count as one."""

EMPTY_BIN = np.uint64(0xFFFFFFFFFFFFFFFF)


@kernel
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


class Sketches(NamedTuple):
    """What is kept of each text, to find others that are like it."""

    bins: NDArray[np.uint64]
    """shape (n_texts, SKETCH_BINS): a minhash of the shingles that fall into each bin"""
    sequences: NDArray[np.uint64]
    """shape (n_texts,): a hash of the terms in their order"""


def sketches_of(texts: TextBuffers) -> Sketches:
    """Reads each text once."""
    n = len(texts.valid)
    sketches = Sketches(np.full((n, SKETCH_BINS), EMPTY_BIN, np.uint64), np.zeros(n, np.uint64))
    _sketch_rows(texts.data, texts.offsets, texts.valid, fold_arguments(), *sketches)
    return sketches


def sequence_hashes(texts: TextBuffers) -> NDArray[np.uint64]:
    """A hash of the terms of each text in their order; shape (n_texts,)."""
    return sketches_of(texts).sequences


def near_duplicate_groups(texts: TextBuffers) -> NDArray[np.int64]:
    """Numbers the texts so that nearly equal ones share a number; shape (n_texts,)."""
    return alike_groups(sketches_of(texts))


def alike_groups(of: Sketches) -> NDArray[np.int64]:
    """Numbers sketched texts so that nearly equal ones share a number.

    One-permutation minhash over shingles of three terms (Li, Owen and Zhang 2012), candidates by locality-sensitive
    hashing, accepted from an estimated Jaccard similarity of `NEAR_DUPLICATE`.

    Returns
    -------
    int64 array of shape (n_texts,)
    """
    from scipy.sparse import coo_array  # half a second of loading that scoring a few rows can do without
    from scipy.sparse.csgraph import connected_components

    sketches, sequences = of
    n = len(sequences)
    left, right = [], []
    for start in range(0, SKETCH_BINS, _BAND_ROWS):
        band = sketches[:, start : start + _BAND_ROWS]
        filled = np.flatnonzero((band != EMPTY_BIN).sum(axis=1) >= 2)
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
        filled = (sketches[a] != EMPTY_BIN) | (sketches[b] != EMPTY_BIN)
        alike = ((sketches[a] == sketches[b]) & filled).sum(axis=1) / np.maximum(filled.sum(axis=1), 1)
        keep = (alike >= NEAR_DUPLICATE) | (sequences[a] == sequences[b])
        a, b = a[keep], b[keep]
    graph = coo_array((np.ones(len(a), np.int8), (a, b)), shape=(n, n))
    return connected_components(graph, directed=False)[1].astype(np.int64)
