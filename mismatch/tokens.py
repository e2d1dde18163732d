"""UTF-8 bytes to hashed terms, compiled, without an object per word.

A *term* is a word (letters and digits, case and accents folded) or, in scripts written without spaces, a pair of
neighbouring characters. Every term has a *stem*: the hash of a word's first five letters (three syllables in
syllabaries), or of a pair's first character, which stands in for a stemmer in every language. Words of a single letter
are left out; single digits stay; a point or comma between digits is skipped ("1,000" is 1000).

Hashes are 64 bit: a polynomial over the folded code points, then a finaliser (`mix`, the 64-bit finaliser of
MurmurHash3, Appleby 2011). Any bytes may come in: what is not well-formed UTF-8 separates words.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray

from mismatch.folding import CODE_POINT_MASK, DIGIT, PAIR_SCRIPT, SYLLABLE, folding_table

STEM_LETTERS = 5
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_STEM_SALT = np.uint64(0x5BD1E995A3C59AC3)
_PAIR_SALT = np.uint64(0x2545F4914F6CDD1D)
_MIX_1 = np.uint64(0xFF51AFD7ED558CCD)
_MIX_2 = np.uint64(0xC4CEB9FE1A85EC53)
_SHIFT = np.uint64(33)

CHUNK_TERMS = 2048
"""Terms that are cut before they are looked at: the size of the working arrays, whatever the length of the text."""


class TextBuffers(NamedTuple):
    """One column of text as compiled code reads it."""

    data: NDArray[np.uint8]
    """the UTF-8 bytes of all rows"""
    offsets: NDArray[np.int64]
    """shape (n_rows + 1,)"""
    valid: NDArray[np.uint8]
    """shape (n_rows,): 0 where the row is null"""


def text_buffers(column: pa.Array | pa.ChunkedArray) -> TextBuffers:
    """The Arrow buffers of a string or large_string column, without copying its text.

    Raises
    ------
    TypeError
        If the column is neither text nor null.
    """
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
        if isinstance(column, pa.ChunkedArray):
            column = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_null(column.type) or pa.types.is_string_view(column.type):
        column = column.cast(pa.large_string())
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        raise TypeError(f"expected a column of text, got {column.type}")
    validity, offsets_buffer, data_buffer = column.buffers()
    n = len(column)
    dtype = np.int64 if pa.types.is_large_string(column.type) else np.int32
    if offsets_buffer is None or n == 0:
        offsets = np.zeros(n + 1, np.int64)
    else:
        offsets = np.frombuffer(offsets_buffer, dtype, n + 1, column.offset * dtype().itemsize).astype(np.int64)
    data = np.frombuffer(data_buffer, np.uint8) if data_buffer is not None and data_buffer.size else np.zeros(1, np.uint8)
    if validity is None or column.null_count == 0:
        valid = np.ones(n, np.uint8)
    else:
        bits = np.unpackbits(np.frombuffer(validity, np.uint8), bitorder="little")
        valid = bits[column.offset : column.offset + n].copy()
    return TextBuffers(data, offsets, valid)


@njit(cache=True, nogil=True, inline="always")
def mix(h):
    """Spreads the entropy of a 64-bit polynomial over all its bits."""
    h ^= h >> _SHIFT
    h *= _MIX_1
    h ^= h >> _SHIFT
    h *= _MIX_2
    h ^= h >> _SHIFT
    return h


@njit(cache=True, nogil=True)
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


@njit(cache=True, nogil=True, inline="always")
def _put(terms, stems, ends, n, term, stem, end):
    terms[n] = mix(term)
    stems[n] = mix(stem ^ _STEM_SALT)
    ends[n] = end
    return n + 1


STATE_SIZE = 9
_SLACK = 32  # one code point never gives more terms than this


@njit(cache=True, nogil=True)
def cut_terms(data, pos, stop, state, ascii_, pages, entries, starts, expansions, terms, stems, ends):
    """Cuts `data[pos:stop]` into terms until the text or the room in the output arrays ends.

    Parameters
    ----------
    data : uint8 array
    pos, stop : int
        The bytes to read: nothing outside them is touched.
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
    room = terms.shape[0] - _SLACK
    n = 0
    previous = state[0]  # last character of an open run of pairs
    alone = state[1] == 0  # that run has given no pair yet
    letters = state[2]
    weight = state[3]
    has_digit = state[4] != 0
    last_digit = state[5] != 0
    last_end = state[6] if state[6] else pos
    h = np.uint64(state[7])
    stem = np.uint64(state[8])
    while pos < stop:
        b = data[pos]
        size = 1
        value = np.int64(0)
        if b < 128:
            f = ascii_[b]
            if f != 0 and previous == 0:
                last_digit = f < 58
                has_digit |= last_digit
                h = (h + np.uint64(f)) * _MULTIPLIER
                letters += 1
                weight += 1
                if weight == STEM_LETTERS:
                    stem = h
                pos += 1
                last_end = pos
                continue
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
                        lone = np.uint64(previous) * _MULTIPLIER
                        n = _put(terms, stems, ends, n, lone ^ _PAIR_SALT, lone, last_end)
                    previous = 0
                    alone = True
                last_digit = entry & DIGIT != 0
                has_digit |= last_digit
                h = (h + np.uint64(entry & CODE_POINT_MASK)) * _MULTIPLIER
                letters += 1
                before = weight
                weight += 2 if entry & SYLLABLE else 1
                if before < STEM_LETTERS and weight >= STEM_LETTERS:
                    stem = h
                last_end = pos + size
                continue
            if letters > 0:
                if letters > 1 or has_digit:
                    n = _put(terms, stems, ends, n, h, stem if weight >= STEM_LETTERS else h, last_end)
                h = np.uint64(0)
                letters = 0
                weight = 0
                has_digit = False
                last_digit = False
            if entry > 0:
                character = entry & CODE_POINT_MASK
                if previous != 0:
                    lone = np.uint64(previous) * _MULTIPLIER
                    pair = (lone + np.uint64(character)) * _MULTIPLIER
                    n = _put(terms, stems, ends, n, pair ^ _PAIR_SALT, lone, pos + size)
                    alone = False
                previous = character
                last_end = pos + size
            elif previous != 0:
                if alone:
                    lone = np.uint64(previous) * _MULTIPLIER
                    n = _put(terms, stems, ends, n, lone ^ _PAIR_SALT, lone, last_end)
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
            return n, pos
    if letters > 1 or has_digit:
        n = _put(terms, stems, ends, n, h, stem if weight >= STEM_LETTERS else h, last_end)
    if previous != 0 and alone:
        lone = np.uint64(previous) * _MULTIPLIER
        n = _put(terms, stems, ends, n, lone ^ _PAIR_SALT, lone, last_end)
    state[:] = 0
    return n, stop


