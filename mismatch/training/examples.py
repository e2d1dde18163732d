"""Examples to fit forests on: the archive's own pairs, and mismatches made by swapping their bodies."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mismatch.compiling.kernels import kernel
from mismatch.features.cascade import FIRST_BYTES, MIN_BYTES
from mismatch.features.overlap_features import FEATURE_NAMES, VECTOR_FEATURES, pair_features, without_vectors
from mismatch.judging.swaps import Pairs, derange
from mismatch.terms.lexicon import Lexicon
from mismatch.terms.text_buffers import TextBuffers
from mismatch.training.pairs import neighbours
from mismatch.training.selection import Selection
from mismatch.training.settings import TrainingSettings

MAX_EXAMPLE_PAIRS = 40_000
"""matched pairs that are described"""
MANY_PAIRS = 10_000
"""pairs above which each title is swapped once; on fewer three times"""


@dataclass(frozen=True)
class Examples:
    """Described pairs to fit forests on."""

    features: NDArray[np.float32]
    first_look: NDArray[np.float32]
    """features at the first look, NaN where none is taken: at short bodies, and at what is shown more than once"""
    labels: NDArray[np.int64]
    folds: NDArray[np.int64]
    rows: NDArray[np.int64]
    """row of the title in the input"""
    random: NDArray[np.bool_]
    """matched, or swapped at random (not hard): what calibration is measured on"""

    @classmethod
    def joined(cls, parts: Sequence[Examples]) -> Examples:
        return cls(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(cls)))


class _Drawn(NamedTuple):
    """Titles put over bodies."""

    left: NDArray[np.int64]
    """rows of the titles"""
    right: NDArray[np.int64]
    """rows of the bodies"""
    labels: NDArray[np.int64]
    random: bool
    """as `Examples.random`"""


def describe_folds(
    chosen: Selection, held_out: Callable[[int], Lexicon], generators: Sequence[np.random.Generator],
    settings: TrainingSettings,
) -> Examples:  # fmt: skip
    """The examples of all folds, each fold in a thread of its own.

    Parameters
    ----------
    held_out
        Gives for each fold a lexicon that was not learned from it.
    generators
        One for each fold.
    """

    def describe(fold: int) -> Examples:
        return _describe_fold(chosen, fold, held_out(fold), generators[fold], settings)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return Examples.joined(list(pool.map(describe, range(chosen.n_folds))))


def _describe_fold(
    chosen: Selection, fold: int, lexicon: Lexicon, rng: np.random.Generator, settings: TrainingSettings
) -> Examples:  # fmt: skip
    pairs, rows = chosen.pairs, chosen.in_fold(fold)
    limit = max(1, round(MAX_EXAMPLE_PAIRS * len(rows) / len(chosen.rows)))
    if len(rows) > limit:
        rows = np.sort(rng.choice(rows, limit, replace=False))
    if chosen.labels is not None:
        drawn = [_Drawn(rows, rows, chosen.labels[rows], True)]
    else:
        drawn = [_Drawn(rows, rows, np.zeros(len(rows), np.int64), True), *_swapped(chosen, rows, lexicon, rng, settings)]
    left, right = np.concatenate([part.left for part in drawn]), np.concatenate([part.right for part in drawn])
    examples = Examples(
        features=pair_features(pairs.titles, pairs.bodies, lexicon, left, right),
        first_look=_first_looks(pairs, lexicon, left, right),
        labels=np.concatenate([part.labels for part in drawn]),
        folds=np.full(len(left), fold, np.int64),
        rows=left,
        random=np.concatenate([np.full(len(part.left), part.random) for part in drawn]),
    )
    if not settings.portable:
        return examples
    in_part = pair_features(pairs.titles, pairs.bodies, lexicon, left, right, _windows(pairs.bodies, right, rng))
    half = slice(int(rng.integers(2)), None, 2)
    return _portable(examples, in_part, half)


def _swapped(
    chosen: Selection, rows: NDArray[np.int64], lexicon: Lexicon, rng: np.random.Generator, settings: TrainingSettings
) -> Iterator[_Drawn]:
    """Mismatches made of matched pairs: swapped at random, within a topic or a source, and with a neighbour."""

    def wrong(left: NDArray[np.int64], right: NDArray[np.int64], random: bool) -> _Drawn:
        return _Drawn(left, right, np.ones(len(left), np.int64), random)

    pairs = chosen.pairs
    repeats = 1 if len(chosen.rows) > MANY_PAIRS else 3
    for _ in range(repeats):
        yield wrong(*derange(pairs, rows, rng), random=True)
    some = np.sort(rng.choice(rows, round(len(rows) * min(1.0, settings.hard_share * repeats)), replace=False))
    for numbers in chosen.strata:
        if len(np.unique(numbers[rows])) > 1:
            yield wrong(*derange(pairs, some, rng, numbers[some]), random=False)
    near = neighbours(pairs, rows, some, lexicon, rng)
    yield wrong(some[near >= 0], near[near >= 0], random=False)


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
    first_look = np.concatenate([examples.first_look, np.full((n_more, whole.shape[1]), np.nan, np.float32)])
    return Examples(features=features, first_look=first_look, random=random, **rest)


def _first_looks(pairs: Pairs, lexicon: Lexicon, left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.float32]:
    starts, stops = pairs.bodies.offsets[right], pairs.bodies.offsets[right + 1]
    begin, end = starts.copy(), np.minimum(stops, starts + FIRST_BYTES)
    _between_words(pairs.bodies.data, starts, stops, begin, end)
    features = pair_features(pairs.titles, pairs.bodies, lexicon, left, right, (begin, end), brief=True)
    features[stops - starts < MIN_BYTES] = np.nan
    return features


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


@kernel
def _between_words(data, starts, stops, begin, end):
    for k in range(begin.shape[0]):
        while starts[k] < begin[k] < end[k] and data[begin[k] - 1] > 32:
            begin[k] += 1
        while begin[k] < end[k] < stops[k] and data[end[k]] > 32:
            end[k] -= 1
