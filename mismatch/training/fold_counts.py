"""Document frequencies fold by fold, so that no pair is described by a lexicon that was counted on it."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mismatch.terms.document_frequency import Counts, DocumentCounter, total
from mismatch.terms.lexicon import Lexicon
from mismatch.terms.text_buffers import TextBuffers
from mismatch.training.selection import Selection

LearnLexicon = Callable[[Counts, Counts, Lexicon | None, int], Lexicon]
"""from counts of terms and of stems, a background, and the most of either that are kept (see `Lexicon.learn`)"""


@dataclass(frozen=True)
class FoldCounts:
    """Document frequencies of terms and of stems, in each fold and in all of them."""

    terms_by_fold: list[Counts]
    stems_by_fold: list[Counts]
    terms: Counts
    """of all folds, or of the larger corpus that they are a sample of"""
    stems: Counts
    background: Lexicon | None
    """stands behind every lexicon that is made of these counts"""
    max_terms: int
    """terms in a lexicon, and as many stems"""
    learn: LearnLexicon = Lexicon.learn

    def lexicon(self) -> Lexicon:
        """Of all pairs."""
        return self.learn(self.terms, self.stems, self.background, self.max_terms)

    def lexicon_without(self, fold: int) -> Lexicon:
        """Of all pairs but those of one fold."""
        terms, stems = self.terms.minus(self.terms_by_fold[fold]), self.stems.minus(self.stems_by_fold[fold])
        return self.learn(terms, stems, self.background, self.max_terms)


def count_folds(
    chosen: Selection, of_corpus: tuple[Counts, Counts] | None, background: Lexicon | None, max_terms: int,
    learn: LearnLexicon = Lexicon.learn,
) -> FoldCounts:  # fmt: skip
    """Counts each fold in a thread of its own; near-duplicate bodies count once.

    Parameters
    ----------
    of_corpus
        Counts of terms and of stems in a larger corpus that the pairs are a sample of.
    """
    pairs, rows = chosen.pairs, chosen.rows
    _, first = np.unique(pairs.body_groups[rows], return_index=True)
    counted = np.zeros(len(pairs), bool)
    counted[rows[first]] = True

    def count(fold: int) -> tuple[Counts, Counts]:
        wanted = (counted & (chosen.folds == fold)).astype(np.uint8)
        counter = DocumentCounter()
        counter.add(_only(pairs.titles, wanted), _only(pairs.bodies, wanted))
        terms, stems = counter.counts()
        documents = float(wanted.sum())
        return terms._replace(n_documents=documents), stems._replace(n_documents=documents)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = list(pool.map(count, range(chosen.n_folds)))
    terms_by_fold, stems_by_fold = [terms for terms, _ in found], [stems for _, stems in found]
    terms, stems = of_corpus or (total(terms_by_fold), total(stems_by_fold))
    return FoldCounts(terms_by_fold, stems_by_fold, terms, stems, background, max_terms, learn)


def _only(texts: TextBuffers, wanted: NDArray[np.uint8]) -> TextBuffers:
    return TextBuffers(texts.data, texts.offsets, texts.valid & wanted)
