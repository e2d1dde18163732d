"""bz2, xz and Zstandard, by the libraries that Python comes with: streams of any number of members, in bounded memory.

Zstandard is among them from Python 3.14 on, and comes from its backport before.
"""

from __future__ import annotations

import bz2
import lzma
import sys
from typing import TYPE_CHECKING, Any, BinaryIO

from mismatch.records.scratch import write_all

if sys.version_info >= (3, 14) and not TYPE_CHECKING:
    from compression import zstd
else:
    from backports import zstd

ZSTD_ERROR = zstd.ZstdError
WRITTEN_BY_PYTHON = frozenset({"bz2", "xz"})
"""names of `known_formats.COMPRESSIONS` that pyarrow does not write"""
_READ = 1 << 16
_PIECE = 1 << 10
"""bytes that are decompressed at once: what stands before damage in the same piece is lost with it"""
_MOST_MEMORY = 256 << 20
"""that a dictionary of xz may ask for: `xz -9` asks for 64 MiB"""


def decompressor(name: str) -> Any:
    """What decompresses one member of bz2, xz or Zstandard, piece by piece."""
    if name == "zstd":
        return zstd.ZstdDecompressor()
    return bz2.BZ2Decompressor() if name == "bz2" else lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MOST_MEMORY)


class Decompressed:
    """The bytes of a compressed stream.

    Everything before a break is handed out before the break is told, as OSError. Of a stream that comes slowly all that has
    come is handed out before more is waited for.
    """

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self._stream, self._name = stream, name
        self._member: Any = decompressor(name)
        self._waiting = b""
        """compressed, and not given to the member yet"""
        self._begun = False
        self._problem: str | None = None

    def read(self, n: int) -> bytes:
        """At least one byte and at most n, of what has come; none at the end.

        Raises
        ------
        OSError
            The stream is damaged, or ends early.
        """
        parts: list[bytes] = []
        left = n
        while left and self._problem is None and self._has_more(wait=not parts):
            data = b""
            if self._member.needs_input:
                data, self._waiting = self._waiting[:_PIECE], self._waiting[_PIECE:]
            try:
                out = self._member.decompress(data, left)
            except (OSError, lzma.LZMAError, ZSTD_ERROR, EOFError) as error:
                self._problem = f"damaged {self._name} stream ({error})"
                break
            if out:
                parts.append(out)
                left -= len(out)
        if not parts and self._problem is not None:
            raise OSError(self._problem)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _has_more(self, wait: bool) -> bool:
        """Whether the member can go on, or another begins; with `wait`, more of the stream is waited for."""
        if self._member.eof:
            if not wait and not self._member.unused_data and not self._waiting:
                return False
            rest = (self._member.unused_data + self._waiting).lstrip(b"\0")  # zeros are padding
            while not rest and (more := self._stream.read(_READ)):
                rest = more.lstrip(b"\0")
            if not rest:
                return False
            self._waiting, self._member = rest, decompressor(self._name)
        if self._member.needs_input and not self._waiting:
            if not wait:
                return False
            self._waiting = self._stream.read(_READ)
            if not self._waiting and self._begun:
                self._problem = "truncated stream"
            self._begun = self._begun or bool(self._waiting)
            return bool(self._waiting)  # an empty file holds nothing, as the other compressions take it
        return True


class Compressed:
    """Writes a compressed stream; `close` ends it and leaves the file below open."""

    def __init__(self, raw: Any, name: str) -> None:
        self._raw = raw
        self._member: Any = bz2.BZ2Compressor() if name == "bz2" else lzma.LZMACompressor(lzma.FORMAT_XZ)

    def write(self, data: Any) -> None:
        """Compresses all of `data` (bytes-like)."""
        self._put(self._member.compress(data))

    def close(self) -> None:
        """Writes what is held back."""
        self._put(self._member.flush())

    def _put(self, data: bytes) -> None:
        write_all(self._raw, data)
