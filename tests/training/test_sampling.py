"""The sample of a stream: any pair may be in it, it is the same each time, and it stays small."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from mismatch.training.sampling import Limits, Sample, text_sizes


def batch(first: int, n: int, size: int = 10) -> pa.RecordBatch:
    titles = [f"{i:06d}" for i in range(first, first + n)]
    return pa.record_batch({"title": titles, "body": ["x" * (size - 6)] * n, "label": titles})


def drawn(n: int, limits: Limits, seed: int = 0, step: int = 1000, size: int = 10) -> np.ndarray:
    sample = Sample(limits, seed)
    for first in range(0, n, step):
        sample.add(batch(first, min(step, n - first), size))
    table, rows = sample.take()
    assert table["title"].to_pylist() == [f"{row:06d}" for row in rows]
    assert table["label"] == table["title"]
    assert sample.n_seen == n
    return rows


def test_pairs_from_everywhere_in_the_stream_are_drawn() -> None:
    for seed in range(3):
        rows = drawn(20_000, Limits(pairs=2_000), seed)
        assert len(rows) == 2_000
        assert (np.diff(rows) > 0).all(), "in the order of the stream"
        in_tenth = np.bincount(rows // 2_000, minlength=10)
        assert np.abs(in_tenth - 200).max() < 64, "five standard deviations"


def test_each_pair_is_drawn_equally_often() -> None:
    times = np.zeros(200)
    for seed in range(300):
        times[drawn(200, Limits(pairs=40), seed, step=30)] += 1
    assert times.sum() == 300 * 40
    assert np.abs(times - 60).max() < 5 * np.sqrt(300 * 0.2 * 0.8)


@pytest.mark.parametrize("step", [1, 7, 900, 5_000])
def test_the_sample_does_not_depend_on_how_the_pairs_come(step: int) -> None:
    assert drawn(2_000, Limits(pairs=100), step=step).tolist() == drawn(2_000, Limits(pairs=100)).tolist()


def test_another_seed_draws_other_pairs() -> None:
    assert len(np.intersect1d(drawn(2_000, Limits(pairs=100), 0), drawn(2_000, Limits(pairs=100), 1))) < 30


def test_the_sample_is_bounded_in_bytes_too() -> None:
    rows = drawn(2_000, Limits(pairs=1_000, text_bytes=50_000), size=100)
    assert len(rows) == 500
    assert set(rows) < set(drawn(2_000, Limits(pairs=1_000), size=100)), "the same pairs, only fewer"


def test_a_pair_that_would_crowd_out_the_others_is_not_drawn() -> None:
    sample = Sample(Limits(pairs=1_000, text_bytes=50_000), 0)
    sample.add(pa.record_batch({"title": ["long"], "body": ["x" * 600], "label": ["-"]}))
    sample.add(batch(0, 200))
    table, rows = sample.take()
    assert rows.tolist() == list(range(1, 201))
    assert "long" not in table["title"].to_pylist()


def test_memory_is_let_go_as_the_sample_is_cut_back() -> None:
    sample = Sample(Limits(pairs=1_000, text_bytes=100_000), 0)
    before = pa.total_allocated_bytes()
    for first in range(0, 50_000, 1_000):
        sample.add(batch(first, 1_000, 100))
        assert pa.total_allocated_bytes() - before < 500_000


def test_nothing_gives_an_empty_sample() -> None:
    sample = Sample(Limits(), 0)
    sample.add(batch(0, 1).slice(0, 0))
    table, rows = sample.take()
    assert (table.num_rows, table.column_names, rows.tolist()) == (0, ["title", "body", "label"], [])


def test_missing_text_has_no_bytes() -> None:
    pairs = pa.record_batch({"title": ["abc", None, "é"], "body": pa.array([None, None, "12345"], pa.large_string())})
    assert text_sizes(pairs).tolist() == [3, 0, 7]
