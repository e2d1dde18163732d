"""A title in one language over a body in another is compared by what the words mean."""

from dataclasses import replace

import numpy as np
import pytest

import mismatch
from mismatch.model.across_languages import SHARE_EXPECTED, AcrossLanguages
from mismatch.model.model_file import load_model, save_model

QUAKE = (
    "Ein schweres Erdbeben hat am Montag den Süden der Insel erschüttert. Nach Angaben der Behörden wurden mindestens "
    "zwölf Menschen getötet und Hunderte verletzt. Viele Häuser stürzten ein, Rettungskräfte suchten in der Nacht nach "
    "Überlebenden. Die Regierung rief den Notstand aus und schickte Soldaten in die betroffene Region."
)
TAXES = (
    "Правительство решило повысить налоги на бензин и дизельное топливо. Министр финансов заявил, что доходы бюджета "
    "пойдут на железные дороги. Оппозиция раскритиковала это решение в парламенте, депутаты проголосуют на следующей "
    "неделе. По словам экономистов, цены вырастут уже этой осенью."
)
PAIRS = [
    ("The earthquake and the search for survivors in the ruins of the island", QUAKE),
    ("Government raises taxes on petrol to pay for railways", TAXES),
]
SWAPPED = [(PAIRS[1][0], QUAKE), ("The footballers of the champion win the cup in the final on penalties", TAXES)]


@pytest.fixture(scope="module")
def scorer():
    return mismatch.load()


def test_the_same_story_in_another_language_is_a_match_and_says_so(scorer):
    for verdict, reason in zip(scorer.score(PAIRS), ("language_differs", "script_differs"), strict=True):
        assert verdict.verdict == "match"
        assert verdict.reasons == (reason,)


def test_another_story_in_another_language_is_no_match(scorer):
    for verdict, reason in zip(scorer.score(SWAPPED), ("language_differs", "script_differs"), strict=True):
        assert verdict.verdict in ("mismatch", "unsure")
        assert verdict.reasons[-1] == reason


def test_a_model_that_cannot_compare_languages_refuses(scorer):
    plain = scorer.with_model(replace(scorer.model, across_languages=None))
    for verdict in plain.score(PAIRS):
        assert verdict.verdict == "unscorable"
        assert verdict.probability is None


def test_it_is_kept_in_the_model_file(scorer, tmp_path):
    save_model(scorer.model, tmp_path / "model.joblib")
    kept = load_model(tmp_path / "model.joblib").across_languages
    assert kept is not None
    assert kept.weights == scorer.model.across_languages.weights
    np.testing.assert_array_equal(kept.body_means, scorer.model.across_languages.body_means)


def _two_languages() -> AcrossLanguages:
    means = np.array([[0.8, 0, 0, 0], [0, 0.8, 0, 0]], np.float32)
    return AcrossLanguages(np.zeros(4, np.float32), means, (-8.0, 0.5, 1.0))


def test_what_bodies_of_a_language_share_is_taken_off():
    vectors = np.array([[[0, 0, 1, 0], [0.8, 0, 0.6, 0]], [[0, 0, 1, 0], [0, 0.8, 0, 0.6]]], np.float32)
    np.testing.assert_allclose(_two_languages().cosines(vectors), [1, 0], atol=1e-6)
    np.testing.assert_allclose(_two_languages().log_ratio(vectors, np.array([2.0, 2.0])), [-6, 2], atol=1e-5)


def test_nothing_is_said_where_a_side_has_no_vector():
    vectors = np.array([[[0, 0, 1, 0], [0, 0, 0, 0]], [[0, 0, 0, 0], [0, 0, 0, 1]]], np.float32)
    assert np.isnan(_two_languages().log_ratio(vectors, np.zeros(2))).all()


def test_more_mismatches_are_expected_than_elsewhere():
    vectors = np.array([[[0, 0, 1, 0], [0, 0.8, 0, 0.6]]], np.float32)
    even = np.array([-2.0])  # the log ratio is then 0
    few, many = (_two_languages().probability(vectors, even, prior)[0] for prior in (0.001, 0.5))
    np.testing.assert_allclose([few, many], [SHARE_EXPECTED, 0.5], atol=1e-6)


@pytest.mark.parametrize(
    "change",
    [
        {"weights": [1.0, 0.5, 0.0]},
        {"weights": [-8.0, -0.5, 0.0]},
        {"weights": [float("nan"), 0.5, 0.0]},
        {"title_mean": None},
    ],
    ids=["cosine counts the wrong way", "head counts the wrong way", "no number", "no mean"],
)
def test_damaged_parts_are_refused(change):
    plain = {**_two_languages().to_plain(), **change}
    with pytest.raises((ValueError, KeyError, TypeError)):
        AcrossLanguages.from_plain(plain, 4)


def test_means_that_do_not_fit_the_vectors_are_refused():
    with pytest.raises(ValueError, match="do not fit"):
        AcrossLanguages.from_plain(_two_languages().to_plain(), 8)
