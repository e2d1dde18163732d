"""Rows that come through a pipe go on at once, a slow reader slows all down, and a signal loses nothing that was read."""

from __future__ import annotations

import bz2
import json
import lzma
import os
import signal
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pipes and signals of POSIX")
COMMAND = [sys.executable, "-m", "mismatch.cli"]
ROOT = Path(__file__).parent.parent.parent
Rows = list[dict[str, str]]
PROMPT = 0.2
"""seconds within which a row is to go on"""


class Running:
    """The command between two pipes; what comes out is read at once, line by line, with the time."""

    def __init__(self, arguments: list[Any]) -> None:
        self.process = subprocess.Popen(
            [*COMMAND, *map(str, arguments)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT
        )
        self.lines: list[tuple[float, bytes]] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append((time.monotonic(), line))

    def send(self, data: bytes) -> float:
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()
        return time.monotonic()

    def wait_for(self, n: int, seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while len(self.lines) < n:
            assert time.monotonic() < end, f"{len(self.lines)} lines in place of {n}"
            time.sleep(0.002)

    def end(self) -> tuple[int, list[str]]:
        """Closes its input; its exit code, and what it said."""
        assert self.process.stdin is not None
        assert self.process.stderr is not None
        if not self.process.stdin.closed:
            self.process.stdin.close()
        said = self.process.stderr.read().decode().splitlines()
        code = self.process.wait(60)
        self._reader.join(10)
        return code, said


@contextmanager
def running(*arguments: Any) -> Iterator[Running]:
    run = Running(list(arguments))
    try:
        yield run
    finally:
        run.process.kill()
        run.process.wait()
        for stream in (run.process.stdin, run.process.stdout, run.process.stderr):
            if stream is not None and not stream.closed:
                stream.close()


def line_of(row: dict[str, str]) -> bytes:
    return json.dumps(row).encode() + b"\n"


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_each_row_goes_on_within_a_fifth_of_a_second(model_path: Path, articles: Rows, form: str) -> None:
    lines = [line_of(row) for row in articles]
    if form == "csv":
        cells = [(row["title"], row["body"].replace('"', "'")) for row in articles]
        lines = [b"title,body\n", *(f'"{title}","{body}"\n'.encode() for title, body in cells)]
    header = len(lines) - len(articles)
    with running("score", "-", "--no-adapt", "--format", form, "--model", model_path) as run:
        run.send(b"".join(lines[: 1 + header]))
        run.wait_for(1 + header)  # it has started
        waits = []
        for n, line in enumerate(lines[1 + header : 31 + header], start=2 + header):
            sent = run.send(line)
            run.wait_for(n)
            waits.append(run.lines[n - 1][0] - sent)
        assert run.end()[0] == 0
    waits.sort()
    assert waits[len(waits) // 2] < PROMPT
    assert waits[-3] < 5 * PROMPT  # the machine may be busy


@pytest.mark.parametrize("suffix", ["gz", "zst", "bz2", "xz"])
def test_rows_of_a_compressed_stream_go_on_as_they_come(model_path: Path, articles: Rows, suffix: str) -> None:
    """Each row ends a block of the stream, or a member of it."""
    compress = _compressing(suffix)
    with running("score", "-", "--no-adapt", "--model", model_path) as run:
        run.send(compress(line_of(articles[0])))
        run.wait_for(1)  # it has started
        waits = []
        for n, row in enumerate(articles[1:16], start=2):
            sent = run.send(compress(line_of(row)))
            run.wait_for(n)
            waits.append(run.lines[n - 1][0] - sent)
        run.process.kill()
    waits.sort()
    assert waits[len(waits) // 2] < PROMPT


def _compressing(suffix: str) -> Callable[[bytes], bytes]:
    if suffix in ("bz2", "xz"):
        return bz2.compress if suffix == "bz2" else lzma.compress
    member: Any = zlib.compressobj(wbits=31)
    flush = zlib.Z_SYNC_FLUSH
    if suffix == "zst":
        zstd = pytest.importorskip("backports.zstd" if sys.version_info < (3, 14) else "compression.zstd")
        member, flush = zstd.ZstdCompressor(), zstd.ZstdCompressor.FLUSH_BLOCK
    return lambda data: bytes(member.compress(data) + member.flush(flush))


def test_half_a_row_waits_for_its_other_half(model_path: Path, articles: Rows) -> None:
    first, second = (line_of(row) for row in articles[:2])
    with running("score", "-", "--no-adapt", "--model", model_path, "--quiet") as run:
        run.send(first[:40])
        time.sleep(0.3)
        run.send(first[40:] + second[:40])
        run.wait_for(1)
        time.sleep(0.3)
        assert len(run.lines) == 1
        run.send(second[40:])
        run.wait_for(2)
        assert run.end() == (0, [])
        assert [json.loads(line)["id"] for _, line in run.lines] == ["a0", "a1"]


def test_what_comes_slowly_is_the_same_as_what_comes_at_once(invoke: Any, model_path: Path, articles: Rows) -> None:
    data = b"".join(map(line_of, articles)) + b'{"broken": \n'
    expected = invoke("score", "-", "--no-adapt", "--model", model_path, stdin=data)
    with running("score", "-", "--no-adapt", "--model", model_path) as run:
        for i in range(0, len(data), 4000):
            run.send(data[i : i + 4000])
            time.sleep(0.03)
        code, said = run.end()
    assert (code, said[-2:]) == (expected.code, expected.said[-2:])
    assert b"".join(line for _, line in run.lines) == expected.out


def test_a_slow_stream_is_judged_by_the_model_as_it_is_and_that_is_said(model_path: Path, articles: Rows) -> None:
    with running("score", "-", "--model", model_path) as run:
        run.send(line_of(articles[0]))
        run.wait_for(1)  # in spite of the stream being open
        for n, row in enumerate(articles[1:4], start=2):
            sent = run.send(line_of(row))
            run.wait_for(n)
            assert run.lines[n - 1][0] - sent < 5 * PROMPT
        code, said = run.end()
    assert code == 0
    assert (
        "the model is used as it is (too few different rows to adapt to: 1, it takes 30); "
        "that is what came within 2 s, --adapt waits for more" in said
    )


def test_a_stream_that_comes_fast_is_adapted_to_as_its_file(
    run: Any, tmp_path: Path, model_path: Path, articles: Rows, write_rows: Any
) -> None:
    path = write_rows(tmp_path / "rows.jsonl", articles)
    piped, read = (run("score", name, "--model", model_path, stdin=path.read_bytes()) for name in ("-", path))
    assert piped.out == read.out
    assert "adapted to the titles of 64 rows" in piped.err
    assert "--adapt waits" not in piped.err


def test_adapt_waits_for_enough_rows(model_path: Path, articles: Rows) -> None:
    with running("score", "-", "--adapt", "--model", model_path) as run:
        for row in articles[:40]:
            run.send(line_of(row))
        time.sleep(4)
        assert run.lines == []
        code, said = run.end()
    assert code == 0
    assert "adapted to the titles of 40 rows" in "\n".join(said)
    assert len(run.lines) == 40


def test_who_reads_slowly_slows_the_reading_down(run: Any, model_path: Path, pairs_file: Path) -> None:
    """Far less than the stream holds is taken from it before its reader takes anything."""
    run("score", pairs_file, "--no-adapt", "--model", model_path)  # compiling takes memory of its own
    block = pairs_file.read_bytes() * 20
    command = [*COMMAND, "score", "-", "--no-adapt", "--quiet", "--threads", "2", "--model", str(model_path)]
    taken = 0
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdin is not None
        os.set_blocking(process.stdin.fileno(), False)
        last = time.monotonic()
        in_pipe = 1 << 16  # before the command has started, only the pipe takes something
        while time.monotonic() - last < (3 if taken > in_pipe else 60) and taken < 400 << 20:
            try:
                taken += os.write(process.stdin.fileno(), block)
                last = time.monotonic()
            except BlockingIOError:
                time.sleep(0.01)
        memory = Path(f"/proc/{process.pid}/status").read_text() if Path("/proc/self/status").exists() else ""
        process.kill()
    assert len(block) < taken < 64 << 20
    peak = next((int(line.split()[1]) for line in memory.splitlines() if line.startswith("VmHWM")), 0)
    assert peak < 600_000  # kB


@pytest.mark.parametrize("words", [["score", "--out"], ["gate", "--passed"]])
def test_sigterm_finishes_what_was_read_and_says_how_much(
    tmp_path: Path, model_path: Path, articles: Rows, words: list[str]
) -> None:
    command, option = words
    out, rejected = tmp_path / "out.jsonl", tmp_path / "rejected.jsonl"
    with running(command, "-", option, out, "--rejected", rejected, "--no-adapt", "--model", model_path) as run:
        run.send(b"".join(map(line_of, articles[:40])) + line_of(articles[40])[:50])
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and not any(path.stat().st_size > 10_000 for path in tmp_path.iterdir()):
            time.sleep(0.02)
        assert not out.exists()
        run.process.send_signal(signal.SIGTERM)
        run.process.wait(60)  # with its input still open
        code, said = run.end()
    assert code == 143
    assert "terminated before the end of the stream; 40 rows had come, are judged, and written whole" in said
    assert len(out.read_bytes().splitlines()) == 40
    (half,) = [json.loads(line) for line in rejected.read_text().splitlines()]
    assert (half["line"], half["raw"]) == (41, line_of(articles[40])[:50].decode())
    assert "the stream was stopped" in half["reason"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.jsonl", "rejected.jsonl"]


def test_sigterm_of_a_run_over_files_leaves_nothing(
    tmp_path: Path, model_path: Path, articles: Rows, write_rows: Any
) -> None:
    path = write_rows(tmp_path / "many.jsonl", articles * 3000)
    out = tmp_path / "out.jsonl"
    with running("score", path, "--out", out, "--no-adapt", "--model", model_path) as run:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and len(list(tmp_path.iterdir())) < 2:
            time.sleep(0.01)
        run.process.send_signal(signal.SIGTERM)
        code, said = run.end()
    assert (code, said[-1]) == (143, "mismatch: terminated; no file was written")
    assert [item.name for item in tmp_path.iterdir()] == ["many.jsonl"]


def test_a_reader_that_goes_ends_a_live_stream_in_silence(model_path: Path, articles: Rows) -> None:
    command = f"'{sys.executable}' -m mismatch.cli score - --no-adapt --quiet --model '{model_path}'"
    data = b"".join(map(line_of, articles)) * 400
    done = subprocess.run(
        ["bash", "-c", f"{command} | head -n 1; echo ${{PIPESTATUS[0]}}"],
        input=data, capture_output=True, cwd=ROOT, check=False,
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == b"141"
    assert done.stderr == b""
