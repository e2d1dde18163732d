"""The page of a gate: how many of what, where from, why, and whether it passed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mismatch.batch.shown import ProposalShown
from mismatch.batch.source_counts import SourceCounts
from mismatch.batch.source_ranking import standings
from mismatch.batch.whole_batch import BatchFindings
from mismatch.evaluation.decision import Decision
from mismatch.evaluation.prevalence import MIXTURE
from mismatch.features.keywords import title_terms
from mismatch.judging.tally import Example, Tally
from mismatch.report.batch_sections import Findings, course_lines, sections
from mismatch.report.gate_words import MOST_ARE_WRONG
from mismatch.report.html import render
from mismatch.report.marks import Piece, marked
from mismatch.report.repair_page import findings_of
from mismatch.screening.reasons import REASONS, VERDICT_SENTENCES
from mismatch.terms.lexicon import Lexicon

_SOURCES_SHOWN = 30


@dataclass(frozen=True)
class _Shown:
    example: Example
    title: list[Piece]
    body: str


def gate_page(
    tally: Tally, decision: Decision, *, model: str, inputs: Sequence[str], lexicon: Lexicon,
    counts: SourceCounts | None = None, batch: BatchFindings | None = None, proposals: Sequence[ProposalShown] = (),
) -> str:  # fmt: skip
    """One HTML page, complete in itself.

    Parameters
    ----------
    counts
        What came from each source along the input, where that was counted.
    batch, proposals
        What the whole batch tells, and the proposals that are shown of it, where that was looked for.
    """
    sources = standings(tally.by_source)
    examples = []
    for example in tally.examples:
        terms = {term.text: term.found for term in title_terms(example.title, example.body, lexicon)}
        examples.append(_Shown(example, marked(example.title, terms), example.body[:400]))
    flagged = None if counts is None else counts.whole.course.stretches()
    found = Findings(tally.rows, flagged) if batch is None else replace(findings_of(batch, proposals), flagged=flagged)
    return render(
        "gate.html",
        found=sections(found),
        lines={} if counts is None else course_lines(counts, [source.name for source in sources[:_SOURCES_SHOWN]]),
        tally=tally,
        decision=decision,
        model=model,
        from_mixture=decision.estimate is not None and decision.estimate.source == MIXTURE,
        most_are_wrong=MOST_ARE_WRONG,
        inputs=list(inputs),
        sources=sources[:_SOURCES_SHOWN],
        more_sources=max(0, len(sources) - _SOURCES_SHOWN),
        verdicts=VERDICT_SENTENCES,
        reasons=[(REASONS.get(code, code), code, n) for code, n in tally.reasons.most_common()],
        examples=examples,
    )
