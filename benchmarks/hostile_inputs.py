"""Inputs that ask for too much, or are not what they say: each is small, written here, and a kind of its own."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

GOOD = {"title": "The council votes on the old bridge", "body": "The bridge is old, the council said. " * 20}
LINE = json.dumps(GOOD).encode() + b"\n"
N = 50


def _zstd(chunks: int, chunk: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        for _ in range(chunks):
            stream.write(chunk)
    return bytes(sink.getvalue())


def _row(**more: Any) -> bytes:
    return json.dumps({**GOOD, **more}).encode() + b"\n"


def _deep(opening: bytes, closing: bytes, n: int) -> bytes:
    return LINE * N + LINE[:-2] + b', "x": ' + opening * n + b"1" + closing * n + b"}\n"


TEXTS: dict[str, Callable[[], bytes]] = {
    "zeros.jsonl.zst": lambda: _zstd(2000, bytes(1 << 20)),
    "zeros.jsonl.gz": lambda: gzip.compress(bytes(600 << 20), 9),
    "rows.jsonl.gz": lambda: gzip.compress(b"{}\n" * (30 << 20), 9),
    "zeros.csv.bz2": lambda: bz2.compress(b"title,body\n" + bytes(300 << 20)),
    "zeros.json.xz": lambda: lzma.compress(b"[" + b" " * (300 << 20)),
    "cut.jsonl.gz": lambda: gzip.compress(LINE * 1000)[:-40],
    "cut.jsonl.zst": lambda: _zstd(1, LINE * 1000)[:-3],
    "one_long_line.jsonl": lambda: LINE * N + b'{"title": "' + b"x" * (60 << 20) + b'"}\n' + LINE,
    "no_line_break.jsonl": lambda: b"x" * (60 << 20),
    "deep_lists.jsonl": lambda: _deep(b"[", b"]", 200_000),
    "deep_objects.json": lambda: b"[" + LINE + b"," + b'{"x":' * 200_000 + b"1" + b"}" * 200_000 + b"]",
    "digits.jsonl": lambda: LINE * N + LINE[:-2] + b', "n": ' + b"9" * 20_000 + b"}\n",
    "exponents.jsonl": lambda: LINE * N + LINE[:-2] + b', "n": 1e' + b"9" * 2000 + b"}\n",
    "a_key_a_row.jsonl": lambda: b"".join(_row(**{f"k{i}": i}) for i in range(3000)),
    "keys_of_one_row.jsonl": lambda: _row(**{f"k{i}": i for i in range(200_000)}),
    "half_surrogates.jsonl": lambda: b'{"title": "\\ud800 half", "body": "\\udfff ' + b"word " * 60 + b'"}\n' + LINE * N,
    "returns.jsonl": lambda: b'{"title":\r"a title here",\r"body": "' + b"word " * 60 + b'"}\r\n{"broken\r\n' + LINE * N,
    "no_utf8.jsonl": lambda: LINE * N + b'{"title": "\xff\xfe", "body": "\x80"}\n' * 1000,
    "nuls.jsonl": lambda: LINE * N + bytes(1 << 20) + b"\n" + LINE,
    "quotes.csv": lambda: b"title,body\n" + b'a"b,"c' * 100_000,
    "open_quote.csv": lambda: b"title,body\n" + b'"a,b\n' + b"c,d\n" * 200_000,
    "many_columns.csv": lambda: b"title,body," + b"c," * 500_000 + b"d\n" + b"x," * 500_002 + b"y\n",
    "no_cells.csv": lambda: b"title,body\n" + b"," * (20 << 20) + b"\n",
    "formulas.csv": lambda: b"title,body\n" + b"=1+1,@x\n" * 1000,
    "bare_returns.csv": lambda: b"title,body\r" + b'"a\r\nb","c\0d"\r' * 1000,
    "utf16_cut.csv": lambda: "title,body\nKöln,größer\n".encode("utf-16") * 1000 + b"\0",
    "empty.jsonl": lambda: b"",
    "array_of_arrays.json": lambda: b"[" * 100_000,
    "answers.json": lambda: b'{"articles": [' + LINE.strip() + b'], "articles": [' * 20_000,
}


def _arrow(path: Path, table: pa.Table, **options: Any) -> None:
    with pa.ipc.new_file(str(path), table.schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(table)


def _shared(n_bytes: int, rows: int) -> pa.Table:
    body = pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int32)), pa.array(["x" * n_bytes]))
    return pa.table({"title": ["a title"] * rows, "body": body})


def _with_offset(value: int) -> pa.Table:
    good = pa.array([f"text {i}" for i in range(6)])
    offsets = np.frombuffer(good.buffers()[1], np.int32).copy()
    offsets[3] = value
    bad = pa.Array.from_buffers(good.type, 6, [None, pa.py_buffer(offsets), good.buffers()[2]])
    return pa.table({"title": ["t"] * 6, "body": bad})


def _table(**more: Any) -> pa.Table:
    return pa.table({"title": [GOOD["title"]] * N, "body": [GOOD["body"]] * N, **more})


def _nanoseconds() -> pa.Table:
    return _table(when=pa.array(range(N), pa.timestamp("ns")), far=pa.array([2**62] * N, pa.timestamp("us")))


def _database(path: Path) -> None:
    with sqlite3.connect(path) as base:
        base.execute("CREATE TABLE articles (title TEXT, body TEXT, x)")
        base.executemany("INSERT INTO articles VALUES (?, ?, ?)", [(GOOD["title"], b"\xff\x00", 2**62)] * N)
        base.execute("INSERT INTO articles VALUES (?, zeroblob(100000000), 1)", ("long",))
    base.close()


def _nested(levels: int) -> pa.Table:
    kind, value = pa.int32(), 1
    for _ in range(levels):
        kind, value = pa.list_(kind), [value]  # type: ignore[assignment]
    return _table(deep=pa.array([value] * N, kind))


BINARY: dict[str, Callable[[Path], None]] = {
    "long_entry.parquet": lambda path: pq.write_table(_shared(500_000_000, 1), path, compression="zstd"),
    "repeated_entry.parquet": lambda path: pq.write_table(_shared(1 << 20, 4000), path, store_schema=False),
    "long_buffer.arrow": lambda path: _arrow(
        path, pa.table({"title": ["t"], "body": ["x" * (1 << 30)]}), compression="zstd"
    ),
    "repeated_entry.arrow": lambda path: _arrow(path, _shared(1 << 20, 4000)),
    "offset_outside.arrow": lambda path: _arrow(path, _with_offset(1 << 30)),
    "offset_below.arrow": lambda path: _arrow(path, _with_offset(-5)),
    "rows_of_nothing.arrow": lambda path: _arrow(path, pa.table({"title": pa.nulls(1 << 30), "body": pa.nulls(1 << 30)})),
    "many_columns.parquet": lambda path: pq.write_table(_table(**{f"c{i}": [i] * N for i in range(5000)}), path),
    "nanoseconds.parquet": lambda path: pq.write_table(_nanoseconds(), path),
    "nested.arrow": lambda path: _arrow(path, _nested(60)),
    "no_utf8.parquet": lambda path: pq.write_table(_table(other=pa.array([b"\xff\xfe"] * N).view(pa.string())), path),
    "text.parquet": lambda path: _written(path, LINE * N),
    "magic_alone.parquet": lambda path: _written(path, b"PAR1" + b"\xff" * 8 + b"PAR1"),
    "magic_alone.arrow": lambda path: _written(path, b"ARROW1\0\0" + b"\xff" * 64 + b"ARROW1"),
    "large_batch.arrow": lambda path: _arrow(path, pa.table({"title": ["t"] * 3000, "body": ["word " * 20_000] * 3000})),
    "blobs.sqlite": _database,
    "text.xlsx": lambda path: _written(path, b"PK\x03\x04" + b"\0" * 1000),
}


def _written(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def write(name: str, folder: Path) -> Path:
    """Writes the input of a name into a folder."""
    path = folder / name
    if name in TEXTS:
        path.write_bytes(TEXTS[name]())
    else:
        BINARY[name](path)
    return path
