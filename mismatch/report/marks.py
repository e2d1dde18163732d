"""Titles with their terms marked: which the body has, and which not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mismatch.features.keywords import spans
from mismatch.records.output.outside_text import inert


@dataclass(frozen=True)
class Piece:
    """A stretch of a title."""

    text: str
    mark: str
    """`found`, `missing`, or nothing for what is no term"""


def marked(title: str, terms: Mapping[str, bool]) -> list[Piece]:
    """The title in pieces; `terms` says of each term (as `explain.title_terms` has it) whether the body has it."""
    title = inert(title)
    known = {term.casefold(): found for term, found in terms.items()}
    out, at = [], 0
    for span in spans(title):
        found = known.get(span.text.casefold())
        if found is None or span.start < at:
            continue
        if span.start > at:
            out.append(Piece(title[at : span.start], ""))
        out.append(Piece(title[span.start : span.stop], "found" if found else "missing"))
        at = span.stop
    if at < len(title):
        out.append(Piece(title[at:], ""))
    return out
