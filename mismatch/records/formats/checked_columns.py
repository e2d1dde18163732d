"""Columns from a file that may be damaged: validated in full before anything follows an offset; the sizes of their rows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


def check_structure(batch: pa.RecordBatch) -> None:
    """Every column of a batch in full, dictionaries, lists and views included, but for whether its text is UTF-8.

    Raises
    ------
    pa.ArrowInvalid
        The batch is damaged: nothing may read its columns.
    """
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        try:
            check_column(column)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise pa.ArrowInvalid(f"column {name!r}: {error}") from None


def check_column(column: pa.Array) -> None:
    """One column, as `check_structure` does it."""
    column.validate()
    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    if not pa.types.is_dictionary(column.type):
        _seen_as(column, _bare(column.type)).validate(full=True)
        return
    column.dictionary.validate()
    entries = _seen_as(column.dictionary, _bare(column.type.value_type))
    entries.validate(full=True)
    pa.DictionaryArray.from_arrays(column.indices, entries, safe=False).validate(full=True)


_BYTES = {pa.string(): pa.binary(), pa.large_string(): pa.large_binary(), pa.string_view(): pa.binary_view()}
_NUMBERS = {32: pa.int32(), 64: pa.int64(), 128: pa.binary(16), 256: pa.binary(32)}
_LISTS = (
    (pa.types.is_list, pa.list_),
    (pa.types.is_large_list, pa.large_list),
    (pa.types.is_list_view, pa.list_view),
    (pa.types.is_large_list_view, pa.large_list_view),
)


def _bare(kind: pa.DataType, with_text: bool = False) -> pa.DataType:
    """The type of the same buffers without what values may be: times and decimals are numbers, text is bytes."""
    if kind in _BYTES:
        return kind if with_text else _BYTES[kind]
    if (pa.types.is_temporal(kind) and kind != pa.month_day_nano_interval()) or pa.types.is_decimal(kind):
        return _NUMBERS[kind.bit_width]
    if pa.types.is_struct(kind) and kind.num_fields:
        return pa.struct([pa.field(field.name, _bare(field.type, with_text)) for field in kind.fields])
    if pa.types.is_map(kind):
        return pa.map_(_bare(kind.key_type, with_text), _bare(kind.item_type, with_text))
    if pa.types.is_fixed_size_list(kind):
        return pa.list_(_bare(kind.value_type, with_text), kind.list_size)
    for is_list, list_of in _LISTS:
        if is_list(kind):
            return list_of(_bare(kind.value_type, with_text))
    return kind


def _seen_as(column: pa.Array, kind: pa.DataType) -> pa.Array:
    return (
        column if kind == column.type else column.view(kind)
    )  # pyarrow knows no view of some types, not even as themselves


def utf8_rows(column: pa.Array) -> np.ndarray:
    """Which rows of a sound column hold no text but UTF-8: bool[n]. It takes one look where all do."""
    n = len(column)
    if _is_utf8(column):
        return np.ones(n, dtype=bool)
    if pa.types.is_dictionary(column.type):
        fine, indices = utf8_rows(column.dictionary), column.indices
        at = indices.fill_null(0).to_numpy(zero_copy_only=False)
        return fine[at] | indices.is_null().to_numpy(zero_copy_only=False)
    fine = np.ones(n, dtype=bool)
    _mark(column, 0, n, fine)
    return fine


def _mark(column: pa.Array, begin: int, end: int, fine: np.ndarray) -> None:
    """Halves a stretch that is known to be bad until the rows stand alone."""
    if end - begin == 1:
        fine[begin] = False
        return
    middle = (begin + end) // 2
    for a, b in ((begin, middle), (middle, end)):
        if not _is_utf8(taken(column, np.arange(a, b))):
            _mark(column, a, b, fine)


def _is_utf8(column: pa.Array) -> bool:
    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    try:
        if pa.types.is_dictionary(column.type):
            return _is_utf8(column.dictionary)
        kind = _bare(column.type, with_text=True)
        if pa.types.is_nested(kind) or kind in _BYTES:
            _seen_as(column, kind).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def taken(column: pa.Array, rows: np.ndarray) -> pa.Array:
    """The rows `rows` (ascending) of a column; pyarrow's own `take` does not know views and runs."""
    try:
        return column.take(pa.array(rows))
    except pa.ArrowNotImplementedError:
        breaks = np.flatnonzero(np.diff(rows) != 1) + 1
        runs = np.split(rows, breaks) if len(rows) else []
        return pa.concat_arrays([column.slice(run[0], len(run)) for run in runs] or [column.slice(0, 0)])


