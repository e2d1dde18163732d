"""Shifts by way of the commands: told, written, undone, and flagged."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_archive import archive, turned

from mismatch.batch import shifted_rows
from mismatch.batch.places import Places
from mismatch.batch.repair import Proposal, Repair
from mismatch.batch.shifted_rows import ShiftWatch
from mismatch.batch.shifts import Shift
from mismatch.judging.scorer import Scorer

N = 400
CLEAN = archive(N, seed=12)
SHIFTED = turned(turned(CLEAN.bodies, 100, 180, 2), 300, 330, -1)
EXPECTED = [(101, 180, 2), (301, 330, -1)]
Invoke = Callable[..., Any]


def rows_of(bodies: list[str | None]) -> list[dict[str, Any]]:
    pairs = enumerate(zip(CLEAN.titles, bodies, strict=True))
    return [{"id": f"n{i}", "title": title, "body": body} for i, (title, body) in pairs]


@pytest.fixture
def shifted(tmp_path: Path, write_rows: Callable[..., Path]) -> Path:
    return write_rows(tmp_path / "shifted.jsonl", rows_of(SHIFTED))


def are_near(path: Path) -> bool:
    found = json.loads(path.read_text("utf-8"))
    return len(found) == len(EXPECTED) and all(
        list(one) == ["first_row", "last_row", "by"]
        and one["by"] == by
        and abs(one["first_row"] - first) <= 2
        and abs(one["last_row"] - last) <= 2
        for one, (first, last, by) in zip(found, EXPECTED, strict=True)
    )


def test_shifts_are_told_and_written(invoke: Invoke, shifted: Path, tmp_path: Path) -> None:
    ended = invoke("repair", shifted, "--out", tmp_path / "p.jsonl", "--shifts", tmp_path / "shifts.json")
    assert ended.code == 0
    assert are_near(tmp_path / "shifts.json")
    assert sum(line.startswith("rows ") and " are shifted by " in line for line in ended.said) == 2
    proposals = [json.loads(line) for line in (tmp_path / "p.jsonl").read_text().splitlines()]
    moved = {proposal["title_row"]: proposal for proposal in proposals}
    assert all(moved[row]["body_row"] == row + 2 for row in range(104, 176))
    assert moved[150]["title_id"] == "n149" and moved[150]["body_id"] == "n151"
    assert len({proposal["body_row"] for proposal in proposals}) == len(proposals)


def test_shifts_of_too_many_titles_are_told_but_nothing_is_proposed_for_them(
    invoke: Invoke, shifted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shifted_rows, "MOST_MOVED", 60)
    written = [f"--{name}={tmp_path / name}.json{'' if name == 'shifts' else 'l'}" for name in ("out", "shifts", "apply")]
    ended = invoke("repair", shifted, *written)
    assert ended.code == 0
    assert are_near(tmp_path / "shifts.json")
    said = next(line for line in ended.said if "too many to be proposed as such, or put back" in line)
    assert 100 <= int(said.split()[0]) <= 110 and "undo the shift where it was made" in said
    proposed = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert all(proposal["evidence"] for proposal in proposed)  # those by words alone, which a shift does not need
    bodies = [json.loads(line)["body"] for line in (tmp_path / "apply.jsonl").read_text().splitlines()]
    changed = {k for k, body in enumerate(bodies, 1) if body != SHIFTED[k - 1]}
    assert len(bodies) == N and changed <= {proposal["title_row"] for proposal in proposed}


def test_a_clean_file_gives_an_empty_list(invoke: Invoke, tmp_path: Path, write_rows: Callable[..., Path]) -> None:
    path = write_rows(tmp_path / "clean.jsonl", rows_of(CLEAN.bodies))
    ended = invoke("repair", path, "--out", tmp_path / "p.jsonl", "--shifts", tmp_path / "shifts.json")
    assert ended.code == 0
    assert json.loads((tmp_path / "shifts.json").read_text()) == []
    assert "shifted" not in ended.err


def test_a_shift_is_undone(invoke: Invoke, shifted: Path, tmp_path: Path) -> None:
    repaired = tmp_path / "repaired.jsonl"
    ended = invoke("repair", shifted, "--out", tmp_path / "p.jsonl", "--apply", repaired, "--log", tmp_path / "log.jsonl")
    assert ended.code == 0
    rows = [json.loads(line) for line in repaired.read_text("utf-8").splitlines()]
    assert len(rows) == N
    still_wrong = [i for i, row in enumerate(rows) if row["body"] != CLEAN.bodies[i]]
    assert len(still_wrong) <= 8 and all(99 <= i < 180 or 299 <= i < 330 for i in still_wrong)


def test_a_table_and_a_pipe_give_the_same(invoke: Invoke, shifted: Path, tmp_path: Path) -> None:
    with (tmp_path / "shifted.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["id", "title", "body"])
        writer.writeheader()
        writer.writerows(rows_of(SHIFTED))
    out = tmp_path / "p.jsonl"
    assert invoke("repair", tmp_path / "shifted.csv", "--out", out, "--shifts", tmp_path / "a.json").code == 0
    piped = invoke(
        "repair", "-", "--format", "jsonl", "--out", out, "--shifts", tmp_path / "b.json", stdin=shifted.read_bytes()
    )
    assert piped.code == 0
    assert are_near(tmp_path / "a.json")
    assert are_near(tmp_path / "b.json")


@pytest.mark.parametrize("suffix", [".jsonl", ".csv"])
def test_addresses_say_which_side_moved(invoke: Invoke, tmp_path: Path, suffix: str) -> None:
    titles = turned(CLEAN.titles, 100, 180, 2)
    urls = [f"https://ferry.example/{i}/{str(title).lower().replace(' ', '-')}" for i, title in enumerate(CLEAN.titles)]
    rows = [{"Link": url, "title": t, "body": b} for url, t, b in zip(urls, titles, CLEAN.bodies, strict=True)]
    path = tmp_path / f"moved{suffix}"
    with path.open("w", newline="", encoding="utf-8") as file:
        if suffix == ".jsonl":
            file.writelines(json.dumps(row) + "\n" for row in rows)
        else:
            writer = csv.DictWriter(file, ["Link", "title", "body"])
            writer.writeheader()
            writer.writerows(rows)
    ended = invoke("repair", path, "--out", tmp_path / "p.jsonl")
    assert ended.code == 0
    (told,) = [line for line in ended.said if " are shifted by " in line]
    assert "by -2" in told and "it is the titles that moved" in told


def test_an_input_is_not_written_over(invoke: Invoke, shifted: Path) -> None:
    before = shifted.read_bytes()
    ended = invoke("repair", shifted, "--shifts", shifted)
    assert ended.code == 2
    assert shifted.read_bytes() == before
    assert "--shifts" in ended.err


def test_a_gate_that_looks_at_the_batch_flags_a_shift(invoke: Invoke, shifted: Path, tmp_path: Path) -> None:
    flagged = tmp_path / "flagged.jsonl"
    ended = invoke("gate", shifted, "--batch", "--flagged", flagged, "--passed", tmp_path / "passed.jsonl")
    assert ended.code == 0
    rows = {json.loads(line)["id"]: json.loads(line) for line in flagged.read_text("utf-8").splitlines()}
    for i in range(105, 175):
        row = rows[f"n{i}"]
        assert row["mismatch_verdict"] == "mismatch" and row["mismatch_probability"] >= 0.98
        assert row["mismatch_reasons"][0] == "shifted"
        assert row["better_body_row"] == i + 1 + 2
    passed = (tmp_path / "passed.jsonl").read_text("utf-8").splitlines()
    assert len(passed) + len(rows) == N
    assert not any("shifted" in json.loads(line)["mismatch_reasons"] for line in passed if json.loads(line)["id"] < "n09")


def test_rows_and_lines_are_looked_up_both_ways() -> None:
    places = Places()
    places.add("a.jsonl", 1, np.array([1, 2, 4, 5]))
    places.add("a.jsonl", 5, np.array([6, 9]))
    places.add("b.jsonl", 7, np.array([1, 2]))
    everything = [("a.jsonl", line) for line in (1, 2, 4, 5, 6, 9)] + [("b.jsonl", 1), ("b.jsonl", 2)]
    assert [places.place_of(row) for row in range(1, 9)] == everything
    assert places.rows_at("a.jsonl", np.array([1, 3, 4, 6, 9, 99, 0])).tolist() == [1, 0, 3, 5, 6, 0, 0]
    assert places.rows_at("b.jsonl", np.array([2])).tolist() == [8]
    assert places.rows_at("c.jsonl", np.array([2])).tolist() == [0]
    with pytest.raises(IndexError):
        places.place_of(9)


def proposal(title: int, body: int, probability: float) -> Proposal:
    return Proposal(title, body, None, None, probability, (), ("a.jsonl", title), ("a.jsonl", body))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ((150, 120, 0.99), {150: 120, 118: None}),  # surely from outside: the body in row 120 came from elsewhere
        ((150, 120, 0.6), {150: None, 118: 120}),
        ((118, 150, 0.99), {118: 150, 119: 121}),
        ((118, 125, 0.99), {118: 120, 123: 125}),  # of stories that are alike, the shift names the right one
        ((101, 150, 0.9), {101: 150}),  # at its end a shift is less sure
    ],
)
def test_a_row_that_was_mixed_up_inside_a_shift_follows_its_text(
    scorer: Scorer, text: tuple[int, int, float], expected: dict[int, int | None]
) -> None:
    watch = ShiftWatch(scorer.model)
    watch.places.add("a.jsonl", 1, np.arange(1, 201))
    watch.shifts = [Shift(101, 140, 2)]
    added = watch.added_to(Repair([proposal(*text)], 200, 0, 40, 40.0))
    bodies = added.bodies
    assert {title: bodies.get(title) for title in expected} == expected
    assert len(set(bodies.values())) == len(bodies)
