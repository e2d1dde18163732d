"""Where the lines of a buffer are."""

from __future__ import annotations

import numpy as np
from numba import njit

from mismatch.intrinsics import WORDS_WIDTH, lowest_bit, newline_mask


@njit(nogil=True, cache=True, inline="always")
def is_space(c: int) -> bool:
    """Whether a byte is white space in JSON."""
    return c == 0x20 or c == 0x0A or c == 0x0D or c == 0x09


@njit(nogil=True, cache=True)
def count_newlines(buffer: np.ndarray) -> int:
    """How many newlines a buffer holds."""
    n = 0
    for i in range(len(buffer)):
        n += buffer[i] == 0x0A
    return n


@njit(nogil=True, cache=True)
def line_table(buffer: np.ndarray, starts: np.ndarray, ends: np.ndarray, numbers: np.ndarray, first: int) -> int:
    """Fills start, end (white space at the end left out) and number of every line that is not blank.

    The arrays, int64, must hold as many lines as the buffer has newlines and one more. Returns the number
    of rows; `first` is the number of the first line.
    """
    rows, number, begin, n = 0, first, 0, len(buffer)
    i = 0
    while begin < n:
        end = n
        while i < n:
            if i + WORDS_WIDTH <= n:
                mask = newline_mask(buffer, i)
                if mask == 0:
                    i += WORDS_WIDTH
                    continue
                i += lowest_bit(mask)
            elif buffer[i] != 0x0A:
                i += 1
                continue
            end = i
            break
        last = end
        while last > begin and is_space(buffer[last - 1]):
            last -= 1
        if last > begin:
            starts[rows], ends[rows], numbers[rows] = begin, last, number
            rows += 1
        number += 1
        begin = i = end + 1
    return rows


def lines_of(buffer: np.ndarray, first: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Start, end and number of each line that is not blank: three int64[n]."""
    room = count_newlines(buffer) + 1
    starts, ends, numbers = (np.empty(room, np.int64) for _ in range(3))
    n = line_table(buffer, starts, ends, numbers, first)
    return starts[:n], ends[:n], numbers[:n]
