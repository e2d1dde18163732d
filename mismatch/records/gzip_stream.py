"""gzip, member by member, with what `gzip -t` accepts behind them: zeros up to the end, as tapes and disks leave them.

Everything in front of a break is handed out before the break is told, so that a damaged file loses no whole row, and a pipe
does not either.
"""

from __future__ import annotations

import zlib
from typing import Any, BinaryIO

_PIECE = 1 << 16
_WITH_HEADER = 31
"""of zlib: the largest window, and gzip's header and trailer around the data"""
TRUNCATED, DAMAGED = "Truncated compressed stream", "damaged compressed stream"


class GzipStream:
    """Decompressed bytes of a raw stream; `read` raises OSError where it is cut off or damaged."""

    def __init__(self, raw: BinaryIO) -> None:
        self._raw = raw
        self._inflater: Any = None
        self._members = 0
        self._input = b""
        self._waiting = b""
        """decompressed, and not read yet"""
        self._problem: str | None = None

    def read(self, n: int) -> bytes:
        """At least one byte and at most `n`; none at the end."""
        while not self._waiting:
            if self._problem is not None:
                raise OSError(self._problem)
            if not self._input:
                self._input = self._raw.read(_PIECE)
            if self._inflater is None and not self._begins():
                return b""
            if not self._input:
                self._problem = TRUNCATED
                continue
            self._waiting = self._inflated(n)
        data, self._waiting = self._waiting[:n], self._waiting[n:]
        return data

    def _begins(self) -> bool:
        """Whether another member follows; what is no member and no padding is a problem."""
        if self._members:
            padding = False
            while self._input and not (rest := self._input.lstrip(b"\0")):
                self._input, padding = self._raw.read(_PIECE), True
            if not self._input:
                return False
            if padding or len(rest) < len(self._input):
                self._problem = DAMAGED
                raise OSError(self._problem)
        elif not self._input:
            return False
        self._inflater = zlib.decompressobj(_WITH_HEADER)
        return True

    def _inflated(self, n: int) -> bytes:
        before = self._inflater.copy()
        try:
            data = self._inflater.decompress(self._input, n)
        except zlib.error:
            return self._before_break(before)
        if self._inflater.eof:
            self._input, self._inflater = self._inflater.unused_data, None
            self._members += 1
        else:
            self._input = self._inflater.unconsumed_tail
        return data

    def _before_break(self, inflater: Any) -> bytes:
        """What can be decompressed of the input up to the byte at which it breaks."""
        self._problem, found = DAMAGED, []
        try:
            for i in range(len(self._input)):
                found.append(inflater.decompress(self._input[i : i + 1]))
        except zlib.error:
            pass
        return b"".join(found)
