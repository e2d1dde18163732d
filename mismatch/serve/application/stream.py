"""Rows in, the same rows with the verdict columns out: JSON lines, CSV or TSV of any length in constant memory; and files
of the other formats (`files`), which are read like them."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import math
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import parse_qsl

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from mismatch.errors import InputError, MismatchError, MissingColumnError
from mismatch.judging.scorer import Scorer
from mismatch.judging.title_choice import judged_block
from mismatch.records.blocks import Block, Reject
from mismatch.records.columns import ColumnChoice
from mismatch.records.compression import compression_of
from mismatch.records.known_formats import COMPRESSIONS
from mismatch.records.layout import Layout
from mismatch.records.output.encoding import Encoder
from mismatch.records.scratch import NoRoomError
from mismatch.serve.admission import drain
from mismatch.serve.application.files import ANY_FILE, opened, understood, words_for_the_web
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
    ANY_FILE: None,
}
"""what is sent, by its content type; None: a file whose name, in the query, says what it is"""
CONTENT_TYPE = b"application/x-ndjson"
MAX_STREAMS = 4
"""each has a thread that is always busy; more would only slow each other down and everything else"""
SLOWEST, PATIENCE = 16 << 10, 5.0
"""bytes a second, in and out, and seconds after which a stream that is slower gives its place to another that comes"""
_LONGEST_MAGIC = max(len(known.magic) for known in COMPRESSIONS)
MOST_UNSENT = 2
"""times the size of the longest stream: may wait in temporary files for a client that reads only once it has sent all"""
_TRUE = ("true", "1", "")
_ROLES = ("title", "body", "source", "id")
_LAYOUT = ("delimiter", "quote", "encoding", "table")
LONGEST_NAME = 256
"""bytes of a column's name, which each row of the answer holds, while an empty cell is sent as one byte"""
_LOOK_SECONDS = _LAST_WORDS_SECONDS = 1.0
_MOST_NAMES, _LONGEST_SAID = 1000, 200
"""of columns in an error"""
_PIECE = 1 << 16
_CHUNK = 1 << 18
Judged = Callable[[dict[str, int], int], object]


@dataclass(frozen=True)
class StreamOptions:
    """What the query says: which columns, whether only the id and the verdict columns are wanted, of a file its name and how
    it is laid out, and whether the answer ends in order where it fails (else a browser loses its last line)."""

    columns: ColumnChoice
    only: bool
    name: str = ""
    layout: Layout = field(default_factory=Layout)
    in_order: bool = False

    @staticmethod
    def parse(query: bytes) -> StreamOptions:
        """From a query string; Problem 422 for one that is not understood."""
        given = dict(parse_qsl(query.decode("ascii", "replace"), keep_blank_values=True, errors="replace"))
        only, in_order = (given.pop(name, "false").lower() for name in ("only", "in_order"))
        names = {role: given.pop(role) for role in _ROLES if given.get(role)}
        name = given.pop("name", "")
        laid_out = {what: value for what in _LAYOUT if (value := given.pop(what, ""))}
        if given:
            known = ", ".join((*_ROLES, "only", "name", *_LAYOUT, "in_order"))
            raise Problem(422, f"unknown query parameter {next(iter(given))[:40]!r}; known: {known}")
        for flag, value in (("only", only), ("in_order", in_order)):
            if value not in (*_TRUE, "false", "0"):
                raise Problem(422, f"{flag} is true or false")
        try:
            layout = Layout(**laid_out)
        except InputError as error:
            raise Problem(422, words_for_the_web(error, name)) from None
        return StreamOptions(ColumnChoice(**cast(Any, names)), only in _TRUE, name, layout, in_order in _TRUE)


