"""From density ratios to probabilities: a stream as a mixture of matched pairs, mismatches and matched pairs that look so.

With g the logarithm of the ratio, π the share of mismatches and ε that of look-alikes (puns, tables) among matched pairs:

    observed(g) / swapped(g) = π + (1 - π) · (ε · t(g) + (1 - ε) · exp(-h(g)))

Swapped pairs show what mismatches look like. h is near g itself, with a bend; t falls with g, for look-alikes get rarer the
more a pair looks swapped. There is a posterior over π and ε on a grid, and no point estimate: the probability of a pair, the
share and its interval come out of the same thing. It holds for shares from nothing to everything.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mismatch.judging.density_ratio import ANCHOR_WEIGHT
from mismatch.model.calibration import Curve

BINS = 64
H_MEAN, H_DEVIATION = np.array([0.0, 1.0, 0.0]), np.array([0.7, 0.5, 0.3])
"""prior of a, b, c in ``h(g) = a + b g + c max(g - knot, 0)``"""
TEMPER = 0.5
"""power of the likelihood: swapped pairs share titles and bodies, so that they tell less than their number says"""
LOOK_ALIKES, LOOK_ALIKES_DEVIATION = 0.0055, 1.15
"""log-normal prior of ε: its median at least, its deviation"""
TAIL_FACTOR = 1.5
DECAY = 0.65
"""how fast look-alikes get rarer with g"""
NO_MISMATCH = 0.15
"""prior probability that there is none"""
LIKELY_SHARE, SHARE_DEVIATION, SHARE_FLOOR = 0.02, 1.6, 0.08
INTERVAL = (0.04, 0.96)
_LEAST_SHARE, _LARGEST_SHARE = 0.002, 0.99
"""ends of an interval that count as nothing and as everything"""
_CURVE_POINTS = 200
_PLATEAU_LOGITS = np.linspace(np.log(2e-4 / (1 - 2e-4)), 8, 56)
_PLATEAUS = 1 / (1 + np.exp(-_PLATEAU_LOGITS))
"""values of ``π + ε (1 - π)``, for each of which h is fitted once"""
_SHARE_LOGITS = np.concatenate([np.linspace(np.log(3e-4), -2, 28)[:-1], np.linspace(-2, 2, 40), np.linspace(2, 9, 20)[1:]])
_SHARES = np.concatenate([[1e-6], 1 / (1 + np.exp(-_SHARE_LOGITS))])
_EPSILONS = np.exp(np.linspace(np.log(1e-4), np.log(0.1), 24))


class Mixture(NamedTuple):
    """What the observed pairs of a stream are made of."""

    curve: Curve
    """probability of a mismatch by the logarithm of the ratio"""
    share: float
    share_interval: tuple[float, float]


class _Binned(NamedTuple):
    """Counts of pairs by g, in bins of equally many swapped pairs."""

    centres: NDArray[np.float64]
    observed: NDArray[np.float64]
    swapped: NDArray[np.float64]
    anchors: NDArray[np.float64]
    knot: float

    @property
    def odds(self) -> float:
        return float(np.log(self.observed.sum() / self.swapped.sum()))

    @property
    def swapped_as_anchors(self) -> NDArray[np.float64]:
        return self.anchors.sum() * self.swapped / self.swapped.sum()

    def basis(self, g: NDArray[np.float64]) -> NDArray[np.float64]:
        """shape (len(g), 3)"""
        return np.stack([np.ones_like(g), g, np.maximum(g - self.knot, 0)], axis=1)

    def look_alikes(self, g: NDArray[np.float64]) -> NDArray[np.float64]:
        """t(g): how many look-alikes there are, against the swapped pairs, of which they would have mean 1."""
        at_centres = np.exp(-DECAY * (self.centres - self.knot))
        return np.exp(-DECAY * (g - self.knot)) / ((at_centres * self.swapped).sum() / self.swapped.sum())


def fit_mixture(
    observed: NDArray[np.float64], swapped: NDArray[np.float64], anchors: NDArray[np.float64]
) -> Mixture:  # fmt: skip
    """The mixture, from the logarithms of the ratio for observed pairs, for swapped ones and for anchors."""
    low, high = (float(end) for end in np.quantile(swapped, [0.004, 0.996]))
    binned = _binned(observed, swapped, anchors, low, high)
    h = _fit_h(binned)
    tail = 0.5 * np.exp(-swapped[swapped > np.median(swapped)]).mean()  # matched pairs above the median, by the ratio
    median = float(np.clip(TAIL_FACTOR * tail, LOOK_ALIKES, 0.05))
    prior = np.outer(_prior_of_shares(), np.exp(-0.5 * ((np.log(_EPSILONS) - np.log(median)) / LOOK_ALIKES_DEVIATION) ** 2))
    weights = prior * _likelihood(binned, h)
    weights /= weights.sum()
    marginal = weights.sum(axis=1)
    middle = np.cumsum(marginal) - marginal / 2
    lower, upper = (float(np.interp(quantile, middle, _SHARES)) for quantile in INTERVAL)
    interval = 0.0 if lower < _LEAST_SHARE else lower, 1.0 if upper > _LARGEST_SHARE else upper
    grid = np.linspace(low, high, _CURVE_POINTS)
    probability = np.maximum.accumulate(_posterior(binned, h, weights, grid))
    return Mixture(Curve(low, high, probability.round(9)), float((marginal * _SHARES).sum()), interval)


def _binned(
    observed: NDArray[np.float64], swapped: NDArray[np.float64], anchors: NDArray[np.float64], low: float, high: float
) -> _Binned:
    clipped = np.clip(swapped, low, high)
    edges = np.unique(np.quantile(clipped, np.linspace(0, 1, BINS + 1)[1:-1]))

    def counts(g: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.bincount(np.searchsorted(edges, np.clip(g, low, high)), minlength=len(edges) + 1).astype(float)

    n_swapped = counts(swapped)
    centres = np.bincount(np.searchsorted(edges, clipped), clipped, len(edges) + 1) / np.maximum(n_swapped, 1)
    knot = float((centres * n_swapped).sum() / n_swapped.sum())
    weighed_anchors = counts(anchors) * ANCHOR_WEIGHT / max(len(anchors), 1)
    return _Binned(centres, counts(observed), n_swapped, weighed_anchors, knot)


def _fit_h(binned: _Binned) -> NDArray[np.float64]:
    """a, b, c of h for each plateau, shape (n_plateaus, 3): penalised likelihood by Fisher scoring."""
    x, plateaus, both = binned.basis(binned.centres), _PLATEAUS[:, None], binned.observed + binned.swapped
    anchors, swapped = binned.anchors, binned.swapped_as_anchors
    precision = 1 / H_DEVIATION**2

    def parts(theta: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        h = theta @ x.T
        matched = (1 - plateaus) * np.exp(np.clip(-h, -40, 40))
        return h, matched / (matched + plateaus), binned.odds + np.log(matched + plateaus)

    def likelihood(theta: NDArray[np.float64]) -> NDArray[np.float64]:
        h, _, logit = parts(theta)
        fit = (binned.observed * logit - both * np.logaddexp(0, logit)).sum(axis=1)
        return fit + _of_anchors(binned, h) - 0.5 * ((theta - H_MEAN) ** 2 * precision).sum(axis=1)

    theta = np.tile(H_MEAN, (len(_PLATEAUS), 1))
    now = likelihood(theta)
    for _ in range(25):
        h, matched, logit = parts(theta)
        expected, at_anchors = _sigmoid(logit), _sigmoid(h)
        slopes = -matched[:, :, None] * x
        gradient = (
            np.einsum("gbi,gb->gi", slopes, binned.observed - both * expected)
            + (swapped * (1 - at_anchors) - anchors * at_anchors) @ x
            - (theta - H_MEAN) * precision
        )
        hessian = (
            np.einsum("gbi,gb,gbj->gij", slopes, both * expected * (1 - expected), slopes)
            + np.einsum("bi,gb,bj->gij", x, (anchors + swapped) * at_anchors * (1 - at_anchors), x)
            + np.diag(precision)
        )
        step, length = np.linalg.solve(hessian, gradient[:, :, None])[:, :, 0], np.ones(len(_PLATEAUS))
        for _ in range(6):
            worse = likelihood(theta + length[:, None] * step) < now - 1e-9
            if not worse.any():
                break
            length = np.where(worse, length / 3, length)
        moved = theta + length[:, None] * step
        moved = np.where((likelihood(moved) >= now - 1e-9)[:, None], moved, theta)
        after = likelihood(moved)
        gained = float(np.max(after - now))
        theta, now = moved, after
        if gained < 1e-3:
            break
    return theta


def _of_anchors(binned: _Binned, h: NDArray[np.float64]) -> NDArray[np.float64]:
    """The log-likelihood of the anchors as matched pairs, for each plateau."""
    matched = -binned.anchors * np.logaddexp(0, h)
    return (matched - binned.swapped_as_anchors * np.logaddexp(0, -h)).sum(axis=1)


def _likelihood(binned: _Binned, theta: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of each share and ε, up to a factor; shape (n_shares, n_epsilons)."""
    share, epsilon = (grid.ravel()[:, None] for grid in np.meshgrid(_SHARES, _EPSILONS, indexing="ij"))
    plateau = _nearest_plateau(share + epsilon * (1 - share))
    h = theta @ binned.basis(binned.centres).T
    matched = (1 - epsilon) * np.exp(np.clip(-h, -40, 40))[plateau]
    ratio = share + (1 - share) * (epsilon * binned.look_alikes(binned.centres) + matched)
    logit = binned.odds + np.log(ratio)
    log_likelihood = TEMPER * (binned.observed * logit - (binned.observed + binned.swapped) * np.logaddexp(0, logit)).sum(
        axis=1
    )
    penalty = 0.5 * ((theta - H_MEAN) ** 2 / H_DEVIATION**2).sum(axis=1)
    log_likelihood += (_of_anchors(binned, h) - penalty)[plateau]
    return np.exp(log_likelihood - log_likelihood.max()).reshape(len(_SHARES), len(_EPSILONS))


