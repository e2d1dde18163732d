"""Recall at a false-flag rate, against a search through all cuts."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mismatch.model.recall import FALSE_FLAG_RATES, cut_at, recall_at

TIED = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 1)), min_size=2, max_size=40).filter(
    lambda pairs: len({label for _, label in pairs}) == 2
)


@settings(max_examples=200, deadline=None)
@given(TIED)
def test_recall_is_that_of_the_lowest_cut_with_few_enough_false_flags(pairs: list[tuple[int, int]]) -> None:
    scores, labels = (np.array(part) for part in zip(*pairs, strict=True))
    matched, mismatched = scores[labels == 0].astype(float), scores[labels == 1].astype(float)
    for rate in (*FALSE_FLAG_RATES, 0.3):
        cuts = [cut for cut in np.unique(scores) if (matched > cut).mean() <= rate + 1e-12]
        assert recall_at(matched, mismatched, rate) == max((mismatched > cut).mean() for cut in cuts)


@pytest.mark.parametrize("rate", ["0.001", "0.01", "0.05", "0.29", "0.57", "0.58"])
@pytest.mark.parametrize("n", [100, 300, 1_000])
def test_as_many_false_flags_are_allowed_as_the_rate_says(n: int, rate: str) -> None:
    """Where the rate allows a whole number of them too: for a computer, 0.29 * 100 is less than 29."""
    matched = np.random.default_rng(n).permutation(np.arange(float(n)))
    assert (matched > cut_at(matched, float(rate))).sum() == int(Fraction(rate) * n)
