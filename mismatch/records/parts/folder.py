"""A folder of parts: each appears whole, once, and is done when the manifest says so.

The files of a part get their names first, then its line is added to the manifest. Whoever is killed in between leaves files
under the names, and with the bytes, that the next run gives them again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa

from mismatch.errors import InputError
from mismatch.records.blocks import Reject
from mismatch.records.inputs import REJECTED_FOLDER
from mismatch.records.known_formats import COMPRESSIONS, FORMATS, format_of, named_format
from mismatch.records.left_behind import remove_left_behind
from mismatch.records.output.encoding import Encoded, Encoder
from mismatch.records.output.output_file import sync_folder
from mismatch.records.output.writing import Sink, open_sink
from mismatch.records.parts.lock import NAME as LOCK
from mismatch.records.parts.manifest import NAME as MANIFEST
from mismatch.records.parts.manifest import Manifest
from mismatch.records.quarantine import Quarantine

MODEL = "_model.joblib"
"""the model as it was adapted to the inputs"""
REJECTED = "rejected"
_PART_NAME = re.compile(r"^\d{5,}-\d{5,}-")
_LONGEST_STEM = 60


class PartFolder:
    """Where the parts of one run go. It is to be locked (`FolderLock`) before it is opened.

    Parameters
    ----------
    places : for each kind of part ("scored"; "passed" and "flagged") its folder, this one (`""`) or one in it.
    format : as `--out-format` takes it. only, schema, safe_csv : as `open_sink` takes them.
    restart : throws away what an earlier run has made.

    Raises
    ------
    InputError
        The folder holds something else, or its manifest cannot be read.
    """

    def __init__(
        self, path: Path, places: dict[str, str], *, format: str, only: bool = False, schema: pa.Schema | None = None,
        restart: bool = False, safe_csv: bool = False,
    ) -> None:  # fmt: skip
        self.path, self.only, self.schema, self.safe_csv = path, only, schema, safe_csv
        self.kind, compression = named_format(format)
        self.suffix = FORMATS[self.kind].suffixes[0] + next((c.suffix for c in COMPRESSIONS if c.name == compression), "")
        self.places = {name: path / place for name, place in places.items()}
        self.rejected = path / REJECTED_FOLDER
        for folder in self._folders():
            remove_left_behind(folder)
        if restart and (path / MANIFEST).exists():
            self._clear()
        self.manifest = Manifest(path)
        if self.manifest.header is None:
            self._check_empty()

    def encoder(self) -> Encoder:
        """What makes rows into what a part takes."""
        return Encoder(self.kind, only=self.only, safe_csv=self.safe_csv)

    def part(self, number: int, of_input: int, origin: str) -> Part:
        """A new part, nothing of which has a name yet."""
        name = f"{of_input:05d}-{number:05d}-{_stem(origin)}"
        places = {kind: folder / f"{name}{self.suffix}" for kind, folder in self.places.items()}
        return Part(self, places, self.rejected / f"{name}.jsonl")

    def check_files(self) -> None:
        """
        Raises
        ------
        InputError
            A file of a part that is done is gone, or was changed.
        """
        for part in self.manifest.parts:
            for file in part["files"].values():
                path = self.path / file["name"]
                if not path.is_file() or path.stat().st_size != file["bytes"]:
                    what = "is gone" if not path.exists() else "was changed"
                    raise InputError(f"{path}: a part that was complete {what}; put it back, or begin anew with --restart")

    def _folders(self) -> list[Path]:
        return [self.path, *(place for place in self.places.values() if place != self.path), self.rejected]

    def _clear(self) -> None:
        """Removes all parts, and the manifest last, so that a crash in between does not leave parts of nobody."""
        for folder in self._folders():
            if folder.is_dir():
                for path in folder.iterdir():
                    if _PART_NAME.match(path.name):
                        path.unlink()
        (self.path / MODEL).unlink(missing_ok=True)
        (self.path / MANIFEST).unlink()

    def _check_empty(self) -> None:
        ours = {LOCK, MANIFEST, *(folder.name for folder in self._folders()[1:])}
        for folder in self._folders():
            for path in folder.iterdir() if folder.is_dir() else ():
                if folder != self.path or path.name not in ours:
                    raise InputError(f"{self.path}: holds other files already, such as {path.name}; name an empty folder")


class Part:
    """One part under way: a file for each kind of row that it has, and one for what could not be read."""

    def __init__(self, folder: PartFolder, places: dict[str, Path], rejected: Path) -> None:
        self._folder, self._places, self._rejected_path = folder, places, rejected
        self._sinks: dict[str, Sink] = {}
        self._quarantine: Quarantine | None = None

    def write(self, kind: str, encoded: Encoded) -> None:
        """Rows of one kind; a kind without rows gets no file."""
        if not encoded.num_rows:
            return
        if kind not in self._sinks:
            path = self._places[kind]
            make_folder(path.parent)
            folder = self._folder
            self._sinks[kind] = open_sink(
                path, format=folder.kind, only=folder.only, schema=folder.schema, safe_csv=folder.safe_csv
            )
        self._sinks[kind].write(encoded)

    def reject(self, rejects: Iterable[Reject]) -> None:
        """Rows that could not be read."""
        for reject in rejects:
            if self._quarantine is None:
                make_folder(self._rejected_path.parent)
                self._quarantine = Quarantine(self._rejected_path)
            self._quarantine.add(reject)

    @property
    def refused(self) -> list[dict[str, Any]]:
        """What could not be read, counted (`Quarantine.to_plain`)."""
        return [] if self._quarantine is None else self._quarantine.to_plain()

    def commit(self) -> dict[str, dict[str, Any]]:
        """Gives the files their names; for each kind its name in the folder, its rows and its size."""
        files = {}
        for kind, place in self._places.items():
            if kind in self._sinks:
                self._sinks[kind].commit()
                files[kind] = self._described(place, self._sinks[kind].count)
        if self._quarantine is not None:
            self._quarantine.commit()
            files[REJECTED] = self._described(self._rejected_path, self._quarantine.count)
        return files

    def discard(self) -> None:
        """Leaves nothing behind that has no name yet."""
        for sink in (*self._sinks.values(), *([self._quarantine] if self._quarantine is not None else [])):
            with suppress(OSError):
                sink.discard()

    def _described(self, path: Path, rows: int) -> dict[str, Any]:
        return {"name": path.relative_to(self._folder.path).as_posix(), "rows": rows, "bytes": path.stat().st_size}


def make_folder(path: Path) -> None:
    """Makes a folder, where there is none, such that a power cut does not take it away with what it will hold."""
    if not path.is_dir():
        path.mkdir(exist_ok=True)
        sync_folder(path.parent)


def differences(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """In words, what differs between the first lines of two manifests."""
    found = []
    if before.get("mismatch") != now["mismatch"]:
        found.append(f"it was begun by mismatch {before.get('mismatch')}, this is {now['mismatch']}")
    if before.get("command") != now["command"]:
        found.append(f"it was begun by `mismatch {before.get('command')}`")
    if before.get("model") != now["model"]:
        found.append("the model is another one")
    options = before.get("options") or {}
    for name, value in now["options"].items():
        if options.get(name) != value:
            found.append(f"--{name.replace('_', '-')} was {options.get(name)!r} and is {value!r}")
    return found + _differing_inputs(before.get("inputs") or [], now["inputs"])


def _differing_inputs(before: Sequence[dict[str, Any]], now: Sequence[dict[str, Any]]) -> list[str]:
    if list(before) == list(now):
        return []
    known, given = ({item["file"]: item["sha256"] for item in items} for items in (before, now))
    changed = [f"{file} has changed" for file, digest in given.items() if file in known and known[file] != digest]
    gone = [f"{file} is not among the inputs any more" for file in known if file not in given]
    new = [f"{file} is new among the inputs" for file in given if file not in known]
    found = [*changed, *gone, *new] or ["the inputs come in another order"]
    return found[:3] + ([f"and {len(found) - 3:,} more inputs differ"] if len(found) > 3 else [])


def _stem(origin: str) -> str:
    """The name of an input without what says its format, in letters that every system takes."""
    name = Path(origin).name
    known = (*(suffix for kind in FORMATS.values() for suffix in kind.suffixes), *(kind.suffix for kind in COMPRESSIONS))
    while format_of(name) != (None, None):
        name = name[: -len(next(suffix for suffix in known if name.lower().endswith(suffix)))]
    return re.sub(r"[^A-Za-z0-9._-]", "_", name)[:_LONGEST_STEM].strip(".") or "input"
