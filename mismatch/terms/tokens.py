"""UTF-8 bytes to hashed terms, compiled, without an object per word.

A *term* is a word (letters and digits, case and accents folded) or, in scripts written without spaces, a pair of
neighbouring characters. Every term has a *stem*, which stands in for a stemmer in every language: the hash of a word's
first five letters (three syllables in syllabaries). A pair is its own stem, for any two texts share characters. Words of a
single letter are left out; single digits stay; a point or comma between digits is skipped ("1,000" is 1000).

Words of plain ASCII, between other plain ASCII, are found 64 bytes at a time by vector instructions and never looked at
letter by letter; everything else goes one code point after the other. Any bytes may come in: what is not well-formed
UTF-8 separates words.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mismatch.compiling.kernels import kernel, part, read_only
from mismatch.terms.folding import CODE_POINT_MASK, DIGIT, PAIR_SCRIPT, SYLLABLE, folding_table
from mismatch.terms.hashing import HAS_DIGIT, finish, marked, push, step
from mismatch.terms.text_buffers import TextBuffers
from mismatch.terms.vector_instructions import (
    WORDS_WIDTH,
    digit_mask,
    eight_bytes,
    highest_bit,
    joiner_mask,
    letter_mask,
    lowest_bit,
    not_ascii_mask,
)

STEM_LETTERS = 5
_STEM_SALT = np.uint64(0x5BD1E995A3C59AC3)
_PAIR_SALT = np.uint64(0x2545F4914F6CDD1D)
_LOWER_CASE = np.uint64(0x2020202020202020)
_FIVE_BYTES = np.uint64(0xFFFFFFFFFF)
_ALL = np.uint64(0xFFFFFFFFFFFFFFFF)
_ONE = np.uint64(1)
_NONE = np.uint64(0)
_LAST_OF_64 = np.uint64(1 << 63)
_AHEAD = WORDS_WIDTH + 16
"""bytes that must exist from where 64 bytes are looked at: eight may be read from any place in a word"""

CHUNK_TERMS = 256
"""Terms that are cut before they are looked at: the size of the working arrays, whatever the length of the text."""


@part
def _decode(data, pos, stop):
    """The code point at `pos` and its length in bytes; (0, 1) for a byte that is not part of well-formed UTF-8."""
    b0 = np.int64(data[pos])
    left = stop - pos
    if b0 < 0x80:
        return b0, 1
    if 0xC2 <= b0 < 0xE0 and left >= 2:
        b1 = np.int64(data[pos + 1])
        if b1 & 0xC0 == 0x80:
            return (b0 & 0x1F) << 6 | (b1 & 0x3F), 2
    elif 0xE0 <= b0 < 0xF0 and left >= 3:
        b1 = np.int64(data[pos + 1])
        b2 = np.int64(data[pos + 2])
        if b1 & 0xC0 == 0x80 and b2 & 0xC0 == 0x80:
            code = (b0 & 0x0F) << 12 | (b1 & 0x3F) << 6 | (b2 & 0x3F)
            if code >= 0x800 and not 0xD800 <= code <= 0xDFFF:
                return code, 3
    elif 0xF0 <= b0 < 0xF5 and left >= 4:
        b1 = np.int64(data[pos + 1])
        b2 = np.int64(data[pos + 2])
        b3 = np.int64(data[pos + 3])
        if b1 & 0xC0 == 0x80 and b2 & 0xC0 == 0x80 and b3 & 0xC0 == 0x80:
            code = (b0 & 0x07) << 18 | (b1 & 0x3F) << 12 | (b2 & 0x3F) << 6 | (b3 & 0x3F)
            if 0x10000 <= code <= 0x10FFFF:
                return code, 4
    return np.int64(0), 1


@part(inline=True)
def _put(terms, stems, ends, n, term, stem, end):
    terms[n] = term
    stems[n] = stem
    ends[n] = end
    return n + 1


@part(inline=True)
def _put_lone(terms, stems, ends, n, character, end):
    """A character of a script without spaces that has no neighbour."""
    term = finish(_PAIR_SALT, np.uint64(character)) & ~HAS_DIGIT
    return _put(terms, stems, ends, n, term, term, end)


@part
def _cut_ascii(data, pos, stop, room, n, terms, stems, ends):
    """Cuts words of ASCII letters and digits from `pos`, which lies between words.

    Returns (n, pos): it stops between words, at the latest before the word that touches the first byte that is not ASCII,
    the first number with points or commas inside, or the end of what can be looked at 64 bytes at a time.
    """
    while pos < stop and n < room and pos + _AHEAD <= data.shape[0]:
        if np.int64(data[pos]) + np.int64(data[pos + _AHEAD - 1]) > 510:  # never: it shows bounds checking what is read
            break
        digits = digit_mask(data, pos)
        word = letter_mask(data, pos) | digits
        joiners = joiner_mask(data, pos) & digits << _ONE
        special = not_ascii_mask(data, pos)
        seen = min(stop - pos, WORDS_WIDTH)
        if seen < WORDS_WIDTH:
            inside = (_ONE << np.uint64(seen)) - _ONE
            digits &= inside
            word &= inside
            special &= inside
        special |= joiners & (digits >> _ONE | _LAST_OF_64)
        cut = WORDS_WIDTH
        if special != 0:
            cut = lowest_bit(special)
            word &= (_ONE << np.uint64(cut)) - _ONE
        starts = word & ~(word << _ONE)
        behind = ~word & word << _ONE
        after = pos + min(cut, seen)
        if starts != 0 and cut > 0 and word >> np.uint64(cut - 1) & _ONE:  # its end is not known yet
            last = highest_bit(starts)
            starts ^= _ONE << np.uint64(last)
            after = pos + last
        while starts != 0:
            begin = lowest_bit(starts)
            end = lowest_bit(behind)
            starts &= starts - _ONE
            behind &= behind - _ONE
            length = end - begin
            at = pos + begin
            has_digit = digits >> np.uint64(begin) & _ALL >> np.uint64(64 - length) != 0
            if length <= 8:
                if length == 1 and not has_digit:
                    continue
                eight = (eight_bytes(data, at) | _LOWER_CASE) & _ALL >> np.uint64(64 - 8 * length)
                terms[n] = marked(finish(_NONE, eight), has_digit)
            else:
                eight = eight_bytes(data, at) | _LOWER_CASE
                h = _NONE
                rest = eight
                left = length
                while left > 8:
                    h = step(h, rest)
                    at += 8
                    left -= 8
                    rest = eight_bytes(data, at) | _LOWER_CASE
                terms[n] = marked(finish(h, rest & _ALL >> np.uint64(64 - 8 * left)), has_digit)
            stems[n] = finish(_STEM_SALT, eight & _FIVE_BYTES)
            ends[n] = pos + end
            n += 1
        if after == pos:
            return n, pos
        pos = after
        if special != 0:
            return n, pos
    return n, pos


STATE_SIZE = 12
SLACK_TERMS = 32  # neither 64 bytes of ASCII nor one code point ever give more terms than this


@part(inline=True)
def _add_letter(h, eight, filled, stem, weight, entry):
    """A word under way and the letter of an entry of the folding table: (hash, bytes held back, how many, stem, weight)."""
    h, eight, filled = push(h, eight, filled, entry & CODE_POINT_MASK)
    if weight < STEM_LETTERS:
        stem = h ^ eight
    return h, eight, filled, stem, weight + (2 if entry & SYLLABLE else 1)


@part
def cut_terms(data, pos, stop, state, ascii_, pages, entries, starts, expansions, terms, stems, ends):
    """Cuts `data[pos:stop]` into terms until the text or the room in the output arrays ends.

    Parameters
    ----------
    data : uint8 array
    pos, stop : int
        The bytes to read: nothing outside them counts, and nothing outside `data` is touched.
    state : int64 array of shape (STATE_SIZE,), in and out
        What was open when the room ended. Zero it before each text.
    terms, stems : uint64 arrays of one shape, larger than 32, out
    ends : int64 array of the same shape, out
        The position in `data` just behind each term.

    Returns
    -------
    (n, pos)
        How many terms were written, and where the next call goes on (`stop` when the text is used up).
    """
    room = terms.shape[0] - SLACK_TERMS
    n = np.int64(0)  # a plain 0 is a type of its own to the kernels it is handed to, compiled once more
    previous = state[0]  # last character of an open run of pairs
    alone = state[1] == 0  # that run has given no pair yet
    letters = state[2]
    weight = state[3]
    has_digit = state[4] != 0
    last_digit = state[5] != 0
    last_end = state[6] if state[6] else pos
    h = np.uint64(state[7])
    stem = np.uint64(state[8])
    eight = np.uint64(state[9])
    filled = state[10]
    again = pos  # where 64 bytes at a time are worth another try
    wait = 1
    while pos < stop:
        if letters == 0 and previous == 0 and pos >= again:
            before = pos
            n, pos = _cut_ascii(data, pos, stop, room, n, terms, stems, ends)
            wait = 1 if pos > before else min(2 * wait, 64)
            again = pos + wait
            if pos >= stop:
                break
            if n >= room:
                state[:] = 0
                return n, pos
        b = data[pos]
        if previous == 0 and 0xC2 <= b < 0xE0:  # letters of two bytes, as most of Greek, Cyrillic and Arabic
            before = pos
            while pos + 1 < stop and 0xC2 <= data[pos] < 0xE0 and data[pos + 1] & 0xC0 == 0x80:
                code = np.int64(data[pos] & 0x1F) << 6 | np.int64(data[pos + 1] & 0x3F)
                value = np.int64(entries[np.int64(pages[code >> 8]) * 256 + (code & 255)])
                if value <= 0 or value & PAIR_SCRIPT != 0:
                    break
                last_digit = value & DIGIT != 0
                has_digit |= last_digit
                h, eight, filled, stem, weight = _add_letter(h, eight, filled, stem, weight, value)
                letters += 1
                pos += 2
            if pos > before:
                last_end = pos
                continue
        size = 1
        value = np.int64(0)
        if b < 128:
            f = ascii_[b]
            if f != 0:
                value = np.int64(f) | (DIGIT if f < 58 else 0)
            elif last_digit and (b == 44 or b == 46) and pos + 1 < stop and 48 <= data[pos + 1] < 58:
                pos += 1
                continue
        else:
            code, size = _decode(data, pos, stop)
            value = np.int64(entries[np.int64(pages[code >> 8]) * 256 + (code & 255)])
        first = 0
        last = 1
        if value < -1:
            first = starts[-value - 2]
            last = starts[-value - 1]
        for k in range(first, last):
            entry = value if value >= -1 else np.int64(expansions[k])
            if entry == -1:
                continue
            if entry > 0 and entry & PAIR_SCRIPT == 0:
                if previous != 0:
                    if alone:
                        n = _put_lone(terms, stems, ends, n, previous, last_end)
                    previous = 0
                    alone = True
                last_digit = entry & DIGIT != 0
                has_digit |= last_digit
                h, eight, filled, stem, weight = _add_letter(h, eight, filled, stem, weight, entry)
                letters += 1
                last_end = pos + size
                continue
            if letters > 0:
                if letters > 1 or has_digit:
                    term = marked(finish(h, eight), has_digit)
                    n = _put(terms, stems, ends, n, term, finish(_STEM_SALT, stem), last_end)
                h = _NONE
                eight = _NONE
                filled = 0
                letters = 0
                weight = 0
                has_digit = False
                last_digit = False
            if entry > 0:
                character = entry & CODE_POINT_MASK
                if previous != 0:
                    pair = np.uint64(previous | character << 32)
                    term = finish(_PAIR_SALT, pair) & ~HAS_DIGIT
                    n = _put(terms, stems, ends, n, term, term, pos + size)
                    alone = False
                previous = character
                last_end = pos + size
            elif previous != 0:
                if alone:
                    n = _put_lone(terms, stems, ends, n, previous, last_end)
                previous = 0
                alone = True
        pos += size
        if n >= room and pos < stop:
            state[0] = previous
            state[1] = 0 if alone else 1
            state[2] = letters
            state[3] = weight
            state[4] = has_digit
            state[5] = last_digit
            state[6] = last_end
            state[7] = np.int64(h)
            state[8] = np.int64(stem)
            state[9] = np.int64(eight)
            state[10] = filled
            return n, pos
    if letters > 1 or has_digit:
        n = _put(terms, stems, ends, n, marked(finish(h, eight), has_digit), finish(_STEM_SALT, stem), last_end)
    if previous != 0 and alone:
        n = _put_lone(terms, stems, ends, n, previous, last_end)
    state[:] = 0
    return n, stop


_LONGEST_WORD = 256


@part
def end_of_term(data, pos, stop, ascii_, pages, entries):
    """The first place from `pos` on where a text can be cut in two without cutting a term: just behind a separator.

    `stop` if there is none among the next `_LONGEST_WORD` bytes.
    """
    limit = min(stop, pos + _LONGEST_WORD)
    while pos < limit and data[pos] & 0xC0 == 0x80:
        pos += 1
    while pos < limit:
        b = data[pos]
        if b < 128:
            pos += 1
            if ascii_[b] == 0 and b != 44 and b != 46:  # these may stand inside a number
                return pos
        else:
            code, size = _decode(data, pos, stop)
            pos += size
            if entries[np.int64(pages[code >> 8]) * 256 + (code & 255)] == 0:
                return pos
    return stop


def fold_arguments():  # type: ignore[no-untyped-def]
    """The folding table as compiled code takes it."""
    table = folding_table()
    return (table.ascii, table.pages, table.entries, table.expansion_starts, table.expansions)


def term_arrays(text: str) -> tuple[NDArray[np.uint64], NDArray[np.uint64], NDArray[np.int64]]:
    """The terms of one text, each array of shape (n_terms,): hashes of terms and stems, ends in bytes of UTF-8."""
    data = np.frombuffer(text.encode("utf-8", "replace") or b" ", np.uint8)
    one = TextBuffers(read_only(data), np.array([0, len(data)]), np.ones(1, np.uint8))
    _, terms, stems, ends = _cut_rows(one)
    return terms, stems, ends


def terms_of(text: str) -> list[tuple[int, int, int]]:
    """The terms of one text as (term hash, stem hash, end in UTF-8 bytes): for looking at text, not for speed."""
    terms, stems, ends = term_arrays(text)
    return list(zip(terms.tolist(), stems.tolist(), ends.tolist(), strict=True))


@kernel
def _cut_all(data, offsets, valid, fold, rows, terms_out, stems_out, ends_out):
    terms = np.empty(CHUNK_TERMS, np.uint64)
    stems = np.empty(CHUNK_TERMS, np.uint64)
    ends = np.empty(CHUNK_TERMS, np.int64)
    state = np.zeros(STATE_SIZE, np.int64)
    total = 0
    for row in range(valid.shape[0]):
        if valid[row] == 0:
            continue
        pos = offsets[row]
        stop = offsets[row + 1]
        while pos < stop:
            n, pos = cut_terms(data, pos, stop, state, fold[0], fold[1], fold[2], fold[3], fold[4], terms, stems, ends)
            if rows.shape[0]:
                for k in range(n):  # copying slices would compile numpy's broadcasting, with its error messages
                    rows[total + k] = row
                    terms_out[total + k] = terms[k]
                    stems_out[total + k] = stems[k]
                    ends_out[total + k] = ends[k]
            total += n
    return total


def cut_all(texts: TextBuffers) -> tuple[NDArray[np.int64], NDArray[np.uint64], NDArray[np.uint64]]:
    """All terms of all rows at once: (row, term hash, stem hash), arrays of one length."""
    return _cut_rows(texts)[:3]


def _cut_rows(
    texts: TextBuffers,
) -> tuple[NDArray[np.int64], NDArray[np.uint64], NDArray[np.uint64], NDArray[np.int64]]:
    """All terms of all rows: (row, term hash, stem hash, end in the bytes of all rows)."""
    arguments = (texts.data, texts.offsets, texts.valid, fold_arguments())
    nothing, nowhere = np.empty(0, np.uint64), np.empty(0, np.int64)
    n = _cut_all(*arguments, nowhere, nothing, nothing, nowhere)
    rows, terms, stems, ends = (np.empty(n, kind) for kind in (np.int64, np.uint64, np.uint64, np.int64))
    _cut_all(*arguments, rows, terms, stems, ends)
    return rows, terms, stems, ends
