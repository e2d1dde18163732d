"""The command line: parses, calls, prints. Heavy imports are inside the commands, so that `--help` answers at once."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mismatch.endings import Commands, run
from mismatch.errors import InputError

if TYPE_CHECKING:
    from mismatch.records.columns import ColumnChoice
    from mismatch.scorer import Scorer

app = typer.Typer(
    name="mismatch",
    cls=Commands,
    help="Catches articles whose headline belongs to another story.",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Inputs = Annotated[list[str], typer.Argument(metavar="INPUT…", help="Files, globs, folders, or - for standard input.", show_default=False)]
ModelOption = Annotated[str, typer.Option("--model", metavar="MODEL", help="A model file, or 'starter'.")]
Format = Annotated[str | None, typer.Option("--format", help="Format of the input: jsonl, json, csv, tsv, parquet, arrow.", show_default=False)]
Title = Annotated[str | None, typer.Option("--title", metavar="COLUMN", help="Column of titles.", show_default=False)]
Body = Annotated[str | None, typer.Option("--body", metavar="COLUMN", help="Column of bodies.", show_default=False)]
Source = Annotated[str | None, typer.Option("--source", metavar="COLUMN", help="Column of sources.", show_default=False)]
Id = Annotated[str | None, typer.Option("--id", metavar="COLUMN", help="Column of ids.", show_default=False)]
Topic = Annotated[str | None, typer.Option("--topic", metavar="COLUMN", help="Column of topics.", show_default=False)]
Label = Annotated[str | None, typer.Option("--label", metavar="COLUMN", help="Column of labels (match / mismatch).", show_default=False)]
Rejected = Annotated[Path | None, typer.Option("--rejected", metavar="FILE", help="Where rows go that cannot be read, with the reason.", show_default=False)]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing on standard error unless something is wrong.")]


def _between(value: float) -> float:
    if not 0 < value < 1:
        raise typer.BadParameter(f"{value:g} does not lie between 0 and 1")
    return value


def _between_or_none(value: float | None) -> float | None:
    return value if value is None else _between(value)


def _not_negative(value: float | None) -> float | None:
    if value is not None and not 0 <= value < float("inf"):
        raise typer.BadParameter(f"{value:g} is no cost")
    return value


Prior = Annotated[float | None, typer.Option("--prior", metavar="P", callback=_between_or_none, help="Share of mismatches expected in the stream, for the probabilities; by default the model's.", show_default=False)]
Report = Annotated[str | None, typer.Option("--report", metavar="FILE.html", help="A page to read, complete in one file.", show_default=False)]
Threads = Annotated[int | None, typer.Option("--threads", min=1, help="Worker threads; by default one a core.", show_default=False)]


@app.callback(invoke_without_command=True)
def _top(
    context: typer.Context, version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False
) -> None:
    if version:
        from mismatch import __version__

        typer.echo(__version__)
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(2)


@app.command()
def train(
    pairs: Annotated[list[str], typer.Argument(metavar="PAIRS…", help="Files, globs or folders of headline-body pairs.", show_default=False)],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where the model goes, e.g. models/mine.joblib.", show_default=False)],
    base: Annotated[str, typer.Option("--base", metavar="MODEL", help="Model that lends its background.")] = "starter",
    fresh: Annotated[bool, typer.Option("--fresh", help="Start from nothing.")] = False,
    suspects: Annotated[Path | None, typer.Option("--suspects", metavar="FILE", help="List the pairs of the archive that look wrong (JSON lines).", show_default=False)] = None,
    max_false_flags: Annotated[float, typer.Option("--max-false-flags", metavar="R", callback=_between, help="Flag at most this share of good articles.")] = 0.005,
    confidence: Annotated[float, typer.Option("--confidence", metavar="C", callback=_between, help="Confidence of that.")] = 0.95,
    unsure_band: Annotated[float, typer.Option("--unsure-band", metavar="U", min=0, max=0.5, help="Share of good articles on which the model may abstain.")] = 0.03,
    prior: Annotated[float, typer.Option("--prior", metavar="P", callback=_between, help="Share of mismatches expected in what will be scored.")] = 0.01,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of everything random.")] = 0,
    name: Annotated[str | None, typer.Option("--name", help="Name on the model card.", show_default=False)] = None,
    date: Annotated[str | None, typer.Option("--date", help="Date on the model card; else SOURCE_DATE_EPOCH, else none.", show_default=False)] = None,
    format: Format = None, title: Title = None, body: Body = None, source: Source = None, topic: Topic = None,
    label: Label = None, rejected: Rejected = None, quiet: Quiet = False,
) -> None:  # fmt: skip
    """Learns from headline-body pairs. No labels needed: it makes its own mismatches by swapping.

    Example: mismatch train training_data/articles --out models/mine.joblib --suspects suspects.jsonl
    """
    from mismatch.classifier import label_codes, resolve_base
    from mismatch.model_file import save_model
    from mismatch.records.columns import ColumnChoice
    from mismatch.starter import model_path
    from mismatch.terminal import say, spinner
    from mismatch.training import Settings
    from mismatch.training import train as train_model

    for path in (out, suspects):
        if path is not None:
            _check_folder(path)
    _check_outputs({"--out": out, "--suspects": suspects, "--rejected": rejected}, inputs=pairs)
    lender = None if fresh else resolve_base(model_path(base))
    choice = ColumnChoice(title=title, body=body, source=source, topic=topic, label=label)
    with spinner(quiet=quiet) as tell:
        table, digests = _read(pairs, format, choice, rejected, quiet)
        labels = None
        if table["label"].null_count == 0 and table.num_rows:
            labels = label_codes(table["label"].to_pylist())
            if not labels.any():
                say("all pairs are labelled match: mismatches are made by swapping", quiet=quiet)
        elif label is not None:
            raise InputError(f"{table['label'].null_count:,} rows have no label in {label!r}; label all of them, or leave --label out")
        settings = Settings(max_false_flags=max_false_flags, confidence=confidence, max_unsure=unsure_band, prior=prior, seed=seed)
        card = {"name": name or out.stem, "date": _date(date), "data": digests, "versions": _versions()}
        training = train_model(table, labels=labels, settings=settings, base=lender, card=card, progress=tell)
        save_model(training.model, out)
    if suspects is not None:
        _write_suspects(suspects, table, training)
    counts, figures = training.model.card["pairs"], training.model.card["figures_out_of_fold"]
    say(f"trained on {counts['used']:,} pairs ({counts['duplicates']:,} duplicates and {counts['without_text']:,} without text left out)", quiet=quiet)
    n = len(training.suspects)
    if n:
        listed = f"listed in {suspects}" if suspects else "list them with --suspects FILE"
        say(f"{n:,} pair{'s' if n > 1 else ''} of your archive look{'' if n > 1 else 's'} wrong and {'were' if n > 1 else 'was'} left out: {listed}", quiet=quiet)
    say(
        f"out of fold against {'the labels' if labels is not None and labels.any() else 'random swaps'}: AUROC {figures['auroc']:.4f}, "
        f"found at 1 % false flags {figures['recall_at_0.01']:.1%}, at 0.1 % {figures['recall_at_0.001']:.1%}",
        quiet=quiet,
    )
    promise = training.model.calibration.promise
    say(promise or "too few pairs for a guaranteed false-flag rate: the cut is where a mismatch is as likely as not", quiet=quiet)
    say(f"model written to {out}", quiet=quiet)


@app.command()
def score(
    inputs: Inputs,
    out: Annotated[str, typer.Option("--out", "-o", metavar="FILE", help="Where the rows go; its name gives the format. - is standard output.")] = "-",
    out_format: Annotated[str | None, typer.Option("--out-format", help="Format of the output, where the name does not say.", show_default=False)] = None,
    only: Annotated[bool, typer.Option("--only", help="Write only the id and the added columns.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Add title_keywords and body_keywords; far slower.")] = False,
    engine: Annotated[str, typer.Option("--engine", help="local, or spark: INPUT and --out are then folders of Parquet or JSON lines.")] = "local",
    rejected: Rejected = None, model: ModelOption = "starter", format: Format = None, title: Title = None,
    body: Body = None, source: Source = None, id: Id = None, prior: Prior = None, threads: Threads = None, quiet: Quiet = False,
) -> None:  # fmt: skip
    """Adds verdict, probability and reasons to every row. Streams; memory does not grow with the input.

    Example: mismatch score scrapes.jsonl.gz --out scored.parquet
    """
    if engine != "local":
        if only or explain or rejected or threads or out_format or prior:
            raise InputError("--only, --explain, --rejected, --threads, --prior and --out-format go with --engine local")
        return _score_on(engine, inputs, out, model=model, format=format, title=title, body=body, quiet=quiet)
    from mismatch import pipeline, terminal
    from mismatch.records.columns import ColumnChoice
    from mismatch.records.quarantine import Quarantine
    from mismatch.records.reading import Reader
    from mismatch.records.writing import open_sink

    _check_outputs({"--out": out, "--rejected": rejected})
    scorer = _scorer(model, prior, explain=explain)
    reader = Reader(inputs, format=format, columns=ColumnChoice(title=title, body=body, source=source, id=id))
    _tell(reader, quiet)
    kind = out_format or _output_format(out, reader)
    with (
        open_sink(out, format=kind, only=only, schema=reader.schema) as sink,
        Quarantine(rejected) as quarantine,
        terminal.progress(reader.bytes_total, quiet=quiet) as bar,
    ):
        tally = pipeline.run(reader, scorer, [pipeline.Route(sink)], quarantine, threads=threads, on_progress=bar)
        _check_whole(reader)
    terminal.say(terminal.summary(tally), quiet=quiet)
    _say_rejected(tally.rejected, rejected)


@app.command()
def gate(
    inputs: Inputs,
    max_rate: Annotated[float | None, typer.Option("--max-rate", metavar="R", min=0, max=1, help="Fail when a larger share of the rows is flagged.", show_default=False)] = None,
    gate_on: Annotated[str, typer.Option("--gate-on", metavar="WHAT", help="What --max-rate is held against: flagged, or estimate (the lower bound of the estimated share of mismatches).")] = "flagged",
    passed: Annotated[str | None, typer.Option("--passed", metavar="FILE", help="Where rows go that are not flagged.", show_default=False)] = None,
    flagged: Annotated[str | None, typer.Option("--flagged", metavar="FILE", help="Where flagged rows go.", show_default=False)] = None,
    report: Report = None, rejected: Rejected = None, model: ModelOption = "starter", format: Format = None, title: Title = None,
    body: Body = None, source: Source = None, id: Id = None, prior: Prior = None, threads: Threads = None, quiet: Quiet = False,
) -> None:  # fmt: skip
    """Splits a stream into passed and flagged rows, prints a table by source, and ends with 1 when too many are flagged.

    Rows that are unsure or unscorable pass, with their columns saying so.

    Example: mismatch gate today.jsonl --max-rate 0.02 --passed clean.jsonl --flagged review.jsonl
    """
    from contextlib import ExitStack

    from mismatch import pipeline, terminal
    from mismatch.batch.estimate import OperatingPoint, true_share
    from mismatch.records.columns import ColumnChoice
    from mismatch.records.quarantine import Quarantine
    from mismatch.records.reading import Reader
    from mismatch.records.writing import open_sink

    _check_outputs({"--passed": passed, "--flagged": flagged, "--rejected": rejected, "--report": report})
    if gate_on not in ("flagged", "estimate"):
        raise InputError(f"--gate-on is flagged or estimate, not {gate_on!r}")
    scorer = _scorer(model, prior)
    point = OperatingPoint.of_card(scorer.model.card)
    if gate_on == "estimate" and point is None:
        raise InputError(f"the card of {model} does not say how often its cut is right, so that nothing can be estimated; set the cut with mismatch calibrate, or use --gate-on flagged")
    _check_report(report)
    reader = Reader(inputs, format=format, columns=ColumnChoice(title=title, body=body, source=source, id=id))
    _tell(reader, quiet)
    with ExitStack() as stack:
        routes = []
        for path, verdicts in ((passed, pipeline.NOT_FLAGGED), (flagged, pipeline.FLAGGED)):
            if path is not None:
                sink = stack.enter_context(open_sink(path, format=_output_format(path, reader), schema=reader.schema))
                routes.append(pipeline.Route(sink, verdicts))
        quarantine = stack.enter_context(Quarantine(rejected))
        bar = stack.enter_context(terminal.progress(reader.bytes_total, quiet=quiet))
        tally = pipeline.run(reader, scorer, routes, quarantine, threads=threads, by_source=True, on_progress=bar)
        _check_whole(reader)
    judged = tally.rows - tally.verdicts["unscorable"]
    estimate = true_share(tally.flagged, judged, point) if point else None
    rate = tally.flagged_share if gate_on == "flagged" else estimate.low if estimate else 0.0
    ok = max_rate is None or rate <= max_rate
    promise = scorer.model.calibration.promise
    terminal.print_gate(
        tally, ok, max_rate, to_stderr="-" in (passed, flagged, report), estimate=estimate, gate_on=gate_on, promise=promise
    )
    if report is not None:
        from mismatch.report.gate_page import Decision, gate_page

        decision = Decision(ok, max_rate, gate_on, estimate, point)
        name = str(scorer.model.card.get("name") or model)
        _write_page(report, gate_page(tally, decision, model=name, promise=promise, inputs=inputs, lexicon=scorer.model.lexicon))
    _say_rejected(tally.rejected, rejected)
    if not ok:
        raise typer.Exit(1)


@app.command()
def explain(
    inputs: Annotated[list[str] | None, typer.Argument(metavar="[INPUT]", help="A file; choose the row with --row.", show_default=False)] = None,
    title: Annotated[str | None, typer.Option("--title", metavar="TEXT", help="The title; with INPUT, the column of titles.", show_default=False)] = None,
    body_file: Annotated[str | None, typer.Option("--body-file", metavar="FILE", help="A text file with the body; - is standard input.", show_default=False)] = None,
    row: Annotated[int, typer.Option("--row", metavar="N", min=1, help="Row of INPUT, counted from 1.")] = 1,
    model: ModelOption = "starter", format: Format = None, body: Body = None, quiet: Quiet = False,
) -> None:  # fmt: skip
    """One article in words: the verdict, and which terms of the title are in the body, where, and which are not.

    Example: mismatch explain --title "KXIP vs KKR Live Score" --body-file body.txt
    """
    from mismatch.explain import explain as explain_pair
    from mismatch.explain import in_words
    from mismatch.records.columns import ColumnChoice

    if inputs:
        text_title, text_body = _row(inputs, row, format, ColumnChoice(title=title, body=body))
    elif title is not None and body_file is not None:
        text_title, text_body = title, _text_file(body_file)
    else:
        raise InputError("give --title and --body-file, or a file and --row")
    from mismatch.terminal import safe

    for line in in_words(explain_pair(_scorer(model), text_title, text_body)):
        typer.echo(safe(line, 400) if line.strip() else "")


@app.command()
def evaluate(
    inputs: Inputs,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    report: Report = None,
    compare: Annotated[str | None, typer.Option("--compare", metavar="MODEL", help="A second model to measure on the same pairs.", show_default=False)] = None,
    prior: Prior = None,
    cost_false_flag: Annotated[float | None, typer.Option("--cost-false-flag", metavar="COST", callback=_not_negative, help="What a false flag costs; finds the cheapest cut.", show_default=False)] = None,
    cost_miss: Annotated[float | None, typer.Option("--cost-miss", metavar="COST", callback=_not_negative, help="What a missed mismatch costs, in the same unit.", show_default=False)] = None,
    swaps: Annotated[bool, typer.Option("--swaps", help="Leave labels aside and measure against swapped pairs.")] = False,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the swaps and the bootstrap.")] = 0,
    model: ModelOption = "starter", format: Format = None, title: Title = None, body: Body = None,
    source: Source = None, topic: Topic = None, label: Label = None, rejected: Rejected = None, quiet: Quiet = False,
) -> None:  # fmt: skip
    """Measures a model: AUROC, recall at 0.1 %, 1 % and 5 % false flags, calibration, by source, topic, script and length.

    With labels (a column `label`, or --label) against the labels, otherwise real pairs against swapped ones.

    Example: mismatch evaluate archive.jsonl --model models/mine.joblib --report evaluation.html
    """
    import json

    from mismatch import evaluation, terminal
    from mismatch.records.columns import ColumnChoice

    _check_outputs({"--report": report, "--rejected": rejected}, inputs=inputs)
    if report == "-" and as_json:
        raise InputError("--json and --report - both write to standard output; give the report a file")
    models = [_scorer(name).model for name in (model, compare) if name is not None]
    if compare is not None:  # two cards may bear one name
        models = [_named(loaded, path) for loaded, path in zip(models, (model, compare), strict=True)]
    _check_report(report)
    choice = ColumnChoice(title=title, body=body, source=source, topic=topic, label=label)
    table, _ = _read(inputs, format, choice, rejected, quiet)
    table, labels = _as_judged(table), None if swaps else _labels(table, label, quiet)
    setup = evaluation.Setup(prior, cost_false_flag, cost_miss, seed)
    result: evaluation.Evaluation | evaluation.Comparison
    if compare is None:
        result = evaluation.evaluate(models[0], table, labels=labels, setup=setup)
    else:
        result = evaluation.compare(models[0], models[1], table, labels=labels, setup=setup)
    if report is not None:
        from mismatch.report.evaluation_page import evaluation_page

        _write_page(report, evaluation_page(result, inputs))
    if as_json:
        typer.echo(json.dumps(result.as_dict(), ensure_ascii=False, indent=1, allow_nan=False))
    elif report == "-":
        pass
    elif isinstance(result, evaluation.Comparison):
        terminal.print_comparison(result)
    else:
        terminal.print_evaluation(result)


@app.command()
def calibrate(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="The model whose cut is to be set: a file, or 'starter'.", show_default=False)],
    pairs: Annotated[list[str], typer.Argument(metavar="PAIRS…", help="Files, globs or folders of pairs that the model was not trained on.", show_default=False)],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where the calibrated model goes.", show_default=False)],
    max_false_flags: Annotated[float, typer.Option("--max-false-flags", metavar="R", callback=_between, help="Flag at most this share of good articles.")] = 0.005,
    confidence: Annotated[float, typer.Option("--confidence", metavar="C", callback=_between, help="Confidence of that.")] = 0.95,
    unsure_band: Annotated[float, typer.Option("--unsure-band", metavar="U", min=0, max=1, help="Share of good articles on which the model may abstain.")] = 0.03,
    by: Annotated[str, typer.Option("--by", metavar="WHAT", help="pair: the promise is for new pairs like these. source: for a random pair of a new source, one pair drawn from each.")] = "pair",
    prior: Prior = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the draws.")] = 0,
    format: Format = None, title: Title = None, body: Body = None, source: Source = None, label: Label = None,
    rejected: Rejected = None, quiet: Quiet = False,
) -> None:  # fmt: skip
    """Sets the cut so that at most a share R of good articles is flagged, with confidence C.

    The pairs must be genuine and unseen in training; with a column of labels the matches among them are used. Where they are
    too few for the promise, the command says how many it takes and ends with 2.

    Example: mismatch calibrate starter held_out.jsonl --max-false-flags 0.01 --confidence 0.95 --out models/mine.joblib
    """
    from mismatch.calibration import Promise
    from mismatch.calibration import calibrate as set_cut
    from mismatch.model_file import save_model
    from mismatch.records.columns import ColumnChoice
    from mismatch.terminal import say

    if by not in ("pair", "source"):
        raise InputError(f"--by is pair or source, not {by!r}")
    _check_folder(out)
    _check_outputs({"--out": out, "--rejected": rejected}, inputs=pairs)
    loaded = _scorer(model).model
    table, digests = _read(pairs, format, ColumnChoice(title=title, body=body, source=source, label=label), rejected, quiet)
    promise = Promise(max_false_flags, confidence, unsure_band, by == "source", prior, seed)
    done = set_cut(loaded, _as_judged(table), promise, labels=_labels(table, label, quiet), digests=digests)
    save_model(done.model, out)
    for notice in done.notices:
        say(notice)
    counts, point = done.model.card["calibrated"]["pairs"], done.model.card["operating_point"]
    left_out = f"{done.duplicates:,} with a body seen before and {done.unscorable:,} that cannot be judged left out"
    say(f"calibrated on {counts['used']:,} matched pairs ({left_out}); {counts['needed']:,} were needed", quiet=quiet)
    if point["flagged_mismatched"] is not None:
        say(f"with this cut {point['flagged_mismatched']:.1%} of mismatches are found", quiet=quiet)
    say(f"promise: {done.model.calibration.promise}", quiet=quiet)
    say(f"model written to {out}", quiet=quiet)


@app.command(add_help_option=False, context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
def serve(context: typer.Context) -> None:
    """HTTP service and web page: POST /score, POST /explain, a page at /, the manual at /docs."""
    from mismatch.serve.command import app as service

    service(context.args, prog_name="mismatch serve", standalone_mode=False)


@app.command()
def info(
    model: Annotated[str, typer.Argument(metavar="[MODEL]", help="A model file, or 'starter'.")] = "starter",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    quiet: Quiet = False,
) -> None:
    """Prints the model card: what the model was trained on, its settings, figures and promises.

    Example: mismatch info models/mine.joblib
    """
    import json

    from mismatch.terminal import print_card

    loaded = _scorer(model).model
    card = {**loaded.card, "calibration": dict(vars(loaded.calibration)), "terms": len(loaded.lexicon.terms.hashes)}
    if as_json:
        typer.echo(json.dumps(card, ensure_ascii=False, indent=1))
    else:
        print_card(card)


def _score_on(engine: str, inputs: list[str], out: str, *, quiet: bool, **options: Any) -> None:
    from mismatch.terminal import say

    if engine != "spark":
        raise InputError(f"--engine is local or spark, not {engine!r}")
    if out == "-" or "-" in inputs:
        raise InputError("--engine spark reads and writes folders: name one with --out")
    from mismatch.integrations.spark import score_files

    counts = score_files(inputs, out, **options)
    words = ", ".join(f"{count:,} {name}" for name, count in counts.items() if name != "rows")
    say(f"{counts['rows']:,} rows: {words}; written to {out}", quiet=quiet)


def _scorer(model: str, prior: float | None = None, *, explain: bool = False) -> Scorer:
    from dataclasses import replace

    from mismatch.scorer import Scorer, load

    scorer = load(model, explain=explain)
    if prior is None:
        return scorer
    return Scorer(replace(scorer.model, calibration=scorer.model.calibration.with_prior(prior)), explain=explain)


def _as_judged(table: Any) -> Any:
    """The pairs with their titles cleaned as `score` and `gate` clean them, so that what is measured is what is judged."""
    from mismatch.titles import TitleCleaner

    cleaner = TitleCleaner()
    titles, sources = table["title"].combine_chunks(), table["source"].combine_chunks()
    cleaner.learn(titles, sources)
    return table.set_column(table.column_names.index("title"), "title", cleaner.clean(titles, sources))


def _named(model: Any, path: str) -> Any:
    from dataclasses import replace

    name = model.card.get("name")
    file = Path(path).name
    return replace(model, card={**model.card, "name": f"{name} ({file})" if name else file})


def _labels(table: Any, asked: str | None, quiet: bool) -> Any:
    """The labels as 0 and 1; None where there are none."""
    from mismatch.classifier import label_codes
    from mismatch.terminal import say

    missing = table["label"].null_count
    if table.num_rows and not missing:
        return label_codes(table["label"].to_pylist())
    if asked is not None and table.num_rows:
        raise InputError(f"{missing:,} rows have no label in {asked!r}; label all of them, or leave --label out")
    if missing < table.num_rows:
        say(f"{missing:,} rows have no label, so that the labels of the others are left aside", quiet=quiet)
    return None


def _check_report(path: str | None) -> None:
    """Before the work begins: whether a report can be made, and whether it can be written where it is to go."""
    if path is None:
        return
    from mismatch.records.output_file import OutputFile
    from mismatch.report.html import require_report

    require_report()
    if path != "-" and not (Path(path).exists() and not Path(path).is_file() and not Path(path).is_dir()):
        OutputFile(path).discard()


def _write_page(path: str, html: str) -> None:
    from mismatch.records.output_file import OutputFile

    page = OutputFile(path)
    try:
        page.write(html.encode("utf-8", "replace"))
    except BaseException:
        page.discard()
        raise
    page.commit()


def _read(
    inputs: list[str], format: str | None, choice: ColumnChoice, rejected: Path | None, quiet: bool
) -> tuple[Any, list[dict[str, Any]]]:
    """All pairs of the inputs, and what the model card says of the files."""
    from mismatch.records.quarantine import Quarantine
    from mismatch.records.reading import Reader
    from mismatch.records.tables import pairs_of

    reader = Reader(inputs, format=format, columns=choice)
    _tell(reader, quiet)
    with Quarantine(rejected) as quarantine:
        table = pairs_of(reader, quarantine)
        _check_whole(reader)
    _say_rejected(quarantine.count, rejected)
    return table, _digests(reader.origins)


def _digests(origins: list[str]) -> list[dict[str, Any]]:
    import hashlib

    out: list[dict[str, Any]] = []
    for origin in origins:
        if not Path(origin).is_file():  # read already, and gone
            out.append({"file": "standard input" if origin == "-" else "a pipe"})
            continue
        with open(origin, "rb") as file:
            out.append({"file": Path(origin).name, "sha256": hashlib.file_digest(file, "sha256").hexdigest()})
    return out


def _row(inputs: list[str], row: int, format: str | None, choice: ColumnChoice) -> tuple[str, str]:
    from mismatch.records.reading import Reader

    seen, reader = 0, Reader(inputs, format=format, columns=choice)
    for chunk in reader:
        block = chunk.decode()
        if row <= seen + len(block):
            at = row - seen - 1
            return block.pairs.column("title")[at].as_py() or "", block.pairs.column("body")[at].as_py() or ""
        seen += len(block)
    _check_whole(reader)
    raise InputError(f"there is no row {row:,}: {', '.join(inputs)} has {seen:,} readable rows")


def _text_file(path: str) -> str:
    try:
        raw = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from error
    return raw.decode("utf-8", "replace")


def _tell(reader: Any, quiet: bool) -> None:
    from mismatch.terminal import say

    for notice in reader.notices:
        say(notice, quiet=quiet)


def _output_format(path: str, reader: Any) -> str:
    """The format that the name gives; on standard output that of the input."""
    from mismatch.records.writing import output_format

    kinds = set(reader.formats.values())
    same = next(iter(kinds)) if path == "-" and len(kinds) == 1 else "jsonl"
    return output_format(path, same)


def _say_rejected(n: int, kept_in: Path | None) -> None:
    """Said even if quiet: rows that nobody can read are something wrong."""
    from mismatch.terminal import say

    if n:
        rows = "1 row" if n == 1 else f"{n:,} rows"
        kept = f", kept in {kept_in}" if kept_in else "; --rejected FILE keeps what cannot be read"
        say(f"{rows} could not be read{kept}")


def _check_whole(reader: Any) -> None:
    """Half an input is an error; raised before outputs get their names, so that none looks complete."""
    if reader.problems:
        raise InputError("; ".join(reader.problems) + ". Repair the input, or leave it out")


def _check_outputs(outputs: dict[str, Path | str | None], inputs: list[str] | None = None) -> None:
    """Two outputs in one file would lose one of them; a model over its own training pairs would lose the pairs."""
    taken = {os.path.realpath(path): path for path in inputs or []}
    seen: dict[str, str] = {}
    for option, path in outputs.items():
        if path is None:
            continue
        place = "-" if str(path) == "-" else os.path.realpath(path)
        if place in seen:
            raise InputError(f"{seen[place]} and {option} name the same file, {path}; give each its own")
        if place in taken:
            raise InputError(f"{option} names an input, {path}; give it a file of its own")
        seen[place] = option


def _check_folder(path: Path) -> None:
    if path.is_dir():
        raise InputError(f"{path} is a folder; name a file in it")
    if not path.parent.is_dir():
        raise InputError(f"{path}: there is no folder {path.parent}; make it first")


def _date(given: str | None) -> str | None:
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if given is None and epoch:
        from datetime import UTC, datetime

        try:
            return datetime.fromtimestamp(int(epoch), UTC).date().isoformat()
        except (ValueError, OverflowError, OSError):
            raise InputError(f"SOURCE_DATE_EPOCH={epoch!r} is not a number of seconds") from None
    return given


def _versions() -> dict[str, str]:
    from importlib.metadata import version

    import mismatch

    names = ("scikit-learn", "numpy", "numba", "pyarrow")
    return {"mismatch": mismatch.__version__, **{name: version(name) for name in names}}


def _write_suspects(path: Path, table: Any, training: Any) -> None:
    import json

    from mismatch.records.output_file import OutputFile

    probability = training.model.calibration.probability(training.suspect_scores)
    output = OutputFile(path)
    try:
        for row, p in zip(training.suspects.tolist(), probability.tolist(), strict=True):
            line = {"row": row + 1, "id": table["id"][row].as_py(), "source": table["source"][row].as_py(),
                    "title": table["title"][row].as_py(), "body_begins": (table["body"][row].as_py() or "")[:200],
                    "mismatch_probability": round(p, 6)}  # fmt: skip
            output.write(json.dumps(line, ensure_ascii=False).encode("utf-8", "replace") + b"\n")
    except BaseException:
        output.discard()
        raise
    output.commit()


def main() -> None:
    """Runs the command line; every expected error is one line on standard error and an exit code."""
    run(app, "mismatch")


if __name__ == "__main__":
    main()
