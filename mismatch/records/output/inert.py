"""Text from outside for a page, made inert. Escaping is left to whoever writes the page."""

from __future__ import annotations

import unicodedata

_DIRECTION = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_FORMULA = ("=", "+", "-", "@")


def inert(text: object, limit: int = 400) -> str:
    """Text from outside for a page: no control characters, nothing that turns the writing direction, cut at `limit`.

    What a spreadsheet would take for a formula, were the table pasted into one, gets an apostrophe in front.
    """
    shown = "".join(" " if _is_unfit(c) else c for c in str(text)[: 4 * limit])
    shown = " ".join(shown.split())
    if len(shown) > limit:
        shown = shown[: limit - 1] + "…"
    return f"'{shown}" if shown.startswith(_FORMULA) and shown not in ("-", "+") else shown


def _is_unfit(character: str) -> bool:
    return character in _DIRECTION or unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp", "Cn")
