"""JSON lines: cutting a stream into stretches of whole lines, and parsing a stretch into a block."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import numpy as np
import pyarrow as pa

from mismatch.records.blocks import Block, JsonLines, LongRow, Reject, pairs_batch, too_long
from mismatch.records.bounds import DEEPEST, MOST_ROWS, USUAL, Bounds
from mismatch.records.columns import ROLES, Columns
from mismatch.records.compression import ByteSource
from mismatch.records.formats.json_columns import text_column
from mismatch.records.formats.json_inner import Written, as_written, with_text_inside
from mismatch.records.formats.json_members import depth_of, object_of, written_values
from mismatch.records.formats.json_paths import find_values
from mismatch.records.formats.json_scan import OK, RowTable, scan_rows
from mismatch.records.formats.lines import count_newlines, lines_of
from mismatch.records.memory import give_back

_KIND_NAMES = {list: "a list", dict: "an object", str: "a string", bool: "true or false", type(None): "null"}

_TOO_DEEP = "nested too deeply"

_SOME_NUMBER = Written("0")
"""in place of any number where only the form counts: 300,000 of them take 28 MB"""

_ONE_AT_A_TIME, _LARGE = Lock(), 1 << 20
"""for rows that Python reads, and from how many bytes on memory goes back: one of 8 MB with 300,000 keys takes 100 MB"""


@dataclass
class JsonChunk:
    """A stretch of JSON objects: lines to be found in `buffer`, or rows at known places."""

    origin: str
    buffer: bytes | memoryview
    columns: Columns
    first_line: int = 1
    spans: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None
    rejects: list[Reject] = field(default_factory=list)
    bounds: Bounds = USUAL

    def decode(self) -> Block:
        """The rows of this stretch; what cannot be read is among `rejects`."""
        data = np.frombuffer(self.buffer, dtype=np.uint8)
        starts, ends, numbers = self.spans if self.spans is not None else lines_of(data, self.first_line)
        rejects = list(self.rejects)
        long = ends - starts > self.bounds.row
        if long.any():
            for i in np.flatnonzero(long):
                raw = self.buffer[starts[i] : ends[i]]
                rejects.append(Reject(self.origin, int(numbers[i]), too_long(self.bounds.row), bytes(raw)))
            starts, ends, numbers = starts[~long], ends[~long], numbers[~long]
        roles = [role for role in ROLES if getattr(self.columns, role) is not None]
        names = [getattr(self.columns, role) for role in roles]
        table = find_values(data, starts, ends, names, self.bounds.depth)
        keep = table.status == OK
        judged: dict[int, bytes] = {}
        for i in np.flatnonzero(~keep):
            raw = bytes(self.buffer[starts[i] : ends[i]])
            values = _judged_values(raw, names, self.bounds.depth)
            if isinstance(values, str):
                rejects.append(Reject(self.origin, int(numbers[i]), values, raw))
            else:
                judged[int(i)] = values
                keep[i] = True
        if judged:
            table = _with_judged(data, table, judged, names)
            data = table.buffer
        data, table, without_text = with_text_inside(data, table, roles, keep)
        for row, reason in without_text:
            if keep[row]:
                raw = bytes(self.buffer[starts[row] : ends[row]])
                rejects.append(Reject(self.origin, int(numbers[row]), reason, raw))
                keep[row] = False
        all_kept = bool(keep.all())
        if not all_kept:
            starts, ends, numbers = starts[keep], ends[keep], numbers[keep]
        arrays = []
        for role in ROLES:
            if role not in roles:
                arrays.append(pa.nulls(len(starts), pa.string()))
                continue
            k = roles.index(role)
            places = (table.starts[k], table.ends[k], table.kinds[k])
            if not all_kept:
                places = (places[0][keep], places[1][keep], places[2][keep])
            arrays.append(text_column(data, *places))
        rejects.sort(key=lambda reject: reject.line)
        rows = JsonLines(self.buffer, starts, ends, None if judged else table.keys)
        return Block(pairs_batch(arrays), rows, self.origin, numbers, rejects, self.columns)


@dataclass(frozen=True)
class _JudgedTable(RowTable):
    buffer: np.ndarray


def _with_judged(data: np.ndarray, table: RowTable, judged: dict[int, bytes], names: list[str]) -> _JudgedTable:
    """The table with the values of the rows that `json.loads` could read; their values stand behind the
    buffer."""
    rows = np.fromiter(judged, dtype=np.int64)
    sizes = np.array([len(text) for text in judged.values()], dtype=np.int64)
    ends = np.cumsum(sizes) + len(data)
    buffer = np.concatenate([data, np.frombuffer(b"".join(judged.values()), dtype=np.uint8)])
    more = scan_rows(buffer, ends - sizes, ends, names)
    for mine, other in ((table.starts, more.starts), (table.ends, more.ends), (table.kinds, more.kinds)):
        mine[:, rows] = other
    return _JudgedTable(table.status, table.starts, table.ends, table.kinds, None, buffer)


def _judged_values(raw: bytes, names: list[str], depth: int) -> bytes | str:
    """The values of a row that only `json.loads` reads, as an object without nested names; or in words why it is no row."""
    with _ONE_AT_A_TIME:
        problem = problem_of(raw, depth)
        if len(raw) > _LARGE:
            give_back()
        return object_of(written_values(raw, names)).encode() if problem is None else problem


def problem_of(raw: bytes, depth: int = DEEPEST) -> str | None:
    """In words why a line is no row; None where it is one."""
    members = judge_line(raw, depth, lambda _: _SOME_NUMBER)
    return members if isinstance(members, str) else None


def judge_line(raw: bytes, depth: int = DEEPEST, number: Callable[[str], Written] = Written) -> dict[str, Any] | str:
    """What `json.loads` makes of a row (numbers as written, or as `number` gives them), or in words why it is none."""
    try:
        value = as_written(raw.decode("utf-8"), number)
    except UnicodeDecodeError as error:
        return f"not valid UTF-8 (byte 0x{raw[error.start]:02x} at position {error.start + 1})"
    except json.JSONDecodeError as error:
        return f"not valid JSON: {error.msg} at character {error.pos + 1}"
    except RecursionError:
        return _TOO_DEEP
    if isinstance(value, dict):
        return value if depth_of(raw) <= depth else f"nested deeper than {depth} levels"
    kind = "a number" if isinstance(value, Written) else _KIND_NAMES[type(value)]
    return f"{kind}, not an object"


def json_line_chunks(
    source: ByteSource,
    origin: str,
    columns: Columns,
    *,
    chunk_bytes: int,
    bounds: Bounds,
    problem: Callable[[str], None],
) -> Iterator[JsonChunk]:
    """Stretches of whole lines of about `chunk_bytes`; a line longer than `bounds.row` is never held in memory.

    `problem` is told when the stream breaks off; the half line before the break is rejected.
    """
    parts: list[bytes] = []
    size, line, long_row = 0, 1, None
    source.skip_byte_order_mark()
    while data := source.read(chunk_bytes):
        if long_row is not None:
            cut = data.find(b"\n")
            long_row.add(data if cut < 0 else data[:cut])
            if cut < 0:
                continue
            yield JsonChunk(origin, b"", columns, rejects=[long_row.reject()])
            data, line, long_row = data[cut + 1 :], line + 1, None
        cut = data.rfind(b"\n") + 1
        if not cut:
            parts.append(data)
            size += len(data)
            if size > bounds.row:
                long_row = LongRow(origin, line, bounds)
                for part in parts:
                    long_row.add(part)
                parts, size = [], 0
            continue
        buffer = b"".join([*parts, memoryview(data)[:cut]])
        parts, size = [data[cut:]], len(data) - cut
        for stretch, n_lines in _stretches(buffer):
            yield JsonChunk(origin, stretch, columns, line, bounds=bounds)
            line += n_lines
    rest = b"".join(parts)
    if long_row is not None:
        yield JsonChunk(origin, b"", columns, rejects=[long_row.reject()])
    elif source.broken and rest.strip():
        reject = Reject(origin, line, f"incomplete: {source.broken} in this row", rest)
        yield JsonChunk(origin, b"", columns, rejects=[reject])
    elif rest:
        yield JsonChunk(origin, rest, columns, line, bounds=bounds)
    if source.broken:
        problem(f"{origin}: {source.broken} after line {line - 1}")


def _stretches(buffer: bytes) -> Iterator[tuple[bytes | memoryview, int]]:
    """Whole lines in stretches of at most `MOST_ROWS`, and how many lines each has."""
    data = np.frombuffer(buffer, dtype=np.uint8)
    n_lines = count_newlines(data)
    if n_lines <= MOST_ROWS:
        yield buffer, n_lines
        return
    ends, begin = np.flatnonzero(data == 0x0A) + 1, 0
    for first in range(0, n_lines, MOST_ROWS):
        last = min(first + MOST_ROWS, n_lines)
        yield memoryview(buffer)[begin : ends[last - 1]], last - first
        begin = int(ends[last - 1])
