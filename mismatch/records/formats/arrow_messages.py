"""How large the batches of an Arrow file become, read from its messages before anything is decompressed.

A compressed buffer begins with the size that it will have, and Arrow allocates that much unseen. The messages (Flatbuffers,
by the format's `Message.fbs`, `Schema.fbs` and `File.fbs`) are followed here as far as these sizes; every step is checked.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

import pyarrow as pa

from mismatch.records.bounds import Bounds
from mismatch.records.formats.byte_ranges import ByteRanges

_MAGIC = b"ARROW1"
_LONGEST_METADATA = 16 << 20
_DICTIONARY_BATCH, _RECORD_BATCH = 2, 3
_BYTES_A_VALUE = 32
"""that it takes to find how long the rows of a batch are"""
_MARK = -1
"""begins a message"""


class DamagedMessages(pa.ArrowInvalid):
    """The messages are not what an Arrow file has."""


class _Message(NamedTuple):
    metadata: _Table
    body: int
    """where the body begins"""


class Needs(NamedTuple):
    """What the batches of a file need."""

    rows: int
    too_large: str | None
    """why it is refused, in words"""
    has_long_batch: bool = False
    """whether a batch that is not compressed is too large to be read into memory"""


def needs_of(data: ByteRanges, bounds: Bounds) -> Needs:
    """What the batches of a file, or of a stream in a file, need at most.

    Raises
    ------
    DamagedMessages
        A message leads outside of the file.
    """
    rows = dictionaries = 0
    has_long_batch = False
    try:
        for message in _in_file(data) if data.read(0, len(_MAGIC)) == _MAGIC else _in_stream(data):
            kind, batch = message.metadata.number(1, "<B"), message.metadata.table(2)
            if kind == _DICTIONARY_BATCH and batch is not None:
                batch = batch.table(1)
            if batch is None or kind not in (_DICTIONARY_BATCH, _RECORD_BATCH):
                continue
            is_compressed, size = _size(data, batch, message.body)
            longest = max((length for length, _ in batch.structs(1, "<qq")), default=0)
            held = dictionaries + _BYTES_A_VALUE * max(longest, 0)
            if is_compressed:
                held += size
            elif held + size > bounds.batch:
                has_long_batch = True
            if kind == _DICTIONARY_BATCH:
                dictionaries = held
            else:
                rows += max(batch.number(0, "<q"), 0)
            if held > bounds.batch:
                return Needs(rows, f"a batch needs {held:,} bytes in memory at once; --limit batch=BYTES allows more")
    except (struct.error, ValueError) as error:
        raise DamagedMessages(f"a message is damaged: {error}") from None
    return Needs(rows, None, has_long_batch)


def _size(data: ByteRanges, batch: _Table, body: int) -> tuple[bool, int]:
    """Whether a batch is compressed, and the bytes of its buffers: as they are stored, and with them what they become."""
    is_compressed, total = batch.table(3) is not None, 0
    for offset, length in batch.structs(2, "<qq"):
        total += max(length, 0)
        if is_compressed and length > 8:
            (size,) = struct.unpack("<q", data.read(body + offset, 8))
            total += max(size, 0)
    return is_compressed, total


def _in_stream(data: ByteRanges) -> Iterator[_Message]:
    at: int | None = 0
    while at is not None and at + 4 <= data.size:
        message, at = _message(data, at)
        if message is not None:
            yield message


def _in_file(data: ByteRanges) -> Iterator[_Message]:
    end = data.size - len(_MAGIC) - 4
    (size,) = struct.unpack("<i", data.read(end, 4))
    if not 0 < size <= min(_LONGEST_METADATA, end):
        raise DamagedMessages("the footer is larger than the file")
    footer = _Table.root(data.read(end - size, size))
    for field in (2, 3):  # dictionaries, record batches
        for offset, length, _ in footer.structs(field, "<qixxxxq"):
            message, _ = _message(data, offset)
            if message is not None:
                yield _Message(message.metadata, offset + length)


def _message(data: ByteRanges, at: int) -> tuple[_Message | None, int | None]:
    """The message at a place, and where the next one is; None and None at the end of a stream."""
    (size,) = struct.unpack("<i", data.read(at, 4))
    at += 4
    if size == _MARK:  # older files have none before the size
        (size,) = struct.unpack("<i", data.read(at, 4))
        at += 4
    if size == 0:
        return None, None
    if not 0 < size <= min(_LONGEST_METADATA, data.size - at):
        raise DamagedMessages("it is larger than the file")
    metadata = _Table.root(data.read(at, size))
    length = metadata.number(3, "<q")
    if not 0 <= length <= data.size - at - size:
        raise DamagedMessages("the file ends within it")
    return _Message(metadata, at + size), at + size + length


class _Table:
    """A table of Flatbuffers at a place of some bytes."""

    def __init__(self, data: bytes, at: int) -> None:
        self._data, self._at = data, at
        (back,) = struct.unpack_from("<i", data, at)
        self._fields = at - back
        if not 0 <= self._fields < len(data):
            raise DamagedMessages("a table lies outside of it")
        (self._size,) = struct.unpack_from("<H", data, self._fields)

    @classmethod
    def root(cls, data: bytes) -> _Table:
        (offset,) = struct.unpack_from("<I", data, 0)
        return cls(data, offset)

    def _place(self, field: int) -> int | None:
        if 4 + 2 * field + 2 > self._size:
            return None
        (offset,) = struct.unpack_from("<H", self._data, self._fields + 4 + 2 * field)
        return self._at + offset if offset else None

    def number(self, field: int, kind: str) -> int:
        place = self._place(field)
        return 0 if place is None else int(struct.unpack_from(kind, self._data, place)[0])

    def table(self, field: int) -> _Table | None:
        place = self._place(field)
        if place is None:
            return None
        (offset,) = struct.unpack_from("<I", self._data, place)
        return _Table(self._data, place + offset)

    def structs(self, field: int, kind: str) -> Iterator[tuple[int, ...]]:
        place = self._place(field)
        if place is None:
            return
        (offset,) = struct.unpack_from("<I", self._data, place)
        (length,) = struct.unpack_from("<I", self._data, place + offset)
        begin, size = place + offset + 4, struct.calcsize(kind)
        if begin + length * size > len(self._data):
            raise DamagedMessages("a list lies outside of it")
        for k in range(length):
            yield struct.unpack_from(kind, self._data, begin + k * size)
