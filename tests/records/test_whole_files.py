"""Workbooks, SQLite databases, and data sets whose folders hold columns."""

from __future__ import annotations

import csv
import datetime
import io
import shutil
import sqlite3
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from reading_and_scoring import blocks_of, convert, json_rows, pairs_of, rejects_of

from mismatch.errors import InputError
from mismatch.records.columns import ColumnChoice
from mismatch.records.drawing import Runs
from mismatch.records.formats import spreadsheet
from mismatch.records.inputs import find_inputs
from mismatch.records.layout import Layout
from mismatch.records.reading import Reader


def workbook(path: Path, sheets: dict[str, list[list[Any]]]) -> Path:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def database(path: Path, *statements: str, rows: list[tuple[Any, ...]] | None = None) -> Path:
    with sqlite3.connect(path) as connection:
        for statement in statements:
            connection.execute(statement)
        if rows:
            connection.executemany(f"INSERT INTO articles VALUES ({', '.join('?' * len(rows[0]))})", rows)
    connection.close()
    return path


ROWS = [["Title", "Text", "n"], ["t", "b\nc", 1], [None, None, None], ["=formula", 'q "x", y', 2.5], ["é日", None, True]]


def test_the_rows_of_a_workbook(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", {"Sheet": ROWS})
    assert pairs_of(path) == [("t", "b\nc"), (None, 'q "x", y'), ("é日", None)]  # a formula that was never computed is empty
    assert [n for block in blocks_of(path) for n in block.row_numbers.tolist()] == [2, 4, 5]
    convert(path, tmp_path / "o.csv")
    with (tmp_path / "o.csv").open(newline="") as file:
        assert [row[:3] for row in csv.reader(file)][1] == ["t", "b\nc", "1"]
    convert(path, tmp_path / "o.jsonl")
    assert [row["n"] for row in json_rows(tmp_path / "o.jsonl")] == ["1", "2.5", "true"]


def test_the_sheet_with_the_columns_is_taken_and_said(tmp_path: Path) -> None:
    sheets = {"Notes": [["About"]], "Empty": [], "News": [["An export"], [], ["a", "headline", "body"], [1, "t", "b"]]}
    path = workbook(tmp_path / "a.xlsx", sheets)
    assert pairs_of(path) == [("t", "b")]
    assert f"{path}: the rows of sheet 'News', of 3" in Reader([path]).notices
    assert pairs_of(path, layout=Layout(table="News")) == [("t", "b")]
    with pytest.raises(InputError, match=r"no sheet 'Old'; its sheets are 'Notes', 'Empty', 'News'.*--table"):
        Reader([path], layout=Layout(table="Old"))
    with pytest.raises(InputError, match=r"sheet 'Notes'.*its columns are 'About'"):
        Reader([path], layout=Layout(table="Notes"))


def test_cells_of_other_kinds_are_text(tmp_path: Path) -> None:
    when = datetime.datetime(2026, 11, 26, 8, 15)
    path = workbook(tmp_path / "a.xlsx", {"S": [["title", "body", None], [12, -0.5, when], [1e20, 3.0, when.date()]]})
    convert(path, tmp_path / "o.jsonl")
    rows = [list(row.values())[:3] for row in json_rows(tmp_path / "o.jsonl")]
    assert rows == [["12", "-0.5", "2026-11-26 08:15:00"], ["1e+20", "3", "2026-11-26"]]
    assert list(json_rows(tmp_path / "o.jsonl")[0])[:3] == ["title", "body", "C"]


def test_a_workbook_from_standard_input_and_rows_from_all_over_it(tmp_path: Path) -> None:
    rows = [["title", "body"], *([f"t{i}", "b"] for i in range(1000))]
    path = workbook(tmp_path / "a.xlsx", {"S": rows})
    reader = Reader(["-"], stdin=io.BytesIO(path.read_bytes()))
    assert sum(len(chunk.decode()) for chunk in reader) == 1000
    drawn = Reader([path]).drawn_evenly(Runs(10, 5, 1 << 12)) or []
    titles = [title for batch in drawn for title in batch.column("title").to_pylist()]
    assert len(titles) == 50 and titles[0] == "t0" and titles[-1] == "t904"


def test_workbooks_that_cannot_be_read_say_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.xlsx").write_bytes(b"title,body\n")
    with pytest.raises(InputError, match="not a readable workbook"):
        Reader([tmp_path / "a.xlsx"])
    whole = workbook(tmp_path / "b.xlsx", {"S": ROWS}).read_bytes()
    for size in range(0, len(whole), 97):
        (tmp_path / "b.xlsx").write_bytes(whole[:size])
        with pytest.raises(InputError):
            Reader([tmp_path / "b.xlsx"])
    (tmp_path / "c.xlsx").write_bytes(whole)
    monkeypatch.setattr(spreadsheet, "MOST_BYTES", 1000)
    with pytest.raises(InputError, match="save it as CSV"):
        Reader([tmp_path / "c.xlsx"])
    with zipfile.ZipFile(tmp_path / "d.xlsx", "w") as empty:
        empty.writestr("a", "b")
    with pytest.raises(InputError, match="not a readable workbook"):
        Reader([tmp_path / "d.xlsx"])


def test_without_the_library_the_extra_is_named(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", {"S": ROWS})
    script = f"""
import sys
sys.modules["python_calamine"] = None
from mismatch.errors import MissingExtraError
from mismatch.records.reading import Reader
try:
    Reader([{str(path)!r}])
except MissingExtraError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert 'pip install "headline-mismatch[excel]"' in done.stdout, done.stderr


def test_the_rows_of_a_database_with_their_types(tmp_path: Path) -> None:
    path = database(
        tmp_path / "a.sqlite",
        "CREATE TABLE articles (id INTEGER PRIMARY KEY, title TEXT, body TEXT, score REAL, mixed, raw BLOB)",
        rows=[(3, "t", "b", 0.5, "x", b"\x00"), (5, "é", None, 2, 7, None), (9, b"\xff", "c", None, None, None)],
    )
    assert pairs_of(path) == [("t", "b"), ("é", None)]
    [reject] = rejects_of(path)
    assert (reject.line, reject.reason) == (3, "not valid UTF-8")
    convert(path, tmp_path / "o.parquet")
    table = pq.read_table(tmp_path / "o.parquet")
    assert table.schema.field("id").type == pa.int64() and table.schema.field("score").type == pa.float64()
    assert table.column("mixed").to_pylist() == ["x", "7"] and table.column("raw").to_pylist() == [b"\x00", None]


def test_the_only_table_with_the_columns_is_taken_and_several_are_refused(tmp_path: Path) -> None:
    create = "CREATE TABLE {} (title, body)"
    path = database(tmp_path / "a.db", "CREATE TABLE log (x)", create.format("articles"), rows=[("t", "b")])
    assert pairs_of(path) == [("t", "b")]
    assert f"{path}: the rows of table 'articles', of 2" in Reader([path]).notices
    database(path, create.format('"o""dd"'), """INSERT INTO "o""dd" VALUES ('u', 'c')""")
    with pytest.raises(InputError, match=r"several tables.*'articles', 'o\"dd'.*--table"):
        Reader([path])
    assert pairs_of(path, layout=Layout(table='o"dd')) == [("u", "c")]
    with pytest.raises(InputError, match=r"there is no table 'x'; its tables are 'log', 'articles'"):
        Reader([path], layout=Layout(table="x"))
    database(path, "CREATE VIEW late AS SELECT title AS headline, body FROM articles")
    assert pairs_of(path, layout=Layout(table="late")) == [("t", "b")]


def test_a_database_is_never_written_to(tmp_path: Path) -> None:
    path = database(tmp_path / "a.db", "CREATE TABLE articles (title, body)", rows=[("t", "b")])
    before = path.read_bytes()
    path.chmod(0o444)
    assert pairs_of(path) == [("t", "b")]
    assert path.read_bytes() == before and [item.name for item in tmp_path.iterdir()] == ["a.db"]


def test_rows_are_those_of_the_moment_at_which_reading_begins(tmp_path: Path) -> None:
    path = database(
        tmp_path / "a.db", "PRAGMA journal_mode = WAL", "CREATE TABLE articles (title, body)", rows=[("t", "b")] * 2
    )
    chunks = iter(Reader([path], chunk_bytes=1))
    assert [len(next(chunks).decode()) for _ in range(2)] == [0, 1]
    database(path, rows=[(1, 2), ("u", "c")])
    assert [len(chunk.decode()) for chunk in chunks] == [1]


def test_a_large_table_comes_in_bounded_batches_and_is_drawn_from_evenly(tmp_path: Path) -> None:
    rows = [(f"t{i}", "x" * 500) for i in range(5000)]
    path = database(tmp_path / "a.db", "CREATE TABLE articles (title, body)", rows=rows)
    sizes = [len(block) for block in blocks_of(path, chunk_bytes=50_000)]
    assert sum(sizes) == 5000 and max(sizes) < 120
    drawn = Reader([path]).drawn_evenly(Runs(10, 5, 1 << 12)) or []
    titles = [title for batch in drawn for title in batch.column("title").to_pylist()]
    assert (len(titles), titles[0], titles[-1]) == (50, "t0", "t4999")
    assert sum(len(chunk.decode()) for chunk in Reader(["-"], stdin=io.BytesIO(path.read_bytes()))) == 5000


def test_damaged_databases_say_so(tmp_path: Path) -> None:
    rows = [(f"t{i}", "x" * 300) for i in range(2000)]
    whole = database(tmp_path / "a.db", "CREATE TABLE articles (title, body)", rows=rows).read_bytes()
    (tmp_path / "b.db").write_bytes(b"title,body\n")
    with pytest.raises(InputError, match="not a readable SQLite database"):
        Reader([tmp_path / "b.db"])
    torn = bytearray(whole)
    torn[len(torn) // 2 : len(torn) // 2 + 5000] = b"\xff" * 5000
    (tmp_path / "c.db").write_bytes(torn)
    with pytest.raises(InputError, match="not a readable SQLite database"):  # its types are looked up in all rows
        Reader([tmp_path / "c.db"])


def test_other_files_called_db_in_a_folder_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "Thumbs.db").write_bytes(b"\xd0\xcf\x11\xe0 thumbnails")
    database(tmp_path / "a.db", "CREATE TABLE articles (title, body)", rows=[("t", "b")])
    assert [Path(item.origin).name for item in find_inputs([tmp_path])] == ["a.db"]


def test_folders_of_a_data_set_come_out_as_columns(tmp_path: Path) -> None:
    for year, source in ((2023, "a%20b"), (2024, "__HIVE_DEFAULT_PARTITION__")):
        folder = tmp_path / "set" / f"year={year}" / f"source={source}"
        folder.mkdir(parents=True)
        pq.write_table(pa.table({"title": [f"t{year}"] * 2, "body": ["b", "c"]}), folder / "part-0.parquet")
    convert(tmp_path / "set", tmp_path / "o.parquet")
    table = pq.read_table(tmp_path / "o.parquet")
    assert table.column("year").to_pylist() == [2023, 2023, 2024, 2024]
    assert table.column("source").to_pylist() == ["a b", "a b", None, None]
    reader = Reader([tmp_path / "set"])
    assert reader.notices == ["title=title, body=body, source=source"]
    drawn = reader.drawn_evenly(Runs(4, 5, 1)) or []
    assert [source for batch in drawn for source in batch.column("source").to_pylist()] == ["a b", "a b", None, None]
    convert(tmp_path / "set" / "year=2023", tmp_path / "o.jsonl")
    assert json_rows(tmp_path / "o.jsonl")[0]["year"] == 2023


def test_a_column_of_the_file_goes_before_its_folder_and_odd_numbers_stay_text(tmp_path: Path) -> None:
    for month in ("01", "12"):
        folder = tmp_path / f"month={month}" / "title=x"
        folder.mkdir(parents=True)
        pq.write_table(pa.table({"title": ["t"], "body": ["b"]}), folder / "a.parquet")
    convert([tmp_path / "month=01", tmp_path / "month=12"], tmp_path / "o.jsonl")
    assert [(row["title"], row["month"]) for row in json_rows(tmp_path / "o.jsonl")] == [("t", "01"), ("t", "12")]


def test_a_source_in_the_folders_alone_can_be_asked_for(tmp_path: Path) -> None:
    folder = tmp_path / "site=s.example"
    folder.mkdir()
    pq.write_table(pa.table({"title": ["t"], "body": ["b"]}), folder / "a.parquet")
    shutil.copy(folder / "a.parquet", tmp_path / "b.parquet")
    [_, block] = blocks_of(folder / "a.parquet", columns=ColumnChoice(source="site"))
    assert block.pairs.column("source").to_pylist() == ["s.example"]
    with pytest.raises(InputError, match="no column 'site'"):
        Reader([tmp_path / "b.parquet"], columns=ColumnChoice(source="site"))
