"""One JSON array, one object, objects over many lines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reading_and_scoring import blocks_of, convert, pairs_of, rejects_of

from mismatch.records.reading import Reader

ROWS = [
    {"title": "a [x], {y}", "body": 'quote " and \\ and ]', "n": [1, {"z": "}"}]},
    {"title": "é日", "body": "line\nbreak"},
    {"title": None, "body": ""},
]


@pytest.mark.parametrize("indent", [None, 0, 2])
@pytest.mark.parametrize("chunk_bytes", [1, 3, 16, 1 << 20])
def test_an_array_however_it_is_cut(write: Any, tmp_path: Path, indent: int | None, chunk_bytes: int) -> None:
    text = "\ufeff \n" + json.dumps(ROWS, indent=indent) + "\n"
    path = write("a.json", text)
    options = {"chunk_bytes": chunk_bytes}
    assert pairs_of(path, **options) == [(row["title"], row["body"]) for row in ROWS]
    convert(path, tmp_path / "out.json", reader=options)
    again = json.loads((tmp_path / "out.json").read_bytes())
    assert [{k: row[k] for k in own} for own, row in zip(ROWS, again, strict=True)] == ROWS
    convert(path, tmp_path / "out.jsonl", reader=options)
    assert len((tmp_path / "out.jsonl").read_bytes().splitlines()) == 3


def test_line_numbers_are_those_of_the_elements(write: Any) -> None:
    path = write("a.json", '[\n\n {"title":"a",\n"body":"b"}\n,\n{"title":"c","body":\n"d"}]')
    for chunk_bytes in (1, 5, 1000):
        assert [n for b in blocks_of(path, chunk_bytes=chunk_bytes) for n in b.row_numbers.tolist()] == [3, 6]


def test_json_lines_and_single_objects_in_a_json_file(write: Any) -> None:
    one = {"title": "a", "body": "b"}
    lines = write("lines.json", [one, one])
    assert pairs_of(lines) == [("a", "b")] * 2 and Reader([lines]).formats[str(lines)] == "jsonl"
    assert pairs_of(write("one.json", json.dumps(one))) == [("a", "b")]
    assert pairs_of(write("pretty.json", json.dumps(one, indent=2))) == [("a", "b")]
    pretty = json.dumps(one, indent=2)
    assert pairs_of(write("many.json", f"{pretty}\n{pretty}{json.dumps(one)}\n"), chunk_bytes=9) == [("a", "b")] * 3


def test_a_broken_element_is_rejected_and_its_neighbours_are_read(write: Any) -> None:
    path = write("a.json", '[{"title":"a","body":"b"},\n{"title":"x" "y"},\n7, {"title":"c","body":"d"}, ]')
    assert pairs_of(path) == [("a", "b"), ("c", "d")]
    assert [(r.line, r.raw) for r in rejects_of(path)] == [(2, b'{"title":"x" "y"}'), (3, b"7")]


def test_a_newline_inside_a_string_stays_an_error(write: Any) -> None:
    path = write("a.json", '[{"title":"a","body":"b"}, {"title":"x\ny","body":"b"}]')
    assert pairs_of(path) == [("a", "b")] and len(rejects_of(path)) == 1


def test_an_array_that_is_not_closed_and_one_with_more_behind_it(write: Any) -> None:
    path = write("a.json", '[{"title":"a","body":"b"},\n{"title":"c"')
    reader = Reader([path])
    blocks = [chunk.decode() for chunk in reader]
    assert sum(map(len, blocks)) == 1 and sum(len(b.rejects) for b in blocks) == 1
    assert reader.problems == [f"{path}: the array is not closed; the file ends early after line 2"]
    reader = Reader([write("b.json", '[{"title":"a","body":"b"}]\n[1]')])
    assert sum(len(chunk.decode()) for chunk in reader) == 1
    assert "more after the end of the array" in reader.problems[0]


def test_an_element_above_the_limit_costs_itself_only(write: Any) -> None:
    rows = [{"title": "a", "body": "b"}, {"title": "long", "body": "x" * 5000}, {"title": "c", "body": "d"}]
    path = write("a.json", json.dumps(rows))
    for chunk_bytes in (10, 500, 100_000):
        options = {"chunk_bytes": chunk_bytes, "max_line_bytes": 1000}
        assert pairs_of(path, **options) == [("a", "b"), ("c", "d")]
        [reject] = rejects_of(path, **options)
        raw = reject.raw if reject.spooled is None else reject.spooled.read()
        assert raw == json.dumps(rows[1]).encode()


values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=6)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.fixed_dictionaries({"title": st.text(), "body": st.text(), "x": values}), max_size=6),
    indent=st.sampled_from([None, 1]),
    ascii=st.booleans(),
    chunk_bytes=st.integers(1, 60),
)
def test_any_array_of_objects_comes_back(
    tmp_path: Path, rows: list[Any], indent: int | None, ascii: bool, chunk_bytes: int
) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(rows, indent=indent, ensure_ascii=ascii), encoding="utf-8")
    assert pairs_of(path, chunk_bytes=chunk_bytes) == [(row["title"], row["body"]) for row in rows]
    convert(path, tmp_path / "o.json", reader={"chunk_bytes": chunk_bytes})
    again = json.loads((tmp_path / "o.json").read_bytes())
    assert [{k: row[k] for k in ("title", "body", "x")} for row in again] == rows
