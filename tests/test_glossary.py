"""The glossaries: well-formed, of their script, and what the starter's vectors make of them."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parent.parent / "training_data" / "glossary"
LANGUAGES = sorted(path.stem for path in FOLDER.glob("*.tsv"))
SCRIPTS = {
    "am": "ETHIOPIC", "ti": "ETHIOPIC", "ar": "ARABIC", "fa": "ARABIC", "ur": "ARABIC", "he": "HEBREW", "el": "GREEK",
    "ru": "CYRILLIC", "uk": "CYRILLIC", "bg": "CYRILLIC", "hi": "DEVANAGARI", "bn": "BENGALI", "ta": "TAMIL", "ko": "HANGUL",
    "zh": "CJK",
}  # fmt: skip


def entries(language: str) -> list[list[str]]:
    return [line.split("\t") for line in (FOLDER / f"{language}.tsv").read_text("utf-8").splitlines()]


def test_there_are_glossaries_in_fifty_languages() -> None:
    assert len(LANGUAGES) >= 50


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_glossary_has_two_columns_each_english_word_once_and_hundreds_of_them(language: str) -> None:
    rows = entries(language)
    assert all(len(row) == 2 and all(row) for row in rows)
    assert all(row == [unicodedata.normalize("NFC", cell.strip()) for cell in row] for row in rows)
    assert len({english for english, _ in rows}) == len(rows) >= 440
    if language != "vi":  # whose words are written in syllables
        assert not any(" " in other for _, other in rows)


@pytest.mark.parametrize("language", SCRIPTS)
def test_a_glossary_is_in_the_script_of_its_language(language: str) -> None:
    letters = [letter for _, other in entries(language) for letter in other if letter.isalpha()]
    share = sum(unicodedata.name(letter).startswith(SCRIPTS[language]) for letter in letters) / len(letters)
    assert share > 0.97
