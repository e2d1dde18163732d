"""Rows above the size limit: their bytes go to a temporary file, never whole into memory."""

from __future__ import annotations

import tempfile
from typing import BinaryIO, cast

from mismatch.records.blocks import Reject

MAX_LINE_BYTES = 64 << 20
_BEGINNING = 1024


class LongRow:
    """Collects one row that is too long, piece by piece."""

    def __init__(self, origin: str, line: int, limit: int) -> None:
        self._origin, self._line, self._limit = origin, line, limit
        self._file = cast(BinaryIO, tempfile.TemporaryFile(prefix="mismatch-"))  # noqa: SIM115 (`close` does)
        self._beginning = b""

    def add(self, data: bytes | memoryview) -> None:
        """More of the row."""
        if len(self._beginning) < _BEGINNING:
            self._beginning += bytes(data[: _BEGINNING - len(self._beginning)])
        self._file.write(data)

    def reject(self) -> Reject:
        """The row, complete."""
        self._file.seek(0)
        return Reject(self._origin, self._line, too_long(self._limit), self._beginning, self._file)


def too_long(limit: int) -> str:
    """The reason given for a row above `limit` bytes."""
    return f"longer than {limit:,} bytes"
