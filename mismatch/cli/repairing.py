"""`mismatch repair`: for each stray title the body of the batch that it belongs to."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from mismatch.cli import fast_start
from mismatch.cli.enough import Enough, too_little
from mismatch.cli.input_options import InputOptions
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
    Limits,
    ModelOption,
    ModelSha256,
    PageMemory,
    PageSeconds,
    Quiet,
    Quote,
    Rejected,
    SafeCsv,
    Source,
    Table,
    Threads,
    Title,
    WithBody,
    between_0_and_1,
)
from mismatch.cli.outputs import check_outputs, output_format_of
from mismatch.cli.reading import check_whole, say_closing_words, say_notices, say_rejected
from mismatch.errors import InputError

if TYPE_CHECKING:
    from mismatch.batch.better_bodies import BetterBodies
    from mismatch.judging.scorer import Scorer
    from mismatch.records.reading import Reader


def repair(
    inputs: Inputs,
    out: Annotated[str, typer.Option("--out", "-o", metavar="FILE", help="Where the proposals go, as JSON lines. - is standard output.")] = "-",
    apply: Annotated[str | None, typer.Option("--apply", metavar="FILE", help="Also write all rows, the proposed bodies in place; everything else stays as it is.", show_default=False)] = None,
    log: Annotated[str | None, typer.Option("--log", metavar="FILE", help="With --apply: every change, as JSON lines. By default FILE.log.jsonl.", show_default=False)] = None,
    min_probability: Annotated[float, typer.Option("--min-probability", metavar="P", callback=between_0_and_1, help="Propose nothing that is less likely right.")] = 0.5,
    rejected: Rejected = None, model: ModelOption = "starter", format: Format = None, title: Title = None, body: Body = None,
    source: Source = None, id: Id = None, threads: Threads = None, adapt: Adapt = None, limit: Limits = None,
    model_sha256: ModelSha256 = None, with_body: WithBody = False, page_seconds: PageSeconds = 30, page_memory: PageMemory = 2048,
    delimiter: Delimiter = None, quote: Quote = None, encoding: Encoding = None, table: Table = None, bodies: Bodies = None,
    safe_csv: SafeCsv = False, quiet: Quiet = False,
) -> None:  # fmt: skip
    """Finds for each stray title the body in the batch that it belongs to, each body for one title at most.

    Rows that carry verdicts (the output of score) keep them; others are judged on the way. Rows are counted from 1 in the order
    of the input, as explain --row counts them.

    Example: mismatch repair scrapes.jsonl --out proposals.jsonl --apply repaired.jsonl
    """
    fast_start.start()
    from mismatch.batch.repair import find_repairs
    from mismatch.batch.scored import ScoredRows
    from mismatch.judging.tally import Tally
    from mismatch.records.known_formats import written_format
    from mismatch.records.output.output_file import OutputFile
    from mismatch.records.quarantine import Quarantine
    from mismatch.records.stores.address import without_options
    from mismatch.report.console import say

    if log is not None and apply is None:
        raise InputError("--log goes with --apply: without it nothing is changed")
    if apply is not None:
        log = log or ("-" if apply == "-" else f"{apply}.log.jsonl")
    for option, path in (("--out", out), ("--log", log)):
        if path not in (None, "-") and written_format(without_options(path), "jsonl") != "jsonl":
            raise InputError(f"{option} {path}: this is written as JSON lines; give the file a name that ends with .jsonl")
    check_outputs({"--out": out, "--apply": apply, "--log": log, "--rejected": rejected}, inputs, format, [model], bodies)
    given = InputOptions(
        format=format, title=title, body=body, source=source, id=id, delimiter=delimiter, quote=quote, encoding=encoding,
        table=table, bodies=bodies, limit=limit, with_body=with_body, page_seconds=page_seconds, page_memory=page_memory,
    )  # fmt: skip
    scorer = load_scorer(model, sha256=model_sha256)
    reader = given.reader(inputs)
    if apply is not None and reader.bytes_total is None:
        raise InputError("--apply reads the input twice, and a pipe can be read once; write it to a file first")
    say_notices(reader, quiet)
    with OutputFile(out) as proposals, Quarantine(rejected, given.bounds().rejected) as quarantine:
        scored = ScoredRows(reader, scorer, adapt=adapt, always_adapt=True, threads=threads)
        say(scored.words, quiet=quiet)
        found = find_repairs(scored, quarantine, least=min_probability, threads=threads)
        check_whole(reader)
        for proposal in found.proposals:
            proposals.write(json.dumps(proposal.as_dict(), ensure_ascii=False).encode("utf-8", "replace") + b"\n")
        if apply is not None:
            from mismatch.batch.applying import apply_repairs

            again = given.reader(inputs), given.reader(inputs)
            applied = apply_repairs(
                again, found, apply, log or "-", output_format_of(apply, again[1]), quarantine, scorer=scored.scorer,
                safe_csv=safe_csv,
            )  # fmt: skip
            left = f"; {applied.left:,} rows keep a body that another row got too" if applied.left else ""
            say(f"{applied.rows:,} rows written to {apply}, {applied.changed:,} with another body{left}", quiet=quiet)
    say_closing_words(reader.closing_words(), quiet)
    say(
        f"{found.n_rows:,} rows, about {found.n_flagged:,.0f} stray: the bodies of {len(found.proposals):,} titles are found",
        quiet=quiet,
    )
    problem = too_little(Tally(rows=found.n_rows), quarantine, Enough(), inputs=inputs, kept_in=rejected)
    if problem is not None:
        raise InputError(problem)
    say_rejected(quarantine.count, rejected)


def look_at_batch(
    reader: Reader, scorer: Scorer, *, adapt: bool | None, threads: int | None
) -> tuple[Scorer, BetterBodies, str]:
    """The scorer adapted to a batch, what its rows say of one another's verdicts, and one line for standard error."""
    from mismatch.batch.better_bodies import BetterBodies
    from mismatch.batch.repair import find_repairs
    from mismatch.batch.scored import ScoredRows
    from mismatch.records.quarantine import Quarantine

    scored = ScoredRows(reader, scorer, adapt=adapt, always_adapt=True, threads=threads)
    with Quarantine(None) as quarantine:
        found = find_repairs(scored, quarantine, threads=threads)
    n = len(found.proposals)
    return (
        scored.scorer,
        BetterBodies(found.proposals),
        f"{scored.words}; {n:,} titles fit the body of another row far better",
    )
