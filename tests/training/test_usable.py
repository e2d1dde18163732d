"""Which pairs have enough text to learn from."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ordinary_pairs import PAIRS

from mismatch.terms.text_buffers import text_buffers
from mismatch.terms.tokens import terms_of
from mismatch.training.usable import MIN_BODY_TERMS, MIN_TITLE_TERMS, usable_pairs


def usable(titles: list[str | None], bodies: list[str | None]) -> list[bool]:
    return usable_pairs(*(text_buffers(pa.array(side, pa.string())) for side in (titles, bodies))).tolist()


def twin(title: str | None, body: str | None) -> bool:
    """Every text cut to its end, and its terms counted."""
    if title is None or body is None:
        return False
    return len(terms_of(title)) >= MIN_TITLE_TERMS and len(terms_of(body)) >= MIN_BODY_TERMS


def test_pairs_without_enough_text_are_not_learned_from() -> None:
    enough = "one two three four five six"
    assert usable(["A title", "", None, "A title", "!!!"], [enough] * 3 + ["too short", enough]) == [True, *[False] * 4]


def test_text_that_begins_late_is_text_too() -> None:
    bodies: list[str | None] = ["\n" * 3_000 + words for words in ("one two three four five six", "too short", "")]
    assert usable(["A title"] * 3, bodies) == [True, False, False]


@pytest.mark.parametrize("words", range(MIN_BODY_TERMS + 2))
def test_a_body_needs_so_many_terms_and_no_more(words: int) -> None:
    assert usable(["A title"], [" ".join(["word"] * words)]) == [words >= MIN_BODY_TERMS]


SNIPPETS = ["a", "is", "naïve", "1,5", "7", "é", "東京", "の", "한국", "!", "\n", " ", "x" * 70, "😀"]
TEXTS = st.none() | st.lists(st.sampled_from(SNIPPETS), max_size=14).map(" ".join) | st.text(max_size=40)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=6))
def test_what_is_read_in_part_is_judged_as_if_it_were_read_whole(pairs: list[tuple[str | None, str | None]]) -> None:
    titles, bodies = ([pair[side] for pair in pairs] for side in (0, 1))
    assert usable(titles, bodies) == [twin(title, body) for title, body in pairs]


def test_ordinary_pairs_have_enough() -> None:
    assert all(usable([title for _, _, title, _ in PAIRS], [body for _, _, _, body in PAIRS]))
