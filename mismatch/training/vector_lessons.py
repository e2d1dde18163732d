"""What term vectors are learned from: the matched pairs, and for out-of-fold scores only those of other folds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mismatch.terms.document_frequency import Counts, total
from mismatch.terms.lexicon import Lexicon, TermVectors
from mismatch.training.selection import Selection
from mismatch.training.term_vectors import learn_vectors

MIN_VECTOR_PAIRS = 400
"""matched pairs, below which the base's vectors stay"""
MAX_VECTOR_PAIRS = 30_000
VECTOR_SIZE = 128


@dataclass(frozen=True)
class VectorLessons:
    """Learns the term vectors of a model, and before that those that its examples are described with."""

    chosen: Selection
    terms_by_fold: list[Counts]
    lexicon: Lexicon
    base: TermVectors | None
    """vectors to start from"""
    seed: int

    @property
    def enough(self) -> bool:
        """Whether there are enough pairs; else the base's vectors stay."""
        return len(self.chosen.matched) >= MIN_VECTOR_PAIRS and self.chosen.n_folds >= 2

    def out_of_fold(self, tell: Callable[[str], None]) -> tuple[TermVectors | None, TermVectors | None]:
        """For even and for odd folds, vectors learned from the other folds only."""
        if not self.enough:
            return self.base, self.base
        rows = self.chosen.matched
        halves = []
        for parity in (0, 1):
            tell(f"learning term vectors ({parity + 1} of 3)")
            others = [counts for fold, counts in enumerate(self.terms_by_fold) if fold % 2 != parity]
            of_others = rows[self.chosen.folds[rows] % 2 != parity]
            halves.append(self._learned(of_others, total(others), self.seed + parity + 1))
        return halves[0], halves[1]

    def whole(self, suspect: NDArray[np.bool_], tell: Callable[[str], None]) -> TermVectors | None:
        """Vectors learned from all matched pairs but the suspects; `suspect` has shape (n_rows,)."""
        if not self.enough:
            return self.base
        tell("learning term vectors (3 of 3)")
        rows = self.chosen.matched
        return self._learned(rows[~suspect[rows]], total(self.terms_by_fold), self.seed)

    def _learned(self, rows: NDArray[np.int64], counts: Counts, seed: int) -> TermVectors:
        if len(rows) > MAX_VECTOR_PAIRS:
            rows = np.sort(np.random.default_rng(seed).choice(rows, MAX_VECTOR_PAIRS, replace=False))
        size = self.base.size if self.base is not None else VECTOR_SIZE
        titles, bodies = self.chosen.pairs.titles, self.chosen.pairs.bodies
        return learn_vectors(titles, bodies, rows, self.lexicon, counts, self.base, size=size, seed=seed)
