"""The short articles in the added languages: enough of them, over all topics, each headline over its own story."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

DATA = Path(__file__).parent.parent / "training_data"
Row = dict[str, Any]
ADDED = ["bn", "fa", "id", "it", "ko", "pl", "sw", "ur", "vi", "xh"]
"""the languages with at least forty short articles each"""
STATEMENTS = ("plain", "number", "capitals", "live_score")
"""styles whose headlines say what the body says, in its words"""


def nearest_is_own(rows: list[Row]) -> np.ndarray:
    """Whether each headline's nearest body is its own, by the cosine of weighted pieces of words."""
    pieces = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True)
    bodies = pieces.fit_transform([row["body"] for row in rows])
    titles = pieces.transform([row["title"] for row in rows])
    return np.asarray((titles @ bodies.T).toarray().argmax(axis=1) == np.arange(len(rows)))


@pytest.fixture(scope="module", params=ADDED)
def rows(request: pytest.FixtureRequest) -> list[Row]:
    lines = (DATA / "articles" / f"{request.param}.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def test_there_are_forty_over_all_topics(rows):
    topics = {topic["name"] for topic in json.loads((DATA / "media_topics.json").read_text("utf-8"))["topics"]}
    counts = Counter(row["topic"] for row in rows)
    assert counts.total() >= 40
    assert len(counts) == 17
    assert set(counts) <= topics
    assert min(counts.values()) >= 2
    assert max(counts.values()) <= 4


def test_a_statement_is_nearer_to_its_own_body_than_to_any_other(rows):
    own = nearest_is_own(rows)
    stated = [i for i, row in enumerate(rows) if row["headline_style"] in STATEMENTS]
    assert len(stated) >= 20
    assert own[stated].mean() >= 0.9, [rows[i]["title"] for i in stated if not own[i]]


def test_headlines_put_over_the_next_story_are_found_out(rows):
    titles = [row["title"] for row in rows]
    moved = [{**row, "title": title} for row, title in zip(rows, titles[1:] + titles[:1], strict=True)]
    assert nearest_is_own(moved).mean() <= 0.1


def test_the_styles_of_headlines_vary(rows):
    styles = Counter(row["headline_style"] for row in rows)
    assert len(styles) >= 7
    assert styles["plain"] <= 0.6 * styles.total()


def test_a_style_shows_in_its_headline(rows):
    for row in rows:
        title, style = row["title"], row["headline_style"]
        if style == "question" and row["lang"] != "ko":  # Korean asks by the ending of the verb
            assert re.search(r"[?؟]", title), title
        if style == "quote":
            assert title[0] in '"«„‘', title
        if style == "number":
            assert any(c.isdigit() for c in "".join(title.split()[:4])), title
        if style == "capitals":
            assert title == title.upper(), title
