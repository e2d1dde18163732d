"""What an explanation shows of a title: whole words, and whole runs of characters where none are divided."""

from __future__ import annotations

import pyarrow as pa

from mismatch.features.keywords import title_terms
from mismatch.terms.document_frequency import DocumentCounter
from mismatch.terms.lexicon import Lexicon
from mismatch.terms.text_buffers import text_buffers


def shown(title: str, body: str) -> tuple[set[str], set[str]]:
    """What is shown as found, and what as missing."""
    counter = DocumentCounter()
    counter.add(text_buffers(pa.array([body])))
    terms = title_terms(title, body, Lexicon.learn(*counter.counts()))
    return {term.text for term in terms if term.found}, {term.text for term in terms if not term.found}


def test_words_are_shown_as_they_stand_in_the_title() -> None:
    assert shown("Ferry aground: nobody hurt", "The ferry lay in the fog, and nobody cried.") == (
        {"Ferry", "nobody"}, {"aground", "hurt"},
    )  # fmt: skip


def test_overlapping_pairs_of_characters_are_shown_as_one() -> None:
    assert shown("渡轮搁浅 无人受伤", "昨夜渡轮搁浅，公司表示歉意。") == ({"渡轮搁浅"}, {"无人受伤"})
    assert shown("灯塔, 灯塔", "灯塔") == ({"灯塔"}, set())
