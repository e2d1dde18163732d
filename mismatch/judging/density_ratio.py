"""How the pairs of a stream differ from its swapped ones: a logistic regression that needs no labels.

Observed pairs are set against swapped pairs of the same stream, by the features of both and the head's log-odds. Some of the
observed pairs are mismatches: each counts as much as it is likely to be matched, found by expectation and maximisation (as
in learning from positive and unlabelled data, Elkan and Noto 2008). A pair is weighed by a fit that leaves it out, so that
a wrong pair cannot vouch for itself. *Anchors*, matched pairs of other archives, keep the fit in place where most rows are
wrong.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mismatch.model.stream_profile import LARGEST_DEVIATION, DensityRatio, ratio_columns

RIDGE, RIDGE_OF_INTERCEPT = 3.0, 0.3
ANCHOR_WEIGHT = 40.0
"""observed pairs that all anchors together count for"""
ROUNDS, NEWTON_STEPS = 5, 3
PRIOR_COUNTS = (1.0, 99.0)
"""mismatches and matches that are taken as seen already"""
_STEP_LENGTHS = tuple(0.5**k for k in range(8))
_SMALLEST_DEVIATION = 1e-3
_DIGITS = 9
"""decimals that are kept, so that the number of threads of a BLAS library changes nothing"""


class Described(NamedTuple):
    """Pairs as the ratio sees them."""

    features: NDArray[np.float32]
    """shape (n_pairs, N_FEATURES + 3), of pairs and of their grams"""
    log_odds: NDArray[np.float64]
    """shape (n_pairs,), by the head"""


class FittedRatio(NamedTuple):
    """The ratio, and its logarithm for the pairs that it was fitted on, each by a fit that leaves the pair out."""

    ratio: DensityRatio
    observed: NDArray[np.float64]
    swapped: NDArray[np.float64]
    anchors: NDArray[np.float64]


def fit_density_ratio(
    observed: Described, swapped: Described, anchors: Described, slope: float, intercept: float, swaps_of_a_title: int
) -> FittedRatio:
    """Fits the logarithm of swapped against matched densities.

    Parameters
    ----------
    slope, intercept
        Platt's line of the head: where the stream shows nothing, the ratio is that.
    swaps_of_a_title
        How often each title stands among the swapped pairs: they are left out together.
    """
    n, m = len(observed.log_odds), len(swapped.log_odds)
    log_odds = np.concatenate([part.log_odds for part in (observed, swapped, anchors)])
    raw = ratio_columns(np.concatenate([part.features for part in (observed, swapped, anchors)]), log_odds)
    mean, deviation = raw[: n + m].mean(axis=0).round(_DIGITS), raw[: n + m].std(axis=0).round(_DIGITS)
    deviation = np.where(deviation < _SMALLEST_DEVIATION, 1e9, deviation)  # a constant column says nothing
    standardised = np.clip((raw - mean) / deviation, -LARGEST_DEVIATION, LARGEST_DEVIATION)
    x = np.column_stack([standardised, np.ones(len(raw))])
    ridge = np.append(np.full(raw.shape[1], RIDGE), RIDGE_OF_INTERCEPT)
    line, labels = slope * log_odds + intercept, np.zeros(len(raw))
    labels[n : n + m] = 1
    coefficients, logits = np.zeros(x.shape[1]), line
    left_out, share = logits[:n], 0.02
    share = _share(left_out, share)
    for _ in range(ROUNDS):
        matched = 1 - _sigmoid(left_out + np.log(share / (1 - share)))
        total = matched.sum() + ANCHOR_WEIGHT
        n_anchors = len(raw) - n - m
        weights = np.concatenate([matched, np.full(m, total / m), np.full(n_anchors, ANCHOR_WEIGHT / max(n_anchors, 1))])
        for _ in range(NEWTON_STEPS):
            expected = _sigmoid(logits)
            hessian = (x * (weights * expected * (1 - expected))[:, None]).T @ x + np.diag(ridge)
            gradient = x.T @ (weights * (labels - expected)) - ridge * coefficients
            step, now = np.linalg.solve(hessian, gradient), _fitness(logits, labels, weights, coefficients, ridge)
            # a whole step from a flat place may lead far beyond the top, and the next one further
            for length in _STEP_LENGTHS:
                moved = coefficients + length * step
                at_moved = line + x @ moved
                if _fitness(at_moved, labels, weights, moved, ridge) >= now:
                    coefficients, logits = moved, at_moved
                    break
        influence = weights * ((x @ np.linalg.inv(hessian)) * x).sum(axis=1)
        left_out = _without_themselves(logits[:n], labels[:n], influence[:n])
        share = _share(left_out, share)
    coefficients = coefficients.round(_DIGITS)
    ratio = DensityRatio(slope, intercept + float(coefficients[-1]), mean, deviation, coefficients[:-1])
    swaps = slice(n, n + m)
    of_swaps = _without_themselves(logits[swaps], labels[swaps], swaps_of_a_title * influence[swaps])
    return FittedRatio(ratio, left_out.round(_DIGITS), of_swaps.round(_DIGITS), logits[n + m :].round(_DIGITS))


def _fitness(
    logits: NDArray[np.float64], labels: NDArray[np.float64], weights: NDArray[np.float64],
    coefficients: NDArray[np.float64], ridge: NDArray[np.float64],
) -> float:  # fmt: skip
    """The log-likelihood less the penalty."""
    likelihood = labels * logits - np.logaddexp(0, logits)
    return float((weights * likelihood).sum() - 0.5 * (ridge * coefficients**2).sum())


def _without_themselves(
    logits: NDArray[np.float64], labels: NDArray[np.float64], influence: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The logits of fits that leave each pair out, to first order (Pregibon 1981)."""
    expected = _sigmoid(logits)
    return logits + influence * (expected - labels) / np.maximum(1 - influence * expected * (1 - expected), 0.2)


def _share(logits: NDArray[np.float64], share: float, rounds: int = 30) -> float:
    """The share of mismatches among observed pairs, by expectation and maximisation."""
    for _ in range(rounds):
        likely = _sigmoid(logits + np.log(share / (1 - share)))
        share = min(1 - 1e-3, (likely.sum() + PRIOR_COUNTS[0]) / (len(logits) + sum(PRIOR_COUNTS)))
    return float(share)


def _sigmoid(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1 / (1 + np.exp(-np.clip(x, -50, 50)))
