"""bz2 and xz in and out, names of outputs that cannot be written, formulas in cells, and rows that are very wide."""

from __future__ import annotations

import bz2
import csv
import io
import json
import lzma
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reading_and_scoring import convert, json_rows, pairs_of

from mismatch.errors import InputError
from mismatch.records.formats.json_scan import MAX_MEMBERS
from mismatch.records.output.assembly import without_members
from mismatch.records.output.formulas import without_formulas
from mismatch.records.output.wide_objects import wide_object_without
from mismatch.records.output.writing import open_sink
from mismatch.records.quarantine import Quarantine
from mismatch.records.reading import Reader

ROW = b'{"title":"t","body":"b"}\n'
PACK: dict[str, Any] = {"bz2": bz2.compress, "xz": lzma.compress}
UNPACK: dict[str, Any] = {"bz2": bz2.decompress, "xz": lzma.decompress}


@pytest.mark.parametrize("kind", PACK)
def test_a_stream_of_several_members_is_read_to_its_end(write: Any, kind: str) -> None:
    pack = PACK[kind]
    padding = b"\0" * 8 if kind == "xz" else b""
    path = write(f"a.jsonl.{kind}", pack(ROW * 3) + padding + pack(b"") + pack(ROW * 70_000))
    assert sum(len(chunk.decode()) for chunk in Reader([path])) == 70_003
    reader = Reader(["-"], stdin=io.BytesIO(path.read_bytes()))
    assert sum(len(chunk.decode()) for chunk in reader) == 70_003 and reader.bytes_read == path.stat().st_size


