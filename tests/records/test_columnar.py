"""Parquet and Arrow in and out: schema and nested columns kept, odd text types read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from reading_and_scoring import VERDICTS, blocks_of, convert, json_rows, pairs_of, rejects_of

from mismatch.errors import InputError
from mismatch.records.columns import ColumnChoice
from mismatch.records.reading import Reader


def save(path: Path, table: pa.Table) -> Path:
    if path.suffix == ".parquet":
        pq.write_table(table, path)
    else:
        with pa.ipc.new_file(str(path), table.schema) as writer:
            writer.write_table(table)
    return path


def load(path: Path) -> pa.Table:
    if path.suffix == ".parquet":
        return pq.read_table(path)
    return pa.ipc.open_file(str(path)).read_all()


NESTED = pa.table(
    {
        "title": pa.array(["a", None, "é"]),
        "body": pa.array(["b", "", None]),
        "meta": pa.array([{"x": [1, 2]}, None, {"x": []}], pa.struct([("x", pa.list_(pa.int8()))])),
        "when": pa.array([1, 2, None], pa.timestamp("ms", "UTC")),
        "price": pa.array([0.1, 1e-300, float("nan")]),
    }
).replace_schema_metadata({"made": "here"})


@pytest.mark.parametrize("source", ["a.parquet", "a.arrow"])
@pytest.mark.parametrize("target", ["o.parquet", "o.arrow", "o.feather"])
def test_schema_metadata_and_nested_columns_are_kept(tmp_path: Path, source: str, target: str) -> None:
    path = save(tmp_path / source, NESTED)
    assert convert(path, tmp_path / target) == 3
    out = load(tmp_path / target)
    assert out.schema.names == [*NESTED.schema.names, *VERDICTS.names]
    assert out.schema.metadata[b"made"] == b"here"
    assert str(out.select(NESTED.schema.names).to_pylist()) == str(NESTED.to_pylist())
    assert out.schema.field("meta").type == NESTED.schema.field("meta").type


def test_a_file_without_rows_keeps_its_schema(tmp_path: Path) -> None:
    convert(save(tmp_path / "a.parquet", NESTED.slice(0, 0)), tmp_path / "o.parquet")
    out = load(tmp_path / "o.parquet")
    assert out.num_rows == 0 and out.schema.names == [*NESTED.schema.names, *VERDICTS.names]


@pytest.mark.parametrize("kind", [pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string()), pa.binary()])
def test_other_types_of_text(tmp_path: Path, kind: pa.DataType) -> None:
    column = pa.array(["a", None, "é"]).cast(kind) if kind != pa.string_view() else pa.array(["a", None, "é"], kind)
    table = pa.table({"title": column, "body": column})
    path = save(tmp_path / "a.arrow", table)
    assert pairs_of(path) == [("a", "a"), (None, None), ("é", "é")]
    for target in ("o.jsonl", "o.csv", "o.parquet"):
        if kind != pa.binary():
            assert convert(path, tmp_path / target) == 3


def test_an_integer_title_is_text_and_a_list_of_them_is_refused_by_type(tmp_path: Path) -> None:
    assert pairs_of(save(tmp_path / "a.parquet", pa.table({"title": [7], "body": ["b"]}))) == [("7", "b")]
    path = save(tmp_path / "b.parquet", pa.table({"title": [[1]], "body": ["b"], "source": [[2]]}))
    with pytest.raises(InputError, match=r"list<.*int64>, not text.*--title"):
        Reader([path])
    table = pa.table({"title": ["x"], "body": ["b"], "source": [[2]]})
    path = save(tmp_path / "c.parquet", table)
    assert Reader([path]).columns[str(path)].source is None
    with pytest.raises(InputError, match="--source"):
        Reader([path], columns=ColumnChoice(source="source"))


def test_text_that_is_not_utf8_is_rejected(tmp_path: Path) -> None:
    bad = pa.array([b"good", b"\xff", None]).cast(pa.binary())
    bad = pa.Array.from_buffers(pa.string(), 3, bad.buffers())
    path = save(tmp_path / "a.arrow", pa.table({"title": bad, "body": ["1", "2", "3"]}))
    assert pairs_of(path) == [("good", "1"), (None, "3")]
    assert [(r.line, r.reason) for r in rejects_of(path)] == [(2, "not valid UTF-8")]


def test_batches_are_bounded_in_bytes_and_row_numbers_run_on(tmp_path: Path) -> None:
    table = pa.table({"title": [f"t{i}" for i in range(1000)], "body": ["x" * 1000] * 1000})
    for name in ("a.parquet", "a.arrow"):
        blocks = [b for b in blocks_of(save(tmp_path / name, table), chunk_bytes=50_000) if len(b)]
        assert len(blocks) > 5 or name == "a.parquet"
        assert [n for b in blocks for n in b.row_numbers.tolist()] == list(range(1, 1001))


@pytest.mark.parametrize("name", ["a.parquet", "a.arrow"])
def test_a_file_cut_in_half_is_refused_before_any_work(tmp_path: Path, name: str) -> None:
    path = save(tmp_path / name, NESTED)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(InputError, match="cut short"):
        Reader([path])


def test_damage_in_the_middle_is_a_problem_and_other_files_go_on(tmp_path: Path) -> None:
    table = pa.table({"title": [f"t{i}" for i in range(5000)], "body": [f"{i} " * 50 for i in range(5000)]})
    path = tmp_path / "a.parquet"
    pq.write_table(table, path, row_group_size=1000)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 20_000] = b"\xff" * 20_000
    path.write_bytes(data)
    other = save(tmp_path / "b.parquet", NESTED)
    reader = Reader([path, other])
    assert sum(len(chunk.decode()) for chunk in reader) >= 3
    assert len(reader.problems) == 1 and "damaged after row" in reader.problems[0]


def test_columns_to_json_and_csv(tmp_path: Path) -> None:
    path = save(tmp_path / "a.parquet", NESTED)
    convert(path, tmp_path / "o.jsonl")
    rows = json_rows(tmp_path / "o.jsonl")
    assert rows[0]["meta"] == {"x": [1, 2]} and rows[1]["price"] == 1e-300 and rows[2]["price"] is None
    assert rows[1]["meta"] is None and rows[2]["title"] == "é"
    convert(path, tmp_path / "o.csv")
    assert (tmp_path / "o.csv").read_text().splitlines()[1].startswith('a,b,"{""x"": [1, 2]}",')


def test_json_to_columns_loses_nothing(write: Any, tmp_path: Path) -> None:
    first = [{"title": "a", "body": "b", "n": 1, "f": 0.1, "ok": True, "l": [1], "big": 12345678901234567890}]
    later = [{"title": 5, "body": None, "n": 1.5, "f": 2, "ok": "maybe", "l": "text", "new": {"k": None}, "big": 1}]
    path = write("a.jsonl", first * 3 + later)
    size = len(path.read_bytes().splitlines()[0]) * 3 + 10
    convert(path, tmp_path / "o.parquet", reader={"chunk_bytes": size})
    out = load(tmp_path / "o.parquet")
    kinds = {name: str(out.schema.field(name).type) for name in ("title", "n", "f", "ok", "l", "big")}
    assert kinds == {
        "title": "string",
        "n": "int64",
        "f": "double",
        "ok": "bool",
        "l": "string",
        "big": "string",
    }
    rows = out.to_pylist()
    assert rows[0]["n"] == 1 and rows[0]["f"] == 0.1 and rows[0]["l"] == "[1]" and rows[0]["other_fields"] is None
    assert rows[3]["title"] == "5" and rows[3]["n"] is None and rows[3]["f"] == 2.0
    assert rows[3]["other_fields"] == '{"n": 1.5, "ok": "maybe", "new": {"k": null}}'


def test_scored_again_columns_are_replaced(tmp_path: Path) -> None:
    path = save(tmp_path / "a.parquet", NESTED)
    convert(path, tmp_path / "one.parquet")
    convert(tmp_path / "one.parquet", tmp_path / "two.parquet")
    assert str(load(tmp_path / "two.parquet").to_pylist()) == str(load(tmp_path / "one.parquet").to_pylist())


def test_files_with_different_columns_come_together_or_say_why_not(tmp_path: Path) -> None:
    a = save(tmp_path / "a.parquet", pa.table({"title": ["a"], "body": ["b"], "n": [1]}))
    b = save(tmp_path / "b.parquet", pa.table({"title": ["c"], "body": ["d"], "n": [1.5], "m": ["x"]}))
    convert([a, b], tmp_path / "o.parquet")
    assert [row["n"] for row in load(tmp_path / "o.parquet").to_pylist()] == [1.0, 1.5]
    c = save(tmp_path / "c.parquet", pa.table({"title": ["c"], "body": ["d"], "n": [["x"]]}))
    with pytest.raises(InputError, match="the column 'n' is list"):
        convert([a, c], tmp_path / "o2.parquet")
    assert not (tmp_path / "o2.parquet").exists()
