"""Recall at a false-flag rate: how many mismatches are found when few matched pairs may be flagged.

A higher score stands for a likelier mismatch, and a pair is flagged when its score is *above* the cut.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FALSE_FLAG_RATES = (0.001, 0.01, 0.05)
"""the rates that every report gives the recall for"""
ROUNDING = 1e-12
"""relative; so that a rate that allows a whole number of false flags is not off by one of them"""


def cut_at(matched: NDArray[np.float64], rate: float) -> float:
    """The lowest of the matched scores above which lies at most a share `rate` of them."""
    ordered = np.sort(matched)
    return float(ordered[len(ordered) - 1 - int(np.floor(rate * len(ordered) * (1 + ROUNDING)))])


def recall_at(matched: NDArray[np.float64], mismatched: NDArray[np.float64], rate: float) -> float:
    """Share of mismatches found when at most a share `rate` of the matched pairs is flagged."""
    return float((mismatched > cut_at(matched, rate)).mean())
