"""Text from outside, made fit to be shown: what a terminal would obey, what turns the direction of writing, what piles up.

Escaping for HTML is the templates' task; see `html`.
"""

from __future__ import annotations

import json
import unicodedata

_NOT_FIT = ("Cc", "Cs", "Zl", "Zp")
"""control characters, halves of characters, breaks of lines and paragraphs"""
_DIRECTION = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_FORMULA = ("=", "+", "-", "@")
_NOT_SHOWN = ("Cf", "Cs", "Co", "Cn", "Me")
_ESCAPED = (*_NOT_FIT, "Cf", "Co", "Cn")
_STACKED = 3
"""marks on one letter; more would run into the lines above"""
_VARIANTS = frozenset(map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
_NON_JOINER = "\u200c"  # between the parts of words in Persian


def safe(text: str, limit: int = 100) -> str:
    """One line for a terminal: control, format and line-breaking characters become spaces, and it is cut.

    What a GitHub workflow takes for a command in its log (`::` where a line begins, `##[` anywhere) is broken up.
    """
    fit = "".join(" " if _category(c) in (*_NOT_FIT, "Cf", "Co") else c for c in text[: 4 * limit])
    return _no_command(_one_line(fit.replace("##[", "## ["), limit))


def inert(text: object, limit: int = 400) -> str:
    """One line for a page: no control characters, nothing that turns the direction of writing, cut at `limit`.

    A page may be printed to the log of a GitHub workflow, so that it holds no command either (see `safe`).

    What a spreadsheet would take for a formula, were the table pasted into one, gets an apostrophe in front.
    """
    fit = (" " if c in _DIRECTION or _category(c) in (*_NOT_FIT, "Cn") else c for c in str(text)[: 4 * limit])
    shown = _no_command(_one_line("".join(fit).replace("##[", "## ["), limit))
    return f"'{shown}" if shown.startswith(_FORMULA) and shown not in ("-", "+") else shown


def paragraphs(text: str, limit: int) -> str:
    """A text for a terminal or a page, cut at `limit`, its line breaks kept.

    Control characters (among them those that begin a command to a terminal) become spaces. What turns the direction of
    writing, or the shape of what stands before it, is left out, and so are the fourth mark and more on one letter.
    """
    out: list[str] = []
    stacked = 0
    for c in text[:limit].replace("\r\n", "\n"):
        category = _category(c)
        stacked = stacked + 1 if category in ("Mn", "Me") else stacked if category in _NOT_SHOWN else 0
        if c in "\n\r" or category in ("Zl", "Zp"):
            out.append("\n")
        elif category in ("Cc", "Zs"):
            out.append(" ")
        elif stacked <= _STACKED and (category not in _NOT_SHOWN or c == _NON_JOINER) and c not in _VARIANTS:
            out.append(c)
    lines: list[str] = []
    for line in "".join(out).split("\n"):
        line = " ".join(line.split())
        if line or (lines and lines[-1]):
            lines.append(line)
    return "\n".join(lines).strip("\n")


def harmless_json(text: str) -> str:
    """The same JSON, with escapes for what a terminal or a log would obey: control characters, what turns the direction of
    writing or is not seen, and the old form of a command of a GitHub workflow (`##[`, anywhere in a line)."""
    shown = (json.dumps(c)[1:-1] if c > "~" and _category(c) in _ESCAPED else c for c in text)
    return "".join(shown).replace("##[", "#\\u0023[")


def _no_command(line: str) -> str:
    return f": {line[1:]}" if line.startswith("::") else line


def _one_line(text: str, limit: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= limit else text[: limit - 1] + "…"


_category = unicodedata.category
