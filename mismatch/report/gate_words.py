"""What a gate says on a terminal: the flagged rows in words first, then the numbers, then the decision."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mismatch.batch.source_ranking import standings
from mismatch.evaluation.decision import ESTIMATE
from mismatch.evaluation.prevalence import OPERATING_POINT
from mismatch.records.output.outside_text import safe
from mismatch.report.console import console
from mismatch.report.gate_table import SHOWN_SOURCES, print_sources, worse_in_words
from mismatch.report.percentages import percent
from mismatch.screening.reasons import REASONS_OF_BATCHES, REASONS_TO_REFUSE, likelihood, sentences

if TYPE_CHECKING:
    from rich.console import Console

    from mismatch.evaluation.decision import Decision
    from mismatch.judging.tally import Example, Tally
    from mismatch.terms.lexicon import Lexicon

MOST_ARE_WRONG = "Most rows are wrong: the titles and bodies look shifted against each other, or a column is the wrong one."
_SHOWN_EXAMPLES = 7
_TAKEN = 4
"""lines of a screen that hold other things: the columns, the adaptation, and the shell's prompt before and after"""
_SHOWN_PLACES = 12
_SHOWN_REFUSALS = 2
_SHOWN_KEYWORDS = 3
_INDENT = " " * 6
_MANY_UNSCORABLE = 0.1
"""share of the rows above which it is said that an estimate leaves them out"""


def print_gate(
    tally: Tally, decision: Decision, lexicon: Lexicon, *, to_stderr: bool, paragraphs: bool = False, next_step: str = ""
) -> None:
    """How many rows are wrong, which, and why; the table by source; the estimated share, the promise, the decision, and what
    to do next. On a terminal it fits the screen, if that has 24 lines.
    """
    from rich.markup import escape

    out = console(to_stderr=to_stderr)
    one_line = out.width if out.is_terminal else None
    others = [*_others_in_words(tally, one_line), *_batch_in_words(tally)] if tally.rows else []
    sources = standings(tally.by_source)
    worse = worse_in_words(sources, one_line)
    end = [*worse, *_decision_in_words(tally, decision, paragraphs), *([escape(safe(next_step, 600))] if next_step else [])]
    room = None
    if out.is_terminal:
        room = out.height - _TAKEN - 1 - sum(_lines_of(line, out) for line in (*others, *end))
    examples, rows = _shares(room, tally, len(sources))
    for line in (*_flagged_in_words(tally, lexicon, out.width, examples), *others):
        out.print(line, soft_wrap=True)
    if tally.by_source:
        if room is None:
            out.print()
        print_sources(tally, sources, out, rows)
    if room is None:
        out.print()
    for line in end:
        out.print(line, soft_wrap=room is None or line.startswith("next: "))  # a command is pasted as it stands


def _shares(room: int | None, tally: Tally, n_sources: int) -> tuple[int, int]:
    """How many flagged rows and how many sources are shown in so many lines; at least one of each."""
    most = min(_SHOWN_EXAMPLES, len(tally.examples)), min(SHOWN_SOURCES, n_sources)
    if room is None:
        return most
    shown = [min(1, most[0]), min(1, most[1])]

    def lines() -> int:
        of_rows = 2 * shown[0] + (tally.flagged > shown[0])
        return of_rows + (1 + shown[1] + (n_sources > shown[1]) if n_sources else 0)

    turn, stuck = 0, 0
    while stuck < 2:
        stuck += 1
        if shown[turn] < most[turn]:
            shown[turn] += 1
            if lines() > room:
                shown[turn] -= 1
            else:
                stuck = 0
        turn = 1 - turn
    return shown[0], shown[1]


def _lines_of(markup: str, out: Console) -> int:
    from rich.text import Text

    return len(Text.from_markup(markup).wrap(out, out.width))


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


def _flagged_in_words(tally: Tally, lexicon: Lexicon, width: int, n_shown: int) -> Iterator[str]:
    from rich.markup import escape

    if not tally.rows:
        yield "There was nothing to judge."
        return
    yield f"[bold]{heading(tally)}[/bold]"
    several_files = len({example.origin for example in tally.examples}) > 1
    shown = tally.examples[:n_shown]
    certainty = max((len(likelihood(example.probability)) for example in shown), default=0)
    for example in shown:
        where = _place(example, several_files)
        head = f"  {likelihood(example.probability):{certainty}}  {where if several_files else f'row {where}'}  "
        title = fitted(safe(example.title, width), max(30, width - len(head)))
        yield f"{escape(head)}[bold]{escape(title)}[/bold]"
        yield escape(safe_line(f"{_INDENT}{_why(example, lexicon)}", width))
    if tally.flagged > len(shown):
        yield f"  … and {tally.flagged - len(shown):,} more"


