"""`mismatch repair`: for each stray title the body of the batch that it belongs to."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from mismatch.cli import fast_start
from mismatch.cli.enough import Enough, counted, say_unjudged, too_little
from mismatch.cli.input_options import InputOptions, reading
from mismatch.cli.models import load_scorer
from mismatch.cli.options import (
    Adapt,
    Inputs,
    ModelOption,
    ModelSha256,
    Quiet,
    Rejected,
    Report,
    SafeCsv,
    Threads,
    between_0_and_1,
)
from mismatch.cli.outputs import check_outputs, check_place, check_report, check_rows_file, output_format_of, write_page
from mismatch.cli.reading import check_whole, say_closing_words, say_notices, say_rejected
from mismatch.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mismatch.batch.applying import Applied
    from mismatch.batch.whole_batch import BatchFindings
    from mismatch.judging.scorer import Scorer
    from mismatch.records.reading import Reader


@reading("topic", "label")
def repair(
    inputs: Inputs,
    out: Annotated[str, typer.Option("--out", "-o", metavar="FILE", help="Where the proposals go, as JSON lines. - is standard output.")] = "-",
    apply: Annotated[str | None, typer.Option("--apply", metavar="FILE", help="Also write all rows, the proposed bodies in place; everything else stays as it is.", show_default=False)] = None,
    log: Annotated[str | None, typer.Option("--log", metavar="FILE", help="With --apply: every change, as JSON lines. By default FILE.log.jsonl.", show_default=False)] = None,
    shifts: Annotated[str | None, typer.Option("--shifts", metavar="FILE", help="Where stretches go whose titles and bodies are off by some rows, as a JSON list.", show_default=False)] = None,
    report: Report = None,
    min_probability: Annotated[float, typer.Option("--min-probability", metavar="P", callback=between_0_and_1, help="Propose nothing that is less likely right.")] = 0.5,
    rejected: Rejected = None, model: ModelOption = "starter",
    threads: Threads = None, adapt: Adapt = None,
    model_sha256: ModelSha256 = None,
    safe_csv: SafeCsv = False, quiet: Quiet = False,
    given: InputOptions = InputOptions(),
) -> None:  # fmt: skip
    """Finds for each stray title the body in the batch that it belongs to, each body for one title at most.

    Rows that carry verdicts (the output of score) keep them; others are judged on the way. Rows are counted from 1 in the order
    of the input, as explain --row counts them.

    Example: mismatch repair scrapes.jsonl --out proposals.jsonl --apply repaired.jsonl
    """
    fast_start.start()
    from mismatch.batch.scored import ScoredRows
    from mismatch.batch.shifts import as_json, in_words
    from mismatch.batch.whole_batch import look_at
    from mismatch.judging.tally import Tally
    from mismatch.records.output.output_file import OutputFile
    from mismatch.records.quarantine import Quarantine
    from mismatch.report.console import say

    log = _log_of(log, apply)
    _check_names(out, log, shifts)
    outputs = {"--out": out, "--apply": apply, "--log": log, "--shifts": shifts, "--rejected": rejected, "--report": report}
    check_outputs(outputs, inputs, given.format, [model], given.bodies)
    scorer = load_scorer(model, sha256=model_sha256)
    reader = given.reader(inputs)
    check_report(report)
    check_rows_file(apply)
    for path in (log, shifts):
        check_place(path)
    for option, path in (("--apply", apply), ("--report", report)):
        if path is not None and reader.bytes_total is None:
            raise InputError(f"{option} reads the input twice, and a pipe can be read once; write it to a file first")
    say_notices(reader, quiet)
    with OutputFile(out) as proposals, Quarantine(rejected, given.bounds().rejected) as quarantine:
        scored = ScoredRows(reader, scorer, adapt=adapt, always_adapt=True, threads=threads)
        say(scored.words, quiet=quiet)
        on_page = report is not None
        judged = Tally()
        scored.watch(counted(judged))
        whole = look_at(
            scored, quarantine, least=min_probability, repeats=on_page, sources=on_page, threads=threads
        )  # fmt: skip
        found = whole.repair
        check_whole(reader)
        for line in in_words(whole.shifts):
            say(line, quiet=quiet)
        if n := whole.n_not_proposed:
            what = f"{n:,} shifted titles are too many to be proposed as such, or put back: undo the shift where it was made, by"
            say(f"{what} the rows above (--shifts FILE writes them too)")
        for proposal in found.proposals:
            proposals.write(json.dumps(proposal.as_dict(), ensure_ascii=False).encode("utf-8", "replace") + b"\n")
        if shifts is not None:
            with OutputFile(shifts) as file:
                file.write(as_json(whole.shifts).encode())
        if apply is not None:
            from mismatch.batch.applying import apply_repairs

            again = given.reader(inputs), given.reader(inputs)
            format = output_format_of(apply, again[1])
            reader.check_unchanged()
            applied = apply_repairs(
                again, found, apply, log or "-", format, quarantine, scorer=scored.scorer, safe_csv=safe_csv,
                carried=scored.carried,
            )  # fmt: skip
            for line in _words_on_applied(applied, apply, carried=scored.carried):
                say(line, quiet=quiet)
    if report is not None:
        from mismatch.batch.shown import proposals_shown
        from mismatch.report.repair_page import repair_page

        again_shown = given.reader(inputs)
        reader.check_unchanged()
        shown = proposals_shown(found.proposals, again_shown, scored.scorer)
        write_page(report, repair_page(whole, shown, model=str(scorer.model.card.get("name") or model), inputs=inputs))
    say_closing_words(reader.closing_words(), quiet)
    stray = f"about {found.n_flagged:,.0f} stray"
    say(f"{found.n_rows:,} rows, {stray}: the bodies of {len(found.proposals):,} titles are found", quiet=quiet)
    problem = too_little(Tally(rows=found.n_rows), quarantine, Enough(), inputs=inputs, kept_in=rejected)
    if problem is not None:
        raise InputError(problem)
    say_unjudged(judged, inputs)
    say_rejected(quarantine.count, rejected)


def _log_of(log: str | None, apply: str | None) -> str | None:
    """Where the changes are listed; nowhere without --apply, which changes something."""
    if apply is None:
        if log is not None:
            raise InputError("--log goes with --apply: without it nothing is changed")
        return None
    return log or ("-" if apply == "-" else f"{apply}.log.jsonl")


def _check_names(out: str, log: str | None, shifts: str | None) -> None:
    """
    Raises
    ------
    InputError
        The name of an output promises another format than the one it is written in.
    """
    from mismatch.records.known_formats import written_format
    from mismatch.records.stores.address import without_options

    for option, path in (("--out", out), ("--log", log)):
        if path not in (None, "-") and written_format(without_options(path), "jsonl") != "jsonl":
            raise InputError(f"{option} {path}: this is written as JSON lines; give the file a name that ends with .jsonl")
    if shifts not in (None, "-") and written_format(without_options(shifts), "json") not in ("json", "jsonl"):
        raise InputError(f"--shifts {shifts}: this is written as JSON; give the file a name that ends with .json")


def _words_on_applied(applied: Applied, path: str, *, carried: bool) -> Iterator[str]:
    """What was written to the repaired file at `path`; `carried`: its rows had verdicts before."""
    left = ""
    if applied.left:
        left = f"; {applied.left:,} rows keep a body that another row got too, and the bodies that no row has now are in the log"
    yield f"{applied.rows:,} rows written to {path}, {applied.changed:,} with another body{left}"
    if carried and applied.changed:
        yield "their verdicts are made anew with this model; all other rows keep theirs"


def look_at_batch(
    reader: Reader, scorer: Scorer, *, adapt: bool | None, threads: int | None
) -> tuple[Scorer, BatchFindings, list[str]]:
    """The scorer adapted to a batch, what its rows say of one another, and lines for standard error."""
    from mismatch.batch.repeats import KINDS
    from mismatch.batch.scored import ScoredRows
    from mismatch.batch.shifts import in_words
    from mismatch.batch.whole_batch import look_at
    from mismatch.records.quarantine import Quarantine

    scored = ScoredRows(reader, scorer, adapt=adapt, always_adapt=True, threads=threads)
    with Quarantine(None) as quarantine:
        found = look_at(scored, quarantine, repeats=True, threads=threads)
    assert found.repeats is not None
    counts = {kind.replace("_", " "): found.repeats.count(kind) for kind in KINDS}
    repeated = [f"{n:,} rows with a {what}" for what, n in counts.items() if n]
    fit = f"{found.n_found:,} titles fit the body of another row far better"
    return scored.scorer, found, [scored.words, fit, *in_words(found.shifts), *repeated]
