"""What could not be read, kept: JSON lines with file, line, reason and the raw row."""

from __future__ import annotations

import base64
import codecs
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from mismatch.errors import InputError
from mismatch.records.blocks import Reject
from mismatch.records.bounds import Bounds
from mismatch.records.known_formats import written_format
from mismatch.records.output.output_file import OutputFile, WholeOrNothing
from mismatch.records.stores.address import without_options

_BEGINNING = 1024
"""bytes that are kept of the first reject of a kind"""
_LONGEST_ESCAPE = 6
"""bytes that JSON may write for one, such as \\u0000"""
_TELLING = 192
"""bytes from which the likeliest cause is told"""
_PIECE = 3 << 18  # a multiple of 3, so that pieces of base64 can be put one after another


class Quarantine(WholeOrNothing):
    """Collects rejects and writes them to `path`; None only counts them.

    Beyond `most_bytes`, rows are left out of the file, `null` in their place: a small file that becomes gigabytes of nothing
    must not fill the disk. Their place and reason stand there still.

    `count`, and `by_reason` and `first`, the number of rejects and the first of each kind of reason, shortened.

    A context manager like a sink: the file appears under its name on success only. Each line is
    {"file", "line", "reason", "raw"}, or "raw_base64" in place of "raw" when the row is not UTF-8.

    Raises
    ------
    InputError
        The folder is missing, the file cannot be written, or its name asks for another format.
    """

    def __init__(self, path: str | Path | None, most_bytes: int = Bounds.rejected) -> None:
        self._left = most_bytes
        self.count = 0
        self.by_reason: Counter[str] = Counter()
        self.first: dict[str, Reject] = {}
        if path is not None and written_format(without_options(path)) not in ("jsonl", "json"):
            raise InputError(
                f"{path}: what cannot be read is kept as JSON lines; give the file a name that ends with .jsonl."
            )
        self._file = OutputFile(path) if path is not None else None

    def add(self, reject: Reject) -> None:
        """Counts and writes one reject; `by_reason` leaves out places and values, so that reasons add up."""
        self.count += 1
        kind = reason_kind(reject.reason)
        self.by_reason[kind] += 1
        if kind not in self.first:
            self.first[kind] = Reject(reject.origin, reject.line, reject.reason, reject.raw[:_BEGINNING])
        if self._file is None:
            return
        for piece in _encoded(reject, self._left):
            self._file.write(piece)
            self._left = max(0, self._left - len(piece))

    def extend(self, rejects: Iterable[Reject]) -> None:
        """Adds several."""
        for reject in rejects:
            self.add(reject)

    def to_plain(self) -> list[dict[str, Any]]:
        """What was counted, as plain values; `add_counted` adds them up again."""
        return [
            {
                "kind": kind, "count": count, "file": first.origin, "line": first.line, "reason": first.reason,
                "raw_base64": base64.b64encode(first.raw[:_TELLING]).decode("ascii"),
            }
            for kind, count in self.by_reason.items()
            for first in [self.first[kind]]
        ]  # fmt: skip

    def add_counted(self, plain: Iterable[dict[str, Any]]) -> None:
        """Adds what another one has counted, and wrote where it wrote."""
        for item in plain:
            self.count += item["count"]
            self.by_reason[item["kind"]] += item["count"]
            raw = base64.b64decode(item["raw_base64"])
            self.first.setdefault(item["kind"], Reject(item["file"], item["line"], item["reason"], raw))

    def commit(self) -> None:
        """Gives the file its name."""
        if self._file is not None:
            self._file.commit()

    close = commit

    def discard(self) -> None:
        """Leaves no file behind."""
        if self._file is not None:
            self._file.discard()


def reason_kind(reason: str) -> str:
    """A reason without what is special to one row: `not valid JSON: ... at character 7` -> `not valid
    JSON`."""
    if reason[:1].isdigit():
        return "wrong number of fields"
    return reason.split(":")[0].split(" (")[0].split(", ")[0]


def _encoded(reject: Reject, most: int) -> Iterator[bytes]:
    head = {"file": reject.origin, "line": reject.line, "reason": reject.reason}
    start = json.dumps(head, ensure_ascii=False).encode("utf-8", "backslashreplace")[:-1]
    if _LONGEST_ESCAPE * _size(reject) > most:
        yield start + b', "raw": null}\n'
        return
    if reject.spooled is None:
        try:
            raw = {"raw": reject.raw.decode("utf-8")}
        except UnicodeDecodeError:
            raw = {"raw_base64": base64.b64encode(reject.raw).decode("ascii")}
        yield start + b", " + json.dumps(raw, ensure_ascii=False).encode("utf-8")[1:] + b"\n"
        return
    with reject.spooled as file:
        if _is_utf8(file):
            yield start + b', "raw": "'
            decoder = codecs.getincrementaldecoder("utf-8")()
            for piece in _pieces(file):
                yield json.dumps(decoder.decode(piece), ensure_ascii=False)[1:-1].encode("utf-8")
        else:
            yield start + b', "raw_base64": "'
            for piece in _pieces(file):
                yield base64.b64encode(piece)
        yield b'"}\n'


def _size(reject: Reject) -> int:
    return len(reject.raw) if reject.spooled is None else reject.spooled.seek(0, 2)


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    file.seek(0)
    while piece := file.read(_PIECE):
        yield piece


def _is_utf8(file: BinaryIO) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for piece in _pieces(file):
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True