def _place(example: Example, several_files: bool) -> str:
    return f"{_end_of(safe(example.origin, 1000))}:{example.line}" if several_files else f"{example.row:,}"


def _places(examples: list[Example], n: int, most: int = _SHOWN_PLACES) -> str:
    """Where rows stand, the likeliest mismatches first: row 3; rows 12, 5 and 7; rows 12, 5, 7 and 20 more."""
    several_files = len({example.origin for example in examples}) > 1
    shown = [_place(example, several_files) for example in examples[:most]]
    more = [f"{n - len(shown):,} more"] if n > len(shown) else []
    *first, last = [*shown, *more]
    word = "" if several_files else "row " if n == 1 else "rows "
    return word + (f"{', '.join(first)} and {last}" if first else last)


def safe_line(text: str, width: int) -> str:
    """One line of a terminal, its indent kept."""
    words = text.lstrip()
    indent = text[: len(text) - len(words)]
    return indent + fitted(safe(words, width), max(40, width - len(indent)))


def fitted(text: str, cells: int) -> str:
    """A text cut to so many cells of a terminal, of which a Chinese character takes two."""
    from rich.cells import cell_len, set_cell_size

    return text if cell_len(text) <= cells else f"{set_cell_size(text, cells - 1).rstrip()}…"


def _why(example: Example, lexicon: Lexicon) -> str:
    """The reason that the terms give, and what the body is about instead."""
    from mismatch.features.keywords import keywords

    why = sentences(example.reasons)[-1:]
    about = keywords(example.body, lexicon, _SHOWN_KEYWORDS)
    if about:
        why.append(f"It is about {', '.join(about)}.")
    return " ".join(why)


def _others_in_words(tally: Tally, one_line: int | None = None) -> Iterator[str]:
    """The rows that pass unsure, and those that cannot be judged; each in one line of so many characters, if given."""
    from rich.markup import escape

    unsure, unscorable = tally.verdicts["unsure"], tally.verdicts["unscorable"]
    if unsure:
        more = " more" if tally.flagged else ""
        are, go = ("is", "passes") if unsure == 1 else ("are", "pass")
        words = f"{unsure:,}{more} {are} hard to say (unsure) and {go}"
        for most in range(_SHOWN_PLACES, 0, -1):
            line = f"{words}: {_places(tally.doubtful, unsure, most)}." if tally.doubtful else f"{words}."
            if one_line is None or len(line) <= one_line:
                break
        else:
            line = f"{words}."
        yield escape(line)
    if unscorable:
        reasons = Counter({code: n for code, n in tally.reasons.items() if code in REASONS_TO_REFUSE})
        sentences_shown = [REASONS_TO_REFUSE[code] for code, _ in reasons.most_common(_SHOWN_REFUSALS)]
        for most in range(len(sentences_shown), -1, -1):
            line = (
                f"{unscorable:,} cannot be judged: {' '.join(sentences_shown[:most])}{' …' if len(reasons) > most else ''}"
            )
            if one_line is None or len(line) <= one_line:
                break
        yield escape(line)


def _batch_in_words(tally: Tally) -> Iterator[str]:
    """How many rows have the reasons that only a whole batch can show."""
    for code, sentence in REASONS_OF_BATCHES.items():
        if tally.reasons[code]:
            yield f"{tally.reasons[code]:,} with {code}: {sentence}"


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
    mark = "red" if decision.problem is not None or not decision.passed else "green"
    word, _, rest = end_in_words(tally, decision).partition(":")
    yield f"[{mark}]{word}[/{mark}]:{rest}"


def end_in_words(tally: Tally, decision: Decision) -> str:
    """The decision in one line."""
    on = " on the estimate's lower bound" if decision.gate_on == ESTIMATE else ""
    limit = "no limit set" if decision.limit is None else f"limit {decision.limit:.2%}{on}"
    word = "NOT DECIDED" if decision.problem is not None else "passed" if decision.passed else "FAILED"
    return f"{word}: {tally.flagged:,} of {tally.rows:,} rows flagged ({tally.flagged_share:.2%}, {limit})"


def _end_of(path: str, limit: int = 40) -> str:
    """A long path from its end, where the name of the file is."""
    return path if len(path) <= limit else "…" + path[1 - limit :]
