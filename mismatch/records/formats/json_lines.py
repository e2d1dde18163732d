"""JSON lines: cutting a stream into stretches of whole lines, and parsing a stretch into a block."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from mismatch.records.blocks import MAX_LINE_BYTES, Block, JsonLines, LongRow, Reject, pairs_batch, too_long
from mismatch.records.columns import ROLES, Columns
from mismatch.records.compression import ByteSource
from mismatch.records.formats.json_columns import text_column
from mismatch.records.formats.json_paths import find_values, value_at
from mismatch.records.formats.json_scan import ARRAY, ESCAPED, NULL, OBJECT, OK, RowTable, scan_rows
from mismatch.records.formats.lines import count_newlines, lines_of
from mismatch.records.inner_text import NAME_KEYS, TEXT_KEYS, text_inside

_KIND_NAMES = {list: "a list", dict: "an object", str: "a string", bool: "true or false", type(None): "null"}

_TOO_DEEP = "nested too deeply"
_NO_TEXT = {"": False}
_TEXT_INSIDE = {"title": TEXT_KEYS, "body": TEXT_KEYS, "source": NAME_KEYS}


class _Written(str):
    """A number as the user wrote it."""


@dataclass
class JsonChunk:
    """A stretch of JSON objects: lines to be found in `buffer`, or rows at known places."""

    origin: str
    buffer: bytes | memoryview
    columns: Columns
    first_line: int = 1
    spans: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None
    rejects: list[Reject] = field(default_factory=list)
    max_line_bytes: int = MAX_LINE_BYTES

    def decode(self) -> Block:
        """The rows of this stretch; what cannot be read is among `rejects`."""
        data = np.frombuffer(self.buffer, dtype=np.uint8)
        starts, ends, numbers = self.spans if self.spans is not None else lines_of(data, self.first_line)
        rejects = list(self.rejects)
        long = ends - starts > self.max_line_bytes
        if long.any():
            for i in np.flatnonzero(long):
                raw = self.buffer[starts[i] : ends[i]]
                rejects.append(Reject(self.origin, int(numbers[i]), too_long(self.max_line_bytes), bytes(raw)))
            starts, ends, numbers = starts[~long], ends[~long], numbers[~long]
        roles = [role for role in ROLES if getattr(self.columns, role) is not None]
        names = [getattr(self.columns, role) for role in roles]
        table = find_values(data, starts, ends, names)
        keep = table.status == OK
        judged: dict[int, bytes] = {}
        for i in np.flatnonzero(~keep):
            raw = bytes(self.buffer[starts[i] : ends[i]])
            values = _judged_values(raw, dict(zip(roles, names, strict=True)))
            if isinstance(values, str):
                rejects.append(Reject(self.origin, int(numbers[i]), values, raw))
            else:
                judged[int(i)] = values
                keep[i] = True
        if judged:
            table = _with_judged(data, table, judged, names)
            data = table.buffer
        inner: dict[tuple[int, int], bytes] = {}
        for k, role in enumerate(roles):
            if role not in _TEXT_INSIDE:
                continue
            kinds = table.kinds[k]
            for i in np.flatnonzero(keep & ((kinds == OBJECT) | (kinds == ARRAY))):
                text = _text_inside(data[table.starts[k][i] : table.ends[k][i]].tobytes(), role)
                if text is not None:
                    inner[k, int(i)] = json.dumps(text or None).encode()
                elif role != "source":
                    what = "a list" if kinds[i] == ARRAY else "an object"
                    raw = bytes(self.buffer[starts[i] : ends[i]])
                    rejects.append(Reject(self.origin, int(numbers[i]), f"{role} is {what}, not text", raw))
                    keep[i] = False
        if inner:
            table = _with_inner(data, table, inner)
            data = table.buffer
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


def _with_inner(data: np.ndarray, table: RowTable, inner: dict[tuple[int, int], bytes]) -> _JudgedTable:
    """The table with other values in some places, each JSON text or null; they stand behind the buffer."""
    end = len(data)
    for (k, i), text in inner.items():
        begin, end = end, end + len(text)
        is_text = text[:1] == b'"'
        table.starts[k][i], table.ends[k][i] = begin + is_text, end - is_text
        table.kinds[k][i] = ESCAPED if is_text else NULL
    buffer = np.concatenate([data, np.frombuffer(b"".join(inner.values()), dtype=np.uint8)])
    return _JudgedTable(table.status, table.starts, table.ends, table.kinds, table.keys, buffer)


def _text_inside(raw: bytes, role: str) -> str | None:
    value = json.loads(raw, parse_int=_Written, parse_float=_Written, parse_constant=_Written)
    return text_inside(value, _TEXT_INSIDE[role])


def _judged_values(raw: bytes, names: dict[str, str]) -> bytes | str:
    """The values of the roles in a row that only `json.loads` reads, as a JSON object; or in words why it is no row."""
    members = judge_line(raw)
    if isinstance(members, str):
        return members
    try:
        return json.dumps(
            {name: _shallow(value_at(members, name), role, name, raw) for role, name in names.items()}
        ).encode()
    except RecursionError:
        return _TOO_DEEP


def _shallow(value: Any, role: str, name: str, raw: bytes) -> Any:
    """A value as the scanner can read it again: what is too deep for it becomes text, as it does where it is not."""
    text = json.dumps({"": value}).encode()
    span = np.zeros(1, np.int64), np.full(1, len(text), np.int64)
    if not isinstance(value, (list, dict)) or scan_rows(np.frombuffer(text, dtype=np.uint8), *span, []).status[0] == OK:
        return value
    inside = text_inside(value, _TEXT_INSIDE[role]) if role in _TEXT_INSIDE else None
    if inside is not None:
        return inside or None
    if role in ("title", "body"):
        return [_NO_TEXT] if isinstance(value, list) else _NO_TEXT
    return json.dumps(value_at(json.loads(raw), name))


def judge_line(raw: bytes) -> dict[str, Any] | str:
    """What `json.loads` makes of a row (numbers as written), or in words why it is none."""
    try:
        value = json.loads(raw.decode("utf-8"), parse_int=_Written, parse_float=_Written, parse_constant=_Written)
    except UnicodeDecodeError as error:
        return f"not valid UTF-8 (byte 0x{raw[error.start]:02x} at position {error.start + 1})"
    except json.JSONDecodeError as error:
        return f"not valid JSON: {error.msg} at character {error.pos + 1}"
    except RecursionError:
        return _TOO_DEEP
    if isinstance(value, dict):
        return value
    kind = "a number" if isinstance(value, _Written) else _KIND_NAMES[type(value)]
    return f"{kind}, not an object"


def json_line_chunks(
    source: ByteSource,
    origin: str,
    columns: Columns,
    *,
    chunk_bytes: int,
    max_line_bytes: int,
    problem: Callable[[str], None],
) -> Iterator[JsonChunk]:
    """Stretches of whole lines of about `chunk_bytes`; a line longer than `max_line_bytes` is never held in
    memory.

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
            if size > max_line_bytes:
                long_row = LongRow(origin, line, max_line_bytes)
                for part in parts:
                    long_row.add(part)
                parts, size = [], 0
            continue
        buffer = b"".join([*parts, memoryview(data)[:cut]])
        parts, size = [data[cut:]], len(data) - cut
        yield JsonChunk(origin, buffer, columns, line, max_line_bytes=max_line_bytes)
        line += count_newlines(np.frombuffer(buffer, dtype=np.uint8))
    rest = b"".join(parts)
    if long_row is not None:
        yield JsonChunk(origin, b"", columns, rejects=[long_row.reject()])
    elif source.broken and rest.strip():
        reject = Reject(origin, line, f"incomplete: {source.broken} in this row", rest)
        yield JsonChunk(origin, b"", columns, rejects=[reject])
    elif rest:
        yield JsonChunk(origin, rest, columns, line, max_line_bytes=max_line_bytes)
    if source.broken:
        problem(f"{origin}: {source.broken} after line {line - 1}")
