"""What to do next, as a command that can be pasted."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mismatch.evaluation.decision import Decision
    from mismatch.judging.tally import Tally


@dataclass(frozen=True)
class GateRun:
    """How a gate was called, as far as the next command needs it."""

    inputs: Sequence[str]
    flagged: str | None = None
    """where the flagged rows went"""
    options: Sequence[str] = ()
    """what says how the input is read, and by which model"""


def after_gate(tally: Tally, decision: Decision, run: GateRun) -> str:
    """One line on what to do next."""
    if not tally.rows or decision.problem is not None:
        return ""
    if not tally.flagged:
        return "next: nothing is flagged" + ("; the unsure rows are worth a look" if tally.verdicts["unsure"] else "")
    again = shlex.join([*run.inputs, *run.options])
    if decision.estimate is not None and decision.estimate.is_most and "-" not in run.inputs:
        return f"next: mismatch repair {again} --out repaired.jsonl"
    if run.flagged is not None and run.flagged != "-":
        return f"next: mismatch review {shlex.quote(run.flagged)}"
    first = tally.examples[0] if tally.examples else None
    if first is not None and list(run.inputs) == [first.origin] and first.origin != "-":
        return f"next: mismatch explain {again} --row {first.row}; --flagged FILE keeps them for mismatch review"
    return "next: once more with --flagged review.jsonl, then mismatch review review.jsonl"
