"""What a gate says on a terminal: the flagged rows in words first, then the numbers, then the decision."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mismatch.batch.source_ranking import Standing, standings
from mismatch.evaluation.decision import ESTIMATE
from mismatch.evaluation.prevalence import OPERATING_POINT
from mismatch.report.console import console
from mismatch.report.outside_text import safe
from mismatch.screening.reasons import REASONS_OF_BATCHES, REASONS_TO_REFUSE, VERDICT_SENTENCES, likelihood, sentences

if TYPE_CHECKING:
    from mismatch.evaluation.decision import Decision
    from mismatch.judging.tally import Example, Tally
    from mismatch.terms.lexicon import Lexicon

MOST_ARE_WRONG = "Most rows are wrong: the titles and bodies look shifted against each other, or a column is the wrong one."
_SHOWN_SOURCES = 12
_NAME_SHOWN = 32
_SHOWN_EXAMPLES = 7
_SHOWN_PLACES = 12
_SHOWN_REFUSALS = 2
_SHOWN_KEYWORDS = 3
_INDENT = " " * 6
_MANY_UNSCORABLE = 0.1
"""share of the rows above which it is said that an estimate leaves them out"""


def print_gate(
    tally: Tally, decision: Decision, lexicon: Lexicon, *, to_stderr: bool, paragraphs: bool = False
) -> None:  # fmt: skip
    """How many rows are wrong, which, and why; the table by source; the estimated share, the promise and the decision."""
    out = console(to_stderr=to_stderr)
    for line in _flagged_in_words(tally, lexicon, out.width):
        out.print(line, soft_wrap=True)
    if tally.by_source:
        out.print()
        _print_table(tally, out)
    out.print()
    for line in _decision_in_words(tally, decision, paragraphs):
        out.print(line, soft_wrap=True)


def heading(tally: Tally) -> str:
    """How many articles have the wrong headline, in words."""
    flagged, rows = tally.flagged, tally.rows
    articles = "1 article" if rows == 1 else f"{rows:,} articles"
    if not flagged:
        return f"No headline of {articles} was found to belong to another story."
    have = "has a headline that belongs" if flagged == 1 else "have a headline that belongs"
    return f"{flagged:,} of {articles} {have} to another story:"


def share_in_words(decision: Decision, tally: Tally) -> str:
    """The estimated share of mismatches, with its interval, what it is of, and what it rests on."""
    estimate, unscorable = decision.estimate, tally.verdicts["unscorable"]
    if estimate is None:
        return "estimated share of mismatches: not known"
    words = f"estimated share of mismatches: {percent(estimate.share)} ({percent(estimate.low)} to {percent(estimate.high)})"
    if unscorable > _MANY_UNSCORABLE * tally.rows:
        words += f" of the {tally.rows - unscorable:,} rows that can be judged"
    if decision.doubt and estimate.source == OPERATING_POINT:
        words += ", if this input is like what the model was calibrated on"
    return words


def percent(share: float) -> str:
    """A share with two or three digits: 0.34 %, 2.1 %, 37 %."""
    digits = 2 if share < 0.01 else 1 if share < 0.1 else 0
    return f"{100 * share:.{digits}f} %"


def _flagged_in_words(tally: Tally, lexicon: Lexicon, width: int) -> Iterator[str]:
    from rich.markup import escape

    if not tally.rows:
        yield "There was nothing to judge."
        return
    yield f"[bold]{heading(tally)}[/bold]"
    several_files = len({example.origin for example in tally.examples}) > 1
    shown = tally.examples[:_SHOWN_EXAMPLES]
    certainty = max((len(likelihood(example.probability)) for example in shown), default=0)
    for example in shown:
        where = _place(example, several_files)
        head = f"  {likelihood(example.probability):{certainty}}  {where if several_files else f'row {where}'}  "
        title = safe(example.title, max(30, width - len(head)))
        yield f"{escape(head)}[bold]{escape(title)}[/bold]"
        yield escape(safe_line(f"{_INDENT}{_why(example, lexicon)}", width))
    if tally.flagged > len(shown):
        yield f"  … and {tally.flagged - len(shown):,} more"
    yield from _others_in_words(tally)
    yield from _batch_in_words(tally)


def _place(example: Example, several_files: bool) -> str:
    return f"{_end_of(safe(example.origin, 1000))}:{example.row}" if several_files else f"{example.row:,}"


def _places(examples: list[Example], n: int) -> str:
    """Where rows stand, the likeliest mismatches first: row 3; rows 12, 5 and 7; rows 12, 5, 7 and 20 more."""
    several_files = len({example.origin for example in examples}) > 1
    shown = [_place(example, several_files) for example in examples[:_SHOWN_PLACES]]
    more = [f"{n - len(shown):,} more"] if n > len(shown) else []
    *first, last = [*shown, *more]
    word = "" if several_files else "row " if n == 1 else "rows "
    return word + (f"{', '.join(first)} and {last}" if first else last)


def safe_line(text: str, width: int) -> str:
    """One line of a terminal, its indent kept."""
    words = text.lstrip()
    indent = text[: len(text) - len(words)]
    return indent + safe(words, max(40, width - len(indent)))


def _why(example: Example, lexicon: Lexicon) -> str:
    """The reason that the terms give, and what the body is about instead."""
    from mismatch.features.keywords import keywords

    why = sentences(example.reasons)[-1:]
    about = keywords(example.body, lexicon, _SHOWN_KEYWORDS)
    if about:
        why.append(f"It is about {', '.join(about)}.")
    return " ".join(why)


def _others_in_words(tally: Tally) -> Iterator[str]:
    from rich.markup import escape

    unsure, unscorable = tally.verdicts["unsure"], tally.verdicts["unscorable"]
    if unsure:
        more = " more" if tally.flagged else ""
        are, go = ("is", "passes") if unsure == 1 else ("are", "pass")
        where = f": {escape(_places(tally.doubtful, unsure))}" if tally.doubtful else ""
        yield f"{unsure:,}{more} {are} hard to say (unsure) and {go}{where}."
    if unscorable:
        reasons = Counter({code: n for code, n in tally.reasons.items() if code in REASONS_TO_REFUSE})
        words = " ".join(REASONS_TO_REFUSE[code] for code, _ in reasons.most_common(_SHOWN_REFUSALS))
        yield f"{unscorable:,} cannot be judged: {words}{' …' if len(reasons) > _SHOWN_REFUSALS else ''}"


def _batch_in_words(tally: Tally) -> Iterator[str]:
    """How many rows have the reasons that only a whole batch can show."""
    for code, sentence in REASONS_OF_BATCHES.items():
        if tally.reasons[code]:
            yield f"{tally.reasons[code]:,} with {code}: {sentence}"


def _print_table(tally: Tally, out) -> None:  # type: ignore[no-untyped-def]
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    table.add_column("source", overflow="ellipsis", max_width=_NAME_SHOWN)
    for name in ("rows", *VERDICT_SENTENCES, "flagged", "95 % interval"):
        table.add_column(name, justify="right")
    sources = standings(tally.by_source)
    for source in sources[:_SHOWN_SOURCES]:
        name = escape(safe(source.name, _NAME_SHOWN))
        of = source.verdicts
        _row(table, f"[red]{name}[/red]" if source.worse else name, of.total(), of, (source.low, source.high))
    if len(sources) > _SHOWN_SOURCES:
        table.add_row(f"… {len(sources) - _SHOWN_SOURCES:,} more")
    if len(sources) > 1:
        _row(table, "all", tally.rows, tally.verdicts)
    out.print(table)
    worse = [safe(source.name, _NAME_SHOWN) for source in sources if source.worse]
    if worse:
        more = f" and {len(worse) - _SHOWN_SOURCES:,} more" if len(worse) > _SHOWN_SOURCES else ""
        out.print(escape(f"surely worse than the others: {', '.join(worse[:_SHOWN_SOURCES])}{more}"), soft_wrap=True)


def sources_as_plain(tally: Tally) -> list[dict[str, Any]]:
    """The sources for JSON, the one that is worse than the others most surely first."""
    return [_as_plain(source) for source in standings(tally.by_source)]


def _as_plain(source: Standing) -> dict[str, Any]:
    verdicts = {verdict: source.verdicts[verdict] for verdict in VERDICT_SENTENCES}
    interval = {"low": source.low, "high": source.high, "worse": source.worse}
    return {"source": source.name, "rows": source.verdicts.total(), **verdicts, **interval}


def _row(table, name: str, rows: int, counts: Counter[str], interval: tuple[float, float] | None = None) -> None:  # type: ignore[no-untyped-def]
    share = counts["mismatch"] / rows if rows else 0.0
    between = "" if interval is None else f"{percent(interval[0])} to {percent(interval[1])}"
    table.add_row(name, f"{rows:,}", *(f"{counts[verdict]:,}" for verdict in VERDICT_SENTENCES), f"{share:.2%}", between)


def _decision_in_words(tally: Tally, decision: Decision, paragraphs: bool) -> Iterator[str]:
    from rich.markup import escape

    if paragraphs:
        foreign = tally.reasons["foreign_paragraph"]
        yield f"with a paragraph that fits neither title nor body: {foreign:,} rows, whatever their verdict"
    if tally.rejected:
        yield f"{tally.rejected:,} rows could not be read"
    if tally.rows:
        yield share_in_words(decision, tally)
    if decision.estimate is not None and decision.estimate.is_most:
        yield f"[red]{MOST_ARE_WRONG}[/red]"
    if decision.promise:
        yield f"promise: {escape(safe(decision.promise, 600))}"
    elif decision.doubt and tally.rows:
        yield f"promise: none, for {decision.doubt}"
    on = " on the estimate's lower bound" if decision.gate_on == ESTIMATE else ""
    limit = "no limit set" if decision.limit is None else f"limit {decision.limit:.2%}{on}"
    if decision.problem is not None:
        words = "[red]NOT DECIDED[/red]"
    else:
        words = "[green]passed[/green]" if decision.passed else "[red]FAILED[/red]"
    yield f"{words}: {tally.flagged:,} of {tally.rows:,} rows flagged ({tally.flagged_share:.2%}, {limit})"


def _end_of(path: str, limit: int = 40) -> str:
    """A long path from its end, where the name of the file is."""
    return path if len(path) <= limit else "…" + path[1 - limit :]
