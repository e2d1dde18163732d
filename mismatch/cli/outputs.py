"""What the commands write to: checked before the work begins, so that no hour of it is lost to a wrong name."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mismatch.errors import InputError
from mismatch.records.stores.stored_file import Place, StoredFile, place_of


def check_outputs(
    outputs: Mapping[str, Path | str | None], inputs: Sequence[str] = (), format: str | None = None, models: Sequence[str] = (),
    bodies: str | None = None, baseline: str | None = None,
) -> None:  # fmt: skip
    """Two outputs in one file would lose one of them; an output over an input, or over the model, would destroy that. A pipe
    that is named twice among what is read gives some of its bytes to one and some to the other.

    Files are told by what they are, not by their names: links, hard links and standard output count.

    Raises
    ------
    InputError
        Two outputs, or an output and something that is read, are one file; two things that are read are one pipe.
    """
    kept = _read_files(inputs, format, models, bodies, baseline)
    if baseline is not None:
        kept[_identity(baseline) or _place(baseline)] = f"the baseline, {baseline}"
    seen: dict[Any, str] = {}
    for option, path in outputs.items():
        if path is None:
            continue
        to_stdout = str(path) == "-"
        place: Any = "-" if to_stdout else _place(path)
        identity = _identity(sys.stdout if to_stdout else path)
        for key in (place, identity):
            if key is not None and key in seen:
                raise InputError(f"{seen[key]} and {option} name the same file, {path}; give each its own")
        if (taken := identity if identity in kept else place) in kept:
            where = "standard output" if to_stdout else str(path)
            what = kept[taken]
            same = "" if what.endswith(f" {where}") else f", which is {where}"
            raise InputError(f"{option} names {what}{same}; give it a file of its own")
        seen[place] = option
        if identity is not None:
            seen[identity] = option


def _read_files(
    inputs: Sequence[str], format: str | None, models: Sequence[str], bodies: str | None, baseline: str | None
) -> dict[Any, str]:
    """What must not be written over, and what it is."""
    from mismatch.records.inputs import check_read_once, find_inputs

    kept: dict[Any, str] = {}
    found = find_inputs(inputs, format) if inputs else []
    others = [name for name in (bodies, baseline, *models) if name is not None]
    check_read_once([item.origin for item in found if item.is_stream] + [name for name in others if _is_stream(name)])
    for item in found:
        if item.path is not None:
            kept[_identity(item.path) or _place(item.path)] = f"an input, {item.origin}"
    if bodies is not None and bodies != "-":
        kept[_identity(bodies) or _place(bodies)] = f"the bodies, {bodies}"
    for model in models:
        if model == "starter":
            from mismatch.model.starter import starter_path

            kept[_identity(starter_path())] = "the starter model"
        else:
            kept[_identity(model) or _place(model)] = f"the model, {model}"
    kept.pop(None, None)
    return kept


def _is_stream(name: str) -> bool:
    return name == "-" or (os.path.exists(name) and not os.path.isfile(name))


def _identity(file: Any) -> tuple[int, int] | None:
    """Device and number of a regular file or a pipe; None for anything else, and where there is none."""
    try:
        found = os.fstat(file.fileno()) if hasattr(file, "fileno") else os.stat(file)
    except (OSError, ValueError, TypeError):  # no file of this machine
        return None
    return (found.st_dev, found.st_ino) if stat.S_ISREG(found.st_mode) or stat.S_ISFIFO(found.st_mode) else None


def is_in(path: Path | str, folder: Path) -> bool:
    """Whether a file lies in a folder, or in one in it, whatever the names."""
    return Path(os.path.realpath(folder)) in Path(os.path.realpath(path)).parents


def _place(path: str | Place) -> str:
    """One text for one place, however it is written."""
    place = place_of(path)
    return os.path.realpath(place) if isinstance(place, Path) else str(place)


def is_shown(path: Path | str | None) -> bool:
    """Whether what is written there comes out with the words of the command: standard output or error, by any name."""
    if path is None or str(path) == "-":
        return path is not None
    try:
        found = os.stat(path)
        return any(os.path.samestat(found, os.fstat(stream.fileno())) for stream in (sys.stdout, sys.stderr))
    except (OSError, ValueError):
        return False


def check_folder(name: str | Path) -> None:
    """Said before hours of training, not after."""
    path = place_of(name)
    if isinstance(path, StoredFile):
        from mismatch.records.output.output_file import OutputFile

        return OutputFile(name).discard()
    if path.is_dir():
        raise InputError(f"{path} is a folder; name a file in it")
    if not path.parent.is_dir():
        raise InputError(f"{path}: there is no folder {path.parent}; make it first")


def check_report(path: str | None) -> None:
    """Before the work begins: whether a report can be made, and whether it can be written where it is to go."""
    if path is None:
        return
    from mismatch.report.html import require_report

    require_report()
    check_place(path)


def check_place(path: str | None) -> None:
    """Whether a file can be written under a name: said before the work, where it is opened only after it."""
    if path is None or path == "-":
        return
    from mismatch.records.output.output_file import OutputFile

    place = place_of(path)
    if not (isinstance(place, Path) and place.exists() and not place.is_file() and not place.is_dir()):
        OutputFile(path).discard()


def check_rows_file(path: str | None) -> None:
    """As `check_place`, of a file of rows: its name may also ask for a format that cannot be written."""
    from mismatch.records.known_formats import written_format
    from mismatch.records.stores.address import without_options

    if path is not None and path != "-":
        written_format(without_options(path))
        check_place(path)


def write_page(path: str, html: str) -> None:
    """Writes a report; the file appears whole or not at all."""
    from mismatch.records.output.output_file import OutputFile

    with OutputFile(path) as page:
        page.write(html.encode("utf-8", "replace"))


def output_format_of(path: str, reader: Any) -> str:
    """The format that the name gives; on standard output that of the input."""
    from mismatch.records.known_formats import DEFAULT_FORMAT, WRITTEN
    from mismatch.records.output.writing import output_format

    kinds = {kind if kind in WRITTEN else DEFAULT_FORMAT for kind in reader.formats.values()}
    same = next(iter(kinds)) if path == "-" and len(kinds) == 1 else DEFAULT_FORMAT
    return output_format(path, same)
