"""What the headers of a request say, and whether it is let in."""

from __future__ import annotations

import hmac
from typing import Any, NamedTuple

from mismatch.serve.problems import Problem
from mismatch.serve.settings import Settings, is_loopback


class Head(NamedTuple):
    """The headers that matter here."""

    content_type: bytes
    """in lower case, without parameters; empty where there is none"""
    length: int | None
    host: bytes
    authorization: bytes
    encoding: bytes

    @staticmethod
    def of(scope: dict[str, Any]) -> Head:
        """From an ASGI scope; header names are in lower case there."""
        kind = host = authorization = encoding = b""
        length = None
        for name, value in scope["headers"]:
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
        return Head(kind, length, host, authorization, encoding)


class Door:
    """Who is let in: with a token, whoever shows it; on loopback without one, whoever calls this machine by its name.

    The second rule is there for browsers: a page of another site can make a name of its own point to this machine, and
    would then be talking to the service as if it were its own.
    """

    def __init__(self, settings: Settings) -> None:
        self._token = settings.token.encode() if settings.token is not None else None
        self._own_names_only = self._token is None and is_loopback(settings.host)

    def check_host(self, head: Head) -> None:
        """Problem 421 for a name that is not this machine's."""
        if not self._own_names_only or not head.host or head.host.startswith((b"127.0.0.1:", b"localhost:")):
            return
        name = head.host.decode("latin-1")
        name = name[1:].split("]")[0] if name.startswith("[") else name.rsplit(":", 1)[0]
        if not is_loopback(name):
            raise Problem(421, "without a token the service answers to localhost and 127.0.0.1 only")

    def check_token(self, head: Head) -> None:
        """Problem 401 without the token. The comparison takes as long for a wrong one as for the right one."""
        if self._token is None:
            return
        scheme, _, given = head.authorization.partition(b" ")
        if scheme.lower() != b"bearer" or not hmac.compare_digest(given.strip(), self._token):
            raise Problem(401, "this needs the header Authorization: Bearer TOKEN", www_authenticate="Bearer")


def check_encoding(head: Head) -> None:
    """Problem 415 for a compressed body, whose true size nobody knows."""
    if head.encoding not in (b"", b"identity"):
        raise Problem(415, "compressed bodies are not taken; send it as it is")
