"""What may be the title of a page: `<title>`, `og:title`, `dc.title` (Dublin Core), `<h1>`, and the headline of its JSON-LD.

How they are put in order stands in `title_order`, how the name of the site is cut in `site_names`.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from mismatch.records.pages.candidates import SOURCES, Candidate
from mismatch.records.pages.site_names import site_names
from mismatch.records.pages.title_order import ordered

_AT_MOST = 5
"""of one source"""
_LONGEST = 400
"""characters of a title"""
_BREAKS = frozenset({"br", "div", "p", "li", "h1", "h2", "hr", "td"})
_UNSEEN = frozenset({"script", "style", "noscript", "template", "svg"})
_ARTICLE = re.compile(r"Article|Posting|Report|Review|Recipe|Story|Column|Page$")
_OF_OTHERS = frozenset(
    ("itemListElement", "hasPart", "isPartOf", "mentions", "citation", "comment", "isBasedOn", "video", "about")
)
"""properties whose values are other articles"""
_HEADLINE = re.compile(r'"headline"\s*:\s*"((?:[^"\\]|\\.)*)"')
_DUBLIN_CORE = frozenset({"dc.title", "dcterms.title", "dc:title", "dcterms:title"})
_MOST_NODES = 10_000


class Found(NamedTuple):
    """What a page says of itself."""

    candidates: list[Candidate]
    """the likeliest first"""
    site: str | None
    """the host of its address, else the name of its site"""


def find_titles(tree: Any, url: str | None = None) -> Found:
    """The candidates for the title of a parsed page, and its site.

    Parameters
    ----------
    tree
        Element of lxml.
    url
        The address of the page, where it is known.
    """
    found: dict[str, list[str]] = {source: [] for source in SOURCES}
    named = None
    for element in tree.iter("h1", "meta", "script", "title", "link"):
        if element.tag == "h1":
            found["h1"].append(_visible(element))
        elif element.tag == "meta":
            about, content = (element.get("property") or element.get("name") or "").lower(), element.get("content")
            if about == "og:title":
                found["og:title"].append(content or "")
            elif about in _DUBLIN_CORE:
                found["dc.title"].append(content or "")
            elif about == "og:site_name":
                named = named or _spaced(content or "") or None
            elif about == "og:url":
                url = url or content
        elif element.tag == "script":
            if "ld+json" in (element.get("type") or "").lower() and element.text:
                found["json-ld"] += _headlines(element.text)
        elif element.tag == "title":
            if not found["title"] and next(element.iterancestors("svg"), None) is None:
                found["title"].append(element.text or "")
        elif (element.get("rel") or "").lower() == "canonical":
            url = url or element.get("href")
    host = _host(url)
    candidates = []
    for source, texts in found.items():
        cleaned = [_spaced(html.unescape(text)).rstrip("¶ ") for text in texts]
        distinct = dict.fromkeys(text for text in cleaned if 0 < len(text) <= _LONGEST)
        candidates += [Candidate(source, text) for text in list(distinct)[:_AT_MOST]]
    return Found(ordered(candidates, site_names(named, host)), host or named)


def _headlines(text: str) -> list[str]:
    """The headlines that JSON-LD gives for the page itself; by its look where it is damaged."""
    starts = [at for at in (text.find("{"), text.find("[")) if at >= 0]
    text = text[min(starts) :] if starts else ""
    try:
        value = json.JSONDecoder(strict=False).raw_decode(text)[0]
    except (ValueError, RecursionError):
        return [_unescaped(found) for found in _HEADLINE.findall(text)[:1]]
    found = list(_things_with_headline(value))
    of_articles = [headline for kind, headline in found if _ARTICLE.search(kind)]
    return of_articles[:1] or [headline for _, headline in found][:1]


def _things_with_headline(value: Any) -> Iterator[tuple[str, str]]:
    waiting, seen = [value], 0
    while waiting and (seen := seen + 1) < _MOST_NODES:
        thing = waiting.pop(0)
        if isinstance(thing, list):
            waiting += thing
        elif isinstance(thing, dict):
            if isinstance(thing.get("headline"), str):
                yield str(thing.get("@type")).strip("[]'"), thing["headline"]
            waiting += [part for name, part in thing.items() if name not in _OF_OTHERS]


def _unescaped(text: str) -> str:
    try:
        return str(json.loads(f'"{text}"', strict=False))
    except ValueError:
        return text


def _visible(element: Any) -> str:
    parts: list[str] = []

    def walk(node: Any, depth: int) -> None:
        if isinstance(node.tag, str) and node.tag not in _UNSEEN and depth < 50:
            parts.append(" " if node.tag in _BREAKS else "")
            parts.append(node.text or "")
            for child in node:
                walk(child, depth + 1)
                parts.append(child.tail or "")
            parts.append(" " if node.tag in _BREAKS else "")

    walk(element, 0)
    return "".join(parts)


def _spaced(text: str) -> str:
    return " ".join(text.encode("utf-8", "replace").decode("utf-8").split())


def _host(url: str | None) -> str | None:
    try:
        host = urlsplit(url or "").hostname
    except ValueError:
        return None
    return host.removeprefix("www.") if host else None
