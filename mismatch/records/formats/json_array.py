"""One JSON array of objects (or objects one after another over many lines), read element by element.

A compiled scanner keeps depth and quotes from one window to the next, so that each byte is looked at once,
whatever the size of the file; `json.JSONDecoder.raw_decode` would have to start an element anew for every
window, and would build Python objects only to throw them away. Elements are cut at the commas of the array,
so that one broken element does not take its neighbours along, and handed on as rows of their own text.
"""

from __future__ import annotations

from collections.abc import Callable, Generator

import numpy as np

from mismatch.compiling.kernels import kernel
from mismatch.records.blocks import LongRow, Reject
from mismatch.records.bounds import MOST_ROWS, Bounds
from mismatch.records.columns import Columns
from mismatch.records.compression import ByteSource
from mismatch.records.formats.json_lines import JsonChunk

DEPTH, IN_STRING, ESCAPED, ELEMENT, LINE, ELEMENT_LINE, CLOSED, LAST = range(8)


@kernel
def split_elements(
    buffer: np.ndarray, at: int, state: np.ndarray, in_array: bool,
    starts: np.ndarray, ends: np.ndarray, numbers: np.ndarray,
) -> tuple[int, int]:  # fmt: skip
    """Finds elements from `buffer[at]` on; returns (elements found, where it stopped).

    buffer : uint8[size], changed: newlines between tokens become spaces. state : int64[8], kept between
    calls; its field ELEMENT is where the element under way begins, -1 for none. Stops at the end of the
    buffer, when the arrays are full, or behind the `]` of the array (CLOSED).
    """
    rows, n = 0, len(buffer)
    i = at
    while i < n and rows < len(starts) and not state[CLOSED]:
        c = buffer[i]
        if c == 0x0A:
            state[LINE] += 1
        if state[IN_STRING]:
            if state[ESCAPED]:
                state[ESCAPED] = 0
            elif c == 0x5C:
                state[ESCAPED] = 1
            elif c == 0x22:
                state[IN_STRING] = 0
            i += 1
            state[LAST] = i
            continue
        space = c == 0x20 or c == 0x09 or c == 0x0D or c == 0x0A
        done = False
        if state[DEPTH] == 0:
            if in_array:
                if c == 0x2C or c == 0x5D:
                    done = state[ELEMENT] >= 0
                    state[CLOSED] = c == 0x5D
                    if not done:
                        i += 1
                        continue
            elif c == 0x0A:
                done = state[ELEMENT] >= 0
        if not done and not space and state[ELEMENT] < 0:
            state[ELEMENT], state[ELEMENT_LINE] = i, state[LINE]
        if c == 0x0A:
            buffer[i] = 0x20
        if not done:
            if c == 0x22:
                state[IN_STRING] = 1
            elif c == 0x7B or c == 0x5B:
                state[DEPTH] += 1
            elif (c == 0x7D or c == 0x5D) and state[DEPTH] > 0:
                state[DEPTH] -= 1
                done = state[DEPTH] == 0 and not in_array
            if not space:
                state[LAST] = i + 1
        if done:
            starts[rows], ends[rows], numbers[rows] = state[ELEMENT], state[LAST], state[ELEMENT_LINE]
            rows += 1
            state[ELEMENT] = -1
        i += 1
    return rows, i


def json_element_chunks(
    source: ByteSource,
    origin: str,
    columns: Columns,
    *,
    in_array: bool,
    chunk_bytes: int,
    bounds: Bounds,
    problem: Callable[[str], None],
    first_line: int = 1,
    is_wrapped: bool = False,
) -> Generator[JsonChunk, None, tuple[int, bool]]:
    """Stretches of whole elements, as `json_line_chunks`; `in_array`: the first byte that is not blank is
    `[`.

    Of an array that `is_wrapped` in something, what follows stays to be read. Returns the line that was come to, and whether
    the array was closed.
    """
    state = np.zeros(8, np.int64)
    state[ELEMENT], state[LINE] = -1, first_line
    carried, opened = b"", not in_array
    long_row: LongRow | None = None
    source.skip_byte_order_mark()
    while not (is_wrapped and state[CLOSED]) and (data := source.read(chunk_bytes)):
        if state[CLOSED]:
            if data.strip():
                problem(f"{origin}: there is more after the end of the array; it was not read")
                return int(state[LINE]), True
            continue
        at = len(carried)
        buffer = np.frombuffer(bytearray(carried + data), dtype=np.uint8)
        if not opened:
            blank = len(data) - len(data.lstrip())
            state[LINE] += data[:blank].count(b"\n")
            if blank == len(data):
                continue
            at, opened = blank + 1, True
        spans = tuple(np.empty(len(buffer) // 2 + 1, np.int64) for _ in range(3))
        rows, stopped = split_elements(buffer, at, state, in_array, *spans)
        starts, ends, numbers = (span[:rows] for span in spans)
        view = memoryview(buffer.data).toreadonly()
        if state[CLOSED] and is_wrapped:
            source.unread(bytes(view[stopped:]))
        elif state[CLOSED] and bytes(view[stopped:]).strip():
            problem(f"{origin}: there is more after the end of the array; it was not read")
        begin = int(state[ELEMENT])
        if long_row is not None:
            long_row.add(view if not rows else view[: ends[0]])
            if not rows:
                state[ELEMENT] = state[LAST] = 0
                continue
            yield JsonChunk(origin, b"", columns, rejects=[long_row.reject()])
            starts, ends, numbers, long_row = starts[1:], ends[1:], numbers[1:], None
        for first in range(0, len(starts), MOST_ROWS):
            part = slice(first, first + MOST_ROWS)
            yield JsonChunk(
                origin, view, columns, spans=(starts[part].copy(), ends[part].copy(), numbers[part].copy()), bounds=bounds
            )  # fmt: skip
        carried = bytes(view[begin:]) if begin >= 0 else b""
        if begin >= 0:
            state[ELEMENT] = 0
            state[LAST] -= begin
        if len(carried) > bounds.row:
            long_row = LongRow(origin, int(state[ELEMENT_LINE]), bounds)
            long_row.add(carried)
            carried, state[LAST] = b"", 0
    if long_row is not None:
        yield JsonChunk(origin, b"", columns, rejects=[long_row.reject()])
    elif carried.strip():
        why = source.broken or "the file ends"
        reason = f"incomplete: {why} in this element"
        yield JsonChunk(origin, b"", columns, rejects=[Reject(origin, int(state[ELEMENT_LINE]), reason, carried)])
    if source.broken:
        problem(f"{origin}: {source.broken} after line {int(state[LINE])}")
    elif opened and in_array and not state[CLOSED]:
        problem(f"{origin}: the array is not closed; the file ends early after line {int(state[LINE])}")
    return int(state[LINE]), bool(state[CLOSED])


def first_elements(data: np.ndarray, at: int, in_array: bool, most: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Start and end of the first whole elements from `data[at]` on, two int64[n]; `data` is changed by `split_elements`."""
    state = np.zeros(8, np.int64)
    state[ELEMENT] = -1
    room = len(data) // 2 + 1 if most is None else most
    starts, ends, numbers = (np.empty(room, np.int64) for _ in range(3))
    rows, _ = split_elements(data, at, state, in_array, starts, ends, numbers)
    return starts[:rows], ends[:rows]
