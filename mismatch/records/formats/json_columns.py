"""JSON objects as a table, for output to Parquet, Arrow or CSV.

The first rows decide the columns and their types: int64, double or bool where every value is one, else
text, with lists and objects as JSON text. What does not fit later (a key not seen before, a word in a
column of numbers) is neither lost nor made to fit: it goes, as a JSON object, into the column
`other_fields`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mismatch.compiling.kernels import kernel, read_only
from mismatch.records.blocks import JsonLines
from mismatch.records.formats.json_scan import (
    ABSENT,
    ARRAY,
    BOOLEAN,
    ESCAPED,
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

_INTEGER = r"^-?[0-9]{1,18}$"

_EXACT_NUMBER = r"^-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,17})?([eE][+-]?[0-9]{1,2})?$"


@dataclass
class JsonTable:
    """n objects, column by column. texts : pa.string[n] (values as text); kinds : uint8[n] of `json_scan`."""

    names: list[str]
    texts: list[pa.Array]
    kinds: list[np.ndarray]
    num_rows: int

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
        others: dict[int, dict[str, str]] = {}
        columns = []
        for field in schema:
            if field.name == OTHER_FIELDS:
                continue
            if field.name not in self.names:
                columns.append(pa.nulls(self.num_rows, field.type))
                continue
            k = self.names.index(field.name)
            column, unfit = _cast(self.texts[k], self.kinds[k], field.type)
            columns.append(column)
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


def json_table(lines: JsonLines, rows: np.ndarray) -> JsonTable:
    """The objects `rows` (int64[m]) of `lines` as a table with every key that occurs."""
    data, starts, ends = lines.data, lines.starts[rows], lines.ends[rows]
    status = scan_rows(data, starts, ends, []).status
    odd = np.flatnonzero(status != OK)
    if len(odd):  # what the scanner gave up on (very deep): members only, written anew
        again = [_flat(bytes(lines.buffer[starts[i] : ends[i]])) for i in odd]
        sizes = np.array([len(text) for text in again], dtype=np.int64)
        starts, ends = starts.copy(), ends.copy()
        ends[odd] = np.cumsum(sizes) + len(data)
        starts[odd] = ends[odd] - sizes
        data = np.concatenate([data, np.frombuffer(b"".join(again), dtype=np.uint8)])
    keys = lines.keys
    if keys is None or len(odd):
        keys = scan_rows(data, starts, ends, []).keys
    if keys is None:
        seen: dict[str, None] = {}
        for a, b in zip(starts, ends, strict=True):
            seen.update(dict.fromkeys(json.loads(data[a:b].tobytes())))
        names = [written_name(name) for name in seen]
    else:
        names = keys
    names = list(dict.fromkeys(names))
    table = scan_rows(data, starts, ends, names)
    texts = [text_column(data, table.starts[k], table.ends[k], table.kinds[k]) for k in range(len(names))]
    return JsonTable(names, texts, [table.kinds[k] for k in range(len(names))], len(rows))


def _flat(raw: bytes) -> bytes:
    """An object with its lists and objects as JSON text, and at most `MAX_MEMBERS` members, the last one
    the rest."""
    members = json.loads(raw)
    for name, value in members.items():
        if isinstance(value, dict | list):
            members[name] = json.dumps(value, ensure_ascii=False)
    if len(members) > MAX_MEMBERS:
        names = list(members)[MAX_MEMBERS - 1 :]
        members[OTHER_FIELDS] = json.dumps({name: members.pop(name) for name in names}, ensure_ascii=False)
    return json.dumps(members).encode()


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
