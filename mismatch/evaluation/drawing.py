"""The pairs that are measured: those with labels, or real pairs and swapped ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mismatch.errors import InputError
from mismatch.evaluation.results import MIN_GROUP
from mismatch.judging.comparison import Column, compare, prepared
from mismatch.judging.swaps import Pairs, codes, derange
from mismatch.model.model import Model


@dataclass(frozen=True)
class DrawnPairs:
    """The pairs to measure on: rows of titles and bodies, and the truth."""

    table: pa.Table
    pairs: Pairs
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    labels: NDArray[np.int64]
    same_topic: tuple[NDArray[np.int64], NDArray[np.int64]] | None
    kind: str
    unscorable: int
    duplicates: int


def draw_pairs(models: Sequence[Model], table: pa.Table, labels: NDArray[np.int64] | None, seed: int) -> DrawnPairs:
    if not table.num_rows:
        raise InputError("no pairs to evaluate on")
    pairs = Pairs.of(prepared(models[0], *columns_of(table)))
    with_text = (pairs.titles.valid > 0) & (pairs.bodies.valid > 0)
    judged = with_text.copy()
    for model in models:
        judged &= judged_by(model, table)
    rows = np.flatnonzero(judged)
    if len(rows) < 2:
        found = f"{int(with_text.sum()):,} of {table.num_rows:,} pairs have text, {len(rows):,} can be judged"
        raise InputError(f"fewer than two pairs that can be evaluated ({found}); check --title and --body")
    topics = codes(table["topic"], table.num_rows) if "topic" in table.column_names else np.full(table.num_rows, -1)
    unscorable = table.num_rows - len(rows)
    if labels is not None:
        if len(np.unique(labels[rows])) < 2:
            only = "match" if labels[rows[0]] == 0 else "mismatch"
            raise InputError(
                f"all pairs that can be judged are labelled {only}; evaluation with labels needs both: add the other, or "
                "leave the labels out (--swaps)"
            )
        return DrawnPairs(table, pairs, rows, rows, labels[rows], None, "labels", unscorable, 0)
    rng = np.random.default_rng(seed)
    first = pairs.first_of_duplicates()[rows]
    rows, duplicates = rows[first], int((~first).sum())
    left, right = derange(pairs, rows, rng)
    if not len(left):
        raise InputError("all bodies are the same, so that none can be swapped; check --body")
    same_topic = None
    if len(np.unique(topics[topics >= 0])) > 1:
        in_topic = derange(pairs, rows, rng, topics[rows])
        same_topic = in_topic if len(in_topic[0]) >= MIN_GROUP else None
    truth = np.concatenate([np.zeros(len(rows), np.int64), np.ones(len(left), np.int64)])
    all_left, all_right = np.concatenate([rows, left]), np.concatenate([rows, right])
    return DrawnPairs(table, pairs, all_left, all_right, truth, same_topic, "random swaps", unscorable, duplicates)


def judged_by(model: Model, table: pa.Table) -> NDArray[np.bool_]:
    """Which pairs of a table get a verdict at all; bool array of shape (n_rows,)."""
    return compare(model, *columns_of(table)).refused == 0


def columns_of(table: pa.Table) -> tuple[Column, Column, Column | None]:
    """The titles, the bodies and, where they are known, the sources of a table of pairs."""
    return table["title"], table["body"], table["source"] if "source" in table.column_names else None
