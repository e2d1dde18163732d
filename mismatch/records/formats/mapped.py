"""A file that is mapped into memory, whose pages are given back: only then does a long file not count as resident."""

from __future__ import annotations

import mmap

import pyarrow as pa


class Mapped:
    """The bytes of a file, as an Arrow buffer that copies nothing."""

    def __init__(self, name: str) -> None:
        with open(name, "rb") as file:
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self.buffer = pa.py_buffer(self._map)

    def give_back(self) -> None:
        """Lets go of the pages that were touched; what is needed of them again is fetched again."""
        if hasattr(self._map, "madvise"):  # not on Windows
            self._map.madvise(mmap.MADV_DONTNEED)
