"""Lines in a buffer of bytes: where each begins and ends, and whether its bytes are well-formed UTF-8."""

from __future__ import annotations

import numpy as np

from mismatch.compiling.kernels import kernel, part, read_only
from mismatch.terms.vector_instructions import WORDS_WIDTH, lowest_bit, newline_mask, not_ascii_mask


@part(inline=True)
def is_space(c: int) -> bool:
    """Whether a byte is white space in JSON."""
    return c == 0x20 or c == 0x0A or c == 0x0D or c == 0x09


@kernel
def count_newlines(buffer: np.ndarray) -> int:
    """How many newlines a buffer holds."""
    n = 0
    for i in range(len(buffer)):
        n += buffer[i] == 0x0A
    return n


@kernel
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
    buffer = read_only(buffer)
    room = count_newlines(buffer) + 1
    starts, ends, numbers = (np.empty(room, np.int64) for _ in range(3))
    n = line_table(buffer, starts, ends, numbers, first)
    return starts[:n], ends[:n], numbers[:n]


@part
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
