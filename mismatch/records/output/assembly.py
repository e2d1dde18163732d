"""Putting rows of output together: the user's own line, the added fields, the end of the row, in one
buffer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mismatch.compiling.kernels import kernel, read_only
from mismatch.records.formats.json_scan import MAX_DEPTH, MAX_MEMBERS, parse_object
from mismatch.records.formats.json_strings import key_is
from mismatch.records.output.fragments import Fragments
from mismatch.terms.vector_instructions import copy_bytes


@kernel
def _put_lines(
    source: np.ndarray, starts: np.ndarray, ends: np.ndarray, rows: np.ndarray, out: np.ndarray,
    cursor: np.ndarray, empty: np.ndarray,
) -> None:  # fmt: skip
    """Copies each object without its closing brace, and notes which objects are empty."""
    for k in range(len(rows)):
        start, size = starts[rows[k]], ends[rows[k]] - starts[rows[k]] - 1
        copy_bytes(out, cursor[k], source, start, size)
        cursor[k] += size
        last = start + size - 1
        while source[last] == 0x20 or source[last] == 0x09 or source[last] == 0x0D or source[last] == 0x0A:
            last -= 1
        empty[k] = source[last] == 0x7B


@kernel
def _put_field(
    prefix: np.ndarray, data: np.ndarray, offsets: np.ndarray, rows: np.ndarray, out: np.ndarray,
    cursor: np.ndarray, no_comma: np.ndarray,
) -> None:  # fmt: skip
    """Appends `prefix` and the row's fragment; where `no_comma` the first byte of the prefix is left out."""
    for k in range(len(rows)):
        skip = int(no_comma[k])
        copy_bytes(out, cursor[k], prefix, skip, len(prefix) - skip)
        cursor[k] += len(prefix) - skip
        size = offsets[rows[k] + 1] - offsets[rows[k]]
        copy_bytes(out, cursor[k], data, offsets[rows[k]], size)
        cursor[k] += size


@kernel
def _close_rows(tail: np.ndarray, out: np.ndarray, room: np.ndarray, cursor: np.ndarray) -> int:
    """Appends `tail` to each row; rows that came out shorter than their room move together. Returns the
    size."""
    end = 0
    for k in range(len(cursor)):
        start = room[k]
        for i in range(len(tail)):
            out[cursor[k] + i] = tail[i]
        size = cursor[k] + len(tail) - start
        if end != start:
            for i in range(size):
                out[end + i] = out[start + i]
        end += size
    return end


def assemble(
    rows: np.ndarray,
    fields: Sequence[tuple[bytes, Fragments]],
    tail: bytes,
    lines: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None,
) -> np.ndarray:
    """The rows `rows` (int64[m]) as bytes: (own line without its brace), each (prefix, fragment), `tail`.

    lines : buffer uint8[size], starts and ends int64[n] of the rows' own JSON objects; a prefix then begins
    with a comma, which is left out behind an empty object. Returns uint8[size].
    """
    sizes = np.full(len(rows), len(tail), np.int64)
    for prefix, (_, offsets) in fields:
        sizes += (offsets[1:] - offsets[:-1])[rows] + len(prefix)
    if lines is not None:
        sizes += (lines[2] - lines[1])[rows] - 1
    room = np.zeros(len(rows) + 1, np.int64)
    np.cumsum(sizes, out=room[1:])
    out = np.empty(int(room[-1]), np.uint8)
    cursor, empty, never = room[:-1].copy(), np.zeros(len(rows), np.bool_), np.zeros(len(rows), np.bool_)
    if lines is not None:
        _put_lines(read_only(lines[0]), *lines[1:], rows, out, cursor, empty)
    for k, (prefix, (data, offsets)) in enumerate(fields):
        text = np.frombuffer(prefix or b"\0", dtype=np.uint8)[: len(prefix)]
        _put_field(text, read_only(data), offsets, rows, out, cursor, empty if k == 0 else never)
    return out[: _close_rows(np.frombuffer(tail, dtype=np.uint8), out, room, cursor)]


@kernel
def _strip(
    source: np.ndarray, starts: np.ndarray, ends: np.ndarray, rows: np.ndarray, names: np.ndarray,
    name_ends: np.ndarray, out: np.ndarray, new_starts: np.ndarray, new_ends: np.ndarray,
) -> int:  # fmt: skip
    stack, flags = np.empty(MAX_DEPTH, np.uint8), np.zeros(2, np.uint8)
    members, scratch = np.empty((MAX_MEMBERS, 5), np.int64), np.empty(6 * len(names) + 1, np.uint8)
    o: int = np.int64(0)  # type: ignore[assignment]
    for k in range(len(rows)):
        start, end = starts[rows[k]], ends[rows[k]]
        count = parse_object(source, start, end, stack, flags, members)
        new_starts[k] = o
        if count < 0:
            new_ends[k] = -1
            continue
        at, kept = start, 0
        # a member is kept from the byte behind the comma (or brace) before it up to the comma behind it
        for m in range(count):
            name, size = members[m, 0], members[m, 1] - members[m, 0]
            drop = False
            for w in range(len(name_ends) - 1):
                length = name_ends[w + 1] - name_ends[w]
                drop |= key_is(source, name, size, names, name_ends[w], length, scratch)
            behind = end - 1
            if m + 1 < count:
                behind = members[m + 1, 0] - 1
                while source[behind] != 0x2C:
                    behind -= 1
            begin = name - 1
            if m == 0:
                while source[begin] != 0x7B:
                    begin -= 1
                begin += 1
                copy_bytes(out, o, source, at, begin - at)
                o += begin - at
            else:
                begin = at
            if not drop:
                if kept:
                    out[o] = 0x2C
                    o += 1
                copy_bytes(out, o, source, begin, behind - begin)
                o += behind - begin
                kept += 1
            at = behind + 1 if m + 1 < count else behind
        if count == 0:
            copy_bytes(out, o, source, start, end - 1 - start)
            o += end - 1 - start
        out[o] = 0x7D
        o += 1
        new_ends[k] = o
    return o


def without_members(
    source: np.ndarray, starts: np.ndarray, ends: np.ndarray, rows: np.ndarray, names: Sequence[str]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The objects `rows` without the members `names`, the bytes of the others as they were.

    Returns buffer, starts and ends; an end is -1 where the object is too odd for the scanner (nested too
    deeply).
    """
    encoded = [name.encode("utf-8") for name in names]
    text = np.frombuffer(b"".join(encoded) or b"\0", dtype=np.uint8)
    bounds = np.concatenate([[0], np.cumsum([len(e) for e in encoded])]).astype(np.int64)
    out = np.empty(int((ends - starts)[rows].sum()) + 1, np.uint8)
    new_starts, new_ends = np.empty(len(rows), np.int64), np.empty(len(rows), np.int64)
    used = _strip(read_only(source), starts, ends, rows, text, bounds, out, new_starts, new_ends)
    return out[:used], new_starts, new_ends
