"""Which sources got worse: bounds against known values, order, false discoveries."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from mismatch.batch.source_ranking import MIN_EVENTS, jeffreys, ranked, ranked_in_stream, standings
from mismatch.judging.tally import OTHER_SOURCES


def counts(*numbers: int) -> np.ndarray:
    return np.array(numbers, np.int64)


@given(st.integers(0, 200), st.integers(1, 200))
def test_the_interval_is_that_of_the_posterior_under_jeffreys_prior(events: int, more: int) -> None:
    low, high = jeffreys(counts(events), counts(events + more))
    posterior = stats.beta(events + 0.5, more + 0.5)
    assert low[0] == pytest.approx(posterior.ppf(0.025) if events else 0, abs=1e-9)
    assert high[0] == pytest.approx(posterior.ppf(0.975), abs=1e-9)


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 40), st.integers(0, 40))
def test_p_is_that_of_fishers_one_sided_test(a: int, b: int, c: int, d: int) -> None:
    if a + b == 0 or c + d == 0:
        return
    found = ranked(counts(a), counts(a + b), counts(c), counts(c + d))
    assert found.adjusted_p[0] == pytest.approx(min(1, stats.fisher_exact([[a, b], [c, d]], "greater").pvalue), abs=1e-9)


def test_few_rows_do_not_lead_the_list() -> None:
    found = ranked_in_stream(counts(1, 2, 60, 20), counts(1, 3, 1_000, 100_000))
    assert found.order[0] == 2
    assert found.worse.tolist() == [False, False, True, False]
    assert MIN_EVENTS > 2


def test_the_bounds_of_a_change_contain_it() -> None:
    found = ranked(counts(60), counts(1_000), counts(10), counts(1_000))
    assert found.change[0] == pytest.approx(0.05)
    assert 0 < found.change_low[0] < 0.05 < found.change_high[0]


def test_a_broken_source_does_not_hide_the_next() -> None:
    found = ranked_in_stream(counts(9_000, 40, 10, 10), counts(10_000, 400, 5_000, 5_000))
    assert found.worse.tolist() == [True, True, False, False]


def test_a_source_without_anything_to_hold_it_against_is_not_worse() -> None:
    found = ranked_in_stream(counts(50), counts(100))
    assert not found.worse[0]
    assert np.isnan(found.change[0])


def test_of_sources_that_stayed_the_same_hardly_any_is_said_to_be_worse() -> None:
    rng = np.random.default_rng(0)
    said = 0
    for _ in range(60):
        rows = rng.integers(1, 3_000, 100)
        before, now = rng.binomial(rows, 0.02), rng.binomial(rows, 0.02)
        said += bool(ranked(now, rows, before, rows).worse.any()) + bool(ranked_in_stream(now, rows).worse.any())
    assert said <= 0.05 * 120


def test_sources_of_a_gate_are_ranked_and_what_is_counted_together_comes_last() -> None:
    by_source = {
        OTHER_SOURCES: Counter(match=5, mismatch=5), "small": Counter(mismatch=1), "good": Counter(match=2_000, mismatch=2),
        "bad": Counter(match=900, mismatch=100),
    }  # fmt: skip
    found = standings(by_source)
    assert [one.name for one in found] == ["bad", "small", "good", OTHER_SOURCES]
    assert [one.worse for one in found] == [True, False, False, False]
    assert standings({}) == []
