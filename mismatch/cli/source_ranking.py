"""`mismatch sources`: the sources of a stream, ranked by how surely they got worse."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

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
    Prior,
    Quiet,
    Rejected,
    Threads,
)
from mismatch.cli.outputs import check_folder, check_outputs
from mismatch.cli.reading import check_whole, say_closing_words, say_notices, say_rejected
from mismatch.cli.stopping import end_if_stopped, finishing
from mismatch.errors import InputError

if TYPE_CHECKING:
    from mismatch.batch.baseline import Baseline
    from mismatch.batch.days import Days
    from mismatch.batch.drift import SampledPairs
    from mismatch.batch.scored import ScoredRows
    from mismatch.batch.source_counts import SourceCounts
    from mismatch.judging.tally import Tally
    from mismatch.records.quarantine import Quarantine


@reading("topic", "label")
def sources(
    inputs: Inputs,
    baseline: Annotated[str | None, typer.Option("--baseline", metavar="FILE", help="What the sources are held against: a file that --save-baseline has written. Without it they are held against each other.", show_default=False)] = None,
    save_baseline: Annotated[str | None, typer.Option("--save-baseline", metavar="FILE", help="Where what is found goes, for a later --baseline.", show_default=False)] = None,
    out: Annotated[str | None, typer.Option("--out", "-o", metavar="FILE", help="Where all sources go, one JSON object a line, ranked.", show_default=False)] = None,
    date: Annotated[str | None, typer.Option("--date", metavar="COLUMN", help="Column of dates, for since when; tried by itself: date, published, pubdate and the like.", show_default=False)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    rejected: Rejected = None, model: ModelOption = "starter",
    prior: Prior = None, threads: Threads = None, adapt: Adapt = None,
    model_sha256: ModelSha256 = None,
    quiet: Quiet = False,
    given: InputOptions = InputOptions(),
) -> None:  # fmt: skip
    """Ranks the sources by how surely they got worse: rows, flagged, rate, change, the reason that dominates, since when.

    Rows that carry verdicts (the output of `mismatch score`) keep them, others are judged. Few rows do not lead the list.

    Example: mismatch sources today.jsonl --baseline last_week.json
    """
    import json

    fast_start.start()
    from mismatch.batch import baseline as baselines
    from mismatch.batch.days import Days
    from mismatch.batch.drift import SampledPairs, drift_of
    from mismatch.batch.scored import ScoredRows
    from mismatch.batch.source_counts import SourceCounts
    from mismatch.batch.sources import report_on
    from mismatch.judging.tally import Tally
    from mismatch.records.quarantine import Quarantine
    from mismatch.report import console
    from mismatch.report.source_words import print_sources

    _check_files(save_baseline, out)
    check_outputs(
        {"--out": out, "--save-baseline": save_baseline, "--rejected": rejected, "--json": "-" if as_json else None},
        inputs, given.format, [model], given.bodies, baseline,
    )  # fmt: skip
    before = baselines.load_baseline(baseline) if baseline is not None else None
    scorer = load_scorer(model, prior, sha256=model_sha256)
    reader = given.reader(inputs)
    say_notices(reader, quiet)
    counts, days, sample = SourceCounts(), Days(date), SampledPairs()
    with (
        Quarantine(rejected, given.bounds().rejected) as quarantine,
        console.progress(reader.bytes_total, quiet=quiet) as bar,
        finishing(reader),
    ):
        rows = ScoredRows(reader, scorer, adapt=adapt, threads=threads)
        console.say(rows.words, quiet=quiet)
        judged = Tally()
        rows.watch(counted(judged))
        read = _count(
            rows, counts, days, sample, quarantine, None if bar is None else lambda tally: bar(tally, reader.bytes_read)
        )
        check_whole(reader)
    say_closing_words(reader.closing_words(), quiet)
    problem = too_little(read, quarantine, Enough(), inputs=inputs, kept_in=rejected)
    if problem is not None:
        raise InputError(problem)
    if save_baseline is not None and not counts.whole.rows:
        raise InputError(f"{', '.join(inputs)}: there are no rows, which is no baseline; {save_baseline} is not written")
    say_unjudged(judged, inputs)
    say_rejected(quarantine.count, rejected)
    used = None if rows.carried else _told_apart(model)
    _say_of_columns(reader, days, date, quiet)
    _say_of_models(before, used, quiet)
    report = report_on(counts, before, by_day=days.column is not None)
    drift = None if rows.carried else drift_of(scorer, sample.table)
    if save_baseline is not None:
        baselines.save_baseline(save_baseline, counts, used)
    if out is not None:
        _write(out, [report.one_as_plain(one) for one in report.sources])
    if as_json:
        plain = {**report.to_plain(), "drift": None if drift is None else drift.to_plain()}
        from mismatch.records.output.outside_text import harmless_json

        typer.echo(harmless_json(json.dumps(plain, ensure_ascii=False, indent=2, allow_nan=False)))
    else:
        print_sources(report, drift, to_stderr="-" in (out, save_baseline))
    end_if_stopped(reader, read)


def _check_files(save_baseline: str | None, out: str | None) -> None:
    """Said before the work: a folder that is missing, a name that asks for something else."""
    from mismatch.records.known_formats import written_format
    from mismatch.records.stores.address import without_options

    for path in (save_baseline, out):
        if path is not None and path != "-":
            check_folder(path)
    if out is not None and out != "-" and written_format(without_options(out)) not in ("jsonl", "json"):
        raise InputError(f"{out}: sources are written as JSON lines; give the file a name that ends with .jsonl")


def _count(
    rows: ScoredRows, counts: SourceCounts, days: Days, sample: SampledPairs, quarantine: Quarantine, on_progress: Any
) -> Tally:
    """Counts all rows; returns how many came, with their verdicts."""
    from mismatch.judging.tally import Tally

    read = Tally()
    for scored, block in rows:
        quarantine.extend(block.rejects)
        numbers = scored.column("verdict").to_numpy(zero_copy_only=False)
        if len(block):
            first_row = scored.column("row")[0].as_py()
            counts.add(scored.column("source"), numbers, scored.column("reasons"), first_row, days.of(block))
            if not rows.carried:
                sample.add(scored)
        read.rows += len(block)
        read.verdicts, read.reasons = counts.whole.verdicts, counts.whole.reasons
        if on_progress is not None:
            on_progress(read)
    return read


def _say_of_columns(reader: Any, days: Days, asked: str | None, quiet: bool) -> None:
    from mismatch.report.console import say

    if all(columns.source is None for columns in reader.columns.values()):
        say("no column of sources was found, so that all rows count as one; --source names it", quiet=quiet)
    if days.column is not None and asked is None:
        say(f"dates from the column {days.column!r}; --date names another", quiet=quiet)
    if days.column is None and days.unreadable is not None:
        say(f"the column {days.unreadable!r} has no dates that can be read: since when is told by rows", quiet=quiet)
    if days.column is not None and days.unknown:
        say(f"{days.unknown:,} rows have no date that can be read in {days.column!r}; they count, but not for since when")


def _say_of_models(before: Baseline | None, used: str | None, quiet: bool) -> None:
    from mismatch.report.console import say

    if before is not None and used is not None and before.model is not None and before.model != used:
        say("the baseline was judged by another model: part of any change may be the model's", quiet=quiet)


def _told_apart(model: str) -> str:
    """What tells a model's file from others."""
    import hashlib

    from mismatch.model.starter import model_path

    with model_path(model).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write(path: str, lines: list[dict[str, Any]]) -> None:
    import json

    from mismatch.records.output.output_file import OutputFile

    with OutputFile(path) as file:
        for line in lines:
            file.write((json.dumps(line, ensure_ascii=False, allow_nan=False) + "\n").encode("utf-8", "replace"))
