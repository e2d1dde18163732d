"""Whether a web archive ends where a record ends: fastwarc takes one that was cut off in its last record for whole."""

from __future__ import annotations

import zlib
from typing import Any

from mismatch.records.python_compression import ZSTD_ERROR, decompressor

GZIP, ZSTD = b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd"
_WITH_HEADER = 31
"""of zlib: the largest window, and gzip's header and trailer around the data"""
_PIECE = 1 << 20


class Ending:
    """Is fed the bytes of an archive as they are read, from the beginning of a record on."""

    def __init__(self) -> None:
        self._begin = b""
        self._feed: Any = None
        self._member: Any = None
        self._tail = b""
        self._is_unknown = False

    def feed(self, data: bytes) -> None:
        """The next bytes; they are looked at and not kept."""
        if self._feed is None:
            self._begin += data
            if len(self._begin) < len(ZSTD):
                return
            kinds = ((GZIP, self._gzip), (ZSTD, self._zstd), (b"", self._plain))
            self._feed = next(feed for magic, feed in kinds if self._begin.startswith(magic))
            data, self._begin = self._begin, b""
        self._feed(data)

    def is_whole(self) -> bool:
        """Whether what was fed ends where a record does; also where that cannot be told."""
        if self._begin:
            return False
        if self._feed is None or self._is_unknown:
            return True
        if self._feed == self._plain:
            return self._tail.replace(b"\r", b"").endswith(b"\n\n")
        return self._member is None

    def _plain(self, data: bytes) -> None:
        self._tail = (self._tail + data[-4:])[-4:]

    def _gzip(self, data: bytes) -> None:
        while data and not self._is_unknown:
            if self._member is None:
                data = data.lstrip(b"\0")  # padding
                self._member = zlib.decompressobj(_WITH_HEADER) if data else None
                continue
            try:
                self._member.decompress(data, _PIECE)
            except zlib.error:
                self._is_unknown = True  # fastwarc says what it makes of it
            data = self._member.unconsumed_tail
            if self._member.eof:
                data, self._member = self._member.unused_data, None

    def _zstd(self, data: bytes) -> None:
        while not self._is_unknown:
            if self._member is None:
                if not data:
                    return
                self._member = decompressor("zstd")
            try:
                self._member.decompress(data, _PIECE)
            except ZSTD_ERROR:
                self._is_unknown = True
            data = b""
            if self._member.eof:
                data, self._member = self._member.unused_data, None
            elif self._member.needs_input:
                return
