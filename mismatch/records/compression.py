"""A stream of bytes from a file or from standard input, plain or compressed, that says how it ended."""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO, cast

from mismatch.records.arrivals import STOPPED
from mismatch.records.bounds import LEAST_ROW, USUAL, Bounds
from mismatch.records.gzip_stream import GzipStream
from mismatch.records.known_formats import COMPRESSIONS
from mismatch.records.python_compression import Decompressed

BOM = b"\xef\xbb\xbf"


def compression_of(head: bytes) -> str | None:
    """The compression that the first bytes of a stream announce."""
    return next((known.name for known in COMPRESSIONS if head.startswith(known.magic)), None)


class _Counting:
    """The raw file below a decompressor, with the bytes handed out counted."""

    def __init__(self, stream: BinaryIO, count: Callable[[int], None], head: bytes = b"") -> None:
        self._stream, self._count, self._head = stream, count, head
        self.closed = False

    def read(self, n: int = -1) -> bytes:
        if self._head:
            data, self._head = self._head[:n], self._head[n:]
            return data
        data = self._stream.read(n) or b""
        self._count(len(data))
        return data

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self.closed = True


class ByteSource:
    """Reads decompressed bytes.

    Parameters
    ----------
    stream : the raw stream.
    compression : None, or the name of one of `known_formats.COMPRESSIONS`.
    count : told how many raw bytes were taken, for a progress bar.
    keep_open : True for standard input, which is not ours. head : what was read of the stream already.
    bounds : how large it may become.
    live : `read` and `peek` return what there is, and wait only where there is nothing.
    """

    def __init__(
        self,
        stream: BinaryIO,
        compression: str | None,
        count: Callable[[int], None] = lambda n: None,
        *,
        keep_open: bool = False,
        head: bytes = b"",
        bounds: Bounds = USUAL,
        live: bool = False,
    ) -> None:
        self._bounds, self._stored = bounds, len(head)
        self._compression, self._count = compression, count
        self._keep_open, self._live = keep_open, live
        self.ended = False
        """Whether there is nothing behind what was read or looked at."""
        self._raw = stream
        self._stream = self._decompressed(_Counting(self._raw, self._counted, head))
        self._ahead = b""
        self._delivered = self._lines = 0
        self.broken: str | None = None
        """Why the stream ended before its end, in words; None while all is well."""

    def _decompressed(self, counting: _Counting) -> BinaryIO:
        if self._compression is None:
            return cast(BinaryIO, counting)
        if self._compression == "gzip":
            return cast(BinaryIO, GzipStream(cast(BinaryIO, counting)))
        return cast(BinaryIO, Decompressed(cast(BinaryIO, counting), self._compression))

    def _counted(self, n: int) -> None:
        self._stored += n
        self._count(n)

    def peek(self, n: int, *, more: bool = False) -> bytes:
        """The first n bytes of what is still to come, or fewer at the end; they stay to be read.

        Of a live stream what there is; with `more`, what there is when more has come.
        """
        if len(self._ahead) < n and (more or not self._live or not self._ahead):
            self._ahead += self._take(n - len(self._ahead))
        return self._ahead[:n]

    def read(self, n: int) -> bytes:
        """n bytes, fewer only at the end (or the break) of the stream."""
        if not self._ahead:
            return self._take(n)
        data, self._ahead = self._ahead[:n], self._ahead[n:]
        return data if len(data) == n or self._live else data + self._take(n - len(data))

    def peek_line(self, n: int) -> bytes:
        """As `peek`; of a live stream at least the first line, where it is no longer than n bytes."""
        head = self.peek(n)
        while self._live and not self.ended and len(head) < n and not head.strip(BOM).strip(b"\r\n").count(b"\n"):
            head = self.peek(n, more=True)
        return head

    def peek_beginning(self, n: int) -> bytes:
        """As `peek`; of a live stream enough to see a byte order mark, where there may be one."""
        head = self.peek(n)
        while self._live and not self.ended and len(head) < 4 and head[:1] in (b"\xef", b"\xff", b"\xfe", b"\0"):
            head = self.peek(n, more=True)
        return head

    @property
    def is_live(self) -> bool:
        return self._live

    @property
    def is_compressed(self) -> bool:
        return self._compression is not None

    def unread(self, data: bytes) -> None:
        """Puts back what was read, so that it is read again."""
        self._ahead = data + self._ahead

    def skip_byte_order_mark(self) -> None:
        """To be called at the start."""
        if self.peek(len(BOM)) == BOM:
            self.read(len(BOM))

    def close(self) -> None:
        """Closes the file; standard input stays open."""
        if not self._keep_open:
            self._raw.close()

    def _take(self, n: int) -> bytes:
        parts, left = [], n
        while left and self.broken is None:
            try:
                data = self._stream.read(left)
            except OSError as error:
                stopped = getattr(self._raw, "stopped", False)
                self.broken, self.ended = STOPPED if stopped else self._reason(str(error)), True
                break
            if not data:
                self.ended = True
                if getattr(self._raw, "stopped", False):
                    self.broken = STOPPED
                break
            parts.append(data)
            self._delivered += len(data)
            left -= len(data)
            if self._compression is not None:
                self._lines += data.count(b"\n")
                becomes = max(self._delivered, LEAST_ROW * self._lines)
                self.broken = self._bounds.exceeded_by(becomes, self._stored)
                self.ended = self.ended or self.broken is not None
            if self._live:
                break
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _reason(self, error: str) -> str:
        if self._compression is None:
            return f"cannot be read further ({error})"
        if "runcated" in error:
            return "the compressed stream ends early"
        return "the compressed stream is damaged"
