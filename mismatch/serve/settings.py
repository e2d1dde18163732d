"""What an operator can set: where the service listens, who may use it, and every limit, each with its default."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass, fields
from pathlib import Path

from mismatch.errors import InputError

TOKEN_VARIABLE = "MISMATCH_TOKEN"
SHORTEST_TOKEN = 16
KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30


@dataclass(frozen=True)
class Settings:
    """All settings of the service. Sizes are bytes, times seconds.

    Raises
    ------
    InputError
        A limit that is not positive, a token that is too short, or an address that strangers can reach without a token.
    """

    model: str = "starter"
    host: str = "127.0.0.1"
    port: int = 8000
    token: str | None = None
    insecure: bool = False
    quiet: bool = False
    max_body: int = 4 * MIB
    """of a request with one article, several, or an HTML file"""
    max_explain: int = 256 * KIB
    """of title and body together in /explain, which reads the text word by word"""
    max_stream: int = 1 * GIB
    """of a stream of rows"""
    max_row: int = 4 * MIB
    """of one row of a stream; a longer one is answered with an error in its place"""
    max_held: int = 256 * MIB
    """of all request bodies in memory at once"""
    max_head: int = 16 * KIB
    """of the request line and the headers"""
    max_rows: int = 1000
    """articles in one JSON list"""
    max_batch: int = 256
    """articles judged in one pass"""
    max_queue: int = 20_000
    """articles that wait to be judged"""
    batch_wait: float = 0.001
    """how long the first article of a batch waits for company"""
    max_requests: int = 512
    """requests at work at once"""
    max_streams: int = 4
    """streams at once; each has a thread"""
    max_slow: int = 16
    """explanations and HTML files at work or waiting at once"""
    max_connections: int = 1024
    threads: int = 2
    """for judging; explanations and HTML files have as many of their own"""
    head_seconds: float = 10.0
    """to receive the headers of a request, from the opening of the connection or its first byte"""
    body_seconds: float = 30.0
    """to receive the body; for a stream between two pieces of it, in either direction"""
    work_seconds: float = 30.0
    """to answer a request that was received"""
    idle_seconds: float = 15.0
    """a kept connection without a request"""
    drain_seconds: float = 0.5
    """after SIGTERM, during which requests are still taken and connections are told to close"""
    stop_seconds: float = 30.0
    """for requests at work to end after that"""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                zero_allowed = field.name in ("port", "batch_wait", "drain_seconds")
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
