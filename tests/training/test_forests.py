"""The exported trees: equal to scikit-learn's, monotone, and able to be mixed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from ordinary_pairs import PAIRS

from mismatch.features.cascade import score_pairs
from mismatch.features.forest import Forest
from mismatch.features.overlap_features import FEATURES, N_FEATURES, pair_features
from mismatch.judging.scorer import Scorer
from mismatch.terms.text_buffers import text_buffers
from mismatch.training.forests import as_forest, fit_classifier, fit_forest

MONOTONE = [(i, feature.monotone) for i, feature in enumerate(FEATURES) if feature.monotone]


def examples(seed: int, n: int = 1500) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Features at random; the label goes with some, and against what is allowed with others."""
    rng = np.random.default_rng(seed)
    features = rng.gamma(1.0, 1.0, (n, N_FEATURES)).astype(np.float32)
    labels = features[:, 1] + features[:, 6] * features[:, 9] - features[:, 7] + rng.normal(0, 1, n) < 1
    return features, labels.astype(np.int64)


@pytest.fixture(scope="module")
def forest() -> Forest:
    return fit_forest(*examples(0))


@pytest.mark.parametrize("seed", range(3))
def test_exported_trees_give_scikit_learns_log_odds(seed: int) -> None:
    features, labels = examples(seed)
    classifier = fit_classifier(features, labels, seed=seed)
    others = np.concatenate([features, examples(seed + 50)[0], np.zeros((1, N_FEATURES), np.float32)])
    np.testing.assert_allclose(
        as_forest(classifier).predict(others), classifier.decision_function(others), rtol=0, atol=1e-6
    )


def test_values_at_a_threshold_go_the_same_way_as_in_scikit_learn() -> None:
    features, labels = examples(4)
    features = np.round(features, 1)
    classifier = fit_classifier(features, labels)
    np.testing.assert_allclose(
        as_forest(classifier).predict(features), classifier.decision_function(features), rtol=0, atol=1e-6
    )


@settings(max_examples=300, deadline=None)
@given(
    st.integers(0, 1499), st.sampled_from(MONOTONE), st.floats(0, 5, width=32), st.floats(0, 5, width=32),
)  # fmt: skip
def test_more_overlap_never_makes_a_mismatch_likelier(
    forest: Forest, row: int, feature: tuple[int, int], low: float, high: float
) -> None:
    column, direction = feature
    pair = np.repeat(examples(0)[0][row : row + 1], 2, axis=0)
    pair[:, column] = min(low, high), max(low, high)
    less, more = forest.predict(pair)
    assert (more - less) * direction >= 0


def test_forests_are_scaled_and_added(forest: Forest) -> None:
    features, labels = examples(7)
    other = fit_forest(features, labels, trees=7)
    mixed = forest.scaled(0.25).plus(other.scaled(0.75)).predict(features)
    np.testing.assert_allclose(mixed, 0.25 * forest.predict(features) + 0.75 * other.predict(features), atol=1e-9)


@pytest.mark.parametrize("value", [0.5, 1.25])
def test_a_forest_that_is_deaf_above_a_value_takes_all_beyond_for_it(forest: Forest, value: float) -> None:
    features, _ = examples(4)
    capped = features.copy()
    capped[:, 1] = np.minimum(capped[:, 1], value)
    deaf = forest.deaf_above(1, value)
    deaf.check(N_FEATURES)
    np.testing.assert_array_equal(deaf.predict(features), forest.predict(capped))
    assert not np.array_equal(deaf.predict(features), forest.predict(features))


def test_scoring_in_one_pass_is_describing_and_then_judging(scorer: Scorer) -> None:
    import pyarrow as pa

    titles, bodies = (text_buffers(pa.array([pair[i] for pair in PAIRS])) for i in (2, 3))
    wanted = np.ones(len(PAIRS), np.uint8)
    wanted[::7] = 0
    model = scorer.model
    log_odds, features = score_pairs(titles, bodies, wanted, model.lexicon, model.forest)
    described = pair_features(titles, bodies, model.lexicon)
    assert np.isnan(log_odds[wanted == 0]).all()
    assert (features[wanted > 0] == described[wanted > 0]).all()
    np.testing.assert_allclose(log_odds[wanted > 0], model.forest.predict(described)[wanted > 0])


def test_a_forest_is_the_same_each_time() -> None:
    a, b = (fit_forest(*examples(1), seed=3) for _ in range(2))
    assert (a.value == b.value).all()
    assert (a.threshold == b.threshold).all()
