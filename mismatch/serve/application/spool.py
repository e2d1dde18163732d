"""The two buffers of a stream, between the event loop and the thread that judges.

`Feed` holds what has come in and is not read yet, a few pieces at most. `Spool` holds what was judged and is not sent yet,
in temporary files once it is long.
"""

from __future__ import annotations

import asyncio
import queue
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable

from mismatch.records.scratch import scratch_room
from mismatch.serve.problems import Problem

_IN_MEMORY = 1 << 20
_SEGMENT = 16 << 20
"""bytes of one temporary file: what has been sent gives its room back file by file"""


class Feed:
    """A binary file to read from in a thread, fed by the event loop. Holds `pieces` pieces at most.

    `read` raises what `fail` was given, so that a stream that breaks off does not look like one that ended.
    """

    def __init__(self, pieces: int = 16) -> None:
        self._queue: queue.Queue[bytes | BaseException] = queue.Queue()
        self._slots = asyncio.Semaphore(pieces)
        self._loop = asyncio.get_running_loop()
        self._rest = b""
        self._ended = False
        self._busy_since: float | None = None

    async def put(self, piece: bytes) -> None:
        """Hands over a piece; waits while the thread is behind. An empty piece ends the file."""
        if piece:
            await self._slots.acquire()
        self._queue.put(piece)

    def fail(self, error: BaseException) -> None:
        """Makes the next `read` raise."""
        self._queue.put(error)

    def busy_seconds(self) -> float:
        """How long the thread has been at work on what it has read; 0 while it waits for more, and before it begins."""
        since = self._busy_since
        return 0.0 if since is None else time.monotonic() - since

    def step(self) -> None:
        """Called by the thread when it has done a part of its work: a file that came whole is judged part by part."""
        if self._busy_since is not None:
            self._busy_since = time.monotonic()

    def close(self) -> None:
        """Called by the thread when it has done its work."""
        self._busy_since = None

    def read(self, n: int = -1) -> bytes:
        if not self._rest and not self._ended:
            self._busy_since = None
            piece = self._queue.get()
            self._busy_since = time.monotonic()
            if isinstance(piece, BaseException):
                self._ended = True
                raise piece
            if piece:
                self._loop.call_soon_threadsafe(self._slots.release)
            else:
                self._ended = True
            self._rest = piece
        data, self._rest = (self._rest, b"") if n < 0 else (self._rest[:n], self._rest[n:])
        return data


class Spool:
    """What a thread has written and the event loop has not yet sent.

    A client may send all rows before it reads the first answer; so the thread does not wait for the client, and memory
    does not grow: what is not sent yet goes to temporary files. Where these come to `limit` bytes the thread does wait,
    and gives up when nothing was taken for `seconds`.
    """

    def __init__(self, notify: Callable[[], object], limit: int, seconds: float) -> None:
        self._segments: deque[_Segment] = deque()
        self._room = threading.Condition()
        self._notify, self._limit, self._seconds = notify, limit, seconds
        self._unsent = self._taken = 0
        self.is_closed = False
        """whether nobody takes any more"""
        self.is_full = False
        """whether the thread waits until something is taken"""

    def write(self, data: bytes) -> None:
        """Adds to what is to be sent.

        Raises
        ------
        Problem
            413 when there is too much of it, and nobody takes any.
        NoRoomError
            The disk is full.
        """
        for start in range(0, len(data), _SEGMENT):
            piece = data[start : start + _SEGMENT]
            with self._room:
                self._wait_for_room(len(piece))
                if self.is_closed:
                    return
                if not self._segments or self._segments[-1].written >= _SEGMENT:
                    self._segments.append(_Segment())
                with scratch_room():
                    self._segments[-1].write(piece)
                self._unsent += len(piece)
            self._notify()

    def take(self, n: int) -> bytes:
        """Up to n bytes, none when all was taken."""
        with self._room:
            data = self._segments[0].take(n) if self._segments else b""
            self._unsent -= len(data)
            self._taken += len(data)
            while self._segments and self._segments[0].is_used_up():
                self._segments.popleft().close()
            self._room.notify_all()
        return data

    def close(self) -> None:
        with self._room:
            self.is_closed = True
            while self._segments:
                self._segments.popleft().close()
            self._room.notify_all()

    def _wait_for_room(self, n: int) -> None:
        while self._unsent and self._unsent + n > self._limit and not self.is_closed:
            before, self.is_full = self._taken, True
            if not self._room.wait_for(lambda: self._taken != before or self.is_closed, self._seconds):  # noqa: B023
                raise Problem(
                    413, f"more than {self._limit:,} bytes of the answer wait to be fetched; fetch it while sending",
                    connection="close",
                )  # fmt: skip
        self.is_full = False


class _Segment:
    """A part of what is written, in memory while it is short."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY, prefix="mismatch-")  # noqa: SIM115 (`close` does)
        self.written = self._taken = 0

    def write(self, data: bytes) -> None:
        self._file.seek(self.written)
        self.written += self._file.write(data)

    def take(self, n: int) -> bytes:
        self._file.seek(self._taken)
        data = self._file.read(n)
        self._taken += len(data)
        return data

    def is_used_up(self) -> bool:
        """Whether all of it was taken: it is in nobody's way, for the next writing begins another."""
        return self._taken == self.written

    def close(self) -> None:
        self._file.close()
