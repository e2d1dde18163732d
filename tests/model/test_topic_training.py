"""Topics as the starter learns them, over vectors in which every telling term points where its topic is."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from mismatch.features.cascade import score_pairs
from mismatch.features.forest import NO_FOREST
from mismatch.model.topics import UNKNOWN, TopicModel
from mismatch.terms.document_frequency import Counts
from mismatch.terms.lexicon import Lexicon, TermVectors
from mismatch.terms.text_buffers import text_buffers
from mismatch.terms.tokens import cut_all
from models.topic_lists import TopicLists, read_topic_lists
from models.topic_texts import narrowed, unit
from models.topic_training import learn_starter_topics, telling_words, with_telling_terms

SIZE = 128


def hashes(texts: list[str]) -> list[int]:
    return [int(term) for term in cut_all(text_buffers(pa.array(texts, pa.large_string())))[1].tolist()]


@pytest.fixture(scope="module")
def lists() -> TopicLists:
    return read_topic_lists()


@pytest.fixture(scope="module")
def lexicon(lists: TopicLists) -> Lexicon:
    """English telling terms, each at its topic's direction and near its wide topic's, and a little off."""
    rng = np.random.default_rng(0)
    direction = rng.normal(size=(len(lists.topics), SIZE))
    direction += direction[lists.wide]
    places: dict[int, list[int]] = {}
    for key, terms in lists.terms["en"].items():
        for term in hashes(list(terms)):
            places.setdefault(term, []).append(lists.number[key])
    known = np.array(sorted(places), np.uint64)
    vectors = np.array([direction[places[int(term)]].mean(axis=0) for term in known]) + 0.3 * rng.normal(
        size=(len(known), SIZE)
    )
    vectors *= 0.3 / np.linalg.norm(vectors, axis=1, keepdims=True)
    counts = Counts(known, np.full(len(known), 10.0), 1000.0)
    return Lexicon(counts, counts).with_vectors(TermVectors.quantise(known, vectors.astype(np.float32)))


@pytest.fixture(scope="module")
def learned(lexicon: Lexicon) -> tuple[Lexicon, TopicModel]:
    """From the vectors themselves in place of a teacher's embeddings."""
    assert lexicon.vectors is not None
    return learn_starter_topics({}, lexicon, unit(lexicon.vectors.vectors()))


@pytest.fixture(scope="module")
def topics(learned: tuple[Lexicon, TopicModel]) -> TopicModel:
    return learned[1]


def name_of(learned: tuple[Lexicon, TopicModel], text: str) -> str | None:
    lexicon, topics = learned
    texts = text_buffers(pa.array([text], pa.large_string()))
    vectors = np.zeros((1, 2, topics.weights.shape[1]), np.float32)
    score_pairs(texts, texts, np.ones(1, np.uint8), lexicon, NO_FOREST, vectors)
    number = int(topics.name(vectors[:, 1], 0.3)[0])
    return None if number == UNKNOWN else topics.names[number]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Kohli's century and four wickets for the spinner on a batting pitch: innings over before tea", "cricket"),
        ("Assad, Damascus, Aleppo and Idlib: rebels and Kurdish forces", "conflict in Syria"),
        ("zzz qqq xxyy", None),
    ],
)
def test_telling_terms_name_their_topic(learned: tuple[Lexicon, TopicModel], text: str, name: str | None) -> None:
    assert name_of(learned, text) == name


def test_thresholds_and_figures_are_shares(topics: TopicModel) -> None:
    assert 0 < topics.body_threshold < 1
    assert 0 < topics.title_threshold < 1
    assert set(topics.figures) == {f"{s}_{f}" for s in ("title", "body") for f in ("named", "precision", "macro_f1")}
    assert all(0 < value <= 1 for value in topics.figures.values())


def test_a_telling_term_without_a_vector_gets_that_of_its_topic(lexicon: Lexicon, lists: TopicLists) -> None:
    assert lexicon.vectors is not None
    more = with_telling_terms(lexicon.vectors, lists)
    term = hashes(["крикет"])[0]
    assert term not in lexicon.vectors.hashes.tolist()
    assert (np.diff(more.hashes.astype(object)) > 0).all()
    assert set(lexicon.vectors.hashes.tolist()) < set(more.hashes.tolist())
    known = dict(zip(more.hashes.tolist(), more.vectors(), strict=True))

    def cosine(a: np.ndarray, b: np.ndarray) -> float:
        return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))

    wicket, baghdad = (known[hashes([word])[0]] for word in ("wickets", "baghdad"))
    assert cosine(known[term], wicket) > 0.5
    assert cosine(known[term], baghdad) < 0.3


def test_a_clear_body_narrows_a_wide_label_of_its_own_only(lists: TopicLists) -> None:
    bodies = pa.array(["The bowler took five wickets in the innings, the captain said."] * 3, pa.large_string())
    assert narrowed([("sport",), ("politics",), ("football",)], bodies, lists) == [
        ("cricket",),
        ("politics",),
        ("football",),
    ]


def test_telling_words_are_single_and_of_every_language(lists: TopicLists) -> None:
    words = telling_words(lists)
    assert set(words) == set(lists.terms)
    assert all(not any(c.isspace() for c in word) for of_language in words.values() for word in of_language)
    assert "wicket" in words["en"]
