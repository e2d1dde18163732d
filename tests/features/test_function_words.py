"""Function words are no terms of a title, in any language, however rare they are."""

from __future__ import annotations

import pytest

import mismatch
from mismatch.features.function_words import RARER_FUNCTION_WORDS, is_function_word
from mismatch.features.keywords import TELLING_IDF, idf, title_terms
from mismatch.features.term_places import term_places
from mismatch.judging.scorer import Scorer
from mismatch.terms.tokens import terms_of


@pytest.fixture(scope="module")
def starter() -> Scorer:
    return mismatch.load()


@pytest.mark.parametrize(
    ("title", "body", "marked"),
    [
        ("Ferry without captain drifts towards island again", "Without a captain again, the ferry came towards us.",
         {"captain", "ferry"}),
        ("Trotz Protesten: Brücke bleibt ohne Geländer", "Ohne Geländer ist die Brücke trotz allem offen.",
         {"Geländer", "Brücke"}),
        ("Pêcheurs contre chalutiers sous surveillance", "Contre les chalutiers, sous la pluie.", {"chalutiers"}),
        ("Vecinos contra antenas tras incendio", "Contra las antenas, tras años de espera.", {"antenas"}),
        ("Рыбаки против плотины под угрозой", "Против плотины, под дождём.", {"плотины"}),
    ],
)  # fmt: skip
def test_marks_are_on_content_words_alone(starter: Scorer, title: str, body: str, marked: set[str]) -> None:
    lexicon = starter.model.lexicon
    places = term_places(title, body, lexicon.term_table)
    assert {body[start:stop] for start, stop in places} == marked
    assert {term.text for term in title_terms(title, body, lexicon) if term.found} == {
        word for word in title.replace(":", "").split() if word in marked or word.lower() in {m.lower() for m in marked}
    }


def test_the_list_has_what_frequency_does_not_tell(starter: Scorer) -> None:
    table = starter.model.lexicon.term_table
    for language, words in RARER_FUNCTION_WORDS.items():
        for term, _, _ in terms_of(words):
            assert is_function_word(term)
            assert idf(term, table) >= TELLING_IDF, (language, words)
