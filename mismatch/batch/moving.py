"""Bodies taken out of the rows of a block and put into those of another, each as its format writes it; and other values that
rows carry under a name, replaced where they stand."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TypeAlias

import numpy as np
import pyarrow as pa

from mismatch.errors import InputError
from mismatch.records.blocks import Block, JsonLines
from mismatch.records.formats.json_members import members_of, object_of, written_at
from mismatch.records.formats.json_paths import find_values
from mismatch.records.formats.json_scan import ABSENT, ESCAPED, OK, STRING

Value: TypeAlias = bytes | pa.Array
"""a body as its row writes it: JSON, or a column of one value"""


def body_of(block: Block, i: int) -> Value:
    """The body of row i.

    Raises
    ------
    InputError
        The rows of this input hold no body.
    """
    name = _column_of(block)
    if isinstance(block.rows, JsonLines):
        return (written_at(block.rows.line(i), name) or "null").encode()
    return block.rows.column(block.rows.schema.names.index(name)).take(pa.array([i]))


def with_bodies(block: Block, bodies: dict[int, Value]) -> Block:
    """The block with other bodies in some of its rows; of JSON, all other bytes stay as they are."""
    return with_values(block, _column_of(block), bodies) if bodies else block


def with_values(block: Block, name: str, values: dict[int, Value]) -> Block:
    """The block with other values under a name in some of its rows; where rows have no such name, they stay as they are."""
    if isinstance(block.rows, JsonLines):
        return replace(block, rows=_spliced(block.rows, name, {i: as_json(value) for i, value in values.items()}))
    k = block.rows.schema.names.index(name)
    column = block.rows.column(k)
    both = pa.concat_arrays([column, *(_as_column(value, column.type, block, name) for value in values.values())])
    places = np.arange(len(column))
    places[list(values)] = len(column) + np.arange(len(values))
    columns = list(block.rows.columns)
    columns[k] = both.take(pa.array(places))
    return replace(block, rows=pa.RecordBatch.from_arrays(columns, schema=block.rows.schema))


def _column_of(block: Block) -> str:
    name = block.columns.body
    if name is None or (not isinstance(block.rows, JsonLines) and name not in block.rows.schema.names):
        what = (
            f"the body stands inside another column ({name})"
            if name is not None and "." in name
            else "there is no body in them"
        )
        raise InputError(f"{block.origin}: these rows cannot be repaired in place, for {what}. Leave --apply out.")
    return name


def _spliced(lines: JsonLines, name: str, bodies: dict[int, bytes]) -> JsonLines:
    """The lines with another value under a name; a line that has no such value, which none is, stays as it is."""
    rows = np.array(list(bodies), np.int64)
    table = find_values(lines.data, lines.starts[rows], lines.ends[rows], [name])
    parts, size = [bytes(lines.buffer)], len(lines.buffer)
    starts, ends = lines.starts.copy(), lines.ends.copy()
    for k, row in enumerate(rows.tolist()):
        raw, kind = lines.line(row), table.kinds[0][k]
        if table.status[k] == OK and kind != ABSENT:
            quote = 1 if kind in (STRING, ESCAPED) else 0
            low = int(table.starts[0][k] - quote - lines.starts[row])
            high = int(table.ends[0][k] + quote - lines.starts[row])
            new = raw[:low] + bodies[row] + raw[high:]
        elif name in (members := members_of(raw)):  # too odd for the scanner
            new = object_of({**members, name: bodies[row].decode()}).encode()
        else:
            continue
        parts.append(new)
        starts[row], ends[row] = size, size + len(new)
        size += len(new)
    return replace(lines, buffer=b"".join(parts), starts=starts, ends=ends)


def as_json(body: Value) -> bytes:
    """A body as JSON."""
    if isinstance(body, bytes):
        return body
    return json.dumps(body[0].as_py(), ensure_ascii=False, default=str).encode("utf-8", "replace")


def _as_column(body: Value, kind: pa.DataType, block: Block, name: str) -> pa.Array:
    """One value as a column has it."""
    if isinstance(body, bytes):
        value = json.loads(body)
        body = pa.array([value if isinstance(value, str) or value is None else body.decode()])
    if body.type == kind:
        return body
    try:
        return body.cast(kind)
    except pa.ArrowException:
        raise InputError(
            f"{block.origin}: what goes into {name} does not fit that column of {kind}. Repair each input by itself."
        ) from None
