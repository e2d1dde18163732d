"""One run at a time in a folder of parts: a second one is refused, and a dead one's lock is taken over.

The operating system holds the lock for the process that has the file open, and lets go of it however that process ends.
Where a file system has no locks, the file says which process holds it.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Self

from mismatch.errors import InputError
from mismatch.records.left_behind import host_name, is_running, started

if sys.platform != "win32":
    import fcntl

NAME = ".lock"


class FolderLock:
    """A context manager that holds the lock of a folder.

    Raises
    ------
    InputError
        Another process holds it, or the folder cannot be written to.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._path = folder, folder / NAME
        self._number = -1

    def __enter__(self) -> Self:
        while True:
            try:
                number = os.open(self._path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o666)
            except OSError as error:
                reason = error.strerror or str(error)
                raise InputError(f"{self._folder}: cannot be written to ({reason}); name another folder") from None
            holder = os.read(number, 200).decode("ascii", "replace").split()
            if not _locked(number, holder):
                os.close(number)
                who = f" (process {holder[1]} on {holder[0]})" if len(holder) == 3 else ""
                raise InputError(f"{self._folder}: another run is writing to it{who}; wait for it, or name another folder")
            if _is_still(self._path, number):
                break
            os.close(number)  # who held it has just ended and removed the file
        self._number = number
        try:
            os.ftruncate(number, 0)
            os.pwrite(number, f"{host_name()} {os.getpid()} {started(os.getpid())}".encode(), 0)
        except OSError as error:
            self.__exit__()
            raise InputError(f"{self._folder}: cannot be written to ({error.strerror}); free some space") from None
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._path.unlink()
        with suppress(OSError):
            os.close(self._number)


def _locked(number: int, holder: list[str]) -> bool:
    if sys.platform != "win32":
        try:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            return False
        except OSError:
            pass  # this file system has no locks
    if len(holder) != 3:
        return True
    host, process, since = holder
    return host == host_name() and not (process.isdigit() and since.isdigit() and is_running(int(process), int(since)))


def _is_still(path: Path, number: int) -> bool:
    try:
        return os.path.samestat(os.stat(path), os.fstat(number))
    except FileNotFoundError:
        return False
