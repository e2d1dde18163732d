"""From log-odds to verdicts: calibration, the guaranteed cut, and the band of abstention."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from mismatch.errors import MismatchError

FLAG_FROM, UNSURE_FROM = 0.5, 0.1
"""probabilities from which a pair is a mismatch, and from which it is no match"""
_LEAST_PRIOR, _LEAST_SHARE = 1e-4, 1e-5
NEVER = 1e6
"""a score that no pair has"""
SIGNIFICANT_DIGITS = 6
"""of a probability"""
_ROUNDING = 1e-12
"""relative; so that a promise that is kept to the last digit is not refused for the digit behind it"""


def pairs_needed(max_false_flags: float, confidence: float) -> int:
    """The fewest matched calibration pairs with which a false-flag rate can be promised.

    The smallest n with ``(1 - max_false_flags) ** n <= 1 - confidence``.

    Raises
    ------
    MismatchError
        If one of the two does not lie between 0 and 1.
    """
    if not 0 < max_false_flags < 1 or not 0 < confidence < 1:
        raise MismatchError("the false-flag rate and the confidence must lie between 0 and 1")
    return max(1, math.ceil(math.log(1 - confidence) / math.log1p(-max_false_flags) * (1 - _ROUNDING)))


def least_promise(n: int, confidence: float) -> float:
    """The lowest false-flag rate that n matched calibration pairs can promise, rounded up to three digits."""
    rate = -math.expm1(math.log(1 - confidence) / n)
    unit = 10.0 ** (math.floor(math.log10(rate)) - 2)
    return math.ceil(rate / unit) * unit


def guaranteed_cut(scores: NDArray[np.float64], max_false_flags: float, confidence: float) -> float:
    """The lowest cut whose false-flag rate is at most `max_false_flags` with the given confidence.

    The Neyman-Pearson order-statistic rule (Tong, Feng and Li 2018, doi 10.1126/sciadv.aao1659): among n matched scores
    in ascending order take the smallest k with ``P(Binomial(n, 1 - R) >= k) <= 1 - C``; a pair is flagged when its score
    is above the k-th. The false-flag rate of that cut exceeds R exactly when at least k of the n scores lie below the
    (1 - R) quantile of all matched scores; equal scores only make that less likely. It assumes that the calibration pairs
    are genuine, different from one another, and drawn like what will be scored.

    Parameters
    ----------
    scores : float64 array of shape (n,)
        Scores of matched pairs, higher for likelier mismatches, from a model that has not seen them.

    Raises
    ------
    MismatchError
        If there are too few pairs for the promise (says how many are needed), or a score is no number.
    """
    from scipy.special import betainc

    n, needed = len(scores), pairs_needed(max_false_flags, confidence)
    if n < needed:
        raise MismatchError(
            f"a false-flag rate of {max_false_flags:.3g} with confidence {confidence:.3g} needs {needed:,} matched pairs, "
            f"there are {n:,}; add pairs or ask for less"
        )
    if np.isnan(scores).any():
        raise MismatchError("a matched pair has no score; leave out the pairs that cannot be judged")
    k = np.arange(1, n + 1)
    broken = betainc(k, n - k + 1, 1 - max_false_flags)  # P(Binomial(n, 1 - R) >= k), falls with k
    broken[-1] = min(broken[-1], (1 - confidence) * (1 + _ROUNDING))  # n >= needed: the highest score will always do
    return float(np.sort(scores)[int(np.argmax(broken <= (1 - confidence) * (1 + _ROUNDING)))])


def one_per_group(groups: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Positions of one member of each group, drawn at random; int64 array of shape (n_groups,), ascending.

    Scores of one source are alike, so that all of them together promise less than their number says. One pair drawn from
    each source is an independent draw of *a random pair of a random source*; a cut from such draws holds for that (the
    subsampling of Dunn, Wasserman and Ramdas 2023, doi 10.1080/01621459.2022.2060112, for two-layer data).
    """
    order = rng.permutation(len(groups))
    _, first = np.unique(groups[order], return_index=True)
    return np.sort(order[first])


class RestsOn(Enum):
    """What a cut was set on."""

    CALIBRATION_PAIRS = "calibration pairs"
    """pairs that the model has not seen"""
    TRAINING_PAIRS = "training pairs"
    """pairs that the model was trained on, each scored by a model of the same kind that has not seen it"""
    SOURCES = "sources, one pair of each,"
    """one pair of each source, none of which the model has seen"""


def promise_in_words(
    max_false_flags: float,
    confidence: float,
    n: int,
    rests_on: RestsOn,
    *,
    left_out: int = 0,
    look_alikes_at_most: float = 0.0,
) -> str:
    """What a cut promises and what that rests on, for the model card and every report.

    Parameters
    ----------
    left_out
        Pairs that look like swapped ones and do not count among the n.
    look_alikes_at_most
        The share of matched pairs that look so, at most.
    """
    by_source, in_training = rests_on is RestsOn.SOURCES, rests_on is RestsOn.TRAINING_PAIRS
    of = "a random pair of a random source is flagged in at most" if by_source else "at most"
    what = "of cases" if by_source else "of matched pairs are flagged"
    apart = ", not counting those that look like swapped ones" if left_out else ""
    besides = (
        f"; {left_out:,} of {n + left_out:,} pairs look so, right or wrong: of matched pairs at most "
        f"{_percent(float(f'{look_alikes_at_most:.2g}'))} do"
        if left_out
        else ""
    )
    unseen = "scored out of fold" if in_training else "unseen in training"
    return (
        f"{of} {_percent(max_false_flags)} {what}{apart}, with confidence {_percent(confidence)}, if the {n:,} "
        f"{rests_on.value} are genuine, different from one another, {unseen} and drawn like what is scored{besides}"
    )


