"""A model knows what it learned from, and is not taken for one that does not."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from ordinary_pairs import PAIRS

from mismatch.errors import ModelError
from mismatch.evaluation.operating_point import Promise, calibrate
from mismatch.judging.scorer import Scorer
from mismatch.judging.swaps import Pairs
from mismatch.model.model_file import load_model, save_model
from mismatch.model.starter import starter_path
from mismatch.records.tables import read_pairs
from mismatch.terms.near_duplicates import sequence_hashes
from mismatch.terms.text_buffers import text_buffers
from mismatch.training.fingerprints import MAX_KEPT, fingerprints_of, kept, share_known
from mismatch.training.recipe import train

TABLE = pa.table({"title": [title for _, _, title, _ in PAIRS], "body": [body for _, _, _, body in PAIRS]})


def of(*bodies: str) -> np.ndarray:
    return fingerprints_of(sequence_hashes(text_buffers(pa.array(bodies))))


def test_a_body_is_known_again_whatever_its_case_and_spaces() -> None:
    one, again, other = of("The bridge was closed.", "the  BRIDGE was closed", "The bridge was opened.")
    assert one == again != other


def test_pairs_bring_the_hashes_that_fingerprints_are_made_of() -> None:
    pairs = Pairs.from_columns(TABLE["title"], TABLE["body"])
    assert fingerprints_of(pairs.body_hashes).tolist() == of(*TABLE["body"].to_pylist()).tolist()


def test_the_share_that_was_seen_is_counted_in_different_bodies() -> None:
    seen = kept(of("one body here", "another body there"))
    assert share_known(seen, of("one body here", "one body here", "a third body", "a fourth one")) == pytest.approx(1 / 3)
    assert share_known(None, of("one body here")) == 0
    assert share_known(seen, of()) == 0


def test_of_many_a_sample_is_kept_from_which_the_share_is_estimated() -> None:
    rng = np.random.default_rng(0)
    first, second = (rng.integers(0, 1 << 32, 4 * MAX_KEPT, dtype=np.uint64).astype(np.uint32) for _ in range(2))
    seen = kept(first)
    assert len(seen) == MAX_KEPT and (np.diff(seen.astype(np.int64)) > 0).all()
    half = np.concatenate([first[: MAX_KEPT // 2], second[: MAX_KEPT // 2]])
    assert share_known(seen, half) == pytest.approx(0.5, abs=0.01)


def test_a_model_keeps_what_it_and_its_base_learned_from() -> None:
    half = TABLE.num_rows // 2
    base = train(TABLE.slice(0, half)).model
    model = train(TABLE.slice(half), base=base).model
    assert share_known(base.fingerprints, of(*TABLE["body"].to_pylist())) == pytest.approx(0.5, abs=0.02)
    assert share_known(model.fingerprints, of(*TABLE["body"].to_pylist())) == 1


def test_few_pairs_that_the_base_has_seen_leave_its_head_alone() -> None:
    base = train(TABLE).model
    again = train(TABLE, base=base).model
    assert again.card["pairs"]["seen_by_base"] == 1
    assert again.card["pairs"]["own_head"] == 0
    assert np.array_equal(again.forest.value, base.forest.value)


def test_many_pairs_that_the_base_has_seen_are_learned_from_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mismatch.training.lender.MIN_PAIRS_ANEW", 10)
    base = train(TABLE).model
    again = train(TABLE, base=base).model
    assert again.card["pairs"]["own_head"] == 1
    stranger = replace(base, fingerprints=None)
    assert train(TABLE, base=stranger).model.card["pairs"]["seen_by_base"] == 0


def test_a_head_of_a_few_pairs_never_stands_alone() -> None:
    """The starter remembers these pairs; where it does not say so, a single step tells few of them from their swaps."""
    starter = replace(load_model(starter_path()), fingerprints=None)
    english = read_pairs([Path(__file__).parent.parent.parent / "training_data" / "articles" / "en.jsonl"])
    few = train(english.slice(0, 40), base=starter).model
    assert few.card["pairs"]["own_head"] <= 0.25
    rest = english.slice(40, 200)
    titles = rest["title"].to_pylist()
    matched, swapped = (
        Scorer(few).score_table(
            rest.set_column(rest.column_names.index("title"), "title", pa.array(some, pa.large_string()))
        )
        for some in (titles, titles[1:] + titles[:1])
    )
    right, wrong = (np.array(scored["mismatch_probability"].to_pylist(), float) for scored in (matched, swapped))
    assert (wrong > np.quantile(right, 0.9)).mean() > 0.6


def test_calibration_says_when_the_model_learned_from_the_pairs_in_whatever_file() -> None:
    half = TABLE.num_rows // 2
    model = train(TABLE.slice(0, half)).model
    for table, said in ((TABLE, True), (TABLE.slice(half), False)):
        notices = calibrate(model, table, Promise(0.1, 0.5)).notices
        assert any("has learned from" in notice for notice in notices) is said


def test_evaluation_says_that_its_figures_are_too_good(
    invoke: Any, tmp_path: Path, model_path: Path, pairs_file: Path, articles: list[dict[str, str]]
) -> None:
    shown = invoke("evaluate", pairs_file, "--json", "--model", model_path)
    assert "has learned from 100% of these articles" in shown.err
    other = tmp_path / "other.jsonl"
    rows = [{**row, "body": " ".join(reversed(row["body"].split()))} for row in articles]
    other.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    assert "has learned" not in invoke("evaluate", other, "--json", "--model", model_path).err


def test_the_fingerprints_stand_in_the_model_file_and_must_be_in_order(tmp_path: Path) -> None:
    model = train(TABLE).model
    save_model(model, tmp_path / "a.joblib")
    loaded = load_model(tmp_path / "a.joblib")
    assert (
        model.fingerprints is not None
        and loaded.fingerprints is not None
        and np.array_equal(model.fingerprints, loaded.fingerprints)
    )
    save_model(replace(model, fingerprints=model.fingerprints[::-1]), tmp_path / "b.joblib")
    with pytest.raises(ModelError, match="not in their order"):
        load_model(tmp_path / "b.joblib")


def test_the_command_says_that_the_base_has_seen_the_archive(
    invoke: Any, tmp_path: Path, model_path: Path, pairs_file: Path
) -> None:
    ended = invoke("train", pairs_file, "--base", model_path, "--out", tmp_path / "again.joblib")
    assert ended.code == 0
    assert "the base model has seen 100% of these articles: its forest was kept" in ended.err
