"""The different terms of each row of a batch, as the search for shifts reads them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mismatch.compiling.kernels import kernel
from mismatch.terms.text_buffers import TextBuffers
from mismatch.terms.tokens import CHUNK_TERMS, STATE_SIZE, cut_terms, fold_arguments

MOST_OF_TITLE, MOST_OF_BODY = 128, 400
"""different words and stems that are read of a title and of a body: what tells of a body's story stands at its beginning"""
LEAD = 100.0
"""terms after which a term of the body counts for less"""
_SEEN_SLOTS = 1 << 10


class TermLists(NamedTuple):
    """The different words and stems of each row: those of row i are ``hashes[starts[i]:starts[i + 1]]``."""

    starts: NDArray[np.int64]
    """shape (n_rows + 1,)"""
    hashes: NDArray[np.uint64]
    weights: NDArray[np.float32]
    """how much each counts: 1 at the beginning of the text, 0.5 further down"""

    def __len__(self) -> int:
        return len(self.starts) - 1

    def rows(self, first: int, stop: int) -> TermLists:
        """Some of the rows."""
        begin, end = self.starts[first], self.starts[stop]
        return TermLists(self.starts[first : stop + 1] - begin, self.hashes[begin:end], self.weights[begin:end])


@kernel
def _list_terms(data, offsets, valid, fold, most, starts, hashes, weights):
    terms = np.empty(CHUNK_TERMS, np.uint64)
    stems = np.empty(CHUNK_TERMS, np.uint64)
    ends = np.empty(CHUNK_TERMS, np.int64)
    state = np.zeros(STATE_SIZE, np.int64)
    seen = np.zeros(_SEEN_SLOTS, np.uint64)
    stamps = np.zeros(_SEEN_SLOTS, np.int64)
    total = np.int64(0)
    for row in range(valid.shape[0]):
        starts[row] = total
        if valid[row] == 0:
            continue
        pos = offsets[row]
        stop = offsets[row + 1]
        state[:] = 0
        place = 0
        full = min(starts[row] + most, hashes.shape[0])
        while pos < stop and total < full:
            n, pos = cut_terms(data, pos, stop, state, fold[0], fold[1], fold[2], fold[3], fold[4], terms, stems, ends)
            for k in range(2 * n):
                h = terms[k >> 1] if k & 1 else stems[k >> 1]
                i = np.int64(h) & (_SEEN_SLOTS - 1)
                while stamps[i] == row + 1 and seen[i] != h:
                    i = (i + 1) & (_SEEN_SLOTS - 1)
                if stamps[i] != row + 1 and total < full:
                    stamps[i] = row + 1
                    seen[i] = h
                    hashes[total] = h
                    weights[total] = 1.0 / (1.0 + np.log(1.0 + (place + (k >> 1)) / LEAD))
                    total += 1
            place += n
    starts[valid.shape[0]] = total


def term_lists(texts: TextBuffers, most: int) -> TermLists:
    """The first `most` different words and stems of each text."""
    n = len(texts.valid)
    sizes = np.minimum(2 * (texts.offsets[1:] - texts.offsets[:-1]), most)  # a few characters are folded to more
    starts, room = np.zeros(n + 1, np.int64), int(sizes.sum())
    hashes, weights = np.empty(room, np.uint64), np.empty(room, np.float32)
    _list_terms(texts.data, texts.offsets, texts.valid, fold_arguments(), most, starts, hashes, weights)
    return TermLists(starts, hashes[: starts[-1]].copy(), weights[: starts[-1]].copy())


def joined(parts: list[TermLists]) -> TermLists:
    """The rows of several lists, one after another."""
    ends = np.cumsum([0, *(part.starts[-1] for part in parts)])
    starts = [part.starts[:-1] + end for part, end in zip(parts, ends[:-1], strict=True)]
    nothing = TermLists(np.zeros(0, np.int64), np.zeros(0, np.uint64), np.zeros(0, np.float32))
    return TermLists(
        np.concatenate([*starts, ends[-1:]]).astype(np.int64),
        np.concatenate([nothing.hashes, *(part.hashes for part in parts)]),
        np.concatenate([nothing.weights, *(part.weights for part in parts)]),
    )
