"""How much it counts that title and body are of one topic: weights learned across the archives."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mismatch.judging.comparison import head_log_odds, prepared
from mismatch.judging.swaps import Pairs, derange
from mismatch.model.model import Model
from mismatch.model.topics import TopicModel


def with_agreement(model: Model, archives: Iterable[pa.Table], seed: int = 0) -> TopicModel:
    """The model's topics with weights for their agreement.

    Two logistic regressions of pairs against random swaps: on the head's log-odds alone, and with the agreement beside them.
    The second has a slope for the agreement, and by the difference of both intercepts an agreement that says nothing adds
    nothing, as where no topic is known. Archives weigh alike, and so do pairs and swaps.
    """
    from sklearn.linear_model import LogisticRegression

    assert model.topics is not None
    described = [_described(model, pairs, seed) for pairs in archives]
    columns = np.concatenate([part for part, _ in described])
    labels = np.concatenate([labels for _, labels in described])
    weights = np.concatenate([np.where(labels == 1, 1 / labels.sum(), 1 / (1 - labels).sum()) for _, labels in described])
    weights *= len(labels) / weights.sum()
    known = ~np.isnan(columns[:, 1])
    alone, both = (
        LogisticRegression(max_iter=1000).fit(columns[known, :n], labels[known], sample_weight=weights[known])
        for n in (1, 2)
    )
    scale = float(both.coef_[0, 0])
    intercept = (float(both.intercept_[0]) - float(alone.intercept_[0]) * scale / float(alone.coef_[0, 0])) / scale
    return replace(model.topics, agreement_weights=(min(float(both.coef_[0, 1]) / scale, 0.0), intercept))


def _described(model: Model, pairs: pa.Table, seed: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    assert model.topics is not None and model.lexicon.vectors is not None
    texts = prepared(model, pairs["title"], pairs["body"])
    known = Pairs.of(texts)
    rows = np.flatnonzero(known.first_of_duplicates())
    left, right = derange(known, rows, np.random.default_rng(seed))
    titles, bodies = np.concatenate([rows, left]), np.concatenate([rows, right])
    vectors = np.zeros((len(titles), 2, model.topics.weights.shape[1]), np.float32)
    plain = replace(model, topics=replace(model.topics, agreement_weights=(0.0, 0.0)))
    log_odds, _ = head_log_odds(plain, texts, np.ones(len(titles), np.uint8), vectors, titles, bodies)
    columns = np.column_stack([log_odds, model.topics.agreement(vectors)]).astype(np.float64)
    return columns, np.repeat([0, 1], [len(rows), len(left)])
