"""From what the user typed (files, globs, folders, `-`) to a list of inputs, each with its format."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mismatch.errors import InputError
from mismatch.records.known_formats import (
    BY_SUFFIX,
    COLUMNAR,
    COMPRESSIONS,
    FORMATS,
    MAGIC_BYTES,
    WRITTEN,
    columnar_format_of,
    format_of,
    named_format,
)

TEMPORARY_SUFFIX = ".mismatch-tmp"


@dataclass(frozen=True)
class InputFile:
    """One input. path is None for standard input; format is None where only its content can tell."""

    origin: str
    path: Path | None
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
    if [str(item) for item in inputs].count("-") > 1:
        raise InputError("-: standard input can be read only once.")
    found: list[InputFile] = []
    for item in inputs:
        text = str(item)
        if text == "-":
            found.append(InputFile("-", None, *(forced or (None, None))))
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
    return found


def _file(name: str, forced: tuple[str, str | None] | None) -> InputFile:
    kind, compression = format_of(name)
    if forced is not None:
        kind, compression = forced[0], forced[1] or compression
    if kind is None:
        raise InputError(f"{name}: unknown format; say which with --format {'|'.join(FORMATS)}.")
    if kind in COLUMNAR and compression:
        raise InputError(f"{name}: a compressed {kind} file cannot be read; decompress it first.")
    return InputFile(name, Path(name), kind, compression)


def _folder(name: str, forced: tuple[str, str | None] | None) -> list[InputFile]:
    """The readable files below a folder; `--format` changes how they are read, not which are taken."""
    root = Path(name)
    files = []
    for path in sorted(root.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(root).parts)
        if hidden or path.name.endswith(TEMPORARY_SUFFIX) or not path.is_file():
            continue
        kind, compression = format_of(path.name)
        if kind is not None and not (kind in COLUMNAR and compression) and _is_what_it_says(path, kind):
            files.append(_file(str(path), forced))
    if not files:
        known, compressed = " ".join(BY_SUFFIX), ", ".join(kind.suffix for kind in COMPRESSIONS)
        raise InputError(f"{name}: the folder holds no file that can be read (looked for {known}, also {compressed}).")
    return files


def _is_what_it_says(path: Path, kind: str) -> bool:
    """Whether a file of a folder begins as its name says, where such names are usual for other files too (`Thumbs.db`)."""
    if kind not in COLUMNAR or kind in WRITTEN:
        return True
    with path.open("rb") as file:
        return columnar_format_of(file.read(MAGIC_BYTES)) == kind
