"""Values of any Arrow type as text, one by one where a whole column cannot be had, and which of them are none at all."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from mismatch.records.formats.checked_columns import has_value, taken

_MOST_SEEN = 256


class Unwritable(Exception):
    """Rows with a cell that an output cannot hold. rows : by number of the row, what is wrong with it."""

    def __init__(self, rows: dict[int, str]) -> None:
        super().__init__(f"{len(rows)} rows cannot be written")
        self.rows = rows


def json_texts(column: pa.Array) -> tuple[pa.Array, list[int]]:
    """Values as JSON, pa.string[n], `null` for none; what JSON has no type for is its text. And the rows that are none."""
    column = _without_nanoseconds(column)
    try:
        return pa.array([_json(value) for value in column.to_pylist()], pa.string()), []
    except Exception:  # of a value, Python's libraries raise what they like
        return _one_by_one(column, _json_of_cell)


def plain_texts(column: pa.Array) -> tuple[pa.Array, list[int]]:
    """Values as text, null for none; nested ones and bytes as JSON. And the rows that are none."""
    if isinstance(column, pa.ExtensionArray) and column.storage.type == pa.string_view():
        column = column.storage  # pyarrow 26 makes text of freed memory when it casts the extension
    if _is_flat(column.type):
        try:
            return column.cast(pa.string()), []
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            pass
    texts, bad = json_texts(column)
    missing = ~has_value(column)
    return pa.array(
        [None if none else text for none, text in zip(missing, texts.to_pylist(), strict=True)], pa.string()
    ), bad


def stored_in_parquet(column: pa.Array) -> tuple[pa.Array, list[int]]:
    """A column as Parquet can store it, as text where it has no such type. And the rows whose values it cannot."""
    if column.type in _SAFE:
        return column, []
    if not _has_parquet_type(column.type):
        return plain_texts(column)
    if _can_store(column):
        return column, []
    if pa.types.is_dictionary(column.type) and column.dictionary.null_count:  # Parquet has no null in a dictionary
        column = _without_null_entries(column)
    elif pa.types.is_nested(column.type) and "dictionary<" in str(column.type):
        with suppress(Exception):  # nor in one inside of lists; of a value, Python's libraries raise what they like
            column = pa.array(column.to_pylist(), column.type)
    bad: list[int] = []
    if _can_store(column):
        return column, bad
    _find_bad(column, 0, len(column), bad)
    return column, bad


def _without_null_entries(column: pa.DictionaryArray) -> pa.DictionaryArray:
    entries, kind = column.dictionary, column.type
    good, at = has_value(entries), column.indices.fill_null(0).to_numpy(zero_copy_only=False)
    missing = ~has_value(column.indices) | ~good[at]
    indices = pa.array((np.cumsum(good) - 1)[at], mask=missing).cast(kind.index_type, safe=False)
    return pa.DictionaryArray.from_arrays(indices, taken(entries, np.flatnonzero(good)), ordered=kind.ordered)


def parquet_schema(schema: pa.Schema) -> pa.Schema:
    """The schema that the columns have once they are stored."""
    fields = [field if _has_parquet_type(field.type) else pa.field(field.name, pa.string()) for field in schema]
    return pa.schema(fields, metadata=schema.metadata)


_SAFE = frozenset({pa.string(), pa.large_string(), pa.bool_(), pa.int32(), pa.int64(), pa.float32(), pa.float64()})


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _json_of_cell(cell: pa.Array) -> str:
    try:
        return _json(cell[0].as_py())
    except Exception:  # a date beyond the year 9999, a time zone that nobody knows
        if pa.types.is_timestamp(cell.type) and cell.type.tz is not None:
            return _json(f"{cell.view(pa.timestamp(cell.type.unit)).cast(pa.string())[0].as_py()}Z")
        return _json(cell.cast(pa.string())[0].as_py())


def _one_by_one(column: pa.Array, text_of: Callable[[pa.Array], str]) -> tuple[pa.Array, list[int]]:
    texts: list[str | None] = []
    bad = []
    for i in range(len(column)):
        try:
            texts.append(text_of(column.slice(i, 1)))
        except Exception:  # whatever it is, this row is rejected for it
            texts.append(None)
            bad.append(i)
    return pa.array(texts, pa.string()), bad


def _is_flat(kind: pa.DataType) -> bool:
    held = (
        pa.types.is_nested,
        pa.types.is_union,
        pa.types.is_binary,
        pa.types.is_large_binary,
        pa.types.is_fixed_size_binary,
    )
    if pa.types.is_dictionary(kind):
        return _is_flat(kind.value_type)
    return kind != pa.binary_view() and not any(is_held(kind) for is_held in held)


def _without_nanoseconds(column: pa.Array) -> pa.Array:
    """Times to the nanosecond, which Python has no type for, as text."""
    kind = _as_text_type(column.type)
    if kind == column.type:
        return column
    try:
        return column.cast(kind)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return column


def _as_text_type(kind: pa.DataType) -> pa.DataType:
    if (pa.types.is_timestamp(kind) or pa.types.is_duration(kind)) and kind.unit == "ns":
        return pa.string()
    if pa.types.is_dictionary(kind):
        inner = _as_text_type(kind.value_type)
        return kind if inner == kind.value_type else inner
    if pa.types.is_list(kind):
        return pa.list_(_as_text_type(kind.value_type))
    if pa.types.is_large_list(kind):
        return pa.large_list(_as_text_type(kind.value_type))
    if pa.types.is_struct(kind):
        return pa.struct([(kind.field(k).name, _as_text_type(kind.field(k).type)) for k in range(kind.num_fields)])
    return kind


@lru_cache(maxsize=_MOST_SEEN)
def _has_parquet_type(kind: pa.DataType) -> bool:
    if kind in _SAFE:
        return True
    if not _comes_back(kind):
        return False
    try:
        pq.ParquetWriter(pa.BufferOutputStream(), pa.schema([("x", kind)])).close()
        pq.write_table(pa.table({"x": pa.nulls(1, kind)}), pa.BufferOutputStream())
    except (pa.ArrowException, OSError, ValueError):
        return False
    return True


def _comes_back(kind: pa.DataType, inside: bool = False) -> bool:
    """Whether pyarrow writes a type in whatever batches it comes, and reads it again: views inside of others, and lists of a
    fixed size of 0, it does not."""
    if isinstance(kind, pa.BaseExtensionType):
        return _comes_back(kind.storage_type, inside)
    if pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind):
        return _comes_back(kind.value_type, inside)
    if kind in (pa.string_view(), pa.binary_view()):
        return not inside
    if pa.types.is_fixed_size_list(kind) and not kind.list_size:
        return False
    return all(_comes_back(kind.field(k).type, True) for k in range(kind.num_fields))


def _can_store(column: pa.Array) -> bool:
    try:
        pq.write_table(pa.table({"x": column}), pa.BufferOutputStream(), compression="none")
    except (pa.ArrowException, OSError):
        return False
    return True


def _find_bad(column: pa.Array, begin: int, end: int, bad: list[int]) -> None:
    if end - begin == 1:
        bad.append(begin)
        return
    middle = (begin + end) // 2
    for a, b in ((begin, middle), (middle, end)):
        if not _can_store(column.slice(a, b - a)):
            _find_bad(column, a, b, bad)


def numbered(rows: np.ndarray, bad: list[int], reason: str) -> dict[int, str]:
    """What `Unwritable` holds for those of the rows `rows` that are `bad`."""
    return {int(rows[i]): reason for i in bad}
