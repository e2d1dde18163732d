"""Which files in a store an address stands for: one, all in a folder, or those that fit a pattern."""

from __future__ import annotations

import glob
from fnmatch import fnmatchcase

import pyarrow as pa

from mismatch.errors import InputError
from mismatch.records.stores.address import Address
from mismatch.records.stores.failures import in_words
from mismatch.records.stores.stored_file import StoredFile


def stored_files(address: Address) -> tuple[list[StoredFile], bool]:
    """The files, in the order of their names, and whether they were found by looking through a folder.

    Raises
    ------
    InputError
        There are none, or the store does not answer.
    """
    from pyarrow import fs

    try:
        system = address.connected()
        about = system.get_file_info(address.path)
        if about.type == fs.FileType.File:
            return [StoredFile(address, about.size)], False
        if about.type == fs.FileType.Directory:
            return _below(system, address, address.path, recursive=True), True
        if glob.has_magic(address.key):
            return _fitting(system, address), False
        if system.get_file_info(address.bucket).type == fs.FileType.NotFound:
            raise InputError(f"{address}: there is no such bucket; check the name.")
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"{address}: cannot be read ({in_words(error)}).") from None
    raise InputError(f"{address}: there is no such object and no such folder; check the name.")


def fits(key: str, pattern: str) -> bool:
    """Whether a key fits a pattern as `glob` has it: `**` stands for any number of folders, and no `*` for a hidden name."""
    return _parts_fit(key.split("/"), pattern.split("/"))


def _parts_fit(parts: list[str], patterns: list[str]) -> bool:
    if not patterns:
        return not parts
    if patterns[0] == "**":
        rest = range(len(parts) + 1)
        return any(_parts_fit(parts[i:], patterns[1:] or ["*"]) for i in rest if not any(map(_hidden, parts[:i])))
    if not parts or (_hidden(parts[0]) and not patterns[0].startswith(".")):
        return False
    return fnmatchcase(parts[0], patterns[0]) and _parts_fit(parts[1:], patterns[1:])


def _hidden(name: str) -> bool:
    return name.startswith(".")


def _fitting(system: object, address: Address) -> list[StoredFile]:
    fixed, patterns = [], address.key.split("/")
    while not glob.has_magic(patterns[0]):
        fixed.append(patterns.pop(0))
    folder = "/".join([address.bucket.rstrip("/"), *fixed]) or "/"
    listed = _below(system, address, folder, recursive=len(patterns) > 1 or "**" in patterns[0])
    found = [file for file in listed if fits(file.address.key, address.key)]
    if not found:
        raise InputError(f"{address}: no object matches; check the pattern.")
    return found


def _below(system: object, address: Address, folder: str, *, recursive: bool) -> list[StoredFile]:
    from pyarrow import fs

    assert isinstance(system, fs.FileSystem)
    about = system.get_file_info(fs.FileSelector(folder, allow_not_found=False, recursive=recursive))
    files = sorted((info.path, info.size) for info in about if info.type == fs.FileType.File)
    return [StoredFile(address.at(path), size) for path, size in files]
