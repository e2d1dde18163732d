"""Titles in one file, bodies in another, joined by their ids."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reading_and_scoring import blocks_of, convert, pairs_of, rejects_of

from mismatch.errors import InputError
from mismatch.records.blocks import JsonLines
from mismatch.records.columns import ColumnChoice
from mismatch.records.drawing import Runs
from mismatch.records.reading import Reader


def test_bodies_are_found_by_id_whatever_the_formats(write: Any, tmp_path: Path) -> None:
    pq.write_table(pa.table({"url": [3, 1, 2], "content": ["B3", "B1", None]}), tmp_path / "b.parquet")
    titles = write("t.jsonl", [{"id": 1, "title": "one"}, {"id": "2", "title": "two"}, {"id": 3, "title": "three"}])
    assert pairs_of(titles, bodies=tmp_path / "b.parquet") == [("one", "B1"), ("two", None), ("three", "B3")]
    table = write("t.csv", "id;title;description\n3;three;left aside\n9;nine;x\n")
    assert pairs_of(table, bodies=str(tmp_path / "b.parquet")) == [("three", "B3"), ("nine", None)]


def test_the_rows_of_the_titles_are_passed_on_as_they_are(write: Any, tmp_path: Path) -> None:
    titles = write("t.jsonl", b'{"id":1.0,  "title":"one"}\n')
    bodies = write("b.jsonl", [{"id": 1.0, "body": "b"}])
    convert(titles, tmp_path / "o.jsonl", reader={"bodies": bodies})
    assert (tmp_path / "o.jsonl").read_bytes().startswith(b'{"id":1.0,  "title":"one","mismatch_verdict"')


def test_what_is_missing_and_what_stands_there_twice_is_said(write: Any) -> None:
    titles = write("t.jsonl", [{"id": i, "title": f"t{i}"} for i in (1, 2, 2, 3, None)])
    bodies = write(
        "b.jsonl", [{"id": 2, "body": "first"}, {"id": 2, "body": "second"}, {"id": 7, "body": "x"}, {"body": "y"}]
    )
    reader = Reader([titles], bodies=bodies)
    assert reader.notices == [
        "title=title, id=id", f"{bodies}: body=body, id=id",
        f"{bodies}: 3 bodies by id; 1 with an id that stood there before were left out",
    ]  # fmt: skip
    found = [pair for chunk in reader for pair in chunk.decode().pairs.column("body").to_pylist()]
    assert found == [None, "first", "first", None, None]
    assert reader.closing_words() == f"3 rows have no body in {bodies}"
    assert Reader([write("u.jsonl", [{"id": 2, "title": "t"}])], bodies=bodies).closing_words() is None


def test_one_index_serves_as_many_readings_as_are_wanted(write: Any) -> None:
    titles = write("t.jsonl", [{"id": i, "title": f"t{i}"} for i in range(5)])
    reader = Reader([titles], bodies=write("b.jsonl", b'{"id": 2, "body": "first"}\nbroken\n'))
    once = [(chunk.decode().pairs, len(chunk.decode().rejects)) for chunk in reader]
    read, missing = reader.bytes_read, reader.closing_words()
    reader.rewind()
    assert reader.bytes_read == 0 and reader.closing_words() is None
    assert [(chunk.decode().pairs, len(chunk.decode().rejects)) for chunk in reader] == once
    assert (reader.bytes_read, reader.closing_words()) == (read, missing)
    assert missing is not None and missing.startswith("4 rows")


def test_rows_of_the_bodies_that_cannot_be_read_are_rejected_with_their_place(write: Any) -> None:
    titles, bodies = write("t.jsonl", [{"id": 1, "title": "t"}]), write("b.jsonl", b'{"id":1,"body":"b"}\nbroken\n')
    [reject] = rejects_of(titles, bodies=bodies)
    assert (reject.origin, reject.line, reject.raw) == (str(bodies), 2, b"broken")
    assert pairs_of(titles, bodies=bodies) == [("t", "b")]


def test_both_files_need_an_id(write: Any) -> None:
    with_id, without = write("t.jsonl", [{"id": 1, "title": "t"}]), write("u.jsonl", [{"title": "t", "body": "b"}])
    with pytest.raises(InputError, match=r"u\.jsonl: found no id column.*--id"):
        Reader([without], bodies=with_id)
    with pytest.raises(InputError, match=r"u\.jsonl: found no id column"):
        Reader([with_id], bodies=without)
    with pytest.raises(InputError, match=r"t\.jsonl: found no body column"):
        Reader([with_id], bodies=with_id)
    with pytest.raises(InputError, match="no such file"):
        Reader([with_id], bodies="nowhere.jsonl")


def test_columns_are_named_for_both(write: Any) -> None:
    titles, bodies = write("t.csv", "key,name\nk,t\n"), write("b.jsonl", [{"key": "k", "story": {"text": "b"}}])
    choice = ColumnChoice(title="name", body="story.text", id="key")
    assert pairs_of(titles, bodies=bodies, columns=choice) == [("t", "b")]


def test_half_a_file_of_bodies_is_refused(write: Any) -> None:
    with pytest.raises(InputError, match="not closed"):
        Reader([write("t.jsonl", [{"id": 1, "title": "t"}])], bodies=write("b.json", '[{"id": 1, "body": "b"},'))


def test_titles_with_bodies_elsewhere_are_adapted_to_by_their_beginning(write: Any) -> None:
    titles = write("t.jsonl", [{"id": i, "title": f"t{i}"} for i in range(50)])
    bodies = write("b.jsonl", [{"id": i, "body": f"b{i}"} for i in range(50)])
    assert Reader([titles], bodies=bodies).drawn_evenly(Runs(2, 5, 1 << 10)) is None


def test_a_stretch_holds_as_many_bodies_as_its_size_allows(write: Any) -> None:
    titles = write("t.jsonl", b"".join(b'{"id":%d,"title":"t"}\nbroken\n' % i for i in range(300)))
    bodies = write("b.jsonl", [{"id": i, "body": "x" * (5000 if i % 50 == 0 else 100)} for i in range(300)])
    blocks = blocks_of(titles, bodies=bodies, chunk_bytes=6000)
    assert max(sum(map(len, block.pairs.column("body").to_pylist())) for block in blocks) <= 6000
    assert [n for block in blocks for n in block.row_numbers.tolist()] == list(range(1, 601, 2))
    assert [reject.line for block in blocks for reject in block.rejects] == list(range(2, 601, 2))


def test_several_threads_may_look_bodies_up_at_once(write: Any) -> None:
    n = 2000
    titles = write("t.jsonl", [{"id": i, "title": f"t{i}"} for i in range(n)])
    bodies = write("b.jsonl", [{"id": i, "body": f"b{i}"} for i in reversed(range(n))])
    chunks, found = list(Reader([titles], bodies=bodies, chunk_bytes=2000)), []
    lock = threading.Lock()

    def work(part: list[Any]) -> None:
        for chunk in part:
            pairs = chunk.decode().pairs.to_pylist()
            with lock:
                found.extend((pair["title"][1:], pair["body"][1:]) for pair in pairs)

    threads = [threading.Thread(target=work, args=(chunks[k::3],)) for k in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == n and all(title == body for title, body in found)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    titles=st.lists(st.sampled_from(["1", 1, "a", "ä", None, "", "x y", '"']), max_size=8),
    bodies=st.lists(
        st.tuples(st.sampled_from(["1", 1, "a", "ä", "", '"']), st.text("ab", max_size=2) | st.none()), max_size=8
    ),
    chunk_bytes=st.sampled_from([1, 1 << 20]),
)
def test_it_is_the_join_that_a_dictionary_makes(
    tmp_path: Path, titles: list[Any], bodies: list[Any], chunk_bytes: int
) -> None:
    (tmp_path / "t.jsonl").write_text("".join(json.dumps({"id": i, "title": "t"}) + "\n" for i in titles))
    (tmp_path / "b.jsonl").write_text("".join(json.dumps({"id": i, "body": b}) + "\n" for i, b in bodies))
    known: dict[str, str | None] = {}
    for key, body in bodies:
        known.setdefault(str(key), body)
    found = []
    for block in blocks_of(tmp_path / "t.jsonl", bodies=tmp_path / "b.jsonl", chunk_bytes=chunk_bytes):
        assert isinstance(block.rows, JsonLines)
        found += block.pairs.column("body").to_pylist()
    assert found == [None if key is None else known.get(str(key)) for key in titles]
