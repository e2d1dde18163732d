"""The shape of a text: what its lines, sentence ends, bars, figures and capitals look like, in compiled code.

Pages that stand in an article's place are made of short lines and bars, and end few sentences. 64 bytes are looked at at a
time; only newlines and the marks of other scripts are then visited one by one.
"""

from __future__ import annotations

import numpy as np

from mismatch.compiling.kernels import part
from mismatch.terms.vector_instructions import (
    WORDS_WIDTH,
    bar_mask,
    capital_mask,
    count_bits,
    digit_mask,
    end_mask,
    foreign_mark_mask,
    lowest_bit,
    newline_mask,
    question_mask,
    visible_mask,
)

N_SHAPE = 12
_SHORT_LINE = 60
"""bytes below which a line is short"""
_ONE = np.uint64(1)
_ALL = np.uint64(0xFFFFFFFFFFFFFFFF)


@part(inline=True)
def _foreign_mark(data, p, stop):
    """What begins at `p`, as far as it lies before `stop`: (bars, ends of sentences, questions)."""
    if p + 1 >= stop:
        return 0, 0, 0
    b = data[p]
    c = data[p + 1]
    if b == 0xC2:
        return np.int64(c == 0xB7 or c == 0xBB), 0, 0
    if b == 0xD8:
        return 0, np.int64(c == 0x9F), np.int64(c == 0x9F)
    if p + 2 >= stop:
        return 0, 0, 0
    d = data[p + 2]
    if b == 0xE2:  # single guillemets and bullets; arrows, boxes, ticks
        return np.int64((c == 0x80 and (d == 0xBA or d == 0xA2)) or c == 0x86 or c == 0x98 or c == 0x9C), 0, 0
    if b == 0xE3:
        return np.int64(c == 0x83 and d == 0xBB), np.int64(c == 0x80 and d == 0x82), 0
    if b == 0xEF:
        return np.int64(c == 0xBD and d == 0x9C), np.int64(c == 0xBC and (d == 0x9F or d == 0x81)), 0
    return 0, np.int64(b == 0xE0 and c == 0xA5 and d == 0xA4), 0


@part
def _count_marks(data, pos, stop, padded):
    """(lines, short lines, bars, ends of sentences, figures, questions, capitals) of `data[pos:stop]`.

    `padded` is room for 64 bytes, for the end of a buffer.
    """
    lines = short = bars = ends = figures = questions = capitals = 0
    line_start = pos
    text = False
    before = np.uint64(0)  # whether the byte before was a digit
    while pos < stop:
        n = min(WORDS_WIDTH, stop - pos)
        source = data
        at = pos
        if pos + WORDS_WIDTH > data.shape[0]:
            for k in range(n):
                padded[k] = data[pos + k]
            source = padded
            at = 0
        inside = _ALL >> np.uint64(WORDS_WIDTH - n)
        digits = digit_mask(source, at) & inside
        figures += count_bits(digits & ~(digits << _ONE | before))
        before = digits >> np.uint64(63)
        capitals += count_bits(capital_mask(source, at) & inside)
        ends += count_bits(end_mask(source, at) & inside)
        questions += count_bits(question_mask(source, at) & inside)
        bars += count_bits(bar_mask(source, at) & inside)
        visible = visible_mask(source, at) & inside
        newlines = newline_mask(source, at) & inside
        while newlines != 0:
            k = lowest_bit(newlines)
            newlines &= newlines - _ONE
            of_line = (_ONE << np.uint64(k)) - _ONE
            if text or visible & of_line != 0:
                lines += 1
                short += pos + k - line_start < _SHORT_LINE
            visible &= ~of_line
            line_start = pos + k + 1
            text = False
        text |= visible != 0
        foreign = foreign_mark_mask(source, at) & inside
        while foreign != 0:
            more = _foreign_mark(data, pos + lowest_bit(foreign), stop)
            foreign &= foreign - _ONE
            bars += more[0]
            ends += more[1]
            questions += more[2]
        pos += n
    if text:
        lines += 1
        short += stop - line_start < _SHORT_LINE
    return lines, short, bars, ends, figures, questions, capitals


@part
def measure_shape(data, pos, stop, n_terms, known_terms, known_stems, padded, out):
    """Writes the shape of `data[pos:stop]` to `out`, shape (N_SHAPE,): numbers from 0 to about 2.

    `padded` is a uint8 array of shape (64,) to work in.
    """
    lines, short, bars, ends, figures, questions, capitals = _count_marks(data, pos, stop, padded)
    n = max(n_terms, 1)
    out[0] = np.log(1.0 + n) / 3
    out[1] = max(0.0, np.log(n / 100))
    out[2] = min(1.0, 5.0 * lines / n)
    out[3] = short / max(1, lines)
    out[4] = min(1.0, 6.0 * bars / n)
    out[5] = min(1.0, 6.0 * ends / n)
    out[6] = min(1.0, 3.0 * figures / n)
    out[7] = min(1.0, 15.0 * questions / n)
    out[8] = min(1.0, capitals / n)
    out[9] = 2.0 * known_terms / n
    out[10] = 2.0 * known_stems / n
    out[11] = figures / n
