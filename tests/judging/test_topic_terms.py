"""The terms that speak for a topic: content words of the text itself, none without a topic."""

from __future__ import annotations

import pytest
from ordinary_pairs import CRICKET_TITLE, SYRIA_BODY

import mismatch
from mismatch.features.function_words import is_function_word
from mismatch.judging.explanation import explain, in_words
from mismatch.judging.scorer import Scorer
from mismatch.judging.topic_terms import topic_terms
from mismatch.terms.tokens import terms_of

MATCH = (
    "The batsmen put on ninety runs before lunch and the bowlers took five wickets in the afternoon of 12 June. The innings "
    "closed at 214, and the umpires took the players off against the wishes of both captains."
)


@pytest.fixture(scope="module")
def starter() -> Scorer:
    return mismatch.load()


def test_the_terms_of_a_topic_are_content_words_of_the_text(starter: Scorer) -> None:
    terms = topic_terms(starter.model, MATCH, "cricket")
    assert terms[0] in ("batsmen", "bowlers", "wickets", "innings", "umpires")
    assert len(terms) <= 5
    assert all(term in MATCH for term in terms)
    assert not any(term.isdigit() or is_function_word(terms_of(term)[0][0]) for term in terms)


def test_another_topic_has_other_terms(starter: Scorer) -> None:
    both = f"{MATCH} The court sentenced the burglar to five years in prison, and his lawyer will appeal the verdict."
    of_law, of_cricket = (set(topic_terms(starter.model, both, topic)) for topic in ("crime, law and justice", "cricket"))
    assert of_law & {"court", "prison", "burglar", "verdict", "lawyer", "sentenced", "appeal"}
    assert not of_law & of_cricket


def test_without_a_topic_or_a_text_there_are_none(starter: Scorer) -> None:
    assert topic_terms(starter.model, MATCH, None) == []
    assert topic_terms(starter.model, MATCH, "no such topic") == []
    assert topic_terms(starter.model, "", "cricket") == []


def test_runs_of_characters_are_shown_whole(starter: Scorer) -> None:
    (first, *_) = topic_terms(starter.model, "卓球の選手が決勝の試合に出場し、卓球の大会で優勝した。", "sport")
    assert len(first) >= 2


def test_an_explanation_has_both_topics_with_their_terms(starter: Scorer) -> None:
    explanation = explain(starter, CRICKET_TITLE, SYRIA_BODY)
    assert explanation.verdict.title_topic == "cricket"
    assert explanation.title_topic_terms
    (line,) = [line for line in in_words(explanation) if line.startswith("topics: ")]
    assert f"cricket (for: {', '.join(explanation.title_topic_terms)})" in line
    assert bool(explanation.body_topic_terms) == (explanation.verdict.body_topic is not None)
