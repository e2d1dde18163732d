"""What a stream of articles has taught a model without labels. The model holds it, and its file keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mismatch.features.plain_arrays import packed, unpacked


@dataclass(frozen=True)
class StreamProfile:
    """The habits of a stream: what its titles share, by source."""

    title_habits: NDArray[np.uint64]
    """hashes of the parts that the titles of a source share, ascending; shape (n_habits,)"""
    n_pairs: int = 0
    """pairs of a feed that the model was adapted to; 0 where only its own archive was looked at"""

    def joined(self, other: StreamProfile | None) -> StreamProfile:
        """What both know."""
        if other is None:
            return self
        habits = np.union1d(self.title_habits, other.title_habits)
        return StreamProfile(habits, max(self.n_pairs, other.n_pairs))

    def to_plain(self) -> dict[str, Any]:
        """Plain values, for a model file."""
        return {"title_habits": packed(self.title_habits), "n_pairs": self.n_pairs}

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> StreamProfile:
        """
        Raises
        ------
        ValueError, KeyError, TypeError
            If the parts do not fit together.
        """
        habits = unpacked("title_habits", plain["title_habits"], "uint64", dimensions=1)
        if (habits[1:] <= habits[:-1]).any():
            raise ValueError("the habits of the titles are not in their order")
        n_pairs = plain["n_pairs"]
        if type(n_pairs) is not int or n_pairs < 0:
            raise ValueError("the number of pairs that it was adapted to is no count")
        return cls(habits, n_pairs)