class _Running:
    """A stream at work: what has come and gone, and the moment at which it ends to give its place to another."""

    def __init__(self, feed: Feed, spool: Spool) -> None:
        self._feed, self._spool = feed, spool
        self._begun, self.n_bytes = time.monotonic(), 0
        self.end = asyncio.timeout(None)
        self.gave_way = False

    def judging_seconds(self) -> float:
        """How long the thread has been judging; 0 while it waits for the client."""
        return 0.0 if self._spool.is_full else self._feed.busy_seconds()

    def pace(self) -> float:
        """Bytes a second, in and out; infinite for a stream that is young, or waits for us."""
        age = time.monotonic() - self._begun
        is_slow = age > PATIENCE and not self.gave_way and not self.judging_seconds()
        return self.n_bytes / age if is_slow else math.inf

    def give_way(self) -> None:
        """Ends the stream for the sake of another."""
        self.gave_way = True
        self.end.reschedule(asyncio.get_running_loop().time())


class Streams:
    """The streams at work, each with a thread of its own; at most `MAX_STREAMS`, and a slow one gives way to a new one."""

    def __init__(self, settings: ServiceSettings, metrics: Metrics) -> None:
        self._settings, self._metrics = settings, metrics
        self._pool = ThreadPoolExecutor(MAX_STREAMS, "stream")
        self._open = 0
        self._running: list[_Running] = []

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def answer(
        self, receive: Any, send: Any, *, scorer: Scorer, format: str | None, options: StreamOptions, declared: int | None,
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
            slowest = min(self._running, key=_Running.pace, default=None)
            if slowest is None or slowest.pace() > SLOWEST:
                raise busy(f"{self._open} streams are at work")
            slowest.give_way()
        loop, news = asyncio.get_running_loop(), asyncio.Event()
        feed = Feed()
        spool = Spool(lambda: loop.call_soon_threadsafe(news.set), MOST_UNSENT * limit, self._settings.body_seconds)
        judged = functools.partial(loop.call_soon_threadsafe, cast(Any, self._metrics.judged))
        said: list[tuple[bytes, bytes]] = []
        judge = functools.partial(_judge_stream, feed, spool, scorer, format, options, self._settings, judged, said.append)
        work = loop.run_in_executor(self._pool, judge)  # raises while the service stops: a stream counts from here on
        running = _Running(feed, spool)
        self._running.append(running)
        self._open += 1
        intake = asyncio.create_task(self._take_in(receive, feed, limit, running, may_be_compressed=format is None))
        intake.add_done_callback(lambda _: news.set())
        work.add_done_callback(lambda _: news.set())
        sending = _Sending(send, headers, said, self._settings.body_seconds, running, options.in_order)
        try:
            async with running.end:
                await self._send_out(sending, spool, news, work, intake, wait, options.name)
        except TimeoutError:
            if not running.gave_way:
                raise
            await sending.failed(Problem(408, "rows came or went too slowly while others waited", connection="close"))
        except Problem:
            if not intake.done():  # a client that is still sending would not see the answer
                intake.cancel()
                await drain(receive)
            raise
        finally:
            self._running.remove(running)
            intake.cancel()
            feed.fail(ClientGone())
            spool.close()
            work.add_done_callback(self._end)

    def _end(self, work: asyncio.Future[None]) -> None:
        self._open -= 1
        if not work.cancelled():
            work.exception()

    async def _take_in(
        self, receive: Any, feed: Feed, limit: int, running: _Running, *, may_be_compressed: bool
    ) -> None:  # fmt: skip
        size, head = 0, b""
        try:
            while True:
                async with asyncio.timeout(self._settings.body_seconds):
                    message = await receive()
                if message["type"] != "http.request":
                    raise ClientGone
                piece = message.get("body", b"")
                size += len(piece)
                running.n_bytes += len(piece)
                if len(head) < _LONGEST_MAGIC:  # however small the pieces are
                    head += piece[:_LONGEST_MAGIC]
                    if not may_be_compressed and compression_of(head):
                        raise Problem(415, "the stream is compressed; send it as it is")
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
        self, sending: _Sending, spool: Spool, news: asyncio.Event, work: asyncio.Future[None], intake: asyncio.Task[None],
        wait: bool, name: str,
    ) -> None:  # fmt: skip
        seconds = self._settings.work_seconds
        while True:
            ended = work.done()
            while (ended or intake.done() or not wait) and (data := spool.take(_CHUNK)):
                await sending.rows(data)
            if ended:
                break
            news.clear()
            if not work.done():
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(min(_LOOK_SECONDS, seconds)):
                        await news.wait()
            if sending.running.judging_seconds() > seconds:
                words = f"rows were not judged within {seconds:g} seconds"
                return await sending.failed(Problem(504, words, connection="close"))
        error = work.exception()
        if isinstance(error, NoRoomError):
            error = Problem(507, "there is no room on the disk of the service", connection="close")
        elif isinstance(error, MismatchError):
            columns = error.columns if isinstance(error, MissingColumnError) else None
            error = Problem(422, words_for_the_web(error, name), connection="close")
            if columns is not None:
                error.more = {"columns": [column[:_LONGEST_SAID] for column in columns[:_MOST_NAMES]]}
        if error is None:
            await sending.end()
        else:
            await sending.failed(error)


