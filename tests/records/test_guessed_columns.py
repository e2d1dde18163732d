"""Columns whose names nobody knows: told by what they hold, or refused with what there is."""

from __future__ import annotations

import csv
import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from ordinary_pairs import PAIRS

from mismatch.errors import InputError
from mismatch.records.guessing import Unsure, guess
from mismatch.records.reading import Reader

TITLES, BODIES = [pair[2] for pair in PAIRS[:12]], [pair[3] for pair in PAIRS[:12]]
SUMMARIES = [body.partition(". ")[0] + "." for body in BODIES]
NAMES = ["nr", "veld_a", "veld_b", "bron", "adres"]
ROWS = [
    [str(i), title, body, "De Kust", f"https://kust.example/{i}"]
    for i, (title, body) in enumerate(zip(TITLES, BODIES, strict=True))
]


def columns_of(path: Path) -> tuple[str | None, str | None]:
    (columns,) = Reader([path]).columns.values()
    return columns.title, columns.body


def as_csv(path: Path, names: Sequence[str], rows: Sequence[Sequence[str]], delimiter: str = ";") -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows([names, *rows])
    return path


def test_a_short_text_and_the_long_one_beside_it_are_title_and_body(tmp_path: Path) -> None:
    reader = Reader([as_csv(tmp_path / "a.csv", NAMES, ROWS)])
    assert [chunk.decode().pairs.num_rows for chunk in reader] == [0, 12]
    assert any("title=veld_a, body=veld_b" in line and "--title and --body" in line for line in reader.notices)


@pytest.mark.parametrize("kind", ["jsonl", "json", "parquet", "arrow", "sqlite", "xlsx"])
def test_every_format_of_tables_is_told_alike(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"a.{kind}"
    table = pa.table([list(column) for column in zip(*ROWS, strict=True)], NAMES)
    if kind == "jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in table.to_pylist()))
    elif kind == "json":
        path.write_text(json.dumps(table.to_pylist()))
    elif kind == "parquet":
        pq.write_table(table, path)
    elif kind == "arrow":
        with pa.ipc.new_stream(str(path), table.schema) as writer:
            writer.write_table(table)
    elif kind == "xlsx":
        pytest.importorskip("python_calamine")
        openpyxl = pytest.importorskip("openpyxl")
        book = openpyxl.Workbook()
        for row in [["Uitvoer van maandag"], NAMES, *ROWS]:
            book.active.append(row)
        book.save(path)
    else:
        with sqlite3.connect(path) as database:
            database.execute(f"CREATE TABLE berichten ({', '.join(NAMES)})")
            database.executemany("INSERT INTO berichten VALUES (?, ?, ?, ?, ?)", ROWS)
        database.close()
    assert columns_of(path) == ("veld_a", "veld_b")
    assert sum(chunk.decode().pairs.num_rows for chunk in Reader([path])) == len(ROWS)


def test_one_usual_name_is_enough_to_find_the_other_column(tmp_path: Path) -> None:
    assert columns_of(as_csv(tmp_path / "a.csv", ["nr", "kop", "veld_b", "bron", "adres"], ROWS)) == ("kop", "veld_b")
    assert columns_of(as_csv(tmp_path / "b.csv", ["nr", "veld_a", "tekst", "bron", "adres"], ROWS)) == ("veld_a", "tekst")


def test_a_summary_in_sentences_is_no_title() -> None:
    assert guess({"s": SUMMARIES, "t": TITLES, "b": BODIES}) == {"title": "t", "body": "b"}


def test_neither_authors_nor_tags_nor_addresses_are_titles() -> None:
    authors = [f"{first} van der {last}" for first in ("Anna", "Bram", "Cato") for last in ("Berg", "Meer", "Veen", "Wal")]
    tags = [", ".join(body.split()[:6]) for body in BODIES]
    slugs = ["-".join(title.lower().split()) for title in TITLES]
    pages = [f"<html><body><p>{body}</p><p>{body}</p></body></html>" for body in BODIES]
    sample = {"w": authors, "k": tags, "s": slugs, "p": pages, "b": BODIES, "t": TITLES}
    assert guess(sample) == {"title": "t", "body": "b"}
    del sample["t"]
    with pytest.raises(Unsure):
        guess(sample)


def test_titles_that_stand_beside_other_bodies_are_not_taken() -> None:
    with pytest.raises(Unsure, match="'t' do not return in 'b'"):
        guess({"t": TITLES[1:] + TITLES[:1], "b": BODIES})


def test_two_columns_that_fit_alike_are_both_named(tmp_path: Path) -> None:
    rows = [[title, title.upper(), body] for title, body in zip(TITLES, BODIES, strict=True)]
    with pytest.raises(
        InputError, match=r"'een' or 'twee' may be the title; its columns are 'een', 'twee', 'drie'.*--title"
    ):
        Reader([as_csv(tmp_path / "a.csv", ["een", "twee", "drie"], rows)])


def test_a_table_without_a_header_is_not_read_as_if_it_had_one(tmp_path: Path) -> None:
    rows = list(zip(TITLES, BODIES, strict=True))
    with pytest.raises(InputError, match="the first row is an article"):
        Reader([as_csv(tmp_path / "a.csv", rows[0], rows[1:])])


def test_texts_without_articles_are_refused(tmp_path: Path) -> None:
    rows = [[str(i), f"2026-11-{i:02}", f"{i}.5"] for i in range(1, 13)]
    with pytest.raises(InputError, match=r"no title column .* no column holds long texts; its columns are 'a', 'b', 'c'"):
        Reader([as_csv(tmp_path / "a.csv", ["a", "b", "c"], rows)])
