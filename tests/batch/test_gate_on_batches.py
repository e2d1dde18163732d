"""`mismatch gate --batch`: a title that fits the body of another row far better than its own is flagged."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from test_repair import MIXED, RIGHT, swapped, written

from benchmarks.kills import contents
from mismatch.batch.better_bodies import BetterBodies
from mismatch.batch.repair import Proposal
from mismatch.judging.verdicts import ADDED_SCHEMA, VERDICTS, Judged, named
from mismatch.records.parts.manifest import NAME as MANIFEST
from mismatch.records.reading import Reader


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_flagged_rows_name_the_row_of_the_better_body(invoke: Callable[..., Any], tmp_path: Path) -> None:
    path = written(tmp_path / "rows.jsonl", swapped(MIXED))
    passed, flagged = tmp_path / "passed.jsonl", tmp_path / "flagged.jsonl"
    ended = invoke("gate", path, "--batch", "--passed", passed, "--flagged", flagged)
    assert ended.code == 0, ended.err
    assert len(lines_of(passed)) + len(lines_of(flagged)) == len(MIXED)
    numbers = {row["id"]: i for i, row in enumerate(MIXED, 1)}
    better = {numbers[row["id"]]: row["better_body_row"] for row in lines_of(flagged) if row["better_body_row"]}
    assert len(better) >= 11
    assert all(RIGHT[row] == body for row, body in better.items())
    assert all(row["better_body_row"] is None for row in lines_of(passed))


def test_without_batch_there_is_no_such_column(invoke: Callable[..., Any], tmp_path: Path) -> None:
    path, flagged = written(tmp_path / "rows.jsonl", swapped(MIXED)), tmp_path / "flagged.jsonl"
    assert invoke("gate", path, "--flagged", flagged).code == 0
    assert all("better_body_row" not in row for row in lines_of(flagged))


def test_a_folder_of_parts_holds_what_two_files_would_and_goes_on_where_it_was_killed(
    invoke: Callable[..., Any], tmp_path: Path
) -> None:
    path, out = written(tmp_path / "rows.jsonl", swapped(MIXED)[:250]), tmp_path / "gated"
    whole = {kind: tmp_path / f"{kind}.jsonl" for kind in ("passed", "flagged")}
    assert invoke("gate", path, "--batch", "--passed", whole["passed"], "--flagged", whole["flagged"]).code == 0
    gate = ["gate", path, "--batch", "--out", f"{out}/", "--part-rows", "60"]
    first = invoke(*gate)
    assert first.code == 0, first.err
    assert "titles fit the body of another row far better" in first.err
    for kind, expected in whole.items():
        assert b"".join(part.read_bytes() for part in sorted((out / kind).iterdir())) == expected.read_bytes()
    done = contents(out)
    lines = (out / MANIFEST).read_bytes().splitlines(keepends=True)
    parts = [k for k, line in enumerate(lines) if b'"part":' in line]
    assert len(parts) == 5
    (out / MANIFEST).write_bytes(b"".join(lines[: parts[2]]))  # as a kill leaves it, before the line of a part is written
    again = invoke(*gate)
    assert (again.code, again.out) == (0, first.out)
    assert "2 parts are done already" in again.err
    assert contents(out) == done
    other = invoke(*[option for option in gate if option != "--batch"])
    assert other.code == 2 and "--batch was True and is None" in other.err


def test_a_pipe_cannot_be_looked_at_twice(invoke: Callable[..., Any]) -> None:
    ended = invoke("gate", "-", "--batch", stdin=b'{"title": "a", "body": "b"}\n')
    assert ended.code == 2
    assert "write it to a file first" in ended.err


def test_verdict_and_probability_agree_after_the_revision(tmp_path: Path) -> None:
    path = written(tmp_path / "rows.jsonl", MIXED[:4])
    block = next(iter(Reader([str(path)]))).decode()
    numbers = np.array([VERDICTS.index(v) for v in ("match", "unscorable", "mismatch", "unsure")], np.int8)
    columns = [
        named(numbers, VERDICTS), pa.array([0.01, None, 0.99, 0.3]),
        pa.array([[], ["script_differs"], ["weak_overlap"], []], pa.list_(pa.string())),
        *(pa.nulls(4, pa.string()) for _ in range(2)),
    ]  # fmt: skip
    judged = Judged(numbers, pa.RecordBatch.from_arrays(columns, schema=ADDED_SCHEMA))
    at = [(block.origin, line) for line in range(1, 5)]
    proposals = [
        Proposal(1, 2, None, None, 0.8, (), at[0], at[1]),
        Proposal(3, 1, None, None, 0.7, (), at[2], at[0]),
    ]
    revised = BetterBodies(proposals)(block, judged)
    rows = revised.columns.to_pylist()
    assert [row["mismatch_verdict"] for row in rows] == ["mismatch", "mismatch", "mismatch", "unsure"]
    assert [row["mismatch_probability"] for row in rows] == [0.8, 0.8, 0.99, 0.3]
    assert [row["mismatch_reasons"] for row in rows] == [["weak_overlap"], ["script_differs"], ["weak_overlap"], []]
    assert [row["better_body_row"] for row in rows] == [2, None, 1, None]
    assert [VERDICTS[number] for number in revised.numbers] == [row["mismatch_verdict"] for row in rows]
