"""An input that is changed while it is read is half one file and half another: that is noticed at its end."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from mismatch.records.blocks import Chunk
from mismatch.records.inputs import InputFile
from mismatch.records.stores.stored_file import Place


class FileState(NamedTuple):
    """By which a change of a file is noticed."""

    device: int
    number: int
    size: int
    changed: int
    """nanoseconds"""


def state_of(path: Place | None) -> FileState | None:
    """The state of a file of this machine now; None where there is none. What is in a store is watched there."""
    try:
        found = os.stat(path) if isinstance(path, Path) else None
    except OSError:
        return None
    return None if found is None else FileState(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


def unchanged(
    chunks: Callable[[int], Iterator[Chunk]], item: InputFile, before: FileState, problem: Callable[[str], None]
) -> Callable[[int], Iterator[Chunk]]:
    """The same chunks; `problem` is told when the file has changed by their end."""

    def watched(n_bytes: int) -> Iterator[Chunk]:
        yield from chunks(n_bytes)
        if (change := change_of(item, before)) is not None:
            problem(f"{change} while it was read; read a copy of it, or pipe it in")

    return watched


def change_of(item: InputFile, before: FileState) -> str | None:
    """What became of an input, in words; None where it is as it was, or was removed, as who has it open reads on."""
    now = state_of(item.path)
    return None if now is None or now == before else f"{item.origin}: {_change(before, now)}"


def _change(before: FileState, now: FileState) -> str:
    if (before.device, before.number) != (now.device, now.number):
        return "another file took its place"
    if now.size < before.size:
        return f"it shrank from {before.size:,} to {now.size:,} bytes"
    if now.size > before.size:
        return f"it grew from {before.size:,} to {now.size:,} bytes"
    return "it was written to"
