"""A promised cut that a few wrong pairs among the calibration pairs cannot spoil.

Unlabelled calibration pairs may hold some that are wrong. They score like swapped pairs, and so do a few right ones, such as
puns; from the scores alone nobody can tell the two apart. A cut on all pairs (`guaranteed_cut`) takes every suspect for a
right pair: it stays valid, but lies above them, where few mismatches are found.

So a suspect is a pair that scores at least as the median swapped pair, and what is promised is one of two things:

1. Where the cut on all pairs lies below the suspects' border, or the suspects are so many that they can hardly all be
   wrong, every pair counts: at most a share R of all matched pairs is flagged.
2. Else the suspects are left out: at most a share R of *the matched pairs that do not look like swapped ones* is flagged.
   The border is set by the swapped pairs, not by those that are calibrated on. So the pairs below it are an independent draw
   of such pairs whatever the suspects are, and the rule of `guaranteed_cut` holds for them given any number of suspects;
   wrong pairs below the border only raise the cut. Matched pairs above the border are flagged as well. Their share is stated
   beside, with the upper bound of Clopper and Pearson (1934, doi 10.1093/biomet/26.4.404) that takes all suspects for right.

Which of the two is made depends on the suspects, so that both share the 1 - C with which a promise may be broken. If the
suspects are wrong, the second promise is the first one, of all matched pairs. `benchmarks/guarantee.py` holds both against
populations with wrong pairs and with right pairs that look swapped.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mismatch.model.calibration import guaranteed_cut, pairs_needed

MOST_LOOK_ALIKES = 0.02
"""share of suspects that may be left out. Where there are surely more, the model hardly knows these pairs' language or
kind: on 21 of 24 archives in 16 languages up to 1.5 % of the pairs are suspects, on the others, which it ranks badly, 2.4 to
10 %"""


@dataclass(frozen=True)
class PromisedCut:
    """A cut and what became of the suspects."""

    cut: float
    suspects: NDArray[np.bool_]
    """which of the pairs look like swapped ones"""
    left_out: int
    """suspects that the cut was set without; 0 where it counts all pairs"""
    look_alikes_at_most: float
    """share of matched pairs that look like swapped ones, at most, were all suspects right"""

    @property
    def kept(self) -> NDArray[np.bool_]:
        """Which pairs the cut was set on."""
        return ~self.suspects if self.left_out else np.ones(len(self.suspects), bool)


def promised_cut(
    scores: NDArray[np.float64], mismatched: NDArray[np.float64], max_false_flags: float, confidence: float, *,
    may_be_wrong: bool = True,
) -> PromisedCut:  # fmt: skip
    """The lowest cut that keeps its promise, with suspects handled as above.

    Parameters
    ----------
    scores : float64 array of shape (n,)
        Of the calibration pairs, higher for likelier mismatches.
    mismatched : float64 array of shape (n_mismatched,)
        Scores of swapped pairs.
    may_be_wrong
        False where a person has said that all pairs are matches.

    Raises
    ------
    MismatchError
        As `guaranteed_cut`.
    """
    border = float(np.median(mismatched)) if len(mismatched) else np.inf
    suspects = scores >= border
    n, k = len(scores), int(suspects.sum())
    at_most = share_at_most(k, n, confidence)
    without = _confidence_without(n, max_false_flags, confidence) if may_be_wrong and len(mismatched) else None
    if without is None:
        return PromisedCut(guaranteed_cut(scores, max_false_flags, confidence), suspects, 0, at_most)
    on_all = guaranteed_cut(scores, max_false_flags, (1 + confidence) / 2)
    too_few = n - k < pairs_needed(max_false_flags, without)
    if on_all < border or too_few or share_at_least(k, n, confidence) > MOST_LOOK_ALIKES:
        return PromisedCut(on_all, suspects, 0, at_most)
    return PromisedCut(guaranteed_cut(scores[~suspects], max_false_flags, without), suspects, k, at_most)


def _confidence_without(n: int, max_false_flags: float, confidence: float) -> float | None:
    """The confidence for a cut without suspects: what the cut on all n pairs leaves of it; None where n is too small."""
    from scipy.special import bdtr

    if n < pairs_needed(max_false_flags, (1 + confidence) / 2):
        return None
    above = np.arange(n + 1)
    broken = bdtr(above, n, max_false_flags)  # P(Binomial(n, R) <= so many above the cut)
    return confidence + float(broken[broken <= (1 - confidence) / 2].max())


def share_at_most(k: int, n: int, confidence: float) -> float:
    """The upper confidence bound of a share of which k of n independent draws are the trace (Clopper and Pearson)."""
    from scipy.special import betaincinv

    return float(betaincinv(k + 1, n - k, confidence)) if k < n else 1.0


def share_at_least(k: int, n: int, confidence: float) -> float:
    """The lower confidence bound of that share."""
    from scipy.special import betaincinv

    return float(betaincinv(k, n - k + 1, 1 - confidence)) if k else 0.0
