"""All that a batch tells at once: where bodies went, what is shifted, what is repeated, what came from which source."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mismatch.batch.better_bodies import BetterBodies
from mismatch.batch.places import Places
from mismatch.batch.repair import Repair, find_repairs
from mismatch.batch.repeats import Repeats, repeats_in
from mismatch.batch.scored import ScoredBlock, ScoredRows
from mismatch.batch.shifted_rows import ShiftedVerdicts, ShiftWatch
from mismatch.batch.shifts import Shift
from mismatch.batch.source_counts import SourceCounts
from mismatch.batch.trace_store import TraceStore
from mismatch.batch.traces import traces_of
from mismatch.judging.pipeline import Revision
from mismatch.records.memory import give_back
from mismatch.records.quarantine import Quarantine


@dataclass(frozen=True)
class BatchFindings:
    """What was found in a batch; rows count from 1 in the order of the input."""

    repair: Repair
    """with the proposals that follow from shifts"""
    n_found: int
    """proposals that do not"""
    shifts: list[Shift]
    n_not_proposed: int
    """titles of shifts that are too many to be proposed one by one"""
    places: Places
    repeats: Repeats | None
    """None where they were not looked for"""
    counts: SourceCounts | None

    @property
    def revisions(self) -> list[Revision]:
        """What the batch says of the verdicts of its rows, for `pipeline.revised`."""
        found: list[Revision] = [ShiftedVerdicts(self.shifts, self.places), BetterBodies(self.repair.proposals)]
        return found if self.repeats is None else [*found, self.repeats.revise]


def look_at(
    scored: ScoredRows, quarantine: Quarantine, *, least: float = 0.5, repeats: bool = False, sources: bool = False,
    threads: int | None = None,
) -> BatchFindings:  # fmt: skip
    """Reads a batch once and finds what its rows tell of each other.

    Parameters
    ----------
    scored
        The rows, with a scorer that is adapted to them (`always_adapt`).
    least
        Smallest probability of a proposal.
    repeats, sources
        Whether repeats are looked for, and sources counted, too.
    """
    watch, counts = ShiftWatch(scored.scorer.model, threads=threads), SourceCounts() if sources else None
    scored.watch(watch.see)
    with TraceStore() as store:

        def see(block: ScoredBlock) -> None:
            rows = block.rows
            if repeats:
                store.add(block.block, traces_of(rows.column("title"), rows.column("body")))
            if counts is not None and len(rows):
                numbers = rows.column("verdict").to_numpy(zero_copy_only=False).astype(np.int8)
                counts.add(rows.column("source"), numbers, rows.column("reasons"), rows.column("row")[0].as_py(), None)

        scored.watch(see)
        found = find_repairs(scored, quarantine, least=least, threads=threads)
        store.finish()
        repeated = repeats_in(store) if repeats else None
    shifts = watch.finish()
    give_back()
    together, n_not_proposed = watch.added_to(found, least=least), watch.n_not_proposed
    return BatchFindings(together, len(found.proposals), shifts, n_not_proposed, watch.places, repeated, counts)
