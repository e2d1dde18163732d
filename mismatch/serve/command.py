"""The options of `mismatch serve`, and the check that what it needs is installed."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from mismatch.errors import InputError, MissingExtraError
from mismatch.serve.settings import TOKEN_VARIABLE, ServiceSettings, read_token

if TYPE_CHECKING:
    from mismatch.serve.opening import ReviewSettings

app = typer.Typer(
    add_completion=False, pretty_exceptions_enable=False, context_settings={"help_option_names": ["-h", "--help"]}
)
_DEFAULT = ServiceSettings()
_PACKAGES = ("fastapi", "uvicorn", "httptools", "orjson", "prometheus_client")


def _option(words: str, panel: str | None = None, **more: Any) -> Any:
    return typer.Option(help=words, rich_help_panel=panel, **more)


def _size(words: str) -> Any:
    return _option(words, "Limits: sizes", metavar="BYTES")


def _count(words: str) -> Any:
    return _option(words, "Limits: numbers", metavar="N")


def _time(words: str) -> Any:
    return _option(words, "Limits: times", metavar="SECONDS")


def _review(words: str, **more: Any) -> Any:
    return _option(words, "Review", show_default=False, **more)


_OF_REVIEW = (
    "review", "labels", "verdict", "min_probability", "of_source", "order", "lease_seconds", "title", "body", "source", "id",
)  # fmt: skip
_ONE_REVIEW = "--review takes one file, or several as a folder or a pattern in quotes ('day*.jsonl')"


@app.command(context_settings={"allow_extra_args": True})
def serve(
    context: typer.Context,
    model: Annotated[str, _option("A model file, or 'starter'. SIGHUP reads it again.", metavar="MODEL")] = _DEFAULT.model,
    model_sha256: Annotated[
        str | None, _option("Refuse a model whose file has another SHA-256.", metavar="DIGEST", show_default=False)
    ] = None,
    host: Annotated[str, _option("Address to listen on; others than loopback need a token.")] = _DEFAULT.host,
    port: Annotated[int, _option("Port; 0 takes a free one and says which.", min=0, max=65535)] = _DEFAULT.port,
    token_file: Annotated[
        Path | None, _option(f"File with the bearer token; else {TOKEN_VARIABLE}.", metavar="FILE", show_default=False)
    ] = None,
    insecure: Annotated[bool, typer.Option("--insecure", help="Listen beyond loopback without a token.")] = False,
    name: Annotated[
        list[str] | None,
        _option("A name that it is called by without a token; may be repeated.", metavar="HOST", show_default=False),
    ] = None,
    adapt: Annotated[
        bool, typer.Option("--adapt", help="Adapt the model to the last 4,096 articles, after each 1,000.")
    ] = False,
    threads: Annotated[int, _option("Threads that judge.", metavar="N")] = _DEFAULT.threads,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing unless something is wrong.")] = False,
    max_body: Annotated[int, _size("One article, a list, an HTML file (413), or a row of a stream.")] = _DEFAULT.max_body,
    max_stream: Annotated[int, _size("A stream of rows (413).")] = _DEFAULT.max_stream,
    max_rows: Annotated[int, _count("Articles in a JSON list (422).")] = _DEFAULT.max_rows,
    max_connections: Annotated[int, _count("Open connections (503).")] = _DEFAULT.max_connections,
    body_seconds: Annotated[float, _time("To receive the body; of a stream, the next piece (408).")] = _DEFAULT.body_seconds,
    work_seconds: Annotated[float, _time("To answer what was received (504).")] = _DEFAULT.work_seconds,
    idle_seconds: Annotated[int, _time("A kept connection without a request.")] = _DEFAULT.idle_seconds,
    drain_seconds: Annotated[float, _time("After SIGTERM requests are still taken for so long.")] = _DEFAULT.drain_seconds,
    review: Annotated[
        list[str] | None,
        _review("A file, a folder or a pattern in quotes, whose flagged rows are looked at, at /review.", metavar="FILE"),
    ] = None,
    labels: Annotated[
        Path | None,
        _review("Where decisions go: a database (.db), or JSON lines with a database beside.", metavar="FILE|DB"),
    ] = None,
    verdict: Annotated[list[str] | None, _review("Rows with this verdict; may be repeated.", metavar="VERDICT")] = None,
    min_probability: Annotated[float | None, _review("Rows from this probability on.", metavar="P", min=0, max=1)] = None,
    of_source: Annotated[str | None, _review("Rows of this source alone.", metavar="NAME")] = None,
    order: Annotated[str | None, _review("strongest (first), weakest, or file.")] = None,
    lease_seconds: Annotated[float | None, _review("A row is one person's for so long.", metavar="SECONDS")] = None,
    title: Annotated[str | None, _review("Column of titles in FILE.", metavar="COLUMN")] = None,
    body: Annotated[str | None, _review("Column of bodies.", metavar="COLUMN")] = None,
    source: Annotated[str | None, _review("Column of sources.", metavar="COLUMN")] = None,
    id: Annotated[str | None, _review("Column of ids.", metavar="COLUMN")] = None,
) -> None:
    """HTTP service and web page: POST /score, POST /explain, a page at /, the manual at /docs.

    Example: mismatch serve --port 8000 --model models/mine.joblib
    """
    given = dict(locals())
    if context.args:
        raise InputError(f"{context.args[0]}: serve takes no inputs; {_ONE_REVIEW}")
    del given["context"]
    if review is not None and len(review) > 1:
        raise InputError(f"--review is given {len(review)} times; {_ONE_REVIEW}")
    given["review"] = review[0] if review else None
    options = {name: value for name, value in given.items() if name not in _OF_REVIEW}
    options["name"] = tuple(name or ())
    options["token"] = read_token(options.pop("token_file"))
    settings = ServiceSettings(**options)
    chosen = {name: given[name] for name in _OF_REVIEW if given[name] not in (None, [])}
    if chosen and not review:
        raise InputError(f"--{next(iter(chosen)).replace('_', '-')} goes with --review FILE")
    require_packages()
    from mismatch.serve.server import run

    reviewed = _reviewed(**chosen) if review else None
    if reviewed is not None:
        reviewed.keep_apart_from_model(model)
    run(settings, reviewed)


def _reviewed(
    review: str, labels: Path | None = None, verdict: Sequence[str] = (), min_probability: float | None = None,
    of_source: str | None = None, order: str = "strongest", lease_seconds: float = 600.0, **columns: str,
) -> ReviewSettings:  # fmt: skip
    from mismatch.batch.review.flagged import Choice
    from mismatch.records.columns import ColumnChoice
    from mismatch.serve.opening import ReviewSettings

    choice = Choice(tuple(verdict), min_probability, of_source, order)
    return ReviewSettings(review, labels, choice, ColumnChoice(**cast(Any, columns)), lease_seconds)


def require_packages() -> None:
    """Raises MissingExtraError naming what of the extra `serve` is not installed."""
    missing = [name for name in _PACKAGES if not _is_installed(name)]
    if missing:
        raise MissingExtraError(f"the service needs {', '.join(missing)}", "serve")


def _is_installed(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False
