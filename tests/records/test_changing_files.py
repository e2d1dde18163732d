"""Files that somebody changes while they are read, or between two readings: told, and never a signal or a fault."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mismatch.records.reading import Reader

_CUT = """
import os, sys
import pyarrow as pa
from mismatch.records.bounds import Bounds
from mismatch.records.reading import Reader

path = sys.argv[1]
rows = pa.table({"title": ["a title"] * 400, "body": ["word " * 1000] * 400}).combine_chunks()
with pa.ipc.new_file(path, rows.schema) as file:
    file.write_batch(rows.to_batches()[0])
reader = Reader([path], bounds=Bounds(batch=100_000), chunk_bytes=10_000)
chunks = iter(reader)
next(chunks)
os.truncate(path, 0)
print(sum(len(chunk.decode()) for chunk in chunks), *reader.problems)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="an open file cannot be cut there")
def test_an_arrow_file_that_is_cut_under_its_reader_is_told(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _CUT, str(tmp_path / "a.arrow")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr  # -7 is SIGBUS
    assert done.stdout.startswith("400 ")
    assert "it shrank" in done.stdout
    assert not list(tmp_path.glob("mismatch-*"))


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.jsonl", "a.json"])
def test_a_file_that_is_emptied_before_its_first_row_is_told(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    table = {"a.csv": "title,body\na,b\n", "a.tsv": "title\tbody\na\tb\n", "a.json": '[{"title": "a", "body": "b"}]'}
    path.write_text(table.get(name, '{"title": "a", "body": "b"}\n'))
    reader = Reader([path])
    os.truncate(path, 0)
    assert sum(len(chunk.decode()) for chunk in reader) == 0
    assert any("it shrank" in problem for problem in reader.problems)


@pytest.mark.parametrize(
    ("words", "module", "name"),
    [
        (["repair", "ROWS", "--apply", "OUT"], "mismatch.batch.whole_batch", "look_at"),
        (["repeats", "ROWS", "--out", "OUT"], "mismatch.batch.repeats", "find_repeats"),
    ],
)
def test_a_file_that_changes_between_two_readings_is_told(
    invoke: Any, monkeypatch: pytest.MonkeyPatch, pairs_file: Path, model_path: Path, tmp_path: Path, words: list[str],
    module: str, name: str,
) -> None:  # fmt: skip
    rows, out = tmp_path / "rows.jsonl", tmp_path / "out.jsonl"
    rows.write_bytes(pairs_file.read_bytes())
    first: Callable[..., Any] = getattr(importlib.import_module(module), name)

    def read_and_changed(*arguments: Any, **options: Any) -> Any:
        found = first(*arguments, **options)
        lines = rows.read_bytes().splitlines(keepends=True)
        rows.with_name("new").write_bytes(b"".join(reversed(lines)))
        rows.with_name("new").replace(rows)
        return found

    monkeypatch.setattr(importlib.import_module(module), name, read_and_changed)
    ended = invoke(*({"ROWS": rows, "OUT": out}.get(word, word) for word in words), "--model", model_path, "--quiet")
    assert ended.code == 2
    assert "another file took its place" in ended.said[-1]
    assert not out.exists()
