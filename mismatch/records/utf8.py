"""Whether bytes are well-formed UTF-8, in compiled code."""

from __future__ import annotations

import numpy as np
from numba import njit

from mismatch.intrinsics import WORDS_WIDTH, lowest_bit, not_ascii_mask


@njit(nogil=True, cache=True)
def valid_utf8(buffer: np.ndarray, start: int, end: int) -> bool:
    """Whether `buffer[start:end]` is well-formed UTF-8 (Unicode 16, table 3-7: no surrogates, nothing
    overlong)."""
    i = start
    while i < end:
        if buffer[i] < 0x80:
            if i + WORDS_WIDTH <= end:
                high = not_ascii_mask(buffer, i)
                i += WORDS_WIDTH if high == 0 else lowest_bit(high)
            else:
                i += 1
            continue
        lead = buffer[i]
        if 0xC2 <= lead <= 0xDF:
            if i + 1 >= end or buffer[i + 1] & 0xC0 != 0x80:
                return False
            i += 2
        elif 0xE0 <= lead <= 0xEF:
            if i + 2 >= end or buffer[i + 1] & 0xC0 != 0x80 or buffer[i + 2] & 0xC0 != 0x80:
                return False
            if (lead == 0xE0 and buffer[i + 1] < 0xA0) or (lead == 0xED and buffer[i + 1] > 0x9F):
                return False
            i += 3
        elif 0xF0 <= lead <= 0xF4:
            if i + 3 >= end or buffer[i + 1] & 0xC0 != 0x80:
                return False
            if buffer[i + 2] & 0xC0 != 0x80 or buffer[i + 3] & 0xC0 != 0x80:
                return False
            if (lead == 0xF0 and buffer[i + 1] < 0x90) or (lead == 0xF4 and buffer[i + 1] > 0x8F):
                return False
            i += 4
        else:
            return False
    return True
