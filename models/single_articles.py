"""The calibration of the starter, for articles that come one by one, and for streams to start from.

Scores of one archive lie higher than those of another, and nothing tells a single article's archive. So all archives
count alike:

- *slope and level* (Platt 1999) are what the archives have in common, each under the weights that it has as a stream: the
  regression gives each a level of its own, and the level of the calibration is their mean. With one level for all, the
  slope would say how far the archives lie apart.
- The *cut* is one that flags at most 1 % of the pairs of an even mixture of the archives, under the weights without a
  stream, with confidence 95 % (the Neyman-Pearson rule of `mismatch.model.calibration`).
- The *prior* follows from both. What is said of a pair in words is said by its probability too: it is .5 at the cut, and
  .1 where the model begins to abstain.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mismatch.model.calibration import Calibration, guaranteed_cut
from models.archives import Scored

MAX_FALSE_FLAGS, CONFIDENCE = 0.01, 0.95
DRAWS = 101
"""of as many pairs from each archive as the smallest has; the middle one of their cuts is taken"""
UNSURE_FROM = 0.09999
"""probability from which the model abstains: what it calls a match has less than .1, rounded too"""


def calibration_for_single_articles(scored: Mapping[str, Scored], as_streams: Sequence[Scored]) -> Calibration:
    """
    Parameters
    ----------
    scored
        The archives by name, under the weights without a stream.
    as_streams
        The same, each under its own weights.
    """
    slope, levels = common_slope(as_streams)
    level = float(levels.mean())
    n = min(len(part.rows) for part in scored.values())
    cut = even_cut([part.matched for part in scored.values()], n)
    promise = (
        f"at most {MAX_FALSE_FLAGS:.0%} of matched pairs are flagged, with confidence {CONFIDENCE:.0%}, if the pairs of "
        f"{len(scored)} archives, {n:,} of each, are genuine, different from one another and, together, like what is scored"
    )
    prior = float(1 / (1 + np.exp(slope * cut + level)))
    even = Calibration(slope, level, prior, cut, cut, promise)
    return replace(even, unsure_cut=float(even.log_odds(np.array([UNSURE_FROM]))[0]))


def common_slope(archives: Sequence[Scored]) -> tuple[float, NDArray[np.float64]]:
    """Slope and levels of calibrated log-odds ``slope * log_odds + level[archive]`` at even odds; archives weigh alike."""
    from sklearn.linear_model import LogisticRegression

    sizes = [len(part.rows) + len(part.swapped) for part in archives]
    scores = np.concatenate([np.concatenate([part.matched, part.swapped]) for part in archives])
    labels = np.concatenate([np.repeat([0, 1], [len(part.rows), len(part.swapped)]) for part in archives])
    weights = np.concatenate([np.full(size, np.mean(sizes) / size) for size in sizes])
    levels = np.repeat(np.arange(len(archives)), sizes)[:, None] == np.arange(len(archives))
    fitted = LogisticRegression(C=1e3, fit_intercept=False, max_iter=1000).fit(
        np.column_stack([np.clip(scores, -30, 30), levels]), labels, sample_weight=weights
    )
    return float(fitted.coef_[0, 0]), fitted.coef_[0, 1:]


def even_cut(matched: Sequence[NDArray[np.float64]], n: int) -> float:
    """The middle one of the guaranteed cuts of several draws of n matched pairs of each archive."""
    cuts = []
    for seed in range(DRAWS):
        rng = np.random.default_rng(seed)
        drawn = np.concatenate([rng.choice(scores, n, replace=False) for scores in matched])
        cuts.append(guaranteed_cut(drawn, MAX_FALSE_FLAGS, CONFIDENCE))
    return float(np.median(cuts))


def figures_of(scored: Mapping[str, Scored], calibration: Calibration) -> dict[str, dict[str, float]]:
    """For the model card: what becomes of the pairs of each archive and of their swaps."""

    def figures(part: Scored) -> dict[str, float]:
        flagged, doubted = part.matched > calibration.cut, part.matched > calibration.unsure_cut
        return {
            "matched": len(part.rows), "suspects_left_out": part.n_suspects, "flagged": float(flagged.mean()),
            "unsure": float((doubted & ~flagged).mean()), "swaps_found": float((part.swapped > calibration.cut).mean()),
        }  # fmt: skip

    return {name: figures(part) for name, part in scored.items()}
