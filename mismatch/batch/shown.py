"""Proposals with the texts that a reader needs to judge them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mismatch.batch.repair import Proposal
from mismatch.judging.scorer import Scorer
from mismatch.judging.title_choice import with_best_titles
from mismatch.records.reading import Reader

MOST_SHOWN = 25
_BODY_SHOWN = 400
"""characters of a body"""


@dataclass(frozen=True)
class ProposalShown:
    """A stray title and the body that it belongs to, with the texts that a reader needs to judge that."""

    title_row: int
    body_row: int
    """rows from 1 in the order of the input"""
    probability: float
    title: str
    title_there: str
    """the title that stands over the body"""
    body: str
    evidence: Sequence[str]


def proposals_shown(proposals: Sequence[Proposal], reader: Reader, scorer: Scorer) -> list[ProposalShown]:
    """The surest proposals, at most `MOST_SHOWN`; the input is read once more, as far as they reach."""
    surest = sorted(proposals, key=lambda one: (-one.probability, one.title_row))[:MOST_SHOWN]
    wanted = sorted({row for one in surest for row in (one.title_row, one.body_row)})
    texts: dict[int, tuple[str, str]] = {}
    first, at = 1, 0
    for chunk in reader if wanted else ():
        block = with_best_titles(scorer, chunk.decode())
        while at < len(wanted) and wanted[at] < first + len(block):
            title, body = (block.pairs.column(name)[wanted[at] - first].as_py() for name in ("title", "body"))
            texts[wanted[at]] = title or "", (body or "")[:_BODY_SHOWN]
            at += 1
        first += len(block)
        if at == len(wanted):
            break
    nothing = "", ""  # the input became shorter since
    return [
        ProposalShown(
            one.title_row, one.body_row, one.probability, texts.get(one.title_row, nothing)[0],
            *texts.get(one.body_row, nothing), one.evidence,
        )
        for one in surest
    ]  # fmt: skip
