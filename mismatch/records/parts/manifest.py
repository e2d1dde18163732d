"""The manifest of a folder of parts: JSON lines, added to and never rewritten, so that a crash can cost its last line only.

The first line says what the parts are made of (inputs with their digests, model, options, version), the second how the model
was adapted, each further one which part is complete, and the last one that all are. A part counts as done when its line has
reached the disk.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from mismatch.errors import InputError
from mismatch.records.output.output_file import sync_folder

NAME = "_manifest"
"""without a suffix, so that no pattern such as `*.jsonl` takes it for a part; Spark and pyarrow pass over names with `_`"""
FORMAT = "mismatch parts"
FORMAT_VERSION = 1


class Manifest:
    """What is known of a folder of parts.

    Attributes
    ----------
    header : None where nothing was begun yet. setting : how the model was adapted; None where that is not done. parts : the
    complete ones. totals : None until all are complete.

    Raises
    ------
    InputError
        There is a manifest that cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self.header: dict[str, Any] | None = None
        self.setting: dict[str, Any] | None = None
        self.parts: list[dict[str, Any]] = []
        self.totals: dict[str, Any] | None = None
        if self.path.exists():
            self._read()

    def begin(self, header: dict[str, Any]) -> None:
        """Writes the first line."""
        self.header = header
        self._add({"format": FORMAT, "format_version": FORMAT_VERSION, **header})
        sync_folder(self.path.parent)

    def set(self, setting: dict[str, Any]) -> None:
        """Writes the second line."""
        self.setting = setting
        self._add(setting)

    def add(self, part: dict[str, Any]) -> None:
        """Writes the line of a complete part, whose files have their names."""
        self.parts.append(part)
        self._add(part)

    def finish(self, totals: dict[str, Any]) -> None:
        """Writes the last line."""
        self.totals = totals
        self._add({"complete": True, **totals})

    def _add(self, line: dict[str, Any]) -> None:
        data = json.dumps(line, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"
        try:
            with open(self.path, "ab", buffering=0) as file:
                view = memoryview(data)
                while view:
                    view = view[file.write(view) or 0 :]
                os.fsync(file.fileno())
        except OSError as error:
            raise InputError(f"{self.path}: cannot be written ({error.strerror or error}); free some space") from None

    def _read(self) -> None:
        data = self.path.read_bytes()
        whole = data[: data.rfind(b"\n") + 1].splitlines()
        lines = [_parsed(line) for line in whole]
        if lines and lines[-1] is None:  # after a power cut its bytes may be there and not be its own
            lines, whole = lines[:-1], whole[:-1]
        size = sum(len(line) + 1 for line in whole)
        if None in lines or (lines and lines[0] is not None and lines[0].get("format") != FORMAT):
            raise InputError(f"{self.path}: this is no manifest of parts; name another folder, or begin anew with --restart")
        if size < len(data):
            os.truncate(self.path, size)
        for number, line in enumerate(lines):
            assert line is not None
            if number == 0:
                if line.pop("format_version", None) != FORMAT_VERSION:
                    raise InputError(f"{self.path}: it was written by another version; begin anew with --restart")
                self.header = {key: value for key, value in line.items() if key != "format"}
            elif number == 1:
                self.setting = line
            elif line.pop("complete", False):
                self.totals = line
            else:
                self.parts.append(line)


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
