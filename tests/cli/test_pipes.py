"""Named pipes, what a shell puts in place of `<(command)`, and devices: every row comes, or one line says why not."""

from __future__ import annotations

import gzip
import io
import json
import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

if sys.platform != "linux":
    pytest.skip("needs the names of open pipes", allow_module_level=True)


@contextmanager
def piped(data: bytes) -> Iterator[str]:
    """The name of a pipe from which these bytes come."""
    reading, writing = os.pipe()

    def write() -> None:
        with suppress(BrokenPipeError), open(writing, "wb") as file:  # it may be refused
            file.write(data)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield f"/dev/fd/{reading}"
    finally:
        os.close(reading)
        thread.join(10)


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    """A named pipe that nobody writes to: whoever opened it would wait for ever."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return path


def _as_they_are(rows: Path) -> bytes:
    return rows.read_bytes()


def _compressed(rows: Path) -> bytes:
    return gzip.compress(rows.read_bytes())


def _parquet(rows: Path) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([json.loads(line) for line in rows.read_bytes().splitlines()]), file)
    return file.getvalue()


@pytest.mark.parametrize("form", [_as_they_are, _compressed, _parquet])
def test_a_pipe_tells_its_format_by_what_comes(
    invoke: Any, pairs_file: Path, model_path: Path, tmp_path: Path, form: Callable[[Path], bytes]
) -> None:
    out = tmp_path / "out.jsonl"
    with piped(form(pairs_file)) as name:
        ended = invoke("score", name, "--model", model_path, "--out", out)
    assert ended.code == 0, ended.err
    assert out.read_bytes().count(b"\n") == pairs_file.read_bytes().count(b"\n")


def test_rows_go_into_a_pipe_by_its_name(invoke: Any, pairs_file: Path, model_path: Path) -> None:
    reading, writing = os.pipe()
    got: list[bytes] = []
    with open(reading, "rb") as file:
        thread = threading.Thread(target=lambda: got.append(file.read()))
        thread.start()
        ended = invoke("score", pairs_file, "--model", model_path, "--out", f"/dev/fd/{writing}")
        os.close(writing)
        thread.join(10)
    assert ended.code == 0, ended.err
    assert got[0].count(b"\n") == pairs_file.read_bytes().count(b"\n")


@pytest.mark.parametrize(
    "words",
    [
        ["score", "PIPE", "PIPE"],
        ["score", "PIPE", "LINK"],
        ["score", "PIPE", "--bodies", "LINK"],
        ["score", "PIPE", "--model", "PIPE"],
        ["score", "ROWS", "--bodies", "PIPE", "--model", "LINK"],
        ["sources", "PIPE", "--baseline", "LINK"],
        ["explain", "--title", "a", "--body-file", "PIPE", "--model", "LINK"],
        ["score", "-", "-"],
        ["score", "-", "--bodies", "-"],
    ],
    ids=" ".join,
)
def test_a_pipe_that_is_named_twice_is_refused(invoke: Any, pairs_file: Path, pipe: Path, words: list[str]) -> None:
    link = pipe.with_name("link")
    link.symlink_to(pipe)
    ended = invoke(*({"PIPE": pipe, "LINK": link, "ROWS": pairs_file}.get(word, word) for word in words))
    assert ended.code == 2
    (line,) = ended.said
    assert "can be read only once" in line


def test_a_pipe_is_not_read_from_and_written_to(invoke: Any, pipe: Path, model_path: Path) -> None:
    ended = invoke("score", pipe, "--out", pipe, "--model", model_path)
    assert (ended.code, len(ended.said)) == (2, 1)
    assert "give it a file of its own" in ended.err


def test_a_pipe_in_a_folder_is_neither_waited_for_nor_left_out(invoke: Any, pairs_file: Path, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(pairs_file.read_bytes())
    os.mkfifo(tmp_path / "b.jsonl")
    ended = invoke("score", tmp_path)
    assert (ended.code, len(ended.said)) == (2, 1)
    assert f"{tmp_path / 'b.jsonl'}: is a pipe" in ended.err


@pytest.mark.parametrize("name", ["/dev/zero", "/dev/urandom", "SOCKET"])
def test_what_holds_no_rows_is_refused_before_it_is_read(invoke: Any, tmp_path: Path, name: str) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        ended = invoke("score", tmp_path / "s" if name == "SOCKET" else name)
    assert (ended.code, len(ended.said)) == (2, 1)
    assert "no file of rows" in ended.err
