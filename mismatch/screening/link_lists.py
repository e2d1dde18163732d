"""Pages that are lists of links: the front page of a site or of a section, an archive, a menu. In compiled code.

Such a page is many short lines: names of sections, dates, headlines, and hardly a sentence. No word is looked at, so that it
is told in every language. An article shows in its first lines that it is none.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mismatch.compiling.kernels import kernel, part
from mismatch.screening.page_lines import divides
from mismatch.terms.text_buffers import TextBuffers

MIN_LINES = 14
LONG_LINE = 100
"""characters from which a line is a paragraph"""
SENTENCE_WORDS = 5
"""words from which a line that ends like a sentence is one; of scripts without spaces the count is of `CHARACTERS_A_WORD`"""
TINY_WORDS = 2
"""words of a name of a section, or a date"""
CHARACTERS_A_WORD = 3
MOST_PROSE, LEAST_TINY = 0.1, 0.3
"""shares of the lines"""
MOST_FIGURES = 0.4
"""share of the words that are numbers, from which the lines are a table"""


@part
def _ends_sentence(data, begin, stop):
    """Whether a line ends in a mark that ends sentences, behind which quotation marks and brackets may stand."""
    p = stop - 1
    while p > begin:
        b = data[p]
        if b == 46 or b == 33 or b == 63:
            return True
        if b <= 32 or b == 34 or b == 39 or b == 41:
            p -= 1
            continue
        if b < 0x80:
            return False
        while p > begin and data[p] & 0xC0 == 0x80:
            p -= 1
        if p + 1 >= stop:
            return False
        c = data[p]
        d = data[p + 1]
        e = data[p + 2] if p + 2 < stop else np.uint8(0)
        if (c == 0xE3 and d == 0x80 and e == 0x82) or (c == 0xEF and d == 0xBC and (e == 0x81 or e == 0x9F)):
            return True  # East Asian
        if (c == 0xE0 and d == 0xA5 and (e == 0xA4 or e == 0xA5)) or (c == 0xD8 and d == 0x9F) or (c == 0xDB and d == 0x94):
            return True  # Devanagari; Arabic, Urdu
        if (c == 0xE1 and d == 0x8D and e == 0xA2) or (c == 0xE2 and d == 0x80 and e == 0xA6):
            return True  # Ethiopic; an ellipsis
        if (c == 0xE2 and d == 0x80 and 0x98 <= e <= 0x9F) or (c == 0xC2 and d == 0xBB) or (c == 0xE3 and d == 0x80):
            p -= 1
            continue
        return False
    return False


@part
def _ends_in_colon(data, begin, stop):
    """Whether a line names a field, of a form or a table."""
    p = stop - 1
    while p > begin and data[p] <= 32:
        p -= 1
    return data[p] == 58 or (p - begin >= 2 and data[p] == 0x9A and data[p - 1] == 0xBC and data[p - 2] == 0xEF)


@part
def _measure(data, begin, stop):
    """(characters, words, numbers) of a line."""
    characters = words = numbers = unspaced = np.int64(0)
    inside = False
    for p in range(begin, stop):
        b = data[p]
        characters += b & 0xC0 != 0x80
        unspaced += (b == 0xE0 and p + 1 < stop and 0xB8 <= data[p + 1] <= 0xBB) or 0xE3 <= b <= 0xED  # and Thai, Lao
        letter = 48 <= b < 58 or 97 <= (b | 32) < 123 or b >= 128
        if letter and not inside:
            words += 1
            numbers += 48 <= b < 58 or (b in (0xD9, 0xDB) and p + 1 < stop and 0xA0 <= data[p + 1] <= 0xB9)
        inside = letter
    return characters, max(words, unspaced // CHARACTERS_A_WORD), numbers


@kernel
def _find(data, offsets, rows, out):
    for k in range(rows.shape[0]):
        pos = offsets[rows[k]]
        stop = offsets[rows[k] + 1]
        lines = prose = tiny = words = numbers = running_on = np.int64(0)
        is_list = True
        while pos < stop:
            while pos < stop and (data[pos] <= 32 or divides(data, pos, stop)):
                pos += 1
            end = pos
            while end < stop and not divides(data, end, stop) and end - pos < 4 * LONG_LINE:
                end += 1
            if end == pos:
                break
            characters, n_words, n_numbers = _measure(data, pos, end)
            lines += n_words > 0
            words += n_words
            numbers += n_numbers
            is_sentence = n_words >= SENTENCE_WORDS and _ends_sentence(data, pos, end)
            prose += characters >= LONG_LINE or is_sentence or _ends_in_colon(data, pos, end)
            tiny += 0 < n_words <= TINY_WORDS
            running_on += 97 <= data[pos] < 123
            if prose > 1 and prose > MOST_PROSE * max(lines, 2 * MIN_LINES):
                is_list = False
                break
            pos = end
        out[k] = (
            is_list
            and lines >= MIN_LINES
            and prose <= MOST_PROSE * lines
            and running_on <= MOST_PROSE * lines
            and tiny >= LEAST_TINY * lines
            and numbers <= MOST_FIGURES * words
        )


def are_link_lists(bodies: TextBuffers, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether the body of each of `rows` is a list of links, shape (n,).

    Examples
    --------
    >>> import pyarrow as pa
    >>> from mismatch.terms.text_buffers import text_buffers
    >>> page = "\\n".join(["Harbour", "Ferry aground in fog", "3 May", "Fish", "Cod quota cut again", "2 May"] * 4)
    >>> are_link_lists(text_buffers(pa.array([page, "The ferry ran aground. " * 20])), np.arange(2)).tolist()
    [True, False]
    """
    out = np.zeros(len(rows), np.bool_)
    _find(bodies.data, bodies.offsets, rows, out)
    return out
