"""Rows of sound columns: role columns as text, rows that cannot be read set aside."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mismatch.records.blocks import Block, Reject, pairs_batch, too_long
from mismatch.records.bounds import Bounds
from mismatch.records.columns import ROLES, Columns
from mismatch.records.formats.checked_columns import only_utf8, row_sizes, rows_taken, taken, utf8_rows
from mismatch.records.formats.nested_columns import column_at, with_text_inside

_RAW_BYTES = 200
"""of a text of a rejected row"""
_MOST_TEXT = (1 << 31) - 1
"""bytes of text that a column of pa.string can hold"""
_LARGEST_RAW = 1 << 20
"""bytes of a value of a rejected row that is no text"""


@dataclass
class ColumnarChunk:
    """A sound batch as it stands in the file."""

    origin: str
    batch: pa.RecordBatch
    columns: Columns
    first_row: int
    max_row_bytes: int = Bounds.row

    def decode(self) -> Block:
        """The batch with its role columns as text; rows that are too long or whose text is not UTF-8 are among `rejects`."""
        batch, n = self.batch, self.batch.num_rows
        numbers = np.arange(self.first_row, self.first_row + n, dtype=np.int64)
        reasons: dict[int, str] = {}
        for column in batch.columns:
            reasons.update(dict.fromkeys(np.flatnonzero(~utf8_rows(column)).tolist(), "not valid UTF-8"))
        if n == 1 or self.max_row_bytes < Bounds.row:  # a row above the usual bound stands alone
            long = np.flatnonzero(row_sizes(batch) > self.max_row_bytes)
            reasons.update(dict.fromkeys(long.tolist(), too_long(self.max_row_bytes)))
        rejects = self._rejects(reasons)
        if reasons:
            good = np.ones(n, dtype=bool)
            good[list(reasons)] = False
            batch, numbers = only_utf8(batch, good), numbers[good]
        arrays, unreadable = [], {}
        for role in ROLES:
            name = getattr(self.columns, role)
            if name is None:
                arrays.append(pa.nulls(len(batch), pa.string()))
                continue
            column, odd = with_text_inside(column_at(batch, name), role)
            text, bad = text_of(column)
            unreadable.update(dict.fromkeys([*odd, *bad], f"{role} cannot be read as text"))
            arrays.append(text)
        if unreadable:
            again = ColumnarChunk(self.origin, batch, self.columns, 0)
            rejects += [replace(reject, line=int(numbers[reject.line])) for reject in again._rejects(unreadable)]
            rows = np.setdiff1d(np.arange(len(batch)), list(unreadable))
            batch, arrays, numbers = rows_taken(batch, rows), [taken(array, rows) for array in arrays], numbers[rows]
        return Block(pairs_batch(arrays), batch, self.origin, numbers, rejects, self.columns)

    def _rejects(self, reasons: dict[int, str]) -> list[Reject]:
        return [
            Reject(self.origin, self.first_row + i, reasons[i], repr(raw_row(self.batch, i)).encode("utf-8", "replace"))
            for i in sorted(reasons)
        ]


def text_of(column: pa.Array) -> tuple[pa.Array, list[int]]:
    """A sound column as text, and the rows that are none, which are null."""
    text = as_text(column)
    if text is not None:
        return text, []
    column = _plain(column)
    bad, values = [], []
    for i in range(len(column)):
        value = as_text(column.slice(i, 1))
        if value is None:
            bad.append(i)
        values.append(value.cast(pa.large_string()) if value is not None else pa.nulls(1, pa.large_string()))
    return pa.concat_arrays(values), bad


def as_text(column: pa.Array) -> pa.Array | None:
    """A sound column as pa.string (pa.large_string above 2 GiB); None when some of it is no text."""
    try:
        column = _plain(column)
        if column.type in (pa.binary(), pa.large_binary()):
            column = column.view(pa.string() if column.type == pa.binary() else pa.large_string())
            column.validate(full=True)
        if column.type in (pa.string(), pa.large_string()):
            return column if column.type == pa.string() or column.nbytes >= _MOST_TEXT else column.cast(pa.string())
        return column.cast(pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None


def _plain(column: pa.Array) -> pa.Array:
    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    if pa.types.is_run_end_encoded(column.type):
        column = pc.run_end_decode(column)
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if column.type == pa.string_view():
        return column.cast(pa.large_string())
    if column.type == pa.binary_view():
        return column.cast(pa.large_binary())
    return column


def raw_row(batch: pa.RecordBatch, i: int) -> dict[str, object]:
    """What a row that is rejected held, long texts cut."""
    row: dict[str, object] = {}
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        try:
            value = column.slice(i, 1)
            if pa.types.is_dictionary(value.type) or value.type in (pa.string_view(), pa.binary_view()):
                value = _plain(value)
            if pa.types.is_string(value.type) or pa.types.is_large_string(value.type):
                value = value.view(pa.binary() if pa.types.is_string(value.type) else pa.large_binary())
            if value.type in (pa.binary(), pa.large_binary()):
                value = pc.binary_slice(value, 0, _RAW_BYTES)
            row[name] = value[0].as_py() if row_sizes(pa.record_batch([value], ["value"]))[0] <= _LARGEST_RAW else "…"
        except Exception as error:  # whatever it is, the row is rejected already
            row[name] = type(error).__name__
    return row
