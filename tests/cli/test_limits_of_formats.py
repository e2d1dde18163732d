"""`--limit` means the same for every format: what it refuses, and with which exit code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tables_written import WRITERS, Rows


@pytest.mark.parametrize("form", WRITERS)
def test_a_row_above_the_limit_is_rejected_and_its_neighbours_are_not(
    invoke: Any, tmp_path: Path, model_path: Path, articles: Rows, form: str
) -> None:
    rows = [*articles[:5], {**articles[5], "body": "many words here " * 1000}, *articles[6:9]]
    WRITERS[form](path := tmp_path / f"rows.{form}", rows)
    out, rejected = tmp_path / "out.jsonl", tmp_path / "rejected.jsonl"
    bound = ["--limit", "row=10kB", "--rejected", rejected, "--out", out, "--no-adapt", "--model", model_path]
    assert invoke("score", path, *bound).code == 0
    assert [json.loads(line)["id"] for line in out.read_bytes().splitlines()] == [f"a{i}" for i in (0, 1, 2, 3, 4, 6, 7, 8)]
    (kept,) = [json.loads(line) for line in rejected.read_bytes().splitlines()]
    assert (kept["file"], kept["reason"]) == (str(path), "longer than 10,000 bytes")
    assert "many words here" in kept["raw"]


@pytest.mark.parametrize("form", [form for form in WRITERS if form not in ("jsonl", "json")])
def test_a_table_of_too_many_columns_is_refused(
    invoke: Any, tmp_path: Path, model_path: Path, articles: Rows, form: str
) -> None:
    rows = [{**row, **{f"k{i}": str(i) for i in range(30)}} for row in articles[:3]]
    WRITERS[form](path := tmp_path / f"rows.{form}", rows)
    ended = invoke("score", path, "--limit", "columns=20", "--quiet", "--model", model_path)
    assert (ended.code, ended.out) == (2, b"")
    assert ended.said[-1].startswith(f"mismatch: {path}: ")
    assert "35 columns; --limit columns=NUMBER allows more" in ended.said[-1]
    assert invoke("score", path, "--limit", "columns=35", "--quiet", "--model", model_path).code == 0


def test_more_at_once_than_the_batch_may_be_is_refused(
    invoke: Any, tmp_path: Path, model_path: Path, articles: Rows
) -> None:
    rows = [*articles[:5], {**articles[5], "body": "many words here " * 10_000}]
    for form, what in (
        ("parquet", "refused, since"),
        ("arrow", "refused, since"),
        ("sqlite", "needs more than 100,000 bytes"),
    ):
        WRITERS[form](path := tmp_path / f"rows.{form}", rows)
        ended = invoke("score", path, "--limit", "batch=100kB", "--quiet", "--model", model_path)
        assert ended.code == 2
        assert what in ended.said[-1] and "--limit batch=BYTES allows more" in ended.said[-1]
        assert invoke("score", path, "--limit", "batch=1MB", "--quiet", "--model", model_path).code == 0
