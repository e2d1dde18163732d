"""A first row of several megabytes: its columns are found, and what looks at it takes little memory."""

from __future__ import annotations

import json
import random
import re
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from mismatch.records.formats import json_wrapped
from mismatch.records.reading import Reader

LONG = "many words of a story " * 300_000


@pytest.mark.parametrize("name", ["a.jsonl", "a.json"])
def test_the_columns_of_a_first_row_of_megabytes_are_found(write: Any, name: str) -> None:
    rows = [{"headline": "A title", "text": LONG, "n": 1}, {"headline": "Another", "text": "b", "n": 2}]
    path: Path = write(name, "".join(json.dumps(row) + "\n" for row in rows).encode())
    reader = Reader([path])
    assert reader.notices == ["title=headline, body=text"]
    assert [title for chunk in reader for title in chunk.decode().pairs["title"].to_pylist()] == ["A title", "Another"]


@pytest.mark.parametrize("inside", [b"x", b"\\n", b"x\\u00e9"])
@pytest.mark.parametrize("end", [b"", b'"}'])
def test_a_long_string_takes_no_memory_for_each_of_its_characters(inside: bytes, end: bytes) -> None:
    data = b'{"a": "' + inside * (2_000_000 // len(inside)) + end
    tracemalloc.start()
    walked = json_wrapped.walk(data, [], lambda *_: False)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert walked.what == (json_wrapped.END if end else "more")
    assert most < 10 * len(data)


def test_tokens_are_those_of_the_plain_expression() -> None:
    plain = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+|"', re.DOTALL)
    rng = random.Random(0)
    for _ in range(3000):
        text = bytes(rng.choice(b'"\\{}[],: ab\n') for _ in range(rng.randint(0, 25)))
        assert [m.span() for m in json_wrapped._TOKEN.finditer(text)] == [m.span() for m in plain.finditer(text)]
