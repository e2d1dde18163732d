"""What a review leaves behind: labels that the other commands take as they are, whatever became of the review."""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mismatch.batch.review.flagged import Choice, FlaggedRow, FlaggedRows
from mismatch.batch.review.labels_file import Decision, LabelsFile
from mismatch.batch.review.session import Session
from mismatch.batch.review.shared import SharedReview
from mismatch.batch.scored import ScoredRows
from mismatch.errors import InputError
from mismatch.judging.scorer import Scorer
from mismatch.records.reading import Reader

Row = dict[str, Any]
RIGHT, WRONG = "match", "mismatch"


def scored(rows: list[Row]) -> list[Row]:
    """The rows as `score` writes them, all with the verdict mismatch."""
    more = {"mismatch_verdict": "mismatch", "mismatch_probability": 0.9, "mismatch_reasons": []}
    return [{**row, **more} for row in rows]


def flagged(path: Path, scorer: Scorer, rows: FlaggedRows | None = None) -> FlaggedRows:
    found = FlaggedRows(Choice(order="file")) if rows is None else rows
    for _ in found.reading(ScoredRows(Reader([path]), scorer)):
        pass
    return found


@pytest.fixture
def file(tmp_path: Path, articles: list[Row]) -> Path:
    """Every fourth article has the body of another; each title is its own."""
    rows = [dict(row) for row in articles]
    for i in range(0, len(rows) - 4, 4):
        rows[i]["body"] = rows[i + 3]["body"]
    path = tmp_path / "scored.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in scored(rows)), "utf-8")
    return path


@pytest.fixture
def labelled(file: Path, scorer: Scorer, tmp_path: Path) -> tuple[Path, Path]:
    """The labels of a review of all rows with some detours, as JSON lines and as a database."""
    chance, lines, database = random.Random(1), tmp_path / "labels.jsonl", tmp_path / "labels.db"
    with LabelsFile(lines) as labels:
        session = Session(flagged(file, scorer), labels, "ann")
        while session.row is not None:
            label = WRONG if (session.row.row - 1) % 4 == 0 else RIGHT
            if chance.random() < 0.2:
                session.decide(RIGHT if label == WRONG else WRONG)
                assert session.undo()
            session.decide(label)
    review = SharedReview(Choice(order="file"), database)
    flagged(file, scorer, review.rows)
    review.begin()
    while (row := review.next("a" * 16, "ann")) is not None:
        review.decide("a" * 16, "ann", row, WRONG if (row.row - 1) % 4 == 0 else RIGHT)
    review.close()
    return lines, database


@pytest.mark.parametrize("which", [0, 1])
def test_train_calibrate_and_evaluate_take_the_labels_as_they_are(
    labelled: tuple[Path, Path],
    invoke: Callable[..., Any],
    model_path: Path,
    tmp_path: Path,
    articles: list[Row],
    which: int,
) -> None:
    labels = labelled[which]
    out = tmp_path / "trained.joblib"
    trained = invoke("train", labels, "--label", "label", "--fresh", "--out", out)
    assert (trained.code, out.exists()) == (0, True), trained.err
    assert "out of fold against the labels" in trained.err
    evaluated = invoke("evaluate", labels, "--label", "label", "--no-adapt", "--json", "--model", model_path)
    assert evaluated.code == 0, evaluated.err
    overall = json.loads(evaluated.out)["overall"]
    assert (json.loads(evaluated.out)["kind"], overall["matched"] + overall["mismatched"]) == ("labels", len(articles))
    assert overall["mismatched"] == sum(i % 4 == 0 for i in range(len(articles)))
    bounds = ["--max-false-flags", 0.4, "--confidence", 0.6]
    calibrated = invoke("calibrate", model_path, labels, *bounds, "--out", tmp_path / "calibrated.joblib")
    assert calibrated.code == 0, calibrated.err
    assert (
        f"on {overall['matched'] - 1} matched pairs" in calibrated.err
        or f"on {overall['matched']} matched pairs" in calibrated.err
    )


def test_both_kinds_of_labels_say_the_same(labelled: tuple[Path, Path]) -> None:
    lines = [json.loads(line) for line in labelled[0].read_text("utf-8").splitlines()]
    with sqlite3.connect(labelled[1]) as connection:
        connection.row_factory = sqlite3.Row
        rows = [dict(row) for row in connection.execute(f"SELECT {', '.join(lines[0])} FROM labels")]
    for row in (*lines, *rows):
        del row["time"]
    assert rows == lines
    assert len(lines) > 40


