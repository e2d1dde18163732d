"""`score` and `gate` on dumps, spreadsheets and tables: the same verdicts, and every assumption said."""

from __future__ import annotations

import csv
import json
import sqlite3
from pathlib import Path
from typing import Any

import openpyxl
import pytest

Rows = list[dict[str, str]]
KINDS = (
    "semicolons", "single quotes", "cp1252", "utf-16", "wrapped", "nested", "lists", "workbook", "database", "joined", "bz2",
    "markup",
)  # fmt: skip


def _written(kind: str, folder: Path, rows: Rows) -> tuple[Path, list[str]]:
    """The rows in a file, and the options that go with it."""
    pairs = [[row["title"], row["body"]] for row in rows]
    path = folder / f"{kind.replace(' ', '-')}.csv"
    if kind in ("semicolons", "single quotes", "cp1252", "utf-16"):
        encoding = kind if kind in ("cp1252", "utf-16") else "utf-8"
        with path.open("w", newline="", encoding=encoding) as file:
            writer = csv.writer(
                file, delimiter=";" if kind == "semicolons" else ",", quotechar="'" if kind == "single quotes" else '"',
                quoting=csv.QUOTE_ALL,
            )  # fmt: skip
            writer.writerows([["title", "body"], *pairs])
    elif kind == "wrapped":
        path = path.with_suffix(".json")
        path.write_text(json.dumps({"status": "ok", "data": {"items": rows}}, indent=1))
    elif kind == "nested":
        path = path.with_suffix(".jsonl")
        path.write_text("".join(json.dumps({"article": {"h": t, "text": b}}) + "\n" for t, b in pairs))
        return path, ["--title", "article.h", "--body", "article.text"]
    elif kind == "lists":
        path = path.with_suffix(".jsonl")
        path.write_text("".join(json.dumps({"title": [t], "body": b.split("\n")}) + "\n" for t, b in pairs))
    elif kind == "workbook":
        path = path.with_suffix(".xlsx")
        book = openpyxl.Workbook()
        assert book.active is not None
        for row in [["title", "body"], *pairs]:
            book.active.append(row)
        book.save(path)
    elif kind == "database":
        path = path.with_suffix(".db")
        with sqlite3.connect(path) as connection:
            connection.execute("CREATE TABLE articles (title, body)")
            connection.executemany("INSERT INTO articles VALUES (?, ?)", pairs)
        connection.close()
    elif kind == "joined":
        path, bodies = path.with_suffix(".jsonl"), folder / "bodies.csv"
        path.write_text("".join(json.dumps({"id": i, "title": t}) + "\n" for i, (t, _) in enumerate(pairs)))
        with bodies.open("w", newline="") as file:
            csv.writer(file).writerows([["id", "body"], *([i, b] for i, (_, b) in reversed(list(enumerate(pairs))))])
        return path, ["--bodies", str(bodies)]
    elif kind == "bz2":
        import bz2

        path = path.with_suffix(".jsonl.bz2")
        path.write_bytes(bz2.compress("".join(json.dumps({"title": t, "body": b}) + "\n" for t, b in pairs).encode()))
    elif kind == "markup":
        path = path.with_suffix(".jsonl")
        html = [
            "<div class='c'><p>" + b.replace("\n", "</p><p>") + "</p><script>track('x')</script></div>" for _, b in pairs
        ]
        rows_with_html = [json.dumps({"title": t, "content_html": h}) + "\n" for (t, _), h in zip(pairs, html, strict=True)]
        path.write_text("".join(rows_with_html))
    return path, []


@pytest.fixture(scope="module")
def rows(articles: Rows, stray: dict[str, str]) -> Rows:
    extra = {"title": "Größere Schäden in Köln", "body": "In Köln gab es größere Schäden; die “Feuerwehr” half überall."}
    return [*({"title": row["title"], "body": row["body"]} for row in [*articles, stray]), extra]


@pytest.mark.parametrize("kind", KINDS)
def test_the_verdicts_are_those_of_plain_json_lines(
    invoke: Any, tmp_path: Path, model_path: Path, rows: Rows, write_rows: Any, kind: str
) -> None:
    plain = write_rows(tmp_path / "plain.jsonl", rows)
    expected = invoke("score", plain, "--only", "--out-format", "jsonl", "--no-adapt", "--model", model_path).rows
    assert {row["mismatch_verdict"] for row in expected} >= {"match", "mismatch"}
    path, options = _written(kind, tmp_path, rows)
    ended = invoke("score", path, *options, "--only", "--out-format", "jsonl", "--no-adapt", "--model", model_path)
    assert ended.code == 0, ended.err
    found = [{name: value for name, value in row.items() if name != "id"} for row in ended.rows]
    assert found == expected


