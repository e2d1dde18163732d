"""Hostile inputs through `score` and `gate`, to each output format: does a process die, hang, or take too much?

`python -m benchmarks.hostile` writes inputs of 46 kinds (`benchmarks/hostile_inputs.py`), each in a process of its own. On
each, and on the files of `--folder` where it is there, it runs `mismatch score` to JSON lines, CSV, Parquet and Arrow, and
`mismatch gate`. It prints a table and ends with 1 when a process was ended by a signal, said a traceback or a
fault of its own, or took more than 10 s of processor time or 600 MB.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

OUTPUTS = ("jsonl", "csv", "parquet", "arrow")
LONGEST_SECONDS, MOST_MEGABYTES, LARGEST_OUTPUT = 10.0, 600, 3 << 30
_HANGS = 120
_LAUNCHER = """
import json, resource, subprocess, sys
process = subprocess.Popen(sys.argv[3:], stdout=subprocess.DEVNULL, stderr=open(sys.argv[1], "wb"))
try:
    process.wait(int(sys.argv[2]))
except subprocess.TimeoutExpired:
    process.kill()
code, usage = process.wait(), resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([code, usage.ru_utime + usage.ru_stime, usage.ru_maxrss // 1024]))
"""
"""a small process in between, as one that is started by a large one counts that one's memory"""


class Run(NamedTuple):
    """How a command ended."""

    what: str
    code: int
    seconds: float
    """of all its processors"""
    megabytes: int
    said: str

    def faults(self) -> list[str]:
        """What is wrong with it."""
        found = []
        if self.code < 0:
            found.append(f"ended by signal {-self.code}")
        elif self.code not in (0, 2) and not (self.code == 1 and self.what.startswith("gate")):
            found.append(f"exit code {self.code}")
        if "Traceback" in self.said:
            found.append("a traceback")
        if self.seconds > LONGEST_SECONDS:
            found.append(f"{self.seconds:.1f} s")
        if self.megabytes > MOST_MEGABYTES:
            found.append(f"{self.megabytes} MB")
        return found


def attempt(what: str, arguments: list[str], folder: Path) -> Run:
    said = folder / "said"
    command = [sys.executable, "-c", _LAUNCHER, str(said), str(_HANGS), sys.executable, "-m", "mismatch.cli", *arguments]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, check=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST_OUTPUT, LARGEST_OUTPUT)),
    )  # fmt: skip
    code, seconds, megabytes = json.loads(done.stdout)
    return Run(what, code, seconds, megabytes, said.read_text("utf-8", "replace"))


def runs(path: Path, folder: Path) -> Iterator[Run]:
    """The commands on one input; what they wrote is removed."""
    for output in (*OUTPUTS, "gate"):
        into = folder / "out"
        into.mkdir()
        out, kept = into / f"scored.{output}", str(into / "rejected.jsonl")
        if output == "gate":
            given = ["gate", str(path), "--passed", str(into / "p.parquet"), "--flagged", str(into / "f.jsonl")]
        else:
            given = ["score", str(path), "--out", str(out)]
        yield attempt(f"{given[0]} {path.name} to {output}", [*given, "--rejected", kept, "--quiet"], folder)
        shutil.rmtree(into)


def _inputs(folder: Path, only: str, given: Path | None) -> Iterator[Path]:
    from benchmarks.hostile_inputs import BINARY, TEXTS

    for name in (*TEXTS, *BINARY):
        if only in name:
            subprocess.run([sys.executable, "-m", "benchmarks.hostile", "--write", name, str(folder)], check=True)
            yield folder / name
            (folder / name).unlink()
    if given is not None and given.is_dir():
        yield from (path for path in sorted(given.iterdir()) if path.suffix != ".md" and only in path.name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--folder", type=Path, help="more inputs")
    parser.add_argument("--only", default="", help="a part of the names of inputs")
    parser.add_argument("--write", nargs=2, metavar=("NAME", "FOLDER"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.write:
        from benchmarks.hostile_inputs import write

        write(given.write[0], Path(given.write[1]))
        return
    ends: Counter[int] = Counter()
    slowest, largest, bad, inputs = 0.0, 0, 0, 0
    with tempfile.TemporaryDirectory(prefix="mismatch-") as name:
        for path in _inputs(Path(name), given.only, given.folder):
            inputs += 1
            for run in runs(path, Path(name)):
                ends[run.code] += 1
                slowest, largest = max(slowest, run.seconds), max(largest, run.megabytes)
                if faults := run.faults():
                    bad += 1
                    print(f"{run.what}: {', '.join(faults)}; {run.said.strip()[-200:]}", file=sys.stderr, flush=True)
    print(
        "| inputs | runs | exit code 0 | 1 (gate) | 2 | other, signals | slowest, s of processors | most memory | at fault |"
    )
    print("|---:|---:|---:|---:|---:|---:|---:|---:|---:|")
    others = ends.total() - ends[0] - ends[1] - ends[2]
    cells = (inputs, ends.total(), ends[0], ends[1], ends[2], others, f"{slowest:.1f}", f"{largest} MB", bad)
    print(f"| {' | '.join(map(str, cells))} |")
    raise SystemExit(bool(bad))


if __name__ == "__main__":
    main()
