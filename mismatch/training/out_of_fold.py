"""What the scores out of fold say: the calibration of the model, and the figures on its card."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mismatch.model.calibration import Calibration, RestsOn, fit_platt, guaranteed_cut, pairs_needed, promise_in_words
from mismatch.model.recall import FALSE_FLAG_RATES, recall_at
from mismatch.training.examples import Examples
from mismatch.training.settings import TrainingSettings

CAREFUL_PRIOR = 0.01
"""share of mismatches that is expected where nothing can be promised"""


@dataclass(frozen=True)
class Measured:
    """The pairs that calibration rests on: matched ones without the suspects, and mismatches (labelled, or swapped at
    random)."""

    log_odds: NDArray[np.float64]
    """from a forest that has not seen the pair; shape (n_pairs,)"""
    labels: NDArray[np.int64]
    """0 for match, 1 for mismatch"""
    groups: NDArray[np.int64]
    """pairs whose titles stood over the same or nearly the same body share a number"""


def measured_in(
    examples: Examples, scores: NDArray[np.float64], use: NDArray[np.bool_], groups: NDArray[np.int64]
) -> Measured:
    """The pairs in `use` that are matched or swapped at random; `groups` are those of the rows of the input."""
    chosen = examples.random & use
    return Measured(scores[chosen], examples.labels[chosen], groups[examples.rows[chosen]])


def calibration_of(
    examples: Examples, scores: NDArray[np.float64], use: NDArray[np.bool_], settings: TrainingSettings
) -> Calibration:
    """Probabilities, cut and band of abstention from the examples in `use` that are matched or swapped at random."""
    measured = examples.random & use
    slope, intercept = fit_platt(scores[measured], examples.labels[measured])
    matched = np.sort(scores[measured & (examples.labels == 0)])
    promise = ""
    if len(matched) >= pairs_needed(settings.max_false_flags, settings.confidence):
        cut = guaranteed_cut(matched, settings.max_false_flags, settings.confidence)
        promise = promise_in_words(settings.max_false_flags, settings.confidence, len(matched), RestsOn.TRAINING_PAIRS)
    else:
        # too few pairs for a promise: where the odds of a mismatch at a low share are even, or the highest matched
        # score, whichever is more careful
        even = (np.log((1 - CAREFUL_PRIOR) / CAREFUL_PRIOR) - intercept) / slope
        cut = float(max(even, matched[-1]))
    return Calibration.agreeing(slope, intercept, cut, promise, settings.prior)


def figures_of(examples: Examples, scores: NDArray[np.float64], calibration: Calibration) -> dict[str, float]:
    """The figures on the model card, from the examples that are matched or swapped at random."""
    from sklearn.metrics import roc_auc_score

    measured = examples.random
    labels, values = examples.labels[measured], scores[measured]
    matched, swapped = values[labels == 0], values[labels == 1]
    figures = {"auroc": float(roc_auc_score(labels, values))}
    figures |= {f"recall_at_{rate:g}": recall_at(matched, swapped, rate) for rate in FALSE_FLAG_RATES}
    figures |= {
        "matched": len(matched), "mismatched": len(swapped),
        "flagged_matched": float((matched > calibration.cut).mean()),
        "flagged_mismatched": float((swapped > calibration.cut).mean()),
        "unsure_matched": float(((matched > calibration.unsure_cut) & (matched <= calibration.cut)).mean()),
    }  # fmt: skip
    return figures
