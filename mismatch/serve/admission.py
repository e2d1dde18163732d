"""Who and what is let in: what the headers of a request must say, and how its body is received within bounds."""

from __future__ import annotations

import asyncio
import hmac
from typing import Any, NamedTuple

from mismatch.serve.problems import ClientGone, Problem, busy
from mismatch.serve.settings import ServiceSettings, is_loopback, is_private

MAX_HEAD = 16 << 10
"""bytes of the address and the headers: what nginx takes by default, twice"""
PATIENCE = 2.0
"""seconds after which a body that is still arriving gives its place to another request, where all places are taken"""


class RequestHead(NamedTuple):
    """The headers that matter here, and the size of all."""

    content_type: bytes
    """in lower case, without parameters; empty where there is none"""
    length: int | None
    host: bytes
    authorization: bytes
    encoding: bytes
    size: int
    """bytes of the address and of all headers"""
    proxied: bool
    """whether a proxy says that it has passed the request on"""
    origin: bytes = b""
    """of the page that asks, where a browser says so"""
    site: bytes = b""
    """how a browser says that this page and the service are related"""

    @staticmethod
    def of(scope: dict[str, Any]) -> RequestHead:
        """From an ASGI scope; header names are in lower case there."""
        kind = host = authorization = encoding = origin = site = b""
        length, proxied = None, False
        size = len(scope["raw_path"]) + len(scope["query_string"])
        for name, value in scope["headers"]:
            size += len(name) + len(value)
            if name == b"content-type":
                kind = value.split(b";", 1)[0].strip().lower()
            elif name == b"content-length":
                length = int(value) if value.isdigit() else None
            elif name == b"host":
                host = value
            elif name == b"authorization":
                authorization = value
            elif name == b"content-encoding":
                encoding = value.strip().lower()
            elif name == b"origin":
                origin = value
            elif name == b"sec-fetch-site":
                site = value
            elif name in (b"x-forwarded-for", b"forwarded", b"via"):
                proxied = True
        return RequestHead(kind, length, host, authorization, encoding, size, proxied, origin, site)


class Door:
    """Who is let in: with a token, whoever shows it; without one, whoever calls this machine by a name of its own.

    The second rule is there for browsers: a page of another site can make a name of its own point to this machine, and
    would then be talking to the service as if it were its own.
    """

    def __init__(self, settings: ServiceSettings) -> None:
        self._token = settings.token.encode() if settings.token is not None else None
        self._loopback_only = is_loopback(settings.host)
        self._names = {name.lower() for name in (settings.host, *settings.name)}

    def check_host(self, head: RequestHead) -> None:
        """Problem 421 for a name that is not this machine's."""
        if self._token is not None or not head.host or head.host.startswith((b"127.0.0.1:", b"localhost:")):
            return
        name = head.host.decode("latin-1").lower()
        name = name[1:].split("]")[0] if name.startswith("[") else name.rsplit(":", 1)[0]
        if not (is_loopback(name) or name in self._names or (not self._loopback_only and is_private(name))):
            known = "localhost and 127.0.0.1" if self._loopback_only else "its address and to names without a dot"
            raise Problem(421, f"without a token the service answers to {known} only; --name adds another")

    def check_asking(self, head: RequestHead) -> None:
        """Problem 403 where the page of another site asks for work; with a token, only who holds it can."""
        if self._token is None:
            self.check_page(head)

    def check_page(self, head: RequestHead) -> None:
        """Problem 403 for a request that the page of another site has sent; a client that is no browser sends neither."""
        own = head.site in (b"same-origin", b"none") if head.site else head.origin.partition(b"://")[2] == head.host
        if (head.site or head.origin) and not own:
            raise Problem(403, "a page of another site cannot ask this")

    def check_token(self, head: RequestHead) -> None:
        """Problem 401 without the token. The comparison takes as long for a wrong one as for the right one."""
        if self._token is None:
            return
        scheme, _, given = head.authorization.partition(b" ")
        if scheme.lower() != b"bearer" or not hmac.compare_digest(given.strip(), self._token):
            raise Problem(401, "this needs the header Authorization: Bearer TOKEN", www_authenticate="Bearer")


def check_head_size(head: RequestHead) -> None:
    """Problem 431 for headers that no client of ours sends."""
    if head.size > MAX_HEAD:
        raise Problem(431, f"the address and the headers are larger than {MAX_HEAD:,} bytes", connection="close")


def check_encoding(head: RequestHead) -> None:
    """Problem 415 for a compressed body, whose true size nobody knows."""
    if head.encoding not in (b"", b"identity"):
        raise Problem(415, "compressed bodies are not taken; send it as it is")


class BodyIntake:
    """Receives bodies and counts the bytes of all that are in memory (`held`). Whoever received one releases it."""

    def __init__(self, settings: ServiceSettings) -> None:
        self._seconds, self._max_held = settings.body_seconds, settings.max_held
        self._arriving: dict[asyncio.Timeout, float] = {}
        """when each that is arriving has begun, the oldest first"""
        self.held = 0

    def end_slowest(self) -> bool:
        """Ends, for the sake of another request, the one whose body has been arriving longest; False where none is slow."""
        oldest = next(iter(self._arriving), None)
        now = asyncio.get_running_loop().time()
        if oldest is None or now - self._arriving[oldest] < PATIENCE:
            return False
        del self._arriving[oldest]
        oldest.reschedule(now)
        return True

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
        deadline = asyncio.timeout(self._seconds)
        self._arriving[deadline] = asyncio.get_running_loop().time()
        try:
            async with deadline:
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
            words = f"the body did not arrive within {self._seconds:g} seconds"
            if deadline not in self._arriving:
                words = "the body came too slowly while others waited"
            raise Problem(408, words, connection="close") from None
        except BaseException:
            self.held -= size
            raise
        finally:
            self._arriving.pop(deadline, None)

    def release(self, size: int) -> None:
        self.held -= size

    async def _refuse_size(self, receive: Any, limit: int) -> None:
        """Raises 413, after taking in some of the rest: a client that is still sending would not see the answer."""
        await drain(receive)
        raise Problem(413, f"the body is larger than {limit:,} bytes", connection="close")


_DRAIN_SECONDS = 1.0
_DRAIN_BYTES = 8 << 20


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
