"""Shifts among the scored rows of a batch: found while the rows pass by, and put into the proposals of its repair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mismatch.batch.places import Places
from mismatch.batch.repair import Proposal, Repair
from mismatch.batch.scored import ScoredBlock
from mismatch.batch.shifts import Shift, ShiftFinder, in_shifts, shifted_pairs
from mismatch.batch.suspects import SUSPECT_FROM, doubt_of
from mismatch.judging.verdicts import MISMATCH, UNSCORABLE, VERDICTS, Judged, named
from mismatch.model.model import Model
from mismatch.records.blocks import Block, JsonLines
from mismatch.records.carried import carried_columns
from mismatch.records.columns import usual_names

SHIFTED = "shifted"
"""the reason of a row in a shift"""
INSIDE, AT_AN_END = 0.98, 0.7
"""probability that a title of a stretch belongs to the body that the shift gives it, and of the rows at its ends"""
_END_ROWS = 2
MOST_MOVED = 1 << 20
"""titles of all shifts together that are put into proposals; of more, none is: whoever wrote the file is to undo them"""


class ShiftWatch:
    """Sees the blocks of a batch, and tells its shifts when all have passed."""

    def __init__(self, model: Model, *, threads: int | None = None) -> None:
        self._finder = ShiftFinder(model, threads=threads)
        self._rows: list[NDArray[np.int64]] = []
        self._ids: list[pa.Array] = []
        self.places = Places()
        self.shifts: list[Shift] = []

    def see(self, block: ScoredBlock) -> None:
        """The next rows."""
        rows = block.rows
        self._finder.add(rows.column("title"), rows.column("body"), rows.column("source"), addresses(block.block))
        if len(rows):
            self.places.add(block.block.origin, rows.column("row")[0].as_py(), block.block.row_numbers)
        ids = rows.column("id")
        if ids.null_count < len(ids):
            doubtful = np.flatnonzero(doubt_of(block) >= SUSPECT_FROM)  # of the rows of a shift nearly all
            self._rows.append(rows.column("row").to_numpy()[doubtful])
            self._ids.append(ids.take(pa.array(doubtful)).cast(pa.large_string()))

    def finish(self) -> list[Shift]:
        """The shifts, in the order of the rows."""
        self.shifts = self._finder.finish()
        return self.shifts

    def added_to(self, found: Repair, *, least: float = 0.0) -> Repair:
        """The repair with a proposal for each title in a shift whose body left its place too, where it is likely enough.

        What the shift says goes before what a single title and body say: of many that are alike, it names the right one. But
        a title outside of it that surely belongs to a body inside, or the other way round, shows that rows were mixed up
        there besides.
        """
        titles, bodies = shifted_pairs(self.shifts)
        if not len(titles) or len(titles) > MOST_MOVED:
            return found
        known = {(p.title_row, p.body_row): p for p in found.proposals}
        likely = np.where(_at_ends(self.shifts, titles), AT_AN_END, INSIDE)
        free = _not_led_out(self.shifts, found.proposals, titles, bodies, likely)
        titles, bodies, likely = titles[free], bodies[free], likely[free]
        ids = self._ids_of(np.concatenate([titles, bodies]))
        moved: list[Proposal] = []
        for title, body, by_shift in zip(titles.tolist(), bodies.tolist(), likely.tolist(), strict=True):
            places = self.places.place_of(title), self.places.place_of(body)
            shifted = Proposal(title, body, ids.get(title), ids.get(body), by_shift, (), *places)
            proposal = known.get((title, body), shifted)
            if max(by_shift, proposal.probability) >= least:
                moved.append(replace(proposal, probability=max(by_shift, proposal.probability)))
        their_titles, their_bodies = set(titles.tolist()), set(bodies.tolist())
        others = [p for p in found.proposals if p.title_row not in their_titles and p.body_row not in their_bodies]
        return replace(found, proposals=sorted([*others, *moved], key=lambda proposal: proposal.title_row))

    @property
    def n_not_proposed(self) -> int:
        """Titles of shifts that no proposal follows from, as they are more than `MOST_MOVED`."""
        n = len(shifted_pairs(self.shifts)[0])
        return n if n > MOST_MOVED else 0

    def _ids_of(self, rows: NDArray[np.int64]) -> dict[int, str]:
        if not self._ids:
            return {}
        known, ids = np.concatenate(self._rows), pa.chunked_array(self._ids)
        at = np.flatnonzero(np.isin(known, rows))
        pairs = zip(known[at].tolist(), ids.take(pa.array(at)).to_pylist(), strict=True)
        return {row: text for row, text in pairs if text is not None}


def _not_led_out(
    shifts: Sequence[Shift], proposals: Sequence[Proposal], titles: NDArray[np.int64], bodies: NDArray[np.int64],
    likely: NDArray[np.float64],
) -> NDArray[np.bool_]:  # fmt: skip
    """Which pairs of shifts no likelier proposal contradicts that has only one of its rows in a shift."""
    of_titles, of_bodies = (np.array([getattr(p, name) for p in proposals], np.int64) for name in ("title_row", "body_row"))
    sure = np.array([p.probability for p in proposals])
    sure[in_shifts(shifts, of_titles) == in_shifts(shifts, of_bodies)] = 0.0
    by_title, by_body = (dict(zip(rows.tolist(), sure.tolist(), strict=True)) for rows in (of_titles, of_bodies))
    against_title = np.array([by_title.get(row, 0.0) for row in titles.tolist()])
    against_body = np.array([by_body.get(row, 0.0) for row in bodies.tolist()])
    return np.maximum(against_title, against_body) <= likely


def _at_ends(shifts: Sequence[Shift], rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which rows are among the first or last of a shift."""
    ends = [(shift.first_row, shift.last_row) for shift in shifts]
    near = [row for first, last in ends for i in range(_END_ROWS) for row in (first + i, last - i)]
    return np.isin(rows, near)


