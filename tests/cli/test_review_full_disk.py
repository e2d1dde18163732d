"""A review on a disk that is full: what was not kept is said, and what was kept stays in step."""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("needs limits on the size of files", allow_module_level=True)

from disk_full import files_of_at_most

from mismatch.batch.review.flagged import Choice
from mismatch.batch.review.labels_file import LabelsFile
from mismatch.batch.review.shared import SharedReview
from mismatch.batch.scored import ScoredRows
from mismatch.errors import InputError
from mismatch.judging.scorer import Scorer
from mismatch.records.reading import Reader

ANN = "a" * 16, "ann"


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    return tmp_path / "labels.jsonl"


@pytest.fixture
def review(tmp_path: Path, labels: Path, scorer: Scorer) -> Iterator[SharedReview]:
    """Twenty rows with long bodies, ten of them decided."""
    scored = {"mismatch_verdict": "mismatch", "mismatch_probability": 0.9, "mismatch_reasons": []}
    rows = [{"title": f"Rovers win {i}", "body": f"The harbour on day {i}. " * 1000, **scored} for i in range(20)]
    file = tmp_path / "scored.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = SharedReview(Choice(order="file"), tmp_path / "labels.db", lines=LabelsFile(labels))
    for _ in found.rows.reading(ScoredRows(Reader([file]), scorer)):
        pass
    found.begin()
    for _ in range(10):
        _decide(found)
    found.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    yield found
    found.close()


def _decide(review: SharedReview) -> None:
    row = review.next(*ANN)
    assert row is not None
    review.decide(*ANN, row, "match")


def _rows_of(labels: Path) -> list[int]:
    return [json.loads(line)["row"] for line in labels.read_bytes().splitlines()]


def test_after_a_full_database_decisions_are_kept_again(review: SharedReview, labels: Path) -> None:
    ((pages,),) = review.connection.execute("PRAGMA page_count")
    review.connection.execute(f"PRAGMA max_page_count = {pages}")
    for _ in range(2):
        with pytest.raises(sqlite3.OperationalError, match="full"):
            _decide(review)
    assert _rows_of(labels) == list(range(1, 11))
    review.connection.execute("PRAGMA max_page_count = 1000000")
    _decide(review)
    assert _rows_of(labels) == list(range(1, 12))


def test_a_decision_that_the_labels_file_had_no_room_for_is_in_it_later(review: SharedReview, labels: Path) -> None:
    before = labels.read_bytes()
    with files_of_at_most(len(before) + 10), pytest.raises(InputError, match="not kept"):
        _decide(review)
    assert labels.read_bytes() == before
    _decide(review)
    assert _rows_of(labels) == list(range(1, 13))


def test_taking_back_on_a_full_disk_costs_no_other_decision(review: SharedReview, labels: Path) -> None:
    before = labels.read_bytes()
    with files_of_at_most(len(before) // 2), pytest.raises(InputError, match="cannot be written"):
        review.undo(*ANN)
    assert labels.read_bytes() == before
    _decide(review)
    _decide(review)
    assert _rows_of(labels) == list(range(1, 12))
    with pytest.raises(InputError, match="another review"):
        LabelsFile(labels)