def rows_taken(batch: pa.RecordBatch, rows: np.ndarray) -> pa.RecordBatch:
    """The rows `rows` (ascending) of a batch."""
    if not batch.num_columns:
        return batch.slice(0, len(rows))
    return pa.RecordBatch.from_arrays([taken(column, rows) for column in batch.columns], schema=batch.schema)


def only_utf8(batch: pa.RecordBatch, good: np.ndarray) -> pa.RecordBatch:
    """The rows of a batch whose text is UTF-8, with no other text left in it, be it in a dictionary that no row uses."""
    if not good.any():
        return empty_batch(batch.schema)
    columns, rows = [], np.flatnonzero(good)
    for column in batch.columns:
        kept = taken(column, rows)
        if pa.types.is_dictionary(kept.type) and not _is_utf8(kept):
            used, at = np.unique(kept.indices.drop_null().to_numpy(), return_inverse=True)
            codes = np.zeros(len(kept), np.int64)
            codes[kept.indices.is_valid().to_numpy(zero_copy_only=False)] = at
            indices = pa.array(codes, mask=kept.indices.is_null().to_numpy(zero_copy_only=False)).cast(kept.type.index_type)
            kept = pa.DictionaryArray.from_arrays(indices, kept.dictionary.take(pa.array(used)), ordered=kept.type.ordered)
        columns.append(kept)
    return pa.RecordBatch.from_arrays(columns, schema=batch.schema)


def empty_batch(schema: pa.Schema) -> pa.RecordBatch:
    """No rows of these columns."""
    return pa.RecordBatch.from_arrays([_empty(field.type) for field in schema], schema=schema)


def _empty(kind: pa.DataType) -> pa.Array:
    try:
        return pa.array([], kind)
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):  # unions, and what holds them or runs
        if pa.types.is_dictionary(kind):
            return pa.DictionaryArray.from_arrays(
                pa.array([], kind.index_type), _empty(kind.value_type), ordered=kind.ordered
            )
        children = [_empty(kind.field(k).type) for k in range(kind.num_fields)]
        buffers = [None, *[pa.py_buffer(bytes(8))] * (kind.num_buffers - 1)]
        return pa.Array.from_buffers(kind, 0, buffers, children=children)


def row_sizes(batch: pa.RecordBatch) -> np.ndarray:
    """About how many bytes each row of a sound batch is when every value is written out: int64[n]."""
    total = np.zeros(batch.num_rows, np.int64)
    for column in batch.columns:
        total += _sizes(column)
    return total


