"""CSV and TSV: records cut where quotes allow it, every cell kept as text, what does not fit the header
rejected."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from mismatch.compiling.kernels import kernel
from mismatch.errors import InputError
from mismatch.records.blocks import MAX_LINE_BYTES, Block, LongRow, Reject, pairs_batch, too_long
from mismatch.records.columns import ROLES, Columns
from mismatch.records.compression import BOM, ByteSource
from mismatch.records.formats.lines import count_newlines, valid_utf8

_FIELD_START, _FIELD, _QUOTED = range(3)


@kernel
def find_records(
    buffer: np.ndarray, delimiter: int, line: int, final: bool,
    starts: np.ndarray, ends: np.ndarray, numbers: np.ndarray, fields: np.ndarray,
) -> tuple[int, int, int]:  # fmt: skip
    """Fills start, end, line number and number of fields of each complete record that is not empty.

    Returns (records, where the first incomplete record begins, its line). A quote counts only at the start
    of a field, as RFC 4180 and pyarrow have it; a line ends with LF, CRLF or CR. `final`: the buffer ends
    the file.
    """
    rows, i, n = 0, 0, len(buffer)
    begin, begin_line, count, state = 0, line, 1, _FIELD_START
    while i < n:
        c = buffer[i]
        if state == _QUOTED:
            if c == 0x22:
                if i + 1 < n and buffer[i + 1] == 0x22:
                    i += 1
                else:
                    state = _FIELD
            elif c == 0x0A:
                line += 1
        elif c == 0x0A or c == 0x0D:
            if c == 0x0D and i + 1 == n and not final:
                break
            if i > begin:
                starts[rows], ends[rows], numbers[rows], fields[rows] = begin, i, begin_line, count
                rows += 1
            if c == 0x0D and i + 1 < n and buffer[i + 1] == 0x0A:
                i += 1
            line += 1
            begin, begin_line, count, state = i + 1, line, 1, _FIELD_START
        elif c == delimiter:
            count += 1
            state = _FIELD_START
        elif c == 0x22 and state == _FIELD_START:
            state = _QUOTED
        else:
            state = _FIELD
        i += 1
    if final and begin < n and state != _QUOTED:
        starts[rows], ends[rows], numbers[rows], fields[rows] = begin, n, begin_line, count
        rows += 1
        begin = n
    return rows, begin, begin_line


@kernel
def _rows_valid(buffer: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    valid = np.empty(len(starts), np.bool_)
    for row in range(len(starts)):
        valid[row] = valid_utf8(buffer, starts[row], ends[row])
    return valid


def records_of(
    data: bytes, delimiter: str, line: int, final: bool
) -> tuple[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray], int, int]:
    """Start, end, line and field count of the records of `data`: four int64[n]; where the rest begins; its
    line."""
    buffer = np.frombuffer(data, dtype=np.uint8)
    room = count_newlines(buffer) + data.count(b"\r") + 1
    tables = (
        np.empty(room, np.int64),
        np.empty(room, np.int64),
        np.empty(room, np.int64),
        np.empty(room, np.int64),
    )
    rows, rest, rest_line = find_records(buffer, ord(delimiter), line, final, *tables)
    return (tables[0][:rows], tables[1][:rows], tables[2][:rows], tables[3][:rows]), rest, rest_line


def split_record(raw: bytes, delimiter: str) -> list[str]:
    """The cells of one record, by Python's reader."""
    limit = csv.field_size_limit(2**31 - 1)
    try:
        return next(csv.reader(io.StringIO(raw.decode("utf-8"), newline=""), delimiter=delimiter))
    finally:
        csv.field_size_limit(limit)


def read_header(source: ByteSource, origin: str, delimiter: str, limit: int) -> list[str] | None:
    """The names in the first record, which stays to be read; None for a file without records.

    Raises
    ------
    InputError
        The header is not UTF-8, or no record ends within `limit` bytes.
    """
    size = min(1 << 16, limit)
    while True:
        head = source.peek(size)
        final = len(head) < size
        head = head.removeprefix(BOM)
        (starts, ends, _, _), _, _ = records_of(head, delimiter, 1, final)
        if len(starts):
            try:
                return split_record(head[starts[0] : ends[0]], delimiter)
            except UnicodeDecodeError:
                raise InputError(f"{origin}: the header (line 1) is not UTF-8; convert the file first.") from None
        if final:
            if head.strip():
                raise InputError(f"{origin}: a quote in the header (line 1) is not closed; repair the header.")
            return None
        if size >= limit:
            raise InputError(f"{origin}: no header within {limit:,} bytes; is this a {delimiter!r}-separated file?")
        size = min(size * 8, limit)


