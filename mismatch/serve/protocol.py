"""A connection of uvicorn's, with bounds on what comes before a request is one: how long a head takes, and how long it is.

uvicorn waits for a head without an end, and keeps all of it.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from mismatch.serve.admission import MAX_HEAD, PATIENCE
from mismatch.serve.settings import ServiceSettings

LONGEST_HEAD = 4 * MAX_HEAD
"""bytes as they arrive, from which on a head is not even waited for"""
_TOO_SLOW = (408, "Request Timeout", "the head of the request did not arrive in time")
_TOO_LONG = (431, "Request Header Fields Too Large", f"the address and the headers are larger than {MAX_HEAD:,} bytes")


def bounded_protocol(settings: ServiceSettings) -> type[asyncio.Protocol]:
    """The protocol with the times of the settings."""
    return type("Connection", (Connection,), {"head_seconds": settings.body_seconds})


class Connection(HttpToolsProtocol):
    """A connection. Between two requests, and within a head, it is waiting, and a deadline runs.

    Bytes that are neither body nor the end of a head, nor come with either, are counted: those of heads and of trailers.
    What a client sends ahead, further requests with their bodies, is not.
    """

    head_seconds = 30.0

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._is_waiting, self._has_begun, self._asks_no_more = True, False, False
        self._since = self.loop.time()
        self._n_events = self._head_bytes = 0
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._wait(self.timeout_keep_alive)
        if self.limit_concurrency is not None and len(self.connections) >= self.limit_concurrency:
            self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait(None)
        self.pipeline.clear()  # requests that were sent ahead have nobody to be answered to
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        before = self._n_events
        super().data_received(data)
        self._head_bytes = self._head_bytes + len(data) if self._n_events == before else 0
        if self._head_bytes > LONGEST_HEAD:
            self._refuse(*_TOO_LONG)
        elif self._has_begun and self._deadline is None:  # most heads come in one piece, and need none
            self._wait(self.head_seconds)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._is_waiting = self._has_begun = True

    def on_headers_complete(self) -> None:
        self._is_waiting = self._has_begun = False
        self._n_events += 1
        if self._deadline is not None:
            self._wait(None)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._n_events += 1
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._n_events += 1
        super().on_message_complete()
        self._is_waiting, self._since = True, self.loop.time()

    def eof_received(self) -> bool:  # type: ignore[override]
        """Keeps the connection where a client has ended its side after a whole request, and waits for the answer."""
        self._asks_no_more = self._is_waiting and self._is_answering()
        return self._asks_no_more

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._asks_no_more and not self._is_answering():
            self.transport.close()

    def gives_way(self) -> float | None:
        """Since when nothing is asked on this connection, where that is for long enough to close it for another."""
        idle = self._is_waiting and not self._is_answering() and self.loop.time() - self._since > PATIENCE
        return self._since if idle and not self.transport.is_closing() else None

    def _wait(self, seconds: float | None) -> None:
        """Sets the deadline of what is waited for; None for nothing."""
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = None if seconds is None else self.loop.call_later(seconds, self._expire)

    def _expire(self) -> None:
        if self._is_answering():  # what comes behind is not even read meanwhile
            self._wait(self.head_seconds)
        else:
            self._refuse(*_TOO_SLOW)

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _refuse(self, status: int, name: str, words: str) -> None:
        if self.transport.is_closing():
            return
        if self._has_begun:
            body = f'{{"detail":"{words}"}}'
            head = f"HTTP/1.1 {status} {name}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}"
            self.transport.write(f"{head}\r\nconnection: close\r\n\r\n{body}".encode())
        self.transport.close()

    def _make_room(self) -> None:
        others = [other for other in self.connections if isinstance(other, Connection)]
        waiting = [(since, other) for other in others if (since := other.gives_way()) is not None]
        if waiting:
            oldest = min(waiting, key=lambda pair: pair[0])[1]
            oldest._refuse(*_TOO_SLOW)
            self.connections.discard(oldest)  # it will be closed in a moment, and the new one counts now
