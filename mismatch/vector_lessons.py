"""Term vectors of an archive for training: those of the model, and those that have not seen the pairs they describe."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mismatch.document_counts import Counts, total
from mismatch.lexicon import Lexicon, TermVectors
from mismatch.pairs import Pairs
from mismatch.vectors import learn_vectors

MIN_VECTOR_PAIRS = 400
MAX_VECTOR_PAIRS = 30_000
VECTOR_SIZE = 128


@dataclass(frozen=True)
class VectorLessons:
    """What term vectors are learned from."""

    pairs: Pairs
    folds: NDArray[np.int64]
    fold_counts: list[tuple[Counts, Counts]]
    lexicon: Lexicon
    base: TermVectors | None
    seed: int
    enough: bool
    """whether there are enough pairs; else the base's vectors stay"""

    def out_of_fold(
        self, rows: NDArray[np.int64], tell: Callable[[str], None]
    ) -> tuple[TermVectors | None, TermVectors | None]:
        """For even and for odd folds, vectors learned from the other folds only."""
        if not self.enough:
            return self.base, self.base
        halves = []
        for parity in (0, 1):
            tell(f"learning term vectors ({parity + 1} of 3)")
            others = [counts for fold, (counts, _) in enumerate(self.fold_counts) if fold % 2 != parity]
            halves.append(self._learned(rows[self.folds[rows] % 2 != parity], total(others), self.seed + parity + 1))
        return halves[0], halves[1]

    def whole(self, rows: NDArray[np.int64], tell: Callable[[str], None]) -> TermVectors | None:
        """Vectors learned from all of `rows`."""
        if not self.enough:
            return self.base
        tell("learning term vectors (3 of 3)")
        return self._learned(rows, total([counts for counts, _ in self.fold_counts]), self.seed)

    def _learned(self, rows: NDArray[np.int64], counts: Counts, seed: int) -> TermVectors:
        if len(rows) > MAX_VECTOR_PAIRS:
            rows = np.sort(np.random.default_rng(seed).choice(rows, MAX_VECTOR_PAIRS, replace=False))
        size = self.base.size if self.base is not None else VECTOR_SIZE
        titles, bodies = self.pairs.titles, self.pairs.bodies
        return learn_vectors(titles, bodies, rows, self.lexicon, counts, self.base, size=size, seed=seed)
