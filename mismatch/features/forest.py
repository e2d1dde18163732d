"""The head: a small gradient-boosted model over pair features, exported to flat arrays and evaluated in compiled code.

It is scikit-learn's `HistGradientBoostingClassifier`, constrained to be monotone in the overlap features (more overlap
never makes a mismatch likelier). Its output is the log-odds of *mismatch* on training pairs that are half matched, half
swapped.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mismatch.compiling.kernels import kernel, part, read_only
from mismatch.features.plain_arrays import packed, unpacked

if TYPE_CHECKING:
    pass


MOST_TREES, MOST_NODES, DEEPEST_TREE = 4096, 1 << 18, 64
FOREST_ARRAYS = ("roots", "feature", "threshold", "left", "right", "value")


@dataclass(frozen=True)
class Forest:
    """Regression trees in flat arrays; the roots are at `roots`, a node whose `left` is 0 is a leaf."""

    roots: NDArray[np.int32]
    feature: NDArray[np.int32]
    threshold: NDArray[np.float64]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    value: NDArray[np.float64]
    """leaf values, to be summed over the trees"""
    offset: float
    """log-odds before the first tree"""

    def check(self, n_features: int) -> None:
        """Whether compiled code may walk the trees without looking: every step stays inside and leads on to a leaf.

        Raises
        ------
        ValueError
            If not; says why.
        """
        for name in FOREST_ARRAYS:
            part, kind = getattr(self, name), np.float64 if name in ("threshold", "value") else np.int32
            if part.dtype != kind or part.ndim != 1:
                raise ValueError(f"the {name} of the head have the type {part.dtype} and {part.ndim} dimensions")
        n = len(self.feature)
        if not 0 < len(self.roots) <= MOST_TREES or n > MOST_NODES:
            raise ValueError(f"the head has {len(self.roots):,} trees of {n:,} nodes in all")
        if not (np.isfinite(self.value).all() and math.isfinite(self.offset)):
            raise ValueError("the head holds values that are no numbers")
        at = np.arange(n)
        inner = self.left != 0
        if any(len(part) != n for part in (self.threshold, self.left, self.right, self.value)):
            raise ValueError("the arrays of the head differ in length")
        if (self.roots < 0).any() or (self.roots >= n).any():
            raise ValueError("a tree of the head begins outside its arrays")
        if (self.feature < 0).any() or (self.feature >= n_features).any():
            raise ValueError("the head asks for a feature that does not exist")
        for child in (self.left, self.right):
            if (child[inner] <= at[inner]).any() or (child[inner] >= n).any():
                raise ValueError("a tree of the head does not lead forwards")
        level = np.unique(self.roots)
        for _ in range(DEEPEST_TREE):
            level = level[self.left[level] != 0]
            level = np.unique(np.concatenate([self.left[level], self.right[level]]))
        if len(level):
            raise ValueError(f"a tree of the head is deeper than {DEEPEST_TREE} nodes")

    def to_plain(self) -> dict[str, Any]:
        """Its arrays as plain values, for a model file; without the offset."""
        return {name: packed(getattr(self, name)) for name in FOREST_ARRAYS}

    @classmethod
    def from_plain(cls, plain: dict[str, Any], offset: float, n_features: int) -> Forest:
        """The forest whose arrays are what `to_plain` gave.

        Raises
        ------
        ValueError, KeyError, TypeError
            If they are not (see `check`).
        """
        arrays: dict[str, Any] = {name: unpacked(name, plain[name]) for name in FOREST_ARRAYS}
        forest = cls(**arrays, offset=float(offset))
        forest.check(n_features)
        return forest

    def scaled(self, factor: float) -> Forest:
        """The forest whose output is `factor` times this one's."""
        return Forest(
            self.roots, self.feature, self.threshold, self.left, self.right, self.value * factor, self.offset * factor
        )

    def shifted(self, log_odds: float) -> Forest:
        """The forest whose output is larger by a constant."""
        return replace(self, offset=self.offset + log_odds)

    def deaf_above(self, feature: int, value: float) -> Forest:
        """The forest that takes every value of a feature above `value` for that one."""
        beyond = (self.feature == feature) & (self.left != 0) & (self.threshold >= value)
        return replace(self, right=np.where(beyond, self.left, self.right))

    def plus(self, other: Forest) -> Forest:
        """The forest whose output is the sum of both."""
        shift = np.int32(len(self.feature))

        def moved(children: NDArray[np.int32]) -> NDArray[np.int32]:
            return np.where(children > 0, children + shift, 0).astype(np.int32)

        return Forest(
            np.concatenate([self.roots, other.roots + shift]),
            np.concatenate([self.feature, other.feature]),
            np.concatenate([self.threshold, other.threshold]),
            np.concatenate([self.left, moved(other.left)]),
            np.concatenate([self.right, moved(other.right)]),
            np.concatenate([self.value, other.value]),
            self.offset + other.offset,
        )

    def arguments(self):  # type: ignore[no-untyped-def]
        """The forest as compiled code takes it."""
        arrays = [read_only(getattr(self, name)) for name in FOREST_ARRAYS]  # from a file or just grown: one type
        return (*arrays, np.float64(self.offset))

    def predict(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Log-odds of rows of features, shape (n_pairs,)."""
        out = np.empty(len(features))
        _predict(np.ascontiguousarray(features, np.float32), self.arguments(), out)
        return out


_NO_NODES = np.zeros(0, np.int32)

NO_FOREST = Forest(_NO_NODES, _NO_NODES, np.zeros(0), _NO_NODES, _NO_NODES, np.zeros(0), 0.0)
"""a forest without trees"""


@part
def log_odds_of(row, forest):
    """Log-odds of one row of features."""
    roots, feature, threshold, left, right, value, offset = forest
    total = offset
    for t in range(roots.shape[0]):
        node = roots[t]
        while left[node] != 0:
            node = left[node] if row[feature[node]] <= threshold[node] else right[node]
        total += value[node]
    return total


@kernel
def _predict(features, forest, out):
    for k in range(features.shape[0]):
        out[k] = log_odds_of(features[k], forest)
