"""What a batch tells, on a page: the map of the input, shifts, repeats, sources, and where bodies went."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("jinja2")

from test_report import HOSTILE, assert_inert

from mismatch.batch.course import Course
from mismatch.batch.shifts import Shift
from mismatch.report.batch_plots import MAP_BINS, course_line, file_map, track, track_of_course

ROOT = Path(__file__).parent.parent.parent
Invoke = Callable[..., Any]
_NOTICE = (
    "We use cookies and similar means to keep the site working and to measure how it is read. By going on you agree to "
    "this; under settings you may choose otherwise, and our privacy statement tells what is kept and for how long."
)


@pytest.fixture(scope="module")
def batch_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """300 articles: ten bodies went round, 40 rows from 101 on have their bodies two rows further up, and twelve from 201 on
    a notice as their body."""
    lines = (ROOT / "training_data" / "articles" / "en.jsonl").read_text("utf-8").splitlines()[:300]
    articles = [json.loads(line) for line in lines]
    bodies = [article["body"] for article in articles]
    stray = range(10, 90, 8)
    for row, other in zip(stray, [*stray[1:], stray[0]], strict=True):
        bodies[row] = articles[other]["body"]
    bodies[100:140] = bodies[102:140] + bodies[100:102]
    bodies[200:212] = [_NOTICE] * 12
    rows = [
        {"title": article["title"], "body": body, "source": ["Gazette", HOSTILE["source"], HOSTILE["title"]][i % 3]}
        for i, (article, body) in enumerate(zip(articles, bodies, strict=True))
    ]
    path = tmp_path_factory.mktemp("batch") / "<b>rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def test_a_repair_has_a_page(invoke: Invoke, tmp_path: Path, batch_file: Path) -> None:
    out = tmp_path / "repair.html"
    ended = invoke("repair", batch_file, "--out", tmp_path / "p.jsonl", "--report", out)
    assert ended.code == 0, ended.err
    page = assert_inert(out.read_text("utf-8"))
    text = " ".join(page.text.split())
    for words in ("Map of the input", "Shifted rows", "Where the bodies went", "Repeats", "By source", "<b>rows.jsonl",
                  "Once one body stands under different titles: 12 rows.", "'=HYPERLINK("):  # fmt: skip
        assert words in text, words
    proposals = [json.loads(line) for line in (tmp_path / "p.jsonl").read_text("utf-8").splitlines()]
    assert f"{len(proposals)}" in text
    surest = max(proposals, key=lambda one: one["probability"])
    assert f"rows {surest['title_row']} → {surest['body_row']}" in text


def test_a_gate_over_a_batch_shows_what_the_batch_tells(invoke: Invoke, tmp_path: Path, batch_file: Path) -> None:
    out = tmp_path / "gate.html"
    ended = invoke("gate", batch_file, "--batch", "--report", out)
    assert ended.code == 0, ended.err
    text = " ".join(assert_inert(out.read_text("utf-8")).text.split())
    for words in (
        "Map of the input",
        "Shifted rows",
        "Where the bodies went",
        "Once one body stands under different titles",
    ):
        assert words in text, words
    assert re.search(r"\b(99|10[0-3]) to (13[7-9]|14[0-2]) ?-2", text), text[text.index("Shifted rows") :][:200]


def test_a_gate_without_batch_shows_where_the_flags_are_and_no_more(
    invoke: Invoke, tmp_path: Path, batch_file: Path
) -> None:
    out = tmp_path / "gate.html"
    assert invoke("gate", batch_file, "--report", out).code == 0
    text = assert_inert(out.read_text("utf-8")).text
    assert "Map of the input" in text
    assert "Shifted rows" not in text
    assert "Where the bodies went" not in text


def test_a_repair_from_a_pipe_has_no_page(invoke: Invoke, tmp_path: Path) -> None:
    ended = invoke("repair", "-", "--report", tmp_path / "a.html", stdin=b'{"title": "a", "body": "b"}\n')
    assert ended.code == 2
    assert "--report reads the input twice" in ended.err
    assert list(tmp_path.iterdir()) == []


def test_a_track_shows_the_share_of_each_stretch() -> None:
    assert track("x", [1, 2, 10], 10).shares.tolist() == [1, 1, 0, 0, 0, 0, 0, 0, 0, 1]
    many = track("x", np.arange(1, 48_001), 96_000).shares
    assert len(many) == MAP_BINS
    assert many[: MAP_BINS // 2] == pytest.approx(1)
    assert many[MAP_BINS // 2 :] == pytest.approx(0)


@pytest.mark.parametrize("n", [1, 7, 1000, 99_991])
def test_the_course_of_an_input_lies_where_its_flags_are(n: int) -> None:
    course, flags = Course(), np.zeros(n, np.int64)
    flags[n // 2 :] = 1
    for start in range(0, n, 301):
        course.add_rows(start + 1, flags[start : start + 301])
    stretches = course.stretches()
    assert stretches[:, :2].sum(axis=0).tolist() == [n, int(flags.sum())]
    shares = track_of_course("flagged", stretches, n).shares
    middles = (np.arange(len(shares)) + 0.5) * n / len(shares)
    sure = np.abs(middles - n // 2) > n / 30
    assert (shares[sure] == (middles[sure] > n // 2)).all()


def test_pictures_are_the_same_each_time_and_hold_no_text_from_outside(batch_file: Path) -> None:
    stretches = np.array([[10, 0, 1], [10, 5, 11], [10, 1, 21]])
    once, again = (file_map([track("stray titles", [3], 30)], [Shift(5, 9, -2)], 30) for _ in range(2))
    assert once == again
    assert "-2" in once
    assert course_line(stretches, 1) == course_line(stretches, 1)
