"""Titles lose what is not headline, and nothing else."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mismatch.screening.title_cleaning import TitleCleaner

HEADLINES = [
    "Ferry runs aground in fog", "Council backs new bridge", "Wolves return to the valley", "Nurse wins lottery twice",
    "Rain delays the harvest", "Old mill becomes a concert hall", "Harbour master retires at last", "School wins chess cup",
    "Baker finds Roman coin in flour", "Ice closes the northern pass",
]  # fmt: skip


def cleaned(titles: list[str | None], sources: list[str | None] | None = None) -> list[str | None]:
    cleaner = TitleCleaner()
    array, of = pa.array(titles, pa.string()), None if sources is None else pa.array(sources, pa.string())
    cleaner.learn(array, of)
    return cleaner.clean(array, of).to_pylist()


@pytest.mark.parametrize("mark", [" | ", " - ", " – ", " — ", " · ", " » "])
def test_the_name_that_all_titles_of_a_source_end_in_is_cut(mark: str) -> None:
    assert cleaned([title + mark + "The Daily Ferry" for title in HEADLINES]) == HEADLINES


def test_the_section_that_they_begin_with_is_cut_and_then_the_name() -> None:
    assert cleaned([f"Region: {title} | Harbour News | Ferry" for title in HEADLINES]) == HEADLINES


def test_what_one_source_shares_is_no_reason_to_cut_the_titles_of_another() -> None:
    titles = [f"{title} - Harbour" for title in HEADLINES] + ["Row over the new pier - Harbour"]
    assert cleaned(titles, ["a"] * 10 + ["b"]) == [*HEADLINES, "Row over the new pier - Harbour"]


def test_a_subject_that_some_headlines_begin_with_stays() -> None:
    titles = [f"Coronavirus: {title}" for title in HEADLINES[:5]] + HEADLINES * 4
    assert cleaned(titles) == titles


def test_a_template_with_dates_is_cut() -> None:
    titles = [f"September {day}, 1981, Forty Years Ago: {title}" for day, title in enumerate(HEADLINES, 3)]
    assert cleaned(titles) == HEADLINES


@pytest.mark.parametrize(
    ("title", "left"),
    [
        ("WATCH: Ferry runs aground in fog", "Ferry runs aground in fog"),
        ("OPINION: Let the rivers flood", "Let the rivers flood"),
        ("BREAKING - LIVE: Storm hits the coast", "Storm hits the coast"),
        ("Son dakika: Vapur karaya oturdu", "Vapur karaya oturdu"),
        ("СРОЧНО: Паром сел на мель", "Паром сел на мель"),
        ("速報：フェリーが座礁", "フェリーが座礁"),
        ("Fish &amp; ships: the ferry&#39;s menu", "Fish & ships: the ferry's menu"),
        ("https://daily.example/news/2025/ferry-runs-aground-in-fog-935075.html", "ferry runs aground in fog"),
        ("Ferry runs aground https://daily.example/ferry-runs-aground", "Ferry runs aground"),
        ("Storm hits the coast | 8 July 2024 11:15 AM", "Storm hits the coast"),
    ],
)
def test_labels_entities_dates_and_urls_go_without_learning(title: str, left: str) -> None:
    assert TitleCleaner().clean(pa.array([title])).to_pylist() == [left]


@pytest.mark.parametrize(
    "title",
    [
        None,
        "",
        "OPINION:",
        "Watch: ",
        "Mary Poppins: a life",
        "https://daily.example/",
        "&nbsp;",
        "1984",
        "Bern–Basel",
        "AT&T; sues",
    ],
)
def test_a_title_is_never_emptied_nor_cut_without_need(title: str | None) -> None:
    assert TitleCleaner().clean(pa.array([title], pa.string())).to_pylist() == [title]


def test_large_strings_and_slices_keep_their_type_and_length() -> None:
    titles = pa.array(["x", None, "WATCH: Ferry runs aground", "Council backs bridge"], pa.large_string())[1:]
    out = TitleCleaner().clean(titles)
    assert out.type == titles.type
    assert out.to_pylist() == [None, "Ferry runs aground", "Council backs bridge"]


@given(st.lists(st.one_of(st.none(), st.text(alphabet="ab :|-&;#x3/.w\u2013\u00b7é日\n", max_size=30)), max_size=12))
def test_whatever_the_titles_are_every_row_comes_out_and_none_becomes_empty(titles: list[str | None]) -> None:
    out = cleaned(titles)
    assert [row is None for row in out] == [row is None for row in titles]
    assert all(bool(new.strip()) for old, new in zip(titles, out, strict=True) if old and old.strip() and new is not None)
