"""Fitting gradient-boosted trees, and bringing them into the flat arrays that compiled code walks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mismatch.features.forest import Forest
from mismatch.features.overlap_features import FEATURES

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingClassifier


def fit_forest(
    features: NDArray[np.float32], labels: NDArray[np.int64], *, seed: int = 0, trees: int = 80, leaves: int = 12
) -> Forest:
    """A forest fitted on features of shape (n_pairs, N_FEATURES), label 1 for mismatches."""
    return as_forest(fit_classifier(features, labels, seed=seed, trees=trees, leaves=leaves))


def fit_classifier(
    features: NDArray[np.float32], labels: NDArray[np.int64], *, seed: int = 0, trees: int = 80, leaves: int = 12
) -> HistGradientBoostingClassifier:
    """The same as scikit-learn has it."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits

    classifier = HistGradientBoostingClassifier(
        max_iter=trees,
        max_leaf_nodes=leaves,
        learning_rate=0.12,
        min_samples_leaf=max(2, min(20, len(labels) // 40)),
        l2_regularization=1.0,
        monotonic_cst=[feature.monotone for feature in FEATURES],
        early_stopping=False,
        random_state=seed,
    )
    # threads that wait for one another cost more than they save; where there are several forests, each has its thread
    with threadpool_limits(1, user_api="openmp"):
        return classifier.fit(features, labels)


def as_forest(classifier: HistGradientBoostingClassifier) -> Forest:
    """The fitted trees as flat arrays that give the same log-odds."""
    roots, parts, count = [], [], 0
    for (predictor,) in classifier._predictors:
        nodes = predictor.nodes
        leaf = nodes["is_leaf"].astype(bool)
        roots.append(count)
        parts.append((
            np.where(leaf, 0, nodes["feature_idx"]).astype(np.int32),
            np.where(leaf, 0.0, nodes["num_threshold"]).astype(np.float64),
            np.where(leaf, 0, nodes["left"].astype(np.int64) + count).astype(np.int32),
            np.where(leaf, 0, nodes["right"].astype(np.int64) + count).astype(np.int32),
            np.where(leaf, nodes["value"], 0.0).astype(np.float64),
        ))  # fmt: skip
        count += len(nodes)
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    feature, threshold, left, right, value = columns
    offset = float(np.ravel(classifier._baseline_prediction)[0])
    return Forest(np.array(roots, np.int32), feature, threshold, left, right, value, offset)
