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


def test_workbooks_that_cannot_be_read_say_so(tmp_path: Path) -> None:
    (tmp_path / "a.xlsx").write_bytes(b"title,body\n")
    with pytest.raises(InputError, match=r"not a readable (workbook|xlsx file)"):
        Reader([tmp_path / "a.xlsx"])
    whole = workbook(tmp_path / "b.xlsx", {"S": ROWS}).read_bytes()
    for size in range(0, len(whole), 977):
        (tmp_path / "b.xlsx").write_bytes(whole[:size])
        with pytest.raises(InputError):
            Reader([tmp_path / "b.xlsx"])
    with zipfile.ZipFile(tmp_path / "d.xlsx", "w") as empty:
        empty.writestr("a", "b")
    with pytest.raises(InputError, match=r"not a readable (workbook|xlsx file)"):
        Reader([tmp_path / "d.xlsx"])


def with_shared_strings(path: Path, texts: list[str], rows: list[list[int]]) -> Path:
    """A workbook as Excel writes it: every text once, and cells that hold its number."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    cells = (
        f'<row r="{r}">' + "".join(f'<c r="{"AB"[k]}{r}" t="s"><v>{n}</v></c>' for k, n in enumerate(row)) + "</row>"
        for r, row in enumerate(rows, 1)
    )
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types"/>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
        f'Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets><sheet name="S" sheetId="1" '
        'r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
        f'Type="{office}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="r2" Type="{office}/sharedStrings" '
        'Target="sharedStrings.xml"/></Relationships>',
        "xl/sharedStrings.xml": f'<sst xmlns="{main}">' + "".join(f"<si><t>{text}</t></si>" for text in texts) + "</sst>",
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{"".join(cells)}</sheetData></worksheet>',
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, text in parts.items():
            file.writestr(name, text)
    return path


def test_texts_that_cells_share_are_read_in_bounded_batches(tmp_path: Path) -> None:
    texts = ["title", "body", "t &amp; é", "x" * 30_000]
    path = with_shared_strings(tmp_path / "a.xlsx", texts, [[0, 1], *[[2, 3]] * 3000])
    sizes = []
    for block in blocks_of(path, chunk_bytes=1 << 20):
        sizes.append(len(block))
        assert {(pair["title"], len(pair["body"])) for pair in block.pairs.to_pylist()} <= {("t & é", 30_000)}
    assert sum(sizes) == 3000 and max(sizes) < 40


def rewritten(path: Path, part: str, change: Any) -> Path:
    """A workbook with one of its parts changed."""
    target = path.with_name(f"changed-{path.name}")
    with zipfile.ZipFile(path) as given, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as new:
        for item in given.infolist():
            data = given.read(item)
            new.writestr(item.filename, change(data) if item.filename == part else data)
    return target


@pytest.mark.parametrize("how", ["a long text", "a cell far away"])
def test_a_small_workbook_that_unpacks_to_gigabytes_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    path = workbook(tmp_path / "a.xlsx", {"S": [["title", "body"], ["t", "BODY"], ["u", "c"]]})
    monkeypatch.setattr(spreadsheet, "MOST_MEMORY", 300 << 20)
    assert pairs_of(path) == [("t", "BODY"), ("u", "c")]
    if how == "a long text":
        path = rewritten(path, "xl/worksheets/sheet1.xml", lambda data: data.replace(b"BODY", b"x" * (300 << 20)))
    else:
        far = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
        path = rewritten(path, "xl/worksheets/sheet1.xml", lambda data: data.replace(b"</sheetData>", far))
    assert path.stat().st_size < 3 << 20
    with pytest.raises(
        InputError, match=r"(cannot be read within 300 MB of memory; save it as CSV|not a readable workbook)"
    ):
        list(Reader([path]))


def test_without_the_library_the_extra_is_named(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", {"S": ROWS})
    script = f"""
import importlib.util
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *more: None if name == "python_calamine" else find(name, *more)
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


def test_a_view_is_read_only_where_it_is_named(tmp_path: Path) -> None:
    endless = "WITH RECURSIVE n(title, body) AS (SELECT 't', 'b' UNION ALL SELECT title, body FROM n) SELECT * FROM n"
    path = database(tmp_path / "a.db", "CREATE TABLE log (x)", f"CREATE VIEW endless AS {endless}")
    with pytest.raises(InputError, match="its tables and views are 'log', 'endless'"):
        Reader([path])


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
