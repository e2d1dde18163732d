"""Members of a JSON object as they are written, for the rows that the compiled scanner leaves to Python.

Values are cut out of the text and not built anew: a number of 5,000 digits, which Python refuses to write, stays as it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from json.decoder import WHITESPACE, scanstring  # type: ignore[attr-defined]

import numpy as np

_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_NO_BRACKETS = bytes(set(range(256)) - set(b"{}[]"))
_DECODER = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str)


def members_of(raw: bytes, wanted: Collection[str] | None = None) -> dict[str, str]:
    """The members of an object that `json.loads` has accepted, all or those that are wanted; of a key that occurs twice, the
    last value.
    """
    text = raw.decode("utf-8")
    members: dict[str, str] = {}
    at = _skip(text, _skip(text, 0) + 1)
    while text[at] != "}":
        if text[at] == ",":
            at = _skip(text, at + 1)
        key, at = scanstring(text, at + 1, True)
        begin = _skip(text, _skip(text, at) + 1)
        _, end = _DECODER.raw_decode(text, begin)
        if wanted is None or key in wanted:
            members[key] = text[begin:end]
        at = _skip(text, end)
    return members


def written_at(raw: bytes, name: str) -> str | None:
    """The value of a name with or without dots (`article.title`) in such an object; None where there is none."""
    return written_values(raw, [name]).get(name)


def written_values(raw: bytes, names: Sequence[str]) -> dict[str, str]:
    """The values of names, as `written_at` finds one, of those that there are. The object is read once for all of them."""
    members = members_of(raw, {*names, *(name.partition(".")[0] for name in names)})
    found = {name: members[name] for name in names if name in members}
    inside: dict[str, list[str]] = {}
    for name in names:
        outer, dot, inner = name.partition(".")
        if name not in found and dot and members.get(outer, "")[:1] == "{":
            inside.setdefault(outer, []).append(inner)
    for outer, inner_names in inside.items():
        values = written_values(members[outer].encode(), inner_names)
        found |= {f"{outer}.{inner}": value for inner, value in values.items()}
    return found


def object_of(members: Mapping[str, str]) -> str:
    """The text of an object with these members, each value as it is written."""
    return "{" + ", ".join(f"{json.dumps(name)}: {value}" for name, value in members.items()) + "}"


def depth_of(raw: bytes) -> int:
    """How many levels of objects and lists a JSON text has."""
    brackets = np.frombuffer(_STRING.sub(b"", raw).translate(None, _NO_BRACKETS), dtype=np.uint8)
    opened = (brackets == 0x7B) | (brackets == 0x5B)
    return int(np.cumsum(np.where(opened, 1, -1)).max(initial=0))


def _skip(text: str, at: int) -> int:
    return WHITESPACE.match(text, at).end()  # type: ignore[union-attr]
