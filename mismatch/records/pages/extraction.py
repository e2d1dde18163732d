"""Title candidates and body of one HTML page, whose body trafilatura (extra `html`) finds. Pages are parsed nowhere else."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from mismatch.errors import MissingExtraError
from mismatch.records.pages.candidates import Candidate, normalised
from mismatch.records.pages.encodings import decoded
from mismatch.records.pages.titles import find_titles

_NOT_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_NOT_PAGES = {b"%PDF": "a PDF file", b"\x89PNG": "an image", b"\xff\xd8\xff": "an image", b"GIF8": "an image",
              b"PK\x03\x04": "a ZIP file"}  # fmt: skip
MOST_BINARY = 0.05
"""share of the first bytes that may be none of text"""
_LARGE = 1 << 20
_MANY_ELEMENTS = 20_000
"""no article has so many; of such a page trafilatura's first result is taken, which it else compares with two others"""
_REPEATED_TITLES = 3
"""first lines of a body that may be its title again"""


class NotAPageError(Exception):
    """The bytes are no HTML; the message says what they are."""


@dataclass(frozen=True)
class Extracted:
    """What was found in a page; empty where nothing was."""

    candidates: list[Candidate] = field(default_factory=list)
    """what may be the title, the likeliest first"""
    body: str = ""
    site: str | None = None
    """the host of its address, else the name of its site"""

    @property
    def title(self) -> str:
        """The likeliest title; empty where there is none."""
        return self.candidates[0].title if self.candidates else ""


def extract(page: bytes, *, charset: str | None = None, url: str | None = None) -> Extracted:
    """Title candidates and body of a page. Nothing is fetched.

    Parameters
    ----------
    charset, url
        What the server declared, and where the page came from, where that is known.

    Raises
    ------
    MissingExtraError
        If trafilatura is not installed.
    NotAPageError
        If the bytes are no text.
    MemoryError
        If the page does not fit into it.
    """
    try:
        from trafilatura import bare_extraction, load_html
    except ImportError:
        raise missing_extra() from None
    _check_is_text(page)
    text = decoded(page, charset)
    if not text.strip():
        return Extracted()
    tree = load_html(text)
    if tree is None:  # a piece of a page
        tree = load_html(f"<html><body>{text}</body></html>")
    if tree is None:  # trafilatura keeps it to itself when lxml runs out of memory
        raise MemoryError if len(page) > _LARGE else NotAPageError("nothing in it can be parsed")
    found = find_titles(tree, url)
    is_huge = len(text) > _LARGE and tree.xpath("count(//*)") > _MANY_ELEMENTS
    document: Any = bare_extraction(tree, include_comments=False, fast=is_huge)
    if document is None and (deep := _deeply_nested(text)) is not None:
        document = bare_extraction(deep, include_comments=False, fast=True)
    body = _clean(document.text) if document is not None else ""
    return Extracted(found.candidates, _without_titles(body, found.candidates), found.site)


def missing_extra() -> MissingExtraError:
    """What is raised where the extra is not installed."""
    return MissingExtraError("HTML pages need trafilatura", "html")


def _check_is_text(page: bytes) -> None:
    for magic, kind in _NOT_PAGES.items():
        if page.startswith(magic):
            raise NotAPageError(kind)
    head = page[:1024]
    is_wide = head[:2] in (b"\xff\xfe", b"\xfe\xff") or b"<\0" in head or b"\0<" in head
    if not is_wide and len(_NOT_TEXT.findall(head)) > MOST_BINARY * len(head):
        raise NotAPageError("binary data")


def _deeply_nested(text: str) -> Any:
    """The tree of a page with more levels than libxml2 takes by default, which are 256; it takes 2,048 at most."""
    from lxml import etree, html

    parser = html.HTMLParser(remove_comments=True, remove_pis=True, huge_tree=True, encoding="utf-8")
    try:
        return html.fromstring(text.encode("utf-8", "replace"), parser=parser)
    except (etree.LxmlError, ValueError):
        return None


def _without_titles(body: str, candidates: list[Candidate]) -> str:
    """The body without its heading, which would make any title look at home."""
    titles = {normalised(candidate.title) for candidate in candidates}
    for _ in range(_REPEATED_TITLES):
        first, _, rest = body.partition("\n")
        if not body or normalised(first) not in titles:
            break
        body = rest.strip()
    return body


def _clean(text: str | None) -> str:
    return (text or "").encode("utf-8", "replace").decode("utf-8").strip()
