"""Described pairs to fit heads on: an archive's own, and pairs that it is made to hold by swapping."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray

from mismatch.features.cascade import FIRST_BYTES, MIN_BYTES
from mismatch.features.overlap_features import FEATURE_NAMES, VECTOR_FEATURES, pair_features, without_vectors
from mismatch.judging.swaps import Pairs, codes, derange
from mismatch.terms.lexicon import Lexicon
from mismatch.terms.text_buffers import TextBuffers
from mismatch.training.pairs import neighbours

MAX_HEAD_PAIRS = 40_000


@dataclass(frozen=True)
class Settings:
    """What can be chosen in training."""

    max_false_flags: float = 0.005
    confidence: float = 0.95
    max_unsure: float = 0.03
    prior: float = 0.01
    n_folds: int = 5
    seed: int = 0
    max_terms: int = 1 << 18
    hard_share: float = 0.1
    """Hard swaps of each kind (one topic, one source, one neighbourhood) for one matched pair."""
    portable: bool = False
    """Fit the head for other archives than this one: bodies are also shown in part and without vectors, and similarities
    of whole texts, which say less about other archives than about the one they were learned from, are left out."""


@dataclass(frozen=True)
class Examples:
    """Described pairs for the head."""

    features: NDArray[np.float32]
    first: NDArray[np.float32]
    """features at the first look, NaN where none is taken: at short bodies, and at what is shown more than once"""
    labels: NDArray[np.int64]
    folds: NDArray[np.int64]
    rows: NDArray[np.int64]
    """row of the title in the input"""
    random: NDArray[np.bool_]
    """matched, or swapped at random (not hard): what calibration is measured on"""


def strata_of(table: pa.Table) -> list[NDArray[np.int64]]:
    return [codes(table[name], table.num_rows) for name in ("topic", "source") if name in table.column_names]


def describe_pairs(
    pairs: Pairs, rows: NDArray[np.int64], lexicon: Lexicon, rng: np.random.Generator, labels: NDArray[np.int64] | None,
    strata: list[NDArray[np.int64]], fold: int, n_all: int, settings: Settings,
) -> Examples:  # fmt: skip
    """The fold's own pairs and, without labels, swapped ones: at random, of one topic or source, of one neighbourhood."""
    limit = max(1, round(MAX_HEAD_PAIRS * len(rows) / n_all))
    if len(rows) > limit:
        rows = np.sort(rng.choice(rows, limit, replace=False))
    groups: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], bool]] = []
    if labels is not None:
        groups.append((rows, rows, labels[rows], True))
    else:
        groups.append((rows, rows, np.zeros(len(rows), np.int64), True))
        repeats = 1 if n_all > 10_000 else 3
        for _ in range(repeats):
            left, right = derange(pairs, rows, rng)
            groups.append((left, right, np.ones(len(left), np.int64), True))
        some = np.sort(rng.choice(rows, round(len(rows) * min(1.0, settings.hard_share * repeats)), replace=False))
        for codes_ in strata:
            if len(np.unique(codes_[rows])) > 1:
                left, right = derange(pairs, some, rng, codes_[some])
                groups.append((left, right, np.ones(len(left), np.int64), False))
        near = neighbours(pairs, rows, some, lexicon, rng)
        left, right = some[near >= 0], near[near >= 0]
        groups.append((left, right, np.ones(len(left), np.int64), False))
    left, right = np.concatenate([g[0] for g in groups]), np.concatenate([g[1] for g in groups])
    features = pair_features(pairs.titles, pairs.bodies, lexicon, left, right)
    examples = Examples(
        features=features,
        first=_first_looks(pairs, lexicon, left, right),
        labels=np.concatenate([g[2] for g in groups]),
        folds=np.full(len(left), fold, np.int64),
        rows=left,
        random=np.concatenate([np.full(len(g[0]), g[3]) for g in groups]),
    )
    if not settings.portable:
        return examples
    in_part = pair_features(pairs.titles, pairs.bodies, lexicon, left, right, _windows(pairs.bodies, right, rng))
    half = slice(int(rng.integers(2)), None, 2)
    return _portable(examples, in_part, half)


def _portable(examples: Examples, in_part: NDArray[np.float32], half: slice) -> Examples:
    """The examples, the same with bodies in part, and half of both without vectors."""
    whole = examples.features
    shown = [whole, in_part, without_vectors(whole[half]), without_vectors(in_part[half])]
    features = np.concatenate(shown)
    features[:, [FEATURE_NAMES.index(name) for name in VECTOR_FEATURES[:2]]] = 0
    rest = {
        name: np.concatenate([getattr(examples, name)] * 2 + [getattr(examples, name)[half]] * 2)
        for name in ("labels", "folds", "rows")
    }
    n_more = len(features) - len(whole)
    random = np.concatenate([examples.random, np.zeros(n_more, bool)])
    first = np.concatenate([examples.first, np.full((n_more, whole.shape[1]), np.nan, np.float32)])
    return Examples(features=features, first=first, random=random, **rest)


def _first_looks(pairs: Pairs, lexicon: Lexicon, left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.float32]:
    starts, stops = pairs.bodies.offsets[right], pairs.bodies.offsets[right + 1]
    begin, end = starts.copy(), np.minimum(stops, starts + FIRST_BYTES)
    _between_words(pairs.bodies.data, starts, stops, begin, end)
    first = pair_features(pairs.titles, pairs.bodies, lexicon, left, right, (begin, end), brief=True)
    first[stops - starts < MIN_BYTES] = np.nan
    return first


def _windows(
    bodies: TextBuffers, rows: NDArray[np.int64], rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """A part of each body, 150 to 2,500 bytes, half of them from the beginning, cut between words."""
    starts, stops = bodies.offsets[rows], bodies.offsets[rows + 1]
    sizes = stops - starts
    wanted = np.exp(rng.uniform(np.log(150), np.log(2500), len(rows))).astype(np.int64)
    first = np.where(
        rng.random(len(rows)) < 0.5, 0, (rng.random(len(rows)) * np.maximum(0, sizes - wanted)).astype(np.int64)
    )
    begin = starts + first
    end = np.minimum(stops, begin + wanted)
    _between_words(bodies.data, starts, stops, begin, end)
    return begin, end


@njit(cache=True, nogil=True)
def _between_words(data, starts, stops, begin, end):
    for k in range(begin.shape[0]):
        while starts[k] < begin[k] < end[k] and data[begin[k] - 1] > 32:
            begin[k] += 1
        while begin[k] < end[k] < stops[k] and data[end[k]] > 32:
            end[k] -= 1
