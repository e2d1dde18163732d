"""Web archives: the pages in them come as rows, in order; what is damaged is refused and the rest goes on."""

from __future__ import annotations

import gzip
import io
from pathlib import Path
from typing import Any

import pytest
from written_pages import BUDGET, FERRY, FERRY_TEXT, budget, derived, ferry, info, packed, response

from mismatch.errors import InputError, MissingExtraError
from mismatch.records.blocks import Block, Reject
from mismatch.records.columns import ColumnChoice
from mismatch.records.drawing import Runs
from mismatch.records.pages.inputs import PageOptions
from mismatch.records.reading import Reader

fastwarc = pytest.importorskip("fastwarc.warc")
pytest.importorskip("trafilatura")

RUNS = Runs(64, 64, 1 << 18)
PAGES = [info(), response(ferry(), url="https://ferry.example/1"), response(b"\x89PNG", kind="image/png"),
         response(budget(), url="https://ferry.example/2"), response("moved", status="301 Moved Permanently"),
         response(ferry(), record="request"), response(ferry(), url="https://ferry.example/3")]  # fmt: skip
URLS = [f"https://ferry.example/{i}" for i in (1, 2, 3)]


def read(*inputs: Any, **options: Any) -> tuple[Reader, list[dict[str, Any]], list[Reject]]:
    reader = Reader([str(item) for item in inputs], **options)
    blocks: list[Block] = [chunk.decode() for chunk in reader]
    rows = [row for block in blocks for row in block.rows.to_pylist()]  # type: ignore[union-attr]
    return reader, rows, [reject for block in blocks for reject in block.rejects]


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
def test_the_pages_of_an_archive_come_with_their_addresses_and_places(write: Any, suffix: str) -> None:
    path = write(f"news.warc{suffix}", packed(PAGES, suffix))
    reader, rows, rejects = read(path)
    assert [row["url"] for row in rows] == URLS and not rejects and not reader.problems
    assert [row["title"] for row in rows] == [FERRY, BUDGET, FERRY]
    assert reader.bytes_read == reader.bytes_total == path.stat().st_size
    for row in rows:
        data = path.read_bytes()[row["offset"] :]
        record = next(iter(fastwarc.ArchiveIterator(io.BytesIO(data))))
        assert record.headers["WARC-Target-URI"] == row["url"]


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
def test_an_archive_is_read_from_standard_input(write: Any, suffix: str) -> None:
    data = packed(PAGES, suffix)
    _, rows, _ = read("-", format="warc", stdin=io.BytesIO(data))
    assert rows == read(write(f"news.warc{suffix}", data))[1]


def test_an_archive_on_standard_input_is_recognised() -> None:
    assert [row["url"] for row in read("-", stdin=io.BytesIO(packed(PAGES, "")))[1]] == URLS
    with pytest.raises(InputError, match="--format warc"):
        read("-", stdin=io.BytesIO(packed(PAGES, ".gz")))


@pytest.mark.parametrize("kind", ["wet", "wat"])
@pytest.mark.parametrize("name", ["news.warc", "news.warc.{}.gz"])
def test_derived_files_are_refused_with_a_hint(write: Any, kind: str, name: str) -> None:
    data = packed([info(), derived(kind)], ".gz" if name.endswith("gz") else "")
    with pytest.raises(InputError, match=f"a {kind.upper()} file holds no pages.*WARC"):
        Reader([write(name.format(kind), data)])
    with pytest.raises(InputError, match=f"a {kind.upper()} file holds no pages"):
        read("-", format="warc", stdin=io.BytesIO(data))


