"""Shifts: stretches of a file whose titles and bodies are off by some rows.

Rows go in as they come, and the shifts come out at the end. What is kept of each row is some numbers.
"""

from __future__ import annotations

import json
import os
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mismatch.batch import shift_slugs
from mismatch.batch.shift_evidence import WINDOW, Collector
from mismatch.batch.shift_stretches import find_segments
from mismatch.batch.shift_terms import MOST_OF_BODY, MOST_OF_TITLE, TermLists, term_lists
from mismatch.judging.comparison import Column, prepared
from mismatch.model.model import Model

_MOST_LINES = 40
_LEAST_WITNESSES = 5
_TIMES_MORE = 4
"""addresses in a stretch that must tell whether titles or bodies moved, and how many times more than tell the contrary"""


@dataclass(frozen=True)
class Shift:
    """Rows from `first_row` to `last_row`, counted from 1, whose titles have their bodies `by` rows further down."""

    first_row: int
    last_row: int
    by: int
    moved: str | None = None
    """`titles` or `bodies`, where addresses tell which of them left their place"""

    def words(self) -> str:
        """One line, such as `rows 1,201 to 4,310 are shifted by 1`."""
        told = f" (by their addresses, it is the {self.moved} that moved)" if self.moved else ""
        return f"rows {self.first_row:,} to {self.last_row:,} are shifted by {self.by:,}{told}"

    def plain(self) -> dict[str, int]:
        """As it stands in the JSON list."""
        return {"first_row": self.first_row, "last_row": self.last_row, "by": self.by}


class ShiftFinder:
    """Takes the rows of a file batch by batch; `finish` tells the shifts.

    Parameters
    ----------
    model
        By which titles and bodies are cleaned before they are compared.
    """

    def __init__(self, model: Model, *, window: int = WINDOW, threads: int | None = None) -> None:
        self._model, self._window = model, window
        self._collector = Collector(window)
        self._witnesses: list[NDArray[np.int8]] = []
        self._workers = threads or os.cpu_count() or 1
        self._pool = ThreadPoolExecutor(self._workers)
        self._waiting: deque[Future[tuple[TermLists, TermLists, NDArray[np.int8]]]] = deque()

    def add(self, titles: Column, bodies: Column, sources: Column | None = None, urls: Column | None = None) -> None:
        """The next rows: Arrow text of one length."""
        self._waiting.append(self._pool.submit(_read, self._model, titles, bodies, sources, urls))
        while len(self._waiting) > self._workers + 1:
            self._take()

    def finish(self) -> list[Shift]:
        """The shifts, in the order of the rows."""
        while self._waiting:
            self._take()
        self._pool.shutdown()
        segments = find_segments(self._collector.finish(), self._window)
        nothing = np.zeros(0, np.int8)
        witnesses = np.concatenate([nothing, *self._witnesses])
        return [
            Shift(s.first + 1, s.last + 1, s.by, _moved(witnesses[s.first : s.last + 1]) if len(witnesses) else None)
            for s in segments
        ]

    def _take(self) -> None:
        titles, bodies, witnesses = self._waiting.popleft().result()
        self._collector.add(titles, bodies)
        self._witnesses.append(witnesses)


def _read(
    model: Model, titles: Column, bodies: Column, sources: Column | None, urls: Column | None
) -> tuple[TermLists, TermLists, NDArray[np.int8]]:
    texts = prepared(model, titles, bodies, sources)
    of_titles, of_bodies = term_lists(texts.titles, MOST_OF_TITLE), term_lists(texts.bodies, MOST_OF_BODY)
    if urls is None or urls.null_count == len(urls):
        return of_titles, of_bodies, np.zeros(len(of_titles), np.int8)
    told, words = shift_slugs.witness(urls, of_titles, of_bodies)
    return (
        shift_slugs.with_words(of_titles, words, told == shift_slugs.WITH_TITLE),
        shift_slugs.with_words(of_bodies, words, told == shift_slugs.WITH_BODY),
        told,
    )


def _moved(witnesses: NDArray[np.int8]) -> str | None:
    titles_moved = int(np.count_nonzero(witnesses == shift_slugs.WITH_BODY))
    bodies_moved = int(np.count_nonzero(witnesses == shift_slugs.WITH_TITLE))
    if max(titles_moved, bodies_moved) < max(_LEAST_WITNESSES, _TIMES_MORE * min(titles_moved, bodies_moved)):
        return None
    return "titles" if titles_moved > bodies_moved else "bodies"


def find_shifts(model: Model, pairs: pa.Table, *, window: int = WINDOW, batch_rows: int = 4096) -> list[Shift]:
    """The shifts in a table with the columns `title` and `body`, and `source` and `url` where there are such."""
    finder = ShiftFinder(model, window=window)
    names = [name if name in pairs.column_names else None for name in ("title", "body", "source", "url")]
    for batch in pairs.to_batches(max_chunksize=batch_rows):
        finder.add(*(None if name is None else batch.column(name) for name in names))  # type: ignore[arg-type]
    return finder.finish()


def in_shifts(shifts: Sequence[Shift], rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of some rows, counted from 1, are in a shift."""
    firsts, lasts = (np.array([getattr(shift, name) for shift in shifts], np.int64) for name in ("first_row", "last_row"))
    at = np.searchsorted(firsts, rows, side="right") - 1
    inside = at >= 0
    inside[inside] = rows[inside] <= lasts[at[inside]]
    return inside


def shifted_pairs(shifts: Sequence[Shift]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Titles in shifts and the bodies that belong to them, rows from 1 as int64 arrays of one shape.

    Only bodies that have left their place count: those in a shift. Titles whose bodies came round from the other end of the
    stretch, or were lost, are not among them, and no body is given twice.
    """
    titles = [np.arange(shift.first_row, shift.last_row + 1) for shift in shifts]
    bodies = [rows + shift.by for rows, shift in zip(titles, shifts, strict=True)]
    title_rows, body_rows = (np.concatenate([np.zeros(0, np.int64), *rows]) for rows in (titles, bodies))
    kept = in_shifts(shifts, body_rows)
    _, inverse, counts = np.unique(body_rows, return_inverse=True, return_counts=True)
    kept &= counts[inverse] == 1
    return title_rows[kept], body_rows[kept]


def in_words(shifts: Sequence[Shift]) -> list[str]:
    """A line for each shift; of very many only the first."""
    lines = [shift.words() for shift in shifts[:_MOST_LINES]]
    return lines + [f"and {len(shifts) - _MOST_LINES:,} shifts more"] * (len(shifts) > _MOST_LINES)


def as_json(shifts: Sequence[Shift]) -> str:
    """The shifts as a JSON list."""
    plain: list[dict[str, Any]] = [shift.plain() for shift in shifts]
    return "[" + ",".join(f"\n {json.dumps(shift)}" for shift in plain) + ("\n]" if plain else "]") + "\n"
