"""From a block and the columns added to it to what a sink writes; any thread may do this."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa

from mismatch.records.blocks import Block, JsonLines
from mismatch.records.formats.checked_columns import rows_taken
from mismatch.records.formats.json_columns import JsonTable, json_table
from mismatch.records.formats.json_members import written_at
from mismatch.records.formats.json_paths import find_values
from mismatch.records.formats.json_scan import ESCAPED, OK, STRING, scan_rows
from mismatch.records.formats.nested_columns import column_at
from mismatch.records.known_formats import COLUMNAR, DELIMITERS, ROW_ENDS, named_format
from mismatch.records.output.assembly import assemble, without_members
from mismatch.records.output.cell_text import Unwritable, numbered, stored_in_parquet
from mismatch.records.output.fragments import Fragments, cell_fragments, json_fragments
from mismatch.records.output.wide_objects import wide_object_without


@dataclass(frozen=True)
class Encoded:
    """Rows ready to be written. data : uint8[size] for text formats; header : the names, for CSV and TSV;
    table : the rows as columns, where the sink still has to make them fit the columns of the rows
    before."""

    num_rows: int
    data: np.ndarray | None = None
    header: list[str] | None = None
    table: Tabular | None = None


@dataclass(frozen=True)
class Tabular:
    """The user's columns (a batch, or JSON not yet typed) and the added ones."""

    own: pa.RecordBatch | JsonTable
    added: pa.RecordBatch


class Encoder:
    """Encodes blocks for one output format.

    Parameters
    ----------
    format : one of `known_formats.FORMATS`.
    only : write the id column (where there is one) and the added columns, and nothing else.
    safe_csv : in CSV and TSV, make text of what a spreadsheet would run as a formula.
    """

    def __init__(self, format: str, *, only: bool = False, safe_csv: bool = False) -> None:
        self.format = named_format(format)[0]
        self.only, self.safe_csv = only, safe_csv

    def encode(self, block: Block, added: pa.RecordBatch, mask: np.ndarray | None = None) -> Encoded:
        """The rows of `block` with the columns `added`, or those where `mask` (bool[n]) is true.

        Columns of the user that are named as an added one are replaced.

        Raises
        ------
        ValueError
            `added` or `mask` has another number of rows than the block.
        Unwritable
            Some rows have a cell that the format cannot hold; without them (see `left_out`) the block can be encoded.
        """
        n = len(block)
        if added.num_rows != n or (mask is not None and len(mask) != n):
            raise ValueError(f"{n} rows, but {added.num_rows} rows of added columns")
        rows = np.arange(n, dtype=np.int64) if mask is None else np.flatnonzero(mask).astype(np.int64)
        if self.format in ROW_ENDS:
            return Encoded(len(rows), self._lines(block, added, rows))
        own = self._own_columns(block, added, rows)
        if not isinstance(own, JsonTable):
            own = self._storable(own, rows)
        chosen = added if len(rows) == n else added.take(pa.array(rows))
        if self.format in COLUMNAR:
            return Encoded(len(rows), table=Tabular(own, chosen))
        if isinstance(own, JsonTable):
            return Encoded(len(rows), table=Tabular(own, chosen))
        header = [*own.schema.names, *added.schema.names]
        try:
            data = cell_rows(own, chosen, self.format, safe=self.safe_csv)
        except Unwritable as error:
            raise Unwritable(numbered(rows, list(error.rows), next(iter(error.rows.values())))) from None
        return Encoded(len(rows), data, header, Tabular(own, chosen))

    def _storable(self, own: pa.RecordBatch, rows: np.ndarray) -> pa.RecordBatch:
        if self.format != "parquet":
            return own
        columns = []
        for name, column in zip(own.schema.names, own.columns, strict=True):
            stored, bad = stored_in_parquet(column)
            if bad:
                raise Unwritable(numbered(rows, bad, f"{name} cannot be written as parquet"))
            columns.append(stored)
        fields = [
            field if field.type == column.type else pa.field(field.name, column.type)
            for field, column in zip(own.schema, columns, strict=True)
        ]
        return pa.RecordBatch.from_arrays(columns, schema=pa.schema(fields, metadata=own.schema.metadata))

    def _lines(self, block: Block, added: pa.RecordBatch, rows: np.ndarray) -> np.ndarray:
        tail = b"}" + ROW_ENDS[self.format]
        extra = [
            (b"," + _json_key(name), json_fragments(column))
            for name, column in zip(added.schema.names, added.columns, strict=True)
        ]
        if isinstance(block.rows, JsonLines) and not self.only:
            return assemble(rows, extra, tail, _lines_to_extend(block.rows, rows, added.schema.names))
        own = self._id_fragments(block) if self.only else _batch_fragments(block, added)
        fields = [*own, *extra]
        return assemble(rows, [(b"{" + p[1:] if k == 0 else p, f) for k, (p, f) in enumerate(fields)], tail)

    def _id_fragments(self, block: Block) -> list[tuple[bytes, Fragments]]:
        name = block.columns.id
        if name is None:
            return []
        if isinstance(block.rows, JsonLines):
            return [(b"," + _json_key(name), _raw_values(block, name))]
        return [(b"," + _json_key(name), _naming(name, json_fragments, column_at(block.rows, name)))]

    def _own_columns(self, block: Block, added: pa.RecordBatch, rows: np.ndarray) -> pa.RecordBatch | JsonTable:
        replaced, id_name = set(added.schema.names), block.columns.id
        if self.only and id_name is not None and _is_nested(block, id_name):
            return pa.RecordBatch.from_arrays([block.pairs.column("id").take(pa.array(rows))], names=[id_name])
        if self.only and id_name is None:
            empty = pa.StructArray.from_arrays([], fields=[], mask=pa.nulls(len(rows), pa.bool_()).fill_null(False))
            return pa.RecordBatch.from_struct_array(empty)
        if isinstance(block.rows, JsonLines):
            columns = block.columns
            first = [name for name in dict.fromkeys((columns.id, columns.title, columns.body)) if name is not None]
            table = json_table(block.rows, rows, first)
            return table.only(columns.id) if self.only else table.without(replaced)
        batch = block.rows
        if self.only:
            keep = [batch.schema.names.index(str(block.columns.id))]
        else:
            keep = [k for k, name in enumerate(batch.schema.names) if name not in replaced]
        if len(keep) < batch.num_columns:
            fields = pa.schema([batch.schema.field(k) for k in keep], metadata=batch.schema.metadata)
            batch = pa.RecordBatch.from_arrays([batch.column(k) for k in keep], schema=fields)
        return batch if len(rows) == batch.num_rows else rows_taken(batch, rows)


