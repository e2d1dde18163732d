"""Lists of articles inside larger objects: found, streamed, and nothing around them taken for a row or lost."""

from __future__ import annotations

import io
import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reading_and_scoring import blocks_of, convert, json_rows, pairs_of, rejects_of

from mismatch.errors import InputError
from mismatch.records.blocks import JsonLines
from mismatch.records.columns import ColumnChoice
from mismatch.records.drawing import Runs
from mismatch.records.reading import Reader

A = {"title": "t", "body": "b"}
B = {"title": "u", "body": "c", "n": 1.50}


def notice_of(path: Path) -> str | None:
    return next((notice.split(": ", 1)[1] for notice in Reader([path]).notices if "its list" in notice), None)


@pytest.mark.parametrize(("name", "indent"), [("a.json", None), ("a.json", 2), ("a.jsonl", None)])
@pytest.mark.parametrize(
    ("wrapped", "list_name"),
    [
        ({"status": "ok", "totalResults": 2, "articles": [A, B]}, "articles"),
        ({"data": {"meta": {"x": [1, 2]}, "items": [A, B]}, "next": None}, "data.items"),
        ({"response": {"docs": [A, B], "hits": [{"offset": 1}]}}, "response.docs"),
        ({"hits": {"total": 2, "hits": [{"_id": 1, "_source": A}, {"_id": 2, "_source": B}]}}, "hits.hits"),
        ({"facets": [{"name": "x"}], "results": [A, B]}, "results"),
    ],
)
def test_the_list_is_found_and_said(write: Any, name: str, indent: int | None, wrapped: Any, list_name: str) -> None:
    path = write(name, json.dumps(wrapped, indent=indent))
    assert pairs_of(path) == [("t", "b"), ("u", "c")]
    assert notice_of(path) == f"the objects in its list {list_name}"


def test_elements_are_passed_on_byte_for_byte_with_their_lines(write: Any, tmp_path: Path) -> None:
    path = write(
        "a.json", '{"n": 1,\n "articles": [\n  {"title":"t",  "body":"b","x":1.50},\n\n {"title":"u","body":"c"}]\n}\n'
    )
    convert(path, tmp_path / "o.jsonl")
    assert (tmp_path / "o.jsonl").read_bytes().startswith(b'{"title":"t",  "body":"b","x":1.50,"mismatch_verdict"')
    assert [n for block in blocks_of(path) for n in block.row_numbers.tolist()] == [3, 5]


def test_answers_one_after_another_are_all_read(write: Any) -> None:
    pages = [{"page": i, "articles": [A] * i} for i in (2, 0, 3)]
    path = write("a.jsonl", "".join(json.dumps(page) + "\n" for page in pages))
    assert pairs_of(path) == [("t", "b")] * 5


def test_an_answer_without_the_list_is_rejected_with_its_line(write: Any) -> None:
    path = write("a.jsonl", json.dumps({"articles": [A]}) + '\n{"status": "error"}\n' + json.dumps({"articles": [B]}) + "\n")
    assert pairs_of(path) == [("t", "b"), ("u", "c")]
    [reject] = rejects_of(path)
    assert (reject.line, reject.reason, reject.raw) == (2, "no list of articles in it", b'{"status": "error"}')


def test_every_list_of_such_articles_in_an_object_is_read(write: Any) -> None:
    assert pairs_of(write("a.json", json.dumps({"CNN": [A], "meta": {"tags": [{"id": 1}]}, "BBC": [B, A]}))) == [
        ("t", "b"), ("u", "c"), ("t", "b"),
    ]  # fmt: skip


def test_broken_elements_are_rejected_and_their_neighbours_kept(write: Any) -> None:
    path = write("a.json", '{"articles": [{"title":"t","body":"b"}, {"title": oh no}, 7, {"title":"u","body":"c"}]}')
    assert pairs_of(path) == [("t", "b"), ("u", "c")]
    assert [reject.raw for reject in rejects_of(path)] == [b'{"title": oh no}', b"7"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"articles": [{"title":"t","body":"b"},', "the array is not closed"),
        ('{"articles": [{"title":"t","body":"b"}], "next":', "the object around the list is not closed"),
        ('{"articles": [{"title":"t","body":"b"}]} and more', "there is more after the object around the list"),
    ],
)
def test_half_an_answer_is_said(write: Any, text: str, problem: str) -> None:
    reader = Reader([write("a.json", text)])
    assert [row for chunk in reader for row in chunk.decode().pairs.column("title").to_pylist()] == ["t"]
    assert [problem in said for said in reader.problems] == [True]


