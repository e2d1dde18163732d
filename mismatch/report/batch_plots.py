"""The plots of a batch: where in the file what was found lies, and how the flags of a source run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mismatch.report.plots import FAINT, FIRST, INK, SECOND, svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mismatch.batch.shifts import Shift

MAP_BINS = 240
"""stretches of equal length that the rows of a file are shown in"""
_FAINTEST = 0.25
"""opacity of a stretch in which a single row was found; one in which all were is opaque"""


class Track(NamedTuple):
    """A line of the map of a file."""

    name: str
    """our own words"""
    shares: NDArray[np.float64]
    """of the rows of each stretch, how many were found; shape (n_stretches,), from 0 to 1"""


def track(name: str, rows: ArrayLike, n_rows: int) -> Track:
    """The track of some rows, counted from 1, of a file of `n_rows`."""
    n_bins = max(1, min(MAP_BINS, n_rows))
    edges = np.linspace(0, n_rows, n_bins + 1)
    counts, _ = np.histogram(np.asarray(rows, np.float64) - 0.5, edges)
    per_bin = np.diff(np.floor(edges))
    return Track(name, counts / np.maximum(per_bin, 1))


def track_of_course(name: str, stretches: NDArray[np.int64], n_rows: int) -> Track:
    """The track of flags that are known by stretches: rows, flags and first row of each (see `batch.course`)."""
    n_bins = max(1, min(MAP_BINS, n_rows))
    if not len(stretches):
        return Track(name, np.zeros(n_bins))
    middles = (np.arange(n_bins) + 0.5) * n_rows / n_bins
    at = np.clip(np.searchsorted(stretches[:, 2] - 1, middles, side="right") - 1, 0, len(stretches) - 1)
    return Track(name, stretches[at, 1] / np.maximum(stretches[at, 0], 1))


def file_map(tracks: Sequence[Track], shifts: Sequence[Shift], n_rows: int) -> str:
    """The rows of a file from left to right: shifted stretches with how far they are off, and a line for each track."""

    def draw(axes: Axes) -> None:
        names = ["shifted", *(one.name for one in tracks)]
        for y, one in enumerate(tracks, 1):
            width = n_rows / len(one.shares)
            found = np.flatnonzero(one.shares)
            opacity = _FAINTEST + (1 - _FAINTEST) * np.minimum(one.shares[found], 1)
            axes.barh(
                np.full(len(found), y), width, left=found * width, height=0.62, linewidth=0,
                color=[(SECOND, a) for a in opacity.tolist()],
            )  # fmt: skip
        for shift in shifts:
            first, length = shift.first_row - 1, shift.last_row - shift.first_row + 1
            axes.barh(0, max(length, n_rows / MAP_BINS), left=first, height=0.62, color=FIRST, linewidth=0)
            axes.annotate(f"{shift.by:+,}", (first + length / 2, -0.36), ha="center", va="bottom", fontsize=8)
        axes.set_xlim(0, max(n_rows, 1))
        axes.set_ylim(len(names) - 0.5, -0.85)
        axes.set_yticks(range(len(names)), names)
        axes.grid(False)
        axes.tick_params(axis="y", length=0)
        axes.set_xlabel("row")
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        axes.set_axisbelow(True)
        for y in range(len(names)):
            axes.axhline(y, color=FAINT, linewidth=0.7, zorder=0)

    return svg(
        "map", "Where in the file rows are shifted, flagged or repeated", draw, (8.6, 0.85 + 0.36 * (1 + len(tracks)))
    )


def course_line(stretches: NDArray[np.int64], number: int) -> str:
    """A small line without axes: the share of flags of a source, stretch by stretch, in the order of its rows or days.

    Parameters
    ----------
    stretches : shape (n_stretches, 3)
        As `batch.course` gives them.
    number
        Tells the picture from others of the page.
    """
    shares = stretches[:, 1] / np.maximum(stretches[:, 0], 1)

    def draw(axes: Axes) -> None:
        axes.step(np.arange(len(shares) + 1), [*shares, *shares[-1:]], where="post", color=SECOND, linewidth=1.4)
        axes.axhline(0, color=INK, linewidth=0.6)
        axes.set_ylim(-0.02, max(0.1, 1.05 * float(shares.max(initial=0))))
        axes.set_axis_off()

    return svg(f"course{number}", "Share of flagged rows along the input", draw, (1.5, 0.3))
