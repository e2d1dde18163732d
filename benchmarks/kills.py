"""A run into a folder of parts, killed at random points until it gets to its end: is the output that of an undisturbed run?

python -m benchmarks.kills                 # a hundred kills, half of them of `score` and half of `gate`
python -m benchmarks.kills --kills 20 --model models/mine.joblib

After each kill every part that has a name must be whole. When a run has come to its end, the folder must be that of the
undisturbed run byte for byte, and no temporary file may be left.
"""

from __future__ import annotations

import argparse
import gzip
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parent.parent
COMMAND = [sys.executable, "-m", "mismatch.cli"]
ARTICLES = ROOT / "training_data" / "articles" / "en.jsonl"
BROKEN = (b'{"title": "half a row', b"[1, 2, 3]", b'{"title": "caf\xe9", "body": "not UTF-8"}')


@dataclass
class Kills:
    """What came of killing a command again and again."""

    kills: int = 0
    folders: int = 0
    """that came to their end"""
    differences: list[str] = field(default_factory=list)
    left_behind: list[str] = field(default_factory=list)
    reached: Counter[str] = field(default_factory=Counter)
    """how far the killed runs had come"""
    tails: Counter[str] = field(default_factory=Counter)
    """what the kills left that a later run had to remove or to cut off"""


def write_inputs(folder: Path, times: int) -> list[Path]:
    """Three inputs, one of them compressed, with rows that cannot be read in between."""
    lines = ARTICLES.read_bytes().splitlines()
    paths = []
    for number, name in enumerate(("monday.jsonl", "tuesday.jsonl.gz", "wednesday.ndjson")):
        rows: list[bytes] = []
        for i in range(times * len(lines)):
            if i % 97 == 10 * number:
                rows.append(BROKEN[i % len(BROKEN)])
            rows.append(lines[(i + 41 * number) % len(lines)])
        data = b"\n".join(rows) + b"\n"
        paths.append(folder / name)
        paths[-1].write_bytes(gzip.compress(data, 1, mtime=0) if name.endswith(".gz") else data)
    return paths


def kill_until(command: Sequence[str], out: Path, undisturbed: Path, n_kills: int, seconds: float, seed: int = 0) -> Kills:
    """Runs a command that fills `out`, kills it at random points, runs it again, and begins a new folder when it has ended.

    Parameters
    ----------
    command : with `OUT` where the folder goes.
    undisturbed : a folder that the same command has filled in peace.
    seconds : how long that took.
    """
    found, generator = Kills(), random.Random(seed)
    expected = contents(undisturbed)
    arguments = [str(out) + "/" if part == "OUT" else part for part in command]
    while found.kills < n_kills:
        run = subprocess.Popen([*COMMAND, *arguments], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        # some kills anywhere, most of them where the folder is written to
        _wait_for(out, generator.choice(("", "_manifest", "_model.joblib", "-00000-")), run, 4 * seconds)
        time.sleep(generator.uniform(0, 0.6) * seconds)
        run.send_signal(signal.SIGKILL)
        said = run.communicate()[1].decode()
        if run.returncode == -signal.SIGKILL:
            found.kills += 1
            _look(out, expected, found)
        elif run.returncode == 0:
            _compare(out, expected, found)
            shutil.rmtree(out)
        else:
            found.differences.append(f"ended with {run.returncode}: {said.strip()[-300:]}")
            shutil.rmtree(out, ignore_errors=True)
    done = subprocess.run([*COMMAND, *arguments], cwd=ROOT, capture_output=True, check=False)
    if done.returncode:
        found.differences.append(f"ended with {done.returncode}: {done.stderr.decode().strip()[-300:]}")
    _compare(out, expected, found)
    return found


def contents(folder: Path) -> dict[str, bytes]:
    """All files in a folder, hidden ones too."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _wait_for(out: Path, mark: str, run: subprocess.Popen[bytes], longest: float) -> None:
    end = time.monotonic() + longest
    while mark and run.poll() is None and time.monotonic() < end:
        if out.exists() and any(mark in path.name for path in out.rglob("*") if not path.name.startswith(".")):
            return
        time.sleep(0.005)


def _look(out: Path, expected: dict[str, bytes], found: Kills) -> None:
    """After a kill: whatever has a name must be whole."""
    now = contents(out) if out.exists() else {}
    parts = 0
    for name, data in now.items():
        if name.endswith(".mismatch-tmp"):
            found.tails["a temporary file"] += 1
        elif name == "_manifest":
            parts = max(0, data.count(b"\n") - 2)
            if not expected[name].startswith(data):
                found.differences.append("the manifest has a line that it should not have")
            if not data.endswith(b"\n"):
                found.tails["half a line in the manifest"] += 1
        elif name != ".lock" and data != expected.get(name):
            found.differences.append(f"{name} is not whole after a kill")
    total = expected["_manifest"].count(b"\n") - 3
    if "_manifest" not in now:
        found.reached["before the manifest"] += 1
    elif now["_manifest"].count(b"\n") < 2:
        found.reached["adapting"] += 1
    else:
        found.reached[f"{'no' if not parts else 'some' if parts < total else 'all'} parts done"] += 1


def _compare(out: Path, expected: dict[str, bytes], found: Kills) -> None:
    found.folders += 1
    now = contents(out)
    found.left_behind += [name for name in now if name not in expected]
    found.differences += [f"{name} differs" for name in expected if now.get(name) != expected[name]]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=100, help="half of them of each command")
    parser.add_argument("--times", type=int, default=3, help="how often the articles are repeated in each input")
    parser.add_argument("--part-rows", type=int, default=150)
    parser.add_argument("--model", default="starter")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    columns = (
        "command", "undisturbed, s", "parts", "kills", "folders filled", "kills before the manifest / adapting / with no, "
        "some, all parts done", "temporary files, half lines left by kills", "differences", "left at the end",
    )  # fmt: skip
    print(f"| {' | '.join(columns)} |")
    print("|---|---:|---:|---:|---:|---|---|---:|---:|", flush=True)
    failed = False
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as name:
        folder = Path(name)
        inputs = [str(path) for path in write_inputs(folder, given.times)]
        for words in (["score"], ["gate", "--max-rejected", "0.1"]):
            command = [*words, *inputs, "--out", "OUT", "--part-rows", str(given.part_rows), "--model", given.model]
            undisturbed = folder / f"{words[0]}-undisturbed"
            begin = time.monotonic()
            arguments = [str(undisturbed) + "/" if part == "OUT" else part for part in command]
            subprocess.run([*COMMAND, *arguments], cwd=ROOT, check=True, capture_output=True)
            seconds = time.monotonic() - begin
            found = kill_until(command, folder / f"{words[0]}-killed", undisturbed, given.kills // 2, seconds, given.seed)
            reached = " / ".join(
                str(found.reached[stage])
                for stage in ("before the manifest", "adapting", "no parts done", "some parts done", "all parts done")
            )
            tails = f"{found.tails['a temporary file']}, {found.tails['half a line in the manifest']}"
            n_parts = (undisturbed / "_manifest").read_bytes().count(b"\n") - 3
            print(f"| {words[0]} | {seconds:.1f} | {n_parts} | {found.kills} | {found.folders} | {reached} | {tails} | "
                  f"{len(found.differences)} | {len(found.left_behind)} |", flush=True)  # fmt: skip
            for words_ in (*sorted(set(found.differences)), *sorted(set(found.left_behind))):
                failed = True
                print(f"  {words_}")
    raise SystemExit(failed)


if __name__ == "__main__":
    main()
