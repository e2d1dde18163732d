"""`mismatch explain` and `mismatch evaluate`: one article in words, many in figures."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Annotated

import typer

from mismatch.cli.input_options import InputOptions, reading
from mismatch.cli.models import load_scorer, named_after_file
from mismatch.cli.options import (
    Adapt,
    Inputs,
    ModelOption,
    ModelSha256,
    Prior,
    Quiet,
    Rejected,
    Report,
    Thorough,
    not_negative,
)
from mismatch.cli.outputs import check_outputs, check_report, write_page
from mismatch.cli.reading import labels_of, pairs_of_inputs, read_row, read_text
from mismatch.errors import InputError


@reading("title", "topic", "label", "with_body")
def explain(
    inputs: Annotated[list[str] | None, typer.Argument(metavar="[INPUT]", help="A file; choose the row with --row.", show_default=False)] = None,
    title: Annotated[str | None, typer.Option("--title", metavar="TEXT", help="The title; with INPUT, the column of titles.", show_default=False)] = None,
    body_text: Annotated[str | None, typer.Option("--body-text", metavar="TEXT", help="The body.", show_default=False)] = None,
    body_file: Annotated[str | None, typer.Option("--body-file", metavar="FILE", help="A text file with the body; - is standard input.", show_default=False)] = None,
    row: Annotated[int, typer.Option("--row", metavar="N", min=1, help="Row of INPUT, counted from 1.")] = 1,
    model: ModelOption = "starter", model_sha256: ModelSha256 = None, adapt: Adapt = None, quiet: Quiet = False,
    given: InputOptions = InputOptions(),
) -> None:  # fmt: skip
    """One article in words: the verdict, and which terms of the title are in the body, where, and which are not.

    Example: mismatch explain --title "KXIP vs KKR Live Score" --body-file body.txt
    """
    from mismatch.judging.explanation import explain as explain_pair
    from mismatch.judging.explanation import in_words

    if inputs and (body_text is not None or body_file is not None):
        raise InputError("INPUT has its own bodies: give it without --body-text and --body-file, or leave it out")
    if body_text is not None and body_file is not None:
        raise InputError("--body-text and --body-file are both the body; give one of them")
    check_outputs({}, inputs or [], given.format, [model], body_file or given.bodies)
    scorer = load_scorer(model, sha256=model_sha256)
    if inputs:
        asked = replace(given, title=title)
        scorer, (text_title, text_body, text_source) = read_row(inputs, row, asked, scorer, adapt=adapt, quiet=quiet)
    elif title is not None and (body_text is None) != (body_file is None):
        text_title, text_body, text_source = title, body_text, given.source
        if body_file is not None:
            text_body = read_text(body_file)
    else:
        raise InputError("give --title with --body-text or --body-file, or a file and --row")
    from mismatch.records.output.outside_text import safe

    for line in in_words(explain_pair(scorer, text_title, text_body, text_source)):
        typer.echo(safe(line, 400) if line.strip() else "")


@reading("with_body")
def evaluate(
    inputs: Inputs,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    report: Report = None,
    compare: Annotated[str | None, typer.Option("--compare", metavar="MODEL", help="A second model to measure on the same pairs.", show_default=False)] = None,
    compare_sha256: Annotated[str | None, typer.Option("--compare-sha256", metavar="DIGEST", help="End with 3 unless the file of --compare has this SHA-256.", show_default=False)] = None,
    prior: Prior = None,
    cost_false_flag: Annotated[float | None, typer.Option("--cost-false-flag", metavar="COST", callback=not_negative, help="What a false flag costs; finds the cheapest cut.", show_default=False)] = None,
    cost_miss: Annotated[float | None, typer.Option("--cost-miss", metavar="COST", callback=not_negative, help="What a missed mismatch costs, in the same unit.", show_default=False)] = None,
    swaps: Annotated[bool, typer.Option("--swaps", help="Leave labels aside and measure against swapped pairs.")] = False,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the swaps and the bootstrap.")] = 0,
    rejected: Rejected = None, model: ModelOption = "starter", model_sha256: ModelSha256 = None, thorough: Thorough = False,
    adapt: Adapt = None, quiet: Quiet = False, given: InputOptions = InputOptions(),
) -> None:  # fmt: skip
    """Measures a model: AUROC, recall at 0.1 %, 1 % and 5 % false flags, calibration, by source, topic, script and length.

    With labels (a column `label`, or --label) against the labels, otherwise real pairs against swapped ones.

    Example: mismatch evaluate archive.jsonl --model models/mine.joblib --report evaluation.html
    """
    import json

    from mismatch.evaluation import evaluation
    from mismatch.judging import adaptation
    from mismatch.report import tables
    from mismatch.report.console import say

    read = [model] if compare is None else [model, compare]
    check_outputs({"--report": report, "--rejected": rejected}, inputs, given.format, read, given.bodies)
    if compare_sha256 is not None and compare is None:
        raise InputError("--compare-sha256 goes with --compare MODEL")
    if report == "-" and as_json:
        raise InputError("--json and --report - both write to standard output; give the report a file")
    scorers = [load_scorer(model, sha256=model_sha256)]
    if compare is not None:
        scorers.append(load_scorer(compare, sha256=compare_sha256))
    models = [scorer.model for scorer in scorers]
    if compare is not None:  # two cards may bear one name
        models = [named_after_file(loaded, path) for loaded, path in zip(models, (model, compare), strict=True)]
    if thorough:
        models = [replace(loaded, first_look=None) for loaded in models]
    check_report(report)
    table, _ = pairs_of_inputs(inputs, given, rejected, quiet, scorers[0])
    labels = None if swaps else labels_of(table, given.label, quiet)
    if adapt is not False:
        models = [loaded if loaded.is_adapted and not adapt else adaptation.adapt(loaded, table).model for loaded in models]
    setup = evaluation.Setup(prior, cost_false_flag, cost_miss, seed)
    result: evaluation.Evaluation | evaluation.Comparison
    if compare is None:
        result = evaluation.evaluate(models[0], table, labels=labels, setup=setup)
        measured = [result]
    else:
        result = evaluation.compare(models[0], models[1], table, labels=labels, setup=setup)
        measured = [result.first, result.second]
    warnings = [warning for one in measured if (warning := one.warning)]
    for warning in warnings:
        say(warning, quiet=quiet)
    if report is not None:
        from mismatch.report.evaluation_page import evaluation_page

        write_page(report, evaluation_page(result, inputs))
    if as_json:
        from mismatch.records.output.outside_text import harmless_json

        typer.echo(harmless_json(json.dumps(result.as_dict(), ensure_ascii=False, indent=1, allow_nan=False)))
        return
    if report == "-":
        return
    if quiet or not (sys.stdout.isatty() and sys.stderr.isatty()):
        tables.print_warnings(warnings)  # whoever reads the table alone is told too
    if isinstance(result, evaluation.Comparison):
        tables.print_comparison(result)
    else:
        tables.print_evaluation(result)