def test_what_was_assumed_is_said_on_standard_error(invoke: Any, tmp_path: Path, model_path: Path, rows: Rows) -> None:
    said = {}
    for kind in ("semicolons", "single quotes", "cp1252", "wrapped", "joined"):
        path, options = _written(kind, tmp_path, rows)
        said[kind] = invoke("score", path, *options, "--model", model_path).err
        assert (path.name if kind != "joined" else "bodies.csv") in said[kind]
        assert invoke("score", path, *options, "--quiet", "--model", model_path).err == ""
    assert "cells separated by semicolons" in said["semicolons"]
    assert "cells quoted with single quotes" in said["single quotes"]
    assert "read as cp1252; --encoding names another" in said["cp1252"]
    assert "the objects in its list data.items" in said["wrapped"]
    assert f"{len(rows)} bodies by id" in said["joined"]


def test_a_title_without_its_body_is_said_and_passes_as_unscorable(
    invoke: Any, tmp_path: Path, model_path: Path, write_rows: Any
) -> None:
    titles = write_rows(tmp_path / "t.jsonl", [{"id": 1, "title": "A cat sat on the mat"}])
    bodies = write_rows(tmp_path / "b.jsonl", [{"id": 2, "body": "b"}])
    ended = invoke("gate", titles, "--bodies", bodies, "--passed", "-", "--model", model_path)
    assert [row["mismatch_verdict"] for row in ended.rows] == ["unscorable"]
    assert f"1 row has no body in {bodies}" in ended.err


@pytest.mark.parametrize("command", ["score", "gate"])
@pytest.mark.parametrize("name", ["o.xlsx", "o.sqlite", "o.html", "o.parquet.gz"])
def test_an_output_that_cannot_be_written_ends_with_2(
    invoke: Any, tmp_path: Path, model_path: Path, pairs_file: Path, command: str, name: str
) -> None:
    option = "--out" if command == "score" else "--passed"
    ended = invoke(command, pairs_file, option, tmp_path / name, "--quiet", "--model", model_path)
    assert (ended.code, len(ended.said)) == (2, 1)
    assert f"{tmp_path / name}: " in ended.err and "name" in ended.err
    assert list(tmp_path.iterdir()) == []


def test_a_workbook_on_standard_output_is_json_lines(invoke: Any, tmp_path: Path, model_path: Path, rows: Rows) -> None:
    path, _ = _written("workbook", tmp_path, rows)
    assert [row["title"] for row in invoke("score", path, "--model", model_path).rows] == [row["title"] for row in rows]


@pytest.mark.parametrize("command", ["score", "gate"])
def test_formulas_are_written_as_text_with_safe_csv(
    invoke: Any, tmp_path: Path, model_path: Path, write_rows: Any, command: str
) -> None:
    path = write_rows(tmp_path / "a.jsonl", [{"title": "=HYPERLINK(1)", "body": "@x", "n": -1}])
    out = tmp_path / "o.csv"
    option = "--out" if command == "score" else "--passed"
    for safe, mark in ((["--safe-csv"], "'"), ([], "")):
        all_may_be_short = ["--max-unscorable", 1] if command == "gate" else []
        assert invoke(command, path, option, out, *safe, *all_may_be_short, "--model", model_path).code == 0
        with out.open(newline="") as file:
            assert list(csv.reader(file))[1][:3] == [f"{mark}=HYPERLINK(1)", f"{mark}@x", "-1"]
    assert "spreadsheet would run as a formula" in " ".join(invoke(command, "--help").out.decode().replace("│", " ").split())


def test_other_commands_read_such_files_too(invoke: Any, tmp_path: Path, model_path: Path, rows: Rows) -> None:
    path, _ = _written("cp1252", tmp_path, rows)
    joined, options = _written("joined", tmp_path, rows)
    ended = invoke("explain", joined, *options, "--row", 1, "--model", model_path)
    assert ended.code == 0 and rows[0]["title"].split()[0] in ended.out.decode()
    for given in ([path, "--encoding", "cp1252", "--delimiter", ",", "--quote", '"'], [joined, *options]):
        assert invoke("evaluate", *given, "--json", "--model", model_path).code == 0
        out = tmp_path / "m.joblib"
        assert invoke("train", *given, "--fresh", "--out", out).code == 0 and out.exists()


@pytest.mark.parametrize(
    ("option", "value"),
    [("--encoding", "klingon"), ("--delimiter", "||"), ("--quote", "no"), ("--table", "x"), ("--bodies", "x")],
)
def test_wrong_values_are_refused_in_one_line(
    invoke: Any, tmp_path: Path, model_path: Path, rows: Rows, option: str, value: str
) -> None:
    path, _ = _written("database", tmp_path, rows)
    ended = invoke("score", path, option, value, "--quiet", "--model", model_path)
    assert (ended.code, len(ended.said), ended.out) == (2, 1, b"")
