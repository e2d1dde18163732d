"""The page of a repair: where bodies went, what is shifted, what is repeated, and which sources it comes from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mismatch.batch.sources import report_on
from mismatch.report.batch_sections import Findings, sections
from mismatch.report.html import render

if TYPE_CHECKING:
    from mismatch.batch.shown import ProposalShown
    from mismatch.batch.whole_batch import BatchFindings


def findings_of(found: BatchFindings, proposals: Sequence[ProposalShown]) -> Findings:
    """What a page shows of a batch."""
    counts = found.counts
    return Findings(
        found.repair.n_rows,
        flagged=None if counts is None else counts.whole.course.stretches(),
        shifts=found.shifts,
        proposals=proposals,
        repeats=found.repeats,
        sources=None if counts is None else report_on(counts),
        stray=[one.title_row for one in found.repair.proposals],
    )


def repair_page(found: BatchFindings, proposals: Sequence[ProposalShown], *, model: str, inputs: Sequence[str]) -> str:
    """One HTML page, complete in itself.

    Parameters
    ----------
    proposals
        Those that are shown (`batch.shown.proposals_shown`).
    """
    return render(
        "repair.html",
        repair=found.repair,
        found=sections(findings_of(found, proposals)),
        model=model,
        inputs=list(inputs),
    )
