"""Compiled code in files: found again, compiled once, and never the reason for a crash."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mismatch.compiling.fingerprint import fingerprint
from mismatch.compiling.kernels import kernel, part
from mismatch.compiling.locks import Lock
from mismatch.compiling.stored import folders

ROOT = Path(__file__).parent.parent.parent
CUT = """
import json
from mismatch.terms import tokens
print(json.dumps([tokens.terms_of("Fish & ships"), sum(tokens._cut_all.stats.cache_misses.values())]))
"""


def environment(cache: Path) -> dict[str, str]:
    return {**os.environ, "NUMBA_CACHE_DIR": str(cache)}


def cut(cache: Path) -> tuple[list[list[int]], int]:
    """The terms of a text by a process of its own, and how often it compiled for them."""
    done = subprocess.run(
        [sys.executable, "-c", CUT],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment(cache),
        timeout=250,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    terms, compiled = json.loads(done.stdout)
    return terms, compiled


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[list[int]]]:
    """A folder with one compiled kernel, and what that kernel answers."""
    cache = tmp_path_factory.mktemp("kept")
    terms, compiled = cut(cache)
    assert compiled == 1
    return cache, terms


@pytest.fixture
def copied(kept: tuple[Path, list[list[int]]], tmp_path: Path) -> tuple[Path, Path, list[list[int]]]:
    """A copy of that folder, the file in it, and the answer."""
    shutil.copytree(kept[0], tmp_path, dirs_exist_ok=True)
    (file,) = (tmp_path / "mismatch").glob("terms.tokens._cut_all-*.code")
    return tmp_path, file, kept[1]


def test_a_kernel_is_compiled_once_and_found_again(kept: tuple[Path, list[list[int]]]) -> None:
    assert cut(kept[0]) == (kept[1], 0)
    assert not list(kept[0].glob("**/*.lock"))
    assert not list(kept[0].glob("**/*.new"))


def with_checksum(code: bytes) -> bytes:
    return hashlib.sha256(code).digest() + code


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[: len(content) // 2],
        lambda content: content[:-1000] + bytes(1000),
        lambda content: b"\x80\x05garbage" * 100,
        lambda content: with_checksum(b"not a pickle"),
        lambda content: with_checksum(b"\x80\x05K\x01."),  # a pickle of the number 1
    ],
    ids=["empty", "cut off", "zeros at its end", "garbage", "no pickle", "another pickle"],
)
def test_a_damaged_file_is_compiled_anew(copied: tuple[Path, Path, list[list[int]]], damage: object) -> None:
    cache, file, terms = copied
    whole = file.read_bytes()
    file.write_bytes(damage(whole))  # type: ignore[operator]
    assert cut(cache) == (terms, 1)
    assert cut(cache) == (terms, 0)


def test_a_damaged_file_that_cannot_be_replaced_costs_compiling_only(copied: tuple[Path, Path, list[list[int]]]) -> None:
    cache, file, terms = copied
    file.unlink()
    file.mkdir()  # stands in the way for everybody, root too, as a cut file in a read-only folder does for a user
    for _ in range(2):
        assert cut(cache) == (terms, 1)


def test_a_command_goes_on_with_damaged_files(tmp_path: Path) -> None:
    rows, cache = tmp_path / "rows.jsonl", tmp_path / "cache"
    rows.write_text('{"title": "Ferry runs aground in fog", "body": "' + "The ferry ran aground in fog. " * 9 + '"}\n')
    here = next((folder for folder in folders() if folder.is_dir()), None)
    if here is not None:  # what this machine has compiled already
        shutil.copytree(here, cache / "mismatch", ignore=shutil.ignore_patterns("*.lock"))
    command = [sys.executable, "-m", "mismatch.cli", "score", str(rows), "--quiet"]
    outputs = []
    for _ in range(2):
        done = subprocess.run(command, capture_output=True, cwd=ROOT, env=environment(cache), timeout=280, check=False)
        assert (done.returncode, done.stderr) == (0, b"")
        outputs.append(done.stdout)
        damaged = [*cache.glob("**/*line_table-*.code"), *cache.glob("**/*_fill_table-*.code")]
        assert damaged
        for file in damaged:
            file.write_bytes(file.read_bytes()[:5000])
    assert outputs[0] == outputs[1] != b""


def test_where_nothing_can_be_written_it_is_compiled_in_memory(tmp_path: Path, kept: tuple[Path, list[list[int]]]) -> None:
    (tmp_path / "file").write_text("no folder can be made in a file")
    assert cut(tmp_path / "file") == (kept[1], 1)


def test_processes_that_start_at_once_compile_once(tmp_path: Path, kept: tuple[Path, list[list[int]]]) -> None:
    started = [
        subprocess.Popen([sys.executable, "-c", CUT], stdout=subprocess.PIPE, cwd=ROOT, env=environment(tmp_path))
        for _ in range(3)
    ]
    answers = [json.loads(process.communicate(timeout=280)[0]) for process in started]
    assert [terms for terms, _ in answers] == [kept[1]] * 3
    assert sum(compiled for _, compiled in answers) == 1


def test_a_lock_falls_with_its_process(tmp_path: Path) -> None:
    path = tmp_path / "one.lock"
    script = f"""
import pathlib, time
from mismatch.compiling.locks import Lock
Lock.open([pathlib.Path({str(path)!r})]).wait(until=lambda: False)
print("held", flush=True)
time.sleep(300)
"""
    holder = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, cwd=ROOT)
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    lock = Lock.open([path])
    begin = time.monotonic()
    lock.wait(until=lambda: False, longest=0.3)  # it is held: only the time ends this
    assert time.monotonic() - begin >= 0.3
    holder.send_signal(signal.SIGKILL if sys.platform != "win32" else signal.SIGTERM)
    holder.wait()
    holder.stdout.close()
    begin = time.monotonic()
    lock.wait(until=lambda: False, longest=60)
    assert time.monotonic() - begin < 30
    lock.release()
    assert not path.exists()


def test_a_fingerprint_changes_with_all_that_a_kernel_is_made_of() -> None:
    def made(number: int, inner: int) -> str:
        names: dict[str, object] = {"part": part, "kernel": kernel}
        text = f"C = {number}\n@part\ndef f(x):\n    return x + {inner}\ndef g(x):\n    return f(x) * C\n"
        exec(text, names)
        return fingerprint(names["g"])  # type: ignore[arg-type]

    assert made(1, 2) == made(1, 2)
    assert len({made(1, 2), made(1, 3), made(2, 2)}) == 3


def test_a_fingerprint_is_the_same_in_every_process() -> None:
    script = """
from mismatch.compiling.fingerprint import fingerprint
from mismatch.features.cascade import _score_rows
from mismatch.model.topics import _name
from mismatch.records.formats.json_scan import _scan
print([fingerprint(kernel) for kernel in (_score_rows, _name, _scan)])
"""
    seen = {
        subprocess.run(
            [sys.executable, "-c", script],
            capture_output=True,
            cwd=ROOT,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(seen) == 1


def test_a_part_cannot_be_called_from_python() -> None:
    @part
    def double(x):  # type: ignore[no-untyped-def]
        return 2 * x

    with pytest.raises(TypeError, match="double is a part"):
        double(1)
    assert double.alone(2) == 4
