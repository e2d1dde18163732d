"""Folds that never split a story: titles and bodies that belong together, directly or through others, are in one fold."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from mismatch.judging.swaps import Pairs
from mismatch.training.pairs import group_folds

MIN_RECURRING = 0.1
"""share of the matched pairs whose title stands over several bodies, or the other way round, from which stories are kept
together; below it bodies are"""
LARGEST_STORY = 0.3
"""share of the matched pairs from which a story is no story: one title over everything"""


def fold_numbers(
    pairs: Pairs, rows: NDArray[np.int64], matched: NDArray[np.int64], n_folds: int, rng: np.random.Generator
) -> tuple[NDArray[np.int64], int]:
    """The fold of each pair, shape (n_pairs,), -1 for those that are left out, and the number of folds.

    No body is in two folds. Where titles recur, no story is: vectors that have learned a title over one of its bodies know
    the others. A labelled mismatch of two stories is left out where these are in different folds.
    """
    folds = np.full(len(pairs), -1, np.int64)
    stories = _stories(pairs, matched)
    if stories is None:
        groups = pairs.body_groups[rows]
        n_folds = int(min(n_folds, len(np.unique(groups))))
        folds[rows] = group_folds(groups, n_folds, rng)
        return folds, n_folds
    n_folds = int(min(n_folds, len(np.unique(stories[matched]))))
    folds[matched] = group_folds(stories[matched], n_folds, rng)
    of_title = np.full(pairs.title_groups.max() + 1, -1, np.int64)
    of_body = np.full(pairs.body_groups.max() + 1, -1, np.int64)
    of_title[pairs.title_groups[matched]] = folds[matched]
    of_body[pairs.body_groups[matched]] = folds[matched]
    rest = rows[folds[rows] < 0]
    title_folds, body_folds = of_title[pairs.title_groups[rest]], of_body[pairs.body_groups[rest]]
    unknown = body_folds < 0
    drawn = rng.integers(n_folds, size=len(of_body))[pairs.body_groups[rest]]
    body_folds[unknown] = np.where(title_folds[unknown] >= 0, title_folds[unknown], drawn[unknown])
    together = (title_folds < 0) | (title_folds == body_folds)
    folds[rest[together]] = body_folds[together]
    return folds, n_folds


def _stories(pairs: Pairs, matched: NDArray[np.int64]) -> NDArray[np.int64] | None:
    """The story of each matched pair (-1 elsewhere), shape (n_pairs,); None where titles hardly recur."""
    titles, bodies = pairs.title_groups[matched], pairs.body_groups[matched]
    several = np.bincount(titles)[titles] > 1
    if several.mean() < MIN_RECURRING:
        return None
    first_body = titles.max() + 1
    n = first_body + bodies.max() + 1
    linked = coo_array((np.ones(len(matched), np.int8), (titles, first_body + bodies)), shape=(n, n))
    labels = connected_components(linked, directed=False)[1][titles]
    if np.bincount(labels).max() > LARGEST_STORY * len(matched):
        return None
    stories = np.full(len(pairs), -1, np.int64)
    stories[matched] = labels
    return stories
