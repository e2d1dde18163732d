"""A row that somebody looks at, its texts cleaned, cut and with the terms of the title marked, for a terminal or a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mismatch.features.term_places import term_places
from mismatch.records.output.outside_text import paragraphs

if TYPE_CHECKING:
    from mismatch.batch.review.flagged import FlaggedRow
    from mismatch.judging.scorer import Scorer

LONGEST_BODY = 20_000
"""characters of a body that are shown: four pages of print"""
LONGEST_TITLE = 1_000
_LONGEST_NAME, _MOST_REASONS = 200, 10


@dataclass(frozen=True)
class Marked:
    """A text that is shown."""

    text: str
    places: Sequence[tuple[int, int]] = ()
    """start and stop of what is marked in it, in characters"""
    left_out: int = 0
    """characters behind it that are not shown"""


@dataclass(frozen=True)
class Shown:
    """What is shown of a row."""

    title: Marked
    body: Marked
    verdict: str
    probability: float | None
    reasons: tuple[str, ...]
    row: int
    id: str
    source: str


def shown(row: FlaggedRow, scorer: Scorer) -> Shown:
    """A row as it is shown: the terms of its title that stand in its body are marked in both."""
    title, body = paragraphs(row.title or "", LONGEST_TITLE), paragraphs(row.body or "", LONGEST_BODY)
    compared, _ = scorer.prepared(title, body, row.source)
    table = scorer.model.lexicon.term_table
    in_body = term_places(compared, body, table)
    found = " ".join(body[start:stop] for start, stop in in_body)
    reasons = tuple(_name(code) for code in row.reasons[:_MOST_REASONS])
    return Shown(
        Marked(title, term_places(found, title, table), max(0, len(row.title or "") - LONGEST_TITLE)),
        Marked(body, in_body, max(0, len(row.body or "") - LONGEST_BODY)),
        row.verdict, row.probability, reasons, row.row, _name(row.id), _name(row.source),
    )  # fmt: skip


def _name(text: str | None) -> str:
    return paragraphs(text or "", _LONGEST_NAME).replace("\n", " ")
