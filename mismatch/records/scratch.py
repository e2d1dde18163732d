"""Temporary files: written without a buffer, so that a full disk is told where it is met and not when they are closed."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from mismatch.errors import InputError
from mismatch.records.left_behind import scratch_prefix

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS})
_PIECE = 1 << 20


class NoRoomError(InputError):
    """A temporary file that cannot be written: the folder of temporary files is to blame, and no input."""


@contextmanager
def scratch_room() -> Iterator[None]:
    """Inside, temporary files are made and written: that there is no room for them is said of their folder.

    Raises
    ------
    NoRoomError
        There is none.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        raise no_room(os.strerror(error.errno)) from None


def no_room(why: str) -> NoRoomError:
    """What is said where a temporary file cannot be written."""
    where = f"{tempfile.gettempdir()}: a temporary file cannot be written there ({why})"
    return NoRoomError(f"{where}; free some space, or name another folder in TMPDIR")


def scratch_file(suffix: str = "") -> Any:
    """A temporary file with a name; what is written to it (`write_all`) is there at once."""
    return tempfile.NamedTemporaryFile(prefix=scratch_prefix(), suffix=suffix, buffering=0)


def write_all(raw: Any, data: Any) -> None:
    """Writes all of it: a file without a buffer may take a part, and says no more than how much that was."""
    left = memoryview(data).cast("B")
    while len(left):
        done = raw.write(left)
        left = left[done if done is not None else 0 :]


def copied(file: BinaryIO, suffix: str = "") -> Any:
    """A file with a name that holds the same, for what opens files by name only.

    Raises
    ------
    NoRoomError
        There is no room for it.
    """
    file.seek(0)
    with scratch_room():
        copy = scratch_file(suffix)
        while piece := file.read(_PIECE):
            write_all(copy, piece)
    return copy
