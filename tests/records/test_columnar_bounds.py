"""Parquet and Arrow files that are damaged, or that ask for more than any article: refused, in bounded memory."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from reading_and_scoring import blocks_of, convert, json_rows, pairs_of, rejects_of

from mismatch.errors import InputError
from mismatch.records.bounds import USUAL, Bounds
from mismatch.records.columns import ColumnChoice
from mismatch.records.formats.checked_columns import check_structure, row_sizes
from mismatch.records.formats.columnar import ColumnarFile
from mismatch.records.reading import Reader

N = 6


def save(path: Path, table: pa.Table, **options: Any) -> Path:
    if path.suffix == ".parquet":
        pq.write_table(table, path, **options)
        return path
    with pa.ipc.new_file(str(path), table.schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(table)
    return path


def repeated(n_bytes: int, n_rows: int) -> pa.Table:
    """One long body that all rows share."""
    body = pa.DictionaryArray.from_arrays(pa.array(np.zeros(n_rows, np.int32)), pa.array(["x" * n_bytes]))
    return pa.table({"title": ["a title"] * n_rows, "body": body})


def with_offset(column: pa.Array, place: int, value: int) -> pa.Array:
    """A text column with one wrong offset, made without a look at it."""
    validity, offsets, data = column.buffers()
    changed = np.frombuffer(offsets, np.int32).copy()
    changed[place] = value
    return pa.Array.from_buffers(column.type, len(column), [validity, pa.py_buffer(changed), data])


@pytest.mark.parametrize("value", [1 << 30, -1, 0])
@pytest.mark.parametrize("nested", [False, True])
def test_offsets_that_lead_outside_are_refused(tmp_path: Path, value: int, nested: bool) -> None:
    bad: pa.Array = with_offset(pa.array([f"text {i}" for i in range(N)]), 3, value)
    if nested:
        bad = pa.ListArray.from_arrays(pa.array(np.arange(N + 1, dtype=np.int32)), bad)
    path = save(tmp_path / "a.arrow", pa.table({"title": ["t"] * N, "body": ["b"] * N, "x": bad}))
    reader = Reader([path])
    assert sum(len(chunk.decode()) for chunk in reader) == 0
    assert len(reader.problems) == 1 and "column 'x'" in reader.problems[0]


def test_dictionary_indices_that_lead_outside_are_refused(tmp_path: Path) -> None:
    entries, indices = pa.array(["a", "b"]), pa.array([0, 1, 99, 0, 1, 0], pa.int32())
    bad = pa.DictionaryArray.from_arrays(indices, entries, safe=False)
    path = save(tmp_path / "a.arrow", pa.table({"title": bad, "body": ["b"] * N}))
    reader = Reader([path])
    assert sum(len(chunk.decode()) for chunk in reader) == 0
    assert "damaged after row 0" in reader.problems[0]


def test_damage_costs_the_rows_behind_it_and_says_where(tmp_path: Path) -> None:
    good = pa.record_batch({"title": ["t"] * N, "body": ["b"] * N})
    bad = pa.record_batch({"title": ["t"] * N, "body": with_offset(pa.array(["b"] * N), 2, 1 << 29)})
    with pa.ipc.new_file(str(tmp_path / "a.arrow"), good.schema) as writer:
        for batch in (good, bad, good):
            writer.write_batch(batch)
    reader = Reader([tmp_path / "a.arrow"])
    assert sum(len(chunk.decode()) for chunk in reader) == N
    assert "damaged after row 6" in reader.problems[0]


@pytest.mark.parametrize("kind", ["plain", "large", "list", "struct", "dictionary"])
def test_a_byte_that_is_no_utf8_in_any_column_costs_its_row(tmp_path: Path, kind: str) -> None:
    raw = pa.array([b"good", b"\xff", b"fine"], pa.large_binary() if kind == "large" else pa.binary())
    text = raw.view(pa.large_string() if kind == "large" else pa.string())
    column = {
        "list": lambda: pa.ListArray.from_arrays(pa.array([0, 1, 2, 3], pa.int32()), text),
        "struct": lambda: pa.StructArray.from_arrays([text], ["of"]),
        "dictionary": lambda: pa.DictionaryArray.from_arrays(pa.array([0, 1, 2]), text),
    }.get(kind, lambda: text)()
    path = save(tmp_path / "a.arrow", pa.table({"title": ["a", "b", "c"], "body": ["x"] * 3, "other": column}))
    assert pairs_of(path) == [("a", "x"), ("c", "x")]
    assert [(reject.line, reject.reason) for reject in rejects_of(path)] == [(2, "not valid UTF-8")]
    for target in ("o.jsonl", "o.csv", "o.parquet", "o.arrow"):
        assert convert(path, tmp_path / target) == 2


def test_a_dictionary_of_gigabytes_in_a_small_file_is_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "a.parquet", repeated(300 << 20, 1), compression="zstd")
    assert path.stat().st_size < 1 << 20
    with pytest.raises(InputError, match=r"column 'body' it needs .* bytes in memory at once; --limit batch=BYTES"):
        Reader([path])


@pytest.mark.parametrize("name", ["a.parquet", "a.arrow"])
@pytest.mark.parametrize("as_text", [True, False])
def test_rows_that_repeat_a_long_entry_are_refused_by_what_they_become(tmp_path: Path, name: str, as_text: bool) -> None:
    table = repeated(1 << 18, 4000)
    if as_text and name == "a.parquet":
        path = save(tmp_path / name, table, store_schema=False)  # read as plain text
    else:
        path = save(tmp_path / name, table, **({} if name == "a.parquet" else {"compression": "zstd"}))
    before = pa.total_allocated_bytes()
    reader = Reader([path])
    for chunk in reader:
        assert pa.total_allocated_bytes() - before < 100 << 20
        chunk.decode()
    assert re.search(r"becomes more than 250 times its size \(--limit ratio=NUMBER allows more\)", reader.problems[0])


def test_a_compressed_arrow_buffer_of_gigabytes_is_refused(tmp_path: Path) -> None:
    table = pa.table({"title": ["t"], "body": ["x" * (300 << 20)]})
    path = save(tmp_path / "a.arrow", table, compression="zstd")
    assert path.stat().st_size < 1 << 20
    with pytest.raises(InputError, match=r"a batch needs 314,\d\d\d,\d\d\d bytes in memory at once"):
        Reader([path])
    wide = Bounds(batch=1 << 30)
    assert ColumnarFile(str(path), "a", "arrow", ColumnChoice(), 1 << 20, wide).schema == table.schema


def test_rows_that_take_no_bytes_are_refused_by_their_number(tmp_path: Path) -> None:
    schema = pa.schema([("title", pa.null()), ("body", pa.null())])
    for n, words in ((1 << 21, "announces 2,097,152 rows, more than it has bytes"), (1 << 30, "a batch needs 34,359,738,")):
        batch = pa.RecordBatch.from_arrays([pa.nulls(n)] * 2, schema=schema)
        path = save(tmp_path / "a.arrow", pa.Table.from_batches([batch]))
        with pytest.raises(InputError, match=words):
            Reader([path])


def test_very_many_columns_are_refused(tmp_path: Path) -> None:
    columns = {"title": ["t"], "body": ["b"], **{f"c{i}": [1] for i in range(5000)}}
    path = save(tmp_path / "a.arrow", pa.table(columns))
    with pytest.raises(InputError, match="5,002 columns; --limit columns=NUMBER allows more"):
        Reader([path])
    assert pairs_of(path, bounds=Bounds(columns=6000)) == [("t", "b")]


def test_a_row_that_is_too_long_is_rejected_alone(tmp_path: Path) -> None:
    table = pa.table({"title": ["a", "b", "c"], "body": ["x", "y" * 5000, "z"]})
    for name in ("a.parquet", "a.arrow"):
        path = save(tmp_path / name, table)
        assert pairs_of(path, bounds=Bounds(row=1000), chunk_bytes=100) == [("a", "x"), ("c", "z")]
        rejects = rejects_of(path, bounds=Bounds(row=1000), chunk_bytes=100)
        assert [(reject.line, reject.reason) for reject in rejects] == [(2, "longer than 1,000 bytes")]
        assert len(rejects[0].raw) < 500


def test_slices_are_bounded_by_what_their_rows_become(tmp_path: Path) -> None:
    sizes = [10, 10, 50_000, 10, 200_000, 10]
    table = pa.table({"title": ["t"] * 6, "body": ["x" * size for size in sizes]})
    path = save(tmp_path / "a.arrow", table)
    assert [len(block) for block in blocks_of(path, chunk_bytes=60_000) if len(block)] == [4, 1, 1]


def test_row_sizes_are_those_of_the_values_written_out() -> None:
    entries = pa.array(["x" * 100, "y"])
    runs = pa.RunEndEncodedArray.from_arrays(pa.array([2, 3], pa.int32()), entries)
    shared = pa.DictionaryArray.from_arrays(pa.array([0, 1, 0]), entries)
    lists = pa.array([["x" * 50, "y"], [], None])
    batch = pa.record_batch({"text": ["a", "bcd", None], "shared": shared, "lists": lists, "runs": runs})
    check_structure(batch)
    assert row_sizes(batch).tolist() == [5 + 104 + 63 + 104, 7 + 5 + 4 + 104, 1 + 104 + 1 + 5]
    assert row_sizes(batch.slice(1)).tolist() == row_sizes(batch).tolist()[1:]


def test_times_to_the_nanosecond_are_written_as_text(tmp_path: Path) -> None:
    when = pa.array([1_795_643_866_423_939_478, None], pa.timestamp("ns"))
    table = pa.table(
        {"title": ["a", "b"], "body": ["x", "y"], "when": when, "all": pa.array([[when[0].value], []], pa.list_(when.type))}
    )
    path = save(tmp_path / "a.parquet", table)
    assert convert(path, tmp_path / "o.jsonl") == 2
    rows = json_rows(tmp_path / "o.jsonl")
    assert rows[0]["when"] == "2026-11-25 21:57:46.423939478" and rows[1]["when"] is None
    assert rows[0]["all"] == ["2026-11-25 21:57:46.423939478"]


def test_a_cell_that_cannot_be_written_rejects_its_row(tmp_path: Path) -> None:
    never = pa.array([[0], [2**63 - 1], [1]], pa.list_(pa.int64())).cast(pa.list_(pa.timestamp("us")))
    path = save(tmp_path / "a.arrow", pa.table({"title": ["a", "b", "c"], "body": ["x"] * 3, "dates": never}))
    assert convert(path, tmp_path / "o.jsonl") == 2
    assert [row["title"] for row in json_rows(tmp_path / "o.jsonl")] == ["a", "c"]
    seconds = pa.array([0, 2**63 - 1, 1], pa.timestamp("s"))  # Parquet has no seconds, and so many milliseconds do not fit
    path = save(tmp_path / "b.arrow", pa.table({"title": ["a", "b", "c"], "body": ["x"] * 3, "when": seconds}))
    assert convert(path, tmp_path / "o.parquet") == 2
    assert pq.read_table(tmp_path / "o.parquet")["title"].to_pylist() == ["a", "c"]


def test_a_name_of_a_column_that_is_no_text_is_damage(tmp_path: Path) -> None:
    path = save(tmp_path / "a.arrow", pa.table({"title": ["a"], "body": ["b"], "nameofcolumn": [1]}))
    path.write_bytes(path.read_bytes().replace(b"nameofcolumn", b"name\xff\xfecolumn"))
    with pytest.raises(InputError, match="not a readable arrow file"):
        Reader([path])


def test_a_group_that_is_too_large_is_called_so_whenever_it_is_read() -> None:
    file = io.BytesIO()
    pq.write_table(pa.table({"x": ["a short title"] * 4, "y": ["a body " * 20_000] * 4}), file, use_dictionary=False)
    bounds = replace(USUAL, batch=100_000)
    opened = ColumnarFile(file, "-", "parquet", ColumnChoice("x", "y"), 1 << 20, bounds)
    for _ in range(2):
        problems: list[str] = []
        list(opened.chunks(problems.append))
        assert len(problems) == 1
        assert "--limit batch=BYTES allows more" in problems[0]
