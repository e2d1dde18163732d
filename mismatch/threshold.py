"""From log-odds to verdicts: calibration, the guaranteed cut, and the band of abstention."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mismatch.errors import MismatchError


def pairs_needed(max_false_flags: float, confidence: float) -> int:
    """The fewest matched calibration pairs with which a false-flag rate can be promised.

    The smallest n with ``(1 - max_false_flags) ** n <= 1 - confidence``.
    """
    return math.ceil(math.log(1 - confidence) / math.log1p(-max_false_flags))


def guaranteed_cut(scores: NDArray[np.float64], max_false_flags: float, confidence: float) -> float:
    """The lowest cut whose false-flag rate is at most `max_false_flags` with the given confidence.

    The Neyman-Pearson order-statistic rule (Tong, Feng and Li 2018, doi 10.1126/sciadv.aao1659): among n matched scores
    in ascending order take the smallest k with ``P(Binomial(n, 1 - R) >= k) <= 1 - C``; a pair is flagged when its score
    is above the k-th. It assumes that the calibration pairs are genuine, different from one another, and drawn like what
    will be scored.

    Parameters
    ----------
    scores : float64 array of shape (n,)
        Scores of matched pairs, higher for likelier mismatches, from a model that has not seen them.

    Raises
    ------
    MismatchError
        If there are too few pairs for the promise; says how many are needed.
    """
    from scipy.special import betainc

    if not 0 < max_false_flags < 1 or not 0 < confidence < 1:
        raise MismatchError("the false-flag rate and the confidence must lie between 0 and 1")
    n = len(scores)
    needed = pairs_needed(max_false_flags, confidence)
    if n < needed:
        raise MismatchError(
            f"a false-flag rate of {max_false_flags:.3g} with confidence {confidence:.3g} needs {needed:,} matched pairs, "
            f"there are {n:,}; add pairs or ask for less"
        )
    k = np.arange(1, n + 1)
    allowed = betainc(k, n - k + 1, 1 - max_false_flags) <= 1 - confidence  # P(Binomial(n, 1 - R) >= k)
    return float(np.sort(scores)[int(np.argmax(allowed))])


@dataclass(frozen=True)
class Calibration:
    """Turns the head's log-odds into a probability and a verdict."""

    slope: float
    intercept: float
    """calibrated log-odds at even odds: ``slope * log_odds + intercept`` (Platt 1999)"""
    prior: float
    """share of mismatches expected in the stream"""
    cut: float
    """log-odds above which a pair is a mismatch"""
    unsure_cut: float
    """log-odds above which, up to `cut`, the model abstains"""
    promise: str
    """what is promised of `cut`, and what the promise assumes; empty without one"""

    def probability(self, log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
        """Probability of a mismatch at the expected share, shape as `log_odds`; NaN stays NaN."""
        z = self.slope * log_odds + self.intercept + math.log(self.prior / (1 - self.prior))
        return 1 / (1 + np.exp(-np.clip(z, -60, 60)))


def fit_platt(log_odds: NDArray[np.float64], labels: NDArray[np.int64]) -> tuple[float, float]:
    """Slope and intercept of calibrated log-odds at even odds of match (0) and mismatch (1)."""
    from sklearn.linear_model import LogisticRegression

    fitted = LogisticRegression(C=1e3, class_weight="balanced").fit(np.clip(log_odds, -30, 30)[:, None], labels)
    slope = float(fitted.coef_[0, 0])
    if slope <= 0:
        return 1e-3, 0.0
    return slope, float(fitted.intercept_[0])
