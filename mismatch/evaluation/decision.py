"""What a gate decides, on what, and what it can promise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mismatch.evaluation.prevalence import OperatingPoint, ShareEstimate, share_of_stream, true_share
from mismatch.judging.tally import Tally
from mismatch.judging.verdicts import VERDICTS
from mismatch.model.model import Model

FLAGGED, ESTIMATE = "flagged", "estimate"
"""what a limit can be held against: the flagged share, or the lower bound of the estimated share of mismatches"""
MANY_UNSURE = 0.2
"""share of the judged rows on which the model abstains, above which they are unlike what its cut was set on"""
ENOUGH = 20
"""judged rows from which that share says anything"""
NOT_ADAPTED = "the model was not adapted to this input, which may be unlike anything that it was calibrated on"


@dataclass(frozen=True)
class Decision:
    """What a gate has decided."""

    passed: bool
    limit: float | None
    """of the share; None where no limit was set"""
    gate_on: str
    """`FLAGGED` or `ESTIMATE`"""
    estimate: ShareEstimate | None
    point: OperatingPoint | None
    """of the model's cut, where its card knows it"""
    promise: str
    """of the cut, for this stream; empty where nothing is promised"""
    doubt: str = ""
    """why nothing is promised for this stream though the model has a promise; empty where there is no doubt"""
    problem: str | None = None
    """why nothing could be decided"""


def decide(
    tally: Tally, given: Model, used: Model, *, limit: float | None, gate_on: str = FLAGGED, as_given: bool = False,
    problem: str | None = None,
) -> Decision:  # fmt: skip
    """The decision on a stream that was judged.

    A promise counts only for a stream like the one that the cut was set on. So a model that should have been adapted to the
    stream and could not be promises nothing, unless the user has calibrated it; nor does one that abstains on many rows, and
    from its operating point nothing can be estimated then.

    Parameters
    ----------
    given, used
        The model as the user gave it, and what judged the stream: the same, or adapted to it.
    as_given
        The user asked for the model as it is.
    problem
        Why the input is not to be trusted, such as rows that could not be read.
    """
    point = OperatingPoint.of_card(used.card)
    doubt = ""
    estimate = share_of_stream(used.stream) if used is not given else None  # else it is of a feed of another day
    judged, unsure = tally.rows - tally.verdicts["unscorable"], tally.verdicts["unsure"]
    if estimate is None and judged >= ENOUGH and unsure > MANY_UNSURE * judged:
        doubt = f"{unsure:,} of {judged:,} rows are hard to say: they are unlike anything that the model was calibrated on"
    elif estimate is None and point is not None:
        estimate = true_share(tally.flagged, judged, point)
    if not doubt and not (as_given or used.is_adapted or "calibrated" in given.card):
        doubt = NOT_ADAPTED
    if problem is None and gate_on == ESTIMATE and estimate is None and tally.rows:
        problem = f"the share of mismatches cannot be estimated: {_why_unknown(judged, point, doubt)}; use --gate-on flagged"
    share = tally.flagged_share if gate_on == FLAGGED else estimate.low if estimate else 0.0
    return Decision(
        passed=problem is None and (limit is None or share <= limit),
        limit=limit,
        gate_on=gate_on,
        estimate=estimate,
        point=point,
        promise="" if doubt else used.calibration.promise,
        doubt=doubt,
        problem=problem,
    )


def _why_unknown(judged: int, point: OperatingPoint | None, doubt: str) -> str:
    if not judged:
        return "no row can be judged"
    if point is None:
        return "the card of the model does not say how often its cut is right (mismatch calibrate measures it)"
    return doubt or "the model finds too little to tell"


def to_plain(decision: Decision, tally: Tally, sources: Sequence[dict[str, Any]] = ()) -> dict[str, Any]:
    """The decision as plain values, for JSON; `sources` as `report.gate_table.sources_as_plain` gives them."""
    estimate = decision.estimate
    return {
        "passed": decision.passed,
        "problem": decision.problem,
        "rows": tally.rows,
        "rejected": tally.rejected,
        "verdicts": {verdict: tally.verdicts[verdict] for verdict in VERDICTS},
        "flagged_share": tally.flagged_share,
        "estimate": None if estimate is None else {
            "share": estimate.share, "low": estimate.low, "high": estimate.high, "confidence": estimate.confidence,
            "from": estimate.source,
        },
        "limit": decision.limit,
        "gate_on": decision.gate_on,
        "promise": decision.promise or None,
        "doubt": decision.doubt or None,
        "sources": list(sources),
    }  # fmt: skip


def flagged_rows(tally: Tally) -> list[dict[str, Any]]:
    """The likeliest mismatches as plain values, for JSON: at most `tally.MAX_EXAMPLES`."""
    return [
        {
            "file": example.origin, "line": example.line, "row": example.row, "source": example.source,
            "title": example.title, "probability": example.probability, "reasons": list(example.reasons),
        }
        for example in tally.examples
    ]  # fmt: skip
