"""Which row of a batch stands where in its files: rows are counted from 1 through all inputs, lines from 1 in each file."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray


class Places:
    """Kept as runs of rows on neighbouring lines, so that long files take no more memory than short ones."""

    def __init__(self) -> None:
        self._origins: list[str] = []
        self._runs: list[tuple[int, int, int]] = []
        """first row, first line, how many"""
        self._of_origin: dict[str, list[int]] = defaultdict(list)

    def add(self, origin: str, first_row: int, lines: NDArray[np.int64]) -> None:
        """The next rows: they stand on these lines of a file."""
        starts = np.flatnonzero(np.diff(lines, prepend=lines[:1] - 2) != 1).tolist()
        for start, stop in zip(starts, [*starts[1:], len(lines)], strict=True):
            row, line = first_row + start, int(lines[start])
            if self._runs and self._origins[-1] == origin:
                row_before, line_before, n = self._runs[-1]
                if (row_before + n, line_before + n) == (row, line):
                    self._runs[-1] = (row_before, line_before, n + stop - start)
                    continue
            self._of_origin[origin].append(len(self._runs))
            self._origins.append(origin)
            self._runs.append((row, line, stop - start))

    def place_of(self, row: int) -> tuple[str, int]:
        """The file of a row, and its line there."""
        low, high = 0, len(self._runs)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self._runs[middle][0] <= row else (low, middle)
        first, line, n = self._runs[low]
        if not first <= row < first + n:
            raise IndexError(f"there is no row {row}")
        return self._origins[low], line + row - first

    def rows_at(self, origin: str, lines: NDArray[np.int64]) -> NDArray[np.int64]:
        """The rows on some lines of a file, 0 where there is none."""
        rows = np.zeros(len(lines), np.int64)
        runs = np.array([self._runs[k] for k in self._of_origin.get(origin, [])], np.int64).reshape(-1, 3)
        if len(runs):
            at = np.searchsorted(runs[:, 1], lines, side="right") - 1
            found = at >= 0
            found[found] = lines[found] < runs[at[found], 1] + runs[at[found], 2]
            rows[found] = lines[found] - runs[at[found], 1] + runs[at[found], 0]
        return rows