def fold_arguments():  # type: ignore[no-untyped-def]
    """The folding table as compiled code takes it."""
    table = folding_table()
    return (table.ascii, table.pages, table.entries, table.expansion_starts, table.expansions)


def terms_of(text: str) -> list[tuple[int, int, int]]:
    """The terms of one text as (term hash, stem hash, end in UTF-8 bytes): for looking at text, not for speed."""
    data = np.frombuffer(text.encode("utf-8", "replace") or b" ", np.uint8)
    terms, stems = (np.empty(CHUNK_TERMS, np.uint64) for _ in range(2))
    ends, state = np.empty(CHUNK_TERMS, np.int64), np.zeros(STATE_SIZE, np.int64)
    table = folding_table()
    found: list[tuple[int, int, int]] = []
    pos = 0
    while pos < len(data):
        n, pos = cut_terms(data, pos, len(data), state, table.ascii, *table[:4], terms, stems, ends)
        found += zip(terms[:n].tolist(), stems[:n].tolist(), ends[:n].tolist(), strict=True)
    return found


@njit(cache=True, nogil=True)
def _cut_all(data, offsets, valid, fold, rows, terms_out, stems_out):
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
                rows[total : total + n] = row
                terms_out[total : total + n] = terms[:n]
                stems_out[total : total + n] = stems[:n]
            total += n
    return total


def cut_all(texts: TextBuffers) -> tuple[NDArray[np.int64], NDArray[np.uint64], NDArray[np.uint64]]:
    """All terms of all rows at once: (row, term hash, stem hash), arrays of one length."""
    arguments = (texts.data, texts.offsets, texts.valid, fold_arguments())
    nothing = np.empty(0, np.uint64)
    n = _cut_all(*arguments, np.empty(0, np.int64), nothing, nothing)
    rows, terms, stems = np.empty(n, np.int64), np.empty(n, np.uint64), np.empty(n, np.uint64)
    _cut_all(*arguments, rows, terms, stems)
    return rows, terms, stems
