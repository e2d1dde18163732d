"""Lists of articles inside a larger JSON object, as interfaces answer: `{"status": "ok", "articles": [{…}, {…}]}`.

The list is streamed as an array is; what stands around it is walked over and left out. Several such objects one after
another are read as well, and so is every further list of such articles in an object.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from mismatch.records.blocks import Reject
from mismatch.records.bounds import Bounds
from mismatch.records.columns import Columns
from mismatch.records.compression import ByteSource
from mismatch.records.formats.json_array import first_elements, json_element_chunks
from mismatch.records.formats.json_lines import JsonChunk
from mismatch.records.formats.json_paths import find_values
from mismatch.records.formats.json_scan import ABSENT

_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[{}\[\],:]|[^\s{}\[\],:"]++|"', re.DOTALL)
"""possessive: to come back to each character of a long string would take a hundred bytes for each"""
_FEW_BYTES, _MOST_BYTES = 1 << 16, 1 << 22
_MOST_LISTS, _DEEPEST = 2000, 256
"""lists in one object that are looked into, and objects around them"""
LOOKED_INTO = 20
"""elements of a list by which it is known"""
LIST, END, _MORE, _NONE = "list", "end", "more", "none"
_Stack = list[tuple[bytes, str]]
"""the brackets that are open, each with the key that it stands under"""


class Walked(NamedTuple):
    """How far a walk over JSON came.

    what : "list" (`at` is its bracket), "end" (`at` is behind the object), "more" (the bytes did not suffice), "none" (no
    object begins there). stack : what is open at `at`.
    """

    what: str
    at: int
    stack: _Stack

    @property
    def name(self) -> str:
        """Of the list, with dots."""
        return ".".join(key for _, key in self.stack[1:])


def walk(data: bytes, stack: _Stack, is_wanted: Callable[[int, str], bool]) -> Walked:
    """Walks to the next list that stands in objects only and is wanted, or to the end of the object.

    `stack` is what is open at the beginning of `data`; the stack of a list found has the list's own key on top. What is
    nested very deeply, or has very many lists, is walked no further.
    """
    stack, key, before = list(stack), "", b""
    in_lists, n_lists = sum(opened == b"[" for opened, _ in stack), 0
    for match in _TOKEN.finditer(data):
        token = match[0]
        if not stack and token != b"{":
            return Walked(_NONE, match.start(), [])
        if token == b'"':
            break
        if token == b"[" and not in_lists:
            n_lists += 1
            if n_lists > _MOST_LISTS:
                break
            found = Walked(LIST, match.start(), [*stack, (b"[", key)])
            if is_wanted(found.at, found.name):
                return found
        if token in (b"{", b"["):
            stack.append((token, key))
            in_lists += token == b"["
            key = ""
            if len(stack) > _DEEPEST:
                break
        elif token in (b"}", b"]"):
            in_lists -= stack.pop()[0] == b"["
            if not stack:
                return Walked(END, match.end(), [])
        elif token[:1] == b'"' and before in (b"{", b","):
            key = token[1:-1].decode("utf-8", "replace")
        before = token
    return Walked(_MORE, 0, stack)


def first_in_list(data: bytes, at: int) -> bytes:
    """The first byte behind a bracket that is not blank; nothing where blanks go on and on."""
    return data[at + 1 : at + 1000].lstrip()[:1]


def _is_wanted(head: bytes, columns: Columns, list_name: str) -> Callable[[int, str], bool]:
    """Whether the list at a place holds objects that have one of the columns, or is the empty one of a name."""
    names = [name for name in (columns.title, columns.body) if name is not None]
    array = np.frombuffer(bytearray(head), dtype=np.uint8)

    def is_wanted(at: int, name: str) -> bool:
        first = first_in_list(head, at)
        if first != b"{":
            return name == list_name and first == b"]"
        starts, ends = first_elements(array, at + 1, True, LOOKED_INTO)
        is_open = not len(starts)  # the first element is longer than what was read: it is looked at when its turn comes
        return is_open or name == list_name or bool((find_values(array, starts, ends, names).kinds != ABSENT).any())

    return is_wanted


def wrapped_chunks(
    source: ByteSource,
    origin: str,
    columns: Columns,
    list_name: str,
    *,
    chunk_bytes: int,
    bounds: Bounds,
    problem: Callable[[str], None],
) -> Iterator[JsonChunk]:
    """Stretches of whole elements of the lists, as `json_element_chunks`. An object without such a list is rejected."""
    line, found_one = 1, False
    stack: _Stack = []
    source.skip_byte_order_mark()
    while True:
        size, looked_at = _FEW_BYTES, 0
        while True:
            head = source.peek(size, more=looked_at > 0)
            final, looked_at = source.ended and len(head) < size, len(head)
            walked = walk(head, stack, _is_wanted(head, columns, list_name))
            if walked.what != _MORE or final or looked_at >= _MOST_BYTES:
                break
            if looked_at >= size:
                size *= 4
        if walked.what == _MORE:
            if head.strip() or stack:
                why = source.broken or ("the file ends early" if final else f"its end is not found within {size:,} bytes")
                problem(f"{origin}: the object around the list is not closed ({why}) after line {line}")
            return
        if walked.what == _NONE:
            problem(f"{origin}: there is more after the object around the list, from line {line} on; it was not read")
            return
        passed = source.read(walked.at)
        if walked.what == END and not found_one:
            line += passed[: len(passed) - len(passed.lstrip())].count(b"\n")
            passed = passed.lstrip()
            yield JsonChunk(origin, b"", columns, rejects=[Reject(origin, line, "no list of articles in it", passed)])
        line += passed.count(b"\n")
        stack, found_one = walked.stack[:-1], walked.what == LIST or (found_one and walked.what != END)
        if walked.what == LIST:
            line, closed = yield from json_element_chunks(
                source, origin, columns, in_array=True, chunk_bytes=chunk_bytes, bounds=bounds,
                problem=problem, first_line=line, is_wrapped=True,
            )  # fmt: skip
            if not closed:
                return
