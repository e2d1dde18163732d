"""What the commands write to: checked before the work begins, so that no hour of it is lost to a wrong name."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from mismatch.errors import InputError


def check_outputs(outputs: dict[str, Path | str | None], inputs: list[str] | None = None) -> None:
    """Two outputs in one file would lose one of them; a model over its own training pairs would lose the pairs."""
    taken = {os.path.realpath(path): path for path in inputs or []}
    seen: dict[str, str] = {}
    for option, path in outputs.items():
        if path is None:
            continue
        place = "-" if str(path) == "-" else os.path.realpath(path)
        if place in seen:
            raise InputError(f"{seen[place]} and {option} name the same file, {path}; give each its own")
        if place in taken:
            raise InputError(f"{option} names an input, {path}; give it a file of its own")
        seen[place] = option


def check_folder(path: Path) -> None:
    """Said before hours of training, not after."""
    if path.is_dir():
        raise InputError(f"{path} is a folder; name a file in it")
    if not path.parent.is_dir():
        raise InputError(f"{path}: there is no folder {path.parent}; make it first")


def check_report(path: str | None) -> None:
    """Before the work begins: whether a report can be made, and whether it can be written where it is to go."""
    if path is None:
        return
    from mismatch.records.output.output_file import OutputFile
    from mismatch.report.html import require_report

    require_report()
    if path != "-" and not (Path(path).exists() and not Path(path).is_file() and not Path(path).is_dir()):
        OutputFile(path).discard()


def write_page(path: str, html: str) -> None:
    """Writes a report; the file appears whole or not at all."""
    from mismatch.records.output.output_file import OutputFile

    with OutputFile(path) as page:
        page.write(html.encode("utf-8", "replace"))


def output_format_of(path: str, reader: Any) -> str:
    """The format that the name gives; on standard output that of the input."""
    from mismatch.records.known_formats import DEFAULT_FORMAT, WRITTEN
    from mismatch.records.output.writing import output_format

    kinds = set(reader.formats.values())
    same = next(iter(kinds)) if path == "-" and len(kinds) == 1 and kinds <= set(WRITTEN) else DEFAULT_FORMAT
    return output_format(path, same)
