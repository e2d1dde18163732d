"""HTML files and folders of them: every file is a row or is refused, in order, and each is parsed once."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest
from reading_and_scoring import blocks_of
from written_pages import BUDGET, FERRY, FERRY_TEXT, budget, ferry, page

from mismatch.errors import InputError
from mismatch.records.columns import ColumnChoice
from mismatch.records.compression import ByteSource
from mismatch.records.drawing import Runs
from mismatch.records.inputs import InputFile, find_inputs
from mismatch.records.output.writing import open_sink
from mismatch.records.pages.inputs import PageOptions, page_files
from mismatch.records.pages.workers import PageBounds, Workers
from mismatch.records.quarantine import Quarantine
from mismatch.records.reading import Reader

pytest.importorskip("trafilatura")
RUNS = Runs(64, 64, 1 << 18)


def rows_of(blocks: list[Any]) -> list[dict[str, Any]]:
    return [row for block in blocks for row in block.rows.to_pylist()]


def source_of(item: InputFile) -> ByteSource:
    path = item.path
    assert path is not None
    return ByteSource(path.open("rb", buffering=0), item.compression)


@pytest.fixture
def folder(write: Any, tmp_path: Path) -> Path:
    """Fifty pages in two folders, some compressed, some of them bad."""
    for i in range(50):
        name, text = f"d/{'ab'[i % 2]}/{i:02}.html", (ferry, budget)[i % 2](h1=f"Story {i}").encode()
        if i % 10 == 3:
            write(name, b"%PDF-1.7")
        elif i % 3 == 0:
            write(f"{name}.gz", gzip.compress(text))
        else:
            write(name, text)
    write("d/b/empty.html", b"")
    write("d/b/note.txt", b"no page")
    return tmp_path / "d"


def test_a_folder_of_pages_gives_a_row_or_a_refusal_for_each_in_order(folder: Path) -> None:
    blocks = blocks_of(folder)
    files = sorted(str(path) for path in folder.rglob("*.html*"))
    bad = [file for file in files if Path(file).read_bytes().startswith(b"%PDF")]
    assert [row["file"] for row in rows_of(blocks)] == [file for file in files if file not in bad]
    rejects = [reject for block in blocks for reject in block.rejects]
    assert [(reject.origin, reject.reason) for reject in rejects] == [(file, "not HTML: a PDF file") for file in bad]
    assert len(rows_of(blocks)) + len(rejects) == 51


def test_a_look_at_all_of_them_parses_none_twice(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed, parse = [], Workers.parse

    def counted(self: Workers, given: Any) -> Any:
        parsed.append(given.data)
        return parse(self, given)

    monkeypatch.setattr(Workers, "parse", counted)
    reader = Reader([folder])
    pairs = reader.drawn_evenly(RUNS)
    assert pairs is not None and sum(len(batch) for batch in pairs) == 46
    looked_at = rows_of([chunk.decode() for chunk in reader])
    assert len(parsed) == 51
    assert reader.bytes_read == reader.bytes_total == sum(path.stat().st_size for path in folder.rglob("*.html*"))
    assert looked_at == rows_of(blocks_of(folder))


def test_a_look_at_many_takes_some_from_all_over(write: Any, tmp_path: Path) -> None:
    for i in range(100):
        write(f"d/{i:03}.html", page(title=f"Fog in the harbour, number {i}"))
    reader = Reader([tmp_path / "d"])
    few = reader.drawn_evenly(Runs(64, 64, 1 << 18))
    assert few is not None and sum(map(len, few)) == 100
    items = find_inputs([tmp_path / "d"])
    fewer = page_files(items, PageOptions(), ColumnChoice(), lambda item, count: source_of(item), lambda n: None, None)
    titles = [title for batch in fewer.sample(32 / 1024) for title in batch["title"].to_pylist()]
    assert [titles[0][-8:], titles[-1][-9:]] == ["number 0", "number 99"] and len(titles) == 20


def test_the_rows_have_the_titles_and_the_body_only_if_asked_for(write: Any) -> None:
    path = write("a.html", ferry(og_title="Nebel"))
    row = rows_of(blocks_of(path))[0]
    assert list(row) == ["file", "title", "title_source", "title_candidates"]
    assert (row["file"], row["title"], row["title_source"]) == (str(path), FERRY, "h1")
    said = [(found["source"], found["title"], found["probability"]) for found in row["title_candidates"]]
    assert said == [("h1", FERRY, None), ("title", FERRY, None), ("og:title", "Nebel", None)]
    assert rows_of(blocks_of(path, pages=PageOptions(with_body=True)))[0]["body"] == "\n".join(FERRY_TEXT)


def test_a_page_without_a_body_is_a_row(write: Any) -> None:
    block = blocks_of(write("a.html", f"<html><head><title>{FERRY}</title></head><body></body></html>"))[0]
    assert block.pairs["title"].to_pylist() == [FERRY] and block.pairs["body"].to_pylist() == [None]
    assert not block.rejects


def test_pages_on_standard_input(write: Any) -> None:
    for format, data in (("html", ferry()), (None, ferry()), ("htm", "<p>a piece</p>"), ("html", "")):
        reader = Reader(["-"], format=format, stdin=io.BytesIO(data.encode()))
        rows = rows_of([chunk.decode() for chunk in reader])
        assert [row["file"] for row in rows] == ["-"]
        assert rows[0]["title"] == (FERRY if data == ferry() else None)


def test_pages_beside_other_inputs(write: Any) -> None:
    lines = write("a.jsonl", [{"title": "t", "body": "b"}])
    blocks = blocks_of(lines, write("b.html", ferry()), write("c.htm", budget()))
    assert [title for block in blocks for title in block.pairs["title"].to_pylist()] == ["t", FERRY, BUDGET]


def test_a_file_that_cannot_be_read_is_a_refused_row(write: Any, tmp_path: Path) -> None:
    broken = gzip.compress(ferry().encode())[:-20]
    paths = [write("a.html", ferry()), write("b.html.gz", broken), write("c.html", ferry()), write("d.html", budget())]
    reader = Reader(paths)
    paths[2].unlink()
    blocks = [chunk.decode() for chunk in reader]
    assert [row["file"] for row in rows_of(blocks)] == [str(paths[0]), str(paths[3])]
    reasons = [reject.reason for block in blocks for reject in block.rejects]
    assert ["cannot be read (" in reason for reason in reasons] == [True, True]


def test_a_page_beyond_the_bounds_is_refused_and_quarantined(write: Any, tmp_path: Path) -> None:
    small = PageOptions(bounds=PageBounds(most_bytes=5000))
    path = write("a.html", ferry(title="x" * 6000))
    with Quarantine(tmp_path / "bad.jsonl") as quarantine:
        for block in blocks_of(path, write("b.html", ferry()), pages=small):
            quarantine.extend(block.rejects)
    said = json.loads((tmp_path / "bad.jsonl").read_text())
    assert said["file"] == str(path) and said["reason"] == "longer than 5,000 bytes" and said["raw"].startswith("<!DOCTYPE")


def test_columns_of_pages_cannot_be_named_and_pages_not_be_written(write: Any, tmp_path: Path) -> None:
    path = write("a.html", ferry())
    with pytest.raises(InputError, match="leave out --body"):
        Reader([path], columns=ColumnChoice(body="text"))
    for name in ("out.html", "out.warc.gz"):
        with pytest.raises(InputError, match="files cannot be written"):
            open_sink(tmp_path / name)
