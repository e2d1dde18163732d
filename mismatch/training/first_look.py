"""Fitting the forest of the first look (see `features.cascade`), and choosing how much it may clear."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mismatch.features.cascade import MIN_COVERAGE, FirstLook
from mismatch.features.forest import Forest
from mismatch.features.overlap_features import FEATURE_NAMES
from mismatch.model.calibration import Calibration, fit_platt
from mismatch.model.recall import cut_at
from mismatch.training.examples import Examples
from mismatch.training.forests import fit_forest

MIN_SWAPS = 1000
"""mismatched pairs with long bodies, below which nothing can be promised and no first look is taken"""
MAX_CLEARED_MISMATCHES = 0.003
MAX_LOST_RECALL = 0.001
"""of the mismatches that would be found at 1 % false flags"""
TREES, LEAVES = 30, 8
_COVERAGE = FEATURE_NAMES.index("stem_coverage")


def fit_first_look(
    examples: Examples, scores: NDArray[np.float64], use: NDArray[np.bool_], calibration: Calibration, seed: int
) -> FirstLook | None:
    """The first look, or None for an archive with too few long bodies.

    Parameters
    ----------
    scores : float64 array of shape (n_examples,)
        Log-odds of the model's forest, out of fold.
    use : bool array of shape (n_examples,)
        The examples to learn from.
    """
    labels = examples.labels
    looked_at = use & ~np.isnan(examples.first_look[:, 0])
    measured = looked_at & examples.random
    if int((measured & (labels == 1)).sum()) < MIN_SWAPS:
        return None
    forest, out_of_fold = _fitted(examples, looked_at, seed)
    slope, intercept = fit_platt(out_of_fold[measured], labels[measured])
    factor, shift = slope / calibration.slope, (intercept - calibration.intercept) / calibration.slope
    on_scale = out_of_fold[measured] * factor + shift
    on_scale[examples.first_look[measured, _COVERAGE] < MIN_COVERAGE] = np.inf  # never cleared
    matched, swapped = labels[measured] == 0, labels[measured] == 1
    full = scores[measured]
    found = swapped & (full > cut_at(full[matched], 0.01))
    clear_below = min(
        _lowest(on_scale[swapped], MAX_CLEARED_MISMATCHES),
        _lowest(on_scale[found], MAX_LOST_RECALL) if found.any() else calibration.unsure_cut,
        calibration.unsure_cut,
    )
    cleared = on_scale < clear_below
    figures = {
        "matched_cleared": float(cleared[matched].mean()),
        "mismatched_cleared": float(cleared[swapped].mean()),
        "recall_lost": float(cleared[found].sum() / swapped.sum()),
    }
    return FirstLook(forest.scaled(factor).shifted(shift), clear_below, figures)


def _fitted(examples: Examples, learn: NDArray[np.bool_], seed: int) -> tuple[Forest, NDArray[np.float64]]:
    """The forest of the examples to learn from, and their log-odds out of fold (NaN for the others)."""

    def fit(some: NDArray[np.bool_]) -> Forest:
        return fit_forest(examples.first_look[some], examples.labels[some], seed=seed, trees=TREES, leaves=LEAVES)

    out_of_fold = np.full(len(examples.labels), np.nan)
    for fold in np.unique(examples.folds):
        inside = examples.folds == fold
        out_of_fold[learn & inside] = fit(learn & ~inside).predict(examples.first_look[learn & inside])
    return fit(learn), out_of_fold


def _lowest(scores: NDArray[np.float64], share: float) -> float:
    """The score below which at most `share` of the scores lie."""
    return float(np.sort(scores)[int(share * len(scores))])
