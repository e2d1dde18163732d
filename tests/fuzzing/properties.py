"""What holds for any bytes: what Python's `json`, `csv` and `html` make of a record is what ours makes of it."""

from __future__ import annotations

import contextlib
import csv
import html
import io
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from mismatch.errors import InputError, ModelError
from mismatch.model.model_file import load_model
from mismatch.records.blocks import Block
from mismatch.records.bounds import USUAL
from mismatch.records.columns import ColumnChoice, Columns
from mismatch.records.compression import ByteSource
from mismatch.records.formats.columnar import ColumnarFile
from mismatch.records.formats.delimited import delimited_chunks, read_header
from mismatch.records.formats.json_array import json_element_chunks
from mismatch.records.formats.json_columns import OTHER_FIELDS, json_table
from mismatch.records.formats.json_lines import json_line_chunks, judge_line
from mismatch.records.formats.json_members import depth_of
from mismatch.records.formats.json_strings import written_name
from mismatch.records.inner_text import text_inside
from mismatch.screening.markup import has_markup, without_markup
from mismatch.terms.text_buffers import text_buffers

_COLUMNS = Columns("title", "body", None, None, None, None)


def json_lines(data: bytes) -> None:
    """Each line is a row with the title and body that `json.loads` finds, or is rejected where it finds none."""
    expected = []
    for line in data.removeprefix(b"\xef\xbb\xbf").split(b"\n"):
        if line := line.rstrip(b" \t\r\n"):
            expected.append(_title_and_body(judge_line(line)))
    for chunk_bytes in (7, 1 << 20):
        chunks = json_line_chunks(_source(data), "a", _COLUMNS, chunk_bytes=chunk_bytes, bounds=USUAL, problem=_never)
        blocks = [chunk.decode() for chunk in chunks]
        assert _pairs(blocks) == [pair for pair in expected if pair is not None]
        assert sum(len(block.rejects) for block in blocks) == expected.count(None)
        for block in blocks:
            _table_holds_all(block)


def json_elements(data: bytes) -> None:
    """The elements of an array are what `json.loads` finds in it, where it can read it."""
    whole = b"[" + data + b"]"
    try:
        elements = json.loads(whole.decode("utf-8"), parse_int=str, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError):
        elements = None
    if depth_of(whole) > USUAL.depth:
        elements = None  # some are rejected for it
    problems: list[str] = []
    for chunk_bytes in (5, 1 << 20):
        chunks = json_element_chunks(
            _source(whole), "a", _COLUMNS, in_array=True, chunk_bytes=chunk_bytes, bounds=USUAL, problem=problems.append
        )
        blocks = [chunk.decode() for chunk in chunks]
        if isinstance(elements, list):
            expected = [_title_and_body(element) for element in elements]
            assert _pairs(blocks) == [pair for pair in expected if pair is not None]


def csv_records(data: bytes) -> None:
    """The cells are those of `csv.reader`, however the text is cut into stretches."""
    text = b"title,body,x\n" + data
    header = read_header(_source(text), "a", ",", 1 << 20)
    assert header == ["title", "body", "x"]
    found = []
    for chunk_bytes in (3, 1 << 20):
        chunks = delimited_chunks(
            _source(text),
            "a",
            header,
            _COLUMNS,
            delimiter=",",
            chunk_bytes=chunk_bytes,
            bounds=USUAL,
            problem=_never,
        )
        blocks = [chunk.decode() for chunk in chunks]
        rows = [list(row.values()) for block in blocks for row in _rows(block).to_pylist()]
        found.append((rows, [(reject.line, reject.reason, reject.raw) for block in blocks for reject in block.rejects]))
    assert found[0] == found[1]
    try:
        plain = data.decode("utf-8")
    except UnicodeDecodeError:
        return
    if not any("a quote is not closed" in reason for _, reason, _ in found[1][1]):
        wanted = [row for row in csv.reader(io.StringIO(plain, newline="")) if row]
        assert found[1][0] == [row for row in wanted if len(row) == 3]


def entities(data: bytes) -> None:
    """Text without tags is what `html.unescape` makes of it, and what that changes is seen to hold markup."""
    text = data.decode("utf-8", "ignore").replace("<", "")
    assert without_markup(text) == html.unescape(text)
    closed = "".join(f"&{name};" for name in ("amp", "lt", "eacute", "#x41", "#233"))
    for where in (text + closed, closed + text):
        assert has_markup(text_buffers(pa.array([where])))[0]


def columns(data: bytes) -> None:
    """Any bytes are read as Parquet and Arrow, or refused."""
    for format in ("parquet", "arrow"):
        problems: list[str] = []
        try:
            file = ColumnarFile(io.BytesIO(data), "a", format, ColumnChoice(), 1 << 16)
        except InputError:
            continue
        for chunk in file.chunks(problems.append):
            chunk.decode().pairs.validate(full=True)


def model(data: bytes) -> None:
    """Any bytes are refused as a model, unless they are one."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "m.joblib"
        path.write_bytes(data)
        with contextlib.suppress(ModelError):
            load_model(path)


PROPERTIES: dict[str, Callable[[bytes], None]] = {
    check.__name__: check for check in (json_lines, json_elements, csv_records, entities, columns, model)
}


def _source(data: bytes) -> ByteSource:
    return ByteSource(io.BytesIO(data), None)


def _never(problem: str) -> None:
    raise AssertionError(problem)


def _rows(block: Block) -> pa.RecordBatch:
    assert isinstance(block.rows, pa.RecordBatch)
    return block.rows


def _pairs(blocks: list[Block]) -> list[tuple[Any, Any]]:
    found: list[tuple[Any, Any]] = []
    for block in blocks:
        block.pairs.validate(full=True)
        found += zip(*(block.pairs.column(role).to_pylist() for role in ("title", "body")), strict=True)
    return found


def _title_and_body(row: Any) -> tuple[Any, Any] | None:
    """As text, numbers as they are written; None where the row is rejected."""
    if not isinstance(row, dict):
        return None
    texts = []
    for role in ("title", "body"):
        value = row.get(role)
        if isinstance(value, list | dict):
            value = text_inside(value)
            if value is None:
                return None
            value = value or None
        texts.append({True: "true", False: "false"}.get(value) if isinstance(value, bool) else value)
    return tuple(written_name(text) if isinstance(text, str) else None for text in texts)  # type: ignore[return-value]


def _table_holds_all(block: Block) -> None:
    """As a table, each row has as many members, those without a column included, as `json.loads` finds."""
    lines = block.rows
    assert not isinstance(lines, pa.RecordBatch)
    table = json_table(lines, np.arange(len(lines), dtype=np.int64))
    if OTHER_FIELDS in table.names:
        return
    for row in range(len(lines)):
        here = {name for name, kinds in zip(table.names, table.kinds, strict=True) if kinds[row]}
        members = judge_line(lines.line(row))
        assert isinstance(members, dict)
        assert here | set(table.others.get(row, {})) == {written_name(name) for name in members}
