"""From places in a buffer of JSON to Arrow columns of text: escapes undone, numbers as written, no object
per row."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numba import njit

from mismatch.intrinsics import copy_bytes
from mismatch.records.json_escapes import unescape
from mismatch.records.json_scan import ABSENT, ESCAPED, NULL


@njit(nogil=True, cache=True)
def _fill(
    buffer: np.ndarray, starts: np.ndarray, ends: np.ndarray, kinds: np.ndarray, out: np.ndarray,
    offsets: np.ndarray,
) -> int:  # fmt: skip
    o = 0
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
    used = _fill(buffer, starts, ends, kinds, out, offsets)
    nulls = n - int(here.sum())
    validity = pa.py_buffer(np.packbits(here, bitorder="little")) if nulls else None
    buffers = [validity, pa.py_buffer(offsets), pa.py_buffer(out[:used])]
    return pa.Array.from_buffers(pa.large_string() if wide else pa.string(), n, buffers, null_count=nulls)
