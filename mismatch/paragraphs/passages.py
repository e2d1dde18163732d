"""Splits a body into passages: its paragraphs, where it has them, and runs of sentences of about that size where not.

A line of at least `MIN_TERMS` terms is a paragraph. Shorter lines (wrapped text, lists, headings) are read together until
there are as many; what is over before the next paragraph stays a short passage. A longer paragraph is cut behind
sentences once it has `FULL_TERMS`, as long as `MIN_TERMS` remain, and anywhere once it has `LONGEST_TERMS`.
"""

from __future__ import annotations

import numpy as np

from mismatch.compiling.kernels import kernel, part
from mismatch.terms.tokens import SLACK_TERMS, STATE_SIZE, cut_terms, fold_arguments

MIN_TERMS = 16
FULL_TERMS = 24
LONGEST_TERMS = 64
MAX_TERMS = 16_384
"""of a longer body the first terms are read"""
ROOM = MAX_TERMS + SLACK_TERMS
"""size of the arrays that the terms are cut into"""
MAX_PASSAGES = 256
"""the passages of a long body are longer, so that there are at most so many"""


@part
def _ends_sentence(data, begin, p):
    """Whether a sentence ends just before byte `p`: a full stop with a blank behind it, or one that needs none."""
    b = data[p - 1]
    if b >= 0x80:
        if p - begin < 3:
            return False
        c = data[p - 2]
        d = data[p - 3]
        return (
            (d == 0xE3 and c == 0x80 and b == 0x82)  # ideographic full stop
            or (d == 0xEF and c == 0xBC and (b == 0x81 or b == 0x9F))  # full-width exclamation and question marks
            or (d == 0xE0 and c == 0xA5 and (b == 0xA4 or b == 0xA5))  # danda
            or (d == 0xE1 and c == 0x8D and (b == 0xA2 or b == 0xA7))  # Ethiopic full stop and question mark
            or (d == 0xE1 and c == 0x81 and b == 0x8B)  # Burmese section
        )
    if b != 32 and b != 9:
        return False
    q = p - 2
    for _ in range(2):  # up to two closing quotes or brackets
        if q < begin:
            return False
        c = data[q]
        if c == 34 or c == 39 or c == 41 or c == 93:
            q -= 1
        elif (c == 0x9D or c == 0x99 or c == 0x9C) and q - begin >= 2 and data[q - 1] == 0x80 and data[q - 2] == 0xE2:
            q -= 3
        elif c == 0xBB and q > begin and data[q - 1] == 0xC2:
            q -= 2
        else:
            break
    if q < begin:
        return False
    c = data[q]
    if c == 46 or c == 33 or c == 63:
        return True
    return q > begin and ((c == 0x9F and data[q - 1] == 0xD8) or (c == 0x94 and data[q - 1] == 0xDB))  # Arabic, Urdu


@part
def split(data, begin, stop, ends, n_terms, first, bounds):
    """Cuts `data[begin:stop]`, whose terms end at `ends[:n_terms]`, into passages.

    Parameters
    ----------
    first : int32 array of shape (MAX_PASSAGES + 1,), out
        Number of the first term of each passage, and of the term behind the last.
    bounds : int64 array of shape (MAX_PASSAGES + 1,), out
        First byte of each passage, and the byte behind the last.

    Returns
    -------
    The number of passages.
    """
    factor = 1 + n_terms // (MAX_PASSAGES * FULL_TERMS // 2)
    least = MIN_TERMS * factor
    full = FULL_TERMS * factor
    longest = LONGEST_TERMS * factor
    n = 0
    t = 0
    first[0] = 0
    bounds[0] = begin
    p = begin
    while p < stop:
        line = p
        line_term = t
        line_stop = p
        while line_stop < stop and data[line_stop] != 10 and data[line_stop] != 13:
            line_stop += 1
        line_stop = min(line_stop + 1, stop)
        last = t
        while last < n_terms and ends[last] <= line_stop:
            last += 1
        p = line_stop
        t = last
        if last - line_term < least:
            if last - first[n] >= least and n + 1 < MAX_PASSAGES:
                n += 1
                first[n] = last
                bounds[n] = line_stop
            continue
        if line_term > first[n] and n + 1 < MAX_PASSAGES:
            n += 1
            first[n] = line_term
            bounds[n] = line
        k = line_term
        for q in range(line + 1, line_stop):
            while k < last and ends[k] <= q:
                k += 1
            size = k - first[n]
            if size < full or last - k < least:
                continue
            if (_ends_sentence(data, line, q) or (size >= longest and ends[k - 1] == q)) and n + 1 < MAX_PASSAGES:
                n += 1
                first[n] = k
                bounds[n] = q
        if n + 1 < MAX_PASSAGES:
            n += 1
            first[n] = last
            bounds[n] = line_stop
    if first[n] < n_terms or n == 0:
        n += 1
    first[n] = n_terms
    bounds[n] = stop
    return n


@part
def cut_body(data, begin, stop, fold, state, terms, stems, ends):
    """Cuts the first terms of a text, at most `MAX_TERMS`; returns their number and the byte behind what was read.

    The arrays have room for `ROOM` terms.
    """
    state[:] = 0
    n, pos = cut_terms(data, begin, stop, state, fold[0], fold[1], fold[2], fold[3], fold[4], terms, stems, ends)
    if pos < stop and n > 0:
        n = min(n, MAX_TERMS)
        pos = ends[n - 1]
    return n, pos


@kernel
def _split_text(data, stop, fold, first, bounds):
    terms = np.empty(ROOM, np.uint64)
    stems = np.empty(ROOM, np.uint64)
    ends = np.empty(ROOM, np.int64)
    n, pos = cut_body(data, np.int64(0), stop, fold, np.zeros(STATE_SIZE, np.int64), terms, stems, ends)
    return split(data, np.int64(0), pos, ends, n, first, bounds)


def passages_of(text: bytes) -> list[tuple[int, int, int]]:
    """First byte, byte behind the last, and number of terms of each passage of a text."""
    first, bounds = np.zeros(MAX_PASSAGES + 1, np.int32), np.zeros(MAX_PASSAGES + 1, np.int64)
    n = _split_text(np.frombuffer(text or b" ", np.uint8), len(text), fold_arguments(), first, bounds)
    return [(int(bounds[k]), int(bounds[k + 1]), int(first[k + 1] - first[k])) for k in range(n)]
