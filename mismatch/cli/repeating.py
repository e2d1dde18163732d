"""`mismatch repeats`: one body under many titles, one title over many bodies."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mismatch.cli import fast_start
from mismatch.cli.enough import Enough, count_texts, say_unjudged, too_little
from mismatch.cli.input_options import InputOptions, reading
from mismatch.cli.models import load_scorer
from mismatch.cli.options import (
    Adapt,
    Inputs,
    ModelOption,
    ModelSha256,
    Quiet,
    Rejected,
    SafeCsv,
    Threads,
)
from mismatch.cli.outputs import check_outputs, check_place, check_rows_file, output_format_of
from mismatch.cli.reading import check_whole, say_closing_words, say_notices, say_rejected
from mismatch.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mismatch.batch.repeats import Repeats
    from mismatch.judging.tally import Tally
    from mismatch.records.reading import Reader


@reading("topic", "label")
def repeats(
    inputs: Inputs,
    out: Annotated[str | None, typer.Option("--out", "-o", metavar="FILE", help="Where all rows go with their verdicts and the reasons repeated_body and repeated_title; verdicts that rows carry stay.", show_default=False)] = None,
    clusters: Annotated[str | None, typer.Option("--clusters", metavar="FILE", help="Where the clusters go, one JSON object a line, with the numbers of all their rows.", show_default=False)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of words.")] = False,
    rejected: Rejected = None, model: ModelOption = "starter",
    threads: Threads = None, adapt: Adapt = None,
    model_sha256: ModelSha256 = None,
    safe_csv: SafeCsv = False, quiet: Quiet = False,
    given: InputOptions = InputOptions(),
) -> None:  # fmt: skip
    """Finds one body under different titles (a consent page, a default article) and one title over different bodies (a site's name).

    Near-duplicates count as one body. The same title with the same body twice is a re-publication, and no fault.

    Example: mismatch repeats scrapes.jsonl --clusters clusters.jsonl
    """
    import json

    fast_start.start()
    from mismatch.records.output.output_file import OutputFile
    from mismatch.report.repeat_words import print_repeats

    check_outputs(
        {"--out": out, "--clusters": clusters, "--rejected": rejected, "--json": "-" if as_json else None},
        inputs, given.format, [model], given.bodies,
    )  # fmt: skip
    check_rows_file(out)
    check_place(clusters)
    open_reader = partial(given.reader, inputs)
    if out is not None:
        _check_twice(inputs, given.format)
    is_asked_for = out is not None or model != "starter" or model_sha256 is not None
    scorer = load_scorer(model, sha256=model_sha256) if is_asked_for else None
    found, read = _found(
        open_reader, inputs, rejected, given.bounds().rejected, comes_again=out is not None, threads=threads, quiet=quiet
    )
    if clusters is not None:
        with OutputFile(clusters) as file:
            for cluster in found.clusters:
                file.write((json.dumps(cluster.to_plain(), ensure_ascii=False) + "\n").encode("utf-8", "replace"))
    closing_words = read.closing_words()
    if out is not None:
        again = open_reader()
        read.check_unchanged()
        _write_marked(
            found, again, scorer, inputs, out, rejected, given.bounds().rejected,
            adapt=adapt, threads=threads, safe_csv=safe_csv, quiet=quiet,
        )  # fmt: skip
    say_closing_words(closing_words, quiet)
    if as_json:
        from mismatch.records.output.outside_text import harmless_json

        typer.echo(harmless_json(json.dumps(found.to_plain(), ensure_ascii=False, indent=2)))
    else:
        print_repeats(found, to_stderr="-" in (out, clusters))


def _check_twice(inputs: list[str], format: str | None) -> None:
    from mismatch.records.inputs import find_inputs

    for item in find_inputs(inputs, format):
        if item.is_stream:
            raise InputError(
                f"{item.origin}: --out reads the input twice, and this can be read once only; save it to a file first"
            )


def _found(
    open_reader: Callable[[], Reader], inputs: list[str], rejected: str | None, most_rejected: int, *,
    comes_again: bool, threads: int | None, quiet: bool,
) -> tuple[Repeats, Reader]:  # fmt: skip
    """What repeats in the inputs, and the reader at its end. Where the input is read again, that reading keeps the
    rows that cannot be read, and says so."""
    from mismatch.batch.repeats import find_repeats
    from mismatch.judging.tally import Tally
    from mismatch.records.blocks import Block
    from mismatch.records.quarantine import Quarantine
    from mismatch.report import console

    reader, read = open_reader(), Tally()
    say_notices(reader, quiet)
    kept_in = None if comes_again else rejected
    with Quarantine(kept_in, most_rejected) as quarantine, console.progress(reader.bytes_total, quiet=quiet) as bar:

        def on_block(block: Block) -> None:
            quarantine.extend(block.rejects)
            count_texts(read, block.pairs)
            if bar is not None:
                bar(read, reader.bytes_read)

        found = find_repeats(reader, threads=threads, on_block=on_block)
        check_whole(reader)
    problem = too_little(read, quarantine, Enough(), inputs=inputs, kept_in=kept_in)
    if problem is not None:
        raise InputError(problem)
    if not comes_again:
        say_unjudged(read, inputs)
        say_rejected(quarantine.count, rejected)
    return found, reader


def _write_marked(
    found: Repeats, reader: Reader, scorer: Any, inputs: list[str], out: str, rejected: str | None, most_rejected: int, *,
    adapt: bool | None, threads: int | None, safe_csv: bool, quiet: bool,
) -> Tally:  # fmt: skip
    """Writes all rows with their verdicts and the reasons that they get as rows of clusters."""
    from mismatch.batch.scored import ScoredRows, judge_of_carried
    from mismatch.judging import pipeline
    from mismatch.judging.title_choice import judged_block
    from mismatch.records.output.writing import open_sink
    from mismatch.records.quarantine import Quarantine
    from mismatch.report import console

    with (
        open_sink(out, format=output_format_of(out, reader), schema=reader.schema, safe_csv=safe_csv) as sink,
        Quarantine(rejected, most_rejected) as quarantine,
        console.progress(reader.bytes_total, quiet=quiet) as bar,
    ):
        scored = ScoredRows(reader, scorer, adapt=adapt, threads=threads)
        console.say(scored.words, quiet=quiet)
        judge = pipeline.revised(judge_of_carried if scored.carried else judged_block, found.revise)
        tally = pipeline.run(
            reader, scored.scorer, [pipeline.Route(sink)], quarantine, chunks=scored.chunks, threads=threads,
            on_progress=bar, judge=judge,
        )  # fmt: skip
        check_whole(reader)
    console.say(console.summary(tally), quiet=quiet)
    say_unjudged(tally, inputs)
    say_rejected(quarantine.count, rejected)
    return tally
