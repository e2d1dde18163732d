"""Columns of any Arrow type, alone and inside of others, reach every output, or their rows are rejected."""

from __future__ import annotations

import csv
from pathlib import Path

import pyarrow as pa

from benchmarks.arrow_types import attempt, pass_through


def test_columns_of_any_type_reach_every_output() -> None:
    ends, wrong = attempt("few")
    assert wrong == []
    assert ends["all rows"] > 400


def test_json_that_is_stored_as_views_is_written_as_it_is(tmp_path: Path) -> None:
    values = [f'{{"place": "the harbour of town {i}"}}' if i % 2 else None for i in range(6)]
    column = pa.ExtensionArray.from_storage(pa.json_(pa.string_view()), pa.array(values, pa.string_view()))
    table = pa.table({"title": ["a title"] * 6, "body": ["a body"] * 6, "x": column})
    with pa.ipc.new_file(str(tmp_path / "in.arrow"), table.schema) as writer:
        writer.write_table(table)
    assert pass_through(column, tmp_path, "csv") == "all rows"
    with (tmp_path / "out.csv").open(newline="") as file:
        assert [row["x"] or None for row in csv.DictReader(file)] == values
