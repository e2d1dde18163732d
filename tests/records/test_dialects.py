"""CSV with any delimiter and quote: found out, or as it is said."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reading_and_scoring import blocks_of, convert, pairs_of, rejects_of

from mismatch.errors import InputError
from mismatch.records.columns import ColumnChoice
from mismatch.records.drawing import Runs
from mismatch.records.layout import Layout
from mismatch.records.reading import Reader


def cells_of(path: Path, **options: Any) -> list[list[str]]:
    found: list[list[str]] = []
    for block in blocks_of(path, **options):
        assert isinstance(block.rows, pa.RecordBatch)
        found += [list(row.values()) for row in block.rows.to_pylist()]
    return found


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", "^", "~", ":", "\x01", "#"])
@pytest.mark.parametrize("name", ["a.csv", "a.tsv"])
def test_any_delimiter_is_found_by_the_names_in_the_header(write: Any, delimiter: str, name: str) -> None:
    text = io.StringIO()
    rows = [("a, b; c", f"d {delimiter} e", "f\ng"), ("h", "i", "j")]
    csv.writer(text, delimiter=delimiter).writerows([("headline", "text", "other"), *rows])
    path = write(name, text.getvalue())
    assert pairs_of(path) == [row[:2] for row in rows]
    said = [notice for notice in Reader([path]).notices if "cells separated by" in notice]
    assert len(said) == (delimiter != ("," if name == "a.csv" else "\t"))


def test_columns_that_are_asked_for_are_found_too(write: Any) -> None:
    path = write("a.csv", "Titel;Artikel, ganz\nx;y, z\n")
    assert pairs_of(path, columns=ColumnChoice(title="Titel", body="Artikel, ganz")) == [("x", "y, z")]
    with pytest.raises(InputError, match="its columns are 'Titel', 'Artikel'"):
        Reader([write("b.csv", "Titel;Artikel\nx;y\n")])


def test_a_header_with_commas_over_rows_with_semicolons_is_not_guessed_at(write: Any) -> None:
    path = write("a.csv", "title,body\n" + "x;y\n" * 5)
    assert [reject.reason for reject in rejects_of(path)] == ["1 fields where the header has 2"] * 5


def test_a_comma_in_prose_does_not_make_a_table_of_commas(write: Any) -> None:
    assert pairs_of(
        write("a.csv", "title;body, text\nOne, two;three, four, five\n"), columns=ColumnChoice(body="body, text")
    ) == [("One, two", "three, four, five")]


def test_single_quotes(write: Any, tmp_path: Path) -> None:
    path = write("a.csv", "'title','body'\n'It''s, \"so\"','two\nlines'\nplain,'x'\n'a','b','c'\n")
    assert pairs_of(path) == [('It\'s, "so"', "two\nlines"), ("plain", "x")]
    [reject] = rejects_of(path)
    assert (reject.line, reject.raw) == (5, b"'a','b','c'")
    convert(path, tmp_path / "o.csv")
    with (tmp_path / "o.csv").open(newline="") as file:
        assert [row[:2] for row in csv.reader(file)] == [["title", "body"], ['It\'s, "so"', "two\nlines"], ["plain", "x"]]


def test_apostrophes_do_not_make_single_quotes(write: Any) -> None:
    path = write("a.csv", "title,body\n'Tis the season, 'twas said\nIt's,'90s'\n")
    assert pairs_of(path) == [("'Tis the season", " 'twas said"), ("It's", "'90s'")]


def test_where_nothing_quotes_quotes_are_text(write: Any) -> None:
    path = write("a.tsv", 'title\tbody\n"Stop\tit," he said\n')
    assert pairs_of(path, layout=Layout(quote="none")) == [('"Stop', 'it," he said')]


def test_what_is_said_goes_before_what_is_found(write: Any) -> None:
    path = write("a.csv", "title;body,x\na;b,c\n")
    with pytest.raises(InputError, match="'title;body', 'x'"):
        Reader([path], layout=Layout(delimiter=","))
    tab = write("b.csv", "title\tbody\na,b\tc\n")
    assert pairs_of(tab, layout=Layout(delimiter="tab")) == [("a,b", "c")]


@pytest.mark.parametrize(
    "wrong", [{"delimiter": "||"}, {"delimiter": "é"}, {"quote": "\n"}, {"delimiter": "'", "quote": "'"}]
)
def test_a_layout_that_cannot_be_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(InputError, match="--"):
        Layout(**wrong)


def test_rows_are_drawn_from_all_over_a_table_with_semicolons(write: Any) -> None:
    path = write("a.csv", "title;body\n" + "".join(f"title {i};body {i}\n" for i in range(20_000)))
    drawn = Reader([path]).drawn_evenly(Runs(10, 5, 1 << 12))
    assert drawn is not None
    numbers = [int(title.split()[1]) for batch in drawn for title in batch.column("title").to_pylist()]
    assert len(numbers) == 50 and min(numbers) < 10 and max(numbers) > 19_000
    recoded = write("b.csv", path.read_text().replace("title 1", "Köln").encode("utf-16"))
    assert Reader([recoded]).drawn_evenly(Runs(10, 5, 1 << 12)) is None, "it cannot be sought in"


def test_a_byte_order_mark_inside_the_table_is_text(write: Any) -> None:
    content = "\ufefftitle,body\n\ufeffx,\ufeffy\n\ufeffz,w\n".encode()
    for chunk_bytes in (1, 12, 1 << 20):
        assert cells_of(write("a.csv", content), chunk_bytes=chunk_bytes) == [["\ufeffx", "\ufeffy"], ["\ufeffz", "w"]]


cell = st.text(st.sampled_from(list("ab,;|\"'\n é日 ")), max_size=6)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(cell, cell, cell), max_size=8),
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    quote=st.sampled_from(['"', "'", "`"]),
    chunk_bytes=st.sampled_from([1, 5, 1 << 20]),
)
def test_what_python_reads_in_a_dialect_is_read(
    tmp_path: Path, rows: list[tuple[str, str, str]], delimiter: str, quote: str, chunk_bytes: int
) -> None:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, quotechar=quote).writerows([("title", "body", "x"), *rows])
    path = tmp_path / "a.csv"
    path.write_bytes(text.getvalue().encode())
    wanted = list(csv.reader(io.StringIO(text.getvalue(), newline=""), delimiter=delimiter, quotechar=quote))[1:]
    assert cells_of(path, layout=Layout(delimiter, quote), chunk_bytes=chunk_bytes) == wanted


def test_apostrophes_do_not_make_a_table_of_single_quotes(write: Any) -> None:
    path = write("a.csv", 'title,body,n\n"","""\',\r","",""\n')
    assert [reject.reason for reject in rejects_of(path)] == ["4 fields where the header has 3"]
