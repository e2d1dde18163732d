"""Which files a review in the browser may write to: no input, no model, and no folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from mismatch.batch.review.labels_file import beside

pytest.importorskip("fastapi")

ONE = "--review takes one file, or several as a folder or a pattern in quotes ('day*.jsonl')"
BESIDE = "with no place for decisions beside it; name a file of this machine with --labels"


@pytest.mark.parametrize("link", [None, os.symlink, os.link])
@pytest.mark.parametrize("read", ["rows", "model"])
def test_decisions_are_not_written_over_what_is_read(
    invoke: Any, tmp_path: Path, pairs_file: Path, model_path: Path, read: str, link: Any
) -> None:
    rows, model = tmp_path / "rows.jsonl", tmp_path / "model.joblib"
    rows.write_bytes(pairs_file.read_bytes())
    model.write_bytes(model_path.read_bytes())
    labels = target = {"rows": rows, "model": model}[read]
    if link is not None:
        labels = tmp_path / "labels.jsonl"
        link(target, labels)
    before = target.read_bytes()
    ended = invoke("serve", "--review", rows, "--model", model, "--labels", labels)
    assert (ended.code, "give it a file of its own" in ended.err) == (2, True)
    assert target.read_bytes() == before


@pytest.mark.parametrize(("options", "words"), [
    (["--review", ""], "--review names no file; is a variable of the shell empty?"),
    (["--review", "rows.jsonl", "--labels", ""], "--labels .: is a folder; name a file in it"),
    (["--review", "a.jsonl", "--review", "b.jsonl"], f"--review is given 2 times; {ONE}"),
    (["--review", "a.jsonl", "b.jsonl"], f"b.jsonl: serve takes no inputs; {ONE}"),
    (["--review", "s3://bucket/a.jsonl"], f"s3://bucket/a.jsonl: is in a store, {BESIDE}"),
    (["--review", "day*.jsonl"], f"day*.jsonl: is a pattern, {BESIDE}"),
    (["--review", "/"], f"/: is the root, {BESIDE}"),
])  # fmt: skip
def test_a_review_without_a_file_is_wrong_usage(invoke: Any, options: list[str], words: str) -> None:
    ended = invoke("serve", *options)
    assert (ended.code, ended.said) == (2, [f"mismatch: {words}"])


def test_decisions_on_a_folder_stand_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "day.1"
    folder.mkdir()
    monkeypatch.chdir(folder)
    expected = [Path(os.path.realpath(tmp_path)) / name for name in ("day.1.review.db", "a.review.db")]
    found = [beside(name, ".review.db") for name in (".", str(folder), f"{folder}/")]
    assert [Path(os.path.realpath(path)) for path in found] == [expected[0]] * 3
    assert beside(f"{os.path.realpath(tmp_path)}/a.jsonl.gz", ".review.db") == expected[1]


def test_decisions_do_not_become_rows_of_the_folder_that_is_reviewed(invoke: Any, tmp_path: Path) -> None:
    (tmp_path / "rows").mkdir()
    ended = invoke("serve", "--review", tmp_path / "rows", "--labels", tmp_path / "rows" / "labels.db")
    assert ended.code == 2
    assert "lies in the folder that is reviewed" in ended.err
    assert not list((tmp_path / "rows").iterdir())
