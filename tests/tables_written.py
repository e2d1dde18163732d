"""Rows as files of each format that is read, written by other libraries than ours."""

from __future__ import annotations

import csv
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq

Rows = list[dict[str, Any]]


def _jsonl(path: Path, rows: Rows) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def _json(path: Path, rows: Rows) -> None:
    path.write_text(json.dumps({"articles": rows}))


def _csv(path: Path, rows: Rows) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def _parquet(path: Path, rows: Rows) -> None:
    pq.write_table(pa.Table.from_pylist(rows), path)


def _arrow(path: Path, rows: Rows) -> None:
    pyarrow.feather.write_feather(pa.Table.from_pylist(rows), str(path))


def _sqlite(path: Path, rows: Rows) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute(f"CREATE TABLE articles ({', '.join(rows[0])})")
        connection.executemany(
            f"INSERT INTO articles VALUES ({', '.join('?' * len(rows[0]))})", [tuple(row.values()) for row in rows]
        )
    connection.close()


def _xlsx(path: Path, rows: Rows) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in (list(rows[0]), *(list(row.values()) for row in rows)):
        book.active.append(row)
    book.save(path)


WRITERS: dict[str, Callable[[Path, Rows], None]] = {
    "jsonl": _jsonl, "json": _json, "csv": _csv, "parquet": _parquet, "arrow": _arrow, "sqlite": _sqlite, "xlsx": _xlsx,
}  # fmt: skip
