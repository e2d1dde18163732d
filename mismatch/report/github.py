"""A gate in a GitHub workflow: annotations on the run, and a summary of the job.

What an article says must not become a command of the workflow, nor markup of the summary: control characters are gone
(`console.safe`), the properties and the message of a command are escaped as GitHub's own toolkit does it, and in the summary
every character that is no letter, digit or blank stands as a number.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mismatch.batch.source_ranking import standings
from mismatch.report.console import safe
from mismatch.report.gate_words import end_in_words, heading, share_in_words
from mismatch.report.percentages import percent
from mismatch.screening.reasons import likelihood, sentences

if TYPE_CHECKING:
    from mismatch.evaluation.decision import Decision
    from mismatch.judging.tally import Example, Tally

SUMMARY = "GITHUB_STEP_SUMMARY"
"""environment variable: the file that the summary of the job is appended to"""
_SHOWN_ROWS = 10
"""GitHub shows as many warnings of a step"""
_SHOWN_SOURCES = 10
_LINES = (".jsonl", ".ndjson")
"""files whose rows are lines"""


def workflow_commands(tally: Tally, decision: Decision) -> Iterator[str]:
    """Annotations, as commands of one line each: a warning for each of the likeliest mismatches, then the decision."""
    for example in tally.examples[:_SHOWN_ROWS]:
        place = {"file": _fit(example.origin)} if example.origin != "-" else {}
        if example.origin.endswith(_LINES):
            place["line"] = str(example.line)
        words = f"row {example.row:,}: {safe(example.title, 200)} ({likelihood(example.probability)}). {_why(example)}"
        yield _command("warning", words, {**place, "title": "This headline belongs to another story"})
    kind = "notice" if decision.passed else "error"
    yield _command(kind, decision.problem or end_in_words(tally, decision), {"title": "mismatch gate"})


def summary(tally: Tally, decision: Decision, inputs: Sequence[str]) -> str:
    """The summary of the job, as Markdown."""
    end = _text(decision.problem or end_in_words(tally, decision))
    lines = [f"### mismatch gate: {_text(', '.join(inputs), 200)}", "", f"**{end}**"]
    if tally.rows:
        lines += ["", _text(heading(tally)), ""]
    if tally.examples:
        lines += ["| | row | headline | why |", "|---|---:|---|---|"]
        for example in tally.examples[: 2 * _SHOWN_ROWS]:
            cells = likelihood(example.probability), f"{example.row:,}", safe(example.title, 200), _why(example)
            lines.append(f"| {' | '.join(_text(cell) for cell in cells)} |")
        if tally.flagged > 2 * _SHOWN_ROWS:
            lines += ["", f"and {tally.flagged - 2 * _SHOWN_ROWS:,} more"]
    sources = standings(tally.by_source)
    if len(sources) > 1:
        lines += ["", "| source | rows | mismatch | 95 % interval |", "|---|---:|---:|---|"]
        for source in sources[:_SHOWN_SOURCES]:
            between = f"{percent(source.low)} to {percent(source.high)}"
            cells = source.name, f"{source.verdicts.total():,}", f"{source.verdicts['mismatch']:,}", between
            lines.append(f"| {' | '.join(_text(cell) for cell in cells)} |")
    if tally.rows:
        lines += ["", _text(share_in_words(decision, tally))]
    return "\n".join(lines) + "\n"


def append_summary(markdown: str) -> str | None:
    """Appends to the summary of the job; what went wrong, in words, else None. Nothing is done outside of a job."""
    path = os.environ.get(SUMMARY)
    if not path:
        return None
    try:
        with Path(path).open("a", encoding="utf-8", errors="replace") as file:
            file.write(markdown)
    except OSError as error:
        return f"{path}: the summary of the job cannot be written ({error.strerror or error})"
    return None


def _why(example: Example) -> str:
    return " ".join(sentences(example.reasons)[-1:])


def _command(kind: str, words: str, properties: dict[str, str]) -> str:
    given = ",".join(f"{name}={_escaped(value, of_property=True)}" for name, value in properties.items())
    return f"::{kind} {given}::{_escaped(safe(words, 1000))}"


def _fit(name: str) -> str:
    """The name of a file in one line; a blank for each character that a terminal would obey."""
    return "".join(safe(c, 2) or " " for c in name).replace("##[", "## [")


def _escaped(text: str, *, of_property: bool = False) -> str:
    """As `@actions/core` escapes the data and the properties of a command."""
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return text.replace(":", "%3A").replace(",", "%2C") if of_property else text


def _text(text: str, limit: int = 400) -> str:
    """Text for Markdown: nothing in it is markup, a link or a mention."""
    return "".join(c if c.isalnum() or c == " " or ord(c) > 0x7F else f"&#{ord(c)};" for c in safe(text, limit))
