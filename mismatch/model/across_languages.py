"""Titles in one language over bodies in another: compared by vectors, less what all texts of a language share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mismatch.features.plain_arrays import packed, unpacked

SHARE_EXPECTED = 0.1
"""share of mismatches at least among titles in another language than their bodies: few of them are meant to be there"""


@dataclass(frozen=True)
class AcrossLanguages:
    """How likely it is that texts in two languages tell one story.

    A body's vector is for a third what all bodies of its language share. That part tells the language; it is taken off
    before the body is compared with the title.
    """

    title_mean: NDArray[np.float32]
    """shape (vector size,): of the unit vectors of titles in all languages"""
    body_means: NDArray[np.float32]
    """shape (n_languages, vector size): of the unit vectors of bodies, one language each"""
    weights: tuple[float, float, float]
    """of the cosine, of the head's log-odds, and an intercept: together the logarithm of the density ratio of mismatches to
    matched pairs"""

    def probability(
        self, vectors: NDArray[np.float32], log_odds: NDArray[np.float64], prior: float
    ) -> NDArray[np.float64]:  # fmt: skip
        """Probability of a mismatch where a share `prior` is expected elsewhere; arguments and shape as of `log_ratio`."""
        share = max(prior, SHARE_EXPECTED)
        ratio = self.log_ratio(vectors, log_odds)
        return 1 / (1 + np.exp(-np.clip(ratio + np.log(share / (1 - share)), -30, 30)))

    def log_ratio(self, vectors: NDArray[np.float32], log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
        """The logarithm of how much likelier the pairs are among mismatches than among matched ones.

        Parameters
        ----------
        vectors : float32 array of shape (n_pairs, 2, vector size)
            Of titles and of bodies, of any length.
        log_odds : float64 array of shape (n_pairs,)
            By the model's head.

        Returns
        -------
        float64 array of shape (n_pairs,)
            NaN where one side has no vector.
        """
        slope, of_head, intercept = self.weights
        known = np.abs(vectors).max(axis=2).min(axis=1) > 0
        return np.where(known, slope * self.cosines(vectors) + of_head * log_odds + intercept, np.nan)

    def cosines(self, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
        """Cosines of titles and bodies less what their languages share, shape (n_pairs,)."""
        titles, bodies, means = _unit(vectors[:, 0]), _unit(vectors[:, 1]), _unit(self.body_means)
        likeness = bodies @ means.T
        nearest = likeness.argmax(axis=1)
        shared = likeness[np.arange(len(bodies)), nearest, None] * means[nearest]
        return (_unit(titles - self.title_mean) * _unit(bodies - shared)).sum(axis=1).astype(np.float64)

    def to_plain(self) -> dict[str, Any]:
        return {
            "title_mean": packed(self.title_mean), "body_means": packed(self.body_means), "weights": list(self.weights),
        }  # fmt: skip

    @classmethod
    def from_plain(cls, plain: dict[str, Any], vector_size: int) -> AcrossLanguages:
        """
        Raises
        ------
        ValueError, KeyError, TypeError
            If the parts do not fit together.
        """
        title_mean = unpacked("title_mean", plain["title_mean"], "float32", 1)
        body_means = unpacked("body_means", plain["body_means"], "float32", 2)
        slope, of_head, intercept = (float(weight) for weight in plain["weights"])
        if not len(body_means) or not (len(title_mean) == body_means.shape[1] == vector_size):
            raise ValueError("the means of languages do not fit the term vectors")
        if not np.isfinite([slope, of_head, intercept]).all() or slope > 0 or of_head < 0:
            raise ValueError("texts that are alike would make a mismatch likelier")
        if not (np.isfinite(title_mean).all() and np.isfinite(body_means).all()):
            raise ValueError("the means of languages are damaged")
        return cls(title_mean, body_means, (slope, of_head, intercept))


def _unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), np.float32(1e-9))
