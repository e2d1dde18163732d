"""Locks between processes, so that several that start at once do not compile the same thing.

The operating system holds the lock for the process that has the file open, and lets go of it when that process ends,
however it ends: a lock is never left behind. Waiting has an end too, and where nothing can be locked (no folder to write
to, a file system without locks) everybody compiles for himself.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

LONGEST_WAIT = 120.0
"""seconds"""
_PAUSE = 0.02


class Lock:
    """A lock file that is open, or nothing where none could be opened."""

    def __init__(self, path: Path | None, number: int = -1) -> None:
        self._path, self._number, self._held = path, number, False

    @classmethod
    def open(cls, paths: Sequence[Path]) -> Lock:
        """The first of `paths` that can be written to."""
        for path in paths:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                return cls(path, os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o666))
            except OSError:
                continue
        return cls(None)

    def wait(self, until: Callable[[], bool], longest: float = LONGEST_WAIT) -> None:
        """Waits until the lock is this process's own, or `until` is true, or the time is up."""
        end = time.monotonic() + longest
        while self._number >= 0 and not self._try() and not until() and time.monotonic() < end:
            time.sleep(_PAUSE)

    def release(self) -> None:
        """Lets the next one go on; the file is removed by who held it."""
        if self._number < 0:
            return
        if self._held and self._path is not None:
            try:
                self._path.unlink()
            except OSError:  # Windows does not remove what another process has open
                pass
        os.close(self._number)
        self._number = -1

    def _try(self) -> bool:
        try:
            if sys.platform == "win32":
                msvcrt.locking(self._number, msvcrt.LK_NBLCK, 1)
            else:
                fcntl.flock(self._number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            if sys.platform == "win32" and isinstance(error, PermissionError):
                return False
            self.release()  # this file system has no locks
            return True
        self._held = True
        return True
