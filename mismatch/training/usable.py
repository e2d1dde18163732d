"""Which pairs have enough text to learn from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mismatch.compiling.kernels import kernel
from mismatch.terms.text_buffers import TextBuffers
from mismatch.terms.tokens import SLACK_TERMS, STATE_SIZE, cut_terms, fold_arguments

MIN_TITLE_TERMS = 1
MIN_BODY_TERMS = 5
_ROOM = SLACK_TERMS + 16
"""terms that are cut at once: few, because most texts have enough of them in their first line"""


def usable_pairs(titles: TextBuffers, bodies: TextBuffers) -> NDArray[np.bool_]:
    """Which pairs have enough text to learn from: `MIN_TITLE_TERMS` and `MIN_BODY_TERMS`; shape (n_pairs,)."""
    usable = (titles.valid > 0) & (bodies.valid > 0)
    for texts, least in ((titles, MIN_TITLE_TERMS), (bodies, MIN_BODY_TERMS)):
        _drop_short(texts.data, texts.offsets, fold_arguments(), least, usable)
    return usable


@kernel
def _drop_short(data, offsets, fold, least, usable):
    """Sets `usable` to False where a text has fewer than `least` terms. Reads each text only until it has them."""
    terms = np.empty(_ROOM, np.uint64)
    stems = np.empty(_ROOM, np.uint64)
    ends = np.empty(_ROOM, np.int64)
    state = np.zeros(STATE_SIZE, np.int64)
    for row in range(usable.shape[0]):
        if not usable[row]:
            continue
        state[:] = 0
        found = np.int64(0)
        pos = offsets[row]
        stop = offsets[row + 1]
        while pos < stop and found < least:
            n, pos = cut_terms(data, pos, stop, state, fold[0], fold[1], fold[2], fold[3], fold[4], terms, stems, ends)
            found += n
        usable[row] = found >= least
