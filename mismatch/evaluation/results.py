"""What an evaluation gives: figures, mistakes, and two models side by side."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mismatch.evaluation.measures import Bin, Costs, Curve, Interval
from mismatch.training.fingerprints import KNOWN_SHARE

MIN_GROUP = 20
"""pairs of each class, below which a group gets no figures"""


@dataclass(frozen=True)
class Figures:
    """What was measured on one set of pairs."""

    matched: int
    mismatched: int
    auroc: float
    average_precision: float
    recall_at: dict[str, float]
    """share of mismatches found when at most 0.1 %, 1 %, 5 % of the matched pairs are flagged"""
    flagged_matched: float
    """share of matched pairs that the model's own cut flags"""
    flagged_mismatched: float
    unsure: float
    """share of all pairs on which the model abstains"""
    unsure_matched: float
    """share of the matched pairs"""
    calibration_error: float
    """expected calibration error at even odds, 15 equal bins (Guo et al. 2017)"""


@dataclass(frozen=True)
class Mistake:
    """A pair on which the model's cut is wrong."""

    row: int
    """of the title in the input, from 1; `body_row` is another one where the body was swapped in"""
    body_row: int
    source: str | None
    title: str
    body: str
    """its beginning"""
    probability: float
    terms: dict[str, bool]
    """terms of the title, heaviest first, and whether the body has them"""


@dataclass(frozen=True)
class Evaluation:
    """What was measured of one model."""

    model: str
    kind: str
    """labels, or random swaps"""
    overall: Figures
    intervals: dict[str, Interval]
    """95 % bootstrap intervals, bodies drawn with what belongs to them"""
    draws: int
    groups: dict[str, dict[str, Figures]]
    """by source, topic, script and length of the body; same-topic swaps where topics are known"""
    prior: float
    """share of mismatches expected in the stream"""
    calibration: list[Bin]
    """the calibration curve at even odds"""
    calibration_error_at_prior: float
    precision: dict[str, float | None]
    """at the expected share of mismatches: at the model's own cut (`own`) and at each false-flag rate"""
    precision_at_least: float
    """at the model's own cut, by the 97.5 % bounds of its recall and false flags"""
    costs: Costs | None
    false_flags: list[Mistake]
    """matched pairs that are flagged, surest first"""
    misses: list[Mistake]
    """mismatches that are not flagged, those that look most like a match first"""
    promise: str
    unscorable: int
    duplicates: int
    known: float
    """share of the bodies that the model has learned from; where it is large, the figures are too good"""
    curve: Curve = field(repr=False)
    log_odds: NDArray[np.float64] = field(repr=False)
    labels: NDArray[np.int64] = field(repr=False)
    cut: float = math.inf
    """log-odds above which the model flags, and above which it abstains"""
    unsure_cut: float = math.inf

    @property
    def warning(self) -> str | None:
        """What has to be said before the figures: the model has learned from these pairs."""
        if self.known <= KNOWN_SHARE:
            return None
        return f"{self.model} has learned from {self.known:.0%} of these articles: its figures are too good"

    def as_dict(self) -> dict[str, Any]:
        """Everything but the single scores, as plain values, a warning first; what is not a number is None."""
        left_out = ("curve", "log_odds", "labels")
        parts: dict[str, Any] = {"warning": self.warning}
        parts |= {name: value for name, value in vars(self).items() if name not in left_out}
        return _plain({name: _as_plain(value) for name, value in parts.items()})


@dataclass(frozen=True)
class Comparison:
    """Two models on the same pairs."""

    first: Evaluation
    second: Evaluation
    differences: dict[str, tuple[float, Interval]]
    """second minus first, and the 95 % interval of the same bootstrap draws"""

    def as_dict(self) -> dict[str, Any]:
        differences = {name: {"difference": d, "interval": list(i)} for name, (d, i) in self.differences.items()}
        return _plain({"model": self.first.as_dict(), "compared": self.second.as_dict(), "differences": differences})


def _as_plain(value: Any) -> Any:
    return asdict(value) if hasattr(value, "__dataclass_fields__") else value


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(_as_plain(item)) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(_as_plain(item)) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
