"""The options of the service with their defaults: where it listens, who may use it, and its limits.

A limit that nobody has a reason to change is a constant beside the code that it bounds.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
from dataclasses import dataclass, fields
from pathlib import Path

from mismatch.errors import InputError

TOKEN_VARIABLE = "MISMATCH_TOKEN"
SHORTEST_TOKEN = 16
MIB, GIB = 1 << 20, 1 << 30
LARGEST_BODIES_HELD = 64
"""bodies of the largest size that fit into memory together: 256 MiB with the default size"""


@dataclass(frozen=True)
class ServiceSettings:
    """The options of `mismatch serve`. Sizes are bytes, times seconds.

    Raises
    ------
    InputError
        A limit that is not positive, a token that is too short, or an address that strangers can reach without a token.
    """

    model: str = "starter"
    model_sha256: str | None = None
    """that the model's file must have, at the start and at each reload"""
    host: str = "127.0.0.1"
    port: int = 8000
    token: str | None = None
    insecure: bool = False
    name: tuple[str, ...] = ()
    """that the service is called by without a token, beside its own"""
    adapt: bool = False
    """whether the model is adapted to the last articles from time to time"""
    quiet: bool = False
    threads: int = 2
    """for judging; HTML files have as many of their own, explanations one"""
    max_body: int = 4 * MIB
    """of one article, a list of them, an HTML file, or one row of a stream"""
    max_stream: int = 1 * GIB
    """of a stream of rows"""
    max_rows: int = 1000
    """articles in one JSON list"""
    max_connections: int = 1024
    body_seconds: float = 30.0
    """to receive the body; for a stream between two pieces of it, in either direction"""
    work_seconds: float = 30.0
    """to answer a request that was received"""
    idle_seconds: int = 15
    """a kept connection without a request; must exceed what a load balancer in front keeps its connections for"""
    drain_seconds: float = 0.5
    """after SIGTERM, during which requests are still taken and connections are told to close"""

    @property
    def max_held(self) -> int:
        """Bytes of all request bodies in memory at once."""
        return LARGEST_BODIES_HELD * self.max_body

    @property
    def max_at_work(self) -> int:
        """Requests at work at once: half of the connections, so that the others still get an answer from /health."""
        return max(1, self.max_connections // 2)

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                zero_allowed = field.name in ("port", "drain_seconds")
                if value < 0 or (value == 0 and not zero_allowed):
                    raise InputError(f"--{field.name.replace('_', '-')} is {value}; it must be above 0")
        if self.token is not None and len(self.token) < SHORTEST_TOKEN:
            raise InputError(f"the token has {len(self.token)} characters; give it at least {SHORTEST_TOKEN}, random ones")
        if self.token is not None and not (self.token.isascii() and self.token.isprintable() and " " not in self.token):
            raise InputError("the token holds characters that cannot stand in a header; use letters, digits and - . _ ~ + /")
        if not is_loopback(self.host) and self.token is None and not self.insecure:
            raise InputError(
                f"{self.host} can be reached by others and there is no token: set {TOKEN_VARIABLE} or --token-file, "
                "or say --insecure to let anyone use the service"
            )


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a service at `host`."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


_PRIVATE = (".local", ".internal", ".localhost", ".home.arpa")
"""ends of names that the public name service never answers"""


def is_private(name: str) -> bool:
    """Whether `name`, in lower case, is an address, or a name that no stranger can make point to this machine."""
    with contextlib.suppress(ValueError):
        return bool(ipaddress.ip_address(name))
    return "." not in name or name.endswith(_PRIVATE)


def read_token(file: Path | None) -> str | None:
    """The bearer token: the first line of a file, else the environment variable, else none.

    Raises
    ------
    InputError
        The file cannot be read or is empty.
    """
    if file is None:
        return os.environ.get(TOKEN_VARIABLE) or None
    try:
        lines = file.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file}: the token cannot be read ({getattr(error, 'strerror', None) or 'not text'})") from error
    if not lines or not lines[0].strip():
        raise InputError(f"{file}: there is no token in the first line")
    return lines[0].strip()
