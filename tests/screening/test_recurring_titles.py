"""When two titles are one, and when a title says nothing about the bodies under it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from mismatch.screening.recurring_titles import MAX_RECURRING, do_recur, recurring_titles, title_keys
from mismatch.terms.text_buffers import text_buffers


def keys_of(*titles: str | None) -> NDArray[np.uint64]:
    return title_keys(text_buffers(pa.array(titles, pa.large_string())))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Tides, 12 March", "Tides, 13 March"),
        ("Tides on Monday, 12 March 2019", "TIDES ON 3/4/20"),
        ("March 12: Tides", "4 April: Tides"),
        ("Gezeiten am 5. Januar", "Gezeiten am 17. Oktober 1999"),
        ("Café hours", "  cafe – HOURS!"),
        ("2 ferries late", "11 ferries late"),
        ("12 March", "1999"),
    ],
)
def test_numbers_dates_case_and_punctuation_do_not_make_another_title(one: str, other: str) -> None:
    keys = keys_of(one, "Lanterns", other)
    assert keys[0] == keys[2]
    assert keys[0] != keys[1]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Tides, 12 March", "Tides"),
        ("Tides, 12 March", "12 March, tides"),
        ("Cat eats mouse", "Mouse eats cat"),
        ("Tides tides", "Tides"),
        ("The pier", "The peer"),
    ],
)
def test_other_words_or_another_order_do(one: str, other: str) -> None:
    keys = keys_of(one, other)
    assert keys[0] != keys[1]


def test_a_title_without_terms_has_no_key_and_changes_none_of_the_others() -> None:
    keys = keys_of(None, "Tides", "", "12 March", " – ", "Tides")
    assert keys[[0, 2, 4]].tolist() == [0, 0, 0]
    assert keys[1] == keys[5] == keys_of("Tides")[0]
    assert keys[3] == keys_of("12 March")[0] > 0
    assert len(keys_of()) == 0


def found(rows: list[tuple[int, int, bool]], misfits: float) -> list[int]:
    """Of (title, body, fits)."""
    titles, bodies, fits = zip(*rows, strict=True)
    recurring = recurring_titles(np.array(titles, np.uint64), np.array(bodies), np.array(fits, bool), misfits)
    return [int(key) for key in recurring]


def test_a_title_that_fits_neither_of_two_bodies_recurs_and_one_that_fits_them_does_not() -> None:
    assert found([(7, 1, False), (7, 2, False), (8, 3, True), (8, 4, True), (9, 5, False)], 0.02) == [7]


def test_one_misfit_is_a_mismatch_however_often_the_title_fits() -> None:
    assert found([(7, 1, False), *((7, body, True) for body in range(2, 12))], 0.02) == []


def test_copies_of_one_body_count_once() -> None:
    assert found([(7, 1, False), (7, 1, False), (7, 1, False)], 0.02) == []


def test_misfits_that_the_stream_explains_do_not_count() -> None:
    two_of_two = [(7, 1, False), (7, 2, False)]
    assert found(two_of_two, 0.07) == [7]  # .07² = .0049
    assert found(two_of_two, 0.08) == []  # .08² = .0064
    assert found([(7, body, False) for body in range(8)], 0.5) == [7]  # .5⁸ = .0039
    assert found([(7, body, False) for body in range(7)], 0.5) == []  # .5⁷ = .0078
    assert found([(7, body, False) for body in range(50)], 1.0) == []


def test_titles_without_terms_do_not_recur() -> None:
    assert found([(0, 1, False), (0, 2, False), (0, 3, False)], 0.0) == []


def test_of_too_many_those_over_most_bodies_are_kept() -> None:
    n = MAX_RECURRING + 3
    rows = [(title, 2 * title + k, False) for title in range(1, n + 1) for k in range(2)]
    rows += [(title, 10 * n + title, False) for title in range(4, n + 1)]  # all but three have a third
    assert found(rows, 0.01) == list(range(4, n + 1))


def test_a_title_is_known_again() -> None:
    recurring = np.sort(keys_of("Tides, 12 March", "From the pier"))
    titles = text_buffers(pa.array(["Tides: 9 June", "from the PIER", "From the peer", None]))
    assert do_recur(titles, recurring).tolist() == [True, True, False, False]
