"""What a stream of articles has taught a model without labels. The model holds it, and its file keeps it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mismatch.features.grams import GRAM_FEATURES
from mismatch.features.overlap_features import N_FEATURES
from mismatch.features.plain_arrays import packed, unpacked
from mismatch.screening.recurring_titles import MAX_RECURRING, NO_TITLES
from mismatch.terms.document_frequency import Counts
from mismatch.terms.lexicon import LookupTable, lookup_table, n_slots
from mismatch.terms.probe_lengths import check_probes

N_COLUMNS = N_FEATURES + len(GRAM_FEATURES) + 3
LARGEST_DEVIATION = 5.0
"""standard deviations at which a column is cut off"""
MOST_DOCUMENTS = 10**12
"""that anything can have learned from"""
_LOW_LOG_ODDS = -3.0


def ratio_columns(features: NDArray[np.float32], log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
    """What a density ratio is linear in: the features and the head's log-odds with a bend at either end.

    Parameters
    ----------
    features : float32 array of shape (n_pairs, N_FEATURES + 3)
        The features of pairs and those of their grams.
    log_odds : float64 array of shape (n_pairs,)

    Returns
    -------
    float64 array of shape (n_pairs, N_COLUMNS)
    """
    bends = [log_odds, np.maximum(log_odds, 0), np.minimum(log_odds, _LOW_LOG_ODDS)]
    return np.column_stack([features, *bends]).astype(np.float64)


@dataclass(frozen=True)
class DensityRatio:
    """How much likelier a pair is among a stream's swapped pairs than among its matched ones, as a logarithm.

    ``slope * log_odds + intercept + x @ coefficients`` with standardised columns x (see `ratio_columns`).
    """

    slope: float
    intercept: float
    mean: NDArray[np.float64]
    """shape (N_COLUMNS,), as the other two"""
    deviation: NDArray[np.float64]
    coefficients: NDArray[np.float64]

    def __call__(self, features: NDArray[np.float32], log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
        """The logarithm of the ratio, shape (n_pairs,)."""
        x = (ratio_columns(features, log_odds) - self.mean) / self.deviation
        # summed column by column: a product of matrices may differ in its last digit with the number of rows
        total = self.slope * log_odds + self.intercept
        for column, coefficient in zip(np.clip(x, -LARGEST_DEVIATION, LARGEST_DEVIATION).T, self.coefficients, strict=True):
            total = total + column * coefficient
        return total

    def to_plain(self) -> dict[str, Any]:
        arrays = {name: packed(getattr(self, name)) for name in ("mean", "deviation", "coefficients")}
        return {"slope": self.slope, "intercept": self.intercept, **arrays}

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> DensityRatio:
        arrays = [unpacked(name, plain[name], "float64", dimensions=1) for name in ("mean", "deviation", "coefficients")]
        numbers = np.array([float(plain["slope"]), float(plain["intercept"])])
        if (
            any(len(array) != N_COLUMNS or not np.isfinite(array).all() for array in (*arrays,))
            or not np.isfinite(numbers).all()
        ):
            raise ValueError("the density ratio of the stream is damaged")
        if not (arrays[1] > 0).all():
            raise ValueError("the deviations of the stream are not positive")
        return cls(*numbers.tolist(), *arrays)


@dataclass(frozen=True)
class StreamProfile:
    """The habits of a stream, and how its own pairs differ from its swapped ones."""

    title_habits: NDArray[np.uint64]
    """hashes of the parts that the titles of a source share, ascending; shape (n_habits,)"""
    n_pairs: int = 0
    """pairs of a feed that the model was adapted to; 0 where only its own archive was looked at"""
    grams: Counts | None = None
    """in how many bodies the grams of titles stand"""
    ratio: DensityRatio | None = None
    share: float | None = None
    """estimated share of mismatches in the stream"""
    share_interval: tuple[float, float] | None = None
    """in which the share lies with a probability of 92 %"""
    recurring: NDArray[np.uint64] = field(default_factory=lambda: NO_TITLES)
    """keys of titles that recur over bodies that they do not fit, ascending (see `screening.recurring_titles`)"""

    @cached_property
    def gram_table(self) -> LookupTable:
        assert self.grams is not None
        return lookup_table(self.grams)

    def with_habits_of(self, other: StreamProfile | None) -> StreamProfile:
        """The same with the habits of titles that another stream has shown."""
        if other is None:
            return self
        return replace(self, title_habits=np.union1d(self.title_habits, other.title_habits))

    def to_plain(self) -> dict[str, Any]:
        """Plain values, for a model file."""
        plain: dict[str, Any] = {"title_habits": packed(self.title_habits), "n_pairs": self.n_pairs}
        if self.grams is not None and self.ratio is not None and self.share_interval is not None:
            plain["ratio"] = self.ratio.to_plain()
            plain["share"] = [self.share, *self.share_interval]
            plain["recurring"] = packed(self.recurring)
            plain["grams"] = {
                "hashes": packed(self.grams.hashes), "frequencies": packed(self.grams.frequencies.astype(np.float32)),
                "n_documents": self.grams.n_documents,
            }  # fmt: skip
        return plain

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
        if type(n_pairs) is not int or not 0 <= n_pairs < MOST_DOCUMENTS:
            raise ValueError("the number of pairs that it was adapted to is no count")
        if "ratio" not in plain:
            return cls(habits, n_pairs)
        share, low, high = (float(number) for number in plain["share"])
        if not 0 <= low <= high <= 1 or not 0 <= share <= 1:
            raise ValueError("the estimated share of mismatches is no share")
        grams, ratio, recurring = _grams(plain["grams"]), DensityRatio.from_plain(plain["ratio"]), NO_TITLES
        if "recurring" in plain:  # a file of an earlier version knows of none
            recurring = unpacked("recurring", plain["recurring"], "uint64", dimensions=1)
        if len(recurring) > MAX_RECURRING or (recurring[1:] <= recurring[:-1]).any():
            raise ValueError("the titles that recur are too many or not in their order")
        return cls(habits, n_pairs, grams, ratio, share, (low, high), recurring)


def _grams(plain: dict[str, Any]) -> Counts:
    hashes = unpacked("hashes", plain["hashes"], "uint64", dimensions=1)
    frequencies = unpacked("frequencies", plain["frequencies"], "float32", dimensions=1).astype(np.float64)
    n_documents = float(plain["n_documents"])
    if len(hashes) != len(frequencies) or (hashes[1:] <= hashes[:-1]).any():
        raise ValueError("the grams of the stream are not in their order")
    if not (np.isfinite(frequencies).all() and (frequencies >= 0).all() and 0 < n_documents < MOST_DOCUMENTS):
        raise ValueError("the frequencies of the grams are no counts")
    check_probes(hashes, n_slots(len(hashes)))
    return Counts(hashes, frequencies, n_documents)
