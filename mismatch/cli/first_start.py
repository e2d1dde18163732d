"""The first start on a machine: one line that says what is going on, and processes that compile along.

Compiling holds Python's lock, so that threads would not help. While this process compiles what reads the rows, another
compiles what judges them: all kernels that cut text into terms, whose common parts are then worked on once. A third does what
comes last. What they have compiled, this process loads; nobody does what another is doing (`mismatch.compiling.locks`).
"""

from __future__ import annotations

import atexit
import os
import subprocess
import sys

from mismatch.compiling.watching import watchers

_ONCE = "compiling for this machine, once: about 20 s"
_watched: list[bool] = []
_AHEAD = (("pairs", "screening"), ("topics", "writing"))
"""what each of the other processes compiles, in this order (`mismatch.cli.exercises`)"""


def watch() -> None:
    """Has the first kernel that is compiled in this process announced, and helped with; once, however often it is called."""
    if not _watched:
        _watched.append(True)
        watchers.append(_begin)


def _begin(name: str) -> None:
    watchers.remove(_begin)
    if not {"--quiet", "-q"}.intersection(sys.argv):
        sys.stderr.write(f"{_ONCE}\n")
        sys.stderr.flush()
    from mismatch.compiling.stored import can_be_kept

    if cores() > 1 and can_be_kept():
        for names in _AHEAD:
            atexit.register(start_exercises(names).kill)


def start_exercises(names: tuple[str, ...]) -> subprocess.Popen[bytes]:
    """A process that runs exercises, one after the other."""
    nothing = subprocess.DEVNULL
    command = [sys.executable, "-m", "mismatch.cli.exercises", *names]
    return subprocess.Popen(command, stdin=nothing, stdout=nothing, stderr=nothing)


def cores() -> int:
    """How many processes can run at once."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on this system
        return os.cpu_count() or 1
