"""A title that recurs over bodies that it does not fit flags none of them; every other title does as before."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from mismatch.judging.adaptation import adapt
from mismatch.judging.explanation import explain
from mismatch.judging.scorer import Scorer, load
from mismatch.model.model import Model
from mismatch.model.model_file import load_model, save_model
from mismatch.model.stream_profile import StreamProfile
from mismatch.records.tables import read_pairs
from mismatch.screening.recurring_titles import MAX_RECURRING, NO_TITLES

ROOT = Path(__file__).parent.parent.parent
N_VAGUE, N_FITTING, N_WRONG = 12, 6, 20
HARBOURS = ["Brixham", "Leith", "Fraserburgh", "Newlyn", "Peterhead", "Whitby"]


def vague(day: int) -> str:
    return f"Wandering lanterns, {day} May"


def fitting_body(k: int) -> str:
    return (
        f"The trawlers that landed in {HARBOURS[k]} brought {k + 3} boxes of haddock. Prices at the auction were those of "
        f"last week, said the auctioneer, who sold cod and {k + 11} crates of langoustine to buyers from the town. "
        f"The trawlers leave again on the {k + 2}th, when the swell from the {('north', 'south')[k % 2]} has gone down."
    )


FITTING = "Haddock auction: what the trawlers landed"


@pytest.fixture(scope="module")
def starter() -> Model:
    return load().model


@pytest.fixture(scope="module")
def stream() -> pa.Table:
    """Articles: the first have one vague title, the next the bodies of others; behind them a title that recurs and fits."""
    table = read_pairs([ROOT / "training_data" / "articles" / "en.jsonl"]).select(["title", "body"])
    titles, bodies = table["title"].to_pylist(), table["body"].to_pylist()
    titles[:N_VAGUE] = [vague(day) for day in range(1, N_VAGUE + 1)]
    wrong = slice(N_VAGUE, N_VAGUE + N_WRONG)
    bodies[wrong] = bodies[wrong][1:] + bodies[wrong][:1]
    titles += [FITTING] * N_FITTING
    bodies += [fitting_body(k) for k in range(N_FITTING)]
    return pa.table({"title": pa.array(titles, pa.large_string()), "body": pa.array(bodies, pa.large_string())})


@pytest.fixture(scope="module")
def adapted(starter: Model, stream: pa.Table) -> Model:
    return adapt(starter, stream).model


def judged(model: Model, table: pa.Table) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = Scorer(model).score_table(table).to_pylist()
    return rows


def without(model: Model) -> Model:
    """The same model without titles that recur."""
    assert model.stream is not None
    return replace(model, stream=replace(model.stream, recurring=NO_TITLES))


def test_a_vague_title_that_recurs_is_unsure_where_it_was_a_mismatch_and_nothing_else_changes(
    adapted: Model, stream: pa.Table
) -> None:
    before, after = judged(without(adapted), stream), judged(adapted, stream)
    flagged = [row for row in before[:N_VAGUE] if row["mismatch_verdict"] == "mismatch"]
    assert len(flagged) >= N_VAGUE // 4  # else this says little
    for was, now in zip(before[:N_VAGUE], after[:N_VAGUE], strict=True):
        if was["mismatch_verdict"] == "mismatch":
            assert now["mismatch_verdict"] == "unsure"
            assert 0.1 <= now["mismatch_probability"] < 0.5
            assert now["mismatch_reasons"] == was["mismatch_reasons"]
        else:
            assert now == was
    assert after[N_VAGUE:] == before[N_VAGUE:]


def test_the_vague_title_of_another_day_is_known_too(adapted: Model, stream: pa.Table) -> None:
    body = stream["body"][100].as_py()
    for day in (28, 31):
        assert Scorer(without(adapted)).verdicts([vague(day)], [body])[0].verdict == "mismatch"
        said = Scorer(adapted).verdicts([vague(day)], [body])[0]
        assert said.verdict == "unsure"
        assert explain(Scorer(adapted), vague(day), body).verdict == said


def test_a_title_that_recurs_and_fits_still_flags_a_foreign_body(adapted: Model, stream: pa.Table) -> None:
    own, foreign = Scorer(adapted).verdicts([FITTING] * 2, [fitting_body(0), stream["body"][100].as_py()])
    assert (own.verdict, foreign.verdict) == ("match", "mismatch")


def test_where_every_row_is_wrong_a_title_that_recurs_is_wrong_too(starter: Model, stream: pa.Table) -> None:
    shifted = stream.set_column(1, "body", stream["body"].take(pa.array(np.roll(np.arange(stream.num_rows), N_FITTING))))
    model = adapt(starter, shifted).model
    assert model.stream is not None and model.stream.share is not None
    assert model.stream.share > 0.9
    assert len(model.stream.recurring) == 0


def test_the_file_keeps_the_titles(adapted: Model, stream: pa.Table, tmp_path: Path) -> None:
    save_model(adapted, tmp_path / "adapted.joblib")
    again = load_model(tmp_path / "adapted.joblib")
    assert adapted.stream is not None and again.stream is not None
    assert len(again.stream.recurring) == 1
    assert again.stream.recurring.tolist() == adapted.stream.recurring.tolist()
    assert judged(again, stream) == judged(adapted, stream)


def test_a_file_that_knows_of_no_such_titles_is_read(adapted: Model) -> None:
    assert adapted.stream is not None
    plain = adapted.stream.to_plain()
    del plain["recurring"]
    again = StreamProfile.from_plain(plain)
    assert len(again.recurring) == 0
    assert again.share == adapted.stream.share


@pytest.mark.parametrize(
    "damaged",
    [
        np.array([5, 3], np.uint64),
        np.array([3, 3], np.uint64),
        np.arange(MAX_RECURRING + 1, dtype=np.uint64),
        np.array([3, 5], np.int64),
        np.array([[3, 5]], np.uint64),
    ],
    ids=["disordered", "twice", "too many", "another type", "another shape"],
)
def test_titles_in_a_file_that_make_no_sense_are_refused(adapted: Model, damaged: np.ndarray) -> None:
    assert adapted.stream is not None
    plain = replace(adapted.stream, recurring=damaged).to_plain()
    with pytest.raises(ValueError, match="recur"):
        StreamProfile.from_plain(plain)
