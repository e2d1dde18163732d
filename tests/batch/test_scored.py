"""Rows with their verdicts: carried or judged, numbered in the order of the input."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest

from mismatch.batch.scored import ScoredRows
from mismatch.errors import InputError
from mismatch.judging.scorer import Scorer, load
from mismatch.judging.verdicts import VERDICTS
from mismatch.records.reading import Reader

ROWS = [
    {
        "id": f"a{i}",
        "title": f"Ferry {i} leaves the harbour late",
        "body": f"Ferry {i} left the harbour late. " * 20,
        "source": "x",
    }
    for i in range(40)
]
CARRIED = {"mismatch_verdict": "mismatch", "mismatch_probability": 0.75, "mismatch_reasons": ["weak_overlap"]}


@pytest.fixture(scope="module")
def starter() -> Scorer:
    return load()


def lines(rows: list[dict[str, object]]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def table_of(path: Path, scorer: Scorer) -> pa.Table:
    return pa.Table.from_batches([block.rows for block in ScoredRows(Reader([str(path)]), scorer)])


def test_rows_are_judged_as_score_judges_them(starter: Scorer, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(lines(ROWS))
    table = table_of(path, starter)
    scored = starter.score(pa.Table.from_pylist(ROWS))
    assert [VERDICTS[v] for v in table["verdict"].to_pylist()] == scored["mismatch_verdict"].to_pylist()
    assert table["probability"].to_pylist() == scored["mismatch_probability"].to_pylist()
    assert table["id"].to_pylist() == [row["id"] for row in ROWS]


def test_rows_that_cannot_be_read_have_no_number_and_are_told_of(starter: Scorer, tmp_path: Path) -> None:
    first, second = tmp_path / "1.jsonl", tmp_path / "2.jsonl"
    first.write_bytes(lines(ROWS[:2]) + b"{broken\n" + lines(ROWS[2:4]))
    second.write_bytes(lines(ROWS[4:6]))
    blocks = list(ScoredRows(Reader([str(first), str(second)]), starter))
    assert [n for block in blocks for n in block.rows["row"].to_pylist()] == [1, 2, 3, 4, 5, 6]
    assert [(r.origin, r.line) for block in blocks for r in block.block.rejects] == [(str(first), 3)]
    assert [int(n) for block in blocks for n in block.block.row_numbers] == [1, 2, 4, 5, 1, 2]


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet", "arrow", "json"])
def test_verdicts_that_rows_carry_are_kept(starter: Scorer, tmp_path: Path, form: str) -> None:
    from mismatch.cli import app

    source, scored = tmp_path / "rows.jsonl", tmp_path / f"scored.{form}"
    source.write_bytes(lines([{**row, **CARRIED} for row in ROWS]))
    app(["score", str(source), "--out", str(scored), "--quiet"], standalone_mode=False)
    rows = ScoredRows(Reader([str(scored)]), starter)
    table = pa.Table.from_batches([block.rows for block in rows])
    judged = table_of_unscored(tmp_path, starter)
    assert rows.carried
    assert table["verdict"].to_pylist() == judged["verdict"].to_pylist()
    assert table["probability"].to_pylist() == pytest.approx(judged["probability"].to_pylist())
    assert table["reasons"].to_pylist() == judged["reasons"].to_pylist()


def table_of_unscored(folder: Path, scorer: Scorer) -> pa.Table:
    path = folder / "unscored.jsonl"
    path.write_bytes(lines(ROWS))
    return table_of(path, scorer)


def test_carried_verdicts_are_not_judged_again(starter: Scorer, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(lines([{**row, **CARRIED} for row in ROWS]))
    table = table_of(path, starter)
    assert set(table["probability"].to_pylist()) == {0.75}
    assert table["reasons"].to_pylist() == [["weak_overlap"]] * len(ROWS)


def test_of_a_pipe_the_first_rows_tell_too(starter: Scorer) -> None:
    stdin = io.BytesIO(lines([{**row, **CARRIED} for row in ROWS]))
    rows = ScoredRows(Reader(["-"], stdin=stdin), starter)
    assert {p for block in rows for p in block.rows["probability"].to_pylist()} == {0.75}


def test_of_a_table_through_a_pipe_too(starter: Scorer) -> None:
    held = io.BytesIO()
    pyarrow.parquet.write_table(pa.Table.from_pylist([{**row, **CARRIED} for row in ROWS]), held)
    rows = ScoredRows(Reader(["-"], stdin=io.BytesIO(held.getvalue())), starter)
    assert {p for block in rows for p in block.rows["probability"].to_pylist()} == {0.75}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"mismatch_verdict": None}, "row 3 has no verdict"),
        ({"mismatch_verdict": "fine"}, "row 3 has the verdict 'fine'"),
        ({"mismatch_probability": "high"}, "row 3 has a verdict, but no mismatch_probability"),
        ({"mismatch_probability": 1.5}, "row 3 has a verdict, but no mismatch_probability"),
    ],
)
def test_a_row_without_a_usable_verdict_among_others_is_refused(
    starter: Scorer, tmp_path: Path, changed: dict[str, object], said: str
) -> None:
    path = tmp_path / "rows.jsonl"
    rows = [{**row, **CARRIED} for row in ROWS]
    path.write_bytes(lines([*rows[:2], {**rows[2], **changed}, *rows[3:]]))
    with pytest.raises(InputError, match=said):
        table_of(path, starter)
