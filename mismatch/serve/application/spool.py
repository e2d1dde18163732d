"""The two buffers of a stream, between the event loop and the thread that judges.

`Feed` holds what has come in and is not read yet, a few pieces at most. `Spool` holds what was judged and is not sent yet,
in a temporary file once it is long.
"""

from __future__ import annotations

import asyncio
import queue
import tempfile
import threading
from collections.abc import Callable

_IN_MEMORY = 1 << 20


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

    async def put(self, piece: bytes) -> None:
        """Hands over a piece; waits while the thread is behind. An empty piece ends the file."""
        if piece:
            await self._slots.acquire()
        self._queue.put(piece)

    def fail(self, error: BaseException) -> None:
        """Makes the next `read` raise."""
        self._queue.put(error)

    def read(self, n: int = -1) -> bytes:
        if not self._rest and not self._ended:
            piece = self._queue.get()
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

    A client may send all rows before it reads the first answer; so the thread must not wait for the client, and memory
    must not grow: what is not sent yet goes to a temporary file.
    """

    def __init__(self, notify: Callable[[], object]) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY, prefix="mismatch-")  # noqa: SIM115 (`close` does)
        self._lock = threading.Lock()
        self._notify = notify
        self._read_at = self._write_at = 0

    def write(self, data: bytes) -> None:
        with self._lock:
            self._file.seek(self._write_at)
            self._file.write(data)
            self._write_at += len(data)
        self._notify()

    def take(self, n: int) -> bytes:
        """Up to n bytes, none when all was taken."""
        with self._lock:
            self._file.seek(self._read_at)
            data = self._file.read(n)
            self._read_at += len(data)
            if self._read_at == self._write_at:
                self._file.seek(0)
                self._file.truncate()
                self._read_at = self._write_at = 0
        return data

    def close(self) -> None:
        with self._lock:
            self._file.close()
