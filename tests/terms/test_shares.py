"""The highest share of documents: no source dilutes another."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mismatch.terms.document_frequency import Counts
from mismatch.terms.shares import highest_shares, lower_share


def counts(frequencies: dict[int, float], n: float) -> Counts:
    hashes = np.array(sorted(frequencies), np.uint64)
    return Counts(hashes, np.array([frequencies[int(h)] for h in hashes], float), n)


def test_a_function_word_of_the_stream_weighs_little_however_large_the_base_is() -> None:
    base = counts({1: 9_000, 2: 100}, 10_000)
    stream = counts({2: 200, 3: 150}, 200)
    found = highest_shares(base, stream)
    shares = dict(zip(found.hashes.tolist(), found.frequencies / found.n_documents, strict=True))
    assert shares[1] == 0.9
    assert shares[2] > 0.98
    assert 0.7 < shares[3] < 0.75
    assert found.n_documents == 10_000


def test_what_one_document_shows_counts_for_little() -> None:
    assert lower_share(np.array([1.0]), 1)[0] == pytest.approx(0.5)
    assert lower_share(np.array([0.0]), 50)[0] == pytest.approx(0, abs=1e-12)
    assert np.all(np.diff([lower_share(np.array([n / 2]), n)[0] for n in (2, 20, 200, 2000)]) > 0)


def test_the_bound_solves_the_equation_of_wilson() -> None:
    """The bound b is where the observed share lies one standard deviation of Binomial(n, b) above it."""
    for k, n in ((3, 10), (40, 50), (1, 1000)):
        bound = float(lower_share(np.array([float(k)]), n)[0])
        assert k / n - bound == pytest.approx(math.sqrt(bound * (1 - bound) / n))


def test_a_base_without_terms_takes_those_of_the_source() -> None:
    found = highest_shares(counts({}, 100.0), counts({7: 5}, 10))
    assert found.hashes.tolist() == [7]
