"""`mismatch repair --apply` of rows that carry verdicts: no verdict speaks of a pair that is no more."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest

import mismatch
from mismatch.batch.judged_anew import judged_anew
from mismatch.batch.moving import body_of, with_bodies
from mismatch.judging.verdicts import ADDED_SCHEMA
from mismatch.records.blocks import JsonLines
from mismatch.records.reading import Reader

ROOT = Path(__file__).parent.parent.parent
VERDICTS = ADDED_SCHEMA.names


def articles(n: int) -> list[dict[str, Any]]:
    lines = (ROOT / "training_data" / "articles" / "en.jsonl").read_text("utf-8").splitlines()[:n]
    rows = [json.loads(line) for line in lines]
    return [{"id": f"en-{i}", "title": row["title"], "body": row["body"]} for i, row in enumerate(rows)]


RING = [10, 26, 56, 98, 145, 189, 211, 244]


@pytest.fixture(scope="module")
def mixed() -> list[dict[str, Any]]:
    rows = articles(300)
    bodies = [rows[at]["body"] for at in RING]
    for at, body in zip(RING, [*bodies[1:], bodies[0]], strict=True):
        rows[at]["body"] = body
    return rows


def repaired(
    invoke: Callable[..., Any], rows: list[dict[str, Any]], folder: Path, form: str
) -> tuple[Path, Path, list[dict[str, Any]]]:
    """The scored file, the repaired one, and the log."""
    given, scored, out = folder / "rows.jsonl", folder / f"scored.{form}", folder / f"out.{form}"
    given.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert invoke("score", given, "--out", scored).code == 0
    ended = invoke("repair", scored, "--out", folder / "p.jsonl", "--apply", out, "--log", folder / "log.jsonl")
    assert ended.code == 0, ended.err
    assert "verdicts are made anew" in ended.err
    return scored, out, [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def expected_of(rows: list[dict[str, Any]], changed: list[dict[str, Any]]) -> list[mismatch.Verdict]:
    """The verdicts of a model that is adapted to the rows as they were, as `score` adapts it."""
    pairs = pa.table({name: [row[name] for row in rows] for name in ("title", "body")})
    return mismatch.load().adapt(pairs).score([(row["title"], row["body"]) for row in changed], adapt=False)


def test_verdicts_of_rows_with_another_body_are_those_of_their_new_pairs(
    invoke: Callable[..., Any], mixed: list[dict[str, Any]], tmp_path: Path
) -> None:
    scored, out, log = repaired(invoke, mixed, tmp_path, "jsonl")
    before, after = scored.read_bytes().splitlines(), out.read_bytes().splitlines()
    changed = [line["row"] - 1 for line in log]
    assert len(changed) >= 6
    assert [k for k, (old, new) in enumerate(zip(before, after, strict=True)) if old != new] == changed
    now = [json.loads(after[k]) for k in changed]
    for row, verdict in zip(now, expected_of(mixed, now), strict=True):
        assert row["mismatch_verdict"] == verdict.verdict
        assert row["mismatch_probability"] == pytest.approx(verdict.probability, abs=1e-9)
        assert tuple(row["mismatch_reasons"]) == verdict.reasons
        assert (row["title_topic"], row["body_topic"]) == (verdict.title_topic, verdict.body_topic)
    assert sum(row["mismatch_verdict"] == "match" for row in now) >= len(now) - 1
    for k, line in zip(changed, log, strict=True):
        assert line["verdict_before"] == json.loads(before[k])["mismatch_verdict"]
        assert line["verdict"] == json.loads(after[k])["mismatch_verdict"]
        assert list(json.loads(after[k])) == list(json.loads(before[k]))


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_columns_of_tables_keep_their_places_and_types(
    invoke: Callable[..., Any], mixed: list[dict[str, Any]], tmp_path: Path, form: str
) -> None:
    scored, out, log = repaired(invoke, mixed, tmp_path, form)
    changed = {line["row"] - 1 for line in log}
    assert len(changed) >= 6
    if form == "csv":
        tables = []
        for path in (scored, out):
            with path.open(newline="", encoding="utf-8") as file:
                tables.append(list(csv.DictReader(file)))
    else:
        both = [pyarrow.parquet.read_table(path) for path in (scored, out)]
        assert both[0].schema == both[1].schema
        tables = [table.to_pylist() for table in both]
    before, after = tables
    assert list(before[0]) == list(after[0])
    for k, (old, new) in enumerate(zip(before, after, strict=True)):
        assert (old == new) == (k not in changed)
    now = [after[k] for k in sorted(changed)]
    for row, verdict in zip(now, expected_of(mixed, now), strict=True):
        assert row["mismatch_verdict"] == verdict.verdict
        assert float(row["mismatch_probability"]) == pytest.approx(verdict.probability, abs=1e-9)
        reasons = row["mismatch_reasons"]
        assert tuple(json.loads(reasons) if form == "csv" else reasons) == verdict.reasons


def test_rows_without_verdicts_get_none(invoke: Callable[..., Any], mixed: list[dict[str, Any]], tmp_path: Path) -> None:
    given, out = tmp_path / "rows.jsonl", tmp_path / "out.jsonl"
    given.write_text("".join(json.dumps(row) + "\n" for row in mixed))
    ended = invoke("repair", given, "--out", tmp_path / "p.jsonl", "--apply", out)
    assert ended.code == 0 and "made anew" not in ended.err
    assert all(set(json.loads(line)) == {"id", "title", "body"} for line in out.read_bytes().splitlines())
    log = [json.loads(line) for line in (tmp_path / "out.jsonl.log.jsonl").read_bytes().splitlines()]
    assert log and not any("verdict" in line or "verdict_before" in line for line in log)


def test_keywords_and_the_row_of_a_better_body_are_of_the_new_pair_too(tmp_path: Path) -> None:
    own, other = articles(2)
    carried = {"mismatch_verdict": "mismatch", "mismatch_probability": 0.99, "mismatch_reasons": ["shifted"]}
    more = {"title_keywords": ["of the title"], "body_keywords": ["of the old"], "better_body_row": 2, "mine": [1, 2]}
    first_row = {"title": own["title"], "body": other["body"], **carried, **more}
    rows = [first_row, {"title": other["title"], "body": own["body"]}]
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    block = next(iter(Reader([str(path)]))).decode()
    moving = {0: body_of(block, 1), 1: body_of(block, 0)}
    scorer = mismatch.load()
    moved, verdicts = judged_anew(with_bodies(block, moving), moving, scorer)
    assert isinstance(moved.rows, JsonLines)
    first, second = (json.loads(moved.rows.line(i)) for i in range(2))
    (verdict,) = scorer.score([(own["title"], own["body"])], adapt=False)
    assert first["mismatch_verdict"] == verdicts[0] == verdict.verdict != "mismatch"
    assert "shifted" not in first["mismatch_reasons"]
    assert first["better_body_row"] is None and first["mine"] == [1, 2]
    assert first["body_keywords"] and first["body_keywords"] != more["body_keywords"]
    assert set(second) == {"title", "body"}
