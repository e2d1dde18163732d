"""Rows in, the same rows with the verdict columns out: JSON lines, CSV or TSV of any length in constant memory."""

from __future__ import annotations

import asyncio
import functools
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, BinaryIO, cast
from urllib.parse import parse_qsl

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from mismatch.errors import MismatchError
from mismatch.judging.scorer import Scorer
from mismatch.records.blocks import Block, Reject
from mismatch.records.columns import ColumnChoice
from mismatch.records.compression import compression_of
from mismatch.records.output.encoding import Encoder
from mismatch.records.reading import Reader
from mismatch.serve.admission import drain
from mismatch.serve.application.spool import Feed, Spool
from mismatch.serve.metrics import Metrics
from mismatch.serve.problems import ClientGone, Problem, busy
from mismatch.serve.settings import ServiceSettings

FORMATS = {
    b"application/x-ndjson": "jsonl",
    b"application/ndjson": "jsonl",
    b"application/jsonl": "jsonl",
    b"text/csv": "csv",
    b"text/tab-separated-values": "tsv",
}
CONTENT_TYPE = b"application/x-ndjson"
MAX_STREAMS = 4
"""each has a thread that is always busy; more would only slow each other down and everything else"""
_PIECE = 1 << 16
_CHUNK = 1 << 18
_FLAG = re.compile(r"--(title|body|source|id)(?: COLUMN)?\b")
Judged = Callable[[dict[str, int], int], object]


@dataclass(frozen=True)
class StreamOptions:
    """What the query says: which columns, and whether only the id and the verdict columns are wanted."""

    columns: ColumnChoice
    only: bool

    @staticmethod
    def parse(query: bytes) -> StreamOptions:
        """From a query string; Problem 422 for one that is not understood."""
        given = dict(parse_qsl(query.decode("ascii", "replace"), keep_blank_values=True, errors="replace"))
        only = given.pop("only", "false").lower()
        names = {role: given.pop(role) for role in ("title", "body", "source", "id") if given.get(role)}
        if given:
            raise Problem(422, f"unknown query parameter {next(iter(given))[:40]!r}; known: title, body, source, id, only")
        if only not in ("true", "false", "1", "0", ""):
            raise Problem(422, "only is true or false")
        return StreamOptions(ColumnChoice(**cast(Any, names)), only in ("true", "1", ""))


