"""Cells of CSV and TSV as columns, as Python's `csv` reads them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from mismatch.compiling.kernels import kernel, read_only
from mismatch.records.formats.lines import valid_utf8
from mismatch.terms.vector_instructions import copy_bytes


@kernel
def rows_valid(buffer: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Which rows are UTF-8: bool[n]."""
    valid = np.empty(len(starts), np.bool_)
    for row in range(len(starts)):
        valid[row] = valid_utf8(buffer, starts[row], ends[row])
    return valid


@kernel
def _measure(
    buffer: np.ndarray, starts: np.ndarray, ends: np.ndarray, delimiter: int, places: np.ndarray, offsets: np.ndarray
) -> None:
    """Where each cell begins, int64 (columns, rows), and where its text will begin and end, int32 (columns, rows + 1)."""
    n_columns = places.shape[0]
    for row in range(len(starts)):
        i, end = starts[row], ends[row]
        for column in range(n_columns):
            places[column, row] = i
            size = 0
            if i < end and buffer[i] == 0x22:
                i += 1
                while i < end:
                    if buffer[i] == 0x22:
                        if i + 1 < end and buffer[i + 1] == 0x22:
                            i += 1
                        else:
                            break
                    size += 1
                    i += 1
                i += 1
            begin = min(i, end)
            while i < end and buffer[i] != delimiter:
                i += 1
            offsets[column, row + 1] = offsets[column, row] + size + max(min(i, end) - begin, 0)
            i += 1


@kernel
def _copy(
    buffer: np.ndarray, ends: np.ndarray, delimiter: int, places: np.ndarray, offsets: np.ndarray, out: np.ndarray, base: int
) -> int:
    """The texts of all cells, column after column."""
    for column in range(places.shape[0]):
        for row in range(places.shape[1]):
            i, end = places[column, row], ends[row]
            o, stop = base + offsets[column, row], base + offsets[column, row + 1]
            if i < end and buffer[i] == 0x22:
                i += 1
                while i < end:
                    if buffer[i] == 0x22:
                        if i + 1 < end and buffer[i + 1] == 0x22:
                            i += 1
                        else:
                            break
                    out[o] = buffer[i]
                    o += 1
                    i += 1
                i += 1
            copy_bytes(out, o, buffer, i, stop - o)
        base += offsets[column, places.shape[1]]
    return base


def cells_of(buffer: np.ndarray, starts: np.ndarray, ends: np.ndarray, delimiter: str, n_columns: int) -> list[pa.Array]:
    """The cells of records that have `n_columns` of them and are UTF-8: pa.string, column by column."""
    n, buffer = len(starts), read_only(buffer)
    places, offsets = np.empty((n_columns, n), np.int64), np.zeros((n_columns, n + 1), np.int32)
    _measure(buffer, starts, ends, ord(delimiter), places, offsets)
    bases = np.concatenate([[0], np.cumsum(offsets[:, -1], dtype=np.int64)])
    out = np.empty(max(int(bases[-1]), 1), np.uint8)
    _copy(buffer, ends, ord(delimiter), places, offsets, out, np.int64(0))
    text, all_offsets = pa.py_buffer(out), pa.py_buffer(offsets)
    row_bytes = 4 * (n + 1)
    return [
        pa.Array.from_buffers(
            pa.string(), n, [None, all_offsets.slice(k * row_bytes, row_bytes), text.slice(bases[k], offsets[k, -1])]
        )
        for k in range(n_columns)
    ]
