"""Any bytes as JSON lines, JSON, CSV, text with entities, Parquet, Arrow and models: what Python reads, we read."""

from __future__ import annotations

import json

import pytest
from fuzzing.properties import PROPERTIES
from hypothesis import example, given, settings
from hypothesis import strategies as st

_PIECES = [
    b'{"title": "a", "body": "b"}', b'"title"', b"{", b"}", b"[", b"]", b'"', b'""', b"\\", b"\\u00e9", b"\\ud800", b":",
    b"\n", b"\r", b"\r\n", b"\0", b"null", b"true", b"1e5", b"-0", b"NaN", b" ", b"\xff", b"\xc3\xa9", b"\xef\xbb\xbf",
    b",", b"&amp;", b"&#x41;", b"&eacute", b"7" * 5000, b"PAR1", b"ARROW1\0\0", b"\xff\xff\xff\xff", b"\x80\x04",
    b'"k":1,', b'a"b,"c',
]  # fmt: skip
_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=6)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=3)),
    max_leaves=8,
)
_rows = st.lists(
    st.dictionaries(st.one_of(st.sampled_from(["title", "body"]), st.text(max_size=3)), _values, max_size=5), max_size=4
)
any_bytes = st.one_of(
    st.lists(st.sampled_from(_PIECES), max_size=25).map(b"".join),
    st.binary(max_size=60),
    _rows.map(lambda rows: "\n".join(map(json.dumps, rows)).encode()),
    _rows.map(lambda rows: ",".join(json.dumps(row, ensure_ascii=False) for row in rows).encode("utf-8", "replace")),
)


@pytest.mark.parametrize("name", sorted(PROPERTIES))
@settings(max_examples=80, derandomize=True)
@given(data=any_bytes)
@example(data=b'{"title": ' + b"7" * 5000 + b', "body": "b"}')
@example(data=b'{"title": "t", "body": "b", "deep": ' + b"[" * 600 + b"]" * 600 + b"}")
def test_any_bytes_are_read_as_python_reads_them_or_refused(name: str, data: bytes) -> None:
    PROPERTIES[name](data)
