"""Which of its titles a page is known by, and that its verdict is that of the title over the body."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ordinary_pairs import PAIRS
from written_pages import BUDGET, FERRY, STRAY, budget, ferry, page

from mismatch.judging import pipeline
from mismatch.judging.scorer import Scorer, load
from mismatch.judging.title_choice import best_titles, judged_block, with_best_titles
from mismatch.judging.verdicts import MATCH, MISMATCH, UNSCORABLE, UNSURE, VERDICTS
from mismatch.records.blocks import Block
from mismatch.records.reading import Reader

pytest.importorskip("trafilatura")


@pytest.fixture(scope="module")
def starter() -> Scorer:
    return load()


@pytest.fixture
def block(tmp_path: Path) -> Block:
    """Pages of which one has a heading that is about something else, one no title, and one no body."""
    pages = [
        ferry(), page(h1=STRAY, og_title=FERRY), page(h1=STRAY), page(), "<html><head><title>Fog</title></head></html>",
        budget(og_title="Home"),
    ]  # fmt: skip
    for i, text in enumerate(pages):
        (tmp_path / f"{i}.html").write_text(text)
    return next(iter(Reader([tmp_path]))).decode()


@pytest.mark.parametrize(
    ("verdicts", "probability", "chosen"),
    [
        ([MATCH, MATCH], [0.05, 0.0], 0),
        ([MISMATCH, MATCH], [0.9, 0.09], 1),
        ([UNSURE, MISMATCH], [0.4, 0.7], 0),
        ([MISMATCH, UNSURE], [0.7, 0.4], 1),
        ([MISMATCH, MISMATCH], [0.74, 0.7], 0),
        ([MISMATCH, MISMATCH], [0.99, 0.7], 1),
        ([MISMATCH, UNSURE, UNSURE], [0.5, 0.45, 0.36], 1),
        ([UNSURE, UNSURE], [0.45, 0.12], 1),
        ([UNSCORABLE, MISMATCH], [np.nan, 0.99], 1),
        ([UNSCORABLE, UNSCORABLE], [np.nan, np.nan], 0),
        ([UNSCORABLE, MATCH, MATCH], [np.nan, 0.01, 0.0], 1),
    ],
)
def test_of_titles_that_match_the_first_counts_else_the_likeliest(
    verdicts: list[int], probability: list[float], chosen: int
) -> None:
    counts = np.array([0, len(verdicts), 0, len(verdicts)], np.int32)
    found = best_titles(np.array(verdicts * 2, np.int8), np.array(probability * 2), counts)
    assert found.tolist() == [-1, chosen, -1, len(verdicts) + chosen]


def test_a_title_that_fits_is_chosen_and_the_other_is_a_finding(starter: Scorer, block: Block) -> None:
    rows = judged_block(starter, block)[0].rows.to_pylist()  # type: ignore[union-attr]
    assert [row["title"] for row in rows] == [FERRY, FERRY, STRAY, None, "Fog", BUDGET]
    assert [row["title_source"] for row in rows] == ["h1", "og:title", "h1", None, "title", "h1"]
    of_both = {one["title"]: one["probability"] for one in rows[1]["title_candidates"]}
    assert of_both[FERRY] < 0.1 and of_both[STRAY] > 0.5
    assert rows[3]["title_candidates"] == []


def test_the_verdict_is_what_the_scorer_says_of_the_title_over_the_body(starter: Scorer, block: Block) -> None:
    chosen, judged = judged_block(starter, block)
    pairs = chosen.pairs
    said = starter.verdicts(*(pairs[name].to_pylist() for name in ("title", "body", "source")))
    assert judged.columns.column("mismatch_verdict").to_pylist() == [one.verdict for one in said]
    assert judged.columns.column("mismatch_probability").to_pylist() == [one.probability for one in said]
    assert [VERDICTS[number] for number in judged.numbers] == [one.verdict for one in said]
    assert [one.verdict for one in said] == ["match", "match", "mismatch", "unscorable", "unscorable", "match"]
    assert [one.reasons[0] for one in said if one.verdict == "unscorable"] == ["title_missing", "body_missing"]
    assert with_best_titles(starter, block).pairs.equals(pairs)


def test_no_other_rows_are_touched(starter: Scorer, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"title": "a", "body": "b"}\n')
    block = next(iter(Reader([tmp_path / "a.jsonl"]))).decode()
    assert judged_block(starter, block)[0] is block


def test_a_model_is_adapted_to_pages_and_no_row_is_lost(starter: Scorer, tmp_path: Path) -> None:
    for i, (_, _, title, body) in enumerate(PAIRS[:60]):
        (tmp_path / f"{i:02}.html").write_text(page(h1=title, text=[body]))
    reader = Reader([tmp_path])
    adapted, chunks, words = pipeline.adapted(reader, starter)
    assert words.startswith("adapted to 60 rows")
    rows = [row for chunk in chunks for row in judged_block(adapted, chunk.decode())[0].rows.to_pylist()]  # type: ignore[union-attr]
    assert [Path(row["file"]).stem for row in rows] == [f"{i:02}" for i in range(60)]
