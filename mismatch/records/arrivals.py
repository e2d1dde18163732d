"""Bytes from a pipe or a terminal, handed on as they come: what has come after a short silence, or a full stretch.

So a row of a slow stream need not wait for the rows behind it, and a fast stream is still read in large stretches. A stream
can be stopped, by a signal for example: it then ends where it is.
"""

from __future__ import annotations

import os
import select
import stat
import time
from contextlib import suppress
from typing import BinaryIO

SILENCE = 0.02
"""seconds after which what has come is handed on"""
LONGEST_WAIT = 0.06
"""seconds after which it is handed on though more keeps coming"""
STOPPED = "the stream was stopped"
_PIECE = 1 << 20


class Arrivals:
    """A raw stream whose `read` waits for the first bytes, and returns them with what follows closely.

    It has as much of a file as `ByteSource` uses.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self._number = stream, stream.fileno()
        self._woken, self._wake = os.pipe()
        self._poll = select.poll()
        for number in (self._number, self._woken):
            self._poll.register(number, select.POLLIN)
        self._ended = self.stopped = False

    def read(self, n: int) -> bytes:
        """At most `n` bytes; none at the end of the stream, or when it was stopped."""
        parts: list[bytes] = []
        size, until = 0, 0.0
        while size < n and not self._ended:
            wait = None
            if parts:
                wait = 1000 * min(SILENCE, until - time.monotonic())
                if wait <= 0:
                    break
            ready = {number for number, _ in self._poll.poll(wait)}
            if self._woken in ready:
                self._ended = self.stopped = True
            elif not ready:
                break
            elif data := os.read(self._number, min(n - size, _PIECE)):
                parts.append(data)
                size += len(data)
                until = until or time.monotonic() + LONGEST_WAIT
            else:
                self._ended = True
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def stop(self) -> None:
        """Ends the stream where it is; a signal handler may call it, and any thread."""
        with suppress(OSError):
            os.write(self._wake, b"x")

    def close(self) -> None:
        """Closes what it reads from."""
        self._stream.close()


def arriving(stream: BinaryIO) -> Arrivals | None:
    """The stream as it comes, if it is a pipe, a socket or a terminal; None where all of it is there already, or no file."""
    try:
        number = stream.fileno()
        kind = os.fstat(number).st_mode
    except (OSError, ValueError, AttributeError):
        return None
    comes = stat.S_ISFIFO(kind) or stat.S_ISSOCK(kind) or os.isatty(number)
    return Arrivals(stream) if comes and hasattr(select, "poll") else None
