"""Which encoding a table of text is in, where it is not UTF-8: by its byte order mark, its zeros, its letters.

Text in the Latin alphabet is told apart by the letters of its languages: a detector that goes by how odd a text looks takes
German and Spanish for Windows-1250 as often as for Windows-1252. What is left (other scripts) is for `charset-normalizer`.
"""

from __future__ import annotations

import codecs
import unicodedata
from collections.abc import Sequence

from mismatch.errors import InputError
from mismatch.records.compression import BOM
from mismatch.records.stores.stored_file import Place

SAMPLE_BYTES = 1 << 16
"""of the beginning of a text, which its encoding is told from"""
UTF_8 = frozenset({"utf-8", "utf-8-sig", "ascii"})
_STRETCHES, _STRETCH_BYTES = 32, 1 << 14
_LOOKED_AT = 1 << 17
"""bytes of what is no UTF-8 that the letters are counted in"""
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LATIN = {
    "cp1252": (
        "", "äöüß", "àâæçéèêëîïôœùûüÿ", "áéíñóúüª", "àáâãçéêíóôõúüª", "àèéìîòóù", "åäöé", "æøåéäö", "áðéíóúýþæö", "ëéïöóüè",
        "àçèéíïòóúü",
    ),
    "cp1250": ("áčďéěíňóřšťúůýž", "ąćęłńóśźż", "áéíóöőúüű", "ăâîşţ", "čćđšž", "áäčďéíĺľňóôŕšťúýž"),
    "cp1254": ("çğıöşüâîûi̇",),
    "cp1257": ("āčēģīķļņšūž", "ąčęėįšųūž", "äõöüšž"),
    "iso8859_3": ("ĉĝĥĵŝŭ",),
    "cp850": ("äöüß", "àâçéèêëîïôùûü", "áéíñóúü", "àáâãçéêíóôõúü", "æøå", "åäö"),
    "mac_roman": ("äöüß", "àâçéèêëîïôùûü", "áéíñóúü", "àáâãçéêíóôõúü", "æøå", "åäö"),
}  # fmt: skip
"""letters of the languages that are written in each encoding, the usual encoding first"""
_MARKS_IN_TEXT = frozenset("‘’‚“”„†‡•…‰‹›«»–—€£¥¢§©®™°±·¿¡¹²³¼½¾×÷´`¨¸ªº¶¬\xa0\xad")
_OTHER_SCRIPTS = (
    "cp1251", "koi8_r", "cp866", "cp1253", "cp1255", "cp1256", "cp874", "gb18030", "big5", "shift_jis", "euc_jp", "cp949",
)  # fmt: skip
_ENOUGH = 0.8
_MOST_LATIN = 0.4
"""share of letters outside ASCII in text of the Latin alphabet, at most"""
_FEWEST_OTHERS = 0.2
"""share of letters that are not Latin in text of another script, at least"""


def named_encoding(name: str) -> str:
    """The name that Python knows an encoding by.

    Raises
    ------
    InputError
        Python knows none of that name, or it is none of text.
    """
    try:
        found = codecs.lookup(name)
        "".encode(found.name)
    except (LookupError, TypeError, ValueError):
        raise InputError(f"unknown encoding {name!r}; examples are utf-8, utf-16, cp1252, gb18030 (--encoding).") from None
    return found.name


def samples_of(head: bytes, path: Place | None) -> list[bytes]:
    """What an encoding is told from: the beginning, and of a file that can be sought in stretches from all over it."""
    found = [head if len(head) < SAMPLE_BYTES else _whole_lines(head)]
    if path is None or (size := path.stat().st_size) <= len(head):
        return found
    with path.open("rb", buffering=0) as file:
        for k in range(1, _STRETCHES + 1):
            file.seek(len(head) + (size - len(head)) * k // _STRETCHES - _STRETCH_BYTES)
            stretch = file.read(_STRETCH_BYTES)
            found.append(_whole_lines(stretch[stretch.find(b"\n") + 1 :]))
    return found


def encoding_of(samples: Sequence[bytes]) -> str | None:
    """The encoding of a text by samples of its bytes, the first its beginning; None for UTF-8, and where nothing fits."""
    found = unicode_of(samples[0])
    if found is not None or samples[0].startswith(BOM):
        return found
    foreign, good, bad = b"", 0, 0
    for sample in samples:
        try:
            codecs.getincrementaldecoder("utf-8")().decode(sample)
        except UnicodeDecodeError:
            text = sample.decode("utf-8", "surrogateescape")
            damaged = sum("\udc80" <= c <= "\udcff" for c in text)
            bad, good = bad + damaged, good + sum(c > "\x7f" for c in text) - damaged
            foreign += sample[: _LOOKED_AT - len(foreign)]
        else:
            good += sum(c >= 0xC0 for c in sample[: 1 << 12])
    if good >= bad:
        return None  # UTF-8, perhaps with some damaged rows
    return _latin(foreign) or _by_detector(foreign)


def unicode_of(head: bytes) -> str | None:
    """UTF-16 or UTF-32 where the beginning of a text says so, by its mark or by its zeros."""
    return unicode_by_mark(head) or _utf_16_without_mark(head)


def unicode_by_mark(head: bytes) -> str | None:
    """UTF-16 or UTF-32, where the text begins with its byte order mark."""
    return next((name for mark, name in _MARKS if head.startswith(mark)), None)


def _utf_16_without_mark(head: bytes) -> str | None:
    zeros = [head[k::2].count(0) for k in (0, 1)]
    for name, k in (("utf-16-le", 1), ("utf-16-be", 0)):
        if zeros[k] * 8 > len(head) and zeros[1 - k] * 20 <= zeros[k]:
            try:
                codecs.getincrementaldecoder(name)().decode(head)
            except UnicodeDecodeError:
                continue
            return name
    return None


def _latin(data: bytes) -> str | None:
    """The encoding in which most of the bytes outside ASCII are letters of one language, or marks where marks may stand."""
    best, found = _ENOUGH, None
    for encoding, alphabets in _LATIN.items():
        text = data.decode(encoding, "replace")
        letters = [c for c in text if c.isalpha()]
        high = [i for i, c in enumerate(text) if c > "\x7f"]
        if sum(c > "\x7f" for c in letters) > _MOST_LATIN * len(letters):
            continue
        for alphabet in alphabets:
            share = sum(_fits(text, i, alphabet) for i in high) / len(high)
            if share > best:
                best, found = share, encoding
    return found


def _fits(text: str, i: int, alphabet: str) -> bool:
    """Whether the character at `i` can stand there in a text with the letters `alphabet`."""
    c, before, after = text[i], text[i - 1 : i], text[i + 1 : i + 2]
    if c in _MARKS_IN_TEXT:
        return c in "’´\xad·ªº" or not (before.isalpha() and after.isalpha())
    return c.lower() in alphabet and not (c.isupper() and before.islower())


def _by_detector(data: bytes) -> str | None:
    """What `charset-normalizer` makes of text in another script."""
    from charset_normalizer import from_bytes

    found = from_bytes(data, cp_isolation=list(_OTHER_SCRIPTS), threshold=0.3).best()
    if found is None:
        return None
    letters = [c for c in str(found)[:10_000] if c.isalpha()]
    other = sum(not unicodedata.name(c, "LATIN").startswith("LATIN") for c in letters)
    return found.encoding if other > _FEWEST_OTHERS * len(letters) else None


def _whole_lines(data: bytes) -> bytes:
    end = data.rfind(b"\n")
    return data[: end + 1] if end > 0 else data
