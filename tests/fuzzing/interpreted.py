"""Compiled code as plain Python, so that a fuzzer sees which branches its bytes reach. Import it before the package."""

from __future__ import annotations

import os

os.environ["NUMBA_DISABLE_JIT"] = "1"

from collections.abc import Callable

import numpy as np

from mismatch.terms import vector_instructions


def _mask_of(width: int, qualifies: Callable[[int], bool]) -> Callable[[np.ndarray, int], np.uint64]:
    def mask(buffer: np.ndarray, i: int) -> np.uint64:
        return np.uint64(sum(1 << k for k in range(width) if qualifies(int(buffer[i + k]))))

    return mask


def _string_mask(buffer: np.ndarray, i: int) -> np.uint64:
    part = [int(buffer[i + k]) for k in range(vector_instructions.WIDTH)]
    special = sum(1 << k for k, c in enumerate(part) if c in (0x22, 0x5C) or c < 0x20)
    return np.uint64(special | sum(1 << k for k, c in enumerate(part) if c >= 0x80) << vector_instructions.WIDTH)


def _lowest_bit(mask: np.uint64) -> int:
    return (int(mask) & -int(mask)).bit_length() - 1


def _copy_bytes(target: np.ndarray, at: int, source: np.ndarray, start: int, n: int) -> None:
    target[at : at + n] = source[start : start + n]


_WORDS = vector_instructions.WORDS_WIDTH
for _name, _function in {
    "string_mask": _string_mask,
    "lowest_bit": _lowest_bit,
    "copy_bytes": _copy_bytes,
    "newline_mask": _mask_of(_WORDS, lambda c: c == 0x0A),
    "not_ascii_mask": _mask_of(_WORDS, lambda c: c >= 0x80),
    "markup_mask": _mask_of(_WORDS, lambda c: c in (0x3C, 0x26)),
}.items():
    setattr(vector_instructions, _name, _function)
np.seterr(over="ignore")  # hashes wrap around
