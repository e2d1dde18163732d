"""A column of text as compiled code reads it: the buffers of Arrow, without copying."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mismatch.compiling.kernels import read_only


class TextBuffers(NamedTuple):
    """One column of text as compiled code reads it."""

    data: NDArray[np.uint8]
    """the UTF-8 bytes of all rows, read-only"""
    offsets: NDArray[np.int64]
    """shape (n_rows + 1,)"""
    valid: NDArray[np.uint8]
    """shape (n_rows,): 0 where the row is null"""


def text_buffers(column: pa.Array | pa.ChunkedArray) -> TextBuffers:
    """The Arrow buffers of a string or large_string column, without copying its text.

    Raises
    ------
    TypeError
        If the column is neither text nor null.
    """
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
        if isinstance(column, pa.ChunkedArray):
            column = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_null(column.type) or pa.types.is_string_view(column.type):
        column = column.cast(pa.large_string())
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        raise TypeError(f"expected a column of text, got {column.type}")
    validity, offsets_buffer, data_buffer = column.buffers()
    n = len(column)
    dtype = np.int64 if pa.types.is_large_string(column.type) else np.int32
    if offsets_buffer is None or n == 0:
        offsets = np.zeros(n + 1, np.int64)
    else:
        offsets = np.frombuffer(offsets_buffer, dtype, n + 1, column.offset * dtype().itemsize).astype(np.int64)
    data = np.frombuffer(data_buffer, np.uint8) if data_buffer is not None and data_buffer.size else np.zeros(1, np.uint8)
    if validity is None or column.null_count == 0:
        valid = np.ones(n, np.uint8)
    else:
        bits = np.unpackbits(np.frombuffer(validity, np.uint8), bitorder="little")
        valid = bits[column.offset : column.offset + n].copy()
    return TextBuffers(read_only(data), offsets, valid)


def taken(texts: TextBuffers, rows: NDArray[np.int64]) -> TextBuffers:
    """Some of the texts, in a buffer of their own."""
    sizes = (texts.offsets[1:] - texts.offsets[:-1])[rows]
    offsets = np.zeros(len(rows) + 1, np.int64)
    np.cumsum(sizes, out=offsets[1:])
    starts = texts.offsets[:-1][rows].tolist()
    parts = [texts.data[start : start + size] for start, size in zip(starts, sizes.tolist(), strict=True)]
    return TextBuffers(read_only(np.concatenate([*parts, np.zeros(1, np.uint8)])), offsets, texts.valid[rows])


def texts_of(texts: TextBuffers) -> list[str | None]:
    """The texts as Python strings: for looking at them, not for speed."""
    bounds = zip(texts.offsets[:-1].tolist(), texts.offsets[1:].tolist(), texts.valid.tolist(), strict=True)
    return [texts.data[start:stop].tobytes().decode("utf-8", "replace") if valid else None for start, stop, valid in bounds]
