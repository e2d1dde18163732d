"""From what the user typed (files, globs, folders, `-`) to a list of inputs, each with its format."""

from __future__ import annotations

import glob
import os
import stat
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mismatch.errors import InputError
from mismatch.records.contents import unnamed
from mismatch.records.known_formats import (
    BY_SUFFIX,
    COLUMNAR,
    COMPRESSIONS,
    MAGIC_BYTES,
    WRITTEN,
    columnar_format_of,
    format_of,
    named_format,
)
from mismatch.records.left_behind import TEMPORARY_SUFFIX
from mismatch.records.stores.address import Address, address_of, local_path
from mismatch.records.stores.stored_file import Place, StoredFile

REJECTED_FOLDER = "_rejected"
"""in a folder of parts, what could not be read: no input"""


@dataclass(frozen=True)
class InputFile:
    """One input. path is None for standard input; format is None where only its content can tell."""

    origin: str
    path: Place | None
    format: str | None
    compression: str | None

    @property
    def is_stream(self) -> bool:
        """It can be read only once: standard input, a named pipe, what a shell puts in place of `<(command)`."""
        return self.path is None or not self.path.is_file()


def find_inputs(inputs: Sequence[str | Path], format: str | None = None) -> list[InputFile]:
    """Every file that `inputs` stand for, in the order given, folders and globs sorted.

    Raises
    ------
    InputError
        A missing file, a folder or a glob without readable files, an unknown format.
    """
    if isinstance(inputs, str | Path):
        inputs = [inputs]
    forced = named_format(format) if format is not None else None
    if not inputs:
        raise InputError("no input: name a file, a folder, or - for standard input.")
    found: list[InputFile] = []
    for item in inputs:
        text = local_path(item)
        if not text.strip():
            raise InputError("an input has no name; is a variable of the shell empty?")
        if text == "-":
            found.append(InputFile("-", None, *(forced or (None, None))))
        elif (address := address_of(text)) is not None:
            found += _stored(address, forced)
        elif Path(text).is_dir():
            found += _folder(text, forced)
        elif Path(text).exists():
            found.append(_file(text, forced))
        elif glob.has_magic(text):
            matches = sorted(glob.glob(text, recursive=True))
            files = [match for match in matches if not Path(match).is_dir()]
            files = [match for match in files if not match.endswith(TEMPORARY_SUFFIX)]
            if not files:
                raise InputError(f"{text}: no file matches; check the pattern.")
            found += [_file(match, forced) for match in files]
        else:
            raise InputError(f"{text}: no such file; check the name.")
    check_read_once([item.origin for item in found if item.is_stream])
    return found


def check_read_once(origins: Sequence[str]) -> None:
    """
    Raises
    ------
    InputError
        Two of these streams are one, whatever their names: each would get some of its bytes.
    """
    seen: dict[tuple[int, int] | str, str] = {}
    for origin in origins:
        key: tuple[int, int] | str = _pipe_of(origin) or origin
        if key in seen:
            what = "standard input" if origin == "-" else "a pipe"
            same = "" if seen[key] == origin else f" (it is {seen[key]} too)"
            raise InputError(f"{origin}: {what} can be read only once{same}; save it to a file first")
        seen[key] = origin


def _pipe_of(origin: str) -> tuple[int, int] | None:
    """Device and number of a pipe or a socket; None of anything else."""
    try:
        found = os.fstat(0) if origin == "-" else os.stat(origin)
    except (OSError, ValueError):
        return None
    return (found.st_dev, found.st_ino) if stat.S_ISFIFO(found.st_mode) or stat.S_ISSOCK(found.st_mode) else None


def _file(name: str, forced: tuple[str, str | None] | None, stored: StoredFile | None = None) -> InputFile:
    if stored is None:
        _check_kind(name)
    kind, compression = format_of(stored.name if stored is not None else name)
    if forced is not None:
        kind, compression = forced[0], forced[1] or compression
    if kind is None and (stored is not None or Path(name).is_file()):  # of a stream its content tells
        raise unnamed(name, stored or Path(name))
    if kind in COLUMNAR and compression:
        raise InputError(f"{name}: a compressed {kind} file cannot be read; decompress it first.")
    return InputFile(name, stored or Path(name), kind, compression)


def _check_kind(name: str) -> None:
    """
    Raises
    ------
    InputError
        It is something that gives no rows: a socket, a disk, a device such as /dev/zero, whose row has no end.
    """
    try:
        found = os.stat(name)
    except OSError:
        return  # whoever opens it says so
    is_null = os.path.exists(os.devnull) and os.path.samestat(found, os.stat(os.devnull))
    is_device = stat.S_ISBLK(found.st_mode) or (stat.S_ISCHR(found.st_mode) and not is_null and not _is_terminal(found))
    if is_device or stat.S_ISSOCK(found.st_mode):
        what = "device" if is_device else "socket"
        raise InputError(f"{name}: is a {what}, and no file of rows; name a file, or - for standard input")


def _is_terminal(found: os.stat_result) -> bool:
    """Whether a device is a terminal: those of Linux have the numbers 4 and 5, and from 136 on."""
    return sys.platform != "linux" or os.major(found.st_rdev) in (4, 5, *range(136, 144))


def _stored(address: Address, forced: tuple[str, str | None] | None) -> list[InputFile]:
    """The files in a store: one, those that fit a pattern, or the readable ones of a folder."""
    from mismatch.records.stores.listing import stored_files

    files, of_folder = stored_files(address)
    if of_folder:
        files = [
            file for file in files
            if _is_readable(file.address.key.removeprefix(address.key).split("/")) and _is_what_it_says(file)
        ]  # fmt: skip
        if not files:
            raise InputError(f"{address}: the folder holds no file that can be read (looked for {_looked_for()}).")
    return [_file(str(file), forced, file) for file in files]


def _folder(name: str, forced: tuple[str, str | None] | None) -> list[InputFile]:
    """The readable files below a folder; `--format` changes how they are read, not which are taken."""
    root = Path(name)
    files = []
    for path in sorted(root.rglob("*")):
        if _is_readable(path.relative_to(root).parts) and path.is_file() and _is_what_it_says(path):
            files.append(_file(str(path), forced))
        elif _is_readable(path.relative_to(root).parts) and path.is_fifo():
            raise InputError(f"{path}: is a pipe in a folder, which is not waited for; name it itself, or move it away")
    if not files:
        raise InputError(f"{name}: the folder holds no file that can be read (looked for {_looked_for()}).")
    return files


def _is_readable(parts: Sequence[str]) -> bool:
    """Whether the name of a file in a folder is that of one to be read."""
    kind, compression = format_of(parts[-1])
    hidden = any(part.startswith(".") or part == REJECTED_FOLDER for part in parts) or parts[-1].endswith(TEMPORARY_SUFFIX)
    return kind is not None and not hidden and not (kind in COLUMNAR and compression)


def _looked_for() -> str:
    return f"{' '.join(BY_SUFFIX)}, also {', '.join(kind.suffix for kind in COMPRESSIONS)}"


def _is_what_it_says(path: Place) -> bool:
    """Whether a file of a folder begins as its name says, where such names are usual for other files too (`Thumbs.db`)."""
    kind, _ = format_of(path.name)
    if kind not in COLUMNAR or kind in WRITTEN:
        return True
    with path.open("rb") as file:
        return columnar_format_of(file.read(MAGIC_BYTES)) == kind
