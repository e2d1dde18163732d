"""Bodies taken out of rows and put into others, whatever the format of each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest

from mismatch.batch.moving import body_of, with_bodies
from mismatch.errors import InputError
from mismatch.records.blocks import Block, JsonLines
from mismatch.records.reading import Reader


def block_of(path: Path, text: str | None = None) -> Block:
    if text is not None:
        path.write_text(text, "utf-8")
    return next(block for chunk in Reader([str(path)]) if len(block := chunk.decode()))


def lines_of(block: Block) -> list[bytes]:
    assert isinstance(block.rows, JsonLines)
    return [block.rows.line(i) for i in range(len(block))]


def test_all_bytes_but_those_of_the_body_stay(tmp_path: Path) -> None:
    first = '{ "n": 1.50, "title":"a",  "body" : "one \\u00e9\\n", "more": {"body": "not this"} }'
    second = '{"title":"b","body":"two","n":12345678901234567890}'
    block = block_of(tmp_path / "rows.jsonl", f"{first}\n{second}\n")
    moved = with_bodies(block, {0: body_of(block, 1), 1: body_of(block, 0)})
    assert [line.decode() for line in lines_of(moved)] == [
        first.replace('"one \\u00e9\\n"', '"two"'), second.replace('"two"', '"one \\u00e9\\n"'),
    ]  # fmt: skip


def test_a_body_inside_an_object_is_found_by_its_path(tmp_path: Path) -> None:
    rows = [{"title": "a", "article": {"body": "one", "x": 1}}, {"title": "b", "article": {"body": "two", "x": 2}}]
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps({"page": row}) + "\n" for row in rows))
    from mismatch.records.columns import ColumnChoice

    choice = ColumnChoice(title="page.title", body="page.article.body")
    block = next(iter(Reader([str(path)], columns=choice))).decode()
    moved = [json.loads(line) for line in lines_of(with_bodies(block, {0: body_of(block, 1)}))]
    assert moved[0] == {"page": {"title": "a", "article": {"body": "two", "x": 1}}}
    assert moved[1] == {"page": rows[1]}


def test_a_row_of_very_many_members_is_rewritten_too(tmp_path: Path) -> None:
    wide: dict[str, Any] = {f"k{i}": i for i in range(5000)}
    rows = [{"title": "a", "body": "one"}, {**wide, "title": "b", "body": "two"}]
    block = block_of(tmp_path / "rows.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    moved = with_bodies(block, {0: body_of(block, 1), 1: body_of(block, 0)})
    assert [json.loads(line) for line in lines_of(moved)] == [{"title": "a", "body": "two"}, {**rows[1], "body": "one"}]


def test_bodies_go_from_one_format_to_another(tmp_path: Path) -> None:
    lines = block_of(tmp_path / "rows.jsonl", '{"title": "a", "body": "one \\"quoted\\""}\n')
    pa.parquet.write_table(
        pa.table({"title": ["b"], "body": pa.array(["two"], pa.large_string())}), tmp_path / "rows.parquet"
    )
    table = block_of(tmp_path / "rows.parquet")
    into_table = with_bodies(table, {0: body_of(lines, 0)})
    assert isinstance(into_table.rows, pa.RecordBatch)
    assert into_table.rows.to_pylist() == [{"title": "b", "body": 'one "quoted"'}]
    into_lines = with_bodies(lines, {0: body_of(table, 0)})
    assert [json.loads(line) for line in lines_of(into_lines)] == [{"title": "a", "body": "two"}]


def test_a_body_inside_a_column_of_a_table_is_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    pa.parquet.write_table(pa.table({"page": [{"title": "a", "body": "one"}]}), path)
    with pytest.raises(InputError, match="inside another column"):
        body_of(block_of(path), 0)
