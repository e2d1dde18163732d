"""uvicorn's HTTP protocol with what it leaves unbounded made bounded: connections, size and time of the headers."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from mismatch.serve.settings import Settings

_REST_SECONDS = 2.0


class _Refused(Exception):
    """Leaves the parser; the answer is in `_refusal`."""


def bounded_protocol(settings: Settings) -> type[HttpToolsProtocol]:
    """The protocol class with these limits."""

    class Bounded(HttpToolsProtocol):
        _head_bytes = 0
        _in_head = True
        _refusal: tuple[int, str] | None = None
        _head_timer: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            if len(self.connections) > settings.max_connections:
                self._refuse(503, "too many connections are open")
            else:
                self._head_timer = self.loop.call_later(settings.head_seconds, self._late)

        def connection_lost(self, exc: Exception | None) -> None:
            self._stop_timer()
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            if self.transport.is_closing():
                return
            super().data_received(data)
            if self._in_head:
                self._head_bytes += len(data)
                if self._head_bytes > settings.max_head and not self.transport.is_closing():
                    self._refuse(431, f"the headers are larger than {settings.max_head:,} bytes")

        def on_message_begin(self) -> None:
            super().on_message_begin()
            self._in_head = True
            if self._head_timer is None:
                self._head_timer = self.loop.call_later(settings.head_seconds, self._late)

        def on_headers_complete(self) -> None:
            self._stop_timer()
            self._in_head, self._head_bytes = False, 0
            size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
            if size > settings.max_head:
                self._refusal = (431, f"the headers are larger than {settings.max_head:,} bytes")
                raise _Refused
            super().on_headers_complete()

        def on_response_complete(self) -> None:
            super().on_response_complete()
            if self.cycle.more_body:  # answered before all was received: the rest is thrown away, but not for ever
                self.loop.call_later(_REST_SECONDS, self._close_unfinished, self.cycle)

        def send_400_response(self, msg: str) -> None:
            status, detail = self._refusal or (400, "this is not an HTTP request that can be read")
            self._refuse(status, detail)

        def _late(self) -> None:
            self._head_timer = None
            if self._head_bytes and not self.transport.is_closing():
                self._refuse(408, f"the headers did not arrive within {settings.head_seconds:g} seconds")
            else:
                self.transport.close()

        def _close_unfinished(self, cycle: Any) -> None:
            if cycle is self.cycle and cycle.more_body and cycle.response_complete:
                self.transport.close()

        def _refuse(self, status: int, detail: str) -> None:
            self._stop_timer()
            body = orjson.dumps({"detail": detail})
            head = (
                f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\ncontent-type: application/json\r\n"
                f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
            )
            cycle = self.cycle
            if cycle is None or cycle.response_complete or not cycle.response_started:  # else another answer is on its way
                self.transport.write(head.encode() + body)
            self.transport.close()

        def _stop_timer(self) -> None:
            if self._head_timer is not None:
                self._head_timer.cancel()
                self._head_timer = None

    return Bounded
