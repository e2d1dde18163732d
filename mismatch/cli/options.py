"""The options that several commands share, each with its words for the help, and what an option's value may be."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from mismatch.records.bounds import LIMIT_NAMES
from mismatch.records.columns import USUAL_NAMES, few
from mismatch.records.known_formats import FORMATS


def between_0_and_1(value: float) -> float:
    if not 0 < value < 1:
        raise typer.BadParameter(f"{value:g} does not lie between 0 and 1")
    return value


def between_or_none(value: float | None) -> float | None:
    return value if value is None else between_0_and_1(value)


def not_negative(value: float | None) -> float | None:
    if value is not None and not 0 <= value < float("inf"):
        raise typer.BadParameter(f"{value:g} is no cost")
    return value


def _column(role: str, of: str) -> Any:
    usual = few(USUAL_NAMES[role])
    return typer.Option(f"--{role}", metavar="COLUMN", help=f"Column of {of}; tried by itself: {usual}.", show_default=False)


Inputs = Annotated[
    list[str],
    typer.Argument(
        metavar="INPUT…",
        help="Files, globs, folders, addresses (s3://, gs://, hdfs://), or - for standard input.",
        show_default=False,
    ),
]
ModelOption = Annotated[str, typer.Option("--model", metavar="MODEL", help="A model file, or 'starter'.")]
ModelSha256 = Annotated[
    str | None,
    typer.Option(
        "--model-sha256", metavar="DIGEST", help="End with 3 unless the model's file has this SHA-256.", show_default=False
    ),
]
Limits = Annotated[
    list[str] | None,
    typer.Option(
        "--limit",
        metavar="NAME=VALUE",
        help=f"Another bound than usual on the input; may be repeated. Names: {', '.join(LIMIT_NAMES)}.",
        show_default=False,
    ),
]
Format = Annotated[
    str | None,
    typer.Option("--format", help=f"Format of the input: {', '.join(FORMATS)}.", show_default=False),
]
Title = Annotated[str | None, _column("title", "titles")]
Body = Annotated[str | None, _column("body", "bodies")]
Source = Annotated[str | None, _column("source", "sources")]
Id = Annotated[str | None, _column("id", "ids")]
Topic = Annotated[str | None, _column("topic", "topics")]
Label = Annotated[str | None, _column("label", "labels (match / mismatch)")]
Delimiter = Annotated[
    str | None,
    typer.Option(
        "--delimiter",
        metavar="C",
        help="What separates the cells of a table; found out by itself. tab is a tab.",
        show_default=False,
    ),
]
Quote = Annotated[
    str | None,
    typer.Option(
        "--quote", metavar="C", help="What quotes the cells of a table, or none; found out by itself.", show_default=False
    ),
]
Encoding = Annotated[
    str | None,
    typer.Option(
        "--encoding", metavar="NAME", help="Encoding of the text, such as cp1252; that of tables is found out by itself.",
        show_default=False,
    ),
]  # fmt: skip
Table = Annotated[
    str | None,
    typer.Option("--table", metavar="NAME", help="Table of a database, or sheet of a workbook.", show_default=False),
]
Bodies = Annotated[
    str | None,
    typer.Option(
        "--bodies", metavar="FILE", help="A file with the bodies, where INPUT has titles alone; both have an id column.",
        show_default=False,
    ),
]  # fmt: skip
SafeCsv = Annotated[
    bool,
    typer.Option(
        "--safe-csv",
        help="In CSV and TSV output, put ' before text that a spreadsheet would run as a formula (it begins with =, +, -, @, a tab or a return, and is no number). Without it cells are written as they are.",
    ),
]
Rejected = Annotated[
    str | None,
    typer.Option(
        "--rejected", metavar="FILE", help="Where rows go that cannot be read, with the reason.", show_default=False
    ),
]
WithBody = Annotated[
    bool, typer.Option("--with-body", help="Of HTML pages, also write the text that was found, as the column body.")
]
PageSeconds = Annotated[
    float,
    typer.Option(
        "--page-seconds", metavar="S", min=0.1, help="Processor time that one HTML page may take; more is rejected."
    ),
]
PageMemory = Annotated[
    int, typer.Option("--page-memory", metavar="MB", min=128, help="Memory that one HTML page may take; more is rejected.")
]
Report = Annotated[
    str | None,
    typer.Option("--report", metavar="FILE.html", help="A page to read, complete in one file.", show_default=False),
]
Prior = Annotated[
    float | None,
    typer.Option(
        "--prior",
        metavar="P",
        callback=between_or_none,
        help="Share of mismatches expected in the stream, for the probabilities; by default the model's.",
        show_default=False,
    ),
]
MaxFalseFlags = Annotated[
    float,
    typer.Option(
        "--max-false-flags", metavar="R", callback=between_0_and_1, help="Flag at most this share of good articles."
    ),
]
Confidence = Annotated[
    float, typer.Option("--confidence", metavar="C", callback=between_0_and_1, help="Confidence of that.")
]
Threads = Annotated[
    int | None, typer.Option("--threads", min=1, help="Worker threads; by default one a core.", show_default=False)
]
Adapt = Annotated[
    bool | None,
    typer.Option(
        "--adapt/--no-adapt",
        help="Whether the model is first adapted to the input; by default only a model that was not adapted to a feed yet.",
        show_default=False,
    ),
]
PartRows = Annotated[
    int,
    typer.Option(
        "--part-rows",
        metavar="N",
        min=1,
        help="With a folder as --out: rows after which a part is complete, if more follow.",
    ),
]
Restart = Annotated[
    bool, typer.Option("--restart", help="With a folder as --out: remove what an earlier run has made, and begin anew.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing on standard error unless something is wrong.")]
Paragraphs = Annotated[
    bool,
    typer.Option(
        "--paragraphs",
        help="Also look for paragraphs that fit neither the title nor the rest of the body (reason foreign_paragraph; no verdict changes); adds 0.3 to 0.9 ms a row.",
    ),
]
Thorough = Annotated[
    bool,
    typer.Option(
        "--thorough",
        help="Read every body to its end, also where its beginning shows that the title belongs to it; about half as fast.",
    ),
]
