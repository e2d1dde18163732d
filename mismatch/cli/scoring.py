"""`mismatch score` and `mismatch gate`: streams of rows, judged and passed on."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from mismatch.cli import fast_start
from mismatch.cli.models import load_scorer
from mismatch.cli.options import (
    Adapt,
    Bodies,
    Body,
    Delimiter,
    Encoding,
    Format,
    Id,
    Inputs,
    ModelOption,
    Paragraphs,
    Prior,
    Quiet,
    Quote,
    Rejected,
    Report,
    SafeCsv,
    Source,
    Table,
    Thorough,
    Threads,
    Title,
)
from mismatch.cli.outputs import check_outputs, check_report, output_format_of, write_page
from mismatch.cli.reading import check_whole, layout_of, say_closing_words, say_notices, say_rejected, too_little_read
from mismatch.errors import InputError


def score(
    inputs: Inputs,
    out: Annotated[str, typer.Option("--out", "-o", metavar="FILE", help="Where the rows go; its name gives the format. - is standard output.")] = "-",
    out_format: Annotated[str | None, typer.Option("--out-format", help="Format of the output, where the name does not say.", show_default=False)] = None,
    only: Annotated[bool, typer.Option("--only", help="Write only the id and the added columns.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Add title_keywords and body_keywords; far slower.")] = False,
    engine: Annotated[str, typer.Option("--engine", help="local, or spark: INPUT and --out are then folders of Parquet or JSON lines.")] = "local",
    rejected: Rejected = None, model: ModelOption = "starter", format: Format = None, title: Title = None,
    body: Body = None, source: Source = None, id: Id = None, prior: Prior = None, threads: Threads = None, thorough: Thorough = False,
    safe_csv: SafeCsv = False, delimiter: Delimiter = None, quote: Quote = None, encoding: Encoding = None, table: Table = None, bodies: Bodies = None,
    paragraphs: Paragraphs = False, adapt: Adapt = None, quiet: Quiet = False,
) -> None:  # fmt: skip
    """Adds verdict, probability and reasons to every row. Streams; memory does not grow with the input.

    Example: mismatch score scrapes.jsonl.gz --out scored.parquet
    """
    if engine != "local":
        if only or explain or rejected or threads or out_format or prior or thorough or paragraphs or safe_csv:
            raise InputError(
                "--only, --explain, --rejected, --threads, --prior, --thorough, --paragraphs, --safe-csv and --out-format go with --engine local"
            )
        if delimiter or quote or encoding or table or bodies:
            raise InputError("--delimiter, --quote, --encoding, --table and --bodies go with --engine local")
        given = {"model": model, "format": format, "title": title, "body": body, "source": source, "adapt": adapt}
        return _score_on(engine, inputs, out, quiet=quiet, **given)
    fast_start.start()
    from mismatch.judging import pipeline
    from mismatch.records.columns import ColumnChoice
    from mismatch.records.output.writing import open_sink
    from mismatch.records.quarantine import Quarantine
    from mismatch.records.reading import Reader
    from mismatch.report import console

    layout = layout_of(delimiter, quote, encoding, table)
    check_outputs({"--out": out, "--rejected": rejected}, inputs=[bodies] if bodies is not None else None)
    scorer = load_scorer(model, prior, explain=explain, thorough=thorough, paragraphs=paragraphs)
    reader = Reader(
        inputs,
        format=format,
        columns=ColumnChoice(title=title, body=body, source=source, id=id),
        layout=layout,
        bodies=bodies,
    )
    say_notices(reader, quiet)
    kind = out_format or output_format_of(out, reader)
    with (
        open_sink(out, format=kind, only=only, schema=reader.schema, safe_csv=safe_csv) as sink,
        Quarantine(rejected) as quarantine,
        console.progress(reader.bytes_total, quiet=quiet) as bar,
    ):
        scorer, chunks, words = pipeline.adapted(reader, scorer, adapt=adapt)
        console.say(words, quiet=quiet)
        tally = pipeline.run(
            reader, scorer, [pipeline.Route(sink)], quarantine, chunks=chunks, threads=threads, on_progress=bar
        )
        check_whole(reader)
    console.say(console.summary(tally, paragraphs=paragraphs), quiet=quiet)
    problem = too_little_read(tally.rows, quarantine, max_rejected=1, allow_empty=True, inputs=inputs, kept_in=rejected)
    if problem is not None:
        raise InputError(problem)
    say_closing_words(reader, quiet)
    say_rejected(tally.rejected, rejected)


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


def gate(
    inputs: Inputs,
    max_rate: Annotated[float | None, typer.Option("--max-rate", metavar="R", min=0, max=1, help="Fail when a larger share of the rows is flagged.", show_default=False)] = None,
    gate_on: Annotated[str, typer.Option("--gate-on", metavar="WHAT", help="What --max-rate is held against: flagged, or estimate (the lower bound of the estimated share of mismatches).")] = "flagged",
    passed: Annotated[str | None, typer.Option("--passed", metavar="FILE", help="Where rows go that are not flagged.", show_default=False)] = None,
    flagged: Annotated[str | None, typer.Option("--flagged", metavar="FILE", help="Where flagged rows go.", show_default=False)] = None,
    max_rejected: Annotated[float, typer.Option("--max-rejected", metavar="R", min=0, max=1, help="End with 2 when a larger share of the rows cannot be read.")] = 0.01,
    allow_empty: Annotated[bool, typer.Option("--allow-empty", help="An input without rows passes.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the decision as JSON.")] = False,
    report: Report = None, rejected: Rejected = None, model: ModelOption = "starter", format: Format = None, title: Title = None,
    body: Body = None, source: Source = None, id: Id = None, prior: Prior = None, threads: Threads = None, thorough: Thorough = False,
    safe_csv: SafeCsv = False, delimiter: Delimiter = None, quote: Quote = None, encoding: Encoding = None, table: Table = None, bodies: Bodies = None,
    paragraphs: Paragraphs = False, adapt: Adapt = None, quiet: Quiet = False,
) -> None:  # fmt: skip
    """Splits a stream into passed and flagged rows, says which are wrong and why, and ends with 1 when too many are flagged.

    Rows that are unsure or unscorable pass, with their columns saying so. Ends with 2 when too much could not be read.

    Example: mismatch gate today.jsonl --max-rate 0.02 --passed clean.jsonl --flagged review.jsonl
    """
    import json
    from contextlib import ExitStack

    if report is None:
        fast_start.start()
    from mismatch.evaluation.decision import ESTIMATE, FLAGGED, decide, to_plain
    from mismatch.judging import pipeline
    from mismatch.records.columns import ColumnChoice
    from mismatch.records.output.writing import open_sink
    from mismatch.records.quarantine import Quarantine
    from mismatch.records.reading import Reader
    from mismatch.report import console
    from mismatch.report.gate_words import print_gate

    check_outputs({
        "--passed": passed, "--flagged": flagged, "--rejected": rejected, "--report": report, "--json": "-" if as_json else None,
    }, inputs=[bodies] if bodies is not None else None)  # fmt: skip
    layout = layout_of(delimiter, quote, encoding, table)
    if gate_on not in (FLAGGED, ESTIMATE):
        raise InputError(f"--gate-on is {FLAGGED} or {ESTIMATE}, not {gate_on!r}")
    scorer = load_scorer(model, prior, thorough=thorough, paragraphs=paragraphs)
    given = scorer.model
    check_report(report)
    reader = Reader(
        inputs,
        format=format,
        columns=ColumnChoice(title=title, body=body, source=source, id=id),
        layout=layout,
        bodies=bodies,
    )
    say_notices(reader, quiet)
    with ExitStack() as stack:
        routes = []
        for path, verdicts in ((passed, pipeline.NOT_FLAGGED), (flagged, pipeline.FLAGGED)):
            if path is not None:
                sink = stack.enter_context(
                    open_sink(path, format=output_format_of(path, reader), schema=reader.schema, safe_csv=safe_csv)
                )
                routes.append(pipeline.Route(sink, verdicts))
        quarantine = stack.enter_context(Quarantine(rejected))
        bar = stack.enter_context(console.progress(reader.bytes_total, quiet=quiet))
        scorer, chunks, words = pipeline.adapted(reader, scorer, adapt=adapt)
        console.say(words, quiet=quiet)
        tally = pipeline.run(
            reader, scorer, routes, quarantine, chunks=chunks, threads=threads, by_source=True, on_progress=bar
        )
        check_whole(reader)
    problem = too_little_read(
        tally.rows, quarantine, max_rejected=max_rejected, allow_empty=allow_empty, inputs=inputs, kept_in=rejected
    )
    decision = decide(
        tally, given, scorer.model, limit=max_rate, gate_on=gate_on, as_given=adapt is False, problem=problem
    )  # fmt: skip
    lexicon = scorer.model.lexicon
    if as_json:
        typer.echo(json.dumps(to_plain(decision, tally), ensure_ascii=False, indent=2))
    elif tally.rows:
        print_gate(tally, decision, lexicon, to_stderr="-" in (passed, flagged, report), paragraphs=paragraphs)
    if report is not None:
        from mismatch.report.gate_page import gate_page

        name = str(given.card.get("name") or model)
        write_page(report, gate_page(tally, decision, model=name, inputs=inputs, lexicon=lexicon))
    if decision.problem is not None:
        raise InputError(decision.problem)
    say_closing_words(reader, quiet)
    say_rejected(tally.rejected, rejected)
    if not decision.passed:
        raise typer.Exit(1)
