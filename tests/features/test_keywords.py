"""What an explanation shows of a title: whole words, and whole runs of characters where none are divided."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mismatch.features.keywords import MOST_TERMS, keywords, spans, title_terms
from mismatch.judging.scorer import load
from mismatch.terms.document_frequency import Counts, DocumentCounter
from mismatch.terms.folding import PAIR_SCRIPT, folding_table
from mismatch.terms.lexicon import Lexicon
from mismatch.terms.text_buffers import text_buffers
from mismatch.terms.tokens import terms_of

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


def test_a_title_of_very_many_terms_is_looked_at_from_its_beginning() -> None:
    words = " ".join(f"word{i}" for i in range(3 * MOST_TERMS))
    assert len(title_terms(words, "the lamp", lexicon("the lamp"))) == MOST_TERMS


@given(st.text(st.sampled_from("aBéß漢字かท\u0e34\ud80012,.-'’ \n\u0301\u200d😀ा가İ\x00"), max_size=40))
def test_terms_stand_where_a_slow_look_at_each_character_finds_them(text: str) -> None:
    assert [(span.start, span.stop) for span in spans(text)] == _slow_places(text)


@given(st.text(max_size=30), st.text(max_size=60))
def test_any_text_is_explained_by_pieces_of_it(title: str, body: str) -> None:
    terms = title_terms(title, body, _LEXICON)
    assert all(term.text for term in terms)
    assert all(term.text in title.encode("utf-8", "replace").decode() for term in terms)


_LEXICON = lexicon("the lamp")


@pytest.mark.parametrize("character", ["½", "ﷺ"])
def test_a_character_of_several_words_is_where_each_of_them_stands(character: str) -> None:
    assert len(terms_of(f"8{character}")) >= 2
    assert {span.text for span in list(spans(f"8{character}"))[1:]} == {character}


def _slow_places(text: str) -> list[tuple[int, int]]:
    table, places = folding_table(), []
    plain = text.encode("utf-8", "replace").decode()

    def entry(character: str) -> int:
        return int(table.entries[int(table.pages[ord(character) >> 8]) * 256 + (ord(character) & 255)])

    previous = 0
    for _, _, end in terms_of(text):
        stop = next(i for i in range(1, len(plain) + 1) if len(plain[:i].encode()) >= end)
        inside = range(previous, stop)
        letters = [i for i in inside if entry(plain[i]) not in (0, -1)]
        start = letters[0] if letters else previous
        for i in range(previous, letters[-1] if letters else previous):
            is_in_number = plain[i] in ",." and i > previous and plain[i - 1].isdigit() and plain[i + 1].isdigit()
            if entry(plain[i]) == 0 and not is_in_number:
                start = i + 1
        if previous == stop:
            start = stop - 1
        is_half = stop - start == 1 and places and places[-1][1] == start and not text[start].isascii()
        if is_half and entry(plain[start]) > 0 and entry(plain[start]) & PAIR_SCRIPT:
            start = max(0, start - 1)
        places.append((start, stop))
        previous = stop
    return places


@pytest.fixture(scope="module")
def starter() -> Lexicon:
    return load("starter").model.lexicon


def nearest_in(title: str, body: str, lexicon: Lexicon) -> dict[str, tuple[str, ...]]:
    return {term.text: term.nearest for term in title_terms(title, body, lexicon)}


def test_a_missing_term_is_shown_with_words_that_mean_nearly_the_same(starter: Lexicon) -> None:
    assert nearest_in("Firm sells brewery", "It was sold, with its dropped plans and a mill.", starter)["sells"] == ("sold",)


@pytest.mark.parametrize(
    ("title", "body"),
    [
        ("Liga: gana el Barcelona", "El lunes doce de marzo, cuarenta agentes entraron cada día en la casa."),
        ("1ST QTR NET", "The price of 30,000 shares fell by 18.7 per cent in 1987, to 15."),
        ("困惑の男性", "会話の問題がある女性と男子。"),
        ("مشروع مليون", "وقال أيام سنوات أمام الأرض"),
    ],
)
def test_numbers_frequent_words_and_pairs_of_characters_are_near_nothing(title: str, body: str, starter: Lexicon) -> None:
    assert not any(nearest_in(title, body, starter).values())
