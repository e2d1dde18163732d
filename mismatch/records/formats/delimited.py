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

from mismatch.compiling.kernels import read_only
from mismatch.errors import InputError
from mismatch.records.blocks import Block, LongRow, Reject, pairs_batch
from mismatch.records.bounds import Bounds
from mismatch.records.columns import ROLES, Columns
from mismatch.records.compression import BOM, ByteSource
from mismatch.records.formats.delimited_cells import cells_of, rows_valid
from mismatch.records.formats.delimited_records import UNCLOSED, UNCLOSED_AT_END, RecordCutter, Spans
from mismatch.records.guessing import SAMPLE_ROWS

LONGEST_HEADER = 1 << 22


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
    head, spans, final = _first_record(source, delimiter, limit)
    if len(spans.starts) and spans.fields[0] >= 0:
        try:
            return split_record(head[spans.starts[0] : spans.ends[0]], delimiter)
        except UnicodeDecodeError:
            raise InputError(f"{origin}: the header (line 1) is not UTF-8; convert the file first.") from None
    if not final:
        raise InputError(f"{origin}: no header within {limit:,} bytes; is this a {delimiter!r}-separated file?")
    if head.strip():
        raise InputError(f"{origin}: a quote in the header (line 1) is not closed; repair the header.")
    return None


def first_cells(source: ByteSource, header: list[str], delimiter: str, n_bytes: int) -> dict[str, list[str | None]]:
    """The cells of the first rows, by column, as far as `n_bytes` reach; they stay to be read."""
    head = source.peek(n_bytes)
    final = source.ended and len(head) < n_bytes
    data = read_only(np.frombuffer(head.removeprefix(BOM), dtype=np.uint8))
    starts, ends, _, fields = RecordCutter(delimiter).cut(data.tobytes(), 0, final).spans
    good = rows_valid(data, starts, ends) & (fields == len(header))
    good[:1] = False  # the header itself
    cells = cells_of(data, starts[good][:SAMPLE_ROWS], ends[good][:SAMPLE_ROWS], delimiter, len(header))
    return {name: column.to_pylist() for name, column in zip(header, cells, strict=True)}


def _first_record(source: ByteSource, delimiter: str, limit: int) -> tuple[bytes, Spans, bool]:
    """The beginning of a file, without a byte order mark, its first records, and whether it is all there is."""
    size, head = min(1 << 16, limit), b""
    while True:
        head = source.peek(size, more=bool(head))
        final, is_full = source.ended and len(head) < size, len(head) >= size
        head = head.removeprefix(BOM)
        spans = RecordCutter(delimiter).cut(head, 0, final).spans
        if len(spans.starts) or final or (is_full and size >= limit):
            return head, spans, final
        if not is_full:  # more is still to come
            continue
        size = min(size * 8, limit)


@dataclass
class DelimitedChunk:
    """A stretch of whole records."""

    origin: str
    buffer: bytes
    header: list[str]
    columns: Columns
    delimiter: str
    spans: Spans | None = None
    rejects: list[Reject] = field(default_factory=list)
    max_line_bytes: int = Bounds.row

    def decode(self) -> Block:
        """Every cell as text; ragged records, unclosed ones and records that are not UTF-8 are among `rejects`."""
        if self.spans is None:
            empty = [pa.array([], pa.string())] * len(self.header)
            return self._block(empty, np.empty(0, np.int64), list(self.rejects))
        starts, ends, numbers, fields = self.spans
        data = read_only(np.frombuffer(self.buffer, dtype=np.uint8))
        valid = rows_valid(data, starts, ends)
        good = valid & (fields == len(self.header))
        rejects = list(self.rejects)
        for i in np.flatnonzero(~good):
            if fields[i] == UNCLOSED:
                reason = f"a quote is not closed within {self.max_line_bytes:,} bytes"
            elif fields[i] == UNCLOSED_AT_END:
                reason = "a quote is not closed before the end of the file"
            elif not valid[i]:
                reason = "not valid UTF-8"
            else:
                reason = f"{fields[i]} fields where the header has {len(self.header)}"
            rejects.append(Reject(self.origin, int(numbers[i]), reason, self.buffer[starts[i] : ends[i]]))
        cells = cells_of(data, starts[good], ends[good], self.delimiter, len(self.header))
        return self._block(cells, numbers[good], sorted(rejects, key=lambda reject: reject.line))

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
    bounds: Bounds,
    problem: Callable[[str], None],
) -> Iterator[DelimitedChunk]:
    """Stretches of whole records, the header left out.

    A quote that is not closed within the longest row (or before the end of the file) costs its own line only: that line is
    rejected, and reading goes on behind it.
    """

    def refused(reject: Reject) -> DelimitedChunk:
        return DelimitedChunk(origin, b"", header, columns, delimiter, rejects=[reject])

    yield DelimitedChunk(origin, b"", header, columns, delimiter)  # so that a file without rows keeps its columns
    head, spans, _ = _first_record(source, delimiter, LONGEST_HEADER)
    if not len(spans.starts):
        return  # it was emptied since it was looked at, and whoever watches it says so
    source.skip_byte_order_mark()
    source.read(int(spans.ends[0]))  # the line break behind the header is an empty record
    line = int(spans.lines[0]) + head[spans.starts[0] : spans.ends[0]].count(b"\n")
    cutter = RecordCutter(delimiter, bounds.row, line)
    carried, final = b"", False
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
            data, long_row = data[cut + 1 :] if cut >= 0 else b"", None
            cutter.line += 1
        data, at = carried + data, 0
        while at < len(data):
            found = cutter.cut(data, at, final and source.broken is None)
            at = found.rest
            if len(found.spans.starts):
                yield DelimitedChunk(origin, data, header, columns, delimiter, found.spans, max_line_bytes=bounds.row)
            if found.is_too_long:
                long_row = LongRow(origin, cutter.line, bounds)
                end = data.find(b"\n", at)
                long_row.add(memoryview(data)[at : end if end >= 0 else len(data)])
                at = end + 1 if end >= 0 else len(data)
                if end < 0 and not final:
                    break
                yield refused(long_row.reject())
                long_row = None
                cutter.line += 1
            elif not found.is_full:
                break
        carried = data[at:]
        cutter.drop(at)
    if source.broken and carried.strip():
        yield refused(Reject(origin, cutter.line, f"incomplete: {source.broken} in this row", carried))
    if source.broken:
        problem(f"{origin}: {source.broken} after line {cutter.line - 1}")
