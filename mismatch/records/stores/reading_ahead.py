"""A file in a store as Python reads files: sought in, and read ahead where it is read from one end to the other."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mismatch.records.stores.failures import StoreError, in_words

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

    import pyarrow as pa

PIECE_BYTES = 8 << 20
"""of one request; two of them are in memory"""
_FIRST_PIECE = 1 << 16


class ReadingAhead(io.RawIOBase):
    """Reads pieces by request; while one is worked on, the next is on its way.

    The first piece, and one that was sought, is only as long as it is asked for: a look at a header, or at some rows, costs
    little.
    """

    def __init__(self, file: pa.NativeFile, size: int, check: Callable[[], None] = lambda: None) -> None:
        """
        Parameters
        ----------
        check
            Called when a file has been read piece by piece to its end: raises where it is not the one that it was.
        """
        super().__init__()
        self._file, self._size, self._check = file, size, check
        self._at = 0
        self._piece, self._begins = b"", 0
        self._coming: tuple[int, Future[bytes]] | None = None
        self._pool: ThreadPoolExecutor | None = None
        self._sought = True

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._sought = self._sought or at != self._at
        self._at = max(0, at)
        return self._at

    def read(self, n: int | None = -1) -> bytes:
        """At most n bytes, perhaps fewer; none only at the end."""
        if n is None or n < 0:
            return self.readall()
        inside = self._at - self._begins
        if not 0 <= inside < len(self._piece):
            if not n or self._at >= self._size:
                return b""
            self._piece, self._begins, inside = self._next_piece(n), self._at, 0
        data = self._piece if not inside and n >= len(self._piece) else self._piece[inside : inside + n]
        self._at += len(data)
        return data

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            if self._pool is not None:
                self._pool.shutdown(cancel_futures=True)
            self._file.close()
        super().close()

    def _next_piece(self, n: int) -> bytes:
        """The piece that begins at the place where it is read."""
        if self._sought:
            self._sought, self._coming = False, None
            return self._requested(self._at, max(n, _FIRST_PIECE))
        begins, coming = self._coming or (-1, None)
        piece = coming.result() if coming is not None and begins == self._at else self._requested(self._at, PIECE_BYTES)
        follows = self._at + len(piece)
        self._coming = None
        if follows >= self._size:
            self._check()
        if follows < self._size:
            if self._pool is None:
                from concurrent.futures import ThreadPoolExecutor

                self._pool = ThreadPoolExecutor(1, "reading-ahead")
            self._coming = follows, self._pool.submit(self._requested, follows, PIECE_BYTES)
        return piece

    def _requested(self, at: int, n: int) -> bytes:
        n = min(n, self._size - at)
        try:
            data = self._file.read_at(n, at)
        except Exception as error:
            raise StoreError(in_words(error)) from None
        if len(data) < n:
            raise StoreError(f"it ends after {at + len(data):,} of {self._size:,} bytes")
        return data
