"""Chunks that are read in a thread come in order, not far ahead, and with their errors."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from mismatch.errors import InputError
from mismatch.judging.read_ahead import AHEAD, ReadAhead, as_they_come


def counted(n: int, taken: list[int], error: Exception | None = None) -> Iterator[Any]:
    for i in range(n):
        taken.append(i)
        yield i
    if error is not None:
        raise error


def test_they_come_in_order_and_end() -> None:
    chunks = ReadAhead(counted(50, []))
    assert chunks.within(None) == 0
    chunks.give_back([0])  # type: ignore[list-item]
    assert list(chunks) == list(range(50))
    assert chunks.ended
    assert chunks.within(0) is None


def test_no_more_is_read_than_a_little_ahead() -> None:
    taken: list[int] = []
    chunks = ReadAhead(counted(50, taken))
    assert next(chunks) == 0
    time.sleep(0.1)
    assert len(taken) <= AHEAD + 2


def test_an_error_of_the_reader_is_raised_where_the_chunks_are_taken() -> None:
    chunks = ReadAhead(counted(2, [], InputError("the disk is gone")))
    assert [next(chunks), next(chunks)] == [0, 1]
    with pytest.raises(InputError, match="the disk is gone"):
        next(chunks)
    assert chunks.ended


def test_a_result_does_not_wait_for_the_next_chunk() -> None:
    def slowly() -> Iterator[Any]:
        yield 1
        time.sleep(5)
        yield 2

    begin = time.monotonic()
    with ThreadPoolExecutor(2) as pool:
        first = next(as_they_come(pool, lambda chunk: chunk, ReadAhead(slowly()), 2))
    assert first == 1
    assert time.monotonic() - begin < 4


@pytest.mark.parametrize("threads", [1, 3])
def test_results_keep_the_order_of_their_chunks(threads: int) -> None:
    def work(chunk: Any) -> Any:
        time.sleep(0.002 * (chunk % 3))
        return chunk

    with ThreadPoolExecutor(threads) as pool:
        assert list(as_they_come(pool, work, ReadAhead(counted(60, [])), threads)) == list(range(60))