class ShiftedVerdicts:
    """Revises the verdicts of a batch, block by block (`pipeline.judged_and_encoded`): a row in a shift is a mismatch.

    It gets the reason `shifted`. Rows at the very ends of a shift, and those that cannot be judged, keep their verdicts.
    """

    def __init__(self, shifts: Sequence[Shift], places: Places) -> None:
        self._shifts, self._places = shifts, places

    def __call__(self, block: Block, judged: Judged) -> Judged:
        """The verdicts with what the shifts say of them."""
        if not self._shifts:
            return judged
        rows = self._places.rows_at(block.origin, np.asarray(block.row_numbers, np.int64))
        inside = in_shifts(self._shifts, rows)
        if not inside.any():
            return judged
        sure = inside & ~_at_ends(self._shifts, rows) & (judged.numbers != UNSCORABLE)
        numbers = np.where(sure, MISMATCH, judged.numbers).astype(judged.numbers.dtype)
        columns = dict(zip(judged.columns.schema.names, judged.columns.columns, strict=True))
        given = columns["mismatch_probability"]
        probability = given.fill_null(0.0).to_numpy(zero_copy_only=False)
        raised = np.where(sure, np.maximum(probability, INSIDE), probability)
        reasons = columns["mismatch_reasons"].to_pylist()
        for i in np.flatnonzero(inside).tolist():
            reasons[i] = [SHIFTED, *(reasons[i] or ())]
        columns["mismatch_verdict"] = named(numbers, VERDICTS)
        columns["mismatch_probability"] = pa.array(raised, pa.float64(), mask=given.is_null().to_numpy(zero_copy_only=False))
        columns["mismatch_reasons"] = pa.array(reasons, pa.list_(pa.string()))
        return Judged(numbers, pa.RecordBatch.from_arrays(list(columns.values()), schema=judged.columns.schema))


def addresses(block: Block) -> pa.Array | None:
    """The address of each row where there is one; None where the block has none."""
    given = block.rows.keys if isinstance(block.rows, JsonLines) else block.rows.schema.names
    for usual in usual_names("address", given or []):
        (found,) = carried_columns(block, [usual])
        if any("/" in text for text in found[:100].to_pylist() if text):
            return found
    return None
