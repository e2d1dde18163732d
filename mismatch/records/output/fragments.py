"""Arrow columns as pieces of text, one for each row: JSON values and CSV cells, without an object per row.

A fragment column is a pair of arrays: uint8[size] with the text, and int64[n + 1] with where each row's
piece begins.
"""

from __future__ import annotations

from contextlib import suppress
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mismatch.compiling.kernels import kernel, part, read_only
from mismatch.records.formats.checked_columns import has_value
from mismatch.records.formats.columnar_rows import as_text
from mismatch.records.output.cell_text import Unwritable, json_texts, plain_texts
from mismatch.records.output.formulas import without_formulas
from mismatch.terms.vector_instructions import WIDTH, copy_bytes, lowest_bit, string_mask

_HEX = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)


class Fragments(NamedTuple):
    """One piece of text for each row."""

    data: np.ndarray
    offsets: np.ndarray


@part
def _put_json_string(source: np.ndarray, i: int, end: int, out: np.ndarray, o: int) -> int:
    n = len(source)
    out[o] = 0x22
    o += 1
    while i < end:
        run = i
        while run < end:
            if run + WIDTH <= n:
                special = string_mask(source, run) & np.uint64(0xFFFFFFFF)
                if special == 0:
                    run += WIDTH
                    continue
                run += lowest_bit(special)
                break
            if source[run] == 0x22 or source[run] == 0x5C or source[run] < 0x20:
                break
            run += 1
        run = min(run, end)
        copy_bytes(out, o, source, i, run - i)
        o += run - i
        i = run
        if i >= end:
            break
        c = source[i]
        i += 1
        out[o] = 0x5C
        o += 1
        if c == 0x22 or c == 0x5C:
            out[o] = c
        elif c == 0x0A:
            out[o] = 0x6E
        elif c == 0x0D:
            out[o] = 0x72
        elif c == 0x09:
            out[o] = 0x74
        else:
            out[o], out[o + 1], out[o + 2] = 0x75, 0x30, 0x30
            out[o + 3], out[o + 4] = _HEX[c >> 4], _HEX[c & 15]
            o += 4
        o += 1
    out[o] = 0x22
    return o + 1


@part
def _put_null(out: np.ndarray, o: int) -> int:
    out[o], out[o + 1], out[o + 2], out[o + 3] = 0x6E, 0x75, 0x6C, 0x6C
    return o + 4


@kernel
def _json_strings(
    source: np.ndarray,
    bounds: np.ndarray,
    valid: np.ndarray,
    quoted: bool,
    out: np.ndarray,
    offsets: np.ndarray,
) -> int:
    o: int = np.int64(0)  # type: ignore[assignment]
    for row in range(len(valid)):
        offsets[row] = o
        if not valid[row]:
            o = _put_null(out, o)
        elif quoted:
            o = _put_json_string(source, bounds[row], bounds[row + 1], out, o)
        else:
            copy_bytes(out, o, source, bounds[row], bounds[row + 1] - bounds[row])
            o += bounds[row + 1] - bounds[row]
    offsets[len(valid)] = o
    return o


@kernel
def _json_lists(
    source: np.ndarray, bounds: np.ndarray, item_valid: np.ndarray, lists: np.ndarray, valid: np.ndarray,
    out: np.ndarray, offsets: np.ndarray,
) -> int:  # fmt: skip
    o: int = np.int64(0)  # type: ignore[assignment]
    for row in range(len(valid)):
        offsets[row] = o
        if not valid[row]:
            o = _put_null(out, o)
            continue
        out[o] = 0x5B
        o += 1
        for item in range(lists[row], lists[row + 1]):
            if item > lists[row]:
                out[o] = 0x2C
                o += 1
            if item_valid[item]:
                o = _put_json_string(source, bounds[item], bounds[item + 1], out, o)
            else:
                o = _put_null(out, o)
        out[o] = 0x5D
        o += 1
    offsets[len(valid)] = o
    return o


@kernel
def _cells(
    source: np.ndarray,
    bounds: np.ndarray,
    valid: np.ndarray,
    delimiter: int,
    out: np.ndarray,
    offsets: np.ndarray,
) -> int:
    """CSV cells: in quotes only where the text has a quote, the delimiter, a line break, or would vanish."""
    o: int = np.int64(0)  # type: ignore[assignment]
    for row in range(len(valid)):
        offsets[row] = o
        if not valid[row]:
            continue
        quotes, needed = 0, False
        for i in range(bounds[row], bounds[row + 1]):
            c = source[i]
            quotes += c == 0x22
            needed |= (c == 0x22) | (c == delimiter) | (c == 0x0A) | (c == 0x0D)
        if not needed:
            copy_bytes(out, o, source, bounds[row], bounds[row + 1] - bounds[row])
            o += bounds[row + 1] - bounds[row]
            continue
        out[o] = 0x22
        o += 1
        for i in range(bounds[row], bounds[row + 1]):
            c = source[i]
            if c == 0x22:
                out[o] = c
                o += 1
            out[o] = c
            o += 1
        out[o] = 0x22
        o += 1
    offsets[len(valid)] = o
    return o


