"""What an explanation shows of a title: whole words, and whole runs of characters where none are divided."""

from __future__ import annotations

import pyarrow as pa

from mismatch.features.keywords import keywords, title_terms
from mismatch.terms.document_frequency import Counts, DocumentCounter
from mismatch.terms.lexicon import Lexicon
from mismatch.terms.text_buffers import text_buffers

OTHERS = [
    "The pier and the lamp of the island.",
    "Fish and the price of it.",
    "A storm and the harbour.",
    "Nets and the cod.",
]


def lexicon(body: str) -> Lexicon:
    """Of a body and some others."""
    counter = DocumentCounter()
    counter.add(text_buffers(pa.array([body, *OTHERS])))
    return Lexicon.learn(*counter.counts())


def shown(title: str, body: str) -> tuple[set[str], set[str]]:
    """What is shown as found, and what as missing."""
    terms = title_terms(title, body, lexicon(body))
    return {term.text for term in terms if term.found}, {term.text for term in terms if not term.found}


def test_words_are_shown_as_they_stand_in_the_title() -> None:
    assert shown("Ferry aground: nobody hurt", "The ferry lay in the fog, and nobody cried.") == (
        {"Ferry", "nobody"}, {"aground", "hurt"},
    )  # fmt: skip


def test_overlapping_pairs_of_characters_are_shown_as_one() -> None:
    assert shown("渡轮搁浅 无人受伤", "昨夜渡轮搁浅，公司表示歉意。") == ({"渡轮搁浅"}, {"无人受伤"})
    assert shown("灯塔, 灯塔", "灯塔") == ({"灯塔"}, set())


def test_a_word_that_most_texts_have_is_no_evidence() -> None:
    assert shown("The ferry and the fog", "The ferry lay in it, and nobody cried.") == ({"ferry"}, {"fog"})
    assert shown("And the", "The ferry and nobody") == (set(), set())


def test_keywords_are_whole_runs_of_characters() -> None:
    longer = "渡轮 灯塔守 渡轮"
    assert keywords(longer, Lexicon.learn(*_rare())) == ["渡轮", "灯塔守"]
    assert keywords("ferry ferry lamp", Lexicon.learn(*_rare())) == ["ferry", "lamp"]


def _rare() -> tuple[Counts, Counts]:
    """Of many documents without any of the terms here."""
    counter = DocumentCounter()
    counter.add(text_buffers(pa.array([f"number{k}" for k in range(50)])))
    return counter.counts()
