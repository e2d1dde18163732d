"""The options of `mismatch serve`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from mismatch.serve.settings import TOKEN_VARIABLE, Settings, read_token

app = typer.Typer(
    add_completion=False, pretty_exceptions_enable=False, context_settings={"help_option_names": ["-h", "--help"]}
)
_DEFAULT = Settings()


def _option(words: str, panel: str | None = None, **more: Any) -> Any:
    return typer.Option(help=words, rich_help_panel=panel, **more)


def _size(words: str) -> Any:
    return _option(words, "Limits: sizes", metavar="BYTES")


def _count(words: str) -> Any:
    return _option(words, "Limits: numbers", metavar="N")


def _time(words: str) -> Any:
    return _option(words, "Limits: times", metavar="SECONDS")


@app.command()
def serve(
    model: Annotated[str, _option("A model file, or 'starter'. SIGHUP reads it again.", metavar="MODEL")] = _DEFAULT.model,
    host: Annotated[str, _option("Address to listen on; others than loopback need a token.")] = _DEFAULT.host,
    port: Annotated[int, _option("Port; 0 takes a free one and says which.", min=0, max=65535)] = _DEFAULT.port,
    token_file: Annotated[
        Path | None, _option(f"File with the bearer token; else {TOKEN_VARIABLE}.", metavar="FILE", show_default=False)
    ] = None,
    insecure: Annotated[bool, typer.Option("--insecure", help="Listen beyond loopback without a token.")] = False,
    threads: Annotated[int, _option("Threads that judge.", metavar="N")] = _DEFAULT.threads,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing unless something is wrong.")] = False,
    max_body: Annotated[int, _size("Request body: one article, several, an HTML file (413).")] = _DEFAULT.max_body,
    max_explain: Annotated[int, _size("Title and body in /explain (413).")] = _DEFAULT.max_explain,
    max_stream: Annotated[int, _size("A stream of rows (413).")] = _DEFAULT.max_stream,
    max_row: Annotated[int, _size("One row of a stream; a longer one becomes an error line.")] = _DEFAULT.max_row,
    max_held: Annotated[int, _size("All request bodies in memory (503).")] = _DEFAULT.max_held,
    max_head: Annotated[int, _size("Request line and headers (431).")] = _DEFAULT.max_head,
    max_rows: Annotated[int, _count("Articles in a JSON list (422).")] = _DEFAULT.max_rows,
    max_batch: Annotated[int, _count("Articles judged in one pass.")] = _DEFAULT.max_batch,
    max_queue: Annotated[int, _count("Articles waiting to be judged (503).")] = _DEFAULT.max_queue,
    max_requests: Annotated[int, _count("Requests at work at once (503).")] = _DEFAULT.max_requests,
    max_streams: Annotated[int, _count("Streams at once (503).")] = _DEFAULT.max_streams,
    max_slow: Annotated[int, _count("Explanations and HTML files at once (503).")] = _DEFAULT.max_slow,
    max_connections: Annotated[int, _count("Open connections (503).")] = _DEFAULT.max_connections,
    batch_wait: Annotated[float, _time("The first article of a batch waits for company.")] = _DEFAULT.batch_wait,
    head_seconds: Annotated[float, _time("To receive the headers (408).")] = _DEFAULT.head_seconds,
    body_seconds: Annotated[float, _time("To receive the body; of a stream, the next piece (408).")] = _DEFAULT.body_seconds,
    work_seconds: Annotated[float, _time("To answer what was received (504).")] = _DEFAULT.work_seconds,
    idle_seconds: Annotated[float, _time("A kept connection without a request.")] = _DEFAULT.idle_seconds,
    drain_seconds: Annotated[float, _time("After SIGTERM requests are still taken for so long.")] = _DEFAULT.drain_seconds,
    stop_seconds: Annotated[float, _time("Then requests at work have so long to end.")] = _DEFAULT.stop_seconds,
) -> None:
    """HTTP service and web page: POST /score, POST /explain, a page at /, the manual at /docs.

    Example: mismatch serve --port 8000 --model models/mine.joblib
    """
    options = dict(locals())
    options["token"] = read_token(options.pop("token_file"))
    settings = Settings(**options)
    from mismatch.serve.server import run

    run(settings)
