"""How the flags of a source run through a stream, in few numbers; and since when there are more of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

MAX_BINS = 64
"""stretches that the course of a source is kept in; where there would be more, neighbours become one"""
CHANCE = 0.01
"""probability at most with which a source whose rate stays the same is said to have changed"""


class Since(NamedTuple):
    """From where on a source has more flags."""

    place: int
    """first row, or first day, of the stretch from which on there are more"""
    before: float
    """rate of flags before it"""
    after: float


class Course:
    """Rows and flags of one source, by stretches of its rows or by days. Memory is bounded, whatever the length."""

    __slots__ = ("_bins", "_width")

    def __init__(self) -> None:
        self._width = 1
        self._bins: dict[int, list[int]] = {}
        """by number: rows, flags, first place"""

    def add(self, number: int, place: int, rows: int, flags: int) -> None:
        """Some rows.

        Parameters
        ----------
        number
            Where they stand in the source: how many rows of it came before, or the day.
        place
            Where that is for the user: the row in the input, or the day.
        """
        bin_ = self._bins.setdefault(number // self._width, [0, 0, place])
        bin_[0] += rows
        bin_[1] += flags
        bin_[2] = min(bin_[2], place)
        while len(self._bins) > MAX_BINS:
            self._width *= 2
            halved: dict[int, list[int]] = {}
            for k, (n, flagged, first) in self._bins.items():
                into = halved.setdefault(k // 2, [0, 0, first])
                into[0] += n
                into[1] += flagged
                into[2] = min(into[2], first)
            self._bins = halved

    def add_rows(self, number: int, flags: NDArray[np.int64]) -> None:
        """Neighbouring rows, the first of them row `number` from 1, each with 1 for a flag or 0; shape (n_rows,)."""
        at = 0
        while at < len(flags):
            end = min(len(flags), at + self._width - (number - 1 + at) % self._width)
            self.add(number - 1 + at, number + at, end - at, int(flags[at:end].sum()))
            at = end

    def stretches(self) -> NDArray[np.int64]:
        """Rows, flags and first place of each stretch in their order; shape (n_stretches, 3)."""
        return np.array([self._bins[k] for k in sorted(self._bins)], np.int64).reshape(-1, 3)


def more_since(stretches: NDArray[np.int64]) -> Since | None:
    """Where the rate rises most surely; None where it may as well have stayed the same.

    Every border between stretches is tried: the smallest p of Fisher's exact test, times the number of borders.

    Parameters
    ----------
    stretches : shape (n_stretches, 3)
        As `Course.stretches` gives them.
    """
    from scipy.stats import hypergeom

    rows, flags = np.cumsum(stretches[:, 0])[:-1], np.cumsum(stretches[:, 1])[:-1]
    if not len(rows):
        return None
    all_rows, all_flags = int(stretches[:, 0].sum()), int(stretches[:, 1].sum())
    p = hypergeom.sf(all_flags - flags - 1, all_rows, all_flags, all_rows - rows)
    best = int(np.argmin(p))
    if p[best] * len(p) > CHANCE:
        return None
    before, after = flags[best] / rows[best], (all_flags - flags[best]) / (all_rows - rows[best])
    return Since(int(stretches[best + 1, 2]), float(before), float(after))
