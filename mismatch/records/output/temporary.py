"""Names for files that are being written, and what killed processes have left of them.

A name tells which process on which machine is writing: `.out.jsonl.HOST-PID-START-RANDOM.mismatch-tmp`. Whoever writes to a
folder first removes those of processes of this machine that have ended. Files of other machines are left alone: from here
nobody can tell whether their process still runs.
"""

from __future__ import annotations

import os
import re
import secrets
import socket
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from mismatch.records.inputs import TEMPORARY_SUFFIX

_LONGEST_NAME = 100
_NAME = re.compile(r"^\..*\.([A-Za-z0-9_]+)-(\d+)-(\d+)-[0-9a-f]{8}" + re.escape(TEMPORARY_SUFFIX) + "$", re.DOTALL)
_looked_through: set[str] = set()
_START_FIELD = 19
"""of the fields of /proc/PID/stat that follow the name of the program"""


def new_temporary(final: Path) -> tuple[Path, int]:
    """A new file beside `final` that only its owner may read, and its number, open for writing.

    Raises
    ------
    OSError
        It cannot be made.
    """
    name = os.fsencode(final.name)[:_LONGEST_NAME].decode("utf-8", "replace").replace("\ufffd", "_")
    process = os.getpid()
    mark = f"{host_name()}-{process}-{started(process)}-{secrets.token_hex(4)}"
    path = final.with_name(f".{name}.{mark}{TEMPORARY_SUFFIX}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    return path, os.open(path, flags, 0o600)


def remove_left_behind(folder: Path) -> int:
    """Removes what ended processes of this machine left of their files in a folder; returns how many those were.

    A folder is looked through once in a process: who writes ten thousand files to it need not look ten thousand times.
    """
    removed, place = 0, os.path.realpath(folder)
    if place in _looked_through:
        return 0
    _looked_through.add(place)
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            found = _NAME.match(entry.name)
            if found is None or found[1] != host_name() or is_running(int(found[2]), int(found[3])):
                continue
            with suppress(OSError):
                os.unlink(entry.path)
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