class _Sending:
    """The answer of a stream, begun with its first row."""

    def __init__(
        self, send: Any, headers: list[tuple[bytes, bytes]], said: list[tuple[bytes, bytes]], seconds: float,
        running: _Running, in_order: bool,
    ) -> None:  # fmt: skip
        self._send, self._headers, self._said, self._seconds, self.running = send, headers, said, seconds, running
        self._in_order = in_order
        self._begun = False

    async def rows(self, data: bytes) -> None:
        """Sends some rows; ClientGone where nobody takes them."""
        await self._begin()
        try:
            async with asyncio.timeout(self._seconds):
                await self._send({"type": "http.response.body", "body": data, "more_body": True})
        except TimeoutError:
            raise ClientGone from None
        self.running.n_bytes += len(data)

    async def end(self) -> None:
        await self._begin()
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def failed(self, error: BaseException) -> None:
        """Raises the error where the answer has not begun; else says it in a last line, and breaks the answer off, unless it
        is to end in order."""
        if not self._begun or not isinstance(error, Problem):
            raise error
        self._seconds = min(self._seconds, _LAST_WORDS_SECONDS)
        await self.rows(orjson.dumps({"error": error.detail, "status": error.status}) + b"\n")
        if not self._in_order:
            raise ClientGone
        await self.end()

    async def _begin(self) -> None:
        if not self._begun:
            self._begun = True
            await self._send({"type": "http.response.start", "status": 200, "headers": [*self._headers, *self._said]})


def _judge_stream(
    feed: Feed, spool: Spool, scorer: Scorer, format: str | None, options: StreamOptions, settings: ServiceSettings,
    judged: Judged, say: Callable[[tuple[bytes, bytes]], None],
) -> None:  # fmt: skip
    reader = opened(
        feed, format, options.name, columns=options.columns, layout=options.layout, settings=settings, chunk_bytes=_CHUNK
    )
    say(understood(reader))
    names = [] if reader.schema is None else reader.schema.names
    if any(len(name.encode("utf-8", "replace")) > LONGEST_NAME for name in names):
        raise InputError(f"the stream: a column has a name of more than {LONGEST_NAME:,} bytes")
    encoder = Encoder("jsonl", only=options.only)
    for chunk in reader:
        block, found = judged_block(scorer, chunk.decode())
        data = encoder.encode(block, found.columns).data
        spool.write(b"".join(_in_order(block, b"" if data is None else data.tobytes())))
        judged(_counted(found.columns.column("mismatch_verdict")), len(block.rejects))
        if spool.is_closed:  # a file that has arrived whole would be judged to its end for nobody
            raise ClientGone
        feed.step()
    if reader.problems:
        raise InputError("; ".join(reader.problems))
    feed.close()


def _counted(verdicts: pa.Array) -> dict[str, int]:
    names, counts = pc.value_counts(verdicts).flatten()
    return dict(zip(names.to_pylist(), counts.to_pylist(), strict=True))


def _in_order(block: Block, data: bytes) -> Iterator[bytes]:
    """The rows, and in the place of each that could not be read a line that says why: no row is lost."""
    if not block.rejects:
        yield data
        return
    lines = [line + b"\n" for line in data.split(b"\n")[:-1]]  # a row may hold a carriage return between its tokens
    numbers, at = block.row_numbers.tolist(), 0
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
