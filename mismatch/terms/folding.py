"""The folding table: what each Unicode code point counts as when text is cut into terms.

The table is built once from the Unicode Character Database (`python -m mismatch.terms.folding` rewrites it) and shipped, so
that a model hashes the same text to the same terms on every Python version.

One int32 per code point:

===========  ==============================================================================================
0            separator: space, punctuation, symbol, control character, unassigned
-1           ignorable: accents, vowel points, zero-width characters, soft hyphen, tatweel
< -1         expands to several entries, sequence number ``-value - 2`` ("ß" -> "s", "s"; "½" -> "1", separator, "2")
> 0          a letter or digit: the folded code point in the low 21 bits, and the flags below
===========  ==============================================================================================

Folding is compatibility decomposition (NFKD), full case folding, removal of accents, and a short list of letters that
are spelt in more than one way and that Unicode does not decompose (`SPELLING_VARIANTS`).
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

CODE_POINT_MASK = (1 << 21) - 1
PAIR_SCRIPT = 1 << 21
"""Flag: written without spaces, read as overlapping pairs of characters."""
DIGIT = 1 << 22
SYLLABLE = 1 << 23
"""Flag: one character is a whole syllable, so that fewer of them make up a stem."""
ASCII_SEPARATOR = 0

_TABLE = "folding.npz"
_PAIR_SCRIPT_NAMES = (
    "CJK UNIFIED", "CJK COMPATIBILITY IDEOGRAPH", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO", "IDEOGRAPHIC",
    "THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN", "YI SYLLABLE", "TAI THAM", "NEW TAI LUE", "TAI LE", "TAI VIET",
)  # fmt: skip
_ETHIOPIC_HOMOPHONES = {0x1210: 0x1200, 0x1280: 0x1200, 0x12B8: 0x1200, 0x1220: 0x1230, 0x12D0: 0x12A0, 0x1340: 0x1338}
SPELLING_VARIANTS: dict[str, str] = {
    "ø": "o", "ł": "l", "đ": "d", "ħ": "h", "ŧ": "t", "æ": "ae", "œ": "oe", "ı": "i", "ð": "d",
    "ى": "ي", "ی": "ي", "ة": "ه", "ہ": "ه", "ە": "ه", "ک": "ك", "ٱ": "ا",
    "ך": "כ", "ם": "מ", "ן": "נ", "ף": "פ", "ץ": "צ",
    "ғ": "г", "қ": "к", "ң": "н",
} | {chr(a + i): chr(b + i) for a, b in _ETHIOPIC_HOMOPHONES.items() for i in range(7)}  # fmt: skip


class FoldingTable(NamedTuple):
    """The table in two stages, as compiled code reads it."""

    pages: NDArray[np.uint16]
    """shape (4352,): for each run of 256 code points, its row in `entries`"""
    entries: NDArray[np.int32]
    """shape (n_pages * 256,)"""
    expansion_starts: NDArray[np.int32]
    """shape (n_expansions + 1,): where each expansion begins in `expansions`"""
    expansions: NDArray[np.int32]
    ascii: NDArray[np.uint8]
    """shape (256,): folded byte of each ASCII letter or digit, 0 for separators, 255 for bytes above 127"""


@lru_cache(maxsize=1)
def folding_table() -> FoldingTable:
    """The shipped table, read once a process."""
    with (files("mismatch.terms") / _TABLE).open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        return FoldingTable(*(np.ascontiguousarray(arrays[name]) for name in FoldingTable._fields))


def fold_code_point(code: int) -> list[int]:
    """The entries that one code point stands for, from the Unicode Character Database of the running Python."""
    character = chr(code)
    if 0xD800 <= code <= 0xDFFF:
        return [0]
    if 0xAC00 <= code <= 0xD7A3:  # NFKD would take Hangul syllables apart
        return [code | PAIR_SCRIPT]
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).casefold())
    folded = "".join(SPELLING_VARIANTS.get(c, c) for c in folded)
    if 0x1200 <= code <= 0x137F:
        folded = SPELLING_VARIANTS.get(character, character)
    return [_entry(c) for c in folded] or [-1]


def _entry(character: str) -> int:
    code, category = ord(character), unicodedata.category(character)
    if category == "Cf" or code in (0x0640, 0x034F) or 0xFE00 <= code <= 0xFE0F or 0xE0100 <= code <= 0xE01EF:
        return -1
    if category[0] == "M":
        # class 0 and 9 are vowel signs and viramas, which are letters; the others are accents, points and tones
        if unicodedata.combining(character) not in (0, 9) or category == "Me":
            return -1
    elif category == "Nd":
        return ord(str(unicodedata.digit(character))) | DIGIT
    elif category[0] not in "LN":
        return 0
    name = unicodedata.name(character, "")
    flags = PAIR_SCRIPT if name.startswith(_PAIR_SCRIPT_NAMES) else 0
    flags |= SYLLABLE if name.startswith(("ETHIOPIC SYLLABLE", "CHEROKEE", "CANADIAN SYLLABICS", "VAI")) else 0
    return code | flags


def build_table() -> FoldingTable:
    """Builds the table from the running Python's Unicode Character Database (a few seconds)."""
    flat = np.zeros(0x110000, np.int32)
    starts, sequence, known = [0], [], {}
    for code in range(0x110000):
        values = fold_code_point(code)
        if len(values) > 1:
            values = [v for v in values if v != -1] or [-1]
        if len(values) == 1:
            flat[code] = values[0]
        elif not any(values):
            flat[code] = 0
        else:
            key = tuple(values)
            if key not in known:
                known[key] = len(starts) - 1
                sequence.extend(values)
                starts.append(len(sequence))
            flat[code] = -known[key] - 2
    rows, pages = np.unique(flat.reshape(-1, 256), axis=0, return_inverse=True)
    ascii_ = np.where(flat[:256] > 0, flat[:256] & 127, 0).astype(np.uint8)
    ascii_[128:] = 255
    return FoldingTable(
        pages.astype(np.uint16).ravel(), rows.ravel().astype(np.int32), np.array(starts, np.int32),
        np.array(sequence, np.int32), ascii_,
    )  # fmt: skip


def _rewrite() -> None:
    with open(str(files("mismatch.terms") / _TABLE), "wb") as file:
        np.savez_compressed(file, **build_table()._asdict())


if __name__ == "__main__":
    _rewrite()
