"""What came from each source: verdicts, reasons and their course, in memory that is bounded."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from mismatch.batch.course import Course
from mismatch.judging.source_names import source_key
from mismatch.judging.tally import NO_SOURCE, OTHER_SOURCES
from mismatch.judging.verdicts import MISMATCH, VERDICTS, Judged
from mismatch.records.blocks import Block

MAX_SOURCES = 10_000
"""sources that are kept apart; when there are twice as many, those with the fewest flags and rows are counted as one"""
MAX_SPELLINGS = 50


@dataclass
class OfSource:
    """What came from one source."""

    name: str
    """as it was spelled first"""
    verdicts: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    """of the flagged rows and of those that cannot be judged, the most telling of each"""
    spellings: set[str] = field(default_factory=set)
    course: Course = field(default_factory=Course)

    @property
    def rows(self) -> int:
        return self.verdicts.total()

    @property
    def flagged(self) -> int:
        return self.verdicts["mismatch"]


class SourceCounts:
    """Counts a stream by source, block by block.

    Attributes
    ----------
    by_key : the sources, by what their spellings share. others : what came from sources that are not kept apart, and from
    at least how many (`n_others`). whole : what came from all, its course by rows.
    """

    def __init__(self, max_sources: int = MAX_SOURCES) -> None:
        self.by_key: dict[str, OfSource] = {}
        self.others = OfSource(OTHER_SOURCES)
        self.n_others = 0
        self.whole = OfSource("all")
        self._most = max_sources

    def add(
        self, sources: pa.Array, numbers: NDArray[np.int8], reasons: pa.Array, first_row: int, days: NDArray[np.int64] | None
    ) -> None:
        """The next rows.

        Parameters
        ----------
        sources : text of shape (n_rows,)
        numbers : shape (n_rows,)
            Verdicts, as numbers into `VERDICTS`.
        reasons : lists of codes, of shape (n_rows,)
        first_row
            Number of the first of these rows.
        days : shape (n_rows,), optional
            The day of each row, -1 where it is not known. Without them the course of a source is that of its rows.
        """
        if not len(numbers):
            return
        codes, kept = self._coded(sources)
        counts = np.bincount(codes * len(VERDICTS) + numbers, minlength=len(kept) * len(VERDICTS))
        self._add_reasons(codes, kept, numbers, reasons)
        self._add_courses(codes, kept, numbers, first_row, days)
        self.whole.course.add_rows(first_row, (numbers == MISMATCH).astype(np.int64))
        for of, found in zip(kept, counts.reshape(-1, len(VERDICTS)).tolist(), strict=True):
            of.verdicts.update({verdict: n for verdict, n in zip(VERDICTS, found, strict=True) if n})
        self.whole.verdicts.update({v: int((numbers == k).sum()) for k, v in enumerate(VERDICTS)})
        if len(self.by_key) > 2 * self._most:
            self._make_room()

    def see(self, block: Block, judged: Judged) -> None:
        """The next rows, as `pipeline.run` shows them."""
        reasons = judged.columns.column("mismatch_reasons")
        self.add(block.pairs.column("source"), judged.numbers, reasons, self.whole.rows + 1, None)

    def _coded(self, sources: pa.Array) -> tuple[NDArray[np.int64], list[OfSource]]:
        """For each row the place of its source in a list of those that turn up."""
        encoded = pc.fill_null(sources, NO_SOURCE).dictionary_encode()
        places: dict[str, int] = {}
        kept: list[OfSource] = []
        of_name = []
        for name in encoded.dictionary.to_pylist():
            key = source_key(name) or NO_SOURCE
            if key not in places:
                places[key] = len(kept)
                kept.append(self.by_key.setdefault(key, OfSource(name.strip() or NO_SOURCE)))
            of = kept[places[key]]
            if len(of.spellings) < MAX_SPELLINGS:
                of.spellings.add(name)
            of_name.append(places[key])
        return np.array(of_name, np.int64)[encoded.indices.to_numpy(zero_copy_only=False)], kept

    def _add_reasons(
        self, codes: NDArray[np.int64], kept: list[OfSource], numbers: NDArray[np.int8], reasons: pa.Array
    ) -> None:
        telling = np.flatnonzero((numbers == MISMATCH) | (numbers == VERDICTS.index("unscorable")))
        for row, given in zip(telling.tolist(), reasons.take(pa.array(telling)).to_pylist(), strict=True):
            kept[codes[row]].reasons.update(given[:1])
            self.whole.reasons.update(given[:1])

    def _add_courses(
        self, codes: NDArray[np.int64], kept: list[OfSource], numbers: NDArray[np.int8], first_row: int,
        days: NDArray[np.int64] | None,
    ) -> None:  # fmt: skip
        flags = (numbers == MISMATCH).astype(np.int64)
        rows = np.arange(len(codes))
        if days is not None:
            rows = rows[days >= 0]
            _, first, inverse = np.unique(np.stack([codes, days])[:, rows], axis=1, return_index=True, return_inverse=True)
            totals, flagged = np.bincount(inverse), np.bincount(inverse, flags[rows]).astype(np.int64)
            for at, n, hits in zip(rows[first].tolist(), totals.tolist(), flagged.tolist(), strict=True):
                kept[codes[at]].course.add(int(days[at]), int(days[at]), n, hits)
            return
        before = [of.rows for of in kept]
        order = np.argsort(codes, kind="stable")
        for at in order.tolist():
            code = int(codes[at])
            kept[code].course.add(before[code], first_row + at, 1, int(flags[at]))
            before[code] += 1

    def _make_room(self) -> None:
        """Counts the sources with the fewest flags, and of those the fewest rows, as one."""
        ranked = sorted(self.by_key.items(), key=lambda item: (-item[1].flagged, -item[1].rows, item[0]))
        self.by_key = dict(ranked[: self._most])
        for _, of in ranked[self._most :]:
            self.others.verdicts.update(of.verdicts)
            self.others.reasons.update(of.reasons)
        self.n_others += len(ranked) - self._most