class Streams:
    """The streams at work, each with a thread of its own; at most `MAX_STREAMS`."""

    def __init__(self, settings: ServiceSettings, metrics: Metrics) -> None:
        self._settings, self._metrics = settings, metrics
        self._pool = ThreadPoolExecutor(MAX_STREAMS, "stream")
        self._open = 0

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def answer(
        self, receive: Any, send: Any, *, scorer: Scorer, format: str, options: StreamOptions, declared: int | None,
        headers: list[tuple[bytes, bytes]], wait: bool = False,
    ) -> None:  # fmt: skip
        """Reads the stream, judges it, sends the rows.

        Parameters
        ----------
        wait
            Begin the answer only when the stream has arrived whole: nginx stops sending it once an answer begins.

        Raises
        ------
        Problem
            Before the answer has begun. Later, a last line `{"error": ...}` says what went wrong, and the connection is
            closed without the end of the answer.
        """
        limit = self._settings.max_stream
        if declared is not None and declared > limit:
            await drain(receive)
            raise Problem(413, f"the stream is larger than {limit:,} bytes", connection="close")
        if self._open >= MAX_STREAMS:
            raise busy(f"{self._open} streams are at work")
        loop, news = asyncio.get_running_loop(), asyncio.Event()
        feed, spool = Feed(), Spool(lambda: loop.call_soon_threadsafe(news.set))
        self._open += 1
        judged = functools.partial(loop.call_soon_threadsafe, cast(Any, self._metrics.judged))
        judge = functools.partial(_judge_stream, feed, spool, scorer, format, options, self._settings.max_body, judged)
        work = loop.run_in_executor(self._pool, judge)
        intake = asyncio.create_task(self._take_in(receive, feed, limit))
        intake.add_done_callback(lambda _: news.set())
        work.add_done_callback(lambda _: news.set())
        try:
            await self._send_out(send, spool, news, work, intake, headers, wait)
        finally:
            intake.cancel()
            feed.fail(ClientGone())
            work.add_done_callback(lambda done: self._end(done, spool))

    def _end(self, work: asyncio.Future[None], spool: Spool) -> None:
        self._open -= 1
        spool.close()
        if not work.cancelled():
            work.exception()

    async def _take_in(self, receive: Any, feed: Feed, limit: int) -> None:
        size, first = 0, True
        try:
            while True:
                async with asyncio.timeout(self._settings.body_seconds):
                    message = await receive()
                if message["type"] != "http.request":
                    raise ClientGone
                piece = message.get("body", b"")
                size += len(piece)
                if first and piece and compression_of(piece[:4]):
                    raise Problem(415, "the stream is compressed; send it as it is")
                first = first and not piece
                if size > limit:
                    await drain(receive)
                    raise Problem(413, f"the stream is larger than {limit:,} bytes", connection="close")
                for start in range(0, len(piece), _PIECE):
                    await feed.put(piece[start : start + _PIECE])
                if not message.get("more_body", False):
                    await feed.put(b"")
                    return
        except TimeoutError:
            feed.fail(Problem(408, f"nothing arrived for {self._settings.body_seconds:g} seconds", connection="close"))
        except (Problem, ClientGone) as error:
            feed.fail(error)

    async def _send_out(
        self, send: Any, spool: Spool, news: asyncio.Event, work: asyncio.Future[None], intake: asyncio.Task[None],
        headers: list[tuple[bytes, bytes]], wait: bool,
    ) -> None:  # fmt: skip
        begun = False
        while True:
            ended = work.done()
            while (ended or intake.done() or not wait) and (data := spool.take(_CHUNK)):
                if not begun:
                    await send({"type": "http.response.start", "status": 200, "headers": headers})
                    begun = True
                try:
                    async with asyncio.timeout(self._settings.body_seconds):
                        await send({"type": "http.response.body", "body": data, "more_body": True})
                except TimeoutError:
                    raise ClientGone from None
            if ended:
                break
            news.clear()
            if not work.done():
                await news.wait()
        error = work.exception()
        if isinstance(error, MismatchError):
            words = _FLAG.sub(r"?\1=COLUMN", str(error)).replace("-: ", "the stream: ", 1)
            error = Problem(422, words, connection="close")
        if error is None:
            if not begun:
                await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        elif not begun or not isinstance(error, Problem):
            raise error
        else:
            line = orjson.dumps({"error": error.detail, "status": error.status}) + b"\n"
            await send({"type": "http.response.body", "body": line, "more_body": True})
            raise ClientGone


def _judge_stream(
    feed: Feed, spool: Spool, scorer: Scorer, format: str, options: StreamOptions, max_row: int, judged: Judged
) -> None:
    reader = Reader(
        ["-"], format=format, columns=options.columns, stdin=cast(BinaryIO, feed), chunk_bytes=_CHUNK, max_line_bytes=max_row
    )
    encoder = Encoder("jsonl", only=options.only)
    for chunk in reader:
        block = chunk.decode()
        added = scorer.added_columns(*(block.pairs.column(name) for name in ("title", "body", "source")))
        data = encoder.encode(block, added).data
        spool.write(b"".join(_in_order(block, b"" if data is None else data.tobytes())))
        judged(_counted(added.column("mismatch_verdict")), len(block.rejects))


def _counted(verdicts: pa.Array) -> dict[str, int]:
    names, counts = pc.value_counts(verdicts).flatten()
    return dict(zip(names.to_pylist(), counts.to_pylist(), strict=True))


def _in_order(block: Block, data: bytes) -> Iterator[bytes]:
    """The rows, and in the place of each that could not be read a line that says why: no row is lost."""
    if not block.rejects:
        yield data
        return
    lines, numbers, at = data.splitlines(keepends=True), block.row_numbers.tolist(), 0
    for reject in block.rejects:
        begin = at
        while at < len(numbers) and numbers[at] < reject.line:
            at += 1
        yield b"".join(lines[begin:at])
        yield _error_line(reject)
    yield b"".join(lines[at:])


def _error_line(reject: Reject) -> bytes:
    if reject.spooled is not None:
        reject.spooled.close()
    return orjson.dumps({"line": reject.line, "error": reject.reason}) + b"\n"
