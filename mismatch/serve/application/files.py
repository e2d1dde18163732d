"""Files of every format that the command line reads, in place of a stream of rows: how they are opened, what was understood.

A file arrives as a stream too. Text is judged while it arrives; what is read from its end, or opened by a name, waits in a
temporary file until it is whole.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, replace
from typing import BinaryIO, cast

from mismatch.errors import InputError, MismatchError
from mismatch.records.bounds import USUAL
from mismatch.records.columns import ColumnChoice
from mismatch.records.known_formats import COLUMNAR, FORMATS, columnar_format_of, format_of
from mismatch.records.layout import Layout
from mismatch.records.pages.inputs import PageOptions
from mismatch.records.reading import Reader
from mismatch.serve.application.html_files import bounds_of
from mismatch.serve.application.spool import Feed
from mismatch.serve.settings import ServiceSettings

ANY_FILE = b"application/octet-stream"
"""the content type of a file whose name, in the query, says what it is"""
UNDERSTOOD = b"mismatch-input"
"""the header that says what was understood of an input: its columns, and what was assumed, as ASCII JSON"""
_LONGEST = 4000
"""characters of that header"""
_LOOK = 4096
_COMMAND_LINE = re.compile(r" ?\(--limit [^)]*\)|; say which with --format [^ ]*\.?")
_FLAG = re.compile(r"--(title|body|source|id|table|encoding|delimiter|quote)(?: COLUMN)?\b")
_TEXT = (".txt", ".dat", ".log")
_ROLES = {"title", "body", "source", "id"}


class _LookedAt:
    """A file to read from whose beginning was looked at."""

    def __init__(self, feed: Feed, head: bytes) -> None:
        self._feed, self._head = feed, head

    def read(self, n: int = -1) -> bytes:
        if not self._head:
            return self._feed.read(n)
        data, self._head = (self._head, b"") if n < 0 else (self._head[:n], self._head[n:])
        return data


def opened(
    feed: Feed, format: str | None, name: str, *, columns: ColumnChoice, layout: Layout, settings: ServiceSettings,
    chunk_bytes: int,
) -> Reader:  # fmt: skip
    """A reader of what arrives.

    Parameters
    ----------
    format
        Of a stream of rows; None for a file, whose format its name tells, or else its first bytes.

    Raises
    ------
    InputError
        It cannot be read, is of no known format, or has no title or body column.
    """
    source: Feed | _LookedAt = feed
    if format is None:
        head = b""
        while len(head) < _LOOK and (more := feed.read(_LOOK - len(head))):
            head += more
        source, format = _LookedAt(feed, head), _format_of(name, head)
    return Reader(
        ["-"], format=format, columns=columns, layout=layout, stdin=cast(BinaryIO, source), chunk_bytes=chunk_bytes,
        bounds=replace(USUAL, row=settings.max_body, decompressed=settings.max_stream),
        pages=PageOptions(with_body=True, bounds=bounds_of(settings)),
    )  # fmt: skip


def understood(reader: Reader) -> tuple[bytes, bytes]:
    """A header that says which columns were taken, and what else was assumed."""
    columns = asdict(next(iter(reader.columns.values())))
    notices = [notice.removeprefix("-: ") for notice in reader.notices if "=" not in notice]
    if guessed := columns.pop("guessed", ()):
        notices.append(f"{' and '.join(guessed)} told by what the columns hold")
    said = json.dumps({"columns": columns, "notices": notices})
    return UNDERSTOOD, (said if len(said) <= _LONGEST else json.dumps({"columns": {}, "notices": []})).encode()


def words_for_the_web(error: MismatchError, name: str) -> str:
    """What is wrong, without what only the command line has."""
    words = _COMMAND_LINE.sub("", str(error)).replace("-: ", f"{name or 'the stream'}: ", 1)
    return _FLAG.sub(lambda flag: f"?{flag[1]}={'COLUMN' if flag[1] in _ROLES else '…'}", words)


def _format_of(name: str, head: bytes) -> str | None:
    """The format of a file by its name; by its first bytes where the name does not say; None: to be looked for inside.

    Raises
    ------
    InputError
        It is none that can be read.
    """
    kind, compression = format_of(name)
    if kind in COLUMNAR and compression is not None:
        raise InputError(f"-: a compressed {kind} file cannot be read; decompress it first")
    if kind is not None or compression is not None:
        return kind
    kind = columnar_format_of(head)
    begins = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:9].lower()
    if kind is not None or begins.startswith((b"{", b"[", b"<html", b"<!doctype", b"warc/")) or not head.strip():
        return kind
    if b"\0" not in head and ("." not in name or name.lower().endswith(_TEXT)):
        return "csv"
    endings = " ".join(known.suffixes[0] for known in FORMATS.values())
    raise InputError(f"-: this is no format that can be read; what can: {endings}, also .gz .zst .bz2 .xz")
