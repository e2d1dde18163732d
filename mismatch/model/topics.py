"""Topics by name: a linear classifier on the vectors of titles and bodies that abstains when it is unsure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mismatch.compiling.kernels import kernel, part, read_only
from mismatch.features.plain_arrays import packed, unpacked
from mismatch.terms.lexicon import TermVectors

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
        _softmax(*(read_only(np.ascontiguousarray(a, np.float32)) for a in (vectors, self.weights, self.intercepts)), out)
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


@part(fastmath={"reassoc", "contract"})
def _dot(a, b):
    total = np.float32(0)
    for d in range(a.shape[0]):
        total += a[d] * b[d]
    return total


@kernel
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


@kernel
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
