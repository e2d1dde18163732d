"""What is promised of the starter: its weights, its calibration and its anchors."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from ordinary_pairs import CRICKET_TITLE, SYRIA_BODY

from mismatch import Scorer
from mismatch.errors import ModelError
from mismatch.features.grams import GRAM_FEATURES
from mismatch.features.overlap_features import FEATURE_NAMES, N_FEATURES
from mismatch.judging.comparison import compare
from mismatch.model.model import Model
from mismatch.model.model_file import load_model, save_model
from mismatch.model.starter import starter_path
from mismatch.terms.lexicon import look_up
from mismatch.terms.tokens import terms_of


@pytest.fixture(scope="module")
def starter() -> Model:
    return load_model(starter_path())


def idf_of(starter: Model, word: str) -> float:
    return float(look_up.alone(np.uint64(terms_of(word)[0][0]), starter.lexicon.term_table)[0])


@pytest.mark.parametrize("word", ["the", "la", "der", "que", "na", "на", "что", "de", "ve", "في", "का", "और"])
def test_function_words_of_no_language_are_evidence(starter: Model, word: str) -> None:
    assert idf_of(starter, word) < 2.5


@pytest.mark.parametrize("word", ["cricket", "Erdbeben", "terremoto", "землетрясение", "zelzele"])
def test_names_of_things_are_evidence(starter: Model, word: str) -> None:
    assert idf_of(starter, word) > 4.5


def test_what_is_said_in_a_word_is_said_by_the_probability_too(starter: Model) -> None:
    calibration = starter.calibration
    around = np.array(
        [calibration.unsure_cut, np.nextafter(calibration.unsure_cut, 9), calibration.cut, np.nextafter(calibration.cut, 9)]
    )
    below, unsure, still_unsure, above = calibration.probability(around).tolist()
    assert below == pytest.approx(0.1, abs=1e-4)
    assert unsure == pytest.approx(0.1, abs=1e-4)
    assert still_unsure == pytest.approx(0.5)
    assert above >= 0.5


def test_a_cricket_score_over_a_report_from_syria_is_almost_certainly_wrong(starter: Model) -> None:
    body = SYRIA_BODY + (
        " The envoy said that any use of chemical weapons against the last rebel stronghold in Idlib would be a reckless "
        "escalation, and that the government in Damascus had been warned. Diplomats from Moscow and Ankara are to meet next "
        "week to speak about a buffer zone on the border, and aid agencies fear that hundreds of thousands of people may be "
        "driven from their homes if the army attacks. Convoys need permits for each road, a doctor in the town said, and "
        "medicines are taken off the lorries before they set out. Families who fled last summer sleep in tents beside the "
        "border fence; the winter rain has flooded most of them, and the nearest hospital that works is four hours away."
    )
    (verdict,) = Scorer(starter).verdicts([CRICKET_TITLE], [body])
    assert verdict.verdict == "mismatch"
    assert verdict.probability is not None
    assert verdict.probability > 0.9


def test_anchors_look_like_matched_pairs_of_several_archives(starter: Model) -> None:
    anchors = starter.anchors
    assert anchors is not None
    assert anchors.shape == (400, N_FEATURES + len(GRAM_FEATURES) + 1)
    assert len(np.unique(anchors, axis=0)) == 400
    log_odds = starter.forest.predict(np.ascontiguousarray(anchors[:, :N_FEATURES]))
    assert (log_odds < starter.calibration.cut).mean() > 0.98
    coverage = anchors[:, FEATURE_NAMES.index("stem_coverage")].reshape(4, 100).mean(axis=1)
    assert (coverage > 0.6).all()
    assert len(np.unique(coverage)) == 4


def test_the_card_names_every_archive(starter: Model) -> None:
    files = {source["file"] for source in starter.card["data"]}
    archives = {"allsides", "doj_releases", "digitalgov", "gsa18f"}
    assert {f"{name}.jsonl.gz" for name in archives} <= files
    assert set(starter.card["single_articles"]) == archives


@pytest.mark.parametrize(
    "anchors",
    [np.zeros((3, N_FEATURES), np.float32), np.full((3, N_FEATURES + 4), np.nan, np.float32), np.zeros((3, N_FEATURES + 4))],
    ids=["too few columns", "no numbers", "doubles"],
)
def test_anchors_of_another_kind_are_refused(starter: Model, tmp_path: Path, anchors: np.ndarray) -> None:
    save_model(replace(starter, anchors=anchors), tmp_path / "other.joblib")
    with pytest.raises(ModelError, match="do not fit together"):
        load_model(tmp_path / "other.joblib")


def test_a_model_keeps_its_anchors_in_its_file_and_does_without(starter: Model, tmp_path: Path) -> None:
    assert starter.anchors is not None
    for anchors in (starter.anchors[:7], None):
        save_model(replace(starter, anchors=anchors), tmp_path / "other.joblib")
        again = load_model(tmp_path / "other.joblib").anchors
        assert (again is None) if anchors is None else np.array_equal(again, anchors)


def test_one_topic_makes_a_mismatch_less_likely_and_another_more(starter: Model) -> None:
    """The same title over the same words that it does not share with the bodies."""
    title = "Striker scores twice as league leaders win the derby"
    bodies = [
        "The goalkeeper saved a penalty before half-time, and the midfield held on. The coach praised his defence. " * 4,
        "The central bank raised interest rates to curb inflation, and bond yields fell. Investors sold shares in lenders. "
        * 4,
    ]
    assert starter.topics is not None
    without = replace(starter, topics=replace(starter.topics, agreement_weights=(0.0, 0.0)))
    of_topics = [np.array([log_odds([title], [body], model)[0] for body in bodies]) for model in (starter, without)]
    added = of_topics[0] - of_topics[1]
    assert added[0] < 0 < added[1]


def log_odds(titles: list[str], bodies: list[str], model: Model) -> np.ndarray:
    return compare(model, pa.array(titles), pa.array(bodies), thorough=True).log_odds
