"""The text of a page whose bytes may be declared wrongly, or not at all."""

from __future__ import annotations

import codecs
import re

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_DECLARED = re.compile(
    rb"""<(?:meta\b[^>]{0,400}?charset|\?xml\b[^>]{0,100}?encoding)\s*=\s*["']?\s*([\w:.-]{2,40})""", re.IGNORECASE
)
_DECLARED_WITHIN = 8192
_WIDER = {
    "iso8859-1": "cp1252", "ascii": "cp1252", "iso8859-9": "cp1254", "iso8859-11": "cp874", "tis-620": "cp874",
    "gb2312": "gb18030", "gbk": "gb18030", "euc_kr": "cp949", "shift_jis": "cp932", "big5": "big5hkscs",
}  # fmt: skip
"""what browsers read in place of an encoding that is declared, by Python's names (https://encoding.spec.whatwg.org)"""
_SEVEN_BITS = frozenset({"iso2022_jp", "hz"})
_WESTERN = frozenset({"cp1252", "iso8859-15", "mac-roman"})
_FOREIGN_RUN = re.compile(rb"[\xc0-\xff]{4,}")
"""in a western encoding four accented letters side by side; words of other alphabets look so in it"""
_MARKUP = re.compile(rb"<(?:script|style)\b.*?</(?:script|style)|<[^>]*>", re.I | re.S)
_DETECTED_FROM = 8192
_ON_THE_WEB = ["cp1252", "cp1250", "cp1251", "koi8_r", "koi8_u", "cp1253", "cp1254", "cp1255", "cp1256", "cp874", "gb18030",
               "big5", "shift_jis", "euc_jp", "euc_kr"]  # fmt: skip
"""what is guessed; rarer ones would be guessed wrongly more often than they turn up"""
MOST_DAMAGED = 0.1
"""share of the characters beyond ASCII that may be damaged in a text that is still what it is declared to be"""


def decoded(page: bytes, charset: str | None = None) -> str:
    """The text of a page, whatever its encoding; what cannot be read is replaced.

    UTF-8 is recognised whatever is declared, since other text hardly ever looks like it. Else what is declared holds, unless
    the bytes speak against it; then `charset-normalizer` guesses.

    Parameters
    ----------
    charset
        What the server declared.
    """
    for bom, encoding in _BOMS:
        if page.startswith(bom):
            return page[len(bom) :].decode(encoding, "replace")
    if (wide := _utf_16(page)) is not None:
        return page.decode(wide, "replace")
    declared = _codec(charset) or _codec(_declared_in(page))
    try:
        return page.decode(declared if declared in _SEVEN_BITS else "utf-8")
    except UnicodeDecodeError:
        pass
    text = None
    if declared is not None:
        text = page.decode(declared, "replace")
        beyond_ascii = sum(len(run) for run in re.findall(r"[^\x00-\x7f]+", text))
        if text.count("\ufffd") <= MOST_DAMAGED * beyond_ascii and not (declared in _WESTERN and _looks_foreign(page)):
            return text
    guessed = _guessed(page)
    return page.decode(guessed, "replace") if guessed else text or page.decode("cp1252", "replace")


def _declared_in(page: bytes) -> str | None:
    found = _DECLARED.search(page, 0, _DECLARED_WITHIN)
    return found[1].decode("ascii", "replace") if found else None


def _codec(charset: str | None) -> str | None:
    """Python's name of what a browser reads under a declared name; None for what is no encoding of text with ASCII in it."""
    if not charset:
        return None
    try:
        name = codecs.lookup(charset.strip()).name
        "<meta>".encode(name)
    except (LookupError, ValueError, TypeError, AttributeError):
        return None
    if name.startswith(("utf-16", "utf-32", "utf-7")):
        return None  # a declaration that could be read as ASCII is not in one of these
    return _WIDER.get(name, name)


def _utf_16(page: bytes) -> str | None:
    """UTF-16 without a mark: every other byte of the markup is zero."""
    head = page[:32]
    for encoding, zeros in (("utf-16-le", head[1::2]), ("utf-16-be", head[::2])):
        if zeros and zeros.count(0) > 0.7 * len(zeros):
            return encoding
    return None


def _looks_foreign(page: bytes) -> bool:
    visible = _MARKUP.sub(b" ", page[: 1 << 18])
    runs = _FOREIGN_RUN.findall(visible)
    return len(runs) > 10 and 2 * sum(map(len, runs)) > sum(byte >= 0xC0 for byte in visible)


def _guessed(page: bytes) -> str | None:
    from charset_normalizer import from_bytes

    lines = [line for line in _MARKUP.sub(b"\n", page).splitlines() if not line.isascii()]
    best = from_bytes(b"\n".join(lines)[:_DETECTED_FROM], cp_isolation=_ON_THE_WEB).best()
    return _codec(best.encoding) if best is not None else None
