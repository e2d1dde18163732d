"""Every row comes back, in order and unchanged, whatever the format; its verdict stands behind its own columns."""

from __future__ import annotations

import csv
import datetime
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
from tables_written import WRITERS, Rows

ADDED = ["mismatch_verdict", "mismatch_probability", "mismatch_reasons", "title_topic", "body_topic"]
CELLS = [
    "007", "1e5", " a", "a ", "a\nb", "a\r\nb", 'q"u"o', "a,b;c\td", "", "=1+1", "é😀", "\t", "None", "NaN", "1.10", "-0",
    "'x'", "\ufeffa", "\\", "\\n",
]  # fmt: skip


@pytest.fixture
def rows(articles: Rows) -> Rows:
    return [{**row, "cell": cell} for row, cell in zip(articles, CELLS, strict=False)]


@pytest.mark.parametrize("suffix", ["csv", "tsv"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_cells_of_a_table_come_back_as_they_were(
    invoke: Any, tmp_path: Path, model_path: Path, rows: Rows, suffix: str, delimiter: str
) -> None:
    path, out = tmp_path / f"rows.{suffix}", tmp_path / f"out.{suffix}"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)
    assert invoke("score", path, "--out", out, "--no-adapt", "--model", model_path).code == 0
    with out.open(newline="", encoding="utf-8") as file:
        found = list(csv.DictReader(file, delimiter="\t" if suffix == "tsv" else ","))
    assert list(found[0]) == [*rows[0], *ADDED]
    assert [{name: row[name] for name in rows[0]} for row in found] == rows


@pytest.mark.parametrize("form", ["json", "sqlite", "xlsx"])
def test_rows_of_other_formats_come_out_as_json_with_their_values(
    invoke: Any, tmp_path: Path, model_path: Path, rows: Rows, form: str
) -> None:
    if form == "xlsx":  # a workbook keeps no carriage return, no formula that was never computed, no blank at an end
        rows = [row for row in rows if row["cell"] not in ("a\r\nb", "=1+1", "", "\t")]
    path = tmp_path / f"rows.{form}"
    WRITERS[form](path, rows)
    done = invoke("score", path, "--out", tmp_path / "out.jsonl", "--no-adapt", "--model", model_path)
    assert done.code == 0
    found = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text("utf-8").splitlines()]
    assert list(found[0]) == [*rows[0], *ADDED]
    assert [{name: row[name] for name in rows[0]} for row in found] == rows


@pytest.mark.parametrize("first", ["parquet", "arrow"])
@pytest.mark.parametrize("second", ["parquet", "arrow"])
def test_columns_of_every_type_come_back_with_their_types_and_values(
    invoke: Any, tmp_path: Path, model_path: Path, rows: Rows, first: str, second: str
) -> None:
    n = len(rows)
    now = datetime.datetime(2026, 11, 26, 12, 30, 1, 5, tzinfo=datetime.UTC)
    table = pa.Table.from_pylist(rows)
    for name, column in {
        "int8": pa.array([-128] * n, pa.int8()),
        "uint64": pa.array([2**64 - 1] * n, pa.uint64()),
        "half": pa.array([1.5] * n, pa.float16()),
        "double": pa.array([float("inf"), -0.0, 1e-320, None] * (n // 4)),
        "decimal": pa.array([Decimal("1.10")] * n),
        "time": pa.array([now] * n, pa.timestamp("us", "Europe/Berlin")),
        "date": pa.array([now.date()] * n),
        "list": pa.array([[1, None, 3]] * n),
        "struct": pa.array([{"a": 1, "b": [{"c": "x"}]}] * n),
        "map": pa.array([[("a", 1)]] * n, pa.map_(pa.string(), pa.int32())),
        "dictionary": pa.array(["x", "y"] * (n // 2)).dictionary_encode(),
        "bytes": pa.array([b"\xff\x00"] * n),
        "null": pa.nulls(n),
        "boolean": pa.array([True, None] * (n // 2)),
    }.items():
        table = table.append_column(name, column)
    table = table.replace_schema_metadata({"mine": "kept"})
    reading = {"parquet": pq.read_table, "arrow": pyarrow.feather.read_table}
    path, out = tmp_path / f"rows.{first}", tmp_path / f"out.{second}"
    if first == "parquet":
        pq.write_table(table, path)
    else:
        pyarrow.feather.write_feather(table, str(path))
    assert invoke("score", path, "--out", out, "--no-adapt", "--model", model_path).code == 0
    found = reading[second](str(out))
    assert found.column_names == [*table.column_names, *ADDED]
    assert found.select(table.column_names).schema.equals(reading[first](str(path)).schema)
    assert found.select(table.column_names).to_pylist() == table.to_pylist()
    assert found.schema.metadata[b"mine"] == b"kept"
