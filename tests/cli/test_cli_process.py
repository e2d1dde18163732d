"""The command as a process: full disks, closed pipes, interrupts, pipes in place of files, its start."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and devices of POSIX")
COMMAND = [sys.executable, "-m", "mismatch.cli"]
ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory, pairs_file: Path) -> Path:
    """Some ten megabytes of articles."""
    path = tmp_path_factory.mktemp("many") / "many.jsonl"
    path.write_bytes(pairs_file.read_bytes() * 400)
    return path


def test_the_help_answers_without_the_heavy_imports() -> None:
    code = (
        "import sys, runpy\nsys.argv = ['mismatch', '--help']\n"
        "try:\n    runpy.run_module('mismatch.cli', run_name='__main__')\nexcept SystemExit: pass\n"
        "print([m for m in ('numpy', 'numba', 'pyarrow', 'sklearn', 'scipy', 'pandas') if m in sys.modules])"
    )
    python = [sys.executable, "-W", "ignore", "-c", code]
    done = subprocess.run(python, capture_output=True, timeout=60, cwd=ROOT, check=True)
    assert done.stdout.splitlines()[-1] == b"[]"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("way", ["standard output", "--out"])
def test_a_full_disk_is_said_in_one_line(many: Path, model_path: Path, way: str) -> None:
    arguments = ["score", many, "--quiet", "--model", model_path, *(["--out", "/dev/full"] if way == "--out" else [])]
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [*COMMAND, *map(str, arguments)], stdout=full, stderr=subprocess.PIPE, timeout=120, cwd=ROOT, check=False
        )
    assert done.returncode == 2
    (line,) = done.stderr.decode().splitlines()
    assert "cannot be written (No space left on device)" in line


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_words_that_a_full_disk_refuses_are_an_error_too(model_path: Path) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [*COMMAND, "info", str(model_path)], stdout=full, stderr=subprocess.PIPE, timeout=120, cwd=ROOT, check=False
        )
    assert done.returncode == 2
    assert done.stderr.decode() == "mismatch: cannot be read or written (No space left on device)\n"


def test_a_closed_pipe_ends_the_run_in_silence(many: Path, model_path: Path) -> None:
    run = subprocess.Popen(
        [*COMMAND, "score", str(many), "--quiet", "--model", str(model_path)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT,
    )  # fmt: skip
    assert run.stdout is not None
    assert run.stderr is not None
    assert b"mismatch_verdict" in run.stdout.readline()
    run.stdout.close()
    said = run.stderr.read()
    run.stderr.close()
    assert said == b""
    assert run.wait(60) == 141


def test_a_gate_whose_words_nobody_reads_has_not_failed(pairs_file: Path, model_path: Path) -> None:
    unread, out = os.pipe()
    os.close(unread)
    command = [*COMMAND, "gate", str(pairs_file), "--quiet", "--model", str(model_path)]
    done = subprocess.run(command, stdout=out, stderr=subprocess.PIPE, cwd=ROOT, timeout=60, check=False)
    os.close(out)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.parametrize("words", [["--help"], ["score", "--help"], ["--version"]])
def test_words_that_nobody_reads_are_no_verdict(words: list[str]) -> None:
    unread, out = os.pipe()
    os.close(unread)
    done = subprocess.run([*COMMAND, *words], stdout=out, stderr=subprocess.PIPE, cwd=ROOT, timeout=60, check=False)
    os.close(out)
    assert (done.returncode, done.stderr) == (141, b"")


def test_an_interrupt_leaves_no_half_written_output(tmp_path: Path, pairs_file: Path, model_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    run = subprocess.Popen(
        [*COMMAND, "score", "-", "--out", str(out), "--rejected", f"{tmp_path}/rejected.jsonl", "--model", str(model_path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT,
    )  # fmt: skip
    assert run.stdin is not None
    run.stdin.write(pairs_file.read_bytes() * 200)
    run.stdin.flush()
    deadline = time.monotonic() + 60
    while len(list(tmp_path.iterdir())) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.5)
    assert [item.name.startswith(".") for item in tmp_path.iterdir()] == [True, True]  # under way, under other names
    run.send_signal(signal.SIGINT)
    _, said = run.communicate(timeout=60)
    assert run.returncode == 130
    assert said.decode().splitlines()[-1] == "mismatch: interrupted; no file was written"
    assert b"Traceback" not in said
    assert list(tmp_path.iterdir()) == []


def test_a_named_pipe_is_read_to_its_end_once(tmp_path: Path, many: Path, model_path: Path) -> None:
    pipe, out = tmp_path / "pipe.jsonl", tmp_path / "out.jsonl"
    os.mkfifo(pipe)
    feeder = subprocess.Popen(["sh", "-c", f"cat '{many}' > '{pipe}'"])
    done = subprocess.run(
        [*COMMAND, "score", str(pipe), "--out", str(out), "--quiet", "--model", str(model_path)],
        capture_output=True, timeout=120, cwd=ROOT, check=False,
    )  # fmt: skip
    assert feeder.wait(10) == 0
    assert (done.returncode, done.stderr) == (0, b"")
    assert out.read_bytes().count(b"\n") == many.read_bytes().count(b"\n")


@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write everywhere")
def test_an_unwritable_folder_is_said_in_one_line(run: Any, tmp_path: Path, pairs_file: Path, model_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    ended = run("score", pairs_file, "--out", closed / "out.jsonl", "--quiet", "--model", model_path)
    assert ended.code == 2
    assert len(ended.said) == 1
    assert "Permission denied" in ended.said[0]


def test_training_twice_gives_the_same_bytes(run: Any, tmp_path: Path, pairs_file: Path) -> None:
    files = [tmp_path / "one.joblib", tmp_path / "two.joblib"]
    for path, epoch_threads in zip(files, ("1", "2"), strict=True):
        env = {"SOURCE_DATE_EPOCH": "1500000000", "OMP_NUM_THREADS": epoch_threads, "PYTHONHASHSEED": epoch_threads}
        ended = run("train", pairs_file, "--fresh", "--seed", "7", "--name", "twice", "--out", path, env=env)
        assert ended.code == 0
    assert files[0].read_bytes() == files[1].read_bytes()
    card = run("info", files[0]).out.decode()
    assert "date: 2017-07-14" in card
    assert "seed: 7" in card


@pytest.mark.parametrize(("closed", "code"), [("<&-", 0), ("2>&-", 0), (">&-", 2)])
def test_closed_streams_are_no_accident(tmp_path: Path, pairs_file: Path, model_path: Path, closed: str, code: int) -> None:
    line = f"'{sys.executable}' -m mismatch.cli score '{pairs_file}' --quiet --model '{model_path}' {closed}"
    done = subprocess.run(["sh", "-c", line], stdin=None, capture_output=True, timeout=120, cwd=ROOT, check=False)
    assert done.returncode == code
    assert b"Traceback" not in done.stderr
    assert done.stdout.count(b"mismatch_verdict") == (64 if code == 0 else 0)
