from __future__ import annotations

import csv
from pathlib import Path

import pytest

from mismatch.errors import InputError
from mismatch.records.columns import ColumnChoice, find_columns
from mismatch.records.reading import Reader


@pytest.mark.parametrize(
    ("title", "body"),
    [
        ("Titre", "Texte"), ("Überschrift", "Inhalt"), ("TÍTULO", "Contenido"), ("Заголовок", "Текст"), ("标题", "正文"),
        ("Başlık", "İçerik"), ("عنوان", "نص"), ("शीर्षक", "सामग्री"), ("Article Title", "Full-Text"), ("tiêu đề", "nội dung"),
    ],
)  # fmt: skip
def test_columns_are_known_by_their_names_in_many_languages(tmp_path: Path, title: str, body: str) -> None:
    path = tmp_path / "a.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=";").writerows(
            [["nr", title, body], ["1", "Ferry sails again", "The ferry left at nine."]]
        )
    (row,) = [row for chunk in Reader([str(path)]) for row in chunk.decode().pairs.to_pylist()]
    assert (row["title"], row["body"]) == ("Ferry sails again", "The ferry left at nine.")


def test_the_first_usual_name_stands_before_what_is_written_first() -> None:
    columns = find_columns(["summary", "Überschrift", "text", "headline"], ColumnChoice(), "a.csv")
    assert (columns.title, columns.body) == ("headline", "text")


def test_a_name_that_only_contains_a_usual_one_is_not_taken() -> None:
    with pytest.raises(InputError, match="no title column"):
        find_columns(["subtitle count", "text"], ColumnChoice(), "a.csv")
