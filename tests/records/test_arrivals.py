"""Bytes of a pipe are handed on as they come, whole stretches where they come fast, and a stream can be stopped."""

from __future__ import annotations

import io
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pytest

from mismatch.records.arrivals import LONGEST_WAIT, Arrivals, arriving
from mismatch.records.reading import Reader

Pipe = tuple[BinaryIO, BinaryIO]


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    """The end that is read and the end that is written."""
    numbers = os.pipe()
    with os.fdopen(numbers[0], "rb") as out, os.fdopen(numbers[1], "wb", buffering=0) as into:
        yield out, into


def test_what_has_come_is_read_though_more_was_asked_for(pipe: Pipe) -> None:
    stream = Arrivals(pipe[0])
    pipe[1].write(b"one row\n")
    begin = time.monotonic()
    assert stream.read(1 << 20) == b"one row\n"
    assert time.monotonic() - begin < 1
    pipe[1].write(b"another")
    pipe[1].close()
    assert [stream.read(1 << 20) for _ in range(3)] == [b"another", b"", b""]
    assert not stream.stopped


def test_a_trickle_without_a_pause_is_handed_on_too(pipe: Pipe) -> None:
    stream, done = Arrivals(pipe[0]), threading.Event()

    def trickle() -> None:
        while not done.is_set():
            pipe[1].write(b"x")
            time.sleep(0.002)

    writer = threading.Thread(target=trickle)
    writer.start()
    begin = time.monotonic()
    data = stream.read(1 << 20)
    waited = time.monotonic() - begin
    done.set()
    writer.join()
    assert 0 < len(data) < 1000
    assert waited < 20 * LONGEST_WAIT


def test_what_comes_fast_is_read_in_one(pipe: Pipe) -> None:
    stream, data = Arrivals(pipe[0]), bytes(range(256)) * 2000
    writer = threading.Thread(target=pipe[1].write, args=(data,))
    writer.start()
    got = b""
    while len(got) < len(data):
        got += stream.read(len(data) - len(got))
    writer.join()
    assert got == data


def test_a_stream_is_stopped_while_it_is_waited_for(pipe: Pipe) -> None:
    stream = Arrivals(pipe[0])
    timer = threading.Timer(0.1, stream.stop)
    timer.start()
    assert stream.read(100) == b""
    assert stream.stopped
    timer.join()


def test_only_what_comes_bit_by_bit_arrives(pipe: Pipe, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b"{}\n")
    with path.open("rb") as file, open(os.devnull, "rb") as nothing:
        assert [arriving(stream) for stream in (file, nothing, io.BytesIO(b"{}"))] == [None] * 3
    assert arriving(pipe[0]) is not None


@pytest.mark.parametrize("head", [b"", b"\n\n\n", b"\xef\xbb\xbf"], ids=["", "blank lines", "byte order mark"])
@pytest.mark.parametrize("size", [1, 7, 100])
def test_the_first_row_is_found_in_whatever_pieces_it_comes(pipe: Pipe, head: bytes, size: int) -> None:
    row = head + b'{"id": 1, "title": "Ferry runs aground", "body": "In thick fog."}\n'

    def write() -> None:
        for i in range(0, len(row), size):
            pipe[1].write(row[i : i + size])
            time.sleep(0.001)

    writer = threading.Thread(target=write)
    writer.start()
    reader = Reader(["-"], stdin=pipe[0])  # the pipe stays open
    assert reader.is_live
    chunks = iter(reader)
    block = next(chunks).decode()
    while not len(block):
        block = next(chunks).decode()
    writer.join()
    assert block.pairs.column("title").to_pylist() == ["Ferry runs aground"]
    assert reader.columns["-"].id == "id"
    reader.stop()
    assert [len(chunk.decode()) for chunk in chunks] == []
    assert reader.stopped
