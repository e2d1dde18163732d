"""Topics by name: wide ones first, a narrow one where it is sure, none where nothing is; neighbours are no mismatch."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mismatch.features.plain_arrays import packed
from mismatch.model.topics import LEAST_SAME, NARROW_SHARE, UNKNOWN, TopicModel

NAMES = ("sport", "conflict", "politics", "cricket", "football", "Syria")


def made(weights: np.ndarray, neighbours: list[tuple[int, int]] | None = None) -> TopicModel:
    near = np.zeros((len(NAMES), len(NAMES)), np.uint8)
    for a, b in neighbours or []:
        near[a, b] = near[b, a] = 1
    parents = np.array([-1, -1, -1, 0, 0, 1], np.int32)
    return TopicModel(NAMES, parents, near, weights.astype(np.float32), np.zeros(len(NAMES), np.float32), 0.5, 0.5, {})


@pytest.fixture
def topics() -> TopicModel:
    """A direction a topic; the narrow ones lie near their wide one."""
    weights = 8 * np.eye(6)
    weights[0, 3] = weights[0, 4] = weights[1, 5] = 8
    return made(weights, [(1, 2), (4, 2)])


def named(topics: TopicModel, vectors: np.ndarray, threshold: float = 0.5) -> list[str | None]:
    numbers = topics.name(vectors.astype(np.float32), threshold)
    return [None if number == UNKNOWN else NAMES[number] for number in numbers]


def test_a_narrow_topic_is_named_where_it_is_sure_and_the_wide_one_where_it_is_not(topics: TopicModel) -> None:
    texts = np.zeros((4, 6))
    texts[0, 3] = 5
    texts[1, [3, 4]] = 1
    texts[2, 5] = 0.1
    texts[3, 0] = 2
    assert named(topics, texts) == ["cricket", "sport", "Syria", "sport"]


def test_nothing_is_named_below_the_threshold_or_without_a_vector(topics: TopicModel) -> None:
    texts = np.zeros((3, 6))
    texts[0, [0, 1, 2]] = 1
    texts[2, 2] = 1
    assert named(topics, texts) == [None, None, "politics"]


def test_names_are_those_that_the_probabilities_give() -> None:
    rng = np.random.default_rng(1)
    topics = made(3 * rng.normal(size=(6, 16)))
    vectors = rng.normal(size=(500, 16)).astype(np.float32)
    probabilities = topics.probabilities(vectors)
    wide = probabilities[:, :3]
    assert np.allclose(wide.sum(axis=1), 1, atol=1e-5)
    assert (probabilities[:, 3] + probabilities[:, 4] < 1).all()
    expected = []
    for row in probabilities:
        best = int(row[:3].argmax())
        narrow = [t for t in (3, 4, 5) if topics.parents[t] == best and row[t] >= NARROW_SHARE]
        expected.append(UNKNOWN if row[best] < 0.5 else (narrow or [best])[0])
    assert topics.name(vectors, 0.5).tolist() == expected
    assert len(set(expected)) == 7


def test_parts_of_one_topic_and_neighbours_do_not_differ(topics: TopicModel) -> None:
    def differ(left: str, right: str) -> bool:
        numbers = [np.array([NAMES.index(name)]) for name in (left, right)]
        return bool(topics.differ(*numbers)[0])

    assert not differ("cricket", "football")
    assert not differ("cricket", "sport")
    assert differ("cricket", "Syria")
    assert not differ("conflict", "politics")
    assert differ("sport", "politics")
    assert not differ("football", "politics")
    assert not topics.differ(np.array([UNKNOWN]), np.array([0]))[0]


def test_it_comes_back_from_plain_values(topics: TopicModel) -> None:
    again = TopicModel.from_plain(topics.to_plain())
    assert again.names == topics.names
    assert (again.neighbours == topics.neighbours).all()
    assert (again.parents == topics.parents).all()
    assert (again.weights == topics.weights).all()


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("neighbours", packed(np.zeros((5, 6), np.uint8))),
        ("neighbours", packed(np.full((6, 6), 2, np.uint8))),
        ("parents", packed(np.array([-1, -1, -1, 0, 3, 1], np.int32))),
        ("parents", packed(np.array([-1, -1, -1, 0, 6, 1], np.int32))),
        ("names", ["sport"]),
    ],
)
def test_parts_that_do_not_fit_are_refused(topics: TopicModel, part: str, value: object) -> None:
    with pytest.raises(ValueError, match=r"topic|neighbours"):
        TopicModel.from_plain({**topics.to_plain(), part: value})


def test_a_file_without_neighbours_keeps_its_one_softmax(topics: TopicModel) -> None:
    plain = {key: value for key, value in topics.to_plain().items() if key != "neighbours"}
    old = TopicModel.from_plain(plain)
    texts = np.eye(6, dtype=np.float32)
    assert np.allclose(old.probabilities(texts).sum(axis=1), 1, atol=1e-5)
    cricket, football, sport, syria = (np.array([NAMES.index(n)]) for n in ("cricket", "football", "sport", "Syria"))
    assert not old.differ(cricket, football)[0]
    assert not old.differ(cricket, sport)[0]
    assert old.differ(cricket, syria)[0]


def test_agreement_is_the_logarithm_of_the_probability_of_one_topic(topics: TopicModel) -> None:
    vectors = np.random.default_rng(3).standard_normal((40, 2, 6)).astype(np.float32)
    vectors[5, 0] = vectors[6, 1] = 0
    title, body = (topics.probabilities(vectors[:, side])[:, :3] for side in (0, 1))
    expected = np.log((title * body).sum(axis=1) + LEAST_SAME)
    expected[[5, 6]] = np.nan
    np.testing.assert_allclose(topics.agreement(vectors), expected, rtol=1e-4)


def test_topics_that_agree_take_from_the_log_odds_and_unknown_ones_add_nothing(topics: TopicModel) -> None:
    counting = replace(topics, agreement_weights=(-1.2, -2.0))
    vectors = np.zeros((3, 2, 6), np.float32)
    vectors[0, :, 0] = 1
    vectors[1, 0, 0] = vectors[1, 1, 2] = 1
    vectors[2, 0, 0] = 1
    same, other, unknown = counting.disagreement(vectors)
    assert same < unknown == 0 < other
    assert counting.counts
    assert not topics.counts


@pytest.mark.parametrize("weights", [[0.1, 0.0], [float("nan"), 0.0], [-1.0, float("inf")]])
def test_weights_by_which_agreement_makes_a_mismatch_likelier_are_refused(topics: TopicModel, weights: list[float]) -> None:
    with pytest.raises(ValueError, match="agree"):
        TopicModel.from_plain(topics.to_plain() | {"agreement_weights": weights})
