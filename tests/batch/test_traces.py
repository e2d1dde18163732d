"""What is kept of rows, held against slow twins."""

from __future__ import annotations

import random

import numpy as np
import pyarrow as pa
from made_up import articles, words

from mismatch.batch.traces import TITLE_STEMS, traces_of
from mismatch.terms.near_duplicates import EMPTY_BIN, sequence_hashes, sketches_of
from mismatch.terms.text_buffers import text_buffers
from mismatch.terms.tokens import terms_of

ROWS = [
    *((row["title"], row["body"]) for row in articles(40)),
    (None, "a body without a title"), ("A title without a body", None), ("", ""),
    ("Über die Fähre", "die FÄHRE fährt über den Fluss"), ("写真と新聞", "新聞の写真"),
    (" ".join(words(random.Random(1), 40)), " ".join(words(random.Random(1), 60))),
]  # fmt: skip


def test_traces_are_those_of_the_slow_twins() -> None:
    titles, bodies = (pa.array([row[k] for row in ROWS], pa.string()) for k in range(2))
    traces = traces_of(titles, bodies)
    for keys, texts in ((traces.title_keys, titles), (traces.body_keys, bodies)):
        expected = sequence_hashes(text_buffers(texts))
        empty = [not terms_of(text or "") for text in texts.to_pylist()]
        np.testing.assert_array_equal(keys, np.where(empty, 0, expected | np.uint64(1)))
    for row, (title, body) in enumerate(ROWS):
        of_title = list(dict.fromkeys(stem for _, stem, _ in terms_of(title or "")))[:TITLE_STEMS]
        terms, title_terms = terms_of(body or ""), [term for term, _, _ in terms_of(title or "")]
        echo = len(title_terms) if [term for term, _, _ in terms][: len(title_terms)] == title_terms else 0
        of_body = {stem for _, stem, _ in terms[echo:]}
        assert (traces.stems[row] > 0).sum() == len(of_title)
        assert traces.lengths[row] == len(terms_of(body or ""))
        assert [traces.found[row] >> k & 1 for k in range(len(of_title))] == [stem in of_body for stem in of_title]


def test_a_body_that_repeats_nothing_of_its_title_has_the_usual_sketch() -> None:
    bodies = pa.array([row["body"] for row in articles(20)])
    traces = traces_of(pa.array(["Quite another title"] * 20), bodies)
    usual = sketches_of(text_buffers(bodies)).bins
    np.testing.assert_array_equal(traces.bins == 0, usual == EMPTY_BIN)
    np.testing.assert_array_equal(traces.bins[usual != EMPTY_BIN], (usual[usual != EMPTY_BIN] >> np.uint64(6)) % 255 + 1)


def test_the_title_in_a_body_leaves_no_trace_in_its_sketch() -> None:
    notice = " ".join(words(random.Random(9), 50))
    titles = [f"{' '.join(words(random.Random(k), 6))}" for k in range(2)]
    traces = traces_of(pa.array(titles), pa.array([f"{title} {title} {notice}" for title in titles]))
    assert (traces.bins[0] == traces.bins[1]).mean() > 0.9
