"""Members left out of JSON objects that are too wide or too deep for the compiled scanner, the other bytes as they were."""

from __future__ import annotations

import json
import re
from collections.abc import Collection

_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[{}\[\],]', re.DOTALL)


def wide_object_without(raw: bytes, names: Collection[str]) -> bytes:
    """A valid JSON object without the members `names`; what `assembly.without_members` does, without a limit.

    Examples
    --------
    >>> wide_object_without(b'{"a": 1, "b": [2], "c":3}', ["b"])
    b'{"a": 1,"c":3}'
    """
    depth, begin, key, is_due = 0, 0, b"", True
    kept: list[bytes] = []
    start = 0
    wanted = {json.dumps(name).encode() for name in names} | {
        json.dumps(name, ensure_ascii=False).encode() for name in names
    }

    def keep(end: int) -> None:
        if key and key not in wanted and (b"\\" not in key or json.loads(key) not in names):
            kept.append(raw[begin:end])

    for match in _TOKEN.finditer(raw):
        token = match[0]
        if token in (b"{", b"["):
            depth += 1
            if depth == 1:
                begin = start = match.end()
        elif token in (b"}", b"]"):
            depth -= 1
            if depth == 0:
                keep(match.start())
                return raw[:start] + b",".join(kept) + b"}"
        elif depth == 1 and token == b",":
            keep(match.start())
            begin, is_due = match.end(), True
        elif depth == 1 and is_due:
            key, is_due = token, False
    return raw
