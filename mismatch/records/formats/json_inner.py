"""Titles, bodies and sources of JSON rows that are lists or objects: the text inside them in their place."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from mismatch.records.formats.json_scan import ARRAY, ESCAPED, NULL, OBJECT, RowTable
from mismatch.records.inner_text import KEYS_OF_ROLES, text_inside


class Written(str):
    """A number as the user wrote it."""

    __slots__ = ()


def as_written(raw: bytes | str, number: Callable[[str], Written] = Written) -> Any:
    """What `json.loads` makes of a value, with numbers as they are written, or as `number` gives them."""
    return json.loads(raw, parse_int=number, parse_float=number, parse_constant=number)


def with_text_inside(
    data: np.ndarray, table: RowTable, roles: Sequence[str], keep: np.ndarray
) -> tuple[np.ndarray, RowTable, list[tuple[int, str]]]:
    """Buffer and table with the text inside lists and objects, and the rows without any, each with the reason to reject it.

    roles : of the lines of `table`. keep : bool[n], the rows that are looked at.
    """
    inner: dict[tuple[int, int], bytes] = {}
    without: list[tuple[int, str]] = []
    for k, role in enumerate(roles):
        if role not in KEYS_OF_ROLES:
            continue
        kinds = table.kinds[k]
        for i in np.flatnonzero(keep & ((kinds == OBJECT) | (kinds == ARRAY))).tolist():
            value = as_written(data[table.starts[k][i] : table.ends[k][i]].tobytes())
            text = text_inside(value, KEYS_OF_ROLES[role])
            if text is not None:
                inner[k, i] = json.dumps(text or None).encode()
            elif role != "source":
                without.append((i, f"{role} is {'a list' if kinds[i] == ARRAY else 'an object'}, not text"))
    if not inner:
        return data, table, without
    starts, ends, kinds_of = table.starts.copy(), table.ends.copy(), table.kinds.copy()
    end = len(data)
    for (k, i), text_or_null in inner.items():
        begin, end = end, end + len(text_or_null)
        is_text = text_or_null[:1] == b'"'
        starts[k, i], ends[k, i], kinds_of[k, i] = begin + is_text, end - is_text, ESCAPED if is_text else NULL
    buffer = np.concatenate([data, np.frombuffer(b"".join(inner.values()), dtype=np.uint8)])
    return buffer, replace(table, starts=starts, ends=ends, kinds=kinds_of), without
