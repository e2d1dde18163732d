"""Pages and web archives on the command line: every command takes them, and every row is accounted for."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from ordinary_pairs import PAIRS
from written_pages import FERRY, FERRY_TEXT, STRAY, budget, derived, ferry, info, packed, page, response

pytest.importorskip("trafilatura")
pytest.importorskip("fastwarc")

VERDICT = ["mismatch_verdict", "mismatch_probability", "mismatch_reasons", "title_topic", "body_topic"]
COLUMNS = ["title", "title_source", "title_candidates"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four pages: right, under the heading of another, no page at all, and without a body."""
    path = tmp_path_factory.mktemp("pages")
    pages = {"a": ferry(), "b": page(h1=STRAY), "c": "%PDF-1.7", "d": "<html><title>Fog</title></html>"}
    for name, text in pages.items():
        (path / f"{name}.html").write_text(text)
    return path


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("archive") / "news.warc.gz"
    pages = enumerate((ferry(), budget(), page(h1=STRAY)))
    records = [response(text, url=f"https://ferry.example/{i}") for i, text in pages]
    path.write_bytes(packed([info(), *records], ".gz"))
    return path


def test_a_folder_of_pages_is_scored(invoke: Callable[..., Any], folder: Path, tmp_path: Path) -> None:
    done = invoke("score", folder, "--rejected", tmp_path / "bad.jsonl")
    assert done.code == 0 and "1 row could not be read" in done.err
    assert [list(row) for row in done.rows] == [["file", *COLUMNS, *VERDICT]] * 3
    assert [Path(row["file"]).stem for row in done.rows] == ["a", "b", "d"]
    assert [row["title"] for row in done.rows] == [FERRY, STRAY, "Fog"]
    assert [row["mismatch_verdict"] for row in done.rows] == ["match", "mismatch", "unscorable"]
    assert done.rows[2]["mismatch_reasons"] == ["body_missing"]
    assert json.loads((tmp_path / "bad.jsonl").read_text())["reason"] == "not HTML: a PDF file"


def test_a_page_that_takes_longer_than_allowed_is_one_rejected_row(invoke: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "pages").mkdir()
    for name, text in {"a": ferry(), "b": "<html><body>" + "<p>fog" * 600_000, "c": budget()}.items():
        (tmp_path / "pages" / f"{name}.html").write_text(text)
    done = invoke("score", tmp_path / "pages", "--page-seconds", 1, "--rejected", tmp_path / "bad.jsonl")
    assert [Path(row["file"]).stem for row in done.rows] == ["a", "c"]
    rejected = [json.loads(line)["reason"] for line in (tmp_path / "bad.jsonl").read_text().splitlines()]
    assert rejected == ["takes longer than 1 seconds to parse"]


def test_the_body_comes_along_if_asked_for(invoke: Callable[..., Any], folder: Path) -> None:
    rows = invoke("score", folder / "a.html", folder / "d.html", "--with-body").rows
    assert list(rows[0]) == ["file", *COLUMNS, "body", *VERDICT]
    assert [row["body"] for row in rows] == ["\n".join(FERRY_TEXT), None]


def test_an_archive_is_scored_from_a_file_and_from_standard_input(invoke: Callable[..., Any], archive: Path) -> None:
    done = invoke("score", archive)
    assert [list(row) for row in done.rows] == [["url", "offset", *COLUMNS, *VERDICT]] * 3
    assert [row["mismatch_verdict"] for row in done.rows] == ["match", "match", "mismatch"]
    assert invoke("score", "-", "--format", "warc", stdin=archive.read_bytes()).rows == done.rows
    assert [list(row) for row in invoke("score", archive, "--only").rows] == [["url", *VERDICT]] * 3


def test_a_page_on_standard_input(invoke: Callable[..., Any]) -> None:
    for format in (["--format", "html"], []):
        done = invoke("score", "-", *format, stdin=ferry().encode())
        assert done.code == 0 and [(row["file"], row["title"]) for row in done.rows] == [("-", FERRY)]


@pytest.mark.parametrize("name", ["out.csv", "out.parquet", "out.json", "out.jsonl.gz"])
def test_pages_are_written_in_every_format(invoke: Callable[..., Any], folder: Path, tmp_path: Path, name: str) -> None:
    assert invoke("score", folder, "--out", tmp_path / name).code == 0
    if name == "out.csv":
        rows = list(csv.DictReader(io.StringIO((tmp_path / name).read_text())))
        assert json.loads(rows[0]["title_candidates"])[0]["source"] == "h1"
        assert list(rows[0]) == ["file", *COLUMNS, *VERDICT]
    if name == "out.parquet":
        rows = pq.read_table(tmp_path / name).to_pylist()
        assert rows[0]["title_candidates"][0]["probability"] < 0.1
        assert [row["title"] for row in rows] == [FERRY, STRAY, "Fog"]


def test_an_output_that_would_be_html_is_refused(invoke: Callable[..., Any], folder: Path, tmp_path: Path) -> None:
    done = invoke("score", folder, "--out", tmp_path / "out.html")
    assert done.code == 2 and "html files cannot be written" in done.err and not (tmp_path / "out.html").exists()


def test_the_gate_counts_pages_by_their_sites(
    invoke: Callable[..., Any], archive: Path, folder: Path, tmp_path: Path
) -> None:
    done = invoke("gate", archive, "--max-rate", "0.1", "--flagged", tmp_path / "bad.jsonl")
    assert done.code == 1 and b"ferry.example" in done.out
    assert [json.loads(line)["url"] for line in (tmp_path / "bad.jsonl").read_text().splitlines()] == [
        "https://ferry.example/2"
    ]
    assert invoke("gate", folder).code == 2, "a quarter could not be read"


def test_explain_and_evaluate_take_pages(invoke: Callable[..., Any], archive: Path, folder: Path) -> None:
    done = invoke("explain", archive, "--row", "3")
    assert done.code == 0 and STRAY in done.out.decode()
    done = invoke("evaluate", archive, folder / "a.html", "--json")
    assert done.code == 0 and json.loads(done.out)


def test_a_wet_file_ends_with_exit_code_2_and_a_hint(invoke: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "news.warc.wet.gz"
    path.write_bytes(packed([info(), derived("wet")], ".gz"))
    for done in (invoke("score", path), invoke("score", "-", "--format", "warc", stdin=path.read_bytes())):
        assert done.code == 2 and "a WET file holds no pages" in done.err and not done.out


def test_a_cut_archive_ends_with_exit_code_2_and_leaves_no_output(
    invoke: Callable[..., Any], archive: Path, tmp_path: Path
) -> None:
    (tmp_path / "cut.warc.gz").write_bytes(archive.read_bytes()[:-200])
    done = invoke("score", tmp_path / "cut.warc.gz", "--out", tmp_path / "out.jsonl")
    assert done.code == 2 and "Repair the input" in done.err and not (tmp_path / "out.jsonl").exists()


def test_pages_train_a_model(invoke: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "pages").mkdir()
    for i, (_, _, title, body) in enumerate(PAIRS):
        (tmp_path / "pages" / f"{i}.html").write_text(page(h1=title, text=[body]))
    done = invoke("train", tmp_path / "pages", "--fresh", "--out", tmp_path / "model.joblib")
    assert (done.code, (tmp_path / "model.joblib").exists()) == (0, True), done.err
