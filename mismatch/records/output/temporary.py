"""A new file beside the one that it will replace: `.out.jsonl.HOST-PID-START-RANDOM.mismatch-tmp`."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from mismatch.records.left_behind import TEMPORARY_SUFFIX, mark_of_process

_LONGEST_NAME = 100


def new_temporary(final: Path) -> tuple[Path, int]:
    """A new file beside `final` that only its owner may read, and its number, open for writing.

    Raises
    ------
    OSError
        It cannot be made.
    """
    name = os.fsencode(final.name)[:_LONGEST_NAME].decode("utf-8", "replace").replace("\ufffd", "_")
    path = final.with_name(f".{name}.{mark_of_process()}-{secrets.token_hex(4)}{TEMPORARY_SUFFIX}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    return path, os.open(path, flags, 0o600)
