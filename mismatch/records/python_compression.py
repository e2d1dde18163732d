"""bz2 and xz, by Python's own libraries: streams of any number of members, in bounded memory, in and out."""

from __future__ import annotations

import bz2
import lzma
from typing import Any, BinaryIO

PYTHON_COMPRESSIONS = frozenset({"bz2", "xz"})
"""names of `known_formats.COMPRESSIONS` that pyarrow does not read as streams of several members, or not at all"""
_PIECE = 1 << 16
_MOST_MEMORY = 256 << 20
"""that a dictionary of xz may ask for: `xz -9` asks for 64 MiB"""


def _decompressor(name: str) -> Any:
    return bz2.BZ2Decompressor() if name == "bz2" else lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MOST_MEMORY)


class Decompressed:
    """The bytes of a compressed stream.

    Everything before a break is handed out before the break is told: as OSError, like pyarrow's streams.
    """

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self._stream, self._name = stream, name
        self._member: Any = _decompressor(name)
        self._ended = self._begun = False

    def read(self, n: int) -> bytes:
        """At most n bytes, at least one unless the stream has ended.

        Raises
        ------
        OSError
            The stream is damaged, or ends early.
        """
        while not self._ended:
            data = b""
            if self._member.eof:
                data = self._rest()
                if not data:
                    self._ended = True
                    break
                self._member = _decompressor(self._name)
            elif self._member.needs_input:
                data = self._stream.read(_PIECE)
                if not data and not self._begun:
                    self._ended = True  # an empty file, as the other compressions take it
                    break
                if not data:
                    raise OSError("truncated stream")
                self._begun = True
            try:
                out = self._member.decompress(data, n)
            except (OSError, lzma.LZMAError, EOFError) as error:
                raise OSError(f"damaged {self._name} stream ({error})") from None
            if out:
                return out
        return b""

    def _rest(self) -> bytes:
        """What follows a member: the beginning of another, or nothing. Zeros are padding."""
        data = self._member.unused_data.lstrip(b"\0")
        while not data and (more := self._stream.read(_PIECE)):
            data = more.lstrip(b"\0")
        return data


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
        left = memoryview(data)
        while len(left):
            done = self._raw.write(left)
            left = left[done if done is not None else 0 :]
