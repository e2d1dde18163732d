"""Titles that are no headlines: what is done to them takes time that grows with their length, not with its square."""

from __future__ import annotations

import time

import pyarrow as pa
import pytest

from mismatch.judging.source_names import _kept_key, source_key
from mismatch.records.short_texts import TITLE_BYTES
from mismatch.screening.body_cleaning import without_echoes
from mismatch.screening.title_cleaning import clean_titles
from mismatch.screening.title_echoes import LONGEST_TITLE
from mismatch.terms.text_buffers import text_buffers

SECONDS = 2.0
"""of processor time; squares take minutes here"""


@pytest.mark.parametrize("piece", ["&amp;", "a?b", "#a", " @ab", "www.", "aThe ", "12 May 2024 "])
def test_cleaning_a_title_of_many_pieces_takes_little_time(piece: str) -> None:
    title = piece * (400_000 // len(piece))
    begin = time.process_time()
    assert clean_titles(pa.array([title])).to_pylist()[0]
    assert time.process_time() - begin < SECONDS


def test_of_a_title_that_is_no_headline_the_beginning_is_compared() -> None:
    titles = pa.array(["Ferry runs aground", "é" * TITLE_BYTES, None])
    assert clean_titles(titles).to_pylist() == ["Ferry runs aground", "é" * (TITLE_BYTES // 2), None]


@pytest.mark.parametrize(
    ("title", "body"),
    [
        ("12 May 2024 " * 30_000, "12 May 2024 " * 30_000),
        ("abcdef" + " " * 20 * LONGEST_TITLE + "x", "abcdef " * 60_000),
        ("river council bridge " * 700, "river council bridge, " * 20_000),
    ],
)
def test_looking_for_a_title_in_its_body_takes_little_time(title: str, body: str) -> None:
    titles, bodies = (text_buffers(pa.array([text], pa.large_string())) for text in (title, body))
    small = text_buffers(pa.array(["a b c"], pa.large_string()))
    without_echoes(small, small)  # compiled by now
    begin = time.process_time()
    assert len(without_echoes(titles, bodies).valid) == 1
    assert time.process_time() - begin < SECONDS


def test_words_that_lost_a_letter_are_left_out_of_a_title() -> None:
    titles = ["The caf\ufffd on the river opens", "What? The bridge opens"]
    assert clean_titles(pa.array(titles)).to_pylist() == ["The on the river opens", "What? The bridge opens"]


def test_the_key_of_a_source_as_long_as_an_article_is_not_kept() -> None:
    before = _kept_key.cache_info().currsize
    assert source_key("The  Ferry " * 1000) == " ".join(["the ferry"] * 1000)
    assert _kept_key.cache_info().currsize == before