def test_an_answer_without_articles_is_empty(write: Any) -> None:
    reader = Reader([write("a.json", '{"status": "ok", "articles": []}')])
    assert sum(len(chunk.decode()) for chunk in reader) == 0
    assert reader.notices[0].endswith("no rows")


def test_an_article_with_a_list_of_pictures_is_one_row(write: Any) -> None:
    article = {"title": "t", "body": "b", "images": [{"title": "x", "description": "y"}]}
    assert pairs_of(write("a.json", json.dumps(article, indent=1))) == [("t", "b")]
    assert pairs_of(write("b.json", json.dumps([article]))) == [("t", "b")]


def test_an_object_without_articles_names_its_columns(write: Any) -> None:
    with pytest.raises(InputError, match="its columns are 'status', 'rows'"):
        Reader([write("a.json", json.dumps({"status": "ok", "rows": [{"x": 1}]}))])


@pytest.mark.parametrize(
    "text",
    [
        '{"a":[{"x":1}],' * 100_000,
        "{" + '"a":[{}],' * 300_000 + '"b":1}',
        '{"a":' * 500_000,
        '{"a":[' + "[" * 2_000_000,
        '{"a":"' + "x" * 4_000_000,
        '{"a":[' + " " * 4_000_000 + "{",
    ],
)
def test_hostile_objects_are_given_up_soon(write: Any, text: str) -> None:
    path = write("a.json", text)
    begun = time.process_time()
    try:
        rows = sum(len(chunk.decode()) for chunk in Reader([path]))
    except InputError:
        rows = 0
    assert rows <= 1 and time.process_time() - begun < 20  # one that is very wide is a row without a title


def test_columns_that_are_asked_for_find_the_list(write: Any) -> None:
    path = write("a.json", json.dumps({"decoy": [A], "rows": [{"h": "t", "a": {"x": "b"}}]}))
    assert pairs_of(path, columns=ColumnChoice(title="h", body="a.x")) == [("t", "b")]


def test_from_standard_input(write: Any, tmp_path: Path) -> None:
    reader = Reader(["-"], stdin=io.BytesIO(json.dumps({"articles": [A, B]}).encode()))
    assert sum(len(chunk.decode()) for chunk in reader) == 2
    assert reader.formats == {"-": "json"}


def test_a_large_answer_is_streamed_and_its_beginning_adapted_to(write: Any) -> None:
    path = write(
        "a.json", json.dumps({"pad": ["x" * 300_000], "articles": [{**A, "n": i} for i in range(3000)], "z": "é" * 90_000})
    )
    reader = Reader([path], chunk_bytes=1 << 14)
    assert reader.drawn_evenly(Runs(4, 5, 1 << 12)) is None
    sizes = [len(chunk.decode()) for chunk in reader]
    assert sum(sizes) == 3000 and max(sizes) < 1000 and reader.problems == []


value = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(st.sampled_from(list('a"\\[]{},:\né')), max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab[]{", max_size=2), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    before=st.dictionaries(st.sampled_from(["a", "b", "c"]), value, max_size=3),
    rows=st.lists(st.dictionaries(st.sampled_from(["x", "y", "z"]), value, max_size=3), min_size=1, max_size=6),
    after=st.dictionaries(st.sampled_from(["d", "e", "f"]), value, max_size=3),
    chunk_bytes=st.sampled_from([1, 7, 64, 1 << 20]),
    indent=st.sampled_from([None, 1]),
)
def test_whatever_stands_around_the_list_its_rows_are_those_of_json(
    tmp_path: Path, before: Any, rows: Any, after: Any, chunk_bytes: int, indent: int | None
) -> None:
    rows = [{"title": f"t{i}", "body": "b", **row} for i, row in enumerate(rows)]
    path = tmp_path / "a.json"
    path.write_text(json.dumps({**before, "articles": rows, **after}, indent=indent))
    found = []
    for block in blocks_of(path, chunk_bytes=chunk_bytes):
        assert isinstance(block.rows, JsonLines) and not block.rejects
        found += [json.loads(block.rows.line(i)) for i in range(len(block))]
    assert found == rows


def test_the_columns_of_rows_inside_are_written_to_a_table(write: Any, tmp_path: Path) -> None:
    convert(write("a.json", json.dumps({"articles": [A, B]})), tmp_path / "o.json")
    assert [row["title"] for row in json.loads((tmp_path / "o.json").read_bytes())] == ["t", "u"]
    convert(write("a.json", json.dumps({"articles": [A, B]})), tmp_path / "o.jsonl")
    assert json_rows(tmp_path / "o.jsonl")[1]["n"] == 1.5
