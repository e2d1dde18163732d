"""Fitting the forest of a model.

Each fold is scored by a forest of the other folds; these scores show which pairs are suspects and set the calibration. The
model's own forest comes from all folds, and may be mixed with that of a base.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mismatch.features.forest import Forest
from mismatch.model.calibration import fit_platt
from mismatch.training.examples import Examples
from mismatch.training.forests import fit_forest

MAX_SUSPECT_SHARE = 0.02
SUSPECT_QUANTILE = 0.25
MAX_BLENDED_EXAMPLES = 30_000
"""examples up to which the base's forest is mixed in"""


class CrossFit(NamedTuple):
    """Scores out of fold, and what they brought to light."""

    scores: NDArray[np.float64]
    """log-odds of each example from a forest that has not seen its fold; shape (n_examples,)"""
    suspect: NDArray[np.bool_]
    """pairs of the table that look like mismatches; shape (n_rows,)"""
    use: NDArray[np.bool_]
    """examples that the model learns from: all but the suspects as matched pairs; shape (n_examples,)"""


class Blend(NamedTuple):
    """A forest mixed with that of a base."""

    forest: Forest
    scores: NDArray[np.float64]
    """log-odds of each example, the new forest's part out of fold"""
    own_share: float
    """the new forest's part"""


def cross_fit(examples: Examples, n_rows: int, seed: int, *, find_suspects: bool) -> CrossFit:
    """Scores every example by a forest of the other folds; where suspects are found, once more without them."""
    suspect = np.zeros(n_rows, bool)
    use = np.ones(len(examples.labels), bool)
    scores = _out_of_fold(examples, use, seed)
    if find_suspects:
        suspect = _suspects(examples, scores, n_rows)
        if suspect.any():
            use = ~(suspect[examples.rows] & (examples.labels == 0))
            scores = _out_of_fold(examples, use, seed)
    return CrossFit(scores, suspect, use)


def fit_whole(examples: Examples, use: NDArray[np.bool_], seed: int) -> Forest:
    """The forest of all examples that are used."""
    return fit_forest(examples.features[use], examples.labels[use], seed=seed)


def _out_of_fold(examples: Examples, use: NDArray[np.bool_], seed: int) -> NDArray[np.float64]:
    scores = np.empty(len(examples.labels))

    def fit(fold: np.int64) -> None:
        inside = examples.folds == fold
        scores[inside] = fit_whole(examples, ~inside & use, seed).predict(examples.features[inside])

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(fit, np.unique(examples.folds)))
    return scores


def _suspects(examples: Examples, scores: NDArray[np.float64], n_rows: int) -> NDArray[np.bool_]:
    """Matched pairs that look more like a mismatch than a quarter of the swaps do, at most `MAX_SUSPECT_SHARE` of all."""
    matched = examples.random & (examples.labels == 0)
    swapped = examples.random & (examples.labels == 1)
    limit = float(np.quantile(scores[matched], 1 - MAX_SUSPECT_SHARE))
    like_swaps = scores >= float(np.quantile(scores[swapped], SUSPECT_QUANTILE))
    suspect = np.zeros(n_rows, bool)
    suspect[examples.rows[matched & like_swaps & (scores > limit)]] = True
    return suspect


def blended(
    examples: Examples, fit: CrossFit, forest: Forest, lent: Forest | None, shares: tuple[float, ...]
) -> Blend:  # fmt: skip
    """The forest mixed with a lent one, in the proportion of `shares` that predicts best out of fold; on many examples it
    stands alone."""
    if lent is None or (int(fit.use.sum()) > MAX_BLENDED_EXAMPLES and 1.0 in shares):
        return Blend(forest, fit.scores, 1.0)
    from sklearn.metrics import log_loss

    measured = examples.random & fit.use
    labels = examples.labels[measured]
    of_lent = lent.predict(examples.features)
    losses = {}
    for share in shares:
        mixed = share * fit.scores + (1 - share) * of_lent
        slope, intercept = fit_platt(mixed[measured], labels)
        z = np.clip(slope * mixed[measured] + intercept, -30, 30)
        losses[share] = float(log_loss(labels, 1 / (1 + np.exp(-z))))
    share = min(losses, key=lambda s: (losses[s], s))
    if share == 1.0:
        return Blend(forest, fit.scores, share)
    lender = lent.scaled(1 - share)
    mixed_forest = lender if share == 0.0 else forest.scaled(share).plus(lender)
    return Blend(mixed_forest, share * fit.scores + (1 - share) * of_lent, share)
