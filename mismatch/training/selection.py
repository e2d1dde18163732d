"""Which pairs of a table are learned from, and which fold each is in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mismatch.errors import InputError, MismatchError
from mismatch.judging.swaps import Pairs, codes
from mismatch.model.stream_profile import StreamProfile
from mismatch.screening.title_cleaning import clean_titles, learn_habits
from mismatch.training.stories import fold_numbers
from mismatch.training.usable import usable_pairs

MIN_PAIRS = 20
MIN_BODIES = 10


@dataclass(frozen=True)
class Selection:
    """All pairs of a table, and those among them that are learned from."""

    pairs: Pairs
    """all pairs of the table, with their titles as the scorer judges them"""
    rows: NDArray[np.int64]
    """the pairs that are learned from: with enough text, and no duplicate of one before; shape (n_used,), ascending"""
    matched: NDArray[np.int64]
    """those of `rows` that are taken as matched"""
    labels: NDArray[np.int64] | None
    """0 for match, 1 for mismatch, shape (n_rows,); None where no mismatch is labelled, so that some have to be made"""
    folds: NDArray[np.int64]
    """the fold of each pair, -1 for those that are not learned from; shape (n_rows,). A body is in one fold only."""
    n_folds: int
    strata: list[NDArray[np.int64]]
    """numbers of the topics and of the sources where the table has them, -1 for none; each of shape (n_rows,)"""
    stream: StreamProfile
    """what the titles of each source share, which is cut from them"""
    n_duplicates: int
    n_unusable: int

    def in_fold(self, fold: int) -> NDArray[np.int64]:
        """The pairs of a fold that are learned from."""
        return self.rows[self.folds[self.rows] == fold]


def select_pairs(
    table: pa.Table, labels: NDArray[np.int64] | None, n_folds: int, rng: np.random.Generator,
    known: StreamProfile | None = None,
) -> Selection:  # fmt: skip
    """Leaves out duplicates and what has too little text, and divides the rest into folds.

    Parameters
    ----------
    known
        What the base has learned from a stream.

    Raises
    ------
    MismatchError
        If there are too few different pairs, or only mismatches.
    """
    sources = table["source"] if "source" in table.column_names else None
    stream = StreamProfile(learn_habits(table["title"], sources)).with_habits_of(known)
    titles = clean_titles(table["title"], sources, stream.title_habits)
    pairs = Pairs.from_columns(titles, _in_one_piece(table["body"]))
    usable = usable_pairs(pairs.titles, pairs.bodies)
    keep = pairs.first_of_duplicates() & usable
    rows = np.flatnonzero(keep)
    _check(pairs, rows, usable, labels)
    matched = rows if labels is None else rows[labels[rows] == 0]
    folds, n_folds = fold_numbers(pairs, rows, matched, n_folds, rng)
    rows = rows[folds[rows] >= 0]
    has_mismatches = labels is not None and bool((labels[rows] == 1).any())
    return Selection(
        pairs=pairs,
        rows=rows,
        matched=rows if labels is None else rows[labels[rows] == 0],
        labels=labels if has_mismatches else None,
        folds=folds,
        n_folds=n_folds,
        strata=[codes(table[name], table.num_rows) for name in ("topic", "source") if name in table.column_names],
        stream=stream,
        n_duplicates=int((usable & ~keep).sum()),
        n_unusable=int((~usable).sum()),
    )


def _in_one_piece(column: pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """A column in one piece is taken as it is; joining its pieces would copy it."""
    return column.chunk(0) if column.num_chunks == 1 else column


def _check(
    pairs: Pairs, rows: NDArray[np.int64], usable: NDArray[np.bool_], labels: NDArray[np.int64] | None
) -> None:  # fmt: skip
    n = len(pairs)
    if not n:
        raise InputError("no pairs to learn from; give a file with a title and a body in each row")
    if not usable.any():
        raise InputError(f"none of the {n:,} pairs has text in both title and body; check --title and --body")
    if len(rows) < MIN_PAIRS:
        raise MismatchError(
            f"training needs at least {MIN_PAIRS} different pairs with text, there are {len(rows):,} "
            f"(of {n:,} given); add pairs, or use the starter model as it is"
        )
    n_bodies = len(np.unique(pairs.body_groups[rows]))
    if n_bodies < MIN_BODIES:
        raise MismatchError(
            f"training needs at least {MIN_BODIES} different bodies to swap, the {len(rows):,} pairs have {n_bodies}; "
            "check that --body names the right column"
        )
    if labels is not None:
        n_matched, n_mismatched = int((labels[rows] == 0).sum()), int((labels[rows] == 1).sum())
        if n_matched < MIN_PAIRS:
            raise MismatchError(
                f"training needs at least {MIN_PAIRS} pairs labelled match, there are {n_matched:,} "
                f"(and {n_mismatched:,} mismatches)"
            )
        if 0 < n_mismatched < MIN_BODIES:
            raise MismatchError(
                f"{n_mismatched} pairs labelled mismatch are too few to learn from; "
                "leave the label column out (the command then makes its own mismatches) or add more"
            )
