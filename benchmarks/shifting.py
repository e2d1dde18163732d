"""Shifts planted into archives: which row's title and which row's body each row gets, and what should be reported of it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mismatch.batch.shift_terms import TermLists

KINDS = {
    "turned": "bodies turned round within the stretch",
    "cut": "bodies moved down or up within the stretch, the last ones lost and nothing in the first rows",
    "other titles": "titles of the rows further down or up, once more",
    "other bodies": "bodies of the rows further up or down, once more",
    "exchanged": "two stretches with each other's bodies",
}
LENGTHS = (20, 25, 30, 50, 100, 500, 3000)
OFFSETS = (1, 2, 5, 17, 100, 1000)
_MOST_OF_STRETCH = 1 / 3
"""of the length, the offset by which a stretch is turned at most: turned by two thirds it is turned by a third back"""


class Planted(NamedTuple):
    """Rows from 0, -1 for an empty body."""

    titles: NDArray[np.int64]
    bodies: NDArray[np.int64]
    expected: list[tuple[int, int, int]]
    """first row, last row, by"""


def possible(n: int, first: int, length: int, by: int, kind: str) -> bool:
    """Whether the stretch can be shifted so."""
    if kind in ("turned", "cut"):
        return abs(by) <= _MOST_OF_STRETCH * length
    if kind == "exchanged":
        return abs(by) > length and first + by >= 0 and first + by + length <= n
    away = -by if kind == "other bodies" else by
    return first + away >= 0 and first + length + away <= n


def plant(n: int, first: int, length: int, by: int, kind: str) -> Planted:
    """A file of n rows with a shift in it."""
    titles, bodies, stop = np.arange(n), np.arange(n), first + length
    expected = [(first, stop - 1, by)]
    if kind == "turned":
        bodies[first:stop] = np.roll(bodies[first:stop], by)
    elif kind == "cut":
        turned = np.roll(bodies[first:stop], by)
        turned[: by if by > 0 else 0] = -1
        turned[length + by if by < 0 else length :] = -1
        bodies[first:stop] = turned
    elif kind == "other titles":
        titles[first:stop] += by
    elif kind == "other bodies":
        bodies[first:stop] -= by
    else:
        bodies[first:stop] += by
        bodies[first + by : stop + by] -= by
        expected.append((first + by, stop - 1 + by, -by))
    return Planted(titles, bodies, sorted(expected))


def rearranged(lists: TermLists, rows: NDArray[np.int64]) -> TermLists:
    """Rows in another order; -1 is an empty one."""
    at = np.maximum(rows, 0)
    sizes = np.where(rows >= 0, np.diff(lists.starts)[at], 0)
    starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    places = np.repeat(lists.starts[:-1][at] - starts[:-1], sizes) + np.arange(starts[-1])
    return TermLists(starts, lists.hashes[places], lists.weights[places])
