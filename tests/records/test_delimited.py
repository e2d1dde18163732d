"""CSV and TSV: every cell as text, bad records rejected with their place."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reading_and_scoring import blocks_of, convert, pairs_of, rejects_of


def own_rows(path: Path, **options: Any) -> list[list[str]]:
    return [list(row) for b in blocks_of(path, **options) for row in zip(*b.rows.to_pydict().values(), strict=True)]


def test_cells_stay_text_and_an_empty_title_is_null(write: Any) -> None:
    path = write("a.csv", 'id,title,body\n007,"He said ""no""\nand left",b\n1.0,,NA\n')
    assert own_rows(path) == [["007", 'He said "no"\nand left', "b"], ["1.0", "", "NA"]]
    assert pairs_of(path) == [('He said "no"\nand left', "b"), (None, "NA")]
    assert [n for b in blocks_of(path) for n in b.row_numbers.tolist()] == [2, 4]


def test_ragged_records_are_rejected_with_line_reason_and_text(write: Any) -> None:
    path = write("a.csv", 'title,body\na,b\nonly\n"x\ny",1,2\n\nc,d\n')
    rejects = rejects_of(path)
    assert [(r.line, r.raw) for r in rejects] == [(3, b"only"), (4, b'"x\ny",1,2')]
    assert rejects[0].reason == "1 fields where the header has 2"
    assert pairs_of(path) == [("a", "b"), ("c", "d")]


def test_invalid_utf8_and_nul_bytes_cost_their_row_at_most(write: Any) -> None:
    path = write("a.csv", b"title,body\na,b\n\xff,b\nn\x00ul,b\n\xc3\xa9,b\n")
    assert pairs_of(path) == [("a", "b"), ("n\x00ul", "b"), ("é", "b")]
    assert [(r.line, r.reason) for r in rejects_of(path)] == [(3, "not valid UTF-8")]


def test_a_quote_that_is_never_closed_costs_its_own_line(write: Any) -> None:
    path = write("a.csv", 'title,body\na,b\nx,"open\ny,z\nc,d\n')
    assert pairs_of(path) == [("a", "b"), ("y", "z"), ("c", "d")]
    assert [r.line for r in rejects_of(path)] == [3]
    long = write("b.csv", 'title,body\nx,"open\n' + "y,z\n" * 3000)
    assert len(pairs_of(long, chunk_bytes=100, max_line_bytes=2000)) == 3000


def test_a_long_record_is_rejected_in_bounded_memory(write: Any) -> None:
    path = write("a.csv", "title,body\na,b\nx," + "y" * 9000 + "\nc,d\n")
    for chunk_bytes in (100, 100_000):
        options = {"chunk_bytes": chunk_bytes, "max_line_bytes": 3000}
        assert pairs_of(path, **options) == [("a", "b"), ("c", "d")]
        assert [r.reason for r in rejects_of(path, **options)] == ["longer than 3,000 bytes"]


def test_line_ends_and_byte_order_mark(write: Any) -> None:
    for end in ("\n", "\r\n", "\r"):
        path = write("a.tsv", "\ufefftitle\tbody" + end + "a\tb" + end + end + "c\td" + end)
        for chunk_bytes in (1, 4, 1000):
            assert pairs_of(path, chunk_bytes=chunk_bytes) == [("a", "b"), ("c", "d")]
            assert [n for b in blocks_of(path, chunk_bytes=chunk_bytes) for n in b.row_numbers.tolist()] == [
                2,
                4,
            ]


def test_repeated_column_names_are_kept(write: Any, tmp_path: Path) -> None:
    path = write("a.csv", "n,title,n,body\n1,a,2,b\n")
    convert(path, tmp_path / "o.csv")
    assert (tmp_path / "o.csv").read_text().splitlines()[0].startswith("n,title,n,body,mismatch_verdict,")
    assert (tmp_path / "o.csv").read_text().splitlines()[1].startswith("1,a,2,b,unsure,")


def test_a_header_without_rows_keeps_its_columns(write: Any, tmp_path: Path) -> None:
    convert(write("a.csv", "title,body\n"), tmp_path / "o.csv")
    header = "title,body,mismatch_verdict,mismatch_probability,mismatch_reasons,title_topic\n"
    assert (tmp_path / "o.csv").read_text() == header


cell = st.text(st.sampled_from(list('ab",\n\r\té日 ')), max_size=6)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(cell, cell, cell), max_size=8),
    chunk_bytes=st.sampled_from([1, 5, 30, 1 << 20]),
    name=st.sampled_from(["a.csv", "a.tsv"]),
)
def test_whatever_python_writes_is_read_and_written_back(
    tmp_path: Path, rows: list[tuple[str, str, str]], chunk_bytes: int, name: str
) -> None:
    delimiter = "," if name.endswith("csv") else "\t"
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows([("title", "body", "x"), *rows])
    path = tmp_path / name
    path.write_bytes(text.getvalue().encode())
    wanted = [list(row) for row in rows]
    assert own_rows(path, chunk_bytes=chunk_bytes) == wanted
    convert(path, tmp_path / ("o" + name), reader={"chunk_bytes": chunk_bytes})
    assert [row[:3] for row in own_rows(tmp_path / ("o" + name))] == wanted


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.text(st.sampled_from(list('ab",\n\r x')), max_size=40),
    chunk_bytes=st.sampled_from([1, 3, 1 << 20]),
)
def test_any_text_gives_rows_or_rejects_however_it_is_cut(tmp_path: Path, body: str, chunk_bytes: int) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"title,body\n" + body.encode())
    whole = blocks_of(path)
    cut = blocks_of(path, chunk_bytes=chunk_bytes)
    assert [p for b in cut for p in b.pairs.to_pylist()] == [p for b in whole for p in b.pairs.to_pylist()]
    assert [r.raw for b in cut for r in b.rejects] == [r.raw for b in whole for r in b.rejects]


def test_a_quote_in_the_header_that_is_not_closed(write: Any) -> None:
    with pytest.raises(Exception, match="line 1"):
        blocks_of(write("a.csv", '"title,body\na,b\n'))
