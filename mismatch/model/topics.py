"""Topics by name: linear classifiers on the vectors of titles and bodies, wide topics first, that abstain when unsure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mismatch.compiling.kernels import kernel, part, read_only
from mismatch.features.plain_arrays import packed, unpacked
from mismatch.terms.lexicon import TermVectors

UNKNOWN = -1
MOST_TOPICS, _LONGEST_NAME = 4096, 200

NARROW_SHARE = 0.6
"""share of its wide topic from which a narrow one is named"""
HIGHEST_LOGIT = np.float32(60)
"""of narrow topics, so that their exponentials stay finite"""
LEAST_SAME = np.float32(0.02)
"""added to the probability that both have one topic, before its logarithm is taken: a topic is never surer than that"""
SPREAD_OF_TOLD = 0.7
"""power of the weight of a text's terms that what they tell is divided by: with 1 a long text would tell no more than a
short one, with 0.5 too much more, as its terms repeat one another"""
_SHORTEST = np.float32(1e-9)


@dataclass(frozen=True)
class TopicModel:
    """Which wide topic and, within it, which narrow one or none.

    The wide one is named by what the terms of a text tell of it, divided by a power of the weight of all terms, which is the
    last number of what is told; where terms tell nothing, by multinomial logistic regression on vectors of unit length, as
    the narrow one is. How far title and body agree is always read from the vectors.

    P(narrow) = P(wide) * exp(s_narrow) / (1 + sum of exp(s) over the narrow topics of the wide one): the wide topic by
    itself is the class whose logit is 0.
    """

    names: tuple[str, ...]
    parents: NDArray[np.int32]
    """shape (n_topics,): the wide topic that a narrower one belongs to, or -1"""
    neighbours: NDArray[np.uint8]
    """shape (n_topics, n_topics): 1 where two topics may be about one story, so that they are no mismatch"""
    weights: NDArray[np.float32]
    """shape (n_topics, width): of the vector and, behind it, of what is told, which narrow topics do without"""
    intercepts: NDArray[np.float32]
    title_threshold: float
    """probability from which a title's topic is named"""
    body_threshold: float
    figures: dict[str, float]
    """precision and share named by cross-validation"""
    agreement_weights: tuple[float, float] = (0.0, 0.0)
    """slope and intercept of what `agreement` adds to the log-odds of a mismatch; zeros where they were not learned"""
    n_told: int = 0
    """how many of the last weights are of what is told"""
    of_agreement: NDArray[np.float32] | None = None
    """shape (n_wide_topics,): intercepts for the vectors of the wide topics, where `intercepts` are for what is told"""

    @property
    def size(self) -> int:
        """Of the vectors."""
        return self.weights.shape[1] - self.n_told

    def agreement(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """How far the wide topics of titles and bodies agree.

        Parameters
        ----------
        vectors : float32 array of shape (n_pairs, 2, width)
            Of titles and of bodies, of any length.

        Returns
        -------
        float32 array of shape (n_pairs,)
            The logarithm of the probability that both have the same topic; NaN where either has no vector.
        """
        wide = np.flatnonzero(self.parents < 0)
        out = np.full(len(vectors), np.nan, np.float32)
        intercepts = self.intercepts[wide] if self.of_agreement is None else self.of_agreement
        of_vectors = vectors[:, :, : self.size], self.weights[wide, : self.size], intercepts
        _agree(*(read_only(np.ascontiguousarray(a, np.float32)) for a in of_vectors), out)
        return out

    def disagreement(self, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
        """What the topics add to the log-odds of a mismatch, shape (n_pairs,): nothing where `agreement` is not known."""
        slope, intercept = self.agreement_weights
        return np.nan_to_num(self.agreement(vectors).astype(np.float64) * slope + intercept)

    @property
    def counts(self) -> bool:
        """Whether topics count towards the log-odds."""
        return any(self.agreement_weights)

    def probabilities(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Shape (n_texts, n_topics), for vectors of any length: of a wide topic, its narrow ones included; of a narrow one,
        within its wide topic."""
        of_vectors, told = vectors[:, : self.size], vectors[:, self.size :]
        lengths = np.maximum(np.linalg.norm(of_vectors, axis=1, keepdims=True), _SHORTEST)
        logits = (of_vectors / lengths) @ self.weights[:, : self.size].T + self.intercepts
        wide = np.flatnonzero(self.parents < 0)
        if self.n_told:
            shares = told * np.maximum(told[:, -1:], _SHORTEST) ** -SPREAD_OF_TOLD
            logits[:, wide] = shares @ self.weights[wide, self.size :].T + self.intercepts[wide]
        out = np.exp(np.minimum(logits, HIGHEST_LOGIT))
        out[:, wide] = np.exp(logits[:, wide] - logits[:, wide].max(axis=1, keepdims=True))
        out[:, wide] /= out[:, wide].sum(axis=1, keepdims=True)
        for parent in wide:
            narrow = np.flatnonzero(self.parents == parent)
            out[:, narrow] /= 1 + out[:, narrow].sum(axis=1, keepdims=True)
        return out.astype(np.float32)

    def name(self, vectors: NDArray[np.float32], threshold: float) -> NDArray[np.int64]:
        """Number of the topic of each text, or `UNKNOWN`. Shape (n_texts,).

        The wide topic must reach the threshold; a narrow one in it is named when it makes up at least `NARROW_SHARE` of it.
        """
        out = np.empty(len(vectors), np.int64)
        given = (np.ascontiguousarray(a, np.float32) for a in (vectors, self.weights, self.intercepts))
        _name(*(read_only(a) for a in given), read_only(self.parents), float(threshold), self.size, out)
        return out

    def widest(self, probabilities: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The likeliest wide topic of each text and its probability."""
        wide = np.flatnonzero(self.parents < 0)
        best = wide[probabilities[:, wide].argmax(axis=1)]
        return best, probabilities[np.arange(len(best)), best]

    def differ(self, left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Where both topics are known, and are neither parts of one wide topic nor neighbours."""
        known = (left >= 0) & (right >= 0)
        wide = np.where(self.parents >= 0, self.parents, np.arange(len(self.parents)))
        return known & (wide[left] != wide[right]) & (self.neighbours[left, right] == 0)

    def over(self, vectors: TermVectors, own: TermVectors) -> TopicModel:
        """The same topics over other vectors of (mostly) the same terms, which were tuned from its own.

        The linear map from the new to the old vectors that fits best (least squares over the common terms) goes into the
        weights. What is told of topics stays: the new vectors must have it too (see `TermVectors.telling_like`).
        """
        _, new, old = np.intersect1d(vectors.hashes, own.hashes, assume_unique=True, return_indices=True)
        map_back = np.linalg.lstsq(vectors.vectors()[new], own.vectors()[old], rcond=None)[0]
        weights = np.column_stack([self.weights[:, : self.size] @ map_back.T, self.weights[:, self.size :]])
        return replace(self, weights=weights.astype(np.float32))

    def to_plain(self) -> dict[str, Any]:
        return {
            "names": list(self.names), "parents": packed(self.parents), "neighbours": packed(self.neighbours),
            "weights": packed(self.weights),
            "intercepts": packed(self.intercepts), "title_threshold": self.title_threshold,
            "body_threshold": self.body_threshold, "figures": dict(self.figures),
            "agreement_weights": list(self.agreement_weights), "n_told": self.n_told,
            "of_agreement": None if self.of_agreement is None else packed(self.of_agreement),
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
        if len(names) > MOST_TOPICS:
            raise ValueError(f"there are {len(names):,} topics")
        parents, weights = (
            unpacked("parents", plain["parents"], "int32", 1),
            unpacked("weights", plain["weights"], "float32", 2),
        )
        intercepts = unpacked("intercepts", plain["intercepts"], "float32", 1)
        if not names or not all(type(name) is str for name in names):
            raise ValueError("the topics have no names")
        if any(len(name) > _LONGEST_NAME or name != name.encode("utf-8", "replace").decode() for name in names):
            raise ValueError("the name of a topic is no text, or too long")
        if not len(names) == len(parents) == len(weights) == len(intercepts):
            raise ValueError("the topics differ in number from their weights")
        if (parents < -1).any() or (parents >= len(names)).any() or not np.isfinite(weights).all():
            raise ValueError("the topics are damaged")
        if "neighbours" in plain:
            neighbours = unpacked("neighbours", plain["neighbours"], "uint8", 2)
            if neighbours.shape != (len(names), len(names)) or not (neighbours <= 1).all():
                raise ValueError("the neighbours do not fit the topics")
            if (parents[parents[parents >= 0]] >= 0).any():
                raise ValueError("a topic below another has topics below it")
        else:  # all topics in one softmax, as files had it before there were neighbours
            wide = np.where(parents >= 0, parents, np.arange(len(parents)))
            neighbours = (wide[:, None] == wide[None, :]).astype(np.uint8)
            parents = np.full(len(names), -1, np.int32)
        thresholds = float(plain["title_threshold"]), float(plain["body_threshold"])
        slope, intercept = (float(weight) for weight in plain.get("agreement_weights", (0.0, 0.0)))
        if not np.isfinite([slope, intercept]).all() or slope > 0:
            raise ValueError("topics that agree would make a mismatch likelier")
        if type(n_told := plain.get("n_told", 0)) is not int or not 0 <= n_told < weights.shape[1]:
            raise ValueError("the topics have no weights for vectors")
        of_agreement = None if (kept := plain.get("of_agreement")) is None else unpacked("agreement", kept, "float32", 1)
        if of_agreement is not None and len(of_agreement) != (parents < 0).sum():
            raise ValueError("the topics differ in number from their intercepts")
        figures, both = dict(plain["figures"]), (slope, intercept)
        return cls(names, parents, neighbours, weights, intercepts, *thresholds, figures, both, n_told, of_agreement)


@part(fastmath={"reassoc", "contract"})
def _dot(a, b):
    total = np.float32(0)
    for d in range(a.shape[0]):
        total += a[d] * b[d]
    return total


@part
def _wide_probabilities(vector, weights, intercepts, out):
    """The probabilities of wide topics; returns whether the text has a vector."""
    length = np.sqrt(_dot(vector, vector))
    if length == 0:
        return False
    scale = np.float32(1) / max(length, _SHORTEST)
    highest = np.float32(-np.inf)
    for t in range(out.shape[0]):
        out[t] = intercepts[t] + scale * _dot(vector, weights[t])
        highest = max(highest, out[t])
    total = np.float32(0)
    for t in range(out.shape[0]):
        out[t] = np.exp(out[t] - highest)
        total += out[t]
    for t in range(out.shape[0]):
        out[t] /= total
    return True


@part(fastmath={"reassoc", "contract"})
def _same_topic(title, body):
    """The probability that both have one topic; like `_dot`, whose arguments are read-only."""
    total = np.float32(0)
    for t in range(title.shape[0]):
        total += title[t] * body[t]
    return total


@kernel
def _agree(vectors, weights, intercepts, out):
    n_topics = intercepts.shape[0]
    title = np.empty(n_topics, np.float32)
    body = np.empty(n_topics, np.float32)
    for row in range(out.shape[0]):
        if not _wide_probabilities(vectors[row, 0], weights, intercepts, title):
            continue
        if not _wide_probabilities(vectors[row, 1], weights, intercepts, body):
            continue
        out[row] = np.log(_same_topic(title, body) + LEAST_SAME)


@kernel
def _name(vectors, weights, intercepts, parents, threshold, size, out):
    """In place of a product of matrices: BLAS would start threads of its own under each of ours, and of the narrow topics
    only those of one wide topic matter."""
    n_topics = parents.shape[0]
    logits = np.empty(n_topics, np.float32)
    width = vectors.shape[1]
    for row in range(out.shape[0]):
        out[row] = UNKNOWN
        vector, told = vectors[row, :size], vectors[row, size:]
        length = np.sqrt(_dot(vector, vector))
        if length == 0:
            continue
        scale = np.float32(1) / max(length, _SHORTEST)
        if size < width:
            share = np.float32(max(told[width - size - 1], _SHORTEST) ** -SPREAD_OF_TOLD)
        best = -1
        for t in range(n_topics):
            if parents[t] < 0:
                if size < width:
                    logits[t] = intercepts[t] + share * _dot(told, weights[t, size:])
                else:
                    logits[t] = intercepts[t] + scale * _dot(vector, weights[t, :size])
                if best < 0 or logits[t] > logits[best]:
                    best = t
        total = np.float32(0)
        for t in range(n_topics):
            if parents[t] < 0:
                total += np.exp(logits[t] - logits[best])
        if np.float32(1) / total < threshold:
            continue
        narrow = -1
        total = np.float32(1)
        for t in range(n_topics):
            if parents[t] == best:
                logits[t] = np.exp(min(intercepts[t] + scale * _dot(vector, weights[t, :size]), HIGHEST_LOGIT))
                total += logits[t]
                if narrow < 0 or logits[t] > logits[narrow]:
                    narrow = t
        out[row] = narrow if narrow >= 0 and logits[narrow] >= NARROW_SHARE * total else best
