"""What the first bytes of an input say: its format, the layout of JSON, and the columns."""

from __future__ import annotations

import codecs
import json
from typing import NamedTuple

import numpy as np

from mismatch.errors import InputError
from mismatch.records.bounds import Bounds
from mismatch.records.columns import ROLES, ColumnChoice, Columns, columns_unseen, find_columns
from mismatch.records.compression import BOM, ByteSource
from mismatch.records.encodings import unicode_of
from mismatch.records.formats.json_array import first_elements
from mismatch.records.formats.json_paths import find_values, keys_inside
from mismatch.records.formats.json_scan import ABSENT, MAX_KEYS, OK, scan_rows
from mismatch.records.formats.json_wrapped import END, LIST, LOOKED_INTO, first_in_list, walk
from mismatch.records.formats.lines import lines_of
from mismatch.records.guessing import SAMPLE_ROWS
from mismatch.records.known_formats import DEFAULT_FORMAT, FORMATS, columnar_format_of

FEW_BYTES = 1 << 18
"""of the beginning of JSON, in which its layout mostly shows; a store is asked for them once"""
_MOST_BYTES = Bounds.row + FEW_BYTES
"""the first row may be as long as a row may be, and tells the columns still"""
_FIRST_LOOK = 1 << 10
_HTML, _WARC = (b"<!doctype html", b"<html"), b"WARC/"


def sniffed_format(source: ByteSource) -> str:
    """The format of a stream without a name: by its first bytes, JSON lines when they say nothing."""
    head = source.peek(_FIRST_LOOK)
    while not source.ended and len(head) < _FIRST_LOOK and _says_nothing_yet(head):
        head = source.peek(_FIRST_LOOK, more=True)
    columnar = columnar_format_of(head)
    if columnar is not None:
        return columnar
    encoding = unicode_of(head)
    if encoding is not None:
        head = codecs.getincrementaldecoder(encoding)("replace").decode(head).encode("utf-8", "replace")
    beginning = head.removeprefix(BOM).lstrip()
    if beginning[:14].lower().startswith(_HTML):
        return "html"
    if beginning.startswith(_WARC):
        return "warc"
    return "json" if beginning.startswith(b"[") else DEFAULT_FORMAT


def _says_nothing_yet(head: bytes) -> bool:
    """Whether so few bytes have come of a live stream that its format may still be told by the next ones."""
    begun = head.removeprefix(BOM).lstrip()
    marks = [(_WARC, begun), *((mark, begun.lower()) for mark in _HTML)]
    marks += [(mark, head) for known in FORMATS.values() for mark in known.magic]
    return any(len(seen) < len(mark) and mark.startswith(seen) for mark, seen in marks)


class JsonLayout(NamedTuple):
    """How JSON is laid out ("lines", "array", "objects", "wrapped", "empty"), its columns, the name of a wrapped list."""

    kind: str
    columns: Columns
    list_name: str = ""


def json_layout(source: ByteSource, format: str, choice: ColumnChoice, origin: str) -> JsonLayout:
    """The layout of JSON, and its columns, from as few bytes as will do.

    Raises
    ------
    InputError
        There is no title or body column.
    """
    size, looked_at = FEW_BYTES, 0
    while True:
        head = source.peek(size, more=looked_at > 0)
        final, looked_at = source.ended and len(head) < size, len(head)
        head = head.removeprefix(BOM)
        data = np.frombuffer(bytearray(head), dtype=np.uint8)
        blank = len(head) - len(head.lstrip())
        if blank == len(head) and final:
            return JsonLayout("empty", columns_unseen(choice))
        starts, ends, _ = lines_of(data, 1)
        if not final and len(ends) and head.rfind(b"\n") < ends[-1]:
            starts, ends = starts[:-1], ends[:-1]
        layout = _layout(data, blank, starts, ends) if format == "json" else "lines"
        if layout != "lines":
            starts, ends = first_elements(data, blank + (layout == "array"), layout == "array")
        is_last_try = final or looked_at >= _MOST_BYTES
        try:
            columns = columns_of_rows(data, starts, ends, choice, origin)
            if columns is not None:
                return JsonLayout(layout, columns)
            if is_last_try:
                return (_wrapped(head, choice, origin) if layout != "array" else None) or JsonLayout(
                    layout, columns_unseen(choice)
                )
        except InputError:
            wrapped = _wrapped(head, choice, origin) if layout != "array" else None
            if wrapped is not None:
                return wrapped
            try:
                columns = columns_of_rows(data, starts, ends, choice, origin, by_content=True)
                if columns is not None:
                    return JsonLayout(layout, columns)
            except InputError:
                if is_last_try:
                    raise
        if looked_at >= size:  # else more is still to come
            size = min(size * 4, _MOST_BYTES)


