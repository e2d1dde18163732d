"""The true share of mismatches in a stream: from the mixture of its scores, or from the share that was flagged."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

MIN_GAIN = 0.05
"""recall minus false-flag rate below which a flagged share says nothing of the true one"""
MIXTURE, OPERATING_POINT = "mixture", "operating point"
MIXTURE_CONFIDENCE = 0.92
"""of the interval that adapting to a stream gives"""
MOST = 0.5
"""share of mismatches above which most rows are wrong"""


@dataclass(frozen=True)
class OperatingPoint:
    """What the model's cut was measured to flag."""

    matched: int
    flagged_matched: float
    mismatched: int
    flagged_mismatched: float

    @classmethod
    def of_card(cls, card: dict[str, Any]) -> OperatingPoint | None:
        """The operating point on a model card; None where the card does not know it.

        A calibrated model has it under `operating_point`, a trained one among `figures_out_of_fold`.
        """
        for key in ("operating_point", "figures_out_of_fold"):
            part = card.get(key)
            if isinstance(part, dict):
                point = _point(part)
                if point is not None or key == "operating_point":
                    return point
        return None


@dataclass(frozen=True)
class ShareEstimate:
    """The estimated share of mismatches among the rows that were judged, with its interval."""

    share: float
    low: float
    high: float
    confidence: float
    source: str = OPERATING_POINT
    """`MIXTURE`: the stream's scores beside those of its swapped pairs; `OPERATING_POINT`: how many were flagged"""

    @property
    def is_most(self) -> bool:
        """Whether surely most rows are mismatches."""
        return self.low > MOST


def share_of_stream(stream: object) -> ShareEstimate | None:
    """The share that adapting to this stream has found; None where the model was not adapted to it."""
    share, interval = getattr(stream, "share", None), getattr(stream, "share_interval", None)
    if share is None or interval is None:
        return None
    low, high = interval
    return ShareEstimate(float(share), float(low), float(high), MIXTURE_CONFIDENCE, MIXTURE)


def _point(part: dict[str, Any]) -> OperatingPoint | None:
    counts = [part.get("matched"), part.get("mismatched")]
    rates = [part.get("flagged_matched"), part.get("flagged_mismatched")]
    if not all(type(n) is int and n > 0 for n in counts):
        return None
    if not all(type(r) in (int, float) and 0 <= r <= 1 for r in rates):  # type: ignore[operator]
        return None
    return OperatingPoint(counts[0], float(rates[0]), counts[1], float(rates[1]))  # type: ignore[arg-type]


def true_share(flagged: int, judged: int, point: OperatingPoint, confidence: float = 0.95) -> ShareEstimate | None:
    """The share of mismatches of which `flagged` of `judged` rows are the trace; None where nothing can be said.

    The estimate is that of Rogan and Gladen (1978, doi 10.1093/oxfordjournals.aje.a112510), (flagged share - false-flag
    rate) / (recall - false-flag rate), cut off at 0 and 1. The interval is that of Lang and Reiczigel (2014, doi
    10.1016/j.prevetmed.2013.09.015, eqs. 6, 7, 15-17), which carries the uncertainty of the flagged share and of both
    rates. Both assume that the stream's matched pairs and mismatches are flagged as often as those that the operating
    point was measured on.
    """
    if not judged:
        return None
    z = _normal_quantile((1 + confidence) / 2)
    recall, specificity = point.flagged_mismatched, 1 - point.flagged_matched
    gain = recall + specificity - 1
    n_recall, n_specificity = point.mismatched + 2, point.matched + 2
    recall_, specificity_ = (point.mismatched * recall + 1) / n_recall, (point.matched * specificity + 1) / n_specificity
    gain_ = recall_ + specificity_ - 1
    if min(gain, gain_) < MIN_GAIN:
        return None
    n = judged + z * z
    apparent = (flagged + z * z / 2) / n
    share = (apparent + specificity_ - 1) / gain_
    of_recall = recall_ * (1 - recall_) / n_recall
    of_specificity = specificity_ * (1 - specificity_) / n_specificity
    shift = 2 * z * z * (share * of_recall - (1 - share) * of_specificity)
    variance = (apparent * (1 - apparent) / n + share**2 * of_recall + (1 - share) ** 2 * of_specificity) / gain_**2
    half = z * math.sqrt(variance)
    estimate = _inside((flagged / judged + specificity - 1) / gain)
    low, high = _inside(share + shift - half), _inside(share + shift + half)
    return ShareEstimate(estimate, min(low, estimate), max(high, estimate), confidence)


def _inside(share: float) -> float:
    return min(1.0, max(0.0, share))


def _normal_quantile(probability: float) -> float:
    from statistics import NormalDist

    return NormalDist().inv_cdf(probability)
