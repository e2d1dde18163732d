"""An explanation for a notebook: a small piece of HTML, everything in it escaped."""

from __future__ import annotations

import html
from collections.abc import Sequence

from mismatch.judging.verdicts import Verdict
from mismatch.records.output.outside_text import inert

_COLOURS = {"match": "#2e7d32", "mismatch": "#c62828", "unsure": "#b26a00", "unscorable": "#757575"}
_LONGEST = 600


def as_html(verdict: Verdict, lines: Sequence[str]) -> str:
    """The lines of an explanation (`explanation.in_words`) under a heading in the colour of the verdict."""
    heading, *rest = (html.escape(inert(line, _LONGEST)) for line in lines)
    word, _, sentence = heading.partition(": ")
    colour = _COLOURS.get(verdict.verdict, "inherit")
    rows = "".join(_row(line) for line in rest)
    return (
        f'<div style="border-left: 4px solid {colour}; padding: 0.2em 0.8em" dir="auto">'
        f'<p><strong style="color: {colour}">{word}</strong> {sentence}</p><ul>{rows}</ul></div>'
    )


def _row(line: str) -> str:
    name, colon, words = line.partition(": ")
    return f"<li><b>{name}</b>: {words}</li>" if colon else f"<li>{line}</li>"