def _percent(share: float) -> str:
    return f"{100 * share:.6g} %"


@dataclass(frozen=True)
class Curve:
    """The probability of a mismatch by a score, ascending: values on an even grid, straight lines between them."""

    low: float
    """score of the first value; what lies below has that value"""
    high: float
    values: NDArray[np.float64]
    """shape (n_points,), between 0 and 1"""

    def __call__(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.interp(scores, np.linspace(self.low, self.high, len(self.values)), self.values)

    def first_above(self, probability: float) -> float:
        """The highest score whose probability is not above `probability`; far above every score where none is."""
        if self.values[-1] <= probability:
            return NEVER
        k = int(np.argmax(self.values > probability))
        if k == 0:
            return -NEVER
        grid = np.linspace(self.low, self.high, len(self.values))
        below, above = self.values[k - 1], self.values[k]
        return float(grid[k - 1] + (grid[k] - grid[k - 1]) * (probability - below) / (above - below))


@dataclass(frozen=True)
class Calibration:
    """Turns a score into a probability and a verdict: the forest's log-odds, or an adapted model's density ratio."""

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
    curve: Curve | None = None
    """of a model that is adapted to a stream, in place of Platt's line; `prior` is then the stream's share of mismatches"""

    @classmethod
    def agreeing(
        cls, slope: float, intercept: float, cut: float, promise: str = "", prior: float | None = None
    ) -> Calibration:  # fmt: skip
        """Probabilities and a cut that do not contradict each other: what is above the cut has at least `FLAG_FROM`.

        Parameters
        ----------
        prior
            The share of mismatches to expect; by default that at which the odds are even at the cut.
        """
        if prior is None:
            prior = min(max(1 / (1 + math.exp(min(50.0, slope * cut + intercept))), _LEAST_PRIOR), 0.5)
        return cls(slope, intercept, prior, cut, cut, promise).agreed()

    def agreed(self) -> Calibration:
        """The same with cuts that keep to the probabilities: none below `FLAG_FROM` flags, none from `UNSURE_FROM` clears.

        A cut that is promised and higher stays; what lies between is unsure. Without a promise the cut is where the odds are
        even.
        """
        even, doubtful = (float(self.log_odds(np.array(share))) for share in (FLAG_FROM, UNSURE_FROM))
        cut = max(self.cut, even) if self.promise else even
        return replace(self, cut=cut, unsure_cut=min(doubtful, cut))

    @classmethod
    def of_curve(cls, curve: Curve, share: float) -> Calibration:
        """What a stream has shown: a mismatch from a probability of `FLAG_FROM`, no match from `UNSURE_FROM`."""
        cuts = curve.first_above(FLAG_FROM), curve.first_above(UNSURE_FROM)
        return cls(1.0, 0.0, min(max(share, _LEAST_SHARE), 1 - _LEAST_SHARE), cuts[0], cuts[1], "", curve)

    def probability(self, log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
        """Probability of a mismatch at the expected share, shape as `log_odds`; NaN stays NaN.

        It has `SIGNIFICANT_DIGITS` digits, so that it is the same number in every format that it is written in.
        """
        if self.curve is not None:
            return _rounded(np.clip(self.curve(log_odds), 1e-12, 1 - 1e-12))
        z = self.slope * log_odds + self.intercept + math.log(self.prior / (1 - self.prior))
        return _rounded(1 / (1 + np.exp(-np.clip(z, -36, 36))))

    def log_odds(self, probability: NDArray[np.float64]) -> NDArray[np.float64]:
        """The score at which `probability` is reached; the inverse of it."""
        if self.curve is not None:
            return np.array([self.curve.first_above(float(p)) for p in np.ravel(probability)]).reshape(np.shape(probability))
        z = np.log(probability) - np.log1p(-probability)
        return (z - self.intercept - math.log(self.prior / (1 - self.prior))) / self.slope

    def with_prior(self, prior: float) -> Calibration:
        """Probabilities and verdicts for another share of mismatches.

        A cut never falls: what it promises of matched pairs does not depend on how many mismatches there are.
        """
        if not 0 < prior < 1:
            raise MismatchError(f"the expected share of mismatches must lie between 0 and 1, not {prior:g}")
        if self.curve is None:
            return replace(self, prior=prior).agreed()
        values = np.clip(self.curve.values, 1e-12, 1 - 1e-12)
        odds = values / (1 - values) * (prior / (1 - prior)) / (self.prior / (1 - self.prior))
        return replace(self, prior=prior, curve=replace(self.curve, values=odds / (1 + odds))).agreed()


def _rounded(probability: NDArray[np.float64]) -> NDArray[np.float64]:
    """Numbers between 0 and 1, neither included, with `SIGNIFICANT_DIGITS` digits."""
    scale = np.power(10.0, SIGNIFICANT_DIGITS - 1 - np.floor(np.log10(probability)))
    return np.rint(probability * scale) / scale


def fit_platt(log_odds: NDArray[np.float64], labels: NDArray[np.int64]) -> tuple[float, float]:
    """Slope and intercept of calibrated log-odds at even odds of match (0) and mismatch (1)."""
    from sklearn.linear_model import LogisticRegression

    fitted = LogisticRegression(C=1e3, class_weight="balanced").fit(np.clip(log_odds, -30, 30)[:, None], labels)
    slope = float(fitted.coef_[0, 0])
    if slope <= 0:
        return 1e-3, 0.0
    return slope, float(fitted.intercept_[0])