def json_fragments(column: pa.Array) -> Fragments:
    """The values as JSON.

    Text, lists of text, numbers and booleans take compiled ways; any other type goes through Python. NaN
    and the infinities become null.

    Raises
    ------
    Unwritable
        Some values have no text.
    """
    kind, n = column.type, len(column)
    offsets = np.empty(n + 1, np.int64)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        items = _text_or_none(column.values)
        if items is not None:
            source, bounds, item_valid = _parts(items)
            lists = _offsets(column)
            out = np.empty(6 * len(source) + 5 * len(items) + 6 * n + 2, np.uint8)
            used = _json_lists(source, bounds, item_valid, lists, has_value(column), out, offsets)
            return Fragments(out[:used], offsets)
    quoted, text = True, _text_or_none(column)
    if text is None:
        quoted = False
        if pa.types.is_boolean(kind) or pa.types.is_integer(kind) or pa.types.is_null(kind):
            text = column.cast(pa.string())
        elif pa.types.is_floating(kind):
            text = _number_text(column)
        else:
            text, bad = json_texts(column)
            if bad:
                raise Unwritable(dict.fromkeys(bad, "cannot be written as JSON"))
    source, bounds, valid = _parts(text)
    out = np.empty((6 if quoted else 1) * int(bounds[-1] - bounds[0]) + 4 * n + 2, np.uint8)
    used = _json_strings(source, bounds, valid, quoted, out, offsets)
    return Fragments(out[:used], offsets)


def cell_fragments(column: pa.Array, delimiter: str, *, safe: bool = False) -> Fragments:
    """The values as CSV cells: null is empty, lists of text are joined with `;`, other nested values are JSON.

    `safe` : what a spreadsheet would run as a formula is made text.

    Raises
    ------
    Unwritable
        Some values have no text.
    """
    kind = column.type
    offsets = np.empty(len(column) + 1, np.int64)
    text = _text_or_none(column)
    if text is None:
        if (pa.types.is_list(kind) or pa.types.is_large_list(kind)) and _is_text(kind.value_type):
            items = pa.list_(pa.string()) if pa.types.is_list(kind) else pa.large_list(pa.string())
            with suppress(pa.ArrowNotImplementedError):  # a dictionary of views, say
                text = pc.binary_join(column.cast(items), ";").cast(pa.string())
        elif pa.types.is_floating(kind):
            text = _number_text(column)
        if text is None:
            text, bad = plain_texts(column)
            if bad:
                raise Unwritable(dict.fromkeys(bad, "cannot be written as text"))
    if safe and not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        text = without_formulas(text)
    source, bounds, valid = _parts(text)
    out = np.empty(2 * int(bounds[-1] - bounds[0]) + 2 * len(column) + 2, np.uint8)
    used = _cells(source, bounds, valid, ord(delimiter), out, offsets)
    return Fragments(out[:used], offsets)


def _is_text(kind: pa.DataType) -> bool:
    return kind in (pa.string(), pa.large_string(), pa.string_view()) or (
        pa.types.is_dictionary(kind) and _is_text(kind.value_type)
    )


def _text_or_none(column: pa.Array) -> pa.Array | None:
    return as_text(column) if _is_text(column.type) else None


def _number_text(column: pa.Array) -> pa.Array:
    values = column.cast(pa.float64()) if column.type == pa.float16() else column
    return pc.if_else(pc.is_finite(values), values, pa.scalar(None, values.type)).cast(pa.string())


def _offsets(column: pa.Array) -> np.ndarray:
    kind = column.type
    wide = kind == pa.large_string() or pa.types.is_large_list(kind)
    buffer = column.buffers()[1]
    if buffer is None or not len(column):
        return np.zeros(len(column) + 1, np.int64)
    values = np.frombuffer(buffer, dtype=np.int64 if wide else np.int32)
    return values[column.offset : column.offset + len(column) + 1].astype(np.int64)


def _parts(text: pa.Array) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Bytes, int64 bounds and bool validity of a pa.string or pa.large_string column."""
    buffer = text.buffers()[2]
    source = np.frombuffer(buffer, dtype=np.uint8) if buffer is not None and buffer.size else np.zeros(1, np.uint8)
    return read_only(source), _offsets(text), has_value(text)