def _is_nested(block: Block, name: str) -> bool:
    names = block.rows.keys if isinstance(block.rows, JsonLines) else block.rows.schema.names
    return "." in name and names is not None and name not in names


def cell_rows(own: pa.RecordBatch, added: pa.RecordBatch, format: str, *, safe: bool = False) -> np.ndarray:
    """The rows of two batches side by side as CSV or TSV, without a header: uint8[size]."""
    delimiter = DELIMITERS[format]
    named = zip([*own.schema.names, *added.schema.names], [*own.columns, *added.columns], strict=True)
    fields = [
        (delimiter.encode() if k else b"", _naming(name, partial(cell_fragments, safe=safe), column, delimiter))
        for k, (name, column) in enumerate(named)
    ]
    return assemble(np.arange(added.num_rows, dtype=np.int64), fields, b"\n")


def header_row(names: list[str], format: str, *, safe: bool = False) -> bytes:
    """The names as the first line of CSV or TSV."""
    cells = pa.RecordBatch.from_arrays([pa.array([name]) for name in names], names=names)
    nothing = pa.RecordBatch.from_arrays([pa.array([None], pa.string())], names=["none"])
    return cell_rows(cells, nothing, format, safe=safe).tobytes()[:-2] + b"\n"


def _json_key(name: str) -> bytes:
    return json.dumps(name, ensure_ascii=False).encode("utf-8", "backslashreplace") + b":"


def _batch_fragments(block: Block, added: pa.RecordBatch) -> list[tuple[bytes, Fragments]]:
    assert not isinstance(block.rows, JsonLines)
    replaced = set(added.schema.names)
    return [
        (b"," + _json_key(name), _naming(name, json_fragments, column))
        for name, column in zip(block.rows.schema.names, block.rows.columns, strict=True)
        if name not in replaced
    ]


def _naming(name: str, fragments: Callable[..., Fragments], *arguments: Any) -> Fragments:
    """Fragments of a column, with its name in what is said of cells that cannot be written."""
    try:
        return fragments(*arguments)
    except Unwritable as error:
        raise Unwritable({row: f"{name} {reason}" for row, reason in error.rows.items()}) from None


def _raw_values(block: Block, name: str) -> Fragments:
    """The values of one key as they are written in the lines; null where there is none."""
    lines = block.rows
    assert isinstance(lines, JsonLines)
    table = find_values(lines.data, lines.starts, lines.ends, [name])
    starts, ends, kinds = table.starts[0], table.ends[0], table.kinds[0]
    quoted = (kinds == STRING) | (kinds == ESCAPED)
    texts = [
        bytes(lines.buffer[a - q : b + q]) if kind else b"null"
        for a, b, q, kind in zip(starts, ends, quoted.astype(int), kinds, strict=True)
    ]
    for i in np.flatnonzero(table.status != OK):  # what the scanner gave up on
        texts[i] = (written_at(lines.line(int(i)), name) or "null").encode()
    offsets = np.concatenate([[0], np.cumsum([len(text) for text in texts])]).astype(np.int64)
    return Fragments(np.frombuffer(b"".join(texts) or b"\0", dtype=np.uint8), offsets)


def _lines_to_extend(lines: JsonLines, rows: np.ndarray, names: list[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Buffer, starts and ends of the lines, members that will be added anew taken out of those of `rows`."""
    if lines.keys is not None and set(names).isdisjoint(lines.keys):
        return lines.data, lines.starts, lines.ends
    table = scan_rows(lines.data, lines.starts, lines.ends, names)
    touched = (table.kinds != 0).any(axis=0)
    odd = table.status != OK
    changed = rows[touched[rows] & ~odd[rows]]
    buffer, new_starts, new_ends = without_members(lines.data, lines.starts, lines.ends, changed, names)
    parts, size = [lines.data, buffer], len(lines.data)
    starts, ends = lines.starts.copy(), lines.ends.copy()
    starts[changed], ends[changed] = new_starts + size, new_ends + size
    size += len(buffer)
    for i in rows[odd[rows]]:  # what the scanner gave up on
        text = wide_object_without(lines.line(i), names)
        parts.append(np.frombuffer(text, dtype=np.uint8))
        starts[i], ends[i] = size, size + len(text)
        size += len(text)
    return np.concatenate(parts), starts, ends
