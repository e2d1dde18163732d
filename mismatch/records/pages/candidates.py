"""What may be the title of a page, and when two of them are the same."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

SOURCES = ("h1", "json-ld", "og:title", "dc.title", "title")
"""where titles are looked for, by how far they are trusted"""
FOR_MACHINES = frozenset({"json-ld", "og:title", "dc.title"})


class Candidate(NamedTuple):
    """A text that may be the title."""

    source: str
    title: str


def normalised(title: str) -> str:
    """A title without case, punctuation and the ways in which the same characters can be written."""
    return " ".join(re.findall(r"\w+", unicodedata.normalize("NFKC", title).casefold()))


def letters(text: str) -> str:
    """A text normalised, and without blanks: names of sites are also written in one word."""
    return normalised(text).replace(" ", "").replace("_", "")


def says_more(title: str, other: str) -> bool:
    """Whether a title is another with something before or behind it; both normalised."""
    return bool(other) and title != other and (title.startswith(other + " ") or title.endswith(" " + other))
