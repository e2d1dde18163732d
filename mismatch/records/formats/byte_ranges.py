"""Bytes at any place of a file, for a look at it before a library reads it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO


class ByteRanges:
    """A file that can be sought in."""

    def __init__(self, file: BinaryIO | Any) -> None:
        self._file = file
        self.size = int(file.seek(0, 2))

    def read(self, at: int, n: int) -> bytes:
        """`n` bytes from a place on, fewer at the end of the file.

        Raises
        ------
        ValueError
            The place lies outside of the file.
        """
        if not (0 <= at <= self.size and n >= 0):
            raise ValueError(f"byte {at:,} lies outside of the file")
        self._file.seek(at)
        data = b""
        while len(data) < n and (more := self._file.read(n - len(data))):
            data += more
        return data


@contextmanager
def byte_ranges(file: str | BinaryIO | Any) -> Iterator[ByteRanges]:
    """The bytes of a file by its name, or of one that is open already and stays so, at the place where it is."""
    if isinstance(file, str):
        with open(file, "rb", buffering=0) as opened:
            yield ByteRanges(opened)
        return
    place = file.tell()
    try:
        yield ByteRanges(file)
    finally:
        file.seek(place)
