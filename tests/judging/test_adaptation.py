"""A model adapts to a stream, by what the rows are and by nothing else, and to no stream that shows nothing."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from mismatch.judging.adaptation import MIN_PAIRS, adapt
from mismatch.judging.scorer import Scorer, load
from mismatch.judging.verdicts import VERDICTS
from mismatch.model.model import Model
from mismatch.model.model_file import load_model, save_model
from mismatch.records.tables import read_pairs

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def starter() -> Model:
    return load().model


@pytest.fixture(scope="module")
def right() -> pa.Table:
    """Ordinary pairs in English."""
    return read_pairs([ROOT / "training_data" / "articles" / "en.jsonl"])


def with_wrong(table: pa.Table, share: float, seed: int = 0) -> tuple[pa.Table, np.ndarray]:
    """Some bodies moved on by one among themselves, and which."""
    rng = np.random.default_rng(seed)
    chosen = np.sort(rng.choice(table.num_rows, max(2, round(share * table.num_rows)), replace=False))
    body = np.arange(table.num_rows)
    body[chosen] = np.roll(chosen, 1)
    wrong = np.zeros(table.num_rows, bool)
    wrong[chosen] = True
    return table.set_column(table.column_names.index("body"), "body", table["body"].take(pa.array(body))), wrong


@pytest.mark.parametrize("share", [0.05, 0.5, 1.0])
def test_wrong_rows_are_found_at_any_share_and_the_share_is_known(starter: Model, right: pa.Table, share: float) -> None:
    table, wrong = with_wrong(right, share)
    model = adapt(starter, table).model
    flagged = Scorer(model).judge(table["title"], table["body"], table["source"]).numbers == 1
    assert flagged[wrong].mean() > 0.8
    assert flagged[~wrong].mean() < 0.03 if share < 1 else True
    assert model.stream is not None and model.stream.share_interval is not None
    low, high = model.stream.share_interval
    assert low <= wrong.mean() <= high


def test_verdict_and_probability_never_contradict_each_other(starter: Model, right: pa.Table) -> None:
    table, _ = with_wrong(right, 0.1)
    for model in (starter, adapt(starter, table).model):
        rows = Scorer(model).score_table(table).to_pylist()
        for row in rows:
            probability = row["mismatch_probability"]
            if row["mismatch_verdict"] == "mismatch":
                assert probability >= 0.5
            elif row["mismatch_verdict"] == "match":
                assert probability < 0.1
            elif row["mismatch_verdict"] == "unsure":
                assert probability >= 0.1


def test_the_order_of_the_rows_changes_nothing(starter: Model, right: pa.Table, tmp_path: Path) -> None:
    table, _ = with_wrong(right, 0.05)
    orders = [list(range(table.num_rows)), list(range(table.num_rows))[::-1], list(range(table.num_rows))]
    random.Random(1).shuffle(orders[2])
    files = []
    for i, order in enumerate(orders):
        path = tmp_path / f"{i}.joblib"
        save_model(adapt(starter, table.take(pa.array(order))).model, path)
        files.append(path.read_bytes())
    assert files[0] == files[1] == files[2]


def test_an_adapted_model_judges_from_its_file_as_before(starter: Model, right: pa.Table, tmp_path: Path) -> None:
    table, _ = with_wrong(right, 0.05)
    adapted = adapt(starter, table).model
    save_model(adapted, tmp_path / "adapted.joblib")
    again = load_model(tmp_path / "adapted.joblib")
    assert again.is_adapted
    assert again.stream is not None and adapted.stream is not None
    assert (again.stream.share, again.stream.share_interval) == (adapted.stream.share, adapted.stream.share_interval)
    assert Scorer(again).score_table(table).equals(Scorer(adapted).score_table(table))


def _repeated(rows: pa.Table, name: str) -> pa.Table:
    text = pa.array([rows[name][0].as_py()] * rows.num_rows, pa.large_string())
    return rows.set_column(rows.column_names.index(name), name, text)


def _author(i: int) -> str:
    """One of 400 names; no article has them."""
    syllables = ["Bra", "Quo", "Vel", "Tsu", "Hje", "Mak", "Yor", "Fli", "Gre", "Dov", "Zam", "Pli", "Oru", "Kwe", "Sny"]
    generator = random.Random(i % 400)
    return " ".join("".join(generator.sample(syllables, 2)).capitalize() + "vink" for _ in range(2))


SHOWS_NOTHING: dict[str, Callable[[pa.Table], pa.Table]] = {
    "one title": lambda rows: _repeated(rows, "title"),
    "one body": lambda rows: _repeated(rows, "body"),
    "all rows the same": lambda rows: _repeated(_repeated(rows, "title"), "body"),
    "too few rows": lambda rows: rows.slice(0, MIN_PAIRS - 1),
    "ids as titles": lambda rows: rows.set_column(
        rows.column_names.index("title"), "title", pa.array([f"a{i:06d}" for i in range(rows.num_rows)], pa.large_string())
    ),
    "authors as titles": lambda rows: rows.set_column(
        rows.column_names.index("title"), "title", pa.array([_author(i) for i in range(rows.num_rows)], pa.large_string())
    ),
    "no rows": lambda rows: rows.slice(0, 0),
}


@pytest.mark.parametrize("kind", SHOWS_NOTHING)
def test_to_a_stream_that_shows_nothing_it_does_not_adapt_and_says_why(starter: Model, right: pa.Table, kind: str) -> None:
    adaptation = adapt(starter, SHOWS_NOTHING[kind](right))
    assert not adaptation.learned
    assert adaptation.model.stream is starter.stream
    assert adaptation.words.startswith("the model is used as it is")


def test_titles_by_which_nothing_can_be_told_are_never_called_mismatches(starter: Model, right: pa.Table) -> None:
    table = SHOWS_NOTHING["authors as titles"](right)
    keen = replace(starter, calibration=replace(starter.calibration, promise="").with_prior(0.5))
    adaptation = adapt(keen, table)
    assert "is that the column of titles?" in adaptation.words
    judged, as_given = (Scorer(model).judge(table["title"], table["body"]) for model in (adaptation.model, keen))
    assert (as_given.numbers == VERDICTS.index("mismatch")).any()  # else the test says little
    assert not (judged.numbers == VERDICTS.index("mismatch")).any()
    probability = judged.columns["mismatch_probability"].to_numpy(zero_copy_only=False)
    assert np.nanmax(probability) < 0.5
    fits = as_given.numbers == VERDICTS.index("match")
    assert (judged.numbers[fits] == VERDICTS.index("match")).all()


def test_half_of_one_language_and_half_of_another_are_swapped_among_themselves(starter: Model, right: pa.Table) -> None:
    folder = ROOT / "training_data" / "articles"
    others = read_pairs([path for path in sorted(folder.glob("*.jsonl")) if path.stem != "en"])
    table, wrong = with_wrong(pa.concat_tables([right.slice(0, others.num_rows), others]), 0.05)
    model = adapt(starter, table).model
    flagged = Scorer(model).judge(table["title"], table["body"], table["source"]).numbers == 1
    assert flagged[~wrong].mean() < 0.02


@pytest.mark.parametrize("n", [30, 36, 39, 42])
def test_of_a_few_rows_with_many_wrong_ones_no_right_one_is_called_wrong(starter: Model, right: pa.Table, n: int) -> None:
    rows, wrong = np.arange(n), np.arange(n) % 5 == 0
    rows[wrong] = np.roll(rows[wrong], -1)
    table = right.slice(0, n)
    table = table.set_column(table.column_names.index("body"), "body", table["body"].take(pa.array(rows)))
    model = adapt(starter, table).model  # a step that is too long once led to 31 of 39
    flagged = Scorer(model).judge(table["title"], table["body"], table["source"]).numbers == VERDICTS.index("mismatch")
    assert not flagged[~wrong].any()
    if model.stream is not None and model.stream.ratio is not None:
        assert np.abs(model.stream.ratio.coefficients).max() < 10


def test_few_rows_are_enough(starter: Model, right: pa.Table) -> None:
    table, _ = with_wrong(right.slice(0, MIN_PAIRS + 20), 0.1)
    adaptation = adapt(starter, table)
    assert adaptation.model.is_adapted
    assert f"{MIN_PAIRS + 20}" in adaptation.words


def test_python_adapts_a_table_by_itself_and_a_row_never(right: pa.Table) -> None:
    table, wrong = with_wrong(right, 0.3)
    scorer = load()
    verdicts: list[Any] = scorer.score(table)["mismatch_verdict"].to_pylist()
    assert np.mean([v == "mismatch" for v, w in zip(verdicts, wrong, strict=True) if w]) > 0.85
    assert not scorer.model.is_adapted
    adapted = scorer.adapt(table)
    assert adapted.model.is_adapted
    assert adapted.score(table)["mismatch_verdict"].to_pylist() == verdicts
