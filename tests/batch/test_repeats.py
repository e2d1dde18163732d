"""One body under many titles, one title over many bodies; and what is neither."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from made_up import articles, retouched, words

from mismatch.batch.repeats import REPEATED_BODY, REPEATED_TITLE, Repeats, find_repeats
from mismatch.records.reading import Reader

CONSENT = "We value your privacy. " + " ".join(words(random.Random(5), 80))


def repeats_of(rows: list[dict[str, Any]], chunk_bytes: int = 4 << 20) -> Repeats:
    raw = "".join(json.dumps(row) + "\n" for row in rows).encode()
    return find_repeats(Reader(["-"], format="jsonl", stdin=io.BytesIO(raw), chunk_bytes=chunk_bytes))


def rows_of(repeats: Repeats, kind: str) -> list[list[int]]:
    return [cluster.rows.tolist() for cluster in repeats.of_kind(kind)]


def test_articles_that_differ_are_no_repeats() -> None:
    repeats = repeats_of(articles(400))
    assert repeats.clusters == []
    assert repeats.n_rows == 400


def test_one_body_under_many_titles_is_one_cluster_with_examples() -> None:
    rows = articles(300)
    for i in range(10, 60, 5):
        rows[i]["body"] = CONSENT
    repeats = repeats_of(rows)
    assert rows_of(repeats, REPEATED_BODY) == [list(range(11, 61, 5))]
    assert rows_of(repeats, REPEATED_TITLE) == []
    (cluster,) = repeats.clusters
    assert (cluster.different, cluster.unfit) == (10, 10)
    assert [(one.row, one.id, one.title) for one in cluster.examples[:2]] == [
        (11, "a10", rows[10]["title"]),
        (16, "a15", rows[15]["title"]),
    ]


@pytest.mark.parametrize("changes", [1, 3, 5])
def test_bodies_that_are_nearly_the_same_are_one(changes: int) -> None:
    rng, rows = random.Random(1), articles(200)
    body = " ".join(words(rng, 150))
    for i in range(8):
        rows[20 * i]["body"] = retouched(rng, body, changes)
    assert rows_of(repeats_of(rows), REPEATED_BODY) == [list(range(1, 142, 20))]


def test_a_notice_that_repeats_each_title_is_one_body() -> None:
    rows = articles(100)
    for i in range(12):
        rows[i]["body"] = f"{rows[i]['title']}. {CONSENT}"
    assert rows_of(repeats_of(rows), REPEATED_BODY) == [list(range(1, 13))]


def test_one_frame_around_bodies_of_their_own_is_no_repeat_though_some_titles_are_vague() -> None:
    rows = articles(100)
    for i, row in enumerate(rows[:40]):
        row["body"] = f"{CONSENT} {row['title']}. {' '.join(words(random.Random(100 + i), 12))} {CONSENT}"
        if i % 8 == 0:
            row["title"] = " ".join(words(random.Random(200 + i), 6))
    assert repeats_of(rows).clusters == []


def test_a_republication_is_no_fault() -> None:
    rows = articles(100)
    again = [dict(row, id=f"again{i}", title=row["title"].upper() + ".") for i, row in enumerate(rows[:30])]
    assert repeats_of([*rows, *again]).clusters == []


def test_one_body_under_nearly_the_same_title_is_no_fault() -> None:
    rows = articles(100)
    again = [dict(row, title=f"{row['title'].rsplit(' ', 1)[0]} - Daily Ferry") for row in rows[:30]]
    assert repeats_of([*rows, *again]).clusters == []


def test_one_title_over_different_bodies_is_a_cluster() -> None:
    rows = articles(200)
    for i, title in zip(
        range(0, 120, 15), ("The Daily Ferry", "THE DAILY FERRY", " the  daily ferry", "The Daily Ferry.") * 2, strict=True
    ):
        rows[i]["title"] = title
    repeats = repeats_of(rows)
    assert rows_of(repeats, REPEATED_TITLE) == [list(range(1, 107, 15))]
    assert repeats.clusters[0].different == 8


def test_a_title_that_fits_all_its_bodies_is_no_fault() -> None:
    rng, rows = random.Random(2), articles(100)
    title = "Ferry company orders eleven new vessels"
    for i in range(5):
        rows[i] |= {"title": title, "body": f"On Monday: {title} {' '.join(words(rng, 100))}"}
    assert rows_of(repeats_of(rows), REPEATED_TITLE) == []


def test_a_shorter_version_of_an_article_is_no_other_body() -> None:
    rows = articles(100, length=300)
    for i in range(4):
        rows[50 + i] |= {"title": "An elephant, of all things", "body": " ".join(rows[50]["body"].split()[: 300 - 60 * i])}
    assert rows_of(repeats_of(rows), REPEATED_TITLE) == []


def test_rows_without_a_title_or_a_body_are_in_no_cluster() -> None:
    rows = articles(50)
    for i in range(20):
        rows[i] |= {"title": None} if i % 2 else {"body": "", "title": "Home"}
    assert repeats_of(rows).clusters == []


def test_what_is_found_does_not_depend_on_how_the_input_is_read() -> None:
    rng, rows = random.Random(3), articles(300)
    for i in range(0, 300, 7):
        rows[i]["body"] = retouched(rng, CONSENT, 2)
    whole, in_pieces = repeats_of(rows), repeats_of(rows, chunk_bytes=5_000)
    assert rows_of(whole, REPEATED_BODY) == rows_of(in_pieces, REPEATED_BODY) == [list(range(1, 301, 7))]
    assert [one.title for one in whole.clusters[0].examples] == [one.title for one in in_pieces.clusters[0].examples]


def test_marks_stand_on_the_rows_of_clusters_by_where_they_are_in_their_file(tmp_path: Path) -> None:
    rows, paths = articles(60), []
    for i in (3, 33, 50):
        rows[i]["body"] = CONSENT
    for k in range(2):
        paths.append(tmp_path / f"{k}.jsonl")
        paths[-1].write_text("{broken\n" + "".join(json.dumps(row) + "\n" for row in rows[30 * k : 30 * k + 30]))
    reader = Reader([str(path) for path in paths])
    repeats = find_repeats(reader)
    assert repeats.clusters[0].rows.tolist() == [4, 34, 51]
    assert [(one.origin, one.row_in_file) for one in repeats.clusters[0].examples] == [
        (str(paths[0]), 5), (str(paths[1]), 5), (str(paths[1]), 22),
    ]  # fmt: skip
    marks = np.concatenate([repeats.marks(chunk.decode()) for chunk in Reader([str(path) for path in paths])])
    assert np.flatnonzero(marks).tolist() == [3, 33, 50]


def test_an_empty_input_has_no_repeats() -> None:
    assert repeats_of([]).clusters == []


def test_rows_keep_their_verdicts_and_get_the_reasons(
    invoke: Any, tmp_path: Path, write_rows: Callable[..., Path], model_path: Path
) -> None:
    rows = articles(40)
    for i in (2, 12, 22):
        rows[i]["body"] = CONSENT
    for i in (5, 25, 35):
        rows[i]["title"] = "The Daily Ferry"
    source, scored, out, again = write_rows(tmp_path / "in.jsonl", rows), *(tmp_path / f"{n}.jsonl" for n in "abc")
    assert invoke("score", source, "--out", scored, "--model", model_path).code == 0
    ended = invoke("repeats", source, "--out", out, "--model", model_path, "--clusters", tmp_path / "clusters.jsonl")
    assert ended.code == 0
    assert "1 body stands under different titles (repeated_body): 3 of 40 rows." in ended.out.decode()
    plain, marked = ([json.loads(line) for line in path.read_text().splitlines()] for path in (scored, out))
    for i, (before, after) in enumerate(zip(plain, marked, strict=True)):
        new = ["repeated_body"] * (i in (2, 12, 22)) + ["repeated_title"] * (i in (5, 25, 35))
        assert after["mismatch_reasons"] == before["mismatch_reasons"] + new
        assert {**before, "mismatch_reasons": None} == {**after, "mismatch_reasons": None}
    assert invoke("repeats", scored, "--out", again, "--model", model_path).code == 0
    assert again.read_bytes() == out.read_bytes()
    clusters = [json.loads(line) for line in (tmp_path / "clusters.jsonl").read_text().splitlines()]
    assert [(one["kind"], one["row_numbers"]) for one in clusters] == [
        ("repeated_body", [3, 13, 23]), ("repeated_title", [6, 26, 36]),
    ]  # fmt: skip


def test_the_report_as_json(invoke: Any, tmp_path: Path, write_rows: Callable[..., Path]) -> None:
    rows = articles(30)
    for row in rows[:4]:
        row["body"] = CONSENT
    ended = invoke("repeats", write_rows(tmp_path / "in.jsonl", rows), "--json", "--quiet")
    plain = json.loads(ended.out)
    assert plain["rows"] == 30
    assert plain["repeated_body"] == {"clusters": 1, "rows": 4}
    assert plain["repeated_title"] == {"clusters": 0, "rows": 0}
    assert [one["row"] for one in plain["clusters"][0]["examples"]] == [1, 2, 3, 4]


def test_what_can_be_read_once_cannot_be_marked(invoke: Any, tmp_path: Path) -> None:
    ended = invoke("repeats", "-", "--format", "jsonl", "--out", tmp_path / "out.jsonl", stdin=b"{}")
    assert ended.code == 2
    assert ended.said[-1].startswith("mismatch: -: --out reads the input twice")
    assert not (tmp_path / "out.jsonl").exists()


def test_text_from_outside_is_harmless_on_a_terminal(invoke: Any, tmp_path: Path, write_rows: Callable[..., Path]) -> None:
    rows = articles(20)
    for row in rows[:3]:
        row |= {"body": CONSENT, "title": f"\x1b[31m[red]{row['title']}", "id": "\x1b]0;x\x07"}
    ended = invoke("repeats", write_rows(tmp_path / "in.jsonl", rows))
    assert b"\x1b" not in ended.out and b"\x07" not in ended.out
    assert b"[red]" in ended.out


def test_an_arrow_table_of_two_chunks_is_one_batch(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    rows = articles(60)
    for i in (1, 41):
        rows[i]["body"] = CONSENT
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "in.parquet", row_group_size=25)
    assert rows_of(find_repeats(Reader([str(tmp_path / "in.parquet")])), REPEATED_BODY) == [[2, 42]]


def test_a_gate_on_a_batch_gives_the_reasons_too(
    invoke: Any, tmp_path: Path, write_rows: Callable[..., Path], model_path: Path
) -> None:
    rows = articles(40)
    for i in (2, 12, 22):
        rows[i]["body"] = CONSENT
    passed, flagged = tmp_path / "passed.jsonl", tmp_path / "flagged.jsonl"
    source = write_rows(tmp_path / "in.jsonl", rows)
    ended = invoke("gate", source, "--batch", "--passed", passed, "--flagged", flagged, "--model", model_path)
    assert "3 with repeated_body: The same body stands under other titles too." in ended.out.decode()
    out = [json.loads(line) for path in (passed, flagged) for line in path.read_text().splitlines()]
    assert {row["id"] for row in out if "repeated_body" in row["mismatch_reasons"]} == {"a2", "a12", "a22"}
    assert len(out) == 40


def test_rows_that_cannot_be_read_are_kept_once_and_said_once(
    invoke: Any, tmp_path: Path, write_rows: Callable[..., Path], model_path: Path
) -> None:
    source = write_rows(tmp_path / "in.jsonl", [*articles(40), b"no row"])
    rejected = tmp_path / "rejected.jsonl"
    for more, rows in ((["--out", tmp_path / "out.jsonl"], 40), ([], None)):
        ended = invoke("repeats", source, *more, "--rejected", rejected, "--model", model_path)
        assert ended.code == 0
        assert [line for line in ended.said if "could not be read" in line] == [
            f"1 row could not be read, kept in {rejected}"
        ]
        (kept,) = [json.loads(line) for line in rejected.read_text().splitlines()]
        assert (kept["line"], kept["raw"]) == (41, "no row")
        assert rows is None or (tmp_path / "out.jsonl").read_bytes().count(b"\n") == rows
