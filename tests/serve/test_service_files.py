"""Files of every format that the command line reads are judged by the service too, within its bounds."""

from __future__ import annotations

import bz2
import csv
import gzip
import http.client
import io
import json
import lzma
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest
from served import Reply, Service
from written_pages import FERRY, FERRY_TEXT, ferry

ANY = "application/octet-stream"
ROWS = [
    {"headline": "Rovers win the cup", "text": "Rovers won the cup on Saturday before 4,000 people.", "site": "a.example"},
    {"headline": "Ünïcode stays: ferry résumé", "text": "The résumé of the ferry, in ünïcode, was read out.", "site": None},
]


def send(service: Service, name: str, data: bytes, **more: Any) -> Reply:
    query = "&".join(f"{key}={quote(str(value))}" for key, value in {"name": name, **more}.items())
    return service.post(f"/score?{query}", data, ANY)


def broken_off(service: Service, name: str, data: bytes) -> list[Any]:
    """The rows of an answer that ends too early, the last of which says why."""
    with pytest.raises(http.client.IncompleteRead) as broken:
        send(service, name, data)
    return [json.loads(line) for line in broken.value.partial.splitlines()]


def table(delimiter: str = ",") -> str:
    written = io.StringIO()
    writer = csv.DictWriter(written, list(ROWS[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(ROWS)
    return written.getvalue()


def lines() -> bytes:
    return "".join(json.dumps(row) + "\n" for row in ROWS).encode()


def in_columns(write: Callable[[pa.Table, Any], Any]) -> bytes:
    sink = io.BytesIO()
    write(pa.Table.from_pylist(ROWS), sink)
    return sink.getvalue()


def arrow_file(rows: pa.Table, sink: Any) -> None:
    with pa.ipc.new_file(sink, rows.schema) as writer:
        writer.write_table(rows)


def database(path: Path) -> bytes:
    with sqlite3.connect(path) as base:
        base.execute("CREATE TABLE news (headline TEXT, text TEXT, site TEXT)")
        base.executemany("INSERT INTO news VALUES (?, ?, ?)", [tuple(row.values()) for row in ROWS])
    base.close()
    return path.read_bytes()


def workbook() -> bytes:
    book, sink = pytest.importorskip("openpyxl").Workbook(), io.BytesIO()
    for cells in [list(ROWS[0]), *(list(row.values()) for row in ROWS)]:
        book.active.append(cells)
    book.save(sink)
    return sink.getvalue()


def files(folder: Path) -> dict[str, bytes]:
    """The same two rows in each way of writing them."""
    return {
        "a.jsonl": lines(), "a.ndjson": lines(), "a.json": json.dumps(ROWS).encode(),
        "wrapped.json": json.dumps({"status": "ok", "articles": ROWS}).encode(),
        "a.csv": table().encode(), "a.tsv": table("\t").encode(), "semicolons.csv": table(";").encode(),
        "bars.csv": table("|").encode(), "western.csv": table(";").encode("cp1252"), "wide.csv": table().encode("utf-16"),
        "a.jsonl.gz": gzip.compress(lines()), "a.jsonl.bz2": bz2.compress(lines()), "a.jsonl.xz": lzma.compress(lines()),
        "a.csv.zst": pa.compress(table().encode(), "zstd", asbytes=True), "a.csv.gz": gzip.compress(table().encode()),
        "a.parquet": in_columns(pq.write_table), "a.feather": in_columns(feather.write_feather),
        "a.arrow": in_columns(arrow_file), "a.sqlite": database(folder / "a.sqlite"), "a.xlsx": workbook(),
        "no-ending": lines(), "table.txt": table(";").encode(), "parquet": in_columns(pq.write_table),
    }  # fmt: skip


def test_every_format_gives_the_same_rows_and_verdicts(service: Service, tmp_path: Path) -> None:
    expected = None
    for name, data in files(tmp_path).items():
        answer = send(service, name, data)
        assert answer.status == 200, (name, answer.body)
        found = [(r["headline"], r["text"], r["site"] or None, r["mismatch_verdict"]) for r in answer.rows]
        expected = expected or found
        assert [row[:2] for row in found] == [(row["headline"], row["text"]) for row in ROWS], name
        assert [row[2:] for row in found] == [row[2:] for row in expected], name
        columns = json.loads(answer.headers["mismatch-input"])["columns"]
        assert (columns["title"], columns["body"]) == ("headline", "text"), name


def test_pages_and_archives_are_rows_too(service: Service) -> None:
    pytest.importorskip("trafilatura")
    pytest.importorskip("fastwarc")
    page = ferry().encode()
    response = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + page
    head = (
        "WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:1>\r\nWARC-Date: 2024-01-01T00:00:00Z\r\n"
        "WARC-Target-URI: http://a.example/\r\nContent-Type: application/http; msgtype=response\r\n"
        f"Content-Length: {len(response)}\r\n\r\n"
    )
    for name, data in (
        ("a.html", page),
        ("a.html.gz", gzip.compress(page)),
        ("a.warc", head.encode() + response + b"\r\n\r\n"),
    ):
        (row,) = send(service, name, data).rows
        assert (row["title"], row["body"]) == (FERRY, "\n".join(FERRY_TEXT)), name


def test_what_was_assumed_is_told(service: Service) -> None:
    said = json.loads(send(service, "a.csv", table(";").encode("cp1252")).headers["mismatch-input"])
    assert said["columns"]["title"] == "headline"
    assert any("semicolons" in notice for notice in said["notices"])
    assert any("cp1252" in notice for notice in said["notices"])


def test_columns_that_are_not_found_are_listed_and_can_be_named(service: Service) -> None:
    data = json.dumps({"Kopf": "Rovers win", "langer Text": "Rovers won on Saturday.", "Blatt": "a"}).encode()
    answer = send(service, "a.jsonl", data)
    assert answer.status == 422
    assert answer.json["columns"] == ["Kopf", "langer Text", "Blatt"]
    named = send(service, "a.jsonl", data, title="Kopf", body="langer Text", source="Blatt")
    assert named.rows[0]["mismatch_verdict"] != ""
    said = json.loads(named.headers["mismatch-input"])["columns"]
    assert (said["title"], said["body"], said["source"]) == ("Kopf", "langer Text", "Blatt")


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.pdf", b"%PDF-1.7\n\x00", "no format that can be read"),
        ("a.bin", bytes(range(256)) * 8, "no format that can be read"),
        ("a.parquet", b"PAR1 and no more", "not a readable parquet file"),
        ("a.parquet.gz", gzip.compress(b"PAR1", mtime=0), "a compressed parquet file cannot be read; decompress it first"),
        ("a.xlsx", b"PK\x03\x04 and no more", "a.xlsx: "),
        ("a.sqlite", b"SQLite format 3\0 and no more", "a.sqlite: "),
    ],
)  # fmt: skip
def test_what_cannot_be_taken_is_refused_in_one_line(service: Service, name: str, data: bytes, words: str) -> None:
    answer = send(service, name, data)
    assert answer.status == 422
    assert words in answer.detail
    assert "\n" not in answer.detail and "--" not in answer.detail
    assert answer.detail.startswith(f"{name}: ")


def test_damage_in_the_middle_is_told_behind_the_rows(service: Service) -> None:
    many = b"".join(json.dumps({**ROWS[0], "n": i}).encode() + b"\n" for i in range(2000))
    *rows, last = broken_off(service, "a.jsonl.gz", gzip.compress(many, mtime=0)[:-200])
    assert rows[0]["n"] == 0
    assert last["status"] == 422
    assert "the compressed stream ends early" in last["error"]


def test_a_small_file_that_becomes_a_large_one_is_refused(start: Callable[..., Service]) -> None:
    small = start("--max-stream", 1 << 20)
    row = json.dumps({"title": "Rovers win", "body": "Rovers won. " * 500}).encode() + b"\n"
    last = broken_off(small, "a.jsonl.gz", gzip.compress(row * 1000))[-1]
    assert last["status"] == 422
    assert "becomes more than 1,048,576 bytes" in last["error"]
    assert small.get("/health").status == 200


def test_a_file_that_is_judged_longer_than_a_row_may_take_is_judged_to_its_end(start: Callable[..., Service]) -> None:
    hurried = start("--work-seconds", 1)
    rows = {"title": ["Rovers win the cup"] * 40_000, "body": [f"Rovers won cup {i}. " * 60 for i in range(40_000)]}
    sink = io.BytesIO()
    pq.write_table(pa.table(rows), sink, row_group_size=2000)
    answer = send(hurried, "a.parquet", sink.getvalue())
    assert answer.body.count(b"\n") == 40_000
    assert b'"status"' not in answer.body[-300:]
