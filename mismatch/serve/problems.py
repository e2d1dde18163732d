"""What the service says when it cannot do what was asked: a status code and one line."""

from __future__ import annotations

from typing import Any


class Problem(Exception):
    """An answer other than success. The answer's body is `{"detail": "..."}`."""

    def __init__(self, status: int, detail: str, **headers: str) -> None:
        super().__init__(detail)
        self.status, self.detail = status, detail
        self.more: dict[str, Any] = {}
        """what else a program can use, beside the line"""
        self.headers = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]


class ClientGone(Exception):
    """Whoever asked has closed the connection; no answer can reach them."""


def busy(detail: str) -> Problem:
    """503 with the advice to come back in a second."""
    return Problem(503, f"{detail}; try again in a second", retry_after="1")