def test_what_is_no_archive_is_refused_and_an_empty_one_has_no_rows(write: Any) -> None:
    with pytest.raises(InputError, match="not a readable WARC file"):
        Reader([write("a.warc", b"garbage " * 100)])
    reader, rows, _ = read(write("b.warc", b""))
    assert not rows and "no rows" in reader.notices[0]


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
@pytest.mark.parametrize("left", [0.02, 0.1, 0.2, 0.3, 0.5, 0.9])
def test_an_archive_that_was_cut_short_is_said(write: Any, suffix: str, left: float) -> None:
    records = [*PAGES, response(ferry(), url="https://ferry.example/4")]
    before, last = packed(records[:-1], suffix), packed(records[-1:], suffix)
    data = before + last[: int(left * len(last))]
    reader, rows, _ = read(write(f"news.warc{suffix}", data))
    assert [row["url"] for row in rows] == URLS
    assert len(reader.problems) == 1 and ("damaged" in reader.problems[0] or "cut short" in reader.problems[0])
    looked = Reader([str(write(f"again.warc{suffix}", data))])
    looked.drawn_evenly(RUNS)
    assert sum(len(chunk.decode()) for chunk in looked) == len(rows)
    assert looked.problems == [reader.problems[0].replace("news", "again")], "what a look has seen is still said"


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
@pytest.mark.parametrize("last", [1, 2, 5], ids=["a page", "an image", "a request"])
def test_an_archive_on_standard_input_that_was_cut_short_is_said(write: Any, suffix: str, last: int) -> None:
    before, end = packed(PAGES[:4], suffix), packed([PAGES[last]], suffix)
    assert not read("-", format="warc", stdin=io.BytesIO(before + end))[0].problems
    for cut in {3, 9, 15, *range(20, len(end), max(1, len(end) // 40)), len(end) - 1, len(end) - 5}:
        reader, rows, _ = read("-", format="warc", stdin=io.BytesIO(before + end[:cut]))
        assert [row["url"] for row in rows][:2] == URLS[:2], cut
        assert len(reader.problems) == 1, (cut, end[:cut][-40:])
        file, _, _ = read(write(f"cut{cut}.warc{suffix}", before + end[:cut]))
        assert len(file.problems) == 1, (cut, end[:cut][-40:])


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
def test_a_damaged_record_is_refused_and_the_next_ones_are_read(write: Any, suffix: str) -> None:
    before, after = packed(PAGES[:3], suffix), packed(PAGES[4:], suffix)
    damaged = bytearray(packed(PAGES[3:4], suffix))
    at = 60 if suffix else 0
    damaged[at : at + 30] = bytes(30)
    reader, rows, rejects = read(write(f"news.warc{suffix}", before + bytes(damaged) + after))
    assert [row["url"] for row in rows] == [URLS[0], URLS[2]] and not reader.problems
    assert [reject.reason.split(":")[0] for reject in rejects] == ["damaged record"]
    assert rejects[0].line == 2


def test_a_record_that_claims_to_be_longer_than_it_is_does_not_swallow_the_others(write: Any) -> None:
    long = PAGES[1].replace(b"Content-Length: ", b"Content-Length: 9", 1)
    _, rows, rejects = read(write("news.warc", b"".join([info(), long, *PAGES[2:]])))
    assert [row["url"] for row in rows] == URLS[1:]
    assert len(rejects) == 1 and b"ferry.example/1" in rejects[0].raw


def test_a_page_that_cannot_be_parsed_is_one_refused_row_with_all_of_it(write: Any) -> None:
    path = write("news.warc.gz", packed([PAGES[1], response(b"%PDF-1.7 and so on"), PAGES[3]], ".gz"))
    _, rows, rejects = read(path)
    assert [row["url"] for row in rows] == URLS[:2]
    assert [(reject.line, reject.reason, reject.raw) for reject in rejects] == [
        (2, "not HTML: a PDF file", b"%PDF-1.7 and so on")
    ]


def test_pages_that_a_server_compressed_are_read(write: Any) -> None:
    records = [
        response(gzip.compress(ferry().encode()), headers="Content-Encoding: gzip\r\n"),
        response(ferry(), headers="Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n"),
        response(ferry().encode("cp1252"), kind="text/html; charset=windows-1252"),
    ]
    _, rows, _ = read(write("news.warc", packed(records, "")), pages=PageOptions(with_body=True))
    assert [row["body"] for row in rows] == ["\n".join(FERRY_TEXT)] * 3


def test_the_columns_are_the_same_whatever_is_in_it(write: Any) -> None:
    names = ["url", "offset", "title", "title_source", "title_candidates"]
    path = write("news.warc", packed(PAGES, ""))
    assert Reader([path]).schema.names == names
    assert Reader([path], pages=PageOptions(with_body=True)).schema.names == [*names, "body"]
    with pytest.raises(InputError, match="leave out --title"):
        Reader([path], columns=ColumnChoice(title="headline"))


def test_a_missing_extra_is_one_line(write: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    path: Path = write("news.warc", packed(PAGES, ""))
    monkeypatch.setitem(sys.modules, "fastwarc", None)
    with pytest.raises(MissingExtraError, match=r'fastwarc: pip install "headline-mismatch\[html\]"'):
        Reader([path])
