"""How well scores tell matched pairs from swapped ones: the pairs to test on, their scores, and the figures."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mismatch.evaluation.drawing import columns_of, judged_by
from mismatch.judging.comparison import log_odds_of, prepared
from mismatch.judging.swaps import Pairs, codes, derange
from mismatch.model.model import Model
from mismatch.model.recall import recall_at
from mismatch.terms.text_buffers import text_buffers

SWAPS = 3
"""different derangements, so that chance in the swaps counts less"""
MIN_PAIRS = 20


@dataclass(frozen=True)
class Figures:
    """What was measured on one set of scores."""

    auroc: float
    recall_1: float
    """share of mismatches found when at most 1 % of the matched pairs are flagged"""
    recall_01: float
    """the same at 0.1 %; with fewer than 1,000 matched pairs, when none is flagged"""
    matched: int


@dataclass(frozen=True)
class DrawnPairs:
    """Matched pairs and the swaps made of them; rows refer to `table`."""

    table: pa.Table
    pairs: Pairs
    rows: NDArray[np.int64]
    """matched pairs, no duplicates, all of which get a verdict; shape (n_matched,)"""
    left: NDArray[np.int64]
    """titles of the swapped pairs, shape (n_swapped,)"""
    right: NDArray[np.int64]
    """their bodies"""

    def without(self, wrong: NDArray[np.bool_]) -> DrawnPairs:
        """The same without some rows of the table, bool of shape (n_rows,): pairs that are no pairs, as reading showed."""
        kept = ~(wrong[self.left] | wrong[self.right])
        return replace(self, rows=self.rows[~wrong[self.rows]], left=self.left[kept], right=self.right[kept])

    def scores(self, model: Model) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Log-odds of the matched and of the swapped pairs."""
        return self.log_odds(model, self.rows, self.rows), self.log_odds(model, self.left, self.right)

    def log_odds(
        self, model: Model, left: NDArray[np.int64], right: NDArray[np.int64], *, thorough: bool = False
    ) -> NDArray[np.float64]:
        """What the model says of titles over bodies, as it says it everywhere."""
        return log_odds_of(model, prepared(model, *columns_of(self.table)), left, right, thorough=thorough)

    def figures(self, model: Model) -> Figures:
        return figures(*self.scores(model))


def draw_pairs(table: pa.Table, model: Model, *, same_topic: bool = False, seed: int = 0) -> DrawnPairs | None:
    """Draws the swaps; None if there are fewer than `MIN_PAIRS` (topics may be unknown).

    Pairs on which the model gives no verdict at all (`unscorable`) are left out.
    """
    rng = np.random.default_rng(seed)
    pairs = Pairs.of(prepared(model, *columns_of(table)))
    rows = np.flatnonzero(judged_by(model, table) & pairs.first_of_duplicates())
    strata = codes(table["topic"], table.num_rows)[rows] if same_topic else None
    if strata is not None and len(np.unique(strata[strata >= 0])) < 2:
        return None
    drawn = [derange(pairs, rows, rng, strata) for _ in range(SWAPS)]
    left, right = (np.concatenate([part[side] for part in drawn]) for side in (0, 1))
    if min(len(rows), len(left)) < MIN_PAIRS:
        return None
    return DrawnPairs(table, pairs, rows, left, right)


def labelled_pairs(table: pa.Table) -> DrawnPairs:
    """The pairs of a corpus by its labels, 0 for matched; what the model cannot judge counts too."""
    numbers = np.arange(table.num_rows)
    pairs = Pairs(text_buffers(table["title"]), text_buffers(table["body"]), numbers, numbers, numbers.astype(np.uint64))
    labels = np.array(table["label"].to_pylist())
    wrong = np.flatnonzero(labels != "0")
    return DrawnPairs(table, pairs, np.flatnonzero(labels == "0"), wrong, wrong)


def figures(matched: NDArray[np.float64], mismatched: NDArray[np.float64]) -> Figures:
    """Figures of scores, higher for likelier mismatches."""
    from sklearn.metrics import roc_auc_score

    labels = np.repeat([0, 1], [len(matched), len(mismatched)])
    auroc = float(roc_auc_score(labels, np.concatenate([matched, mismatched])))
    return Figures(auroc, recall_at(matched, mismatched, 0.01), recall_at(matched, mismatched, 0.001), len(matched))


def mean(some: list[Figures]) -> Figures:
    """Each corpus counts the same."""
    auroc, recall_1, recall_01 = np.mean([(f.auroc, f.recall_1, f.recall_01) for f in some], axis=0).tolist()
    return Figures(auroc, recall_1, recall_01, sum(f.matched for f in some))
