"""What is found against what is flagged wrongly: the table from which a user chooses a cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mismatch.evaluation.measures import Interval, bootstrap, interval, proportion_interval
from mismatch.model.recall import recall_at

RATES = (0.001, 0.002, 0.005, 0.01, 0.02)
"""shares of matched pairs that may be flagged"""
ARTICLES_A_DAY = 10_000
"""of a feed, for which the false flags are counted"""
_DRAWS, _CELLS = (200, 1000), 20_000_000
"""fewest and most bootstrap draws, and pairs in all of them"""


@dataclass(frozen=True)
class TradeOff:
    """What is found when at most a share of the matched pairs is flagged."""

    false_flags: float
    """the share"""
    recall: float
    interval: Interval
    """95 %"""
    resolved: bool
    """False where the pairs are so few that the share allows no false flag at all"""

    @property
    def a_day(self) -> float:
        """Good articles of `ARTICLES_A_DAY` that are flagged at the most."""
        return self.false_flags * ARTICLES_A_DAY


def trade_offs(
    scores: NDArray[np.float64], labels: NDArray[np.int64], groups: NDArray[np.int64], *,
    rates: Sequence[float] = RATES, seed: int = 0,
) -> list[TradeOff]:  # fmt: skip
    """Recall at some shares of false flags, each with an interval.

    The interval is that of a bootstrap of whole groups, which moves the cut too, and never narrower than that of the mere
    number of mismatches (Clopper and Pearson 1934): that none of 60 was missed does not mean that none ever is.

    Parameters
    ----------
    scores, labels, groups : arrays of shape (n_pairs,)
        As `measures.bootstrap` takes them; both classes must be there.
    """
    matched, mismatched = scores[labels == 0], scores[labels == 1]
    n_draws = int(np.clip(_CELLS // len(scores), *_DRAWS))
    draws = bootstrap(scores, labels, groups, draws=n_draws, seed=seed, rates=rates)
    found = []
    for rate in rates:
        recall = recall_at(matched, mismatched, rate)
        low, high = proportion_interval(round(recall * len(mismatched)), len(mismatched))
        drawn_low, drawn_high = interval(draws[f"recall_at_{rate:g}"])
        bounds = (float(np.fmin(low, drawn_low)), float(np.fmax(high, drawn_high)))
        found.append(TradeOff(rate, recall, bounds, rate * len(matched) >= 1))
    return found
