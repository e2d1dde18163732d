"""Which sources got worse, and how surely: against a baseline, or against the rest of the stream.

A source is ranked by a lower bound of its change, so that a small sample does not lead the list. Which of them got worse is
decided by one-sided exact tests of Fisher, the false discovery rate kept by the procedure of Benjamini and Hochberg (1995).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mismatch.judging.tally import OTHER_SOURCES

CONFIDENCE = 0.95
"""of the intervals of rates"""
SURELY = 0.999
"""confidence of the bounds of changes: the sources are many, and those that lead were chosen for leading"""
MIN_EVENTS = 3
"""flagged rows from which a source can be said to have got worse"""
FALSE_DISCOVERIES = 0.05
"""expected share at most, among the sources that are said to have got worse, of those that have not"""
_MAX_ROUNDS = 20


class Ranking(NamedTuple):
    """How the rate of each source changed; arrays of shape (n_sources,)."""

    rate: NDArray[np.float64]
    low: NDArray[np.float64]
    """of the rate: Jeffreys interval"""
    high: NDArray[np.float64]
    before: NDArray[np.float64]
    """the rate that it is held against; NaN where there is nothing to hold it against"""
    change: NDArray[np.float64]
    """the rate minus the one before"""
    change_low: NDArray[np.float64]
    """lower bound of the change, at a confidence of `SURELY`, by which the sources are ranked"""
    change_high: NDArray[np.float64]
    adjusted_p: NDArray[np.float64]
    """the smallest false discovery rate at which the source is said to have got worse"""
    worse: NDArray[np.bool_]
    """whether it got worse at a false discovery rate of `FALSE_DISCOVERIES`"""

    @property
    def order(self) -> NDArray[np.int64]:
        """The sources, the one that got worse most surely first; those without a flag last, the largest of them first."""
        surely = np.where((self.rate > 0) & ~np.isnan(self.change_low), self.change_low, -2.0)
        return np.lexsort((self.high, -surely, ~self.worse))


class Standing(NamedTuple):
    """A source among the others of its stream."""

    name: str
    verdicts: Counter[str]
    low: float
    """of the flagged share: Jeffreys interval"""
    high: float
    worse: bool
    """surely worse than the others"""


def standings(by_source: Mapping[str, Counter[str]]) -> list[Standing]:
    """The sources of a tally, the one that is worse than the others most surely first; those counted as one come last."""
    names = [name for name in by_source if name != OTHER_SOURCES]
    flags = np.array([by_source[name]["mismatch"] for name in names], np.int64)
    rows = np.array([by_source[name].total() for name in names], np.int64)
    if OTHER_SOURCES in by_source:
        others = by_source[OTHER_SOURCES]
        low, high = jeffreys(np.array([others["mismatch"]]), np.array([others.total()]))
        last = [Standing(OTHER_SOURCES, others, float(low[0]), float(high[0]), False)]
    else:
        last = []
    if not names:
        return last
    found = ranked_in_stream(flags, rows)
    bounds = list(zip(found.low.tolist(), found.high.tolist(), found.worse.tolist(), strict=True))
    return [*(Standing(names[k], by_source[names[k]], *bounds[k]) for k in found.order.tolist()), *last]


def jeffreys(
    events: NDArray[np.int64], trials: NDArray[np.int64], confidence: float = CONFIDENCE
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Bounds of a rate: quantiles of its posterior under Jeffreys' prior, 0 and 1 where nothing or everything happened."""
    from scipy.special import betaincinv

    tail = (1 - confidence) / 2
    a, b = events + 0.5, trials - events + 0.5
    low = np.where(events > 0, betaincinv(a, b, tail), 0.0)
    return low, np.where(events < trials, betaincinv(a, b, 1 - tail), 1.0)


def ranked(
    events: NDArray[np.int64], trials: NDArray[np.int64], events_before: NDArray[np.int64], trials_before: NDArray[np.int64]
) -> Ranking:
    """Each source's rate against the one before.

    The bounds of the change are those of MOVER (Donner and Zou 2012) from the Jeffreys intervals of both rates.

    Parameters
    ----------
    events, trials : int64 arrays of shape (n_sources,)
        Flagged rows and all rows now; trials are not 0.
    events_before, trials_before : int64 arrays of shape (n_sources,)
        The same of what they are held against; 0 trials where there is nothing.
    """
    from scipy.stats import false_discovery_control, hypergeom

    known = trials_before > 0
    rate, before = events / trials, np.where(known, events_before / np.maximum(trials_before, 1), np.nan)
    low, high = jeffreys(events, trials)
    surely, surely_before = jeffreys(events, trials, SURELY), jeffreys(events_before, trials_before, SURELY)
    change = rate - before
    change_low = change - np.hypot(rate - surely[0], surely_before[1] - before)
    change_high = change + np.hypot(surely[1] - rate, before - surely_before[0])
    p = np.ones(len(rate))
    both, hits = (trials + trials_before)[known], (events + events_before)[known]
    p[known] = hypergeom.sf(events[known] - 1, both, hits, trials[known])
    adjusted = np.ones(len(p))
    if known.any():
        adjusted[known] = false_discovery_control(np.clip(p[known], 0, 1), method="bh")
    worse = (adjusted <= FALSE_DISCOVERIES) & (events >= MIN_EVENTS)
    return Ranking(rate, low, high, before, change, change_low, change_high, adjusted, worse)


def ranked_in_stream(events: NDArray[np.int64], trials: NDArray[np.int64]) -> Ranking:
    """Each source's rate against that of all others.

    Sources that stand out are taken out of what the others are held against, round by round: one broken source must not hide
    the next.
    """
    inside = np.ones(len(events), bool)
    for _ in range(_MAX_ROUNDS):
        of_rest = [inside @ counts - inside * counts for counts in (events, trials)]
        ranking = ranked(events, trials, *(counts.astype(np.int64) for counts in of_rest))
        left = ~ranking.worse
        if (left == inside).all() or not left.any():
            break
        inside = left
    return ranking
