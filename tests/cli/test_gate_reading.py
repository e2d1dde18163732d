"""A gate does not pass what it could not read: it ends with 2, names the likeliest cause, and writes its outputs whole."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

Rows = list[dict[str, str]]


def _pairs(articles: Rows) -> Rows:
    """Articles with a letter that no two encodings write alike in all bodies but the first ten."""
    return [
        {"title": row["title"], "body": row["body"] + ("" if i < 10 else " Café; après-midi, déjà vu.")}
        for i, row in enumerate(articles)
    ]


def _json_lines(rows: Rows) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _windows_1252(path: Path, rows: Rows) -> None:
    path.write_bytes(_json_lines(rows).encode("cp1252"))


def _utf_16(path: Path, rows: Rows) -> None:
    """Behind many lines in UTF-8, as where two files were put one after the other."""
    path.write_bytes(_json_lines(rows * 8).encode() + _json_lines(rows * 8).encode("utf-16"))


def _compressed(path: Path, rows: Rows) -> None:
    path.write_bytes(gzip.compress(_json_lines(rows).encode()))


def _several_lines(path: Path, rows: Rows) -> None:
    path.write_text(json.dumps(rows, indent=2))


def _html(path: Path, rows: Rows) -> None:
    body = "".join(f"<h1>{row['title']}</h1>\n<p>{row['body']}</p>\n" for row in rows)
    path.write_text(f"<!DOCTYPE html>\n<html>\n{body}</html>\n")


def _parquet(path: Path, rows: Rows) -> None:
    pq.write_table(pa.Table.from_pylist(rows), path)


def _semicolons(path: Path, rows: Rows) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerows([["title", "body"], *(row.values() for row in rows)])


def _semicolons_below_a_header_with_commas(path: Path, rows: Rows) -> None:
    _semicolons(path, rows)
    path.write_text("title,body\n" + path.read_text().partition("\n")[2])


def _unquoted(path: Path, rows: Rows) -> None:
    path.write_text("title,body\n" + "".join(f"{row['title']},{row['body'].replace(';', '.')}\n" for row in rows))


CAUSES: dict[str, tuple[str, Callable[[Path, Rows], None], str]] = {
    "JSON lines in Windows-1252": ("a.jsonl", _windows_1252, "likeliest cause: encoding: the text is not UTF-8"),
    "JSON lines in UTF-16 behind others": ("a.jsonl", _utf_16, "likeliest cause: encoding: this is UTF-16"),
    "gzip without its suffix": ("a.jsonl", _compressed, "it looks like a gzip file"),
    "JSON over several lines": ("a.jsonl", _several_lines, "give it with --format json"),
    "HTML named .jsonl": ("a.jsonl", _html, "likeliest cause: format: this is HTML"),
    "Parquet named .jsonl": ("a.jsonl", _parquet, "it looks like a Parquet file: say so with --format parquet"),
    "semicolons below a header with commas": (
        "a.csv", _semicolons_below_a_header_with_commas, "likeliest cause: delimiter: the cells are separated by semicolons",
    ),
    "commas that are not quoted": ("a.csv", _unquoted, "likeliest cause: delimiter: cells that hold commas"),
}  # fmt: skip


@pytest.mark.parametrize("what", CAUSES)
def test_the_likeliest_cause_is_named_in_one_line(
    invoke: Any, tmp_path: Path, model_path: Path, articles: Rows, what: str
) -> None:
    name, write, cause = CAUSES[what]
    path = tmp_path / name
    write(path, _pairs(articles))
    ended = invoke("gate", path, "--quiet", "--model", model_path)
    assert ended.code == 2
    (line,) = ended.said
    assert line.startswith(f"mismatch: {path}: ")
    assert cause in line
    assert "passed:" not in ended.out.decode()


def test_the_outputs_of_a_half_read_input_are_whole(invoke: Any, tmp_path: Path, model_path: Path, articles: Rows) -> None:
    path = tmp_path / "a.jsonl"
    _windows_1252(path, _pairs(articles))
    outputs = {name: tmp_path / f"{name}.jsonl" for name in ("passed", "flagged", "rejected")}
    options = [part for name, out in outputs.items() for part in (f"--{name}", out)]
    ended = invoke("gate", path, *options, "--quiet", "--model", model_path)
    assert ended.code == 2
    assert "54 of 64 rows (84.4 %) could not be read (allowed: 1 %), the first at line 11: not valid UTF-8" in ended.err
    counts = {name: len(out.read_bytes().splitlines()) for name, out in outputs.items()}
    assert counts["rejected"] == 54
    assert sum(counts.values()) == 64
    assert "NOT DECIDED" in ended.out.decode()


@pytest.mark.parametrize(("broken", "code"), [(1, 0), (2, 2)])
def test_one_row_in_a_hundred_may_be_unreadable(
    invoke: Any, tmp_path: Path, model_path: Path, articles: Rows, write_rows: Any, broken: int, code: int
) -> None:
    path = write_rows(tmp_path / "a.jsonl", [*articles, *articles[: 36 - broken], *[b'{"title": '] * broken])
    ended = invoke("gate", path, "--model", model_path)
    assert ended.code == code
    assert ("NOT DECIDED" in ended.out.decode()) == (code == 2)
    assert invoke("gate", path, "--max-rejected", "0.02", "--model", model_path).code == 0
    assert invoke("gate", path, "--max-rejected", "0", "--model", model_path).code == 2


def test_too_many_flags_and_too_many_rejects_are_not_decided(
    invoke: Any, tmp_path: Path, model_path: Path, stray: dict[str, str], write_rows: Any
) -> None:
    path = write_rows(tmp_path / "a.jsonl", [stray, b"{"])
    assert invoke("gate", path, "--max-rate", "0", "--model", model_path).code == 2


@pytest.mark.parametrize(
    ("name", "content"), [("a.jsonl", ""), ("a.jsonl", "\n\n"), ("a.json", "[]"), ("a.csv", "title,body\n")]
)
def test_an_empty_input_passes_only_where_that_is_allowed(
    invoke: Any, tmp_path: Path, model_path: Path, name: str, content: str
) -> None:
    path, passed = tmp_path / name, tmp_path / "passed.jsonl"
    path.write_text(content)
    ended = invoke("gate", path, "--passed", passed, "--quiet", "--model", model_path)
    assert (ended.code, ended.said) == (2, [f"mismatch: {path}: there are no rows; --allow-empty lets an empty input pass"])
    assert passed.read_bytes() == b""
    assert invoke("gate", path, "--allow-empty", "--max-rate", "0", "--model", model_path).code == 0


def test_score_of_what_cannot_be_read_at_all_is_an_error(
    invoke: Any, tmp_path: Path, model_path: Path, articles: Rows
) -> None:
    path, out = tmp_path / "a.jsonl", tmp_path / "out.jsonl"
    _html(path, articles)
    ended = invoke("score", path, "--out", out, "--quiet", "--model", model_path)
    assert ended.code == 2
    assert "none of the 131 rows could be read" in ended.err  # two lines each, and three of the page around them
    assert out.read_bytes() == b""
