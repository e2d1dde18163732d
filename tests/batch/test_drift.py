"""`mismatch sources` tells a stream that is no longer what its model was adapted to, and a baseline of another model."""

from __future__ import annotations

import json
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import mismatch
from mismatch.batch.drift import LONGEST, SampledPairs

STORIES = runpy.run_path(str(Path(__file__).parent.parent / "integrations" / "stories.py"))["rows"]


@pytest.fixture(scope="module")
def feed(tmp_path_factory: pytest.TempPathFactory, write_rows: Callable[..., Path]) -> tuple[Path, Path]:
    """A feed, and the starter as it was adapted to it."""
    folder, rows = tmp_path_factory.mktemp("feed"), STORIES(120)
    mismatch.load().adapt(rows).save(folder / "feed.joblib")
    return write_rows(folder / "feed.jsonl", rows), folder / "feed.joblib"


def test_a_stream_that_has_changed_is_told_from_one_that_has_not(
    feed: tuple[Path, Path], tmp_path: Path, invoke: Any, write_rows: Callable[..., Path], model_path: Path
) -> None:
    path, adapted = feed
    leads = [{**row, "body": row["body"][: len(row["body"]) // 4]} for row in STORIES(120)]
    other = write_rows(tmp_path / "other.jsonl", leads)
    same, changed = (json.loads(invoke("sources", given, "--model", adapted, "--json").out) for given in (path, other))
    assert (same["drift"]["calibrate_again"], changed["drift"]["calibrate_again"]) == (False, True)
    shown = " ".join(invoke("sources", other, "--model", adapted).out.decode().split())
    assert "The stream is no longer what the model was adapted to: adapted again, it would change" in shown
    assert json.loads(invoke("sources", path, "--model", model_path, "--json").out)["drift"] is None  # adapted to nothing


def test_a_baseline_that_another_model_made_is_told_of(
    feed: tuple[Path, Path], tmp_path: Path, invoke: Any, model_path: Path
) -> None:
    path, adapted = feed
    kept = tmp_path / "baseline.json"
    assert invoke("sources", path, "--save-baseline", kept, "--model", model_path).code == 0
    words = "the baseline was judged by another model: part of any change may be the model's"
    assert words in invoke("sources", path, "--baseline", kept, "--model", adapted).said
    assert words not in invoke("sources", path, "--baseline", kept, "--model", model_path).said


def test_a_sample_holds_no_pair_that_is_very_long() -> None:
    sample = SampledPairs(rows=4)
    for _ in range(20):
        bodies = ["short", "y" * (LONGEST + 1), None]
        sample.add(pa.record_batch({"title": ["a", "b", "c"], "body": bodies, "source": ["s"] * 3}))
    assert sample.table.num_rows == 4
    assert set(sample.table["title"].to_pylist()) <= {"a", "c"}
