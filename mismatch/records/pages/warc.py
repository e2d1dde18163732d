"""Pages in web archives (WARC): the responses that are HTML, streamed with fastwarc (extra `html`).

A record that is damaged is refused, and the next one is looked for behind it, where the file can be sought in. What a server
answered to a request that failed, or with an image, is no page and passed over. Texts and metadata that were derived from
archives (WET, WAT) hold no pages.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, TypeVar, cast

from mismatch.errors import InputError, MissingExtraError
from mismatch.records.pages.chunks import CHUNK_PAGES, Record, RecordChunk
from mismatch.records.pages.ending import GZIP, ZSTD, Ending
from mismatch.records.pages.workers import Page, Workers
from mismatch.records.stores.stored_file import Place

_PAGES = frozenset({"text/html", "application/xhtml+xml"})
_CHUNK_BYTES = 4 << 20
_LOOKED_AT = 8
"""first records that tell what kind of archive a file is"""
_RECORD = re.compile(rb"(?:^|\n)(?=WARC/[01]\.)")
_SCANNED = 1 << 20
_T = TypeVar("_T")
_DERIVED = {"conversion": "WET", "metadata": "WAT"}


class _Counted:
    """What fastwarc reads from: a file from a place on, with the bytes counted."""

    def __init__(self, file: BinaryIO, at: int, count: Callable[[int], None]) -> None:
        self._file, self._at, self._count = file, at, count
        self.ending = Ending()

    def read(self, n: int = -1) -> bytes:
        data = self._file.read(n) or b""
        self.ending.feed(data)
        self._at += len(data)
        self._count(len(data))
        return data

    def tell(self) -> int:
        return self._at


class _DamagedError(Exception):
    """The stream cannot be read further."""


def require_fastwarc() -> Any:
    """The module that reads archives.

    Raises
    ------
    MissingExtraError
        It is not installed.
    """
    try:
        from fastwarc import warc
    except ImportError:
        raise MissingExtraError("WARC files need fastwarc", "html") from None
    return warc


def check_archive(path: Place, origin: str) -> bool:
    """Looks at the first records of a file; whether there is any.

    Raises
    ------
    InputError
        It is no archive of pages.
    """
    with _open_at(path, 0) as file:
        seen = 0
        try:
            for record in _records(_Counted(file, 0, lambda n: None)):
                _check_kind(record, origin)
                seen += 1
                if seen >= _LOOKED_AT:
                    break
        except _DamagedError as error:
            if not seen and _next_record(path, 1) is None:
                raise InputError(f"{origin}: not a readable WARC file ({error}); check what it is.") from None
        return seen > 0 or file.tell() > 0


def record_chunks(
    open_file: Callable[[], BinaryIO], path: Place | None, origin: str, workers: Workers, *, with_body: bool,
    count: Callable[[int], None], problem: Callable[[str], None],
) -> Iterator[RecordChunk]:  # fmt: skip
    """The pages of an archive, some at a time.

    Parameters
    ----------
    open_file
        Gives the file, which is closed in the end; standard input stays open where this gives a copy of it.
    path
        Where the file can be sought in.
    problem
        Told where the archive ends too early.
    """
    waiting: list[Record] = []
    size = 0
    for record in _pages(open_file, path, origin, workers.bounds.most_bytes, count, problem):
        waiting.append(record)
        size += len(record.page.data) if record.page else len(record.raw)
        if len(waiting) >= CHUNK_PAGES or size >= _CHUNK_BYTES:
            yield RecordChunk(origin, waiting, workers, with_body)
            waiting, size = [], 0
    if waiting:
        yield RecordChunk(origin, waiting, workers, with_body)


def _pages(
    open_file: Callable[[], BinaryIO], path: Place | None, origin: str, most_bytes: int, count: Callable[[int], None],
    problem: Callable[[str], None],
) -> Iterator[Record]:  # fmt: skip
    number, at, lost = 0, 0, None
    file = open_file()
    try:
        while True:
            offset, was_given = at, False
            stream = _Counted(file, at, count)
            try:
                for record in _records(stream):
                    offset, was_given = record.stream_pos, False
                    _check_kind(record, origin)
                    page = _page(record, most_bytes) if _is_page(record) else None
                    if page is None:
                        _pass_over(record)
                    if lost is not None:
                        yield lost
                        lost = None
                    if page is not None:
                        number, was_given = number + 1, True
                        yield Record(number, offset, page.url, page)
                if lost is not None:
                    yield lost
                if not stream.ending.is_whole():
                    problem(f"{origin}: cut short behind the record at byte {offset:,}")
                return
            except _DamagedError as error:
                why = str(error)
            found = _next_record(path, offset + 1) if path is not None else None
            if path is None or found is None:
                problem(f"{origin}: damaged at or behind the record at byte {offset:,} ({why}); the rest was not read")
                return
            number += lost is None
            where = f"behind that at byte {offset:,}" if was_given else f"at byte {offset:,}"
            with _open_at(path, offset) as damaged:
                lost = Record(number, offset, None, None, f"damaged record: {where}, {why}", damaged.read(1024))
            if not was_given:  # what is lost behind a record may be the one that is tried next
                yield lost
                lost = None
            file.close()
            at, file = found, _open_at(path, found)
    finally:
        file.close()


def _records(stream: _Counted) -> Iterator[Any]:
    """The records of a stream, as fastwarc has them; _DamagedError where one cannot be read."""
    warc = require_fastwarc()
    every = warc.WarcRecordType.any_type
    iterator = _guarded(lambda: warc.ArchiveIterator(stream, record_types=every, parse_http=True))
    while (record := _guarded(lambda: next(iterator, None))) is not None:
        if record.headers.get("Content-Length") is None:
            raise _DamagedError("it ends too early")
        yield record


def _guarded(call: Callable[[], _T]) -> _T:
    """What a call of fastwarc gives; where it fails over damage, _DamagedError."""
    try:
        return call()
    except OSError as error:
        raise _DamagedError((str(error).splitlines() or ["cannot be read"])[0][:200]) from None
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # of fastwarc, over what it did not expect
            raise
        raise _DamagedError("fastwarc cannot read it") from None


def _check_kind(record: Any, origin: str) -> None:
    kind, content = str(record.record_type), record.headers.get("Content-Type") or ""
    if kind in _DERIVED and content.startswith(("text/plain", "application/json")):
        raise InputError(
            f"{origin}: a {_DERIVED[kind]} file holds no pages, only what was derived from them; give the WARC file that it"
            " was made from."
        )


def _is_page(record: Any) -> bool:
    http = record.http_headers if str(record.record_type) == "response" else None
    if http is None:
        return False
    if http.status_code is None:
        raise _DamagedError("no answer of a server")
    if not 200 <= http.status_code < 300:
        return False
    return (record.http_content_type or "").lower() in _PAGES or (
        not record.http_content_type and (record.headers.get("WARC-Identified-Payload-Type") or "") in _PAGES
    )


def _page(record: Any, most_bytes: int) -> Page:
    data = _guarded(lambda: record.reader.read(most_bytes + 1))
    if len(data) < min(record.content_length, most_bytes + 1):
        raise _DamagedError("it ends too early")
    url = (record.headers.get("WARC-Target-URI") or "").strip("<>") or None
    http = record.http_headers
    about = record.http_charset, http.get("Content-Encoding"), http.get("Transfer-Encoding")
    return Page(data, url, *(value or None for value in about))


def _pass_over(record: Any) -> None:
    """Reads a record to its end; _DamagedError where it is not there."""
    length = record.content_length
    if _guarded(lambda: record.reader.consume()) < length:
        raise _DamagedError("it ends too early")


def _open_at(path: Place, offset: int) -> BinaryIO:
    """A file, opened at a place."""
    file = cast(BinaryIO, path.open("rb"))
    file.seek(offset)
    return file


def _next_record(path: Place, offset: int) -> int | None:
    """Where the next record begins that can be read, from a place on; None where there is none."""
    with path.open("rb") as file:
        head = file.read(4)
        magic = GZIP if head[:3] == GZIP else ZSTD if head == ZSTD else b""
        mark = re.compile(b"(?=" + re.escape(magic) + b")") if magic else _RECORD
        file.seek(offset)
        before, at = b"", offset
        while data := file.read(_SCANNED):
            stretch = before + data
            for found in mark.finditer(stretch):
                place = at - len(before) + found.end()
                if place >= offset and _can_be_read(path, place):
                    return place
            before, at = stretch[-8:], at + len(data)
    return None


def _can_be_read(path: Place, offset: int) -> bool:
    with _open_at(path, offset) as file:
        try:
            record = next(_records(_Counted(file, offset, lambda n: None)), None)
            return record is not None and record.stream_pos == offset and record.headers.get("WARC-Type") is not None
        except _DamagedError:
            return False
