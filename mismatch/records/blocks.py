"""What passes from readers to writers: a block of rows, the rows as the user has them, and what was
refused."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from typing import BinaryIO, Protocol, cast

import numpy as np
import pyarrow as pa

from mismatch.records.bounds import Bounds
from mismatch.records.columns import ROLES, Columns
from mismatch.records.scratch import scratch_room, write_all
from mismatch.records.short_texts import names

PAIRS_SCHEMA = pa.schema([(role, pa.string()) for role in ROLES])


@dataclass
class Reject:
    """A row that could not be read. A very long one has only its beginning in `raw` and all of it in
    `spooled`."""

    origin: str
    line: int
    reason: str
    raw: bytes
    spooled: BinaryIO | None = field(default=None, repr=False)

    def __del__(self) -> None:
        if self.spooled is not None:  # most rejects are only counted, and nobody else closes the file
            self.spooled.close()


@dataclass
class JsonLines:
    """Rows as their own bytes: row i is `buffer[starts[i]:ends[i]]`, one JSON object without white space at
    its end.

    buffer : bytes-like. starts, ends : int64[n]. keys : the distinct keys of these objects in the order
    they turn up, None when that is not known (very many keys, an object that is very deep).
    """

    buffer: bytes | memoryview
    starts: np.ndarray
    ends: np.ndarray
    keys: list[str] | None = None

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def data(self) -> np.ndarray:
        """The buffer as uint8[size], not copied."""
        return np.frombuffer(self.buffer, dtype=np.uint8)

    def line(self, i: int) -> bytes:
        """The bytes of row i."""
        return bytes(self.buffer[self.starts[i] : self.ends[i]])


@dataclass
class Block:
    """A run of readable rows of one input, in order.

    pairs : the columns of `ROLES` as text, null where absent. rows : the same rows as the user has them.
    origin : the file's name as the user gave it. row_numbers : int64[n], 1-based line (text formats) or row
    (binary formats).
    rejects : the rows of this stretch that could not be read. columns : which of the user's columns is what.
    candidates : of pages, what else may be the title of each: lists of (source, title, probability), the likeliest first.
    """

    pairs: pa.RecordBatch
    rows: JsonLines | pa.RecordBatch
    origin: str
    row_numbers: np.ndarray
    rejects: list[Reject]
    columns: Columns
    candidates: pa.ListArray | None = None

    def __len__(self) -> int:
        return self.pairs.num_rows


class Chunk(Protocol):
    """A stretch of one input, not yet parsed."""

    @property
    def origin(self) -> str:
        """The input's name as the user gave it."""
        ...

    def decode(self) -> Block:
        """Parses the stretch. Any thread may call it; the heavy part runs without the GIL."""
        ...


def pairs_batch(columns: list[pa.Array]) -> pa.RecordBatch:
    """The six role columns as one batch, each pa.string (pa.large_string where a column is above 2 GiB).

    Of an id, a source or a topic that is too long for one there is none.
    """
    title, body, source, identity, topic, label = columns
    return pa.RecordBatch.from_arrays([title, body, names(source), names(identity), names(topic), label], names=list(ROLES))


_BEGINNING = 1024


class LongRow:
    """Collects one row that is too long, piece by piece."""

    def __init__(self, origin: str, line: int, bounds: Bounds) -> None:
        self._origin, self._line, self._limit, self._left = origin, line, bounds.row, bounds.rejected
        with scratch_room():
            file = tempfile.TemporaryFile(prefix="mismatch-", buffering=0)  # noqa: SIM115 (`close` does)
        self._file = cast(BinaryIO, file)
        self._beginning = b""

    def add(self, data: bytes | memoryview) -> None:
        """More of the row; it is kept as far as rejected rows are."""
        if len(self._beginning) < _BEGINNING:
            self._beginning += bytes(data[: _BEGINNING - len(self._beginning)])
        try:
            with scratch_room():
                write_all(self._file, data[: self._left])
        except BaseException:
            self._file.close()
            raise
        self._left = max(0, self._left - len(data))

    def reject(self) -> Reject:
        """The row, complete."""
        self._file.seek(0)
        return Reject(self._origin, self._line, too_long(self._limit), self._beginning, self._file)


def too_long(limit: int) -> str:
    """The reason given for a row above `limit` bytes."""
    return f"longer than {limit:,} bytes"
