"""The ASGI application that every request meets first: limits, token, metrics, and /score itself.

/score is answered here and not by FastAPI, whose routing and validation cost several times what judging an article does.
Everything else goes on to `api` with its body already received.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

import orjson

from mismatch.records.output.outside_text import safe
from mismatch.report.console import say
from mismatch.serve.admission import BodyIntake, Door, RequestHead, check_encoding, check_head_size
from mismatch.serve.application.articles import article_of, articles_of, parse_json, with_id
from mismatch.serve.application.batcher import Batcher
from mismatch.serve.application.loaded import ModelInUse
from mismatch.serve.application.review import MAX_REQUEST, POSTS
from mismatch.serve.application.stream import CONTENT_TYPE, FORMATS, StreamOptions, Streams
from mismatch.serve.metrics import Metrics
from mismatch.serve.problems import ClientGone, Problem, busy
from mismatch.serve.settings import ServiceSettings

Headers = list[tuple[bytes, bytes]]
POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    b"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_COMMON: Headers = [
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", POLICY),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
]
_JSON: Headers = [*_COMMON, (b"cache-control", b"no-store"), (b"content-type", b"application/json")]
_LINES: Headers = [*_COMMON, (b"cache-control", b"no-store"), (b"content-type", CONTENT_TYPE)]
_CLOSE = (b"connection", b"close")
_WORK = {"/score": None, "/explain": b"application/json", "/extract": b"text/html"}
_REVIEW = dict.fromkeys(POSTS, b"application/json")
_LABELS = "/review/labels"
_ROUTES = frozenset(
    ("/", "/score", "/explain", "/extract", "/vocabulary", "/health", "/ready", "/metrics", "/docs", "/openapi.json",
     "/review", _LABELS, *POSTS)
)  # fmt: skip
GONE = 499
LOOKS_AT_REST = 12
"""looks at a service at rest, a minute of them, after which it is not asked any more to give memory back"""
_CLOSED = "the handler is closed"
"""says uvloop of a connection whose other side went while it was answered"""


class Front:
    """The whole service as an ASGI application."""

    def __init__(self, settings: ServiceSettings, model: ModelInUse, metrics: Metrics, api: Any) -> None:
        self._settings, self._model, self._metrics, self._api = settings, model, metrics, api
        self._door = Door(settings)
        self._intake = BodyIntake(settings)
        self._batcher = Batcher(model, settings, metrics)
        self._streams = Streams(settings, metrics)
        self._at_work = 0
        self._looks = LOOKS_AT_REST
        self.stopping = False

    def close(self) -> None:
        """Lets the threads go."""
        self._batcher.close()
        self._streams.close()

    def rests(self) -> bool:
        """Asked at intervals: whether nothing is at work, and something was at one of the last times.

        What was given up, and its memory, lasts a little longer than its request.
        """
        self._looks = 0 if self._at_work else self._looks + 1
        return 0 < self._looks <= LOOKS_AT_REST

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        begin = time.perf_counter()
        path: str = scope["path"]
        route = path if path in _ROUTES else "/static" if path.startswith("/static/") else "other"
        answer = _Answer(send, self.stopping)
        try:
            head = RequestHead.of(scope)
            check_head_size(head)
            self._door.check_host(head)
            if path in _REVIEW and scope["method"] == "POST":
                self._door.check_page(head)
                await self._work(path, scope, head, receive, answer)
            elif path in _WORK and scope["method"] == "POST":
                self._door.check_asking(head)
                await self._work(path, scope, head, receive, answer)
            else:
                if path in ("/metrics", _LABELS):
                    self._door.check_asking(head)
                    self._door.check_token(head)
                if path == "/metrics":
                    self._metrics.at_work.set(self._at_work)
                    self._metrics.held.set(self._intake.held)
                await self._api(scope, receive, answer.send)
        except Problem as problem:
            await answer.problem(problem)
        except ClientGone:
            answer.status = GONE
        except Exception as error:  # a fault of ours: the caller learns no more than that, the operator one line
            if isinstance(error, RuntimeError) and _CLOSED in str(error):
                answer.status = GONE
            else:
                say(f"mismatch: {route}: {type(error).__name__}: {safe(str(error), 200)}")
                await answer.problem(Problem(500, "the service failed; its log says more"))
        finally:
            self._metrics.answered(route, answer.status, time.perf_counter() - begin)

    async def _work(self, path: str, scope: dict[str, Any], head: RequestHead, receive: Any, answer: _Answer) -> None:
        self._door.check_token(head)
        check_encoding(head)
        if self._at_work >= self._settings.max_at_work and not self._intake.end_slowest():
            raise busy(f"{self._at_work} requests are at work")
        self._at_work += 1
        self._looks = 0
        try:
            if path == "/score":
                await self._score(scope, head, receive, answer)
                return
            kind, limit = (_REVIEW[path], MAX_REQUEST) if path in _REVIEW else (_WORK[path], self._settings.max_body)
            if head.content_type != kind:
                raise Problem(415, f"{path} takes {(kind or b'').decode()}")
            body = await self._intake.receive(receive, head.length, limit)
            try:
                await self._api(scope, _replay(body, receive), answer.send)
            finally:
                self._intake.release(len(body))
        finally:
            self._at_work -= 1

    async def _score(self, scope: dict[str, Any], head: RequestHead, receive: Any, answer: _Answer) -> None:
        if head.content_type == b"application/json":
            body = await self._intake.receive(receive, head.length, self._settings.max_body)
            try:
                await answer.json(await self._judged(body))
            finally:
                self._intake.release(len(body))
            return
        if head.content_type not in FORMATS:
            known = ", ".join(kind.decode() for kind in FORMATS)
            raise Problem(415, f"/score takes application/json, {known}")
        await self._streams.answer(
            receive, answer.send, scorer=self._model.current.scorer, format=FORMATS[head.content_type],
            options=StreamOptions.parse(scope["query_string"]), declared=head.length, headers=_LINES,
            wait=head.proxied,
        )  # fmt: skip

    async def _judged(self, body: bytes) -> Any:
        value = parse_json(body)
        if type(value) is list:
            articles = articles_of(value, self._settings.max_rows)
            if not value:
                return []
        else:
            articles = [article_of(value)]
        rows = self._batcher.submit(articles)
        try:
            async with asyncio.timeout(self._settings.work_seconds):
                judged = await rows
        except TimeoutError:
            raise Problem(504, f"there was no answer within {self._settings.work_seconds:g} seconds") from None
        if type(value) is list:
            return [with_id(article, row) for article, row in zip(value, judged, strict=True)]
        return with_id(value, judged[0])


class _Answer:
    """Sends an answer and remembers its status."""

    __slots__ = ("_close", "_send", "begun", "status")

    def __init__(self, send: Any, close: bool) -> None:
        self._send, self._close = send, close
        self.begun = False
        self.status = 500

    async def json(self, value: Any) -> None:
        await self._whole(200, orjson.dumps(value), _JSON)

    async def problem(self, problem: Problem) -> None:
        self.status = problem.status
        if not self.begun:
            said = orjson.dumps({"detail": problem.detail, **problem.more})
            await self._whole(problem.status, said, _JSON + problem.headers)

    async def _whole(self, status: int, body: bytes, headers: Headers) -> None:
        self.status, self.begun = status, True
        headers = [*headers, (b"content-length", b"%d" % len(body))]
        if self._close and _CLOSE not in headers:
            headers.append(_CLOSE)
        await self._send({"type": "http.response.start", "status": status, "headers": headers})
        await self._send({"type": "http.response.body", "body": body, "more_body": False})

    async def send(self, message: dict[str, Any]) -> None:
        """The ASGI callable for others: adds the common headers."""
        if message["type"] == "http.response.start":
            self.status, self.begun = message["status"], True
            given = {name for name, _ in message["headers"]}
            headers = [*message["headers"], *(item for item in _COMMON if item[0] not in given)]
            if self._close and b"connection" not in given:
                headers.append(_CLOSE)
            message = {**message, "headers": headers}
        await self._send(message)


def _replay(body: bytes, receive: Any) -> Any:
    """A `receive` that gives the body that was received, and then what the connection says."""
    given = False

    async def again() -> Any:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
