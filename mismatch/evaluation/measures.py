"""Figures from scores and labels: ranking, precision, calibration, cost, with bootstrap intervals.

Everywhere a higher score stands for a likelier mismatch, label 1 is a mismatch, and a pair is flagged when its score is
*above* a cut.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mismatch.model.recall import FALSE_FLAG_RATES, ROUNDING

N_BINS = 15
_CELLS = 4_000_000
"""weights in memory at once while the bootstrap draws"""

Interval = tuple[float, float]


@dataclass(frozen=True)
class Curve:
    """Every cut that makes a difference, from the strictest (nothing flagged) to the laxest (all flagged)."""

    cuts: NDArray[np.float64]
    false_flags: NDArray[np.float64]
    """share of matched pairs above the cut, float64 array of shape (n_cuts,), ascending"""
    recall: NDArray[np.float64]
    """share of mismatches above the cut, same shape"""


def curve(scores: NDArray[np.float64], labels: NDArray[np.int64]) -> Curve:
    """Recall against false flags; both classes must be there."""
    matched, mismatched = np.sort(scores[labels == 0]), np.sort(scores[labels == 1])
    cuts = np.append(np.unique(scores)[::-1], -np.inf)
    return Curve(
        cuts,
        1 - np.searchsorted(matched, cuts, "right") / len(matched),
        1 - np.searchsorted(mismatched, cuts, "right") / len(mismatched),
    )


def precision(recall: float, false_flags: float, prevalence: float) -> float | None:
    """Share of true mismatches among what is flagged, if a share `prevalence` of the stream are mismatches.

    None if nothing is flagged.
    """
    true, false = prevalence * recall, (1 - prevalence) * false_flags
    return true / (true + false) if true + false else None


def proportion_interval(
    hits: ArrayLike, trials: ArrayLike, confidence: float = 0.95
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lower and upper bounds of shares (Clopper and Pearson 1934), each of the shape of `hits`."""
    from scipy.stats import beta

    x, n = np.asarray(hits, np.float64), np.asarray(trials, np.float64)
    tail = (1 - confidence) / 2
    with np.errstate(invalid="ignore"):
        low = np.where(x > 0, beta.ppf(tail, x, n - x + 1), 0.0)
        high = np.where(x < n, beta.ppf(1 - tail, x + 1, n - x), 1.0)
    return low, high


def precision_at_least(
    flagged_mismatched: int, mismatched: int, flagged_matched: int, matched: int, prevalence: float
) -> float:
    """The precision that counts speak for at the least: with the lower 97.5 % bound of the recall and the upper one of the
    false-flag rate (Clopper and Pearson 1934). No false flag among 60 pairs does not make every flag right."""
    low, _ = proportion_interval(flagged_mismatched, mismatched)
    _, high = proportion_interval(flagged_matched, matched)
    return precision(float(low), float(high), prevalence) or 0.0


@dataclass(frozen=True)
class Bin:
    """Pairs of nearly equal probability."""

    weight: float
    """share of all pairs, the classes weighted"""
    pairs: int
    predicted: float
    """mean probability"""
    observed: float
    """share of mismatches"""


def reliability(
    probability: NDArray[np.float64], labels: NDArray[np.int64], share: float, n_bins: int = N_BINS
) -> list[Bin]:
    """The calibration curve in equal bins, the classes weighted so that a share `share` of all are mismatches."""
    weights = np.where(labels == 1, share / max(1, (labels == 1).sum()), (1 - share) / max(1, (labels == 0).sum()))
    bins = np.minimum((probability * n_bins).astype(int), n_bins - 1)
    total = np.bincount(bins, weights, n_bins)
    count = np.bincount(bins, minlength=n_bins)
    predicted = np.bincount(bins, weights * probability, n_bins)
    observed = np.bincount(bins, weights * labels, n_bins)
    return [
        Bin(float(total[b]), int(count[b]), float(predicted[b] / total[b]), float(observed[b] / total[b]))
        for b in np.flatnonzero(count)
    ]


def calibration_error(bins: list[Bin]) -> float:
    """Expected calibration error (Guo et al. 2017, eq. 3)."""
    return float(sum(b.weight * abs(b.predicted - b.observed) for b in bins))


@dataclass(frozen=True)
class Costs:
    """What mistakes cost, in the user's unit, for each 1,000 pairs."""

    false_flag: float
    miss: float
    cheapest_cut: float
    """score; infinite where flagging nothing is cheapest"""
    cheapest: float
    own: float
    """at the model's cut"""
    nothing_flagged: float
    false_flags: float
    """share of matched pairs flagged at the cheapest cut"""
    recall: float


