"""Hashes of terms: 64 bits over the UTF-8 bytes of the folded text, eight at a time.

Multiply and shift for each eight bytes, one more round for the last (the shape of Stafford's finalisers of MurmurHash3,
2011). The highest bit says whether there is a digit in the term.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mismatch.compiling.kernels import kernel, part
from mismatch.terms.text_buffers import TextBuffers

_MIX_1 = np.uint64(0xFF51AFD7ED558CCD)
_MIX_2 = np.uint64(0xC4CEB9FE1A85EC53)
_SHIFT = np.uint64(33)
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
HAS_DIGIT = np.uint64(1 << 63)
"""the highest bit of a term's hash says whether there is a digit in it"""


@part(inline=True)
def mix(h):
    """Spreads the entropy of a 64-bit polynomial over all its bits."""
    h ^= h >> _SHIFT
    h *= _MIX_1
    h ^= h >> _SHIFT
    h *= _MIX_2
    h ^= h >> _SHIFT
    return h


@part
def place_among(keys, key):
    """Where `key` stands in `keys`, ascending, or -1. What `np.searchsorted` would do takes far longer to compile."""
    low = 0
    high = keys.shape[0]
    while low < high:
        middle = (low + high) >> 1
        if keys[middle] < key:
            low = middle + 1
        else:
            high = middle
    return low if low < keys.shape[0] and keys[low] == key else -1


@part(inline=True)
def step(h, eight):
    """The hash of some bytes and of the eight behind them."""
    h = (h ^ eight) * _MIX_1
    return h ^ h >> np.uint64(32)


@part(inline=True)
def finish(h, last):
    """The hash of a text whose last one to eight bytes are `last`, and `h` that of the bytes before them."""
    h = step(h, last) * _MIX_2
    return h ^ h >> np.uint64(29)


@part(inline=True)
def marked(h, has_digit):
    """The hash with its highest bit saying whether there is a digit."""
    return h | HAS_DIGIT if has_digit else h & ~HAS_DIGIT


@part(inline=True)
def push(h, eight, filled, code):
    """Adds the UTF-8 bytes of one folded code point to a hash that is under way: (h, bytes held back, how many)."""
    last = 0x80 | code & 0x3F
    third = 0x80 | code >> 6 & 0x3F
    if code < 0x80:
        packed = np.uint64(code)
        size = 1
    elif code < 0x800:
        packed = np.uint64(0xC0 | code >> 6 | last << 8)
        size = 2
    elif code < 0x10000:
        packed = np.uint64(0xE0 | code >> 12 | third << 8 | last << 16)
        size = 3
    else:
        packed = np.uint64(0xF0 | code >> 18 | (0x80 | code >> 12 & 0x3F) << 8 | third << 16 | last << 24)
        size = 4
    if filled + size <= 8:
        return h, eight | packed << np.uint64(8 * filled), filled + size
    if filled == 8:
        return step(h, eight), packed, size
    room = 8 - filled
    h = step(h, eight | packed << np.uint64(8 * filled))
    return h, packed >> np.uint64(8 * room), size - room


@kernel
def _hash_rows(data, offsets, valid, out):
    for row in range(valid.shape[0]):
        h = np.uint64(7)
        if valid[row]:
            for p in range(offsets[row], offsets[row + 1]):
                h = (h + np.uint64(data[p])) * _MULTIPLIER
        out[row] = mix(h) | np.uint64(1)


def text_hashes(texts: TextBuffers) -> NDArray[np.uint64]:
    """A hash of the bytes of each text, one and the same for null; shape (n_texts,)."""
    out = np.empty(len(texts.valid), np.uint64)
    _hash_rows(texts.data, texts.offsets, texts.valid, out)
    return out
