"""The table from which a cut is chosen: recall at some shares of false flags, each with an interval."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from mismatch.evaluation.trade_off import RATES, trade_offs
from mismatch.model.recall import recall_at


def _drawn(n: int, seed: int = 0) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    rng = np.random.default_rng(seed)
    labels = np.repeat([0, 1], n)
    return rng.normal(size=2 * n) + 2.5 * labels, labels


def test_recall_is_that_of_the_plain_definition() -> None:
    scores, labels = _drawn(2000)
    for point in trade_offs(scores, labels, np.arange(4000)):
        allowed = int(point.false_flags * 2000)
        cut = sorted(scores[labels == 0], reverse=True)[allowed]
        assert point.recall == pytest.approx((scores[labels == 1] > cut).mean())
        assert point.recall == recall_at(scores[labels == 0], scores[labels == 1], point.false_flags)


def test_a_day_of_ten_thousand_articles() -> None:
    scores, labels = _drawn(1000)
    assert [round(point.a_day) for point in trade_offs(scores, labels, np.arange(2000))] == [10, 20, 50, 100, 200]
    assert [point.false_flags for point in trade_offs(scores, labels, np.arange(2000))] == list(RATES)


def test_intervals_hold_the_recall_of_the_population() -> None:
    """In 12 samples from one population, its recall is outside of the 95 % interval in few."""
    everything, labels = _drawn(200_000, seed=99)
    truth = recall_at(everything[labels == 0], everything[labels == 1], 0.01)
    outside = 0
    for seed in range(12):
        scores, labels = _drawn(300, seed)
        (point,) = trade_offs(scores, labels, np.arange(600), rates=(0.01,), seed=seed)
        low, high = point.interval
        assert low <= point.recall <= high
        outside += not low <= truth <= high
    assert outside <= 2


def test_nothing_missed_among_few_is_no_certainty() -> None:
    scores, labels = np.array([0.0] * 60 + [9.0] * 60) + np.arange(120) / 1000, np.repeat([0, 1], 60)
    for point in trade_offs(scores, labels, np.arange(120)):
        assert point.recall == 1
        assert point.interval[0] == pytest.approx(0.025 ** (1 / 60))  # Clopper and Pearson, all of 60 found
        assert point.resolved is (point.false_flags * 60 >= 1)


def test_pairs_of_one_body_count_as_one() -> None:
    scores, labels = _drawn(60, seed=5)
    once = trade_offs(scores, labels, np.arange(120), rates=(0.1,))[0].interval
    repeated = trade_offs(np.tile(scores, 9), np.tile(labels, 9), np.tile(np.arange(120), 9), rates=(0.1,))[0].interval
    as_if_new = trade_offs(np.tile(scores, 9), np.tile(labels, 9), np.arange(1080), rates=(0.1,))[0].interval
    assert repeated[1] - repeated[0] > 2 * (as_if_new[1] - as_if_new[0])
    assert repeated[1] - repeated[0] == pytest.approx(once[1] - once[0], abs=0.12)