def _sizes(column: pa.Array) -> np.ndarray:
    n, kind = len(column), column.type
    if isinstance(column, pa.ExtensionArray):
        return _sizes(column.storage)
    known = next((sizes for matches, sizes in _BY_KIND if matches(kind)), None)
    if n == 0 or known is None:
        width = 1 if pa.types.is_null(kind) or not pa.types.is_primitive(kind) else max(1, kind.bit_width // 8)
        return np.full(n, width, np.int64)
    sizes = known(column)
    if column.null_count:
        sizes = np.where(has_value(column), sizes, 1)
    return sizes


def has_value(column: pa.Array) -> np.ndarray:
    """Which rows of a sound column are not null: bool[n]."""
    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    if pa.types.is_dictionary(column.type) and pa.types.is_null(column.type.value_type):
        return np.zeros(len(column), dtype=bool)  # pyarrow's own way ends the process
    return column.is_valid().to_numpy(zero_copy_only=False)


def _of_text(column: pa.Array) -> np.ndarray:
    return _numbers(pc.binary_length(column)) + 4


def _of_views(column: pa.Array) -> np.ndarray:
    views = np.frombuffer(column.buffers()[1], np.int32)[4 * column.offset : 4 * (column.offset + len(column)) : 4]
    return views.astype(np.int64) + 16


def _of_dictionary(column: pa.Array) -> np.ndarray:
    of_entries = _sizes(column.dictionary)
    if not len(of_entries):
        return np.ones(len(column), np.int64)
    return of_entries[_numbers(column.indices)]


def _of_list(column: pa.Array) -> np.ndarray:
    ends = _ends(_sizes(column.values))
    offsets = column.offsets.to_numpy().astype(np.int64)
    return ends[offsets[1:]] - ends[offsets[:-1]] + 4


def _of_list_view(column: pa.Array) -> np.ndarray:
    ends = _ends(_sizes(column.values))
    begin, length = column.offsets.to_numpy().astype(np.int64), column.sizes.to_numpy().astype(np.int64)
    return ends[begin + length] - ends[begin] + 8


def _of_fixed_list(column: pa.Array) -> np.ndarray:
    size, first = column.type.list_size, column.offset
    values = _sizes(column.values)[first * size : (first + len(column)) * size]
    return values.reshape(len(column), size).sum(axis=1) + 4


def _of_map(column: pa.Array) -> np.ndarray:
    ends = _ends(_sizes(column.keys) + _sizes(column.items))
    offsets = column.offsets.to_numpy().astype(np.int64)
    return ends[offsets[1:]] - ends[offsets[:-1]] + 4


def _of_struct(column: pa.Array) -> np.ndarray:
    total = np.ones(len(column), np.int64)
    for k in range(column.type.num_fields):
        total += _sizes(column.field(k))
    return total


def _of_runs(column: pa.Array) -> np.ndarray:
    ends, of_values = _numbers(column.run_ends), _sizes(column.values)
    run = np.searchsorted(ends, np.arange(len(column)) + column.offset, side="right")
    return of_values[np.minimum(run, len(of_values) - 1)]


def _of_union(column: pa.Array) -> np.ndarray:
    children = [_sizes(column.field(k)) for k in range(column.type.num_fields)]
    if column.type.mode == "sparse":
        return sum(children, np.ones(len(column), np.int64))
    _, codes_buffer, offsets_buffer = column.buffers()[:3]  # pyarrow's accessors forget where a slice begins
    part = slice(column.offset, column.offset + len(column))
    codes, offsets = np.frombuffer(codes_buffer, np.int8)[part], np.frombuffer(offsets_buffer, np.int32)[part]
    total = np.ones(len(column), np.int64)
    for code, sizes in zip(column.type.type_codes, children, strict=True):
        here = codes == code
        total[here] += sizes[offsets[here]]
    return total


def _ends(sizes: np.ndarray) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(sizes)])


def _numbers(column: pa.Array) -> np.ndarray:
    return column.fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)


def _is_text(kind: pa.DataType) -> bool:
    return kind in (pa.string(), pa.large_string(), pa.binary(), pa.large_binary()) or pa.types.is_fixed_size_binary(kind)


_BY_KIND: list[tuple[Callable[[pa.DataType], bool], Callable[[pa.Array], np.ndarray]]] = [
    (_is_text, _of_text),
    (lambda kind: kind in (pa.string_view(), pa.binary_view()), _of_views),
    (pa.types.is_dictionary, _of_dictionary),
    (lambda kind: pa.types.is_list(kind) or pa.types.is_large_list(kind), _of_list),
    (lambda kind: pa.types.is_list_view(kind) or pa.types.is_large_list_view(kind), _of_list_view),
    (pa.types.is_fixed_size_list, _of_fixed_list),
    (pa.types.is_map, _of_map),
    (pa.types.is_struct, _of_struct),
    (pa.types.is_run_end_encoded, _of_runs),
    (pa.types.is_union, _of_union),
]
