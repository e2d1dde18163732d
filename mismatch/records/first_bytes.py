"""What the first bytes of an input say: its format, the layout of JSON, and the columns."""

from __future__ import annotations

import numpy as np

from mismatch.errors import InputError
from mismatch.records.columns import ColumnChoice, Columns, columns_unseen, find_columns
from mismatch.records.compression import BOM, ByteSource
from mismatch.records.formats.json_array import ELEMENT, split_elements
from mismatch.records.formats.json_scan import OK, scan_rows
from mismatch.records.formats.lines import lines_of
from mismatch.records.known_formats import DEFAULT_FORMAT, MAGIC_BYTES, columnar_format_of

_FEW_BYTES = 1 << 18
_MOST_BYTES = 1 << 22


def sniffed_format(source: ByteSource) -> str:
    """The format of a stream without a name: by its first bytes, JSON lines when they say nothing."""
    columnar = columnar_format_of(source.peek(MAGIC_BYTES))
    if columnar is not None:
        return columnar
    if not source.peek(1 << 10).strip(BOM + b" \t\r\n"):
        source.peek(1 << 10, more=True)
    beginning = source.peek(1 << 10).removeprefix(BOM).lstrip()
    if beginning[:14].lower().startswith((b"<!doctype html", b"<html")):
        return "html"
    if beginning.startswith(b"WARC/"):
        return "warc"
    return "json" if beginning.startswith(b"[") else DEFAULT_FORMAT


def json_layout(source: ByteSource, format: str, choice: ColumnChoice, origin: str) -> tuple[str, Columns]:
    """How JSON is laid out ("lines", "array", "objects", "empty"), and its columns, from as few bytes as will do.

    Raises
    ------
    InputError
        There is no title or body column.
    """
    size, looked_at = _FEW_BYTES, 0
    while True:
        head = source.peek(size, more=looked_at > 0)
        final, looked_at = source.ended and len(head) < size, len(head)
        head = head.removeprefix(BOM)
        data = np.frombuffer(bytearray(head), dtype=np.uint8)
        blank = len(head) - len(head.lstrip())
        if blank == len(head) and final:
            return "empty", columns_unseen(choice)
        starts, ends, _ = lines_of(data, 1)
        if not final and len(ends) and head.rfind(b"\n") < ends[-1]:
            starts, ends = starts[:-1], ends[:-1]
        layout = _layout(data, blank, starts, ends) if format == "json" else "lines"
        if layout != "lines":
            starts, ends = _elements(data, blank, layout == "array")
        table = scan_rows(data, starts, ends, [])
        names = table.keys or []
        is_last_try = final or looked_at >= _MOST_BYTES
        try:
            if names or not is_last_try:
                return layout, find_columns(names, choice, origin)
            return layout, columns_unseen(choice)
        except InputError:
            if is_last_try:
                raise
        if looked_at >= size:  # else more is still to come
            size = min(size * 4, _MOST_BYTES)


def _layout(data: np.ndarray, blank: int, starts: np.ndarray, ends: np.ndarray) -> str:
    """How a `.json` file is laid out: by its first byte, and for objects by whether the first line holds a
    whole one."""
    if blank == len(data) or data[blank] != ord("{"):
        return "array" if blank < len(data) and data[blank] == ord("[") else "lines"
    by_line = scan_rows(data, starts, ends, []).status == OK
    if len(by_line) and by_line[0]:
        return "lines"
    copied = data.copy()
    by_element = scan_rows(copied, *_elements(copied, blank, False), []).status == OK
    return "lines" if by_line.any() and not by_element[:1].any() else "objects"


def _elements(data: np.ndarray, blank: int, in_array: bool) -> tuple[np.ndarray, np.ndarray]:
    state = np.zeros(8, np.int64)
    state[ELEMENT] = -1
    at = blank + in_array
    starts, ends, numbers = (np.empty(len(data) // 2 + 1, np.int64) for _ in range(3))
    rows, _ = split_elements(data, at, state, in_array, starts, ends, numbers)
    return starts[:rows], ends[:rows]
