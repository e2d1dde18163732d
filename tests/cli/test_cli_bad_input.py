"""Bad input: one line says what is wrong and where, the exit code says so too, and nothing lies under the output's name."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

GOOD = {"title": "A cat sat on the mat", "body": "The cat sat on the mat all day, and the mat was warm when it left."}
LINE = json.dumps(GOOD).encode() + b"\n"


def _gzip_cut_off(path: Path) -> None:
    rows = [{**GOOD, "n": f"{i * 7919 % 104729}"} for i in range(20_000)]
    whole = gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode())
    path.write_bytes(whole[: len(whole) // 2])


def _parquet_cut_off(path: Path) -> None:
    pq.write_table(pa.Table.from_pylist([GOOD] * 100), path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _parquet_of_lists(path: Path) -> None:
    pq.write_table(pa.table({"title": [[1], [2]], "body": ["c", "d"]}), path)


UNUSABLE: dict[str, tuple[str, bytes | Callable[[Path], Any] | None, str]] = {
    "a missing file": ("none.jsonl", None, "no such file"),
    "a folder without readable files": ("folder", Path.mkdir, "holds no file that can be read"),
    "an unknown format": ("a.xyz", LINE, "unknown format"),
    "no title column": ("a.jsonl", b'{"name": "x", "body": "y"}\n', "found no title column (tried title, headline"),
    "no body column": ("a.csv", b"title,datum\na,b\n", "its columns are 'title', 'datum'"),
    "a Parquet file cut in half": ("a.parquet", _parquet_cut_off, "not a readable parquet file"),
    "a Parquet file of lists": ("a.parquet", _parquet_of_lists, "not text"),
    "text under a Parquet name": ("a.parquet", LINE, "not a readable parquet file"),
    "a truncated gzip": ("a.jsonl.gz", _gzip_cut_off, "the compressed stream ends early after line"),
    "no gzip at all": ("a.jsonl.gz", LINE, "not compressed with gzip"),
    "a CSV header in Latin-1": ("a.csv", "números,body\n".encode("latin-1"), "its columns are 'números', 'body'"),
    "an open quote in the CSV header": ("a.csv", b'"title,body\n', "a quote in the header (line 1) is not closed"),
    "an array that is not closed": ("a.json", b"[" + LINE.strip() + b",\n", "the array is not closed"),
}


@pytest.mark.parametrize("command", ["score", "gate", "train", "evaluate", "explain"])
@pytest.mark.parametrize("what", UNUSABLE)
def test_what_cannot_be_used_is_refused_in_one_line(
    invoke: Any, tmp_path: Path, model_path: Path, command: str, what: str
) -> None:
    name, content, expected = UNUSABLE[what]
    if command == "explain" and ("a truncated gzip" in what or "array" in what):
        pytest.skip("explain reads no further than its row")
    path = tmp_path / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        content(path)
    out, rejected = tmp_path / "out.jsonl", tmp_path / "rejected.jsonl"
    options = {
        "score": ["--out", out, "--rejected", rejected], "gate": ["--passed", out, "--rejected", rejected],
        "train": ["--fresh", "--out", out, "--rejected", rejected], "evaluate": ["--rejected", rejected], "explain": [],
    }[command]  # fmt: skip
    if command != "train":
        options = [*options, "--model", model_path]
    ended = invoke(command, path, "--quiet", *options)
    assert ended.code == 2
    assert ended.out == b""
    assert len(ended.said) == 1
    assert ended.said[0].startswith(f"mismatch: {path}")
    assert expected in ended.said[0]
    assert {item.name for item in tmp_path.iterdir()} <= {name}


@pytest.mark.parametrize("content", [b"", b"\n \n\t\n\n"], ids=["an empty file", "a file of blank lines"])
@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.csv"])
def test_no_rows_are_fine_for_score_and_it_says_so(
    invoke: Any, tmp_path: Path, model_path: Path, name: str, content: bytes
) -> None:
    path, out = tmp_path / name, tmp_path / "out.jsonl"
    if name == "a.csv" and content:
        content = b"title,body\n\n\n"
    path.write_bytes(content)
    ended = invoke("score", path, "--out", out, "--model", model_path)
    assert ended.code == 0
    assert out.read_bytes() == b""
    assert ended.said[-1].startswith("0 rows")
    assert invoke("gate", path, "--max-rate", "0", "--allow-empty", "--model", model_path).code == 0


@pytest.mark.parametrize("content", [b"", b"\n \n\n"], ids=["an empty file", "a file of blank lines"])
def test_no_rows_are_an_error_for_train_and_evaluate(invoke: Any, tmp_path: Path, model_path: Path, content: bytes) -> None:
    path, out = tmp_path / "a.jsonl", tmp_path / "out.joblib"
    path.write_bytes(content)
    trained = invoke("train", path, "--fresh", "--out", out, "--quiet")
    assert trained.code == 2
    assert trained.said == ["mismatch: no pairs to learn from; give a file with a title and a body in each row"]
    assert not out.exists()
    measured = invoke("evaluate", path, "--quiet", "--model", model_path)
    assert (measured.code, measured.said) == (2, ["mismatch: no pairs to evaluate on"])


BROKEN_LINES = {
    "broken JSON": (b'{"title": "a", "body": \n', "not valid JSON"),
    "an array": (b'["a", "b"]\n', "a list, not an object"),
    "invalid UTF-8": (b'{"title": "\xff\xfe", "body": "b"}\n', "not valid UTF-8"),
    "NUL bytes": (b"\0\0\0\0\n", "not valid JSON"),
    "an object for a title": (b'{"title": {"a": 1}, "body": "b"}\n', "title is an object, not text"),
    "deep nesting": (b'{"title": ' + b"[" * 100_000 + b"\n", ""),
}


@pytest.mark.parametrize("what", BROKEN_LINES)
def test_a_broken_line_is_rejected_and_its_neighbours_are_scored(
    invoke: Any, tmp_path: Path, model_path: Path, what: str
) -> None:
    broken, reason = BROKEN_LINES[what]
    path, rejected = tmp_path / "a.jsonl", tmp_path / "rejected.jsonl"
    path.write_bytes(LINE + broken + LINE)
    ended = invoke("score", path, "--rejected", rejected, "--model", model_path)
    assert ended.code == 0
    assert len(ended.rows) == 2
    (reject,) = [json.loads(line) for line in rejected.read_text().splitlines()]
    assert (reject["file"], reject["line"]) == (str(path), 2)
    assert reason in reject["reason"]
    raw = reject["raw"].encode() if "raw" in reject else base64.b64decode(reject["raw_base64"])
    assert raw == broken.rstrip()
    assert ended.said[-1] == f"1 row could not be read, kept in {rejected}"


def test_broken_lines_are_counted_even_if_nobody_keeps_them(invoke: Any, tmp_path: Path, model_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(LINE + b"{\n" * 3 + LINE)
    ended = invoke("score", path, "--quiet", "--model", model_path)
    assert ended.code == 0
    assert ended.said == ["3 rows could not be read; --rejected FILE keeps what cannot be read"]


def test_ragged_csv_rows_are_rejected_with_their_line(invoke: Any, tmp_path: Path, model_path: Path) -> None:
    path, rejected = tmp_path / "a.csv", tmp_path / "rejected.jsonl"
    path.write_text('title,body\nA cat,"The cat\nsat"\nonly one\none,two,three\nA dog,The dog\n')
    ended = invoke("score", path, "--rejected", rejected, "--model", model_path)
    assert ended.code == 0
    assert len(ended.out.splitlines()) == 1 + 3  # one body has two lines
    rejects = [json.loads(line) for line in rejected.read_text().splitlines()]
    assert [(reject["line"], reject["raw"]) for reject in rejects] == [(4, "only one"), (5, "one,two,three")]
    assert rejects[0]["reason"] == "1 fields where the header has 2"


def test_a_line_of_seventy_megabytes_is_rejected_whole(invoke: Any, tmp_path: Path, model_path: Path) -> None:
    path, rejected = tmp_path / "a.jsonl", tmp_path / "rejected.jsonl"
    with path.open("wb") as file:
        file.write(LINE + b'{"title": "a", "body": "')
        for _ in range(70):
            file.write(b"word " * (1 << 18))
        file.write(b'"}\n' + LINE)
    ended = invoke("score", path, "--rejected", rejected, "--model", model_path)
    assert ended.code == 0
    assert len(ended.rows) == 2
    assert "longer than" in rejected.read_bytes()[:200].decode()
    assert rejected.stat().st_size > path.stat().st_size - 2 * len(LINE)


def test_odd_values_are_judged_or_said_to_be_unscorable(
    invoke: Any, tmp_path: Path, model_path: Path, write_rows: Any
) -> None:
    rows = [
        {"title": None, "body": GOOD["body"]}, {"title": GOOD["title"]}, {"title": 2024, "body": 7.5},
        {"title": "word " * 100_000, "body": GOOD["body"]}, {"title": GOOD["title"], "body": "mat \0 cat " * 20},
        {"title": "", "body": ""}, {"title": True, "body": False}, {"title": "\u200b\u00ad", "body": GOOD["body"]},
    ]  # fmt: skip
    ended = invoke("score", write_rows(tmp_path / "a.jsonl", rows), "--model", model_path)
    assert ended.code == 0
    found = ended.rows
    assert len(found) == len(rows)
    assert [row["mismatch_reasons"] for row in found[:2]] == [["title_missing"], ["body_missing"]]
    assert all((row["mismatch_probability"] is None) == (row["mismatch_verdict"] == "unscorable") for row in found)
    for k in (2, 5, 6, 7):
        assert found[k]["mismatch_verdict"] == "unscorable"


def test_a_title_of_a_hundred_thousand_words_can_be_explained(invoke: Any, tmp_path: Path, model_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps({"title": " ".join(f"w{i}" for i in range(100_000)), "body": GOOD["body"]}) + "\n")
    ended = invoke("explain", path, "--model", model_path)
    assert ended.code == 0
    assert len(ended.out) < 5_000


def test_a_missing_output_folder_is_said_before_any_work(invoke: Any, tmp_path: Path, model_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(LINE)
    lost = tmp_path / "no" / "out.jsonl"
    for arguments in (
        ["score", path, "--out", lost, "--model", model_path],
        ["score", path, "--rejected", lost, "--model", model_path],
        ["gate", path, "--passed", lost, "--model", model_path],
        ["train", path, "--out", lost, "--fresh"],
        ["train", path, "--suspects", lost, "--out", tmp_path / "x.joblib", "--fresh"],
        ["score", path, "--out", tmp_path, "--model", model_path],
    ):
        ended = invoke(*arguments, "--quiet") if arguments[0] != "score" else invoke(*arguments, "-q")
        assert ended.code == 2
        assert len(ended.said) == 1
        assert "folder" in ended.said[0]
        assert ended.out == b""
    assert [item.name for item in tmp_path.iterdir()] == ["a.jsonl"]


@pytest.mark.parametrize(
    "options", [["gate", "--passed", "x.jsonl", "--flagged", "./x.jsonl"], ["gate", "--passed", "-", "--rejected", "-"],
                ["score", "--out", "x.jsonl", "--rejected", "x.jsonl"]],
)  # fmt: skip
def test_two_outputs_in_one_file_are_refused(invoke: Any, pairs_file: Path, model_path: Path, options: list[str]) -> None:
    command, *rest = options
    ended = invoke(command, pairs_file, *rest, "--model", model_path)
    assert ended.code == 2
    assert len(ended.said) == 1
    assert "name the same file" in ended.said[0]


def test_a_model_is_not_written_over_its_training_pairs(invoke: Any, tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl"
    path.write_bytes(LINE * 3)
    ended = invoke("train", path, "--fresh", "--out", path)
    assert (ended.code, ended.said) == (2, [f"mismatch: --out names an input, {path}; give it a file of its own"])
    assert path.read_bytes() == LINE * 3


HOSTILE = '\x1b[31m\x1b]0;\x07\x9b2J<script> [bold]markup[/bold] \u202eKXIP =HYPERLINK("x") ' + "KKR " * 99


def test_hostile_titles_reach_no_terminal(
    invoke: Any, tmp_path: Path, model_path: Path, stray: dict[str, str], write_rows: Any
) -> None:
    row = {**stray, "title": HOSTILE, "source": HOSTILE, "id": HOSTILE}
    path = write_rows(tmp_path / "a\x1b[31m.jsonl", [row])
    gate = ["gate", path, "--flagged", tmp_path / "flagged.csv"]
    for arguments in (gate, ["explain", path], ["explain", path, "--row", 7]):
        ended = invoke(*arguments, "--model", model_path)
        shown = ended.out.decode() + ended.err
        assert not {c for c in shown if (ord(c) < 32 and c != "\n") or 127 <= ord(c) < 160 or c == "\u202e"}
        if ended.code == 0:
            assert "<script>" in shown  # text is shown as text
            assert "[bold]markup[/bold]" in shown


def test_hostile_column_names_reach_no_terminal(invoke: Any, tmp_path: Path, model_path: Path, write_rows: Any) -> None:
    path = write_rows(tmp_path / "a.jsonl", [{"\x1b[31m": 1, "title\x1c": GOOD["title"], "body\u2028": GOOD["body"]}])
    ended = invoke("score", path, "--out", tmp_path / "out.jsonl", "--model", model_path)
    assert "\x1b" not in ended.err
    assert len(ended.said) == 3 or ended.code == 2


@pytest.mark.parametrize("content", [b"", b"not a model", b"\x80\x04N.", b"x\x9c"], ids=["empty", "text", "None", "cut"])
@pytest.mark.parametrize("command", ["score", "gate", "explain", "evaluate", "info", "train"])
def test_an_unusable_model_is_refused_in_one_line(
    invoke: Any, tmp_path: Path, pairs_file: Path, command: str, content: bytes
) -> None:
    model = tmp_path / "bad.joblib"
    model.write_bytes(content)
    arguments = {"info": [model], "train": [pairs_file, "--base", model, "--out", tmp_path / "x"]}
    ended = invoke(command, *arguments.get(command, [pairs_file, "--model", model]))
    assert ended.code == 3
    assert ended.out == b""
    assert [line.startswith(f"mismatch: {model}: ") for line in ended.said if not line.startswith("title=")] == [True]
    assert [item.name for item in tmp_path.iterdir()] == ["bad.joblib"]


def test_a_missing_model_is_refused_in_one_line(invoke: Any, tmp_path: Path) -> None:
    ended = invoke("info", tmp_path / "none.joblib")
    assert ended.code == 3
    assert ended.said == [f"mismatch: {tmp_path}/none.joblib: the model cannot be read (No such file or directory)"]
