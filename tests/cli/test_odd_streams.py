"""Streams that are no ordinary feed: no crash, no absurd verdict, and one line that says what was done or could not be."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pytest

from mismatch import load
from mismatch.report.gate_words import MOST_ARE_WRONG

DATA = Path(__file__).parent.parent.parent / "training_data"
Rows = list[dict[str, Any]]


class Expected(NamedTuple):
    """What is right to say of a stream."""

    said: str
    """in the line on adapting"""
    least_found: float = 0.0
    """share of the wrong rows"""
    most_flagged: float = 0.02
    """share of the right rows"""


def articles(language: str = "en") -> Rows:
    lines = (DATA / "articles" / f"{language}.jsonl").read_text("utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    return [
        {"source": f"{row['topic']}.example", "title": row["title"], "body": row["body"], "wrong": False} for row in rows
    ]


def shifted(rows: Rows) -> Rows:
    """Each title over the body of the row behind it."""
    return [{**row, "body": rows[(i + 1) % len(rows)]["body"], "wrong": True} for i, row in enumerate(rows)]


def with_wrong(rows: Rows, every: int = 20) -> Rows:
    """Some bodies moved on by one among themselves."""
    moved = iter(shifted(rows[::every]))
    return [next(moved) if i % every == 0 else row for i, row in enumerate(rows)]


def both_languages() -> Rows:
    """As many rows in Chinese as in English, the Chinese ones first, some wrong within each."""
    chinese = articles("zh")
    return with_wrong(chinese, 5) + with_wrong(articles()[: len(chinese)], 5)


def boilerplate() -> Rows:
    pages = [json.loads(line) for line in (DATA / "boilerplate.jsonl").read_text("utf-8").splitlines()]
    return [{"source": "x", "title": p["title"], "body": p["body"], "wrong": False} for p in pages if p["kind"] != "none"]


def each(**columns: str) -> Rows:
    return [{**row, **columns} for row in articles()]


AS_IT_IS, TOO_FEW = "the model is used as it is", "too few different rows to adapt to"
STREAMS: dict[str, tuple[Callable[[], Rows], Expected]] = {
    "one source": (lambda: with_wrong(each(source="a.example")), Expected("adapted to", 0.7)),
    "sorted by source": (
        lambda: sorted(with_wrong(articles()), key=lambda row: str(row["source"])), Expected("adapted to", 0.7)
    ),
    "150 rows": (lambda: with_wrong(articles()[:150]), Expected("adapted to 150 rows", 0.7)),
    "20 rows": (lambda: with_wrong(articles()[:20], every=7), Expected(TOO_FEW, 0.0, 0.06)),
    # 78 rows, a fifth of them wrong, and headlines written to be hard: whether they suffice to adapt to is left open
    "half Chinese, half English": (both_languages, Expected("", 0.5, 0.1)),
    "all wrong": (lambda: shifted(articles()), Expected("adapted to", 0.9)),
    "40 rows, all wrong": (lambda: shifted(articles()[:40]), Expected("adapted to 40 rows", 0.9)),
    "one title": (lambda: each(title="Mayor opens the new bridge over the Sund"), Expected(AS_IT_IS, 0.0, 1.0)),
    "one body": (lambda: each(body=articles()[0]["body"]), Expected(AS_IT_IS, 0.0, 1.0)),
    "all rows the same": (lambda: [articles()[0]] * 200, Expected(TOO_FEW, 0.0, 0.0)),
    # one page of weather and markets is taken for an article: that it is not the headline's is true
    "all boilerplate": (boilerplate, Expected("too few rows that can be judged", 0.0, 0.01)),
    "ids as titles": (
        lambda: [{**row, "title": f"a{i:06d}"} for i, row in enumerate(articles())],
        Expected("is that the column of titles?", 0.0, 0.0),
    ),
    "addresses as titles": (
        lambda: [{**row, "title": f"https://daily.example/{i}/{7 * i}"} for i, row in enumerate(articles())],
        Expected("is that the column of titles?", 0.0, 0.0),
    ),
    "no titles": (lambda: each(title=""), Expected("too few", 0.0, 0.0)),
}  # fmt: skip


@pytest.mark.parametrize("name", STREAMS)
def test_what_gate_score_and_python_make_of_it(invoke: Any, tmp_path: Path, write_rows: Any, name: str) -> None:
    make, expected = STREAMS[name]
    rows = make()
    path = write_rows(tmp_path / "rows.jsonl", rows)
    gate = invoke("gate", path, "--flagged", tmp_path / "flagged.jsonl", "--max-unscorable", "1")
    assert gate.code == 0
    about = [line for line in gate.said if line.startswith(("adapted to", AS_IT_IS))]
    assert len(about) == 1
    assert expected.said in about[0]
    scored = invoke("score", path).rows
    verdicts = [row["mismatch_verdict"] for row in scored]
    assert verdicts == load().score(pa.Table.from_pylist(rows))["mismatch_verdict"].to_pylist()
    flagged = [json.loads(line) for line in (tmp_path / "flagged.jsonl").read_text("utf-8").splitlines()]
    assert [row["title"] for row in flagged] == [row["title"] for row in scored if row["mismatch_verdict"] == "mismatch"]
    wrong, right = ([v for v, row in zip(verdicts, rows, strict=True) if row["wrong"] is kind] for kind in (True, False))
    assert wrong.count("mismatch") >= expected.least_found * len(wrong)
    assert right.count("mismatch") <= expected.most_flagged * len(right)
    if not right:
        assert MOST_ARE_WRONG in gate.out.decode()
