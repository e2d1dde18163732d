"""A file whose name does not tell its format, or tells another: one line says what it looks like, and what to do."""

from __future__ import annotations

import bz2
import gzip
import io
import itertools
import json
import tarfile
import zipfile
from pathlib import Path

import pytest

from mismatch.errors import InputError
from mismatch.records.reading import Reader

ROW = {"title": "Ferry sails again", "body": "The ferry left the harbour at nine, after two days of fog."}
LINES = 3 * (json.dumps(ROW) + "\n").encode()
TABLE = b"title,body\n" + 3 * b'Ferry sails again,"The ferry left at nine, after two days of fog."\n'
FEED = b'<?xml version="1.0"?>\n<rss version="2.0"><channel><item><title>Ferry</title></item></channel></rss>\n'


def tar() -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as archive:
        member = tarfile.TarInfo("a.jsonl")
        member.size = len(LINES)
        archive.addfile(member, io.BytesIO(LINES))
    return held.getvalue()


def zipped() -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("a.jsonl", LINES)
    return held.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("dump.bz2", bz2.compress(LINES), r"compressed \(bz2\).* looks like JSON lines: say so with --format jsonl"),
        ("dump.gz", gzip.compress(TABLE, mtime=0), r"compressed \(gzip\).* looks like CSV: say so with --format csv"),
        ("wiki.xml.bz2", bz2.compress(FEED), "RSS or Atom feed, which is not read: save its articles as CSV"),
        ("news.tar.gz", gzip.compress(tar(), mtime=0), "a tar archive, which is not read: unpack it"),
        ("news.zip", zipped(), "a ZIP archive, which is not read: unpack it"),
        ("news", LINES, "looks like JSON lines: say so with --format jsonl"),
        ("news.txt", TABLE, "looks like CSV: say so with --format csv"),
        ("news.pdf", b"%PDF-1.7\n", "a PDF, which is not read"),
        ("news.xyz", bytes(range(256)), r"unknown format; say which with --format jsonl\|json"),
        ("news.jsonl", zipped(), "not a readable jsonl file; it looks like a ZIP archive: unpack it"),
        ("news.csv", tar(), "not a readable csv file; it looks like a tar archive: unpack it"),
        ("news.jsonl", gzip.compress(LINES, mtime=0), r"it looks like a gzip file: decompress it, or add \.gz to its name"),
        ("news.jsonl.gz", LINES, "not compressed with gzip.* it looks like JSON lines"),
        ("news.parquet", LINES, "not a readable parquet file; it looks like JSON lines: say so with --format jsonl"),
        ("news.csv", LINES, r"the header \(line 1\) .*: this is no table; give it with --format json"),
        ("news.csv", FEED, r"the header \(line 1\) .* save the articles of a feed as CSV or JSON lines"),
    ],
    ids=itertools.count(),
)
def test_the_cause_is_named_with_what_to_do(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match=said) as raised:
        Reader([path])
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(("content", "format"), [(bz2.compress(LINES), "jsonl"), (bz2.compress(TABLE), "csv")])
def test_what_the_line_says_works(tmp_path: Path, content: bytes, format: str) -> None:
    path = tmp_path / "dump.bz2"
    path.write_bytes(content)
    assert sum(chunk.decode().pairs.num_rows for chunk in Reader([path], format=format)) == 3


def test_a_compression_is_no_format() -> None:
    with pytest.raises(InputError, match=r"--format bz2 says how .* say, --format csv\.bz2"):
        Reader(["-"], format="bz2", stdin=io.BytesIO(LINES))