def columns_of_rows(
    data: np.ndarray, starts: np.ndarray, ends: np.ndarray, choice: ColumnChoice, origin: str, *, by_content: bool = False
) -> Columns | None:
    """The columns of the objects `data[starts[i]:ends[i]]`, also inside their objects; None where no key is found.

    A column that is asked for may be nested (`article.title`). Where nothing is asked for and no title or body stands in the
    rows themselves, both are looked for in each object that the rows hold, and at last, with `by_content`, by what the rows
    hold.

    Raises
    ------
    InputError
        There is no title or body column.
    """
    names = scan_rows(data, starts, ends, []).keys
    if names is None:  # too many to be told apart there
        names = list(dict.fromkeys(name for row in _first_rows(data, starts, ends) for name in row))
    if not names:
        return None
    asked = [name for role in ROLES if (name := getattr(choice, role)) and "." in name and name not in names]
    kinds = find_values(data, starts, ends, asked).kinds
    there = [name for name, found in zip(asked, kinds, strict=True) if (found != ABSENT).any()]
    try:
        return find_columns([*names, *there], choice, origin)
    except InputError as error:
        if choice.title is None and choice.body is None:
            for outer in names[:MAX_KEYS]:
                inside = [f"{outer}.{key}" for key in keys_inside(data, starts, ends, outer)]
                try:
                    return find_columns([*inside, *names], choice, origin, inside=outer)
                except InputError:
                    continue
        if not by_content:
            raise error
    return find_columns([*names, *there], choice, origin, sample=lambda: _sample(data, starts, ends, names[:MAX_KEYS]))


def _sample(data: np.ndarray, starts: np.ndarray, ends: np.ndarray, names: list[str]) -> dict[str, list[object]]:
    """The values of the first rows, by key."""
    rows = _first_rows(data, starts, ends)
    return {name: [row.get(name) for row in rows] for name in names}


def _first_rows(data: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> list[dict[str, object]]:
    rows = []
    for start, end in zip(starts[:SAMPLE_ROWS].tolist(), ends[:SAMPLE_ROWS].tolist(), strict=True):
        try:
            row = json.loads(data[start:end].tobytes())
        except (ValueError, RecursionError):
            continue
        if isinstance(row, dict):
            rows.append(row)
    return rows


def _wrapped(head: bytes, choice: ColumnChoice, origin: str) -> JsonLayout | None:
    """The layout of a list of articles inside an object; None where there is none in these bytes.

    An object whose only lists are empty is an answer without articles.
    """
    lists: list[bytes] = []
    data = np.frombuffer(bytearray(head), dtype=np.uint8)

    def columns_at(at: int) -> Columns | None:
        lists.append(first_in_list(head, at))
        if lists[-1] != b"{":
            return None
        try:
            return columns_of_rows(data, *first_elements(data, at + 1, True, LOOKED_INTO), choice, origin)
        except InputError:
            return None

    walked = walk(head, [], lambda at, _: columns_at(at) is not None)
    if walked.what == LIST:
        found = columns_at(walked.at)
        return JsonLayout("wrapped", found, walked.name) if found is not None else None
    is_whole = walked.what == END and not head[walked.at :].strip()
    return JsonLayout("empty", columns_unseen(choice)) if is_whole and lists and set(lists) == {b"]"} else None


def _layout(data: np.ndarray, blank: int, starts: np.ndarray, ends: np.ndarray) -> str:
    """How a `.json` file is laid out: by its first byte, and for objects by whether the first line holds a
    whole one."""
    if blank == len(data) or data[blank] != ord("{"):
        return "array" if blank < len(data) and data[blank] == ord("[") else "lines"
    by_line = scan_rows(data, starts, ends, []).status == OK
    if len(by_line) and by_line[0]:
        return "lines"
    copied = data.copy()
    by_element = scan_rows(copied, *first_elements(copied, blank, False), []).status == OK
    return "lines" if by_line.any() and not by_element[:1].any() else "objects"
