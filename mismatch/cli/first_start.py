"""The first start on a machine: one line that says what is going on, and a second process that compiles along.

Compiling holds Python's lock, so that threads would not help. The second process begins with the largest kernel, which is
needed last, and goes on to what follows; what it has compiled, this process loads. Both leave each other's work alone (see
`mismatch.compiling.locks`).
"""

from __future__ import annotations

import atexit
import os
import subprocess
import sys

from mismatch.compiling.watching import watchers

_ONCE = "compiling for this machine, once: about 15 s"
_AHEAD = ("pairs", "boilerplate", "topics")
"""what the second process compiles, in this order (`mismatch.cli.exercises`)"""


def watch() -> None:
    """Has the first kernel that is compiled in this process announced, and helped with."""
    watchers.append(_begin)


def _begin(name: str) -> None:
    watchers.remove(_begin)
    if not {"--quiet", "-q"}.intersection(sys.argv):
        sys.stderr.write(f"{_ONCE}\n")
        sys.stderr.flush()
    from mismatch.compiling.stored import can_be_kept

    if cores() > 1 and can_be_kept():
        helper = start_exercises(_AHEAD)
        atexit.register(helper.kill)


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
