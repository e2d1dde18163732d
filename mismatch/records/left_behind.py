"""Files that a process needs for a while: names that tell whose they are, and what killed processes have left of them.

A name holds HOST-PID-START-RANDOM, which tells which process on which machine is at work. Whoever writes to a folder, or
makes a temporary file, first removes there those of processes of this machine that have ended. Files of other machines are
left alone: from here nobody can tell whether their process still runs.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import tempfile
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

TEMPORARY_SUFFIX = ".mismatch-tmp"
_OUTPUT = re.compile(r"^\..*\.([A-Za-z0-9_]+)-(\d+)-(\d+)-[0-9a-f]{8}" + re.escape(TEMPORARY_SUFFIX) + "$", re.DOTALL)
_SCRATCH = re.compile(r"^mismatch-([A-Za-z0-9_]+)-(\d+)-(\d+)-[a-z0-9_]{8}(\.\w+)?$")
_looked_through: set[str] = set()
_START_FIELD = 19
"""of the fields of /proc/PID/stat that follow the name of the program"""


def mark_of_process() -> str:
    """This process as names of files have it: HOST-PID-START."""
    process = os.getpid()
    return f"{host_name()}-{process}-{started(process)}"


def scratch_prefix() -> str:
    """How the name of a temporary file or folder begins (`prefix` of `tempfile`): it goes even if this run is killed."""
    remove_left_behind(tempfile.gettempdir())
    return f"mismatch-{mark_of_process()}-"


def remove_left_behind(folder: Path | str) -> int:
    """Removes what ended processes of this machine left of their files in a folder; returns how many those were.

    A folder is looked through once in a process: who writes ten thousand files to it need not look ten thousand times.
    """
    removed, place = 0, os.path.realpath(folder)
    if place in _looked_through:
        return 0
    _looked_through.add(place)
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            found = _OUTPUT.match(entry.name) or _SCRATCH.match(entry.name)
            if found is None or found[1] != host_name() or is_running(int(found[2]), int(found[3])):
                continue
            with suppress(OSError):
                if not entry.is_dir(follow_symlinks=False):
                    os.unlink(entry.path)
                elif not hasattr(os, "getuid") or entry.stat(follow_symlinks=False).st_uid == os.getuid():
                    shutil.rmtree(entry.path)
                removed += 1
    return removed


@lru_cache(maxsize=1)
def host_name() -> str:
    """The name of this machine, letters and digits only."""
    return re.sub(r"[^A-Za-z0-9]", "_", socket.gethostname())[:40] or "localhost"


def is_running(process: int, since: int) -> bool:
    """Whether a process still runs that began at `since`; a later one under the same number is another."""
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        pass  # it runs, and belongs to somebody else
    return not since or started(process) in (since, 0)


def started(process: int) -> int:
    """When a process began, in ticks since the machine did; 0 where the system does not say."""
    try:
        text = Path(f"/proc/{process}/stat").read_text("utf-8", "replace")
        return int(text.rpartition(")")[2].split()[_START_FIELD])
    except (OSError, ValueError, IndexError):
        return 0
