"""`MismatchClassifier` is a scikit-learn classifier over pairs."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer

from mismatch import MismatchClassifier
from mismatch.errors import InputError, MismatchError, ModelError
from mismatch.training.labels import label_codes

Pair = tuple[str, str]


@pytest.fixture(scope="module")
def labelled(pairs: list[Pair]) -> tuple[list[Pair], list[str]]:
    """Every pair, and every title with the body of another."""
    swapped = [(title, pairs[(i + 9) % len(pairs)][1]) for i, (title, _) in enumerate(pairs)]
    return pairs + swapped, ["match"] * len(pairs) + ["mismatch"] * len(swapped)


def test_a_cricket_score_over_a_report_from_syria_is_a_mismatch(
    fitted: MismatchClassifier, stray: dict[str, str], pairs: list[Pair]
) -> None:
    assert fitted.predict([(stray["title"], stray["body"]), pairs[0]]).tolist() == ["mismatch", "match"]


def test_probabilities_add_up_and_stand_in_the_order_of_the_classes(
    fitted: MismatchClassifier, labelled: tuple[list[Pair], list[str]]
) -> None:
    probability = fitted.predict_proba(labelled[0])
    assert probability.shape == (128, 2)
    assert np.allclose(probability.sum(axis=1), 1)
    assert fitted.classes_.tolist() == ["match", "mismatch"]
    is_mismatch = np.array(labelled[1]) == "mismatch"
    assert probability[is_mismatch, 1].mean() > 0.5 > probability[~is_mismatch, 1].mean()


def test_the_sign_of_the_decision_function_is_the_prediction(
    fitted: MismatchClassifier, labelled: tuple[list[Pair], list[str]]
) -> None:
    decision = fitted.decision_function(labelled[0])
    assert decision.shape == (128,)
    assert np.array_equal(decision > 0, fitted.predict(labelled[0]) == "mismatch")
    order = np.argsort(decision, kind="stable")
    assert (np.diff(fitted.predict_proba(labelled[0])[order, 1]) >= 0).all()


def test_settings_can_be_read_set_and_cloned() -> None:
    clf = MismatchClassifier(title="kop", prior=0.1)
    settings = clf.get_params()
    assert (settings["title"], settings["prior"], settings["base"]) == ("kop", 0.1, "starter")
    assert clone(clf).get_params() == settings
    assert clf.set_params(random_state=3).random_state == 3
    with pytest.raises(ValueError, match="Invalid parameter"):
        clf.set_params(nonsense=1)
    assert "kop" in repr(clf)


def test_an_unfitted_classifier_says_so(pairs: list[Pair], tmp_path: Path) -> None:
    for use in ("predict", "predict_proba", "decision_function"):
        with pytest.raises(NotFittedError):
            getattr(MismatchClassifier(), use)(pairs)
    with pytest.raises(NotFittedError):
        MismatchClassifier().save(tmp_path / "m.joblib")


def test_it_works_as_the_end_of_a_pipeline(pairs: list[Pair], stray: dict[str, str]) -> None:
    shout = FunctionTransformer(lambda X: [(title.upper(), body) for title, body in X])
    pipeline: Pipeline = make_pipeline(shout, MismatchClassifier(base=None)).fit(pairs)
    assert pipeline.predict([(stray["title"], stray["body"])]).tolist() == ["mismatch"]
    assert pipeline.predict_proba(pairs[:2]).shape == (2, 2)


@pytest.mark.parametrize("as_frame", [False, True])
def test_cross_validation_with_labels(labelled: tuple[list[Pair], list[str]], as_frame: bool) -> None:
    X: Any = pd.DataFrame(labelled[0], columns=["title", "body"]) if as_frame else labelled[0]
    clf = MismatchClassifier(base=None)
    scores = cross_val_score(clf, X, np.array(labelled[1]), cv=2, scoring="roc_auc" if as_frame else None)
    assert scores.shape == (2,)
    assert (scores > 0.6).all()


def test_a_fitted_classifier_survives_a_pickle(fitted: MismatchClassifier, labelled: tuple[list[Pair], list[str]]) -> None:
    again = pickle.loads(pickle.dumps(fitted))
    assert np.array_equal(again.decision_function(labelled[0]), fitted.decision_function(labelled[0]))
    assert again.get_params() == fitted.get_params()


def test_a_saved_model_judges_as_the_classifier_does(
    tmp_path: Path, fitted: MismatchClassifier, labelled: tuple[list[Pair], list[str]]
) -> None:
    import mismatch

    fitted.save(tmp_path / "m.joblib")
    verdicts = [verdict.verdict for verdict in mismatch.load(tmp_path / "m.joblib").score(labelled[0])]
    flagged = [verdict == "mismatch" for verdict in verdicts]
    assert flagged == (fitted.predict(labelled[0]) == "mismatch").tolist()


@pytest.mark.parametrize(
    "shape",
    [pd.DataFrame, pl.DataFrame, lambda columns: pa.table(columns), lambda columns: pa.RecordBatch.from_pydict(columns),
     lambda columns: np.array(list(zip(*columns.values(), strict=True)), object),
     lambda columns: pa.table({k: pa.array(v).dictionary_encode() for k, v in columns.items()})],
    ids=["pandas", "polars", "Arrow table", "Arrow batch", "numpy", "dictionaries"],
)  # fmt: skip
def test_the_same_pairs_give_the_same_judgement_in_any_shape(
    fitted: MismatchClassifier, pairs: list[Pair], shape: Any
) -> None:
    titles, bodies = zip(*pairs, strict=True)
    X = shape({"title": list(titles), "body": list(bodies)})
    assert np.array_equal(fitted.decision_function(X), fitted.decision_function(pairs))


def test_a_data_frame_may_have_other_columns_and_names(articles: list[dict[str, str]]) -> None:
    frame = pd.DataFrame(articles).rename(columns={"title": "kop", "body": "tekst"})
    frame["title"] = range(len(frame))  # not the title that was named
    clf = MismatchClassifier(base=None, title="kop", body="tekst").fit(frame)
    assert (clf.predict(frame) == "match").mean() > 0.9


def test_fitting_twice_gives_the_same_model(fitted: MismatchClassifier, pairs: list[Pair]) -> None:
    again = clone(fitted).fit(pairs)
    assert np.array_equal(again.decision_function(pairs), fitted.decision_function(pairs))


def test_pairs_without_text_are_judged_without_an_error(fitted: MismatchClassifier) -> None:
    decision = fitted.decision_function([(None, "a body"), ("a title", None), ("", ""), ("a \ud800 surrogate", "\x00\x1b")])
    assert decision.shape == (4,)
    assert np.isfinite(decision).all()
    nothing_shared = fitted.decision_function([("Zebra xylophone", "quarrel of kings")])
    assert (decision[:3] > 0).all() == (nothing_shared > 0).all()


def test_no_pairs_give_no_predictions(fitted: MismatchClassifier) -> None:
    assert fitted.predict([]).shape == (0,)
    assert fitted.predict_proba([]).shape == (0, 2)


@pytest.mark.parametrize(
    "X", ["a string", 7, [1, 2], ["ab", "cd"], [("a", "b", "c")], [("a", 1)], pd.DataFrame({"title": ["a"]}),
          [{"a": 1, "b": 2}]],
    ids=str,
)  # fmt: skip
def test_what_is_no_pairs_is_refused_in_words(fitted: MismatchClassifier, X: Any) -> None:
    with pytest.raises(InputError):
        fitted.predict(X)


def test_training_on_too_little_is_refused(pairs: list[Pair]) -> None:
    for few in ([], pairs[:1], pairs[:10], [(title, pairs[0][1]) for title, _ in pairs]):
        with pytest.raises(MismatchError):
            MismatchClassifier(base=None).fit(few)
    with pytest.raises(MismatchError, match="labelled match"):
        MismatchClassifier(base=None).fit(pairs, ["mismatch"] * len(pairs))
    with pytest.raises(InputError, match="64 pairs but 3 labels"):
        MismatchClassifier(base=None).fit(pairs, ["match"] * 3)


@pytest.mark.parametrize("setting", [{"prior": 0}, {"prior": 1.0}, {"max_false_flags": 2}, {"confidence": -0.1}])
def test_shares_outside_of_nought_and_one_are_refused(pairs: list[Pair], setting: dict[str, float]) -> None:
    with pytest.raises(InputError, match=f"{next(iter(setting))}=.* must lie between 0 and 1"):
        MismatchClassifier(base=None, **setting).fit(pairs)


@pytest.mark.parametrize(
    "setting",
    [{"prior": "0.1"}, {"confidence": None}, {"max_false_flags": True}, {"prior": float("nan")}, {"random_state": "x"},
     {"random_state": -1}, {"base": 3}, {"base": "a\0b"}, {"base": "starter", "base_sha256": 3}],
    ids=str,
)  # fmt: skip
def test_settings_of_another_kind_are_refused_in_words(pairs: list[Pair], setting: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        MismatchClassifier(**{"base": None, **setting}).fit(pairs)


@pytest.mark.parametrize("path", [None, 1.5, "a\0b", "\ud800"])
def test_a_model_is_saved_under_a_path_and_nowhere_else(fitted: MismatchClassifier, path: Any) -> None:
    with pytest.raises(ModelError, match="the model cannot be written"):
        fitted.save(path)


def test_an_unusable_base_is_refused(pairs: list[Pair], tmp_path: Path) -> None:
    with pytest.raises(ModelError):
        MismatchClassifier(base=tmp_path / "none.joblib").fit(pairs)


@pytest.mark.parametrize(
    ("labels", "codes"),
    [(["match", "mismatch"], [0, 1]), ([" Related ", "UNRELATED"], [0, 1]), ([False, True], [0, 1]), ([0, 1], [0, 1]),
     (np.array([0.0, 1.0]), [0, 1]), (["no", "yes"], [0, 1]), (pd.Series(["match", "mismatch"]), [0, 1])],
    ids=str,
)  # fmt: skip
def test_labels_are_known_in_many_spellings(labels: Any, codes: list[int]) -> None:
    assert label_codes(labels).tolist() == codes


@pytest.mark.parametrize("label", ["maybe", 2, None, 0.5, float("nan"), "", pytest.param(10**5000, id="long")])
def test_any_other_label_is_refused_by_name(label: Any) -> None:
    with pytest.raises(InputError, match=r"row 2.*use match or mismatch"):
        label_codes(["match", label])


@pytest.mark.parametrize("labels", [np.array(0), "match", None, 1], ids=str)
def test_one_label_is_no_column_of_labels(labels: Any) -> None:
    with pytest.raises(InputError, match="labels are a sequence or a column"):
        label_codes(labels)
