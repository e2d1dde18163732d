"""`mismatch repair`: the bodies of stray titles, proposed, and put in place."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet
import pytest

ROOT = Path(__file__).parent.parent.parent


def articles(language: str, n: int) -> list[dict[str, Any]]:
    lines = (ROOT / "training_data" / "articles" / f"{language}.jsonl").read_text("utf-8").splitlines()
    rows = [json.loads(line) for line in lines][:n]
    return [
        {"id": f"{language}-{i}", "title": row["title"], "body": row["body"], "rank": i * 1.50} for i, row in enumerate(rows)
    ]


MIXED = articles("en", 300) + articles("de", 40) + articles("hi", 40) + articles("zh", 39)
SWAPPED = [10, 26, 56, 98, 145, 189, 211, 244, 303, 343, 355, 366, 392, 404]
"""rows, from 0, whose bodies go round among them; their titles are no riddles"""


def swapped(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    out = [dict(row) for row in rows]
    for at, other in zip(SWAPPED, [*SWAPPED[1:], SWAPPED[0]], strict=True):
        out[at]["body"] = rows[other]["body"]
    return out


RIGHT = {at + 1: SWAPPED[k - 1] + 1 for k, at in enumerate(SWAPPED)}
"""for the row of a title, from 1, the row that its body stands in"""


def written(path: Path, rows: list[dict[str, Any]]) -> Path:
    if path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    elif path.suffix == ".csv":
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    else:
        table = pa.Table.from_pylist(rows)
        if path.suffix == ".parquet":
            pyarrow.parquet.write_table(table, path)
        else:
            with pa.ipc.new_file(path, table.schema) as file:
                file.write_table(table)
    return path


def proposals_of(ended: Any) -> list[dict[str, Any]]:
    assert ended.code == 0, ended.err
    return ended.rows


def test_stray_titles_get_their_bodies_back(invoke: Callable[..., Any], tmp_path: Path) -> None:
    path = written(tmp_path / "rows.jsonl", swapped(MIXED))
    found = proposals_of(invoke("repair", path))
    right = [line for line in found if RIGHT.get(line["title_row"]) == line["body_row"]]
    assert len(right) >= 10
    assert len(found) == len(right)
    for line in found:
        assert line["title_id"] == MIXED[line["title_row"] - 1]["id"]
        assert line["body_id"] == MIXED[line["body_row"] - 1]["id"]
        assert 0.5 <= line["probability"] <= 1
        assert line["evidence"] and all(isinstance(term, str) for term in line["evidence"])
    assert len({line["body_row"] for line in found}) == len(found)


def test_nothing_is_proposed_for_rows_that_fit(invoke: Callable[..., Any], tmp_path: Path) -> None:
    path = written(tmp_path / "rows.jsonl", MIXED)
    assert proposals_of(invoke("repair", path)) == []


def test_a_stray_title_whose_body_is_not_there_gets_none(invoke: Callable[..., Any], tmp_path: Path) -> None:
    rows = swapped(MIXED)
    lost = SWAPPED[3]
    holder = RIGHT[lost + 1] - 1
    rows[holder] = {**rows[holder], "body": articles("en", 400)[399]["body"]}
    found = proposals_of(invoke("repair", written(tmp_path / "rows.jsonl", rows)))
    assert lost + 1 not in {line["title_row"] for line in found}
    assert found


def test_a_scored_file_gives_the_same_proposals_without_ids_where_there_are_none(
    invoke: Callable[..., Any], tmp_path: Path
) -> None:
    rows = [{name: row[name] for name in ("title", "body")} for row in swapped(MIXED)]
    path, scored = written(tmp_path / "rows.jsonl", rows), tmp_path / "scored.parquet"
    assert invoke("score", path, "--out", scored).code == 0
    found, again = proposals_of(invoke("repair", path)), proposals_of(invoke("repair", scored))
    pairs = [{(line["title_row"], line["body_row"]) for line in lines} for lines in (found, again)]
    assert pairs[0] == pairs[1]
    assert all(set(line) == {"title_row", "body_row", "probability", "evidence"} for line in found)


def test_titles_of_a_scored_file_that_have_their_bodies_back_keep_them(invoke: Callable[..., Any], tmp_path: Path) -> None:
    path, scored, out = written(tmp_path / "rows.jsonl", swapped(MIXED)), tmp_path / "scored.jsonl", tmp_path / "out.jsonl"
    assert invoke("score", path, "--out", scored).code == 0
    first = invoke("repair", scored, "--apply", out)
    changed = {line["title_row"] for line in proposals_of(first)}
    assert len(changed) >= 10
    assert "verdicts are made anew" in first.err
    assert not changed & {line["title_row"] for line in proposals_of(invoke("repair", out))}


def test_a_batch_may_come_through_a_pipe_but_is_not_rewritten_then(invoke: Callable[..., Any], tmp_path: Path) -> None:
    path = written(tmp_path / "rows.jsonl", swapped(MIXED))
    assert len(proposals_of(invoke("repair", "-", stdin=path.read_bytes()))) >= 10
    refused = invoke("repair", "-", "--apply", tmp_path / "out.jsonl", stdin=path.read_bytes())
    assert refused.code == 2
    assert "write it to a file first" in refused.err
    assert not (tmp_path / "out.jsonl").exists()


def test_the_repaired_file_differs_in_the_proposed_bodies_alone(invoke: Callable[..., Any], tmp_path: Path) -> None:
    given = swapped(MIXED)
    path, out, log = written(tmp_path / "rows.jsonl", given), tmp_path / "out.jsonl", tmp_path / "changes.jsonl"
    found = proposals_of(invoke("repair", path, "--apply", out, "--log", log))
    before, after = path.read_bytes().splitlines(), out.read_bytes().splitlines()
    assert len(before) == len(after)
    changed = {line["title_row"] for line in found}
    for i, (old, new) in enumerate(zip(before, after, strict=True), 1):
        assert (old == new) == (i not in changed)
    for line in found:
        new = json.loads(after[line["title_row"] - 1])
        assert new == {**given[line["title_row"] - 1], "body": given[line["body_row"] - 1]["body"]}
    logged = [json.loads(line) for line in log.read_bytes().splitlines()]
    assert [(line["row"], line["body_from_row"]) for line in logged] == [(p["title_row"], p["body_row"]) for p in found]
    kept = {json.loads(line)["body"] for line in after} | {line["body_before"] for line in logged if "body_before" in line}
    assert kept == {row["body"] for row in given}


@pytest.mark.parametrize("form", ["csv", "parquet", "arrow"])
def test_tables_are_repaired_in_their_format(invoke: Callable[..., Any], tmp_path: Path, form: str) -> None:
    given = swapped(MIXED)
    path, out = written(tmp_path / f"rows.{form}", given), tmp_path / f"out.{form}"
    found = proposals_of(invoke("repair", path, "--apply", out, "--out", "-"))
    assert len(found) >= 10
    expected = [dict(row) for row in given]
    for line in found:
        expected[line["title_row"] - 1]["body"] = given[line["body_row"] - 1]["body"]
    if form == "csv":
        with out.open(newline="", encoding="utf-8") as file:
            assert list(csv.DictReader(file)) == [{name: str(value) for name, value in row.items()} for row in expected]
    else:
        table = pyarrow.parquet.read_table(out) if form == "parquet" else pa.ipc.open_file(out).read_all()
        assert table.to_pylist() == expected


def test_rows_that_cannot_be_read_are_counted_and_have_no_number(invoke: Callable[..., Any], tmp_path: Path) -> None:
    path, out, bad = written(tmp_path / "rows.jsonl", swapped(MIXED)), tmp_path / "out.jsonl", tmp_path / "bad.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:100], b"{broken\n", *lines[100:]]))
    found = proposals_of(invoke("repair", path, "--apply", out, "--rejected", bad))
    assert all(RIGHT.get(line["title_row"]) == line["body_row"] for line in found)
    assert len(out.read_bytes().splitlines()) == len(MIXED)
    assert len(bad.read_bytes().splitlines()) == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--log", "changes.jsonl"], "--log goes with --apply"),
        (["--out", "proposals.csv"], "give the file a name that ends with .jsonl"),
        (["--apply", "rows.jsonl"], "an input"),
        (["--apply", "no/out.jsonl"], "/no does not exist"),
        (["--apply", "out.xlsx"], "xlsx files cannot be written"),
        (["--shifts", "no/shifts.json"], "does not exist"),
        (["--shifts", "shifts.csv"], "give the file a name that ends with .json"),
        (["--min-probability", "2"], "does not lie between 0 and 1"),
    ],
)
def test_options_that_make_no_sense_are_refused_in_one_line(
    invoke: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], said: str
) -> None:
    written(tmp_path / "rows.jsonl", MIXED[:40])
    monkeypatch.chdir(tmp_path)
    ended = invoke("repair", "rows.jsonl", *options)
    assert ended.code == 2
    assert said in ended.err
    assert "Traceback" not in ended.err
    assert ended.out == b"" and "adapted" not in ended.err  # before the work, not after it


def test_an_empty_file_has_nothing_to_repair(invoke: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b"")
    assert proposals_of(invoke("repair", path, "--apply", tmp_path / "out.jsonl")) == []
    assert (tmp_path / "out.jsonl").read_bytes() == b""
