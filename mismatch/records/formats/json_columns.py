"""JSON objects as a table, for output to Parquet, Arrow or CSV.

The first rows decide the columns and their types: int64, double or bool where every value is one, else
text, with lists and objects as JSON text. What does not fit (a key not seen before, one of more than
`MAX_KEYS`, a word in a column of numbers) is neither lost nor made to fit: it goes, as a JSON object, into
the column `other_fields`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mismatch.compiling.kernels import kernel, read_only
from mismatch.records.blocks import JsonLines
from mismatch.records.formats.json_members import members_of, object_of
from mismatch.records.formats.json_scan import (
    ABSENT,
    ARRAY,
    BOOLEAN,
    ESCAPED,
    MAX_KEYS,
    MAX_MEMBERS,
    NULL,
    NUMBER,
    OBJECT,
    OK,
    STRING,
    scan_rows,
)
from mismatch.records.formats.json_strings import unescape, written_name
from mismatch.terms.vector_instructions import copy_bytes

OTHER_FIELDS = "other_fields"
_MOST_CELLS, _LEAST_KEYS = 1 << 21, 64
"""a table of many short rows has fewer columns, so that it stays small"""

_INTEGER = r"^-?[0-9]{1,18}$"

_EXACT_NUMBER = r"^-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,17})?([eE][+-]?[0-9]{1,2})?$"


@dataclass
class JsonTable:
    """n objects, column by column. texts : pa.string[n] (values as text); kinds : uint8[n] of `json_scan`;
    others : by row, the members that are no column, each as it is written."""

    names: list[str]
    texts: list[pa.Array]
    kinds: list[np.ndarray]
    num_rows: int
    others: dict[int, dict[str, str]] = field(default_factory=dict)

    def without(self, names: set[str]) -> JsonTable:
        """The table without some columns."""
        others = {row: {name: m[name] for name in m if name not in names} for row, m in self.others.items()}
        return self._chosen([name for name in self.names if name not in names], {r: m for r, m in others.items() if m})

    def only(self, name: str | None) -> JsonTable:
        """The table of one column, where it has it."""
        return self._chosen([name] if name in self.names else [], {})

    def _chosen(self, names: list[str], others: dict[int, dict[str, str]]) -> JsonTable:
        at = [self.names.index(name) for name in names]
        return JsonTable(names, [self.texts[k] for k in at], [self.kinds[k] for k in at], self.num_rows, others)

    def schema(self) -> pa.Schema:
        """The columns that these rows ask for, and `other_fields`."""
        fields = [
            pa.field(name, _type_of(text, kinds))
            for name, text, kinds in zip(self.names, self.texts, self.kinds, strict=True)
            if name != OTHER_FIELDS
        ]
        return pa.schema([*fields, pa.field(OTHER_FIELDS, pa.string())])

    def fit(self, schema: pa.Schema) -> list[pa.Array]:
        """The columns of `schema` (its last is `other_fields`), whatever does not fit gone to the last."""
        others = {row: dict(members) for row, members in self.others.items()}
        columns, places = [], {name: k for k, name in enumerate(self.names)}
        for column in schema:
            if column.name == OTHER_FIELDS:
                continue
            k = places.get(column.name, -1)
            if k < 0:
                columns.append(pa.nulls(self.num_rows, column.type))
                continue
            fitting, unfit = _cast(self.texts[k], self.kinds[k], column.type)
            columns.append(fitting)
            self._move(k, unfit, others)
        known = set(schema.names) - {OTHER_FIELDS}
        for k, name in enumerate(self.names):
            if name not in known:
                self._move(k, np.flatnonzero(self.kinds[k] != ABSENT), others)
        texts = [None] * self.num_rows if not others else [_object_text(others.get(i)) for i in range(self.num_rows)]
        return [*columns, pa.array(texts, pa.string())]

    def _move(self, k: int, rows: np.ndarray, others: dict[int, dict[str, str]]) -> None:
        for i in rows:
            text, kind = self.texts[k][int(i)].as_py(), self.kinds[k][i]
            value = "null" if kind == NULL else json.dumps(text, ensure_ascii=False) if kind <= ESCAPED else text
            others.setdefault(int(i), {})[self.names[k]] = value


def json_table(lines: JsonLines, rows: np.ndarray, first: Sequence[str] = ()) -> JsonTable:
    """The objects `rows` (int64[m]) of `lines` as a table with every key that occurs, but for the last of very many.

    first : keys that become columns whatever their number.
    """
    data, starts, ends = lines.data, lines.starts[rows], lines.ends[rows]
    odd = np.flatnonzero(scan_rows(data, starts, ends, []).status != OK)
    if len(odd):  # what the scanner gave up on (very deep, very many members): members only, written anew
        again = [_flat(bytes(lines.buffer[starts[i] : ends[i]])) for i in odd]
        sizes = np.array([len(text) for text in again], dtype=np.int64)
        starts, ends = starts.copy(), ends.copy()
        ends[odd] = np.cumsum(sizes) + len(data)
        starts[odd] = ends[odd] - sizes
        data = np.concatenate([data, np.frombuffer(b"".join(again), dtype=np.uint8)])
    keys = lines.keys
    if keys is None or len(odd):
        keys = scan_rows(data, starts, ends, []).keys
    most = max(_LEAST_KEYS, min(MAX_KEYS, _MOST_CELLS // max(len(rows), 1)))
    names, others = keys, dict[int, dict[str, str]]()
    if names is None or len(names) > most:
        names, others = _first_keys(data, starts, ends, first, most)
    table = scan_rows(data, starts, ends, names)
    texts = [text_column(data, table.starts[k], table.ends[k], table.kinds[k]) for k in range(len(names))]
    return JsonTable(names, texts, [table.kinds[k] for k in range(len(names))], len(rows), others)


def _first_keys(
    data: np.ndarray, starts: np.ndarray, ends: np.ndarray, first: Sequence[str], most: int
) -> tuple[list[str], dict[int, dict[str, str]]]:
    """The first keys of some objects, with those in `first` among them, and by row the members with other keys."""
    names: dict[str, None] = {}
    left, others = most - len(first), dict[int, dict[str, str]]()
    for row, (a, b) in enumerate(zip(starts, ends, strict=True)):
        for key, value in members_of(data[a:b].tobytes()).items():
            name = written_name(key)
            if name not in names and name not in first:
                if left <= 0:
                    others.setdefault(row, {})[name] = value
                    continue
                left -= 1
            names[name] = None
    return list(names), others


def _flat(raw: bytes) -> bytes:
    """An object with its lists and objects as JSON text, and at most `MAX_MEMBERS` members, the last one
    the rest."""
    members = {name: json.dumps(value) if value[0] in "[{" else value for name, value in members_of(raw).items()}
    if len(members) > MAX_MEMBERS:
        names = list(members)[MAX_MEMBERS - 1 :]
        members[OTHER_FIELDS] = json.dumps(object_of({name: members.pop(name) for name in names}))
    return object_of(members).encode()


def _type_of(text: pa.Array, kinds: np.ndarray) -> pa.DataType:
    here = set(np.unique(kinds)) - {ABSENT, NULL}
    if here == {BOOLEAN}:
        return pa.bool_()
    if here == {NUMBER}:
        values = text.drop_null()
        if pc.all(pc.match_substring_regex(values, _INTEGER)).as_py():
            return pa.int64()
        if pc.all(pc.match_substring_regex(values, _EXACT_NUMBER)).as_py():
            return pa.float64()
    return pa.string()


def _cast(text: pa.Array, kinds: np.ndarray, kind: pa.DataType) -> tuple[pa.Array, np.ndarray]:
    """A column cast to `kind`, null where that cannot be, and the rows where it cannot."""
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return text.cast(kind), np.empty(0, np.int64)
    none = (kinds == ABSENT) | (kinds == NULL)
    if pa.types.is_boolean(kind):
        fits = kinds == BOOLEAN
    else:
        pattern = _INTEGER if pa.types.is_integer(kind) else _EXACT_NUMBER
        matching = pc.fill_null(pc.match_substring_regex(text, pattern), False)
        fits = (kinds == NUMBER) & matching.to_numpy(zero_copy_only=False)
    fitting = pc.if_else(pa.array(fits), text, pa.scalar(None, text.type))
    return fitting.cast(kind), np.flatnonzero(~fits & ~none)


def _object_text(members: dict[str, str] | None) -> str | None:
    if members is None:
        return None
    return "{" + ", ".join(f"{json.dumps(name, ensure_ascii=False)}: {v}" for name, v in members.items()) + "}"


assert ABSENT < STRING < ESCAPED < NUMBER < BOOLEAN < OBJECT < ARRAY < NULL  # `kind <= ESCAPED` above means text


@kernel
def _fill(
    buffer: np.ndarray, starts: np.ndarray, ends: np.ndarray, kinds: np.ndarray, out: np.ndarray,
    offsets: np.ndarray,
) -> int:  # fmt: skip
    o: int = np.int64(0)  # type: ignore[assignment]
    offsets[0] = 0
    for row in range(len(starts)):
        kind = kinds[row]
        if kind == ESCAPED:
            o = unescape(buffer, starts[row], ends[row], out, o)
        elif kind != ABSENT and kind != NULL:
            size = ends[row] - starts[row]
            copy_bytes(out, o, buffer, starts[row], size)
            o += size
        offsets[row + 1] = o
    return o


def text_column(buffer: np.ndarray, starts: np.ndarray, ends: np.ndarray, kinds: np.ndarray) -> pa.Array:
    """The values as Arrow text, null where absent or null; numbers, booleans and containers as they are
    written.

    starts, ends : int64[n]; kinds : uint8[n] of `json_scan`. pa.string, or pa.large_string above 2 GiB.
    """
    n = len(starts)
    here = (kinds != ABSENT) & (kinds != NULL)
    room = int((ends - starts)[here].sum())
    wide = room >= 2**31 - 1
    out = np.empty(max(room, 1), np.uint8)
    offsets = np.empty(n + 1, np.int64 if wide else np.int32)
    used = _fill(read_only(buffer), starts, ends, kinds, out, offsets)
    nulls = n - int(here.sum())
    validity = pa.py_buffer(np.packbits(here, bitorder="little")) if nulls else None
    buffers = [validity, pa.py_buffer(offsets), pa.py_buffer(out[:used])]
    return pa.Array.from_buffers(pa.large_string() if wide else pa.string(), n, buffers, null_count=nulls)
