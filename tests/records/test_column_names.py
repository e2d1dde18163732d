from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from mismatch.errors import InputError
from mismatch.records.columns import ColumnChoice, find_columns
from mismatch.records.formats.json_scan import MAX_KEYS
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


@pytest.mark.parametrize("name", ["a.jsonl", "a.json"])
def test_usual_names_are_found_among_more_keys_than_are_told_apart(tmp_path: Path, name: str) -> None:
    row = {**{f"k{i}": i for i in range(MAX_KEYS + 1)}, "headline": "a title", "text": "a body"}
    rows = [json.dumps(row)] * 3
    text = "\n".join(rows) if name == "a.jsonl" else f"[{', '.join(rows)}]"
    (tmp_path / name).write_text(text)
    reader = Reader([tmp_path / name])
    titles = [title for chunk in reader for title in chunk.decode().pairs["title"].to_pylist()]
    assert titles == ["a title"] * 3