@dataclass
class DelimitedChunk:
    """A stretch of whole records."""

    origin: str
    buffer: bytes
    header: list[str]
    columns: Columns
    delimiter: str
    spans: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray] | None = None
    rejects: list[Reject] = field(default_factory=list)
    max_line_bytes: int = MAX_LINE_BYTES

    def decode(self) -> Block:
        """Every cell as text; ragged records, records that are not UTF-8 and over-long ones are among
        `rejects`."""
        if self.spans is None:
            empty = [pa.array([], pa.string())] * len(self.header)
            return self._block(empty, np.empty(0, np.int64), list(self.rejects))
        starts, ends, numbers, fields = self.spans
        data = np.frombuffer(self.buffer, dtype=np.uint8)
        valid = _rows_valid(data, starts, ends)
        good = valid & (fields == len(self.header)) & (ends - starts <= self.max_line_bytes)
        rejects = list(self.rejects)
        for i in np.flatnonzero(~good):
            raw = self.buffer[starts[i] : ends[i]]
            if ends[i] - starts[i] > self.max_line_bytes:
                reason = too_long(self.max_line_bytes)
            elif not valid[i]:
                reason = "not valid UTF-8"
            else:
                reason = f"{fields[i]} fields where the header has {len(self.header)}"
            rejects.append(Reject(self.origin, int(numbers[i]), reason, raw))
        cells = self._cells(starts, ends, good)
        return self._block(cells, numbers[good], sorted(rejects, key=lambda reject: reject.line))

    def _cells(self, starts: np.ndarray, ends: np.ndarray, good: np.ndarray) -> list[pa.Array]:
        view, n = memoryview(self.buffer), int(good.sum())
        if n == len(good):
            text: bytes | memoryview = view[starts[0] : ends[-1]] if n else b""
        else:
            text = b"\n".join(view[a:b] for a, b in zip(starts[good], ends[good], strict=True))
        width = len(self.header)
        if not n:
            return [pa.array([], pa.string())] * width
        if text[: len(BOM)] == BOM:
            text = BOM + bytes(text)  # pyarrow leaves one out at the beginning of what it reads, and this one is of the text
        names = [str(i) for i in range(width)]
        try:
            table = pyarrow.csv.read_csv(
                pa.py_buffer(text),
                read_options=pyarrow.csv.ReadOptions(
                    column_names=names, use_threads=False, block_size=max(len(text) + 1, 1 << 16)
                ),
                parse_options=pyarrow.csv.ParseOptions(delimiter=self.delimiter, newlines_in_values=True),
                convert_options=pyarrow.csv.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.string()),
                    strings_can_be_null=False,
                    check_utf8=False,
                ),
            )
        except pa.ArrowInvalid:
            table = None
        if table is not None and table.num_rows == n:
            return [column.combine_chunks() for column in table.columns]
        rows = [split_record(self.buffer[a:b], self.delimiter) for a, b in zip(starts[good], ends[good], strict=True)]
        return [pa.array([row[k] for row in rows], pa.string()) for k in range(width)]

    def _block(self, cells: list[pa.Array], numbers: np.ndarray, rejects: list[Reject]) -> Block:
        roles = []
        for role in ROLES:
            name = getattr(self.columns, role)
            if name is None:
                roles.append(pa.nulls(len(numbers), pa.string()))
                continue
            column = cells[self.header.index(name)]
            roles.append(pc.if_else(pc.equal(column, ""), pa.scalar(None, pa.string()), column))
        rows = pa.RecordBatch.from_arrays(cells, names=self.header)
        return Block(pairs_batch(roles), rows, self.origin, numbers, rejects, self.columns)


def delimited_chunks(
    source: ByteSource,
    origin: str,
    header: list[str],
    columns: Columns,
    *,
    delimiter: str,
    chunk_bytes: int,
    max_line_bytes: int,
    problem: Callable[[str], None],
) -> Iterator[DelimitedChunk]:
    """Stretches of whole records, the header left out.

    A quote that is not closed within `max_line_bytes` (or before the end of the file) costs its own line
    only: that line is rejected, and reading goes on behind it.
    """

    def refused(reject: Reject) -> DelimitedChunk:
        return DelimitedChunk(origin, b"", header, columns, delimiter, rejects=[reject])

    yield DelimitedChunk(origin, b"", header, columns, delimiter)  # so that a file without rows keeps its columns
    source.skip_byte_order_mark()
    carried, line, header_due, final = b"", 1, True, False
    long_row: LongRow | None = None
    while not final:
        data = source.read(chunk_bytes)
        final = not data
        if long_row is not None:
            cut = data.find(b"\n")
            long_row.add(data if cut < 0 else data[:cut])
            if cut < 0 and not final:
                continue
            yield refused(long_row.reject())
            data, line, long_row = data[cut + 1 :], line + 1, None
        carried += data
        while carried:
            whole = final and source.broken is None
            spans, rest, rest_line = records_of(carried, delimiter, line, whole)
            if header_due and len(spans[0]):
                spans = (spans[0][1:], spans[1][1:], spans[2][1:], spans[3][1:])
                header_due = False
            if len(spans[0]):
                yield DelimitedChunk(origin, carried, header, columns, delimiter, spans, max_line_bytes=max_line_bytes)
            carried, line = carried[rest:], rest_line
            if not carried or (len(carried) <= max_line_bytes and not final):
                break
            if final and source.broken:
                yield refused(Reject(origin, line, f"incomplete: {source.broken} in this row", carried))
                break
            cut = carried.find(b"\n")
            if cut < 0 and not final:
                long_row = LongRow(origin, line, max_line_bytes)
                long_row.add(carried)
                carried = b""
                break
            cut = len(carried) if cut < 0 else cut
            where = "before the end of the file" if final else f"within {max_line_bytes:,} bytes"
            yield refused(Reject(origin, line, f"a quote is not closed {where}", carried[:cut].rstrip(b"\r")))
            carried, line = carried[cut + 1 :], line + 1
    if source.broken:
        problem(f"{origin}: {source.broken} after line {line - 1}")
