"""`mismatch score` and `mismatch gate`: streams of rows, judged and passed on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mismatch.cli import fast_start
from mismatch.cli.enough import Enough, too_little
from mismatch.cli.input_options import InputOptions, reading
from mismatch.cli.into_folder import FolderRun, is_folder, run_into_folder
from mismatch.cli.models import load_scorer
from mismatch.cli.options import (
    Adapt,
    Inputs,
    ModelOption,
    ModelSha256,
    Paragraphs,
    PartRows,
    Prior,
    Quiet,
    Rejected,
    Report,
    Restart,
    SafeCsv,
    Thorough,
    Threads,
)
from mismatch.cli.outputs import check_outputs, check_report, is_shown, output_format_of, write_page
from mismatch.cli.reading import check_whole, say_closing_words, say_notices, say_rejected
from mismatch.cli.repairing import look_at_batch
from mismatch.cli.stopping import end_if_stopped, finishing
from mismatch.errors import InputError
from mismatch.model import defaults

if TYPE_CHECKING:
    from mismatch.batch.whole_batch import BatchFindings
    from mismatch.judging.scorer import Scorer


@reading("topic", "label")
def score(
    inputs: Inputs,
    out: Annotated[str, typer.Option("--out", "-o", metavar="FILE|FOLDER/", help="Where the rows go; its name gives the format. - is standard output. Into a folder go parts, and the command goes on where it was killed.")] = "-",
    out_format: Annotated[str | None, typer.Option("--out-format", help="Format of the output, where the name does not say.", show_default=False)] = None,
    only: Annotated[bool, typer.Option("--only", help="Write only the id and the added columns.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Add title_keywords and body_keywords; far slower.")] = False,
    engine: Annotated[str, typer.Option("--engine", help="local, or spark: INPUT and --out are then folders of Parquet or JSON lines.")] = "local",
    rejected: Rejected = None, model: ModelOption = "starter", model_sha256: ModelSha256 = None, prior: Prior = None,
    threads: Threads = None, thorough: Thorough = False, paragraphs: Paragraphs = False, adapt: Adapt = None,
    part_rows: PartRows = defaults.PART_ROWS, restart: Restart = False, safe_csv: SafeCsv = False, quiet: Quiet = False,
    given: InputOptions = InputOptions(),
) -> None:  # fmt: skip
    """Adds verdict, probability and reasons to every row. Streams; memory does not grow with the input.

    Example: mismatch score scrapes.jsonl.gz --out scored.parquet
    """
    if engine != "local":
        known = InputOptions(format=given.format, title=given.title, body=given.body, source=given.source)
        if given != known:
            raise InputError("of the options for inputs --format, --title, --body and --source go with --engine spark")
        if only or explain or rejected or threads or out_format or prior or thorough or paragraphs or restart or safe_csv:
            raise InputError(
                "--only, --explain, --rejected, --threads, --prior, --thorough, --paragraphs, --restart, --safe-csv and --out-format go with --engine local"
            )
        named = {"format": given.format, "title": given.title, "body": given.body, "source": given.source}
        return _score_on(engine, inputs, out, quiet=quiet, model=model, model_sha256=model_sha256, adapt=adapt, **named)
    fast_start.start()
    from mismatch.judging import pipeline
    from mismatch.model.starter import model_path
    from mismatch.records.inputs import REJECTED_FOLDER
    from mismatch.records.output.writing import open_sink
    from mismatch.records.quarantine import Quarantine
    from mismatch.report import console

    into_folder = is_folder(out)
    kept_in = str(rejected) if rejected else None
    if into_folder and rejected:
        raise InputError("--rejected goes with a file as --out; in a folder, what cannot be read is kept in _rejected/")
    check_outputs(
        {"--out": None if into_folder else out, "--rejected": rejected}, inputs, given.format, [model], given.bodies
    )
    bounds = given.bounds()
    scorer = load_scorer(model, prior, explain=explain, thorough=thorough, paragraphs=paragraphs, sha256=model_sha256)
    if into_folder:
        options = {
            **given.plain(),
            "prior": prior,
            "explain": explain,
            "thorough": thorough,
            "paragraphs": paragraphs,
            "safe_csv": safe_csv,
        }
        run = FolderRun(
            "score", out, {"scored": ""}, [("scored", frozenset(pipeline.VERDICTS))], options, part_rows, adapt, out_format,
            only, restart, threads, quiet=quiet, bodies=given.bodies, safe_csv=safe_csv,
        )  # fmt: skip
        done = run_into_folder(run, given.reader(inputs), scorer, model_path(model))
        tally, quarantine, kept_in = done.tally, done.quarantine, str(Path(out) / REJECTED_FOLDER)
        closing_words = done.closing_words
    else:
        reader = given.reader(inputs)
        say_notices(reader, quiet)
        with (
            open_sink(
                out, format=out_format or output_format_of(out, reader), only=only, schema=reader.schema, safe_csv=safe_csv
            ) as sink,
            Quarantine(rejected, bounds.rejected) as quarantine,
            console.progress(reader.bytes_total, quiet=quiet) as bar,
            finishing(reader),
        ):
            scorer, chunks, words = pipeline.adapted(reader, scorer, adapt=adapt)
            console.say(words, quiet=quiet)
            tally = pipeline.run(
                reader, scorer, [pipeline.Route(sink)], quarantine, chunks=chunks, threads=threads, on_progress=bar
            )
            check_whole(reader)
        closing_words = reader.closing_words()
    console.say(console.summary(tally, paragraphs=paragraphs), quiet=quiet)
    if not into_folder:
        end_if_stopped(reader, tally)
    say_closing_words(closing_words, quiet)
    problem = too_little(tally, quarantine, Enough(), inputs=inputs, kept_in=kept_in)
    if problem is not None:
        raise InputError(problem)
    say_rejected(tally.rejected, kept_in)


def _score_on(engine: str, inputs: list[str], out: str, *, quiet: bool, **options: Any) -> None:
    from mismatch.report.console import say

    if engine != "spark":
        raise InputError(f"--engine is local or spark, not {engine!r}")
    if out == "-" or "-" in inputs:
        raise InputError("--engine spark reads and writes folders: name one with --out")
    from mismatch.integrations.spark import score_files

    counts = score_files(inputs, out, **options)
    words = ", ".join(f"{count:,} {name}" for name, count in counts.items() if name != "rows")
    say(f"{counts['rows']:,} rows: {words}; written to {out}", quiet=quiet)


@reading("topic", "label")
def gate(
    inputs: Inputs,
    max_rate: Annotated[float | None, typer.Option("--max-rate", metavar="R", min=0, max=1, help="Fail when a larger share of the rows is flagged.", show_default=False)] = None,
    gate_on: Annotated[str, typer.Option("--gate-on", metavar="WHAT", help="What --max-rate is held against: flagged, or estimate (the lower bound of the estimated share of mismatches).")] = "flagged",
    passed: Annotated[str | None, typer.Option("--passed", metavar="FILE", help="Where rows go that are not flagged.", show_default=False)] = None,
    flagged: Annotated[str | None, typer.Option("--flagged", metavar="FILE", help="Where flagged rows go.", show_default=False)] = None,
    out: Annotated[str | None, typer.Option("--out", "-o", metavar="FOLDER/", help="In place of --passed, --flagged and --rejected: a folder for parts in passed/, flagged/ and _rejected/. The command goes on where it was killed.", show_default=False)] = None,
    max_rejected: Annotated[float, typer.Option("--max-rejected", metavar="R", min=0, max=1, help="End with 2 when a larger share of the rows cannot be read.")] = defaults.MAX_REJECTED,
    max_unscorable: Annotated[float, typer.Option("--max-unscorable", metavar="R", min=0, max=1, help="End with 2 when a larger share of the rows cannot be judged.")] = defaults.MAX_UNSCORABLE,
    min_rows: Annotated[int, typer.Option("--min-rows", metavar="N", min=0, help="End with 2 when fewer rows can be read.")] = 1,
    allow_empty: Annotated[bool, typer.Option("--allow-empty", help="An input without rows passes, as with --min-rows 0.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the decision as JSON.")] = False,
    github: Annotated[bool, typer.Option("--github", help="In a GitHub workflow: annotate the run, and append to the summary of the job.")] = False,
    batch: Annotated[bool, typer.Option("--batch", help="Read the input more than once: a title that fits the body of another row far better than its own is flagged too, and the column better_body_row names that row; rows of repeats get the reasons repeated_body and repeated_title.")] = False,
    report: Report = None, rejected: Rejected = None, model: ModelOption = "starter", model_sha256: ModelSha256 = None,
    prior: Prior = None, threads: Threads = None, thorough: Thorough = False, paragraphs: Paragraphs = False, adapt: Adapt = None,
    part_rows: PartRows = defaults.PART_ROWS, restart: Restart = False, safe_csv: SafeCsv = False, quiet: Quiet = False,
    given: InputOptions = InputOptions(),
) -> None:  # fmt: skip
    """Splits a stream into passed and flagged rows, says which are wrong and why, and ends with 1 when too many are flagged.

    Rows that are unsure or unscorable pass, with their columns saying so. Ends with 2 when too much could not be read, or judged:
    a gate that judged nothing has not passed.

    Example: mismatch gate today.jsonl --max-rate 0.02 --passed clean.jsonl --flagged review.jsonl
    """
    import json
    from contextlib import ExitStack

    if report is None:
        fast_start.start()
    from mismatch.evaluation.decision import ESTIMATE, FLAGGED, decide, flagged_rows, to_plain
    from mismatch.judging import pipeline
    from mismatch.model.starter import model_path
    from mismatch.records.inputs import REJECTED_FOLDER
    from mismatch.records.output.writing import open_sink
    from mismatch.records.quarantine import Quarantine
    from mismatch.report import console
    from mismatch.report.gate_table import sources_as_plain
    from mismatch.report.gate_words import print_gate
    from mismatch.report.github import append_summary, summary, workflow_commands
    from mismatch.report.next_steps import GateRun, after_gate

    if out is not None and (passed or flagged or rejected):
        raise InputError(
            "--out FOLDER/ takes passed, flagged and rejected rows; leave --passed, --flagged and --rejected out"
        )
    if out is not None and not is_folder(out):
        raise InputError(
            f"--out {out}: of a gate this is a folder; end its name with a slash, or use --passed and --flagged"
        )
    for option, path in (("--passed", passed), ("--flagged", flagged)):
        if is_folder(path):
            raise InputError(f"{option} {path}: is a folder; name a file in it, or give --out FOLDER/ for all parts")
    check_outputs({
        "--passed": passed, "--flagged": flagged, "--rejected": rejected, "--report": report, "--json": "-" if as_json else None,
    }, inputs, given.format, [model], given.bodies)  # fmt: skip
    if github and any(is_shown(path) for path in (passed, flagged, report, rejected)):
        raise InputError("--github writes to standard output, where no rows and no page may stand; give them a file")
    if gate_on not in (FLAGGED, ESTIMATE):
        raise InputError(f"--gate-on is {FLAGGED} or {ESTIMATE}, not {gate_on!r}")
    bounds = given.bounds()
    scorer = load_scorer(model, prior, thorough=thorough, paragraphs=paragraphs, sha256=model_sha256)
    loaded = scorer.model
    check_report(report)
    if report is not None:
        from mismatch.batch.shown import proposals_shown
        from mismatch.batch.source_counts import SourceCounts
    kinds = [("passed", pipeline.NOT_FLAGGED), ("flagged", pipeline.FLAGGED)]
    kept_in = str(rejected) if rejected else None
    found = counts = None
    if out is not None:
        options = {
            **given.plain(),
            "prior": prior,
            "thorough": thorough,
            "paragraphs": paragraphs,
            "safe_csv": safe_csv,
            "batch": batch or None,  # as where a folder was begun before there was this option
        }

        def look(adapted: Scorer) -> tuple[BatchFindings, list[str]]:
            _, looked_at, words = look_at_batch(given.reader(inputs), adapted, adapt=False, threads=threads)
            return looked_at, words[1:]

        run = FolderRun(
            "gate", out, {kind: kind for kind, _ in kinds}, kinds, options, part_rows, adapt, restart=restart,
            threads=threads, by_source=True, quiet=quiet, bodies=given.bodies, safe_csv=safe_csv,
            look=look if batch else None,
        )  # fmt: skip
        done = run_into_folder(run, given.reader(inputs), scorer, model_path(model))
        tally, quarantine, scorer, kept_in = done.tally, done.quarantine, done.scorer, str(Path(out) / REJECTED_FOLDER)
        closing_words, found = done.closing_words, done.found
    else:
        reader, counts = given.reader(inputs), None if report is None else SourceCounts()
        say_notices(reader, quiet)
        if batch and reader.bytes_total is None:
            raise InputError("--batch reads the input twice, and a pipe can be read once; write it to a file first")
        with ExitStack() as stack:
            routes = []
            for path, (_, verdicts) in zip((passed, flagged), kinds, strict=True):
                if path is not None:
                    sink = open_sink(path, format=output_format_of(path, reader), schema=reader.schema, safe_csv=safe_csv)
                    routes.append(pipeline.Route(stack.enter_context(sink), verdicts))
            quarantine = stack.enter_context(Quarantine(rejected, bounds.rejected))
            bar = stack.enter_context(console.progress(reader.bytes_total, quiet=quiet))
            stack.enter_context(finishing(reader))
            if batch:
                scorer, found, lines = look_at_batch(given.reader(inputs), scorer, adapt=adapt, threads=threads)
                chunks = iter(reader)
            else:
                scorer, chunks, words = pipeline.adapted(reader, scorer, adapt=adapt)
                lines = [words]
            for line in lines:
                console.say(line, quiet=quiet)
            revisions = () if found is None else found.revisions
            tally = pipeline.run(
                reader, scorer, routes, quarantine, chunks=chunks, threads=threads, by_source=True, on_progress=bar,
                judge=pipeline.revised(pipeline.judged_block, *revisions), see=None if counts is None else counts.see,
            )  # fmt: skip
            check_whole(reader)
        closing_words = reader.closing_words()
    say_closing_words(closing_words, quiet)
    limits = Enough(0 if allow_empty else min_rows, max_rejected, max_unscorable)
    problem = too_little(tally, quarantine, limits, inputs=inputs, kept_in=kept_in)
    decision = decide(
        tally, loaded, scorer.model, limit=max_rate, gate_on=gate_on, as_given=adapt is False, problem=problem
    )  # fmt: skip
    lexicon = scorer.model.lexicon
    if as_json:
        plain = {**to_plain(decision, tally, sources_as_plain(tally)), "flagged_rows": flagged_rows(tally)}
        from mismatch.records.output.outside_text import harmless_json

        typer.echo(harmless_json(json.dumps(plain, ensure_ascii=False, indent=2)))
    elif tally.rows:
        judging = [] if model == "starter" else ["--model", model]
        judging += [] if adapt is None else ["--adapt" if adapt else "--no-adapt"]
        called = GateRun(inputs, flagged, [*given.arguments("with_body"), *judging])
        print_gate(
            tally, decision, lexicon, to_stderr="-" in (passed, flagged, report), paragraphs=paragraphs,
            next_step=after_gate(tally, decision, called),
        )  # fmt: skip
    if github:
        for line in workflow_commands(tally, decision):
            typer.echo(line, err=as_json)  # GitHub reads both streams
        if problem_of_summary := append_summary(summary(tally, decision, inputs)):
            console.say(problem_of_summary)
    if report is not None:
        from mismatch.records.memory import give_back
        from mismatch.report.gate_page import gate_page

        give_back()  # charts take sixty megabytes
        name = str(loaded.card.get("name") or model)
        shown = () if found is None else proposals_shown(found.repair.proposals, given.reader(inputs), scorer)
        write_page(
            report,
            gate_page(
                tally, decision, model=name, inputs=inputs, lexicon=lexicon, counts=counts, batch=found, proposals=shown
            ),
        )
    if out is None:
        end_if_stopped(reader, tally)
    if decision.problem is not None:
        raise InputError(decision.problem)
    say_rejected(tally.rejected, kept_in)
    if not decision.passed:
        raise typer.Exit(1)
