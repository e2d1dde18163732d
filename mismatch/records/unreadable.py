"""Why rows could not be read: the likeliest cause, from the reasons that their rejects give."""

from __future__ import annotations

import re
from collections.abc import Callable

from mismatch.records.known_formats import COMPRESSIONS, DEFAULT_FORMAT, DELIMITERS, MAGIC_BYTES, columnar_format_of
from mismatch.records.quarantine import Quarantine

SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "vertical bars", ",": "commas"}
"""what stands between the cells of files that are found"""
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def unreadable_in_words(quarantine: Quarantine, rows_read: int, allowed: float | None = None) -> str:
    """One line: how many rows could not be read, where the first of the commonest kind stands, and the likeliest cause.

    Parameters
    ----------
    allowed
        The share of rows that may be rejected, where it is to be said.
    """
    kind = quarantine.by_reason.most_common(1)[0][0]
    first, total = quarantine.first[kind], rows_read + quarantine.count
    limit = f" (allowed: {100 * allowed:g} %)" if allowed is not None else ""
    if rows_read:
        many = f"{quarantine.count:,} of {total:,} rows ({100 * quarantine.count / total:.3g} %) could not be read{limit}"
    else:
        many = f"none of the {total:,} rows could be read" if total > 1 else "the only row could not be read"
    cause = likeliest_cause(kind, first.raw)
    because = f"; likeliest cause: {cause}" if cause else ""
    return f"{first.origin}: {many}, the first at line {first.line:,}: {first.reason}{because}"


def likeliest_cause(kind: str, raw: bytes) -> str | None:
    """What is wrong with an input whose rows are rejected for a reason of this kind, and what to do; None if not known.

    Parameters
    ----------
    kind
        As `quarantine.reason_kind` gives it.
    raw
        The beginning of the first such row.
    """
    binary = columnar_format_of(raw[:MAGIC_BYTES])
    if binary is not None:
        return f"format: this is a {binary} file; give it with --format {binary}"
    if any(raw.startswith(known.magic) for known in COMPRESSIONS):
        return "format: the file is compressed and its name does not say so; add .gz, .zst, .bz2 or .xz to it"
    for start, cause in _CAUSES.items():
        if kind.startswith(start):
            return cause(raw)
    return None


def cause_of_one_name(header: list[str], format: str) -> str | None:
    """Why a table has no header to speak of: it is no table, or has only one column; None where nothing can be said."""
    begin = header[0].lstrip()
    if begin.startswith("<"):
        return _markup(",".join(header))
    if begin.startswith(("{", "[")):
        return "format: this is no table; give it with --format json"
    if len(header) != 1:
        return None
    counts = {separator: header[0].count(separator) for separator in SEPARATORS if separator != DELIMITERS[format]}
    best = max(counts, key=lambda separator: counts[separator])
    return delimiter_cause(best) if counts[best] else None


def delimiter_cause(separator: str) -> str:
    """The cause that cells are separated by `separator`, and what to do about it."""
    formats = [name for name, delimiter in DELIMITERS.items() if delimiter == separator]
    what_to_do = f"give it with --format {formats[0]}" if formats else "write it with commas"
    return f"delimiter: the cells are separated by {SEPARATORS[separator]}; {what_to_do}"


def _encoding(raw: bytes) -> str:
    if raw.startswith(_UTF_16) or raw.count(b"\0") > len(raw) / 4:
        return "encoding: this is UTF-16; give it with --encoding utf-16"
    return "encoding: the text is not UTF-8 but, say, Windows-1252; give it with --encoding cp1252"


def _delimiter(raw: bytes) -> str:
    text = raw.decode("utf-8", "replace")
    for separator in SEPARATORS:
        if separator != "," and re.search(re.escape(separator) + r"(?! )", text):  # in prose a space follows
            return delimiter_cause(separator)
    return "delimiter: cells that hold commas, quotes or line breaks are not quoted; write the file with a CSV library"


def _format(raw: bytes) -> str:
    text = raw.lstrip().removeprefix(b"\xef\xbb\xbf").lstrip()
    if b"\0" in raw:
        return _encoding(raw)
    if text.startswith(b"WARC/"):
        return "format: this is a web archive; give it with --format warc"
    if text.startswith(b"<"):
        return _markup(text[:1000].decode("utf-8", "replace"))
    if text.startswith((b"{", b"[")) and len(text.strip()) <= 2:
        return "format: this is JSON over several lines; give it with --format json"
    if text.startswith(b"["):
        return "format: these are JSON lists without names; write each row as an object with a title and a body"
    if text.startswith(b"{"):
        return "format: the JSON is damaged; write it with a JSON library, one object a line"
    others = " or ".join(name for name in DELIMITERS if name != DEFAULT_FORMAT)
    return f"format: this is not JSON; if it is a table, give it with --format {others}"


def _markup(text: str) -> str:
    if "<html" in text.lower() or "<!doctype html" in text.lower():
        return "format: this is HTML; give a page with --format html"
    return "format: this is XML; give a page with --format html, and save the articles of a feed as CSV or JSON lines"


def _text_column(raw: bytes) -> str:
    return "columns: this one holds no text; name another with --title or --body"


_CAUSES: dict[str, Callable[[bytes], str]] = {
    "not valid UTF-8": _encoding,
    "wrong number of fields": _delimiter,
    "a quote is not closed": _delimiter,
    "not valid JSON": _format,
    "a list": _format,
    "a number": _format,
    "a string": _format,
    "true or false": _format,
    "null": _format,
    "title is": _text_column,
    "body is": _text_column,
}
"""by how a kind of reason begins"""
