"""What may be the title of a page: its `<title>`, `og:title`, `<h1>` and the headline of its JSON-LD, the likeliest first.

What follows a headline in `<title>` and `og:title` is cut where it is the name of the site. Then the candidates are put in
order: what several places of the page agree on stands before what only one of them says, and what is said equally often
stands in the order of `SOURCES`.
"""

from __future__ import annotations

import html
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple
from urllib.parse import urlsplit

SOURCES = ("h1", "json-ld", "og:title", "title")
"""where titles are looked for, by how far they are trusted"""
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
_SEPARATOR = re.compile(r"\s+(?:[|\-–—·•«»›‹:~/]|::|//)\s+|\s*[|_]\s*|(?<=\w):\s+")
_SITE_WORDS = 3
"""words at most of the name of a site that nothing else on the page confirms"""
_HEADLINE_CHARACTERS = 15
_MOST_NODES = 10_000


class Candidate(NamedTuple):
    """A text that may be the title."""

    source: str
    title: str


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
    return Found(_ordered(candidates, _site_names(named, host)), host or named)


def normalised(title: str) -> str:
    """A title without case, punctuation and the ways in which the same characters can be written."""
    return " ".join(re.findall(r"\w+", unicodedata.normalize("NFKC", title).casefold()))


def without_site(title: str, names: Iterable[str]) -> str:
    """A title without the names of its site at its ends."""
    return _without_site(title, set().union(*(_site_names(name, name if "." in name else None) for name in names)), False)


def _ordered(candidates: list[Candidate], sites: set[str]) -> list[Candidate]:
    sites = sites | _what_surrounds(candidates)
    cut = [Candidate(source, _without_site(title, sites, source == "title")) for source, title in candidates]
    cut = list(dict.fromkeys(cut))
    keys = [normalised(title) for _, title in cut]
    votes = Counter(key for _, key in {(one.source, key) for one, key in zip(cut, keys, strict=True)})
    words = [set(key.split()) for key in keys]

    def rank(i: int) -> tuple[int, int, int]:
        elsewhere = [words[j] for j in range(len(cut)) if cut[j].source != cut[i].source]
        if not keys[i] or _letters(cut[i].title) in sites or _says_more(i):
            tier = 2
        else:  # a heading that shares no word with anything else is that of the site, not of the page
            tier = int(cut[i].source == "h1" and bool(elsewhere) and not any(words[i] & others for others in elsewhere))
        return tier, -votes[keys[i]], SOURCES.index(cut[i].source)

    def _says_more(i: int) -> bool:
        """Whether another candidate is most of this one, and the rest is not in it."""
        if cut[i].source not in ("title", "og:title"):
            return False
        return any(
            key != keys[i] and len(key) >= max(_HEADLINE_CHARACTERS, 0.4 * len(keys[i]))
            and (keys[i].startswith(key + " ") or keys[i].endswith(" " + key))
            for key in keys
        )  # fmt: skip

    return [cut[i] for i in sorted(range(len(cut)), key=rank)]


def _what_surrounds(candidates: list[Candidate]) -> set[str]:
    """The names of the site that `<title>` gives away: what stands in it beside a headline that is given elsewhere, for
    machines, and a heading at its end behind what is longer."""
    headlines = {_letters(title) for source, title in candidates if source in ("json-ld", "og:title")}
    headings = {_letters(title) for source, title in candidates if source == "h1"}
    names = set()
    for source, title in candidates:
        if source == "title":
            for separator in _SEPARATOR.finditer(title):
                before, after = _letters(title[: separator.start()]), _letters(title[separator.end() :])
                names |= {after} if before in headlines else {before} if after in headlines else set()
                if after in headings and ":" not in separator[0] and len(before) > max(_HEADLINE_CHARACTERS, len(after)):
                    names.add(after)
    return names - headlines - {""}


def _site_names(named: str | None, host: str | None) -> set[str]:
    names = {_letters(named)} if named else set()
    labels = host.split(".") if host else []
    names |= {_letters("".join(labels[i:])) for i in range(len(labels))}
    names |= {_letters(label) for label in labels if len(label) > 3}
    return names - {""}


def _without_site(title: str, sites: set[str], is_title_element: bool) -> str:
    """A title without the names of sites at its ends, and a `<title>` without a short last part that nothing confirms."""
    while separators := list(_SEPARATOR.finditer(title)):
        first, last = separators[0], separators[-1]
        before, after = title[: last.start()], title[last.end() :]
        if _letters(after) in sites and _letters(before):
            title = before
        elif _letters(title[: first.start()]) in sites and _letters(title[first.end() :]):
            title = title[first.end() :]
        else:
            return before if is_title_element and _is_likely_name(last[0], before, after) else title
    return title


def _is_likely_name(separator: str, before: str, after: str) -> bool:
    """Whether the last part of a title looks like the name of a site, not like a part of the headline."""
    if ":" in separator or after[:1].islower() or re.search(r"\d", after):
        return False
    return len(after.split()) <= _SITE_WORDS and len(before) >= max(_HEADLINE_CHARACTERS, len(after) + 1)


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


def _letters(text: str) -> str:
    return normalised(text).replace(" ", "").replace("_", "")


def _host(url: str | None) -> str | None:
    try:
        host = urlsplit(url or "").hostname
    except ValueError:
        return None
    return host.removeprefix("www.") if host else None
