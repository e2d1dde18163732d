"""`mismatch review`: a person looks at flagged rows in the terminal, and the decisions become labels."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mismatch.cli.input_options import InputOptions, reading
from mismatch.cli.models import load_scorer
from mismatch.cli.options import (
    Adapt,
    Inputs,
    ModelOption,
    ModelSha256,
    Quiet,
    Threads,
)
from mismatch.cli.outputs import check_outputs
from mismatch.cli.reading import check_whole, say_closing_words, say_notices, say_rejected
from mismatch.cli.stopping import Terminated
from mismatch.errors import InputError


@reading("topic", "label", "with_body")
def review(
    inputs: Inputs,
    labels: Annotated[str | None, typer.Option("--labels", metavar="FILE", help="Where decisions are added, as JSON lines that train --label takes; by default beside INPUT, as NAME.labels.jsonl.", show_default=False)] = None,
    verdict: Annotated[list[str] | None, typer.Option("--verdict", metavar="VERDICT", help="Look at rows with this verdict; may be repeated. By default mismatch, with --min-probability any.", show_default=False)] = None,
    min_probability: Annotated[float | None, typer.Option("--min-probability", metavar="P", min=0, max=1, help="Look at rows from this probability on.", show_default=False)] = None,
    of_source: Annotated[str | None, typer.Option("--of-source", metavar="NAME", help="Look at rows of this source alone.", show_default=False)] = None,
    order: Annotated[str, typer.Option("--order", help="strongest (first), weakest, or file.")] = "strongest",
    reviewer: Annotated[str | None, typer.Option("--reviewer", metavar="NAME", help="Who decides, for the labels; by default the user's name.", show_default=False)] = None,
    model: ModelOption = "starter",
    threads: Threads = None, adapt: Adapt = None, model_sha256: ModelSha256 = None,
    quiet: Quiet = False,
    given: InputOptions = InputOptions(),
) -> None:  # fmt: skip
    """Shows flagged rows one by one in the terminal, the strongest first, and keeps what you decide as labels.

    INPUT is what score or gate has written; rows without verdicts are judged first. Keys: r the article is right, w title and
    body do not belong together, s skip, u undo, q quit. Each decision is on the disk at once, and a review goes on where it stopped.

    Example: mismatch review flagged.jsonl --labels labels.jsonl
    """
    from mismatch.batch.review.flagged import Choice
    from mismatch.report.keyboard import check_terminal

    choice = Choice(tuple(verdict or ()), min_probability, of_source, order)
    if "-" in inputs or labels == "-":
        raise InputError("standard input and output are the terminal of a review; name a file")
    check_terminal()
    from mismatch.batch.review.labels_file import LabelsFile, beside

    labels = labels or str(beside(inputs[0], ".labels.jsonl"))
    check_outputs({"--labels": labels}, inputs, given.format, [model], given.bodies)
    from mismatch.batch.review.flagged import FlaggedRows
    from mismatch.batch.review.session import Session
    from mismatch.batch.scored import ScoredRows
    from mismatch.records.quarantine import Quarantine
    from mismatch.report.console import console, say, spinner
    from mismatch.report.review_terminal import ReviewTerminal
    from mismatch.report.review_texts import shown

    reader = given.reader(inputs)
    with LabelsFile(Path(labels)) as kept:
        if kept.repaired:
            say(f"{labels}: the last line was torn and is removed ({kept.repaired:,} bytes)")
        say_notices(reader, quiet)
        rows = FlaggedRows(choice)
        with spinner(quiet=quiet) as tell, Quarantine(None) as rejected:
            scored = ScoredRows(reader, load_scorer(model, sha256=model_sha256), adapt=adapt, threads=threads)
            for block in rows.reading(scored):
                rejected.extend(block.rejects)
                tell(f"reading: {rows.rows_read:,} rows, {len(rows):,} to look at")
            check_whole(reader)
        say(scored.words, quiet=quiet)
        say_closing_words(reader.closing_words(), quiet)
        say_rejected(rejected.count, None)
        if not len(rows):
            say(f"nothing to look at: of {rows.rows_read:,} rows there are no {choice.words()}")
            return
        session = Session(rows, kept, reviewer or _user())
        try:
            ReviewTerminal(session, lambda row: shown(row, scored.scorer), console(to_stderr=False)).run()
        except (KeyboardInterrupt, Terminated) as stopped:
            raise type(stopped)(_ended(session, labels)) from None
        say(_ended(session, labels), quiet=quiet)


def _ended(session, labels: str) -> str:
    words = f"{session.decided:,} of {session.total:,} rows are decided"
    if session.skipped:
        words += f", {session.skipped:,} skipped"
    return f"{words}; the labels are in {labels}"


def _user() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""