def test_rows_with_the_same_texts_are_decided_one_by_one(tmp_path: Path, scorer: Scorer) -> None:
    path, labels = tmp_path / "scored.jsonl", tmp_path / "labels.jsonl"
    row = {"title": "Rovers win", "body": "The council met."}
    path.write_text("".join(json.dumps(row) + "\n" for row in scored([row] * 3)), "utf-8")
    with LabelsFile(labels) as kept:
        session = Session(flagged(path, scorer), kept, "ann")
        session.decide(WRONG)
        session.decide(WRONG)
    with LabelsFile(labels) as kept:
        session = Session(flagged(path, scorer), kept, "ann")
        assert session.row is not None
        assert (session.decided, session.row.row) == (2, 3)


def test_a_review_goes_on_after_its_file_was_sorted_and_added_to(file: Path, tmp_path: Path, scorer: Scorer) -> None:
    labels = tmp_path / "labels.jsonl"
    with LabelsFile(labels) as kept:
        session = Session(flagged(file, scorer), kept, "ann")
        for _ in range(5):
            session.decide(RIGHT)
    lines = file.read_text("utf-8").splitlines(keepends=True)
    new = json.dumps(scored([{"title": "Another", "body": "Another body."}])[0]) + "\n"
    file.write_text("".join([new, *reversed(lines)]), "utf-8")
    with LabelsFile(labels) as kept:
        session = Session(flagged(file, scorer), kept, "ann")
        assert (session.decided, session.total) == (5, len(lines) + 1)
        seen = []
        while session.row is not None:
            seen.append(session.row.title)
            session.decide(RIGHT)
    assert seen == ["Another", *(json.loads(line)["title"] for line in reversed(lines[5:]))]


def test_a_row_whose_text_has_changed_is_looked_at_again(file: Path, tmp_path: Path, scorer: Scorer) -> None:
    labels = tmp_path / "labels.jsonl"
    with LabelsFile(labels) as kept:
        Session(flagged(file, scorer), kept, "ann").decide(RIGHT)
    lines = file.read_text("utf-8").splitlines(keepends=True)
    first = json.loads(lines[0])
    file.write_text(json.dumps({**first, "body": first["body"] + " Corrected."}) + "\n" + "".join(lines[1:]), "utf-8")
    with LabelsFile(labels) as kept:
        session = Session(flagged(file, scorer), kept, "ann")
        assert session.row is not None
        assert (session.decided, session.row.row) == (0, 1)


def decision(i: int) -> Decision:
    return Decision.on(
        FlaggedRow(i, i, b"", f"id{i}", f"Title {i}", f"Body\n{i} \u2028 \x00", None, "mismatch", 0.9, ()), RIGHT, "ann"
    )


@pytest.mark.parametrize("n_lost", range(1, 150, 7))
def test_a_line_torn_anywhere_is_removed_and_the_others_stay(tmp_path: Path, n_lost: int) -> None:
    path = tmp_path / "labels.jsonl"
    with LabelsFile(path) as labels:
        for i in range(3):
            labels.append(decision(i))
    whole = path.read_bytes()
    path.write_bytes(whole[:-n_lost])
    with LabelsFile(path) as labels:
        n = len(list(labels.known()))
        labels.append(decision(2))
    lines = path.read_bytes().splitlines(keepends=True)
    assert lines[:2] == whole.splitlines(keepends=True)[:2]
    assert n == (3 if n_lost == 1 else 2)  # only the end of the line was missing
    assert [json.loads(line)["id"] for line in lines] == ["id0", "id1", "id2", "id2"][: n + 1]


@pytest.mark.parametrize(
    "text",
    ["title,body,label\n", '{"a": 1}\n', "[1]\n", "plain", '{"title": "a", "body": "b"}\n', "\x00\n", '"x"\n', "[" * 10_000],
)
def test_a_file_that_holds_something_else_is_left_alone(tmp_path: Path, text: str) -> None:
    path = tmp_path / "notes.txt"
    path.write_text(text)
    with pytest.raises(InputError, match="no labelled pair"):
        LabelsFile(path)
    assert path.read_text() == text


def test_only_the_last_decision_in_the_file_can_be_taken_back(tmp_path: Path) -> None:
    path = tmp_path / "labels.jsonl"
    with LabelsFile(path) as labels:
        first, second = labels.append(decision(1)), labels.append(decision(2))
        assert not labels.take_back(first)
        assert labels.take_back(second)
        assert labels.take_back(first)
    assert path.read_bytes() == b""
