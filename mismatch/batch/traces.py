"""What is kept of a row to find repeats: hashes of its title and its body, never their text. Compiled.

A body is described by a sketch, as `terms.near_duplicates` makes it, of which a byte a bin is kept: enough to estimate how
much two bodies share. What a page repeats of its title in its body is left out of the sketch, so that one notice under many
titles stays one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mismatch.compiling.kernels import kernel
from mismatch.terms.hashing import mix
from mismatch.terms.near_duplicates import EMPTY_BIN, SKETCH_BINS
from mismatch.terms.text_buffers import text_buffers
from mismatch.terms.tokens import CHUNK_TERMS, STATE_SIZE, cut_terms, fold_arguments

TITLE_STEMS = 16
"""different stems that are kept of a title"""
BANDS, _BAND_BINS = 16, SKETCH_BINS // 16
_BAND_FILLED = 2
"""bins of a band that must have something in them for it to say anything"""
_BYTE = np.uint64(255)
_BAND_SALT = np.uint64(0x9E3779B97F4A7C15)


class Traces(NamedTuple):
    """What is kept of some rows."""

    title_keys: NDArray[np.uint64]
    """shape (n_rows,): a hash of the title's terms in their order; 0 where it has none"""
    body_keys: NDArray[np.uint64]
    """the same of the bodies"""
    lengths: NDArray[np.uint32]
    """shape (n_rows,): terms of the body"""
    stems: NDArray[np.uint32]
    """shape (n_rows, TITLE_STEMS): the different stems of the title, 0 where there are no more"""
    found: NDArray[np.uint32]
    """shape (n_rows,): bit k says that the body has the stem k, elsewhere than in a title that it begins with"""
    bands: NDArray[np.uint32]
    """shape (n_rows, BANDS): bodies that are alike share one of these; 0 for nothing"""
    bins: NDArray[np.uint8]
    """shape (n_rows, SKETCH_BINS): bodies share as many of these as they share terms side by side; 0 for an empty bin"""

    def __len__(self) -> int:
        return len(self.title_keys)


@kernel
def _trace_rows(
    title_data, title_offsets, titles_valid, body_data, body_offsets, bodies_valid, fold, title_keys, body_keys, lengths,
    title_stems, found, sketches,
):  # fmt: skip
    terms = np.empty(CHUNK_TERMS, np.uint64)
    stems = np.empty(CHUNK_TERMS, np.uint64)
    ends = np.empty(CHUNK_TERMS, np.int64)
    state = np.zeros(STATE_SIZE, np.int64)
    title = np.zeros(CHUNK_TERMS, np.uint64)  # its first terms
    for row in range(titles_valid.shape[0]):
        n_stems = 0
        n_title = 0
        present = np.uint64(0)  # a bit for each stem of the title, so that most terms of the body need no comparison
        for side in range(2):
            if (titles_valid[row] if side == 0 else bodies_valid[row]) == 0:
                continue
            data = title_data if side == 0 else body_data
            pos = title_offsets[row] if side == 0 else body_offsets[row]
            stop = title_offsets[row + 1] if side == 0 else body_offsets[row + 1]
            whole = np.uint64(0)
            length = 0
            one = np.uint64(0)
            two = np.uint64(0)
            echoed = 0
            begins = True  # the body begins with its title
            while pos < stop:
                n, pos = cut_terms(data, pos, stop, state, fold[0], fold[1], fold[2], fold[3], fold[4], terms, stems, ends)
                for k in range(n):
                    term = terms[k]
                    whole = mix(whole ^ term) * np.uint64(3)
                    stem = np.uint32(mix(stems[k]) >> np.uint64(32)) | np.uint32(1)
                    bit = np.uint64(1) << np.uint64(stem >> np.uint32(26))
                    place = -1
                    if present & bit:
                        for i in range(n_stems):
                            if title_stems[row, i] == stem:
                                place = i
                                break
                    if side == 0:
                        if place < 0 and n_stems < TITLE_STEMS:
                            title_stems[row, n_stems] = stem
                            present |= bit
                            n_stems += 1
                        if n_title < CHUNK_TERMS:
                            title[n_title] = term
                            n_title += 1
                        continue
                    if place >= 0:
                        found[row] |= np.uint32(1) << np.uint32(place)
                        echoed += 1
                    else:
                        echoed = 0
                    shingle = mix(two * np.uint64(9) ^ one * np.uint64(3) ^ term)
                    two = one
                    one = term
                    if echoed < 3:
                        b = np.int64(shingle >> np.uint64(58))
                        value = shingle << np.uint64(6)
                        if value < sketches[row, b]:
                            sketches[row, b] = value
                    at = length + k
                    if begins and at < n_title:
                        begins = title[at] == term
                        if begins and at == n_title - 1:
                            found[row] = np.uint32(0)  # that says nothing of the rest
                length += n
            key = whole | np.uint64(1) if length else np.uint64(0)
            if side == 0:
                title_keys[row] = key
            else:
                body_keys[row] = key
                lengths[row] = length


def traces_of(titles: pa.Array | pa.ChunkedArray, bodies: pa.Array | pa.ChunkedArray) -> Traces:
    """The traces of pairs; each text is read once."""
    title_texts, body_texts = text_buffers(titles), text_buffers(bodies)
    n = len(title_texts.valid)
    keys = np.zeros(n, np.uint64), np.zeros(n, np.uint64)
    lengths, found = np.zeros(n, np.uint32), np.zeros(n, np.uint32)
    stems, sketches = np.zeros((n, TITLE_STEMS), np.uint32), np.full((n, SKETCH_BINS), EMPTY_BIN, np.uint64)
    _trace_rows(*title_texts, *body_texts, fold_arguments(), *keys, lengths, stems, found, sketches)
    return Traces(*keys, lengths, stems, found, *_shortened(sketches))


def _shortened(sketches: NDArray[np.uint64]) -> tuple[NDArray[np.uint32], NDArray[np.uint8]]:
    """Hashes of the bands of sketches, and their bins as bytes."""
    empty = sketches == EMPTY_BIN
    bins = (sketches >> np.uint64(6)) % _BYTE + np.uint64(1)
    hashes = np.zeros((len(sketches), BANDS), np.uint64)
    for k in range(_BAND_BINS):
        hashes = (hashes ^ sketches[:, k::_BAND_BINS]) * _BAND_SALT
        hashes ^= hashes >> np.uint64(32)
    filled = (~empty).reshape(-1, BANDS, _BAND_BINS).sum(axis=2) >= _BAND_FILLED
    bands = (hashes & np.uint64(0xFFFFFFFF)).astype(np.uint32) | np.uint32(1)
    return np.where(filled, bands, 0).astype(np.uint32), np.where(empty, 0, bins).astype(np.uint8)
