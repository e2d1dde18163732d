"""What a file looks like by its first bytes, in words, where its name does not say, or says something else."""

from __future__ import annotations

import codecs
import json
from dataclasses import dataclass

from mismatch.errors import InputError
from mismatch.records.compression import BOM, ByteSource, compression_of
from mismatch.records.encodings import unicode_of
from mismatch.records.known_formats import COMPRESSIONS, FORMATS, columnar_format_of
from mismatch.records.stores.stored_file import Place

LOOKED_AT = 1 << 16
"""bytes of the beginning"""
_WORDS = {
    "jsonl": "JSON lines", "json": "JSON", "csv": "CSV", "tsv": "TSV", "parquet": "a Parquet file", "arrow": "an Arrow file",
    "html": "an HTML page", "warc": "a web archive", "xlsx": "a workbook", "sqlite": "an SQLite database",
}  # fmt: skip
_UNPACK = "unpack it and give what is in it"
_SAVE = "save its articles as CSV or JSON lines"
_UNREAD: tuple[tuple[int, bytes, str, str], ...] = (
    (257, b"ustar", "a tar archive", _UNPACK),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive", _UNPACK),
    (0, b"Rar!", "a RAR archive", _UNPACK),
    (0, b"\x04\x22\x4d\x18", "an LZ4 file", "decompress it first"),
    (0, b"%PDF", "a PDF", _SAVE),
    (0, b"{\\rtf", "an RTF document", _SAVE),
    (0, b"Obj\x01", "an Avro file", "save it as Parquet"),
    (0, b"ORC", "an ORC file", "save it as Parquet"),
    (0, b"\x80\x04\x95", "a Python pickle", "save it as Parquet"),
    (0, b"\x93NUMPY", "a NumPy array", _SAVE),
)
"""where some bytes stand, and what they are the sign of: files that are not read"""
_OF_WORKBOOKS = (b"[Content_Types]", b"_rels/", b"docProps/", b"xl/", b"mimetype", b"META-INF/", b"content.xml")
"""how the name of the first file in a workbook begins"""
_SEPARATORS = {"\t": "tsv", ",": "csv", ";": "csv", "|": "csv"}


@dataclass(frozen=True)
class Content:
    """What a beginning looks like."""

    words: str
    format: str | None = None
    """the name under which it is read; None where it is not"""
    advice: str = ""
    """what to do with what is not read"""


def content_of(head: bytes) -> Content | None:
    """What the first bytes of a file, decompressed, look like; None where they look like nothing in particular."""
    for at, mark, words, advice in _UNREAD:
        if head[at : at + len(mark)] == mark:
            return Content(words, None, advice)
    compressed = next((known for known in COMPRESSIONS if head.startswith(known.magic)), None)
    if compressed is not None:
        return Content(f"a {compressed.name} file", None, f"decompress it, or add {compressed.suffix} to its name")
    if head.startswith(b"PK\x03\x04"):
        return _zipped(head)
    kind = columnar_format_of(head)
    if kind is None:
        encoding = unicode_of(head)
        text = codecs.getincrementaldecoder(encoding or "utf-8")("replace").decode(head.removeprefix(BOM))
        return _written(text.lstrip("\ufeff \t\r\n")) if text.count("\0") == 0 else None
    return Content(_WORDS[kind], kind)


def _zipped(head: bytes) -> Content:
    if b"word/" in head or b"opendocument.text" in head:
        return Content("a text document", None, _SAVE)
    name = head[30 : 30 + int.from_bytes(head[26:28], "little")]
    if name and not name.startswith(_OF_WORKBOOKS):
        return Content("a ZIP archive", None, _UNPACK)
    return Content(_WORDS["xlsx"], "xlsx")


def _written(text: str) -> Content | None:
    if text.startswith("WARC/"):
        return Content(_WORDS["warc"], "warc")
    if text.startswith("<"):
        lowered = text[:1000].lower()
        if "<!doctype html" in lowered or "<html" in lowered:
            return Content(_WORDS["html"], "html")
        is_feed = any(mark in lowered for mark in ("<rss", "<feed", "<rdf"))
        return Content("an RSS or Atom feed" if is_feed else "XML", None, _SAVE)
    first, _, rest = text.partition("\n")
    if text.startswith("["):
        return Content(_WORDS["json"], "json")
    if text.startswith("{"):
        try:
            json.loads(first)
        except (ValueError, RecursionError):
            return Content(_WORDS["json"], "json") if text.startswith(("{\n", "{\r")) or '":' in first else None
        return Content(_WORDS["jsonl"], "jsonl")
    for separator, kind in _SEPARATORS.items():
        if separator in first and separator in rest and ". " not in first:
            return Content(_WORDS[kind], kind)
    return None


def unnamed(name: str, place: Place) -> InputError:
    """The error that a file's name does not tell its format, with what the file looks like."""
    known = f"unknown format; say which with --format {'|'.join(FORMATS)}."
    compression, head = _beginning(place)
    content = content_of(head) if head else None
    about = "" if compression is None else f"compressed ({compression}), and "
    if content is None:
        return InputError(f"{name}: {about}{known}")
    if content.format is None:
        return InputError(f"{name}: unknown format; inside it is {content.words}, which is not read: {content.advice}.")
    return InputError(
        f"{name}: {about}unknown format by its name; it looks like {content.words}: say so with --format {content.format}."
    )


def _beginning(place: Place) -> tuple[str | None, bytes]:
    """How a file is compressed, and its first bytes without that."""
    try:
        with place.open("rb") as file:
            compression = compression_of(file.read(4))
        source = ByteSource(place.open("rb"), compression)  # type: ignore[arg-type]
        try:
            return compression, source.peek(LOOKED_AT)
        finally:
            source.close()
    except OSError as error:
        raise InputError(f"{place}: cannot be read ({error.strerror or error}); check the file and its rights.") from None


def check_compression(origin: str, compression: str | None, head: bytes) -> None:
    """
    Raises
    ------
    InputError
        A file that is to be decompressed begins with other bytes than such files do.
    """
    known = next((one for one in COMPRESSIONS if one.name == compression), None)
    if known is None or not head.strip(b"\0") or head.startswith(known.magic):
        return
    content = content_of(head)
    looks = f"; it looks like {content.words}" if content is not None else ""
    raise InputError(
        f"{origin}: not compressed with {known.name}, as {known.suffix} in its name or --format says{looks}. Rename it."
    )


def check_content(origin: str, format: str, head: bytes) -> None:
    """
    Raises
    ------
    InputError
        The first bytes are surely those of another kind of file than `format`; text is left to whoever reads it.
    """
    content = content_of(head)
    if content is None or content.format == format:
        return
    is_magic = content.format is None or bool(FORMATS[content.format].magic)
    if FORMATS[format].magic or (is_magic and not head.lstrip().startswith(b"<")):
        what = f"say so with --format {content.format}" if content.format is not None else content.advice
        raise InputError(f"{origin}: not a readable {format} file; it looks like {content.words}: {what}.")