def _posterior(
    binned: _Binned, theta: NDArray[np.float64], weights: NDArray[np.float64], grid: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The probability of a mismatch at each g of a grid, in the mean over shares and ε."""
    at_share, at_epsilon = np.nonzero(weights > 1e-4)
    chosen = weights[at_share, at_epsilon][:, None]
    share, epsilon = _SHARES[at_share][:, None], _EPSILONS[at_epsilon][:, None]
    plateau = _nearest_plateau(share + epsilon * (1 - share))
    h = theta @ binned.basis(grid).T
    matched = epsilon * binned.look_alikes(grid) + (1 - epsilon) * np.exp(np.clip(-h, -40, 40))[plateau]
    return (chosen * share / (share + (1 - share) * matched)).sum(axis=0) / chosen.sum()


def _nearest_plateau(value: NDArray[np.float64]) -> NDArray[np.int64]:
    step = _PLATEAU_LOGITS[1] - _PLATEAU_LOGITS[0]
    logits = np.log(value[:, 0] / (1 - value[:, 0] + 1e-12))
    return np.clip(np.rint((logits - _PLATEAU_LOGITS[0]) / step).astype(np.int64), 0, len(_PLATEAUS) - 1)


def _prior_of_shares() -> NDArray[np.float64]:
    """A bump at a likely share over a floor, and a mass of its own for none at all."""
    bump = np.exp(-0.5 * ((np.log(_SHARES[1:]) - np.log(LIKELY_SHARE)) / SHARE_DEVIATION) ** 2) + SHARE_FLOOR
    density = bump * np.gradient(_SHARE_LOGITS)
    return np.concatenate([[NO_MISMATCH], density / density.sum() * (1 - NO_MISMATCH)])


def _sigmoid(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1 / (1 + np.exp(-np.clip(x, -50, 50)))
