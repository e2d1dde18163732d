"""The topics of `training_data/topics`: names, parents and neighbours, telling terms and headlines by language,
labels of archives."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FOLDER = Path(__file__).resolve().parent.parent / "training_data" / "topics"


@dataclass(frozen=True)
class Topic:
    key: str
    name: str
    code: str | None
    parent: str | None
    neighbours: tuple[str, ...]


@dataclass(frozen=True)
class TopicLists:
    topics: tuple[Topic, ...]
    """wide ones first"""
    terms: dict[str, dict[str, tuple[str, ...]]]
    """by language and key"""
    archive_labels: dict[str, dict[str, tuple[str, ...]]]
    """by archive and label, the keys that a label may stand for"""
    headlines: dict[str, dict[str, tuple[str, ...]]]
    """by language and key of a wide topic"""

    @cached_property
    def number(self) -> dict[str, int]:
        """Of each key."""
        return {topic.key: i for i, topic in enumerate(self.topics)}

    @cached_property
    def key_of_name(self) -> dict[str, str]:
        return {topic.name: topic.key for topic in self.topics}

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(topic.name for topic in self.topics)

    @cached_property
    def parents(self) -> NDArray[np.int32]:
        """Number of the wide topic of each narrow one, -1 for a wide one."""
        return np.array([self.number[topic.parent] if topic.parent else -1 for topic in self.topics], np.int32)

    @cached_property
    def wide(self) -> NDArray[np.int64]:
        """Number of the wide topic of each topic."""
        return np.where(self.parents >= 0, self.parents, np.arange(len(self.parents)))

    @cached_property
    def neighbours(self) -> NDArray[np.uint8]:
        """1 where two topics may be of one story; shape (n_topics, n_topics), symmetric.

        What is stated of a wide topic holds for its narrow ones.
        """
        stated, every = np.eye(len(self.topics), dtype=bool), np.arange(len(self.topics))
        for topic in self.topics:
            for other in topic.neighbours:
                number = self.number[other]
                stated[self.number[topic.key], (self.wide == number) | (every == number)] = True
        by_parent = stated | stated[self.wide]
        return (by_parent | by_parent.T).astype(np.uint8)

    def all_terms(self) -> list[str]:
        """Every telling term once, in a fixed order."""
        return sorted({term for lists in self.terms.values() for terms in lists.values() for term in terms})


def read_topic_lists(folder: Path = FOLDER) -> TopicLists:
    rows = json.loads((folder / "topics.json").read_text("utf-8"))["topics"]
    topics = tuple(Topic(**{**row, "neighbours": tuple(row["neighbours"])}) for row in rows)
    lists, headlines = _by_language(folder, "terms"), _by_language(folder, "headlines")
    labels = json.loads((folder / "archive_labels.json").read_text("utf-8"))
    by_archive = {name: {label: tuple(keys) for label, keys in known.items()} for name, known in labels.items()}
    return TopicLists(topics, lists, by_archive, headlines)


def _by_language(folder: Path, name: str) -> dict[str, dict[str, tuple[str, ...]]]:
    return {
        path.stem: {key: tuple(lines) for key, lines in json.loads(path.read_text("utf-8"))[name].items()}
        for path in sorted((folder / name).glob("*.json"))
    }
