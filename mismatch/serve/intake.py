"""Receiving request bodies: bounded in size, in time, and in the sum over all requests."""

from __future__ import annotations

import asyncio
from typing import Any

from mismatch.serve.problems import ClientGone, Problem, busy
from mismatch.serve.settings import Settings

_DRAIN_SECONDS = 1.0
_DRAIN_BYTES = 8 << 20


class Intake:
    """Counts the bytes of all bodies in memory (`held`). Each body is released by who received it."""

    def __init__(self, settings: Settings) -> None:
        self._seconds, self._max_held = settings.body_seconds, settings.max_held
        self.held = 0

    async def receive(self, receive: Any, declared: int | None, limit: int) -> bytes:
        """The whole body; `release` its length afterwards.

        Parameters
        ----------
        receive : the ASGI callable.
        declared : the Content-Length, None where there is none.
        limit : bytes; more is answered with 413.

        Raises
        ------
        Problem
            413 too large, 408 too slow, 503 too much in memory.
        ClientGone
        """
        if declared is not None and declared > limit:
            await self._refuse_size(receive, limit)
        parts: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(self._seconds):
                while True:
                    message = await receive()
                    if message["type"] != "http.request":
                        raise ClientGone
                    piece = message.get("body", b"")
                    size += len(piece)
                    self.held += len(piece)
                    if size > limit:
                        await self._refuse_size(receive, limit)
                    if self.held > self._max_held:
                        raise busy("too many request bodies are in memory")
                    if not message.get("more_body", False):
                        return piece if not parts else b"".join([*parts, piece])
                    parts.append(piece)
        except TimeoutError:
            self.held -= size
            raise Problem(408, f"the body did not arrive within {self._seconds:g} seconds", connection="close") from None
        except BaseException:
            self.held -= size
            raise

    def release(self, size: int) -> None:
        self.held -= size

    async def _refuse_size(self, receive: Any, limit: int) -> None:
        """Raises 413, after taking in some of the rest: a client that is still sending would not see the answer."""
        await drain(receive)
        raise Problem(413, f"the body is larger than {limit:,} bytes", connection="close")


async def drain(receive: Any) -> None:
    """Throws away what is still being sent, for a second and a few megabytes at most."""
    size = 0
    try:
        async with asyncio.timeout(_DRAIN_SECONDS):
            while size < _DRAIN_BYTES:
                message = await receive()
                size += len(message.get("body", b""))
                if message["type"] != "http.request" or not message.get("more_body", False):
                    return
    except TimeoutError:
        return
