"""`cross_val_score` and `GridSearchCV` with labels of every kind and without any, and never a silent NaN."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from mismatch import InputError, MismatchClassifier, swap_scorer

Pair = tuple[str, str]
CLF = MismatchClassifier(base=None)


@pytest.fixture(scope="module")
def labelled(pairs: list[Pair]) -> tuple[list[Pair], list[int]]:
    """Every pair, and every title with the body of another; one in eight labels is wrong, so that no score is 1."""
    swapped = [(title, pairs[(i + 9) % len(pairs)][1]) for i, (title, _) in enumerate(pairs)]
    labels = [int(i % 8 == 0) for i in range(len(pairs))] + [int(i % 8 != 0) for i in range(len(pairs))]
    return pairs + swapped, labels


def _words(labels: list[int]) -> list[str]:
    return ["mismatch" if label else "match" for label in labels]


LABELS: dict[str, Callable[[list[int]], Any]] = {
    "numbers": list,
    "other words": lambda labels: np.array(["yes" if label else "no" for label in labels]),
    "booleans": lambda labels: np.array(labels, bool),
    "pandas": lambda labels: pd.Series(labels, index=range(100, 100 + len(labels))),
    "polars words": lambda labels: pl.Series(_words(labels)),
}


@pytest.mark.parametrize("form", LABELS)
def test_labels_of_every_form_give_the_same_score(
    fitted: MismatchClassifier, labelled: tuple[list[Pair], list[int]], form: str
) -> None:
    assert fitted.score(labelled[0], LABELS[form](labelled[1])) == pytest.approx(7 / 8, abs=0.02)


@pytest.mark.parametrize("form", LABELS)
def test_scorers_of_scikit_learn_take_labels_of_every_form(labelled: tuple[list[Pair], list[int]], form: str) -> None:
    X, y = labelled[0], LABELS[form]([0] * 64 + [1] * 64)
    clf = MismatchClassifier(base=None).fit(X, y)
    given = y.to_list() if hasattr(y, "to_list") else list(y)
    assert set(clf.predict(X).tolist()) == set(given)
    scores = [cross_val_score(CLF, X, y, cv=2, scoring=scoring, error_score="raise") for scoring in (None, "accuracy")]
    assert np.array_equal(*scores)
    assert (scores[0] > 0.9).all()


@pytest.mark.parametrize(
    "shape", [list, pd.DataFrame, pl.DataFrame, pa.Table.from_pylist], ids=["rows", "pandas", "polars", "Arrow"]
)
def test_cross_validation_without_labels_swaps_bodies(articles: list[dict[str, str]], shape: Any) -> None:
    X = shape([{"headline": row["title"], "text": row["body"], "source": row["source"]} for row in articles])
    scores = cross_val_score(CLF, X, cv=2, error_score="raise")
    assert scores.shape == (2,)
    assert (scores > 0.9).all()


def test_a_grid_is_searched_without_labels(pairs: list[Pair]) -> None:
    grid = GridSearchCV(CLF, {"max_false_flags": [0.01, 0.2]}, cv=2, scoring=swap_scorer("roc_auc"), error_score="raise")
    found = grid.fit(pairs)
    assert np.isfinite(found.cv_results_["mean_test_score"]).all()
    assert found.best_estimator_.predict(pairs[:1]).tolist() == ["match"]


def test_pairs_that_do_not_belong_together_score_badly(fitted: MismatchClassifier, pairs: list[Pair]) -> None:
    swapped = [(title, pairs[(i + 9) % len(pairs)][1]) for i, (title, _) in enumerate(pairs)]
    assert fitted.score(pairs) > 0.9
    assert fitted.score(swapped) == pytest.approx(0.5, abs=0.05)


def test_the_scorer_measures_what_it_is_asked_for(fitted: MismatchClassifier, pairs: list[Pair]) -> None:
    assert swap_scorer()(fitted, pairs) == fitted.score(pairs)
    assert swap_scorer("roc_auc")(fitted, pairs) > 0.95
    few, more = (swap_scorer(rate)(fitted, pairs) for rate in (0.0, 0.5))
    assert 0 <= few <= more <= 1
    again = pickle.loads(pickle.dumps(swap_scorer("roc_auc")))
    assert again(fitted, pairs) == swap_scorer("roc_auc")(fitted, pairs)


def test_the_scorer_works_on_a_pipeline(pairs: list[Pair]) -> None:
    shout = FunctionTransformer(lambda X: [(title.upper(), body) for title, body in X])
    pipeline = make_pipeline(shout, MismatchClassifier(base=None))
    scores = cross_val_score(pipeline, pairs, cv=2, scoring=swap_scorer("roc_auc"), error_score="raise")
    assert (scores > 0.9).all()


def test_what_cannot_be_swapped_is_refused(fitted: MismatchClassifier, pairs: list[Pair]) -> None:
    for some in ([], pairs[:1], [(None, ""), ("", None)]):
        with pytest.raises(InputError, match="no body can be swapped"):
            fitted.score(some)
    with pytest.raises(InputError, match="2 pairs but 1 labels"):
        fitted.score(pairs[:2], ["match"])
    with pytest.raises(InputError, match="weights go with labels"):
        fitted.score(pairs, sample_weight=np.ones(len(pairs)))


def test_weights_count(fitted: MismatchClassifier, labelled: tuple[list[Pair], list[int]]) -> None:
    X, y = labelled
    right = fitted.predict(X) == np.where(np.array(y) == 1, "mismatch", "match")
    assert fitted.score(X, y, sample_weight=right.astype(float)) == 1


def test_steps_are_said_when_asked_for(pairs: list[Pair], capsys: pytest.CaptureFixture[str]) -> None:
    MismatchClassifier(base=None).fit(pairs)
    assert capsys.readouterr() == ("", "")
    MismatchClassifier(base=None).fit(pairs, progress=True)
    assert "fitting the forest" in capsys.readouterr().err
