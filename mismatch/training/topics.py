"""Learns topics: logistic regression on unit vectors of titles and bodies, with thresholds by cross-validation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mismatch.model.topics import TopicModel
from mismatch.terms.lexicon import Lexicon
from mismatch.terms.text_buffers import TextBuffers

WANTED_PRECISION = 0.8

MIN_TOPIC_PAIRS = 20

MAX_TOPICS = 60

_N_FOLDS = 5


def text_vectors(texts: TextBuffers, rows: NDArray[np.int64], lexicon: Lexicon) -> NDArray[np.float32]:
    """Unit vectors of some texts, shape (len(rows), vector size); zero where no term has one."""
    from mismatch.training.term_vectors import term_matrix  # brings scipy, which scoring can do without

    assert lexicon.vectors is not None
    summed = term_matrix(texts, rows, lexicon.vectors.hashes, lexicon) @ lexicon.vectors.vectors()
    return (summed / np.maximum(np.linalg.norm(summed, axis=1, keepdims=True), 1e-9)).astype(np.float32)


def learn_topics(
    titles: TextBuffers, bodies: TextBuffers, topics: list[str | None], lexicon: Lexicon, *, seed: int = 0
) -> TopicModel | None:  # fmt: skip
    """Learns the topics of an archive from its titles and bodies.

    Parameters
    ----------
    topics
        The topic of each pair, or None. Topics of fewer than `MIN_TOPIC_PAIRS` pairs are left out.

    Returns
    -------
    TopicModel, or None if there are no vectors or fewer than two topics
    """
    if lexicon.vectors is None:
        return None
    names, counts = np.unique([t for t in topics if t], return_counts=True)
    order = np.argsort(-counts, kind="stable")[:MAX_TOPICS]
    chosen = sorted(str(names[i]) for i in order if counts[i] >= MIN_TOPIC_PAIRS)
    if len(chosen) < 2:
        return None
    number = {name: i for i, name in enumerate(chosen)}
    labels = np.array([number.get(t or "", -1) for t in topics])
    rows = np.flatnonzero(labels >= 0)
    labels = labels[rows]
    title_vectors, body_vectors = text_vectors(titles, rows, lexicon), text_vectors(bodies, rows, lexicon)
    parents, neighbours = np.full(len(chosen), -1, np.int32), np.eye(len(chosen), dtype=np.uint8)
    out_of_fold = _cross_validated(title_vectors, body_vectors, labels, len(chosen), seed)
    shell = TopicModel(
        tuple(chosen), parents, neighbours, np.empty((0, 0), np.float32), np.empty(0, np.float32), 0.0, 0.0, {}
    )
    thresholds: list[float] = []
    figures: dict[str, float] = {}
    for kind, probabilities in zip(("title", "body"), out_of_fold, strict=True):
        best, confidence = shell.widest(probabilities)
        right = best == labels
        threshold = _threshold(confidence, right)
        named = confidence >= threshold
        thresholds.append(threshold)
        figures[f"{kind}_named"] = float(named.mean())
        figures[f"{kind}_precision"] = float(right[named].mean()) if named.any() else 0.0
        figures[f"{kind}_macro_f1"] = _macro_f1(labels, best)
    weights, intercepts = _fit(np.concatenate([title_vectors, body_vectors]), np.concatenate([labels, labels]), len(chosen))
    return TopicModel(tuple(chosen), parents, neighbours, weights, intercepts, thresholds[0], thresholds[1], figures)


def _fit(
    vectors: NDArray[np.float32], labels: NDArray[np.int64], n_topics: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    from sklearn.linear_model import LogisticRegression

    known = vectors.any(axis=1)
    fitted = LogisticRegression(C=1.0, max_iter=1000).fit(vectors[known], labels[known])
    weights, intercepts = np.zeros((n_topics, vectors.shape[1]), np.float32), np.full(n_topics, -30, np.float32)
    if len(fitted.classes_) == 2:  # scikit-learn gives one row for two classes
        weights[fitted.classes_] = np.concatenate([-fitted.coef_, fitted.coef_]) / 2
        intercepts[fitted.classes_] = np.concatenate([-fitted.intercept_, fitted.intercept_]) / 2
    else:
        weights[fitted.classes_], intercepts[fitted.classes_] = fitted.coef_, fitted.intercept_
    return weights, intercepts


def _cross_validated(
    titles: NDArray[np.float32], bodies: NDArray[np.float32], labels: NDArray[np.int64], n_topics: int, seed: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    from sklearn.model_selection import StratifiedKFold

    out = np.zeros((len(labels), n_topics), np.float32), np.zeros((len(labels), n_topics), np.float32)
    parents, neighbours = np.full(n_topics, -1, np.int32), np.eye(n_topics, dtype=np.uint8)
    for train, test in StratifiedKFold(_N_FOLDS, shuffle=True, random_state=seed).split(bodies, labels):
        weights, intercepts = _fit(np.concatenate([titles[train], bodies[train]]), np.tile(labels[train], 2), n_topics)
        fold = TopicModel(("",) * n_topics, parents, neighbours, weights, intercepts, 0.0, 0.0, {})
        for side, vectors in zip(out, (titles, bodies), strict=True):
            side[test] = fold.probabilities(vectors[test]) * vectors[test].any(axis=1, keepdims=True)
    return out


def _threshold(confidence: NDArray[np.float32], right: NDArray[np.bool_]) -> float:
    """The lowest confidence above which at least `WANTED_PRECISION` of the topics are right; above 1 where there is none."""
    order = np.argsort(-confidence, kind="stable")
    precision = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    good = np.flatnonzero(precision[19:] >= WANTED_PRECISION) + 19
    return float(confidence[order[good[-1]]]) if len(good) else 1.01


def _macro_f1(truth: NDArray[np.int64], guess: NDArray[np.int64]) -> float:
    from sklearn.metrics import f1_score

    return float(f1_score(truth, guess, average="macro"))
