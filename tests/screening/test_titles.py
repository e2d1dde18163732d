"""Titles lose what is not headline, and nothing else."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mismatch.screening.title_cleaning import clean_titles, learn_habits

HEADLINES = [
    "Ferry runs aground in fog", "Council backs new bridge", "Wolves return to the valley", "Nurse wins lottery twice",
    "Rain delays the harvest", "Old mill becomes a concert hall", "Harbour master retires at last", "School wins chess cup",
    "Baker finds Roman coin in flour", "Ice closes the northern pass",
]  # fmt: skip


def cleaned(titles: list[str | None], sources: list[str | None] | None = None) -> list[str | None]:
    array, of = pa.array(titles, pa.string()), None if sources is None else pa.array(sources, pa.string())
    return clean_titles(array, of, learn_habits(array, of)).to_pylist()


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
        ("F\ufffdhre l\ufffduft vor Amrum auf Grund", "vor Amrum auf Grund"),
        ("Pflegekr?fte und H?ndler fordern mehr Geld", "und fordern mehr Geld"),
    ],
)
def test_labels_entities_dates_and_urls_go_without_learning(title: str, left: str) -> None:
    assert clean_titles(pa.array([title])).to_pylist() == [left]


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
        "Who pays?The ferry company",
        "F?hre l?uft auf Grund",
    ],
)
def test_a_title_is_never_emptied_nor_cut_without_need(title: str | None) -> None:
    assert clean_titles(pa.array([title], pa.string())).to_pylist() == [title]


@pytest.mark.parametrize(
    ("title", "left"),
    [
        ("Ferry runs aground in fog | The Daily Ferry", "Ferry runs aground in fog"),
        ("Ferry runs aground in fog | BBC News", "Ferry runs aground in fog"),
        ("Ferry runs aground in fog - The Guardian", "Ferry runs aground in fog"),
        ("Ferry runs aground in fog — harbourpost.example", "Ferry runs aground in fog"),
        ("BBC News: Ferry runs aground in fog", "Ferry runs aground in fog"),
        ("Sport › Football › City beat United in derby", "City beat United in derby"),
        ("Politics | Council backs new bridge", "Council backs new bridge"),
        ("Home | Harbour News", "Home"),
        ("Ferry runs aground in fog | World | The Guardian", "Ferry runs aground in fog"),
        ("Fähre läuft im Nebel auf Grund | Hafener Tageblatt", "Fähre läuft im Nebel auf Grund"),
        ("Паром сел на мель в тумане - Новости", "Паром сел на мель в тумане"),
    ],
)
def test_what_plainly_names_a_site_is_cut_from_a_single_title(title: str, left: str) -> None:
    assert clean_titles(pa.array([title])).to_pylist() == [left]


@pytest.mark.parametrize(
    "title",
    [
        "City 2-1 United - Harris scores twice",
        "Ferry runs aground - three dead",
        "What we know - and what we don't",
        "Harris | the making of a star",
        "Bolt wins gold - a new world record",
        "Facebook: how the harbour sells its fish",
        "The news from the harbour - and why it matters",
    ],
)
def test_what_may_be_headline_is_left_in_a_single_title(title: str) -> None:
    assert clean_titles(pa.array([title])).to_pylist() == [title]


def test_the_order_of_the_rows_does_not_matter() -> None:
    titles = [f"{title} - Harbour" for title in HEADLINES] + HEADLINES
    habits = [learn_habits(pa.array(rows)).tolist() for rows in (titles, titles[::-1], sorted(titles))]
    assert habits[0] == habits[1] == habits[2] != []


def test_large_strings_and_slices_keep_their_type_and_length() -> None:
    titles = pa.array(["x", None, "WATCH: Ferry runs aground", "Council backs bridge"], pa.large_string())[1:]
    out = clean_titles(titles)
    assert out.type == titles.type
    assert out.to_pylist() == [None, "Ferry runs aground", "Council backs bridge"]


@given(st.lists(st.one_of(st.none(), st.text(alphabet="ab :|-&;#x3/.w\u2013\u00b7é日\n", max_size=30)), max_size=12))
def test_whatever_the_titles_are_every_row_comes_out_and_none_becomes_empty(titles: list[str | None]) -> None:
    out = cleaned(titles)
    assert [row is None for row in out] == [row is None for row in titles]
    assert all(bool(new.strip()) for old, new in zip(titles, out, strict=True) if old and old.strip() and new is not None)


def test_markup_in_titles_is_left_out() -> None:
    titles = ["<b>Ferry</b> runs aground", "Pier &lt;reopens&gt; <i>again</i>", "Shares of <Quay> fall", "1 < 2 > 0"]
    assert cleaned(titles) == ["Ferry runs aground", "Pier <reopens> again", "Shares of <Quay> fall", "1 < 2 > 0"]


@pytest.mark.parametrize(
    ("title", "left"),
    [
        ("2025-11-30 | Ferry runs aground in fog", "Ferry runs aground in fog"),
        ("30.11.2025 - Ferry runs aground in fog", "Ferry runs aground in fog"),
        ("2025-11-30 | 渡轮在大雾中搁浅", "渡轮在大雾中搁浅"),
        ("本地要闻｜渡轮在大雾中搁浅 无人受伤", "本地要闻｜渡轮在大雾中搁浅 无人受伤"),
        ("Паром сел на мель | Никто не пострадал", "Паром сел на мель | Никто не пострадал"),
        ("Ferry runs aground in fog | Daily news from Saltby, Wick and the islands since 1902", "Ferry runs aground in fog"),
        (
            "Ferry runs aground in fog - The Saltby Courier | All that moves the coast, every day",
            "Ferry runs aground in fog",
        ),
        ("Ferry runs aground | Nobody on board was hurt", "Ferry runs aground | Nobody on board was hurt"),
    ],
)
def test_dates_and_what_a_site_says_of_itself_are_cut_and_a_second_half_stays(title: str, left: str) -> None:
    assert cleaned([title]) == [left]


@pytest.mark.parametrize(
    ("title", "left"),
    [
        ("Ferry runs aground in fogThe captain said that he had seen no light", "Ferry runs aground in fog"),
        (
            "Worst harvest in Saltby since 1902In the villages they speak of little else",
            "Worst harvest in Saltby since 1902",
        ),
        ("McAdam and YouTube settle their row over the film of the storm", None),
        ("Virginia's 2A Sanctuary Counties to Join the Coast Guard in June", None),
        ("Ferry stopsThe end", None),
    ],
)
def test_a_standfirst_that_touches_the_headline_is_cut(title: str, left: str | None) -> None:
    assert cleaned([title]) == [left or title]


@pytest.mark.parametrize(
    ("title", "left"),
    [
        ("#SaltbyFerry runs aground via @saltbynews", "Saltby Ferry runs aground"),
        ("Ferry aground #iPhone @saltbynews", "Ferry aground iPhone"),
        ("Who speaks for @saltbynews today?", "Who speaks for @saltbynews today?"),
        ("Industry is #1", "Industry is 1"),
    ],
)
def test_hashtags_are_words_and_the_account_behind_a_title_is_cut(title: str, left: str) -> None:
    assert cleaned([title]) == [left]
