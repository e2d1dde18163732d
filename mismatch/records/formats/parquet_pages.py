"""What the pages of a Parquet file say of themselves, read before anything is decompressed.

The footer says how large a column is in all. What a reader has to hold at once stands in the head of each page, and how
often a value of the dictionary is repeated stands nowhere. So the heads are walked here (Thrift's compact protocol, as the
format defines it), and a file whose pages ask for too much is refused.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from mismatch.records.bounds import FREE_BYTES, Bounds
from mismatch.records.formats.byte_ranges import ByteRanges

_DATA, _DICTIONARY, _DATA_V2 = 0, 2, 3
_DELTA_BYTE_ARRAY = 7
_LONGEST_FOOTER = 16 << 20
_HEAD, _LONGEST_HEAD = 1 << 8, 1 << 20
_DEEPEST_STRUCT = 8
_MOST_ENTRIES = 1 << 20
_CODECS = {"SNAPPY": "snappy", "GZIP": "gzip", "ZSTD": "zstd", "BROTLI": "brotli", "LZ4_RAW": "lz4_raw"}
_PLAIN = "UNCOMPRESSED"
_WIDTHS = {"BOOLEAN": 1, "INT32": 4, "INT64": 8, "INT96": 12, "FLOAT": 4, "DOUBLE": 8}


class DamagedPages(pa.ArrowInvalid):
    """The pages are not what a Parquet file has."""


class Page(NamedTuple):
    """One page, as its head describes it."""

    kind: int
    decoded: int
    stored: int
    values: int
    encoding: int
    at: int
    """where its bytes begin"""


@dataclass(frozen=True)
class GroupNeeds:
    """What a row group needs in memory."""

    row: int
    """bytes that a row may need: of the densest pages, and with the longest entries of the dictionaries"""
    decoded: int
    """bytes of all pages"""
    too_large: str | None
    """why it is refused, in words"""


def check_footer(data: ByteRanges) -> None:
    """A footer is held in memory whole, many times as large as it is in the file.

    Raises
    ------
    DamagedPages
        It is larger than any, or than the file.
    """
    end = data.read(max(data.size - 8, 0), 8)
    size = int.from_bytes(end[:4], "little")
    if end[4:] in (b"PAR1", b"PARE") and size > min(_LONGEST_FOOTER, data.size):
        raise DamagedPages(f"its footer has {size:,} bytes")


def needs_of_group(data: ByteRanges, metadata: pq.FileMetaData, group: int, bounds: Bounds) -> GroupNeeds:
    """What the row group `group` of a file needs.

    Raises
    ------
    DamagedPages
        The heads of its pages contradict the footer.
    """
    about = metadata.row_group(group)
    held = row = all_decoded = 0
    for k in range(about.num_columns):
        column = about.column(k)
        pages = list(_pages(data, column))
        largest = max(pages, key=lambda page: page.decoded, default=None)
        if largest is None:
            continue
        dictionary = next((page for page in pages if page.kind == _DICTIONARY), None)
        held += _held(largest, column) + (_held(dictionary, column) if dictionary not in (None, largest) else 0)
        if held > bounds.batch:
            what = f"with the column {column.path_in_schema!r} it needs {held:,} bytes in memory at once"
            return GroupNeeds(0, 0, f"{what}; --limit batch=BYTES allows more")
        longest = _WIDTHS.get(column.physical_type, 0)
        if column.physical_type.endswith("BYTE_ARRAY"):
            if dictionary is not None:
                longest = _longest_entry(data, column, dictionary)
            if any(page.encoding == _DELTA_BYTE_ARRAY for page in pages):  # each value may repeat the one before
                longest = max(longest, largest.decoded)
        values = sum(page.values for page in pages if page.kind != _DICTIONARY)
        if metadata.schema.column(k).max_repetition_level:
            become, size = values * (longest + 4), sum(page.decoded for page in pages)
            if become > 64 * FREE_BYTES and become > bounds.ratio * size:
                return GroupNeeds(0, 0, f"the lists in {column.path_in_schema!r} may become {become:,} bytes")
            longest *= -(-values // max(about.num_rows, 1))
        row += longest + max((page.decoded // max(page.values, 1) for page in pages if page is not dictionary), default=0)
        all_decoded += sum(page.decoded for page in pages)
    return GroupNeeds(row, all_decoded, None)


def _held(page: Page | None, column: pq.ColumnChunkMetaData) -> int:
    """What a page takes in memory: as it is, and as it was stored where that is something else."""
    return 0 if page is None else page.decoded + (page.stored if column.compression != _PLAIN else 0)


def _pages(data: ByteRanges, column: pq.ColumnChunkMetaData) -> Iterator[Page]:
    offsets = [at for at in (column.dictionary_page_offset, column.data_page_offset) if at]
    begin = at = min(offsets, default=0)
    end = begin + column.total_compressed_size
    if not 0 <= begin <= end <= data.size:
        raise DamagedPages(f"the column {column.path_in_schema!r} lies outside of the file")
    left = column.num_values
    while at < end and left > 0:
        head, size = _head(data, at, end)
        at += size
        kind, decoded, stored = (_number(head.get(field)) for field in (1, 2, 3))
        if stored > end - at:
            raise DamagedPages(f"a page of the column {column.path_in_schema!r} is larger than the column")
        about = head.get({_DATA: 5, _DICTIONARY: 7, _DATA_V2: 8}.get(kind, -1), {})
        about = about if isinstance(about, dict) else {}
        values, encoding = _number(about.get(1, 0)), _number(about.get(4 if kind == _DATA_V2 else 2, 0))
        yield Page(kind, decoded, stored, values, encoding, at)
        left -= values if kind != _DICTIONARY else 0
        at += stored


def _number(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise DamagedPages("the head of a page is damaged")
    return value


def _head(data: ByteRanges, at: int, end: int) -> tuple[dict[int, Any], int]:
    """The head of the page at a place, and its size."""
    window = _HEAD
    while True:
        try:
            return _Compact(data.read(at, min(end - at, window))).read_struct()
        except _EndsEarly:
            if window >= min(end - at, _LONGEST_HEAD):
                raise
            window = min(window * 16, _LONGEST_HEAD)


def _longest_entry(data: ByteRanges, column: pq.ColumnChunkMetaData, page: Page) -> int:
    """Bytes of the longest entry of a dictionary, at most; that of the whole page where it cannot be told soon."""
    codec = _CODECS.get(column.compression)
    is_known = codec is not None or column.compression == _PLAIN
    if column.physical_type != "BYTE_ARRAY" or not is_known or page.values > _MOST_ENTRIES:
        return page.decoded
    raw = data.read(page.at, page.stored)
    try:
        if codec is not None:
            raw = pa.Codec(codec).decompress(raw, decompressed_size=page.decoded, asbytes=True)
        at = longest = 0
        for _ in range(page.values):
            (size,) = struct.unpack_from("<I", raw, at)
            longest, at = max(longest, size), at + 4 + size
    except (struct.error, OSError, pa.ArrowException):
        return page.decoded  # pyarrow says what is wrong with it
    return min(longest, page.decoded)


class _EndsEarly(DamagedPages):
    """There is more of a struct than was read."""


class _Compact:
    """Reads one struct of Thrift's compact protocol from the beginning of some bytes: numbers by their field."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def read_struct(self) -> tuple[dict[int, Any], int]:
        """The fields, and the size of the struct."""
        return self._struct(0), self._at

    def _struct(self, depth: int) -> dict[int, Any]:
        if depth > _DEEPEST_STRUCT:
            raise DamagedPages("the head of a page is nested too deeply")
        found: dict[int, Any] = {}
        field = 0
        while head := self._byte():
            field = field + (head >> 4) if head >> 4 else self._zigzag()
            found[field] = self._value(head & 15, depth)
        return found

    def _value(self, kind: int, depth: int) -> Any:
        if kind in (1, 2):
            return kind == 1
        if kind in (4, 5, 6):
            return self._zigzag()
        if kind == 12:
            return self._struct(depth + 1)
        if kind in (3, 7, 8):
            return self._skip({3: 1, 7: 8}.get(kind) or self._varint())
        raise DamagedPages("the head of a page holds what no page has")

    def _byte(self) -> int:
        if self._at >= len(self._data):
            raise _EndsEarly("the head of a page does not end")
        self._at += 1
        return self._data[self._at - 1]

    def _skip(self, n: int) -> None:
        if n > len(self._data) - self._at:
            raise _EndsEarly("the head of a page does not end")
        self._at += n

    def _varint(self) -> int:
        number = shift = 0
        while True:
            byte = self._byte()
            number |= (byte & 0x7F) << shift
            if byte < 0x80:
                return number
            shift += 7
            if shift > 63:
                raise DamagedPages("the head of a page holds a number that is too large")

    def _zigzag(self) -> int:
        number = self._varint()
        return (number >> 1) ^ -(number & 1)
