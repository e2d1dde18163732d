"""The cut keeps what it promises: against a slow twin, by exact probability, and by simulation."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mismatch.errors import MismatchError
from mismatch.model.calibration import (
    Calibration,
    Curve,
    RestsOn,
    fit_platt,
    guaranteed_cut,
    one_per_group,
    pairs_needed,
    promise_in_words,
)

SHARES = st.integers(1, 99).map(lambda n: Fraction(n, 100))


def slow_rank(n: int, rate: Fraction, confidence: Fraction) -> int | None:
    """The smallest k with P(Binomial(n, 1 - R) >= k) <= 1 - C, summed term by term in exact fractions."""
    for k in range(1, n + 1):
        if sum(comb(n, j) * (1 - rate) ** j * rate ** (n - j) for j in range(k, n + 1)) <= 1 - confidence:
            return k
    return None


@settings(max_examples=150, deadline=None)
@given(n=st.integers(1, 60), rate=SHARES, confidence=SHARES)
def test_the_cut_is_the_one_of_the_definition(n: int, rate: Fraction, confidence: Fraction) -> None:
    scores = np.random.default_rng(n).permutation(np.arange(1.0, n + 1))
    rank = slow_rank(n, rate, confidence)
    assert (pairs_needed(float(rate), float(confidence)) <= n) == (rank is not None)
    if rank is None:
        with pytest.raises(MismatchError, match="matched pairs"):
            guaranteed_cut(scores, float(rate), float(confidence))
    else:
        assert guaranteed_cut(scores, float(rate), float(confidence)) == rank


@pytest.mark.parametrize(("rate", "needed"), [(0.05, 59), (0.01, 299), (0.001, 2995)])
def test_the_pairs_needed_are_those_of_the_published_table(rate: float, needed: int) -> None:
    assert pairs_needed(rate, 0.95) == needed
    scores = np.arange(needed, dtype=float)
    assert guaranteed_cut(scores, rate, 0.95) == needed - 1
    with pytest.raises(MismatchError, match=f"needs {needed:,} matched pairs, there are {needed - 1:,}"):
        guaranteed_cut(scores[1:], rate, 0.95)


@pytest.mark.parametrize("discrete", [False, True])
def test_promises_are_broken_no_oftener_than_stated(discrete: bool) -> None:
    rng, rate, confidence, draws = np.random.default_rng(1), 0.05, 0.9, 2000
    broken = 0
    for _ in range(draws):
        sample = rng.random(150)
        cut = guaranteed_cut(np.floor(sample * 40) / 40 if discrete else sample, rate, confidence)
        false_flags = 1 - (cut + 1 / 40 if discrete else cut)
        broken += false_flags > rate + 1e-12
    assert broken / draws <= 1 - confidence + 3 * np.sqrt(confidence * (1 - confidence) / draws)
    if not discrete:
        assert broken / draws > 0.04  # and the cut is not higher than it need be


def test_one_pair_of_each_source_promises_for_new_sources_where_all_pairs_do_not() -> None:
    rng, rate, confidence, draws = np.random.default_rng(2), 0.1, 0.9, 300
    broken = {"all pairs": 0, "one of each": 0}
    new = (rng.normal(0, 1, (20_000, 1)) + rng.normal(0, 0.3, (20_000, 1))).ravel()
    for _ in range(draws):
        sources = np.repeat(np.arange(60), 20)
        scores = rng.normal(0, 1, 60)[sources] + rng.normal(0, 0.3, len(sources))
        broken["all pairs"] += (new > guaranteed_cut(scores, rate, confidence)).mean() > rate
        some = scores[one_per_group(sources, rng)]
        broken["one of each"] += (new > guaranteed_cut(some, rate, confidence)).mean() > rate
    assert broken["one of each"] / draws <= 0.1 + 3 * np.sqrt(0.09 / draws)
    assert broken["all pairs"] / draws > 0.2


def test_a_score_that_is_no_number_is_refused() -> None:
    with pytest.raises(MismatchError, match="cannot be judged"):
        guaranteed_cut(np.append(np.arange(99.0), np.nan), 0.05, 0.9)


@pytest.mark.parametrize(("rate", "confidence"), [(0, 0.9), (1, 0.9), (0.1, 0), (0.1, 1), (float("nan"), 0.9)])
def test_impossible_promises_are_refused(rate: float, confidence: float) -> None:
    with pytest.raises(MismatchError, match="between 0 and 1"):
        guaranteed_cut(np.arange(100.0), rate, confidence)


@pytest.mark.parametrize("prior", [None, 0.001, 0.02, 0.5])
def test_cuts_and_probabilities_agree(prior: float | None) -> None:
    calibration = Calibration.agreeing(1.5, -0.3, 2.0, "kept", prior)
    at = calibration.probability(np.array([calibration.cut, calibration.unsure_cut]))
    assert calibration.cut >= 2.0
    assert at[0] >= 0.5 - 1e-5
    assert at[1] == pytest.approx(0.1, abs=1e-5)
    if prior is None:
        assert calibration.cut == pytest.approx(2.0)
        assert at[0] == pytest.approx(0.5, abs=1e-5)


def test_a_promised_cut_above_even_odds_stays_and_what_lies_between_is_unsure() -> None:
    curve = Curve(-5.0, 5.0, np.linspace(0.0, 1.0, 101))
    calibration = replace(Calibration.of_curve(curve, 0.02), cut=3.0, promise="kept").agreed()
    assert calibration.cut == 3.0
    assert calibration.unsure_cut == pytest.approx(-4.0)
    assert calibration.probability(np.array([2.9]))[0] > 0.5


def test_a_curve_that_never_reaches_even_odds_flags_nothing() -> None:
    calibration = Calibration.of_curve(Curve(-5.0, 5.0, np.linspace(0.0, 0.3, 101)), 0.001)
    assert calibration.cut > 1000
    assert calibration.probability(np.array([1e5]))[0] == pytest.approx(0.3)


def test_one_per_group_draws_one_of_each_at_random() -> None:
    groups = np.array([5, 5, 5, 2, 9, 9])
    drawn = [tuple(one_per_group(groups, np.random.default_rng(seed))) for seed in range(40)]
    assert all(sorted(groups[list(some)]) == [2, 5, 9] for some in drawn)
    assert len(set(drawn)) == 6


def test_probabilities_are_calibrated_for_the_stated_share() -> None:
    rng = np.random.default_rng(3)
    truth = (rng.random(200_000) < 0.02).astype(np.int64)
    scores = rng.normal(np.where(truth, 2.0, -2.0), 1.5)
    half = np.concatenate([np.flatnonzero(truth == 1)[:2000], np.flatnonzero(truth == 0)[:2000]])
    slope, intercept = fit_platt(scores[half], truth[half])
    calibration = Calibration(slope, intercept, 0.02, 0.0, 0.0, "")
    probability = calibration.probability(scores)
    for low, high in ((0.0, 0.05), (0.05, 0.3), (0.3, 0.7), (0.7, 1.0)):
        inside = (probability >= low) & (probability < high)
        assert probability[inside].mean() == pytest.approx(truth[inside].mean(), abs=0.04)
    assert calibration.log_odds(probability[:50]) == pytest.approx(scores[:50], abs=1e-4)


def test_another_prior_changes_probabilities_and_never_lowers_a_cut() -> None:
    calibration = Calibration.agreeing(1.0, 0.0, 2.0, "kept", 0.01)
    rarer = calibration.with_prior(0.001)
    assert rarer.cut > calibration.cut >= 2.0
    assert rarer.promise == "kept"
    assert Calibration.agreeing(1.0, 0.0, 2.0, "kept", 0.5).cut == 2.0
    at = np.array([3.0])
    odds = [p / (1 - p) for p in (calibration.probability(at)[0], rarer.probability(at)[0])]
    assert odds[0] / odds[1] == pytest.approx((0.01 / 0.99) / (0.001 / 0.999), rel=1e-4)
    with pytest.raises(MismatchError, match="between 0 and 1"):
        calibration.with_prior(1.0)


def test_the_promise_says_what_it_assumes() -> None:
    words = promise_in_words(0.001, 0.95, 3000, RestsOn.CALIBRATION_PAIRS)
    assert words.startswith(
        "at most 0.1 % of matched pairs are flagged, with confidence 95 %, if the 3,000 calibration pairs"
    )
    for assumption in ("genuine", "different from one another", "unseen in training", "drawn like what is scored"):
        assert assumption in words
    assert "a random pair of a random source" in promise_in_words(0.01, 0.9, 300, RestsOn.SOURCES)
    assert "the 300 training pairs are genuine" in promise_in_words(0.01, 0.9, 300, RestsOn.TRAINING_PAIRS)


@given(st.floats(-200, 200))
def test_a_probability_has_at_most_six_significant_digits(log_odds: float) -> None:
    calibration = Calibration(1.0, 0.0, 0.01, 0.0, -1.0, "")
    probability = float(calibration.probability(np.array([log_odds]))[0])
    exact = 1 / (1 + 99 * math.exp(-max(log_odds, -31.4)))
    assert probability == pytest.approx(exact, rel=1e-5, abs=1e-5 if log_odds > 0 else 1e-14)
    assert len(repr(probability).split("e")[0].replace(".", "").strip("0")) <= 6