def costs(of: Curve, own: tuple[float, float], prevalence: float, false_flag: float, miss: float) -> Costs:
    """The cut at which a stream costs least.

    Parameters
    ----------
    own
        Share of matched pairs and of mismatches that the model's own cut flags.
    """
    price = 1000 * ((1 - prevalence) * of.false_flags * false_flag + prevalence * (1 - of.recall) * miss)
    best = int(np.argmin(price))
    own_price = 1000 * ((1 - prevalence) * own[0] * false_flag + prevalence * (1 - own[1]) * miss)
    cut = np.inf if best == 0 and of.recall[0] == 0 else float(of.cuts[best])
    return Costs(
        false_flag, miss, cut, float(price[best]), own_price, 1000 * prevalence * miss,
        float(of.false_flags[best]), float(of.recall[best]),
    )  # fmt: skip


def bootstrap(
    scores: NDArray[np.float64], labels: NDArray[np.int64], groups: NDArray[np.int64], *, draws: int, seed: int,
    rates: Sequence[float] = FALSE_FLAG_RATES,
) -> dict[str, NDArray[np.float64]]:  # fmt: skip
    """AUROC, average precision and recall at some false-flag rates on bootstrap draws of whole groups.

    Groups are drawn, not pairs: pairs with one body are no independent evidence. Models compared on the same pairs get the
    same draws from the same seed, so that their difference can be taken draw by draw.

    Returns
    -------
    name (`auroc`, `average_precision`, `recall_at_0.001`, ...) -> float64 array of shape (draws,); draws that
    lack a class are NaN
    """
    rng = np.random.default_rng(seed)
    _, group = np.unique(groups, return_inverse=True)
    n_groups, n = int(group.max()) + 1, len(scores)
    order = np.argsort(scores, kind="stable")
    ordered, group, is_mismatch = scores[order], group[order], labels[order] == 1
    last = np.searchsorted(ordered, ordered, "right") - 1  # of equal scores
    first = np.searchsorted(ordered, ordered, "left")
    ends = np.unique(last)
    names = ["auroc", "average_precision", *(f"recall_at_{rate:g}" for rate in rates)]
    out = {name: np.full(draws, np.nan) for name in names}
    step = max(1, _CELLS // max(n, n_groups))
    for start in range(0, draws, step):
        size = min(step, draws - start)
        times = np.stack([np.bincount(rng.integers(n_groups, size=n_groups), minlength=n_groups) for _ in range(size)])
        weights = times[:, group].astype(np.float64)
        here = _measured(weights, is_mismatch, first, last, ends, rates)
        for name in names:
            out[name][start : start + size] = here[name]
    return out


def _measured(
    weights: NDArray[np.float64], is_mismatch: NDArray[np.bool_], first: NDArray[np.int64], last: NDArray[np.int64],
    ends: NDArray[np.int64], rates: Sequence[float],
) -> dict[str, NDArray[np.float64]]:  # fmt: skip
    """The figures of many weightings at once; scores ascending, `first` and `last` the bounds of equal scores."""
    matched = np.cumsum(weights * ~is_mismatch, axis=1)
    mismatched = np.cumsum(weights * is_mismatch, axis=1)
    n_matched, n_mismatched = matched[:, -1:], mismatched[:, -1:]
    with np.errstate(invalid="ignore", divide="ignore"):
        below = np.where(first > 0, matched[:, first - 1], 0.0)
        wins = (weights * is_mismatch * (below + matched[:, last]) / 2).sum(axis=1)
        out = {"auroc": wins / (n_matched * n_mismatched)[:, 0]}
        # from the highest score down: what is flagged when all equal scores are taken together
        starts = np.concatenate([[0], ends[:-1] + 1])[::-1]
        before = np.where(starts > 0, mismatched[:, starts - 1], 0.0)
        found = n_mismatched - before
        false = n_matched - np.where(starts > 0, matched[:, starts - 1], 0.0)
        gained = np.diff(found, axis=1, prepend=0.0)
        share = np.where(found + false > 0, found / (found + false), 0.0)
        out["average_precision"] = (gained * share).sum(axis=1) / n_mismatched[:, 0]
        for rate in rates:
            allowed = n_matched - matched <= rate * n_matched * (1 + ROUNDING)
            cut = last[np.argmax(allowed, axis=1)]
            above = n_mismatched[:, 0] - np.take_along_axis(mismatched, cut[:, None], axis=1)[:, 0]
            out[f"recall_at_{rate:g}"] = above / n_mismatched[:, 0]
    lacking = (n_matched * n_mismatched)[:, 0] == 0
    return {name: np.where(lacking, np.nan, values) for name, values in out.items()}


def interval(draws: NDArray[np.float64], confidence: float = 0.95) -> Interval:
    """The percentile interval of bootstrap draws (Efron 1979); NaN draws are left out."""
    kept = draws[~np.isnan(draws)]
    if not len(kept):
        return (float("nan"), float("nan"))
    low, high = np.quantile(kept, [(1 - confidence) / 2, (1 + confidence) / 2])
    return (float(low), float(high))
