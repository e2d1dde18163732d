"""The headlines in another language than their article's: of known articles, in their script, none twice."""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

DATA = Path(__file__).resolve().parent.parent / "training_data"
LANGUAGES = sorted(path.stem for path in (DATA / "articles").glob("*.jsonl"))
SCRIPTS = {
    "ar": ("ARABIC",), "fa": ("ARABIC",), "ur": ("ARABIC",), "bn": ("BENGALI",), "hi": ("DEVANAGARI",), "ko": ("HANGUL",),
    "ru": ("CYRILLIC",), "zh": ("CJK",), "ja": ("CJK", "HIRAGANA", "KATAKANA", "FULLWIDTH"),
}  # fmt: skip
"""how the names of the letters begin; the languages that are absent are written in Latin letters"""
COMPACT = ("ja", "ko", "zh")
"""languages that say in 6 to 80 signs what others say in 15 to 160"""


class Abroad(NamedTuple):
    """A headline in another language."""

    id: str
    language: str
    title: str


def abroad(language: str) -> list[Abroad]:
    """The headlines in other languages of the articles in `language`."""
    head, *lines = (DATA / "titles_abroad" / f"{language}.tsv").read_text("utf-8").splitlines()
    assert head == "id\ttitle_lang\ttitle"
    return [Abroad(*line.split("\t")) for line in lines]


def own_titles(language: str) -> dict[str, str]:
    """The headline that each article of `language` has in its own language, by id."""
    lines = (DATA / "articles" / f"{language}.jsonl").read_text("utf-8").splitlines()
    return {row["id"]: row["title"] for row in map(json.loads, lines)}


def letters_of_script(title: Abroad) -> tuple[int, int]:
    """How many letters of the title are in the script of its language, and how many letters it has."""
    names = [unicodedata.name(letter) for letter in title.title if letter.isalpha()]
    return sum(name.startswith(SCRIPTS.get(title.language, ("LATIN",))) for name in names), len(names)


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_is_of_an_article_that_exists_and_says_it_in_another_language(language: str) -> None:
    own = own_titles(language)
    for title in abroad(language):
        assert title.id in own
        assert title.language in LANGUAGES
        assert title.language != language
        assert title.title != own[title.id]


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_article_has_at_most_one_in_a_language(language: str) -> None:
    counts = Counter((title.id, title.language) for title in abroad(language))
    assert max(counts.values()) == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_headline_stands_over_two_articles(language: str) -> None:
    counts = Counter(title.title for title in abroad(language))
    assert max(counts.values()) == 1


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_every_article_in_another_language_than_english_has_an_english_headline(language: str) -> None:
    titles = abroad(language)
    assert {title.id for title in titles if title.language == "en"} == set(own_titles(language))
    assert sum(title.language != "en" for title in titles) == 8


def test_english_articles_have_eight_in_every_other_language() -> None:
    assert Counter(title.language for title in abroad("en")) == dict.fromkeys(set(LANGUAGES) - {"en"}, 8)


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_is_a_line_of_tidy_text_of_the_length_of_a_headline(language: str) -> None:
    for title in abroad(language):
        shortest, longest = (6, 80) if title.language in COMPACT else (15, 160)
        assert shortest <= len(title.title) <= longest, title
        assert title.title == unicodedata.normalize("NFC", " ".join(title.title.split())), title


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_is_in_the_script_of_its_language(language: str) -> None:
    for title in abroad(language):
        inside, letters = letters_of_script(title)
        assert inside >= 0.8 * letters > 0, title


def test_every_script_meets_every_other() -> None:
    def script(language: str) -> str:
        return SCRIPTS.get(language, ("LATIN",))[0]

    pairs = {(script(language), script(title.language)) for language in LANGUAGES for title in abroad(language)}
    scripts = {script(language) for language in LANGUAGES}
    assert {(a, b) for a in scripts for b in scripts if a != b} - pairs == set()


def test_the_readme_says_how_many_there_are() -> None:
    count = sum(len(abroad(language)) for language in LANGUAGES)
    assert f"headlines in other languages are {count:,}:" in (DATA / "README.md").read_text("utf-8")
