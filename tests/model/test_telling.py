"""What the terms of a text tell of topics: their numbers, weighed and added up as a slow twin does it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import joblib
import numpy as np
import pyarrow as pa
import pytest

from mismatch.errors import ModelError
from mismatch.features.cascade import score_pairs
from mismatch.features.forest import NO_FOREST
from mismatch.features.vector_features import MIN_TOPIC_SHARE, MOST_TOLD, VECTOR_TERMS
from mismatch.judging.scorer import Scorer
from mismatch.model import model_file
from mismatch.model.model import Model
from mismatch.model.model_file import load_model, save_model
from mismatch.model.topics import SPREAD_OF_TOLD, TopicModel
from mismatch.terms.document_frequency import Counts
from mismatch.terms.lexicon import TELLING_LANES, Lexicon, TermVectors, smooth_idf
from mismatch.terms.text_buffers import text_buffers
from mismatch.terms.tokens import cut_all

WORDS = [f"{a}{b}{c}x{c}" for a in "bdfgk" for b in "aeiou" for c in "lmnprst"]
SIZE, TOPICS = 8, 5


def hashes(text: str) -> list[int]:
    return [int(term) for term in cut_all(text_buffers(pa.array([text], pa.large_string())))[1]]


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    """Most words are known, half of them have vectors and tell something."""
    rng = np.random.default_rng(4)
    known = np.unique(np.array(hashes(" ".join(WORDS)), np.uint64))
    counts = Counts(known[::2], rng.integers(1, 400, len(known[::2])).astype(float), 500.0)
    some = np.sort(rng.choice(known, len(known) // 2, replace=False))
    vectors = TermVectors.quantise(some, rng.standard_normal((len(some), SIZE)).astype(np.float32))
    telling = rng.integers(-127, 128, (len(some), TOPICS)).astype(np.int8)
    return Lexicon(counts, counts, replace(vectors, telling=telling))


def slowly(text: str, lexicon: Lexicon, most_terms: int) -> np.ndarray:
    """What is told, by one dictionary after the other."""
    vectors, counts = lexicon.vectors, lexicon.terms
    assert vectors is not None and vectors.telling is not None
    row_of = {int(h): row for row, h in enumerate(vectors.hashes)}
    idf_of = dict(zip(counts.hashes.tolist(), smooth_idf(counts.frequencies, counts.n_documents).tolist(), strict=True))
    unknown = np.log1p(counts.n_documents) + 1
    told, whole, with_vector = np.zeros(TOPICS), 0.0, 0.0
    for term, n in list(Counter(hashes(text)).items())[:most_terms]:
        idf = idf_of.get(term, unknown)
        whole += idf
        if term in row_of:
            with_vector += idf
            told += min(idf * (1 + np.log(n)), MOST_TOLD) * vectors.telling[row_of[term]]
    return told if with_vector >= MIN_TOPIC_SHARE * whole else np.zeros(TOPICS)


def read(titles: list[str], bodies: list[str], lexicon: Lexicon, width: int) -> np.ndarray:
    sides = [text_buffers(pa.array(side, pa.large_string())) for side in (titles, bodies)]
    vectors = np.zeros((len(titles), 2, width), np.float32)
    score_pairs(*sides, np.ones(len(titles), np.uint8), lexicon, NO_FOREST, vectors)
    return vectors


@pytest.fixture(scope="module")
def pairs() -> tuple[list[str], list[str]]:
    rng = np.random.default_rng(5)
    drawn = [[" ".join(rng.choice(WORDS, n)) for n in rng.integers(1, most, 60)] for most in (12, 400)]
    return drawn[0], drawn[1]


def test_what_is_told_is_what_the_twin_adds_up(lexicon: Lexicon, pairs: tuple[list[str], list[str]]) -> None:
    titles, bodies = pairs
    told = read(titles, bodies, lexicon, SIZE + TOPICS)[:, :, SIZE:]
    for row, (title, body) in enumerate(zip(titles, bodies, strict=True)):
        np.testing.assert_allclose(told[row, 0], slowly(title, lexicon, len(title)), rtol=1e-4, atol=0.05)
        np.testing.assert_allclose(told[row, 1], slowly(body, lexicon, VECTOR_TERMS), rtol=1e-4, atol=0.05)
    assert (told != 0).any(axis=2).mean() > 0.8
    assert not told.any(axis=2).all()


def test_what_is_told_changes_nothing_else(lexicon: Lexicon, pairs: tuple[list[str], list[str]]) -> None:
    assert lexicon.vectors is not None
    silent = lexicon.with_vectors(replace(lexicon.vectors, telling=None))
    assert (read(*pairs, silent, SIZE) == read(*pairs, lexicon, SIZE + TOPICS)[:, :, :SIZE]).all()


def test_rows_of_what_is_told_are_never_in_two_lines_of_the_cache(lexicon: Lexicon) -> None:
    lanes = lexicon.arguments.telling.shape[1]
    assert lanes == TELLING_LANES
    assert not lexicon.arguments.telling[:, TOPICS:].any()


def test_terms_tell_what_they_did_over_other_vectors_and_new_ones_tell_nothing(lexicon: Lexicon) -> None:
    old = lexicon.vectors
    assert old is not None and old.telling is not None
    hashes_of_both = np.concatenate([old.hashes[10:], np.array([1, 2], np.uint64)])
    new = TermVectors.quantise(hashes_of_both, np.ones((len(hashes_of_both), 4), np.float32)).telling_like(old)
    assert new.telling is not None
    assert not new.telling[:2].any()
    assert (new.telling[2:] == old.telling[10:]).all()
    assert new.telling_like(None).telling is None


def test_names_come_from_what_is_told_divided_by_a_power_of_its_weight() -> None:
    weights = np.zeros((2, SIZE + 3), np.float32)
    weights[[0, 1], [SIZE, SIZE + 1]] = 1
    topics = TopicModel(
        ("sport", "politics"), np.full(2, -1, np.int32), np.eye(2, dtype=np.uint8), weights, np.zeros(2, np.float32),
        0.5, 0.5, {}, n_told=3,
    )  # fmt: skip
    texts = np.ones((3, SIZE + 3), np.float32)
    texts[:, SIZE:] = [[6, 2, 16], [60, 20, 160], [2, 6, 16]]
    odds = np.exp(4 / 16**SPREAD_OF_TOLD)
    likely = topics.probabilities(texts)
    np.testing.assert_allclose(likely[0, 0], odds / (1 + odds), rtol=1e-4)
    assert likely[1, 0] > likely[0, 0] == pytest.approx(likely[2, 1])
    assert topics.name(texts, 0.5).tolist() == [0, 0, 1]


def test_agreement_and_narrow_topics_are_read_from_the_vectors() -> None:
    rng = np.random.default_rng(7)
    weights = rng.standard_normal((4, SIZE + TOPICS)).astype(np.float32)
    of_agreement = rng.standard_normal(2).astype(np.float32)
    parents, intercepts = np.array([-1, -1, 0, 1], np.int32), rng.standard_normal(4).astype(np.float32)
    names, near = ("sport", "politics", "cricket", "election"), np.eye(4, dtype=np.uint8)
    telling = TopicModel(
        names, parents, near, weights, intercepts, 0.5, 0.5, {}, n_told=TOPICS, of_agreement=of_agreement
    )  # fmt: skip
    by_vectors = np.concatenate([of_agreement, intercepts[2:]])
    plain = TopicModel(names, parents, near, weights[:, :SIZE], by_vectors, 0.5, 0.5, {})
    texts = rng.standard_normal((40, 2, SIZE + TOPICS)).astype(np.float32)
    texts[:, :, -1] = np.abs(texts[:, :, -1]) * 20
    assert (telling.agreement(texts) == plain.agreement(texts[:, :, :SIZE])).all()
    title = texts[:, 0]
    np.testing.assert_allclose(telling.probabilities(title)[:, 2:], plain.probabilities(title[:, :SIZE])[:, 2:], rtol=1e-5)
    likely, numbers = telling.probabilities(title), telling.name(title, 0.6)
    assert [int(n) for n in np.where(parents[numbers] >= 0, parents[numbers], numbers)[numbers >= 0]] == [
        int(n) for n in likely[numbers >= 0, :2].argmax(axis=1)
    ]
    assert (numbers >= 0).tolist() == (likely[:, :2].max(axis=1) >= 0.6).tolist()
    again = TopicModel.from_plain(telling.to_plain())
    assert (again.agreement(texts) == telling.agreement(texts)).all()


def with_telling(model: Model) -> Model:
    """A model all of whose vectors are of words that tell of topics."""
    rng = np.random.default_rng(6)
    known = np.sort(rng.choice(model.lexicon.terms.hashes, 50, replace=False))
    vectors = TermVectors.quantise(known, rng.standard_normal((50, SIZE)).astype(np.float32))
    topics = TopicModel(
        ("sport", "politics"), np.full(2, -1, np.int32), np.eye(2, dtype=np.uint8),
        rng.standard_normal((2, SIZE + TOPICS)).astype(np.float32), np.zeros(2, np.float32), 0.5, 0.5, {}, n_told=TOPICS,
    )  # fmt: skip
    telling = rng.integers(-127, 128, (50, TOPICS)).astype(np.int8)
    return replace(model, topics=topics, lexicon=model.lexicon.with_vectors(replace(vectors, telling=telling)))


def test_what_terms_tell_survives_the_file(tmp_path: Path, model_path: Path) -> None:
    model = with_telling(load_model(model_path))
    save_model(model, tmp_path / "telling.joblib")
    again = load_model(tmp_path / "telling.joblib")
    assert again.lexicon.vectors is not None and model.lexicon.vectors is not None
    assert (again.lexicon.vectors.telling == model.lexicon.vectors.telling).all()
    assert again.topics is not None and again.topics.n_told == TOPICS
    added = Scorer(again).score([("A title of some words", "A body of some more words that say little")])
    assert added == Scorer(model).score([("A title of some words", "A body of some more words that say little")])


@pytest.mark.parametrize(
    "telling", [None, np.zeros((50, TOPICS + 1), np.int8), np.zeros((49, TOPICS), np.int8), np.zeros((50, TOPICS), np.uint8)]
)
def test_a_file_whose_terms_tell_of_other_topics_is_refused(
    tmp_path: Path, model_path: Path, telling: np.ndarray | None
) -> None:
    model = with_telling(load_model(model_path))
    vectors = model.lexicon.vectors
    assert vectors is not None
    save_model(
        replace(model, lexicon=model.lexicon.with_vectors(replace(vectors, telling=telling))), tmp_path / "bad.joblib"
    )
    with pytest.raises(ModelError, match="topics"):
        load_model(tmp_path / "bad.joblib")


def test_a_file_of_the_version_before_is_read(tmp_path: Path, model_path: Path) -> None:
    contents = joblib.load(model_path)
    contents["format_version"] = 3
    contents["digest"] = model_file._digest(contents)
    joblib.dump(contents, tmp_path / "three.joblib", compress=("zlib", 1), protocol=4)
    pairs = [("A title of some words", "A body of some more words that say little")]
    assert Scorer(load_model(tmp_path / "three.joblib")).score(pairs) == Scorer(load_model(model_path)).score(pairs)
