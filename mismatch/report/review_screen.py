"""A row that is looked at, as lines for a terminal of any width."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mismatch.report.review_texts import Marked, Shown
from mismatch.screening.reasons import likelihood, sentences

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

WIDEST = 100
"""columns of text; longer lines are hard to read"""
_KEYS = "r right  w wrong  s skip  u undo  q quit"
_MORE_KEYS = "  ↑ ↓ space scroll"


def verdict_line(probability: float | None, verdict: str) -> str:
    """Whether it is a mismatch, in words first."""
    if probability is None:
        return f"{verdict}: no fair judgement is possible"
    share = "above 99.9" if probability > 0.999 else "below 0.1" if probability < 0.001 else f"{100 * probability:.1f}"
    return f"A mismatch: {likelihood(probability)} ({share} %)"


def status_line(number: int, total: int, decided: int, skipped: int) -> str:
    """Where the review is."""
    return f"{number:,} of {total:,}, {decided:,} decided" + (f", {skipped:,} skipped" if skipped else "")


def row_lines(shown: Shown, width: int) -> list[Text]:
    """All lines of a row, none wider than `width`; the body may be many."""
    from rich.text import Text

    head = f"row {shown.row:,}"
    head += "".join(f" · {name}" for name in (shown.source, shown.id) if name)
    parts = [Text(verdict_line(shown.probability, shown.verdict), "bold red" if shown.verdict == "mismatch" else "bold")]
    parts += [Text(f"• {sentence}") for sentence in sentences(shown.reasons)]
    parts += [Text(head, "dim"), Text("")]
    parts += [_marked(shown.title, "bold", "no title"), Text("")]
    parts += [_marked(shown.body, "", "no body")]
    if shown.body.left_out:
        parts += [Text(""), Text(f"{shown.body.left_out:,} more characters are not shown", "dim")]
    console = _measuring(width)
    return [line for part in parts for line in part.wrap(console, width, overflow="fold")]


def key_lines(width: int, *, can_scroll: bool, at_end: bool = False) -> list[Text]:
    """The keys, in as many lines as they need."""
    from rich.text import Text

    words = "u undo  q quit" if at_end else _KEYS
    if can_scroll and len(words + _MORE_KEYS) <= width:
        words += _MORE_KEYS
    return list(Text(words, "reverse").wrap(_measuring(width), width, overflow="fold"))


def _marked(text: Marked, style: str, absent: str) -> Text:
    from rich.text import Text

    if not text.text:
        return Text(f"({absent})", "dim italic")
    out = Text(text.text, style)
    for start, stop in text.places:
        out.stylize("bold underline yellow", start, stop)
    return out


def _measuring(width: int) -> Console:
    """A console that nothing is written to; its width alone matters."""
    from rich.console import Console

    return Console(width=width, file=None, force_terminal=False)
