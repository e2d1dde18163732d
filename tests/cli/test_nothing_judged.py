"""A gate that judged nothing has not passed, and a fault of ours is not the verdict of a gate."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Rows = list[dict[str, str]]


def _lines(rows: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def _renamed_after_row_1(rows: Rows) -> bytes:
    return _lines([rows[0], *({"title": row["title"], "text_of_article": row["body"]} for row in rows[1:])])


NOTHING: dict[str, tuple[Callable[[Rows], bytes], str]] = {
    "an empty file": (lambda rows: b"", "there are no rows"),
    "gzip under another name": (
        lambda rows: gzip.compress(_lines(rows)),
        "it looks like a gzip file: decompress it, or add .gz",
    ),
    "a thousand broken lines": (lambda rows: b'{"title": \n' * 1000, "none of the 1,000 rows could be read"),
    "three thousand empty bodies": (
        lambda rows: _lines([{"title": f"Harbour wall repaired {i}", "body": ""} for i in range(3000)]),
        "3,000 of 3,000 rows (100 %) cannot be judged (--max-unscorable 0.5), 3,000 of them because there is no body "
        "(body_missing); likeliest cause: columns: the body has another name in these rows, name it with --body COLUMN",
    ),
    "a column renamed after row 1": (_renamed_after_row_1, "63 of 64 rows (98.4 %) cannot be judged"),
    "summaries for bodies": (
        lambda rows: _lines([{"title": row["title"], "body": row["body"][:30]} for row in rows]),
        "this is a summary and no body",
    ),
}


@pytest.mark.parametrize("what", NOTHING)
def test_a_gate_that_judged_nothing_has_not_passed(
    invoke: Any, tmp_path: Path, model_path: Path, articles: Rows, what: str
) -> None:
    content, words = NOTHING[what]
    path = tmp_path / "rows.jsonl"
    path.write_bytes(content(articles))
    ended = invoke("gate", path, "--quiet", "--model", model_path)
    assert ended.code == 2
    (line,) = ended.said
    assert words in line
    assert "passed:" not in ended.out.decode()


def test_the_device_without_rows_is_no_pass_either(invoke: Any, model_path: Path) -> None:
    ended = invoke("gate", os.devnull, "--format", "jsonl", "--quiet", "--model", model_path)
    assert (ended.code, "there are no rows" in ended.err) == (2, True)


@pytest.mark.parametrize("command", ["gate", "score", "evaluate"])
@pytest.mark.parametrize("name", ["", "  "])
def test_an_empty_variable_of_the_shell_is_no_folder(
    invoke: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, pairs_file: Path, command: str, name: str
) -> None:
    (tmp_path / "a.jsonl").write_bytes(pairs_file.read_bytes())
    monkeypatch.chdir(tmp_path)
    ended = invoke(command, name)
    assert ended.code == 2
    assert "is a variable of the shell empty?" in ended.err


@pytest.mark.parametrize(
    "option", ["--out", "--passed", "--flagged", "--rejected", "--report", "--model", "--bodies", "--title", "--format"]
)
def test_an_option_without_a_value_is_wrong_usage(
    invoke: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, pairs_file: Path, option: str
) -> None:
    monkeypatch.chdir(tmp_path)
    ended = invoke("gate", pairs_file, option, "")
    assert (ended.code, ended.said) == (2, [f"mismatch: {option} has no value; is a variable of the shell empty?"])
    assert list(tmp_path.iterdir()) == [], "--out of nothing would be the working directory"


def test_a_text_without_a_title_or_a_body_is_none_the_less_explained(invoke: Any, model_path: Path) -> None:
    ended = invoke("explain", "--title", "", "--body-text", "", "--model", model_path)
    assert ended.code == 0
    assert "title_missing" in ended.out.decode()


@pytest.mark.parametrize("suffix", ["parquet", "arrow", "xlsx", "sqlite", "warc"])
def test_a_whole_file_of_another_format_says_what_it_is(invoke: Any, tmp_path: Path, articles: Rows, suffix: str) -> None:
    path = tmp_path / f"rows.{suffix}"
    path.write_bytes(gzip.compress(_lines(articles)))
    ended = invoke("gate", path, "--quiet")
    assert ended.code == 2
    assert f"not a readable {suffix} file; it looks like a gzip file: decompress it, or add .gz" in ended.said[-1]
    if suffix != "warc":
        path.write_bytes(_lines(articles))
        assert "it looks like JSON lines: say so with --format jsonl" in invoke("gate", path, "--quiet").said[-1]


@pytest.mark.parametrize(("options", "code"), [([], 2), (["--max-unscorable", "0.6"], 0), (["--max-unscorable", "0"], 2)])
def test_how_much_may_be_unscorable_can_be_said(
    invoke: Any, model_path: Path, tmp_path: Path, articles: Rows, write_rows: Any, options: list[str], code: int
) -> None:
    rows = [{**row, "body": ""} if i % 5 < 3 else row for i, row in enumerate(articles[:50])]
    path = write_rows(tmp_path / "rows.jsonl", rows)
    ended = invoke("gate", path, *options, "--model", model_path)
    assert ended.code == code
    assert ("NOT DECIDED" in ended.out.decode()) == (code == 2)


def test_fewer_rows_than_there_should_be_are_no_pass(
    invoke: Any, model_path: Path, pairs_file: Path, tmp_path: Path
) -> None:
    assert invoke("gate", pairs_file, "--min-rows", "64", "--model", model_path).code == 0
    ended = invoke("gate", pairs_file, "--min-rows", "65", "--model", model_path)
    assert (ended.code, "there are only 64 rows (--min-rows 65)" in ended.err) == (2, True)
    empty = tmp_path / "empty.jsonl"
    empty.write_bytes(b"")
    assert invoke("gate", empty, "--min-rows", "0", "--model", model_path).code == 0


def _fault(*_: Any, **__: Any) -> Any:
    raise ZeroDivisionError("division\nby zero")


@pytest.mark.parametrize("command", ["gate", "score", "evaluate", "explain"])
def test_a_fault_of_ours_is_one_line_and_ends_with_70(
    invoke: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, pairs_file: Path, model_path: Path, command: str
) -> None:
    from mismatch.judging.scorer import Scorer

    monkeypatch.setattr(Scorer, "compare", _fault)
    monkeypatch.setattr("mismatch.evaluation.evaluation.evaluate", _fault)
    out = ["--out", tmp_path / "out.jsonl"] if command == "score" else []
    ended = invoke(command, pairs_file, "--quiet", "--model", model_path, *out)
    assert ended.code == 70
    (line,) = ended.said
    assert "this is a fault of mismatch 0" in line
    assert "ZeroDivisionError: division by zero (test_nothing_judged.py:" in line
    assert "Please report it to its maintainers" in line
    assert list(tmp_path.iterdir()) == []


def test_where_a_fault_happened_is_shown_to_who_asks(
    invoke: Any, monkeypatch: pytest.MonkeyPatch, pairs_file: Path, model_path: Path
) -> None:
    from mismatch.judging.scorer import Scorer

    monkeypatch.setattr(Scorer, "compare", _fault)
    monkeypatch.setenv("MISMATCH_TRACEBACK", "1")
    ended = invoke("score", pairs_file, "--quiet", "--model", model_path)
    assert ended.code == 70
    assert "Traceback (most recent call last)" in ended.err
    assert "in _fault" in ended.err


@pytest.mark.parametrize(
    "words",
    [["repair", "ROWS", "--out", "OUT"], ["repeats", "ROWS"], ["repeats", "ROWS", "--out", "OUT"], ["sources", "ROWS"]],
    ids=" ".join,
)
def test_a_command_that_finds_nothing_says_when_nothing_could_be_judged(
    invoke: Any, model_path: Path, pairs_file: Path, tmp_path: Path, words: list[str]
) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text("".join(f'{{"title": "Headline {i}", "body": ""}}\n' for i in range(40)))
    places = {"ROWS": rows, "OUT": tmp_path / "out.jsonl"}
    ended = invoke(*(places.get(word, word) for word in words), "--model", model_path, "--quiet")
    assert ended.code == 0
    (line,) = ended.said
    assert "40 of 40 rows (100 %) cannot be judged, 40 of them because there is no body (body_missing)" in line
    rows.write_bytes(pairs_file.read_bytes())
    assert "cannot be judged" not in invoke(*(places.get(word, word) for word in words), "--model", model_path).err
