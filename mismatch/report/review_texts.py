"""A row that somebody looks at, its texts cleaned, cut and with the terms of the title marked, for a terminal or a page."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mismatch.features.term_places import term_places

if TYPE_CHECKING:
    from mismatch.batch.review.flagged import FlaggedRow
    from mismatch.judging.scorer import Scorer

LONGEST_BODY = 20_000
"""characters of a body that are shown: four pages of print"""
LONGEST_TITLE = 1_000
_LONGEST_NAME, _MOST_REASONS = 200, 10
_STACKED = 3
"""marks on one letter; more would run into the lines above"""
_NOT_SHOWN = ("Cf", "Cs", "Co", "Cn", "Me")
_VARIANTS = frozenset(map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
_NON_JOINER = "\u200c"  # between the parts of words in Persian


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
    title, body = clean(row.title or "", LONGEST_TITLE), clean(row.body or "", LONGEST_BODY)
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


def clean(text: str, limit: int) -> str:
    """Text from outside that can be shown, cut at `limit`, its line breaks kept.

    Control characters (among them those that begin a command to a terminal) become spaces. What turns the direction of
    writing, or the shape of what stands before it, is left out, and so are the fourth mark and more on one letter.
    """
    out: list[str] = []
    stacked = 0
    for c in text[:limit].replace("\r\n", "\n"):
        category = unicodedata.category(c)
        stacked = stacked + 1 if category in ("Mn", "Me") else stacked if category in _NOT_SHOWN else 0
        if c in "\n\r" or category in ("Zl", "Zp"):
            out.append("\n")
        elif category in ("Cc", "Zs"):
            out.append(" ")
        elif stacked <= _STACKED and (category not in _NOT_SHOWN or c == _NON_JOINER) and c not in _VARIANTS:
            out.append(c)
    lines: list[str] = []
    for line in "".join(out).split("\n"):
        line = " ".join(line.split())
        if line or (lines and lines[-1]):
            lines.append(line)
    return "\n".join(lines).strip("\n")


def _name(text: str | None) -> str:
    return clean(text or "", _LONGEST_NAME).replace("\n", " ")
