"""Decisions as labelled pairs, a JSON object a line, in a file that `train --label`, `calibrate` and `evaluate` take.

A decision is one line, on the disk before the next row is shown. One that is taken back is cut off again, so that at every
moment the file holds the decisions that count and nothing else: whoever trains on it knows nothing of reviews.
"""

from __future__ import annotations

import glob
import json
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from mismatch.batch.review.flagged import FlaggedRow, digest_of
from mismatch.errors import InputError
from mismatch.records.known_formats import COMPRESSIONS
from mismatch.records.output.output_file import OutputFile
from mismatch.records.stores.stored_file import place_of

if sys.platform != "win32":
    import fcntl

LABELS = ("match", "mismatch")
"""what a row is called that is right, and one that is wrong"""
_FLAGS = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_BEGINS = b'{"title":'


@dataclass(frozen=True)
class Decision:
    """What somebody has said of a row."""

    title: str | None
    body: str | None
    label: str
    """one of `LABELS`"""
    id: str | None
    source: str | None
    row: int
    reviewer: str
    time: str
    """UTC, to the second, as ISO 8601 has it"""

    @staticmethod
    def on(row: FlaggedRow, label: str, reviewer: str) -> Decision:
        """The decision on a row, made now."""
        assert label in LABELS
        time = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return Decision(row.title, row.body, label, row.id, row.source, row.row, reviewer, time)

    def line(self) -> bytes:
        """The decision as a line of a labels file."""
        return json.dumps(vars(self), ensure_ascii=False).encode("utf-8", "replace") + b"\n"


class LabelsFile:
    """A labels file that is written to. A context manager; while it is open, no other review writes to the file.

    A last line that was torn by a crash is removed when the file is opened (`repaired` says how many bytes).

    Raises
    ------
    InputError
        The file cannot be written to, another review has it, or it holds something else than labels.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.repaired = path, 0
        try:
            self._number = os.open(path, os.O_RDWR | os.O_CREAT | _FLAGS, 0o666)
        except OSError as error:
            raise InputError(f"{path}: cannot be written to ({error.strerror}); name another file with --labels") from None
        try:
            self._lock()
            self._repair()
        except BaseException:
            os.close(self._number)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        os.close(self._number)

    def decisions(self) -> Iterator[Decision]:
        """The decisions in the file, as far as they say whether a row is right.

        Raises
        ------
        InputError
            A line is no labelled pair.
        """
        for _, line in self._lines():
            row = _checked(self.path, line)
            if row["label"] not in LABELS or type(row.get("row")) is not int:
                raise InputError(f"{self.path}: {line[:40]!r} is no decision of a review; name another file with --labels")
            more = (str(row.get(name) or "") for name in ("reviewer", "time"))
            yield Decision(row["title"], row["body"], row["label"], row.get("id"), row.get("source"), row["row"], *more)

    def rewrite(self, lines: Iterable[bytes]) -> None:
        """Puts these lines in place of all; the file has the old ones or the new ones, whatever happens.

        Raises
        ------
        InputError
            The disk is full; another review has the file.
        """
        with OutputFile(self.path, compress=False) as file:
            for line in lines:
                file.write(line)
        before, self._number = self._number, os.open(self.path, os.O_RDWR | _FLAGS)
        os.close(before)
        self._lock()

    def known(self) -> Iterator[tuple[int, int | None, bytes]]:
        """The decisions in the file: where each line begins, the number of its row, and the digest of its texts.

        Raises
        ------
        InputError
            A line is no labelled pair.
        """
        for at, line in self._lines():
            row = _checked(self.path, line)
            number = row.get("row")
            yield at, number if type(number) is int else None, digest_of(row["title"], row["body"])

    def append(self, decision: Decision) -> int:
        """Writes a decision to the disk; returns the place where its line begins."""
        at, line = os.fstat(self._number).st_size, decision.line()
        try:
            self._write(line, at)
        except OSError as error:
            os.ftruncate(self._number, at)
            raise InputError(f"{self.path}: the decision was not kept ({error.strerror})") from None
        return at

    def _write(self, data: bytes, at: int) -> None:
        self._put(data, at)
        os.fsync(self._number)

    def _put(self, data: bytes, at: int) -> None:
        os.lseek(self._number, at, os.SEEK_SET)
        while data:
            data = data[os.write(self._number, data) :]

    def take_back(self, at: int) -> bool:
        """Cuts off the last line, if it begins at this place."""
        if [place for place, _ in self._lines(at)] != [at]:
            return False
        os.ftruncate(self._number, at)
        os.fsync(self._number)
        return True

    def _lines(self, start: int = 0) -> Iterator[tuple[int, bytes]]:
        """Each line and where it begins, one at a time."""
        with open(self._number, "rb", closefd=False) as file:
            file.seek(start)
            for line in file:
                if line.strip():
                    yield start, line
                start += len(line)

    def _lock(self) -> None:
        if sys.platform == "win32":
            return
        try:
            fcntl.flock(self._number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(f"{self.path}: another review is writing to it; end that, or name another --labels") from None
        except OSError:
            pass  # this file system has no locks

    def _repair(self) -> None:
        """Ends the last line where only its end is missing, and removes it where more is."""
        last = (0, b"")
        for i, (at, line) in enumerate(self._lines()):
            last = at, line
            if i == 0 and line.endswith(b"\n"):
                _checked(self.path, line)  # nothing is cut off a file that is something else
        at, line = last
        if not line or line.endswith(b"\n"):
            return
        try:
            _checked(self.path, line)
            self._write(b"\n", at + len(line))
        except OSError as error:
            raise InputError(f"{self.path}: cannot be written to ({error.strerror}); free some space") from None
        except InputError:
            if not (line.startswith(_BEGINS) or _BEGINS.startswith(line)):
                raise
            os.ftruncate(self._number, at)
            os.fsync(self._number)
            self.repaired = len(line)


def beside(name: str, ending: str) -> Path:
    """A file beside an input: of `scored.jsonl.gz`, with the ending `.labels.jsonl`, `scored.labels.jsonl`; beside a folder,
    one of its name.

    Raises
    ------
    InputError
        There is no such place: the input lies in a store, or is a pattern.
    """
    place = place_of(name)
    if isinstance(place, Path) and place.name in ("", ".."):  # this folder, or one above
        place = Path(os.path.realpath(place))
    is_pattern = glob.has_magic(name) and not os.path.exists(name)
    if not isinstance(place, Path) or not place.name or is_pattern:
        what = "a pattern" if is_pattern else "the root" if isinstance(place, Path) else "in a store"
        raise InputError(
            f"{name}: is {what}, with no place for decisions beside it; name a file of this machine with --labels"
        )
    stem = place.name
    for known in COMPRESSIONS:
        stem = stem.removesuffix(known.suffix)
    return place.with_name(f"{stem if place.is_dir() else Path(stem).stem}{ending}")


def _checked(path: Path, line: bytes) -> dict[str, Any]:
    """The object of a line that is a labelled pair."""
    try:
        row = json.loads(line)
        is_pair = (
            all(row[name] is None or isinstance(row[name], str) for name in ("title", "body")) and row["label"] is not None
        )
    except (ValueError, TypeError, KeyError, RecursionError):
        is_pair = False
    if not is_pair:
        shown = line[:40].decode("utf-8", "replace")
        raise InputError(f"{path}: {shown!r} is no labelled pair; name a file of labels, or a new one, with --labels")
    return row