@pytest.mark.parametrize("kind", PACK)
@pytest.mark.parametrize("where", ["file", "standard input"])
def test_what_stands_before_a_break_is_read_and_the_break_is_said(write: Any, kind: str, where: str) -> None:
    rows = b"".join(b'{"title":"t%d","body":"%d"}\n' % (i, i * 7919 % 104729) for i in range(100_000))
    whole = PACK[kind](rows)
    path = write(f"a.jsonl.{kind}", whole[: len(whole) * 3 // 4])
    reader = Reader([path]) if where == "file" else Reader(["-"], stdin=io.BytesIO(path.read_bytes()))
    titles = [title for chunk in reader for title in chunk.decode().pairs.column("title").to_pylist()]
    assert 10_000 < len(titles) < 100_000 and titles == [f"t{i}" for i in range(len(titles))]
    assert [f"ends early after line {len(titles)}" in problem for problem in reader.problems] == [True]
    damaged = write(f"b.jsonl.{kind}", whole[:1000] + b"damage" * 1000 + whole[7000:])
    reader = Reader([damaged])
    list(reader)
    assert ["the compressed stream is damaged" in problem for problem in reader.problems] == [True]


@pytest.mark.parametrize("kind", PACK)
def test_an_output_of_that_name_is_compressed_so(write: Any, tmp_path: Path, kind: str) -> None:
    convert(write("a.jsonl", ROW * 2), tmp_path / f"o.csv.{kind}")
    rows = list(csv.reader(io.StringIO(UNPACK[kind]((tmp_path / f"o.csv.{kind}").read_bytes()).decode())))
    assert [row[:2] for row in rows] == [["title", "body"], ["t", "b"], ["t", "b"]]
    assert pairs_of(tmp_path / f"o.csv.{kind}") == [("t", "b")] * 2


@pytest.mark.parametrize(
    "name",
    ["o.xlsx", "o.XLS", "o.ods", "o.sqlite", "o.db", "o.html", "o.warc", "o.xml", "o.avro", "o.orc", "o.pkl", "o.zip",
     "o.jsonl.zip", "o.tar", "o.csv.lz4", "o.parquet.gz", "o.arrow.xz", "o.pdf", "o.xlsx.gz"],
)  # fmt: skip
def test_a_name_that_asks_for_what_cannot_be_written_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=f"^{tmp_path / name}: .*(cannot be written|compressed inside)"):
        open_sink(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["o", "o.txt", "o.2026-11-26", "o.gz", "o.out", "scored.good"])
def test_a_name_that_asks_for_nothing_is_json_lines(write: Any, tmp_path: Path, name: str) -> None:
    convert(write("a.jsonl", ROW), tmp_path / name)
    assert (
        json_rows(tmp_path / name)[0]["title"] == "t"
        if name != "o.gz"
        else (tmp_path / name).read_bytes()[:2] == b"\x1f\x8b"
    )


def test_a_format_that_cannot_be_written_cannot_be_named_either(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"xlsx files cannot be written; use one of jsonl, json, csv"):
        open_sink(tmp_path / "o.jsonl", format="xlsx")


def test_rejects_are_json_lines_and_so_is_their_name(tmp_path: Path) -> None:
    for name in ("r.csv", "r.parquet", "r.xlsx"):
        with pytest.raises(InputError, match=name):
            Quarantine(tmp_path / name)
    for name in ("r.jsonl", "r.jsonl.xz", "r.json", "r"):
        Quarantine(tmp_path / name).discard()
    assert list(tmp_path.iterdir()) == []


FORMULAS = ["=1+1", "+49 30", "-cmd|' /C calc'!A0", "@SUM(1)", "\t=1", "\r=1", "\n=1", "＝1"]
PLAIN = ["", "plain", " =1", "-3.5", "+1,000", "-1e5", "50%", "-.5", "'=1", "a=b", None]


def test_formulas_are_made_text_and_numbers_left_alone() -> None:
    assert without_formulas(pa.array(FORMULAS)).to_pylist() == [f"'{text}" for text in FORMULAS]
    for kind in (pa.string(), pa.large_string()):
        assert without_formulas(pa.array(PLAIN, kind)).to_pylist() == PLAIN


@pytest.mark.parametrize("kind", ["csv", "tsv"])
@pytest.mark.parametrize("source", ["a.jsonl", "a.csv"])
def test_cells_and_headers_are_safe_where_that_is_asked_for(write: Any, tmp_path: Path, kind: str, source: str) -> None:
    if source == "a.jsonl":
        path = write(source, [{"title": text, "body": "b", "=n": -5} for text in FORMULAS])
    else:
        text = io.StringIO()
        csv.writer(text).writerows([["title", "body", "=n"], *([text, "b", "-5"] for text in FORMULAS)])
        path = write(source, text.getvalue())
    for safe in (True, False):
        convert(path, tmp_path / f"o.{kind}", safe_csv=safe)
        with (tmp_path / f"o.{kind}").open(newline="") as file:
            header, *rows = csv.reader(file, delimiter="," if kind == "csv" else "\t")
        mark = "'" if safe else ""
        assert [row[0] for row in rows] == [mark + text for text in FORMULAS]
        assert header[:3] == ["title", "body", f"{mark}=n"] and {row[2] for row in rows} == {"-5"}
    convert(path, tmp_path / "o.jsonl", safe_csv=True)
    assert [row["title"] for row in json_rows(tmp_path / "o.jsonl")] == FORMULAS, "JSON is no spreadsheet"


def test_a_wide_row_with_an_old_verdict_keeps_every_other_byte(write: Any, tmp_path: Path) -> None:
    members = "".join(f',  "k{i}": 1.{i}0e+5' for i in range(MAX_MEMBERS))
    wide = '{"title":"\\u00e9",  "mismatch_verdict": "old", "body":"b"%s}' % members  # noqa: UP031
    deep = '{"title":"t","body":"b","x":%s,"mismatch_\\u0076erdict":[1,{"a":"}"}], "y":-0}' % ("[" * 500 + "]" * 500)
    convert(write("a.jsonl", f"{wide}\n{deep}\n"), tmp_path / "o.jsonl")
    lines = (tmp_path / "o.jsonl").read_text().splitlines()
    assert lines[0].startswith(wide.replace('  "mismatch_verdict": "old",', "").removesuffix("}") + ',"mismatch_verdict":')
    assert lines[1].startswith(deep.replace(',"mismatch_\\u0076erdict":[1,{"a":"}"}]', "").removesuffix("}") + ",")
    assert [line.count('"mismatch_verdict"') for line in lines] == [1, 1]


value = st.recursive(
    st.none() | st.integers(-3, 3) | st.text(st.sampled_from(list('a"\\{}[],:é')), max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=2),
    max_leaves=6,
)


@settings(max_examples=150)
@given(members=st.dictionaries(st.sampled_from(["a", "b", "é", 'q"', "c", ""]), value), indent=st.sampled_from([None, 1]))
def test_the_slow_way_leaves_out_what_the_compiled_one_does(members: dict[str, Any], indent: int | None) -> None:
    names = ["a", "é", 'q"']
    for ascii_only in (True, False):
        raw = json.dumps(members, indent=indent, ensure_ascii=ascii_only).encode()
        data, rows = np.frombuffer(raw, dtype=np.uint8), np.zeros(1, np.int64)
        buffer, starts, ends = without_members(data, rows, np.array([len(raw)]), rows, names)
        assert wide_object_without(raw, names) == buffer[starts[0] : ends[0]].tobytes()
        assert json.loads(wide_object_without(raw, names)) == {k: v for k, v in members.items() if k not in names}
