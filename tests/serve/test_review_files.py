"""Which files a review in the browser may write to: no input, no model, and no folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi")


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
])  # fmt: skip
def test_a_review_without_a_file_is_wrong_usage(invoke: Any, options: list[str], words: str) -> None:
    ended = invoke("serve", *options)
    assert (ended.code, ended.said) == (2, [f"mismatch: {words}"])
