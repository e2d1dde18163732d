"""What can be judged at all: pairs that are refused a verdict, with the reason."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mismatch.overlap import FEATURE_NAMES
from mismatch.tokens import TextBuffers

REASONS = ("", "title_missing", "body_missing", "body_too_short", "title_generic")
"""reason codes; a row's screening number is an index into it, 0 where the pair can be judged"""
MIN_BODY_TERMS = 12

_TITLE_TERMS = FEATURE_NAMES.index("title_terms")
_BODY_LENGTH = FEATURE_NAMES.index("body_length")


def has_text(titles: TextBuffers, bodies: TextBuffers) -> NDArray[np.uint8]:
    """1 for rows in which neither side is null; what the compiled pass is to read. Shape (n_pairs,)."""
    return titles.valid & bodies.valid


def screen(titles: TextBuffers, bodies: TextBuffers, features: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Numbers into `REASONS` for a batch that was read, shape (n_pairs,)."""
    numbers = np.zeros(len(features), np.uint8)
    terms = np.expm1(features[:, _BODY_LENGTH])
    numbers[terms < MIN_BODY_TERMS - 0.5] = REASONS.index("body_too_short")
    numbers[terms < 0.5] = REASONS.index("body_missing")
    numbers[features[:, _TITLE_TERMS] < 0.5] = REASONS.index("title_generic")
    numbers[(bodies.valid == 0) | (_sizes(bodies) == 0)] = REASONS.index("body_missing")
    numbers[(titles.valid == 0) | (_sizes(titles) == 0)] = REASONS.index("title_missing")
    return numbers


def _sizes(texts: TextBuffers) -> NDArray[np.int64]:
    return np.diff(texts.offsets)
