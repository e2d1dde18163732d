"""The lists of topics: well formed, in many languages, one topic as telling as the other."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from models.topic_lists import FOLDER, TopicLists, read_topic_lists

LANGUAGES = {"ar", "de", "en", "es", "fr", "hi", "it", "ja", "pt", "ru", "zh"}


@pytest.fixture(scope="module")
def lists() -> TopicLists:
    return read_topic_lists()


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("*.json")), ids=lambda path: path.stem)
def test_every_file_fits_the_schema(path: Path) -> None:
    schema = json.loads((FOLDER / "schema.json").read_text("utf-8"))
    kind = path.stem if path.parent == FOLDER else path.parent.name
    if kind == "schema":
        Draft202012Validator.check_schema(schema)
        return
    validator = Draft202012Validator({"$ref": f"#/$defs/{kind}", "$defs": schema["$defs"]})
    assert [error.message for error in validator.iter_errors(json.loads(path.read_text("utf-8")))] == []


def test_there_are_17_wide_topics_and_many_narrow_ones(lists: TopicLists) -> None:
    assert (lists.parents < 0).sum() == 17
    assert (lists.parents >= 0).sum() >= 60
    assert len(set(lists.names)) == len(lists.topics) == len(lists.number)
    assert (lists.parents[lists.parents[lists.parents >= 0]] == -1).all()


def test_names_and_codes_are_those_of_the_media_topics(lists: TopicLists) -> None:
    media = json.loads((FOLDER.parent / "media_topics.json").read_text("utf-8"))["topics"]
    names = {topic["code"]: topic["name"] for topic in media}
    assert {topic.name for topic in lists.topics if topic.parent is None} == {
        t["name"] for t in media if t["parent"] is None
    }
    assert all(names[topic.code] == topic.name for topic in lists.topics if topic.code)
    assert all(topic.code for topic in lists.topics if topic.name in names.values())


def test_every_language_has_every_topic(lists: TopicLists) -> None:
    assert set(lists.terms) >= LANGUAGES
    for language, terms in lists.terms.items():
        assert list(terms) == [topic.key for topic in lists.topics], language


def test_headlines_are_of_every_wide_topic_and_of_no_other(lists: TopicLists) -> None:
    wide = {topic.key for topic in lists.topics if topic.parent is None}
    assert "en" in lists.headlines
    assert all(set(by_key) == wide for by_key in lists.headlines.values())


def test_neighbours_are_mutual_and_cricket_is_none_of_syria(lists: TopicLists) -> None:
    near, number = lists.neighbours, lists.number
    assert (near == near.T).all()
    assert not near[number["cricket"], number["syria"]]
    assert not near[number["sport"], number["conflict"]]
    assert near[number["syria"], number["diplomacy"]]
    assert near[number["storm"], number["flood"]]
    assert near.mean() < 0.5


def test_labels_of_archives_stand_for_topics(lists: TopicLists) -> None:
    for archive, labels in lists.archive_labels.items():
        for label, keys in labels.items():
            assert set(keys) <= set(lists.number), f"{archive}: {label}"
    assert len(lists.archive_labels["allsides"]) == 108
