"""Wall time and peak memory of a whole process."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
MISMATCH = (sys.executable, "-m", "mismatch.cli")

# Linux counts what a process held before `exec` into its peak, so that a child of a large process seems large itself.
# A small process in between starts the child and reads the kernel's account of it.
_LAUNCHER = """
import json, os, sys, time
begin = time.perf_counter()
pid = os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ)
_, status, usage = os.wait4(pid, 0)
seconds = time.perf_counter() - begin
peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
with open(sys.argv[1], "w") as file:
    json.dump([os.waitstatus_to_exitcode(status), seconds, usage.ru_utime + usage.ru_stime, peak], file)
"""


@dataclass(frozen=True)
class Cost:
    """What a process took."""

    seconds: float
    """wall time from its start to its end"""
    processor_seconds: float
    """user and system, of all its threads and of the children it waited for"""
    peak_bytes: int
    """resident; of the largest process if it had children"""
    output: str

    @property
    def peak_mb(self) -> float:
        return self.peak_bytes / 1e6


def measure(command: Sequence[str | Path], *, stdin: Path | None = None, cache: Path | None = None) -> Cost:
    """Runs a command to its end, with the project importable.

    Parameters
    ----------
    cache
        Folder for compiled code, where the usual one is not wanted.

    Raises
    ------
    SystemExit
        If the command fails; the message is the end of what it said.
    """
    paths = os.pathsep.join(part for part in (str(ROOT), os.environ.get("PYTHONPATH")) if part)
    environment = {**os.environ, "PYTHONPATH": paths}
    if cache is not None:
        environment["NUMBA_CACHE_DIR"] = str(cache)
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "cost.json"
        with stdin.open("rb") if stdin else open(os.devnull, "rb") as given:
            done = subprocess.run(
                [sys.executable, "-I", "-S", "-c", _LAUNCHER, str(report), *map(str, command)],
                stdin=given, capture_output=True, text=True, errors="replace", env=environment, cwd=ROOT, check=False,
            )  # fmt: skip
        if not report.is_file():
            raise SystemExit(done.stderr[-2000:] or f"{command[0]} could not be started")
        code, seconds, processor, peak = json.loads(report.read_text())
    if code:
        raise SystemExit(f"{' '.join(map(str, command))} ended with {code}: {done.stderr[-2000:]}")
    return Cost(seconds, processor, peak, done.stdout)


def median(costs: Sequence[Cost]) -> Cost:
    """The run with the median wall time."""
    middle = statistics.median_low([cost.seconds for cost in costs])
    return next(cost for cost in costs if cost.seconds == middle)
