"""Topics by name: a linear classifier on the vectors of titles and bodies that abstains when it is unsure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from mismatch.lexicon import Lexicon, TermVectors
from mismatch.packing import packed, unpacked
from mismatch.text_buffers import TextBuffers

WANTED_PRECISION = 0.8
MIN_TOPIC_PAIRS = 20
MAX_TOPICS = 60
_N_FOLDS = 5
UNKNOWN = -1


@dataclass(frozen=True)
class TopicModel:
    """Multinomial logistic regression on unit vectors, with one threshold for titles and one for bodies."""

    names: tuple[str, ...]
    parents: NDArray[np.int32]
    """shape (n_topics,): the topic that a narrower one belongs to, or -1"""
    weights: NDArray[np.float32]
    """shape (n_topics, vector size)"""
    intercepts: NDArray[np.float32]
    title_threshold: float
    """probability from which a title's topic is named"""
    body_threshold: float
    figures: dict[str, float]
    """precision and share named by cross-validation"""

    def probabilities(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Shape (n_texts, n_topics), for vectors of any length."""
        out = np.empty((len(vectors), len(self.names)), np.float32)
        _softmax(np.ascontiguousarray(vectors, np.float32), np.ascontiguousarray(self.weights), self.intercepts, out)
        return out

    def name(self, vectors: NDArray[np.float32], threshold: float) -> NDArray[np.int64]:
        """Number of the topic of each text, or `UNKNOWN`. Shape (n_texts,).

        The wide topic must reach the threshold; a narrow one in it is named when it makes up at least half of that.
        """
        out = np.empty(len(vectors), np.int64)
        _name(self.probabilities(vectors), np.ascontiguousarray(vectors), self.wide, threshold, out)
        return out

    @property
    def wide(self) -> NDArray[np.int64]:
        """The widest topic of each topic, shape (n_topics,)."""
        return np.where(self.parents >= 0, self.parents, np.arange(len(self.parents)))

    def widest(self, probabilities: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The likeliest wide topic of each text and its probability, narrow topics included."""
        summed = np.zeros_like(probabilities)
        np.add.at(summed.T, self.wide, probabilities.T)
        best = summed.argmax(axis=1)
        return best, summed[np.arange(len(best)), best]

    def differ(self, left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Where both topics are known and neither is part of the other."""
        known = (left >= 0) & (right >= 0)
        wide_left = np.where(known & (self.parents[left] >= 0), self.parents[left], left)
        wide_right = np.where(known & (self.parents[right] >= 0), self.parents[right], right)
        return known & (wide_left != wide_right)

    def over(self, vectors: TermVectors, own: TermVectors) -> TopicModel:
        """The same topics over other vectors of (mostly) the same terms, which were tuned from its own.

        The linear map from the new to the old vectors that fits best (least squares over the common terms) goes into the
        weights.
        """
        _, new, old = np.intersect1d(vectors.hashes, own.hashes, assume_unique=True, return_indices=True)
        map_back = np.linalg.lstsq(vectors.vectors()[new], own.vectors()[old], rcond=None)[0]
        return replace(self, weights=(self.weights @ map_back.T).astype(np.float32))

    def to_plain(self) -> dict[str, Any]:
        return {
            "names": list(self.names), "parents": packed(self.parents), "weights": packed(self.weights),
            "intercepts": packed(self.intercepts), "title_threshold": self.title_threshold,
            "body_threshold": self.body_threshold, "figures": dict(self.figures),
        }  # fmt: skip

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> TopicModel:
        """
        Raises
        ------
        ValueError, KeyError, TypeError
            If the parts do not fit together.
        """
        names = tuple(plain["names"])
        parents, weights = (
            unpacked("parents", plain["parents"], "int32", 1),
            unpacked("weights", plain["weights"], "float32", 2),
        )
        intercepts = unpacked("intercepts", plain["intercepts"], "float32", 1)
        if not names or not all(type(name) is str for name in names):
            raise ValueError("the topics have no names")
        if not len(names) == len(parents) == len(weights) == len(intercepts):
            raise ValueError("the topics differ in number from their weights")
        if (parents < -1).any() or (parents >= len(names)).any() or not np.isfinite(weights).all():
            raise ValueError("the topics are damaged")
        thresholds = float(plain["title_threshold"]), float(plain["body_threshold"])
        return cls(names, parents, weights, intercepts, *thresholds, figures=dict(plain["figures"]))


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def _dot(a, b):
    total = np.float32(0)
    for d in range(a.shape[0]):
        total += a[d] * b[d]
    return total


@njit(cache=True, nogil=True)
def _softmax(vectors, weights, intercepts, out):
    """In place of a product of matrices: BLAS would start threads of its own under each of ours."""
    for row in range(vectors.shape[0]):
        scale = np.float32(1) / max(np.sqrt(_dot(vectors[row], vectors[row])), np.float32(1e-9))
        logits = out[row]
        for t in range(logits.shape[0]):
            logits[t] = intercepts[t] + scale * _dot(vectors[row], weights[t])
        highest = logits.max()
        total = np.float32(0)
        for t in range(logits.shape[0]):
            logits[t] = np.exp(logits[t] - highest)
            total += logits[t]
        for t in range(logits.shape[0]):
            logits[t] /= total


@njit(cache=True, nogil=True)
def _name(probabilities, vectors, wide, threshold, out):
    summed = np.empty(wide.shape[0], np.float32)
    for row in range(out.shape[0]):
        out[row] = UNKNOWN
        summed[:] = 0
        for t in range(wide.shape[0]):
            summed[wide[t]] += probabilities[row, t]
        best = int(summed.argmax())
        if summed[best] < threshold or not vectors[row].any():
            continue
        narrow = best
        highest = np.float32(-1)
        for t in range(wide.shape[0]):
            if wide[t] == best and probabilities[row, t] > highest:
                narrow = t
                highest = probabilities[row, t]
        out[row] = narrow if highest >= summed[best] / 2 else best


def text_vectors(texts: TextBuffers, rows: NDArray[np.int64], lexicon: Lexicon) -> NDArray[np.float32]:
    """Unit vectors of some texts, shape (len(rows), vector size); zero where no term has one."""
    from mismatch.vectors import term_matrix  # brings scipy, which scoring can do without

    assert lexicon.vectors is not None
    summed = term_matrix(texts, rows, lexicon.vectors.hashes, lexicon) @ lexicon.vectors.vectors()
    return (summed / np.maximum(np.linalg.norm(summed, axis=1, keepdims=True), 1e-9)).astype(np.float32)


def learn_topics(
    titles: TextBuffers, bodies: TextBuffers, topics: list[str | None], lexicon: Lexicon, *,
    parents: dict[str, str] | None = None, seed: int = 0,
) -> TopicModel | None:  # fmt: skip
    """Learns the topics of an archive from its titles and bodies.

    Parameters
    ----------
    topics
        The topic of each pair, or None. Topics of fewer than `MIN_TOPIC_PAIRS` pairs are left out.
    parents
        The wider topic of some topics.

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
    parent = np.array([number.get((parents or {}).get(name, ""), -1) for name in chosen], np.int32)
    wide = np.where(parent >= 0, parent, np.arange(len(chosen)))
    out_of_fold = _cross_validated(title_vectors, body_vectors, labels, len(chosen), seed)
    shell = TopicModel(tuple(chosen), parent, np.empty((0, 0), np.float32), np.empty(0, np.float32), 0.0, 0.0, {})
    thresholds: list[float] = []
    figures: dict[str, float] = {}
    for kind, probabilities in zip(("title", "body"), out_of_fold, strict=True):
        best, confidence = shell.widest(probabilities)
        right = best == wide[labels]
        threshold = _threshold(confidence, right)
        named = confidence >= threshold
        thresholds.append(threshold)
        figures[f"{kind}_named"] = float(named.mean())
        figures[f"{kind}_precision"] = float(right[named].mean()) if named.any() else 0.0
        figures[f"{kind}_macro_f1"] = _macro_f1(wide[labels], best)
    weights, intercepts = _fit(np.concatenate([title_vectors, body_vectors]), np.concatenate([labels, labels]), len(chosen))
    return TopicModel(tuple(chosen), parent, weights, intercepts, thresholds[0], thresholds[1], figures)


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
    nothing = np.zeros(n_topics, np.int32) - 1
    for train, test in StratifiedKFold(_N_FOLDS, shuffle=True, random_state=seed).split(bodies, labels):
        weights, intercepts = _fit(np.concatenate([titles[train], bodies[train]]), np.tile(labels[train], 2), n_topics)
        fold = TopicModel(("",) * n_topics, nothing, weights, intercepts, 0.0, 0.0, {})
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
