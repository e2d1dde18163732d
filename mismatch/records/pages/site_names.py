"""The name of the site, which many titles end or begin with, and titles without it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from mismatch.records.pages.candidates import FOR_MACHINES, Candidate, letters

_SEPARATOR = re.compile(r"\s+(?:[|\-–—·•«»›‹:~/]|::|//)\s+|\s*[|_]\s*|(?<=\w):\s+")
_SITE_WORDS = 3
"""words at most of the name of a site that nothing else on the page confirms"""
HEADLINE_CHARACTERS = 15
"""of what is surely more than a name"""
_KEPT_WORDS = 5
"""at least, of the title of a page that has no other: of a shorter one the name may be a part ("Mercury - NASA")"""


def without_site(title: str, names: Iterable[str]) -> str:
    """A title without the names of its site at its ends."""
    return cut(title, set().union(*(site_names(name, name if "." in name else None) for name in names)))


def site_names(named: str | None, host: str | None) -> set[str]:
    """Ways in which the name of a site may be written, by what the page calls it and by its host."""
    names = {letters(named)} if named else set()
    labels = host.split(".") if host else []
    names |= {letters("".join(labels[i:])) for i in range(len(labels))}
    names |= {letters(label) for label in labels if len(label) > 3}
    return names - {""}


def what_surrounds(candidates: list[Candidate]) -> set[str]:
    """The names of the site that `<title>` gives away: what stands in it beside a headline that is given elsewhere, for
    machines, and a heading at its end behind what is longer."""
    headlines = {letters(title) for source, title in candidates if source in FOR_MACHINES}
    headings = {letters(title) for source, title in candidates if source == "h1"}
    names = set()
    for source, title in candidates:
        if source == "title":
            for separator in _SEPARATOR.finditer(title):
                before, after = letters(title[: separator.start()]), letters(title[separator.end() :])
                names |= {after} if before in headlines else {before} if after in headlines else set()
                if after in headings and ":" not in separator[0] and len(before) > max(HEADLINE_CHARACTERS, len(after)):
                    names.add(after)
    return names - headlines - {""}


def cut(title: str, sites: set[str]) -> str:
    """A title without the names of sites at its ends."""
    while separators := list(_SEPARATOR.finditer(title)):
        first, last = separators[0], separators[-1]
        if letters(title[last.end() :]) in sites and letters(title[: last.start()]):
            title = title[: last.start()]
        elif letters(title[: first.start()]) in sites and letters(title[first.end() :]):
            title = title[first.end() :]
        else:
            break
    return title


def cut_element(title: str, sites: set[str]) -> str:
    """A `<title>` without the names of sites, and without a short last part that nothing confirms."""
    title = cut(title, sites)
    separators = list(_SEPARATOR.finditer(title))
    if not separators:
        return title
    before, after = title[: separators[-1].start()], title[separators[-1].end() :]
    if letters(before) in sites or letters(after) in sites:
        return title
    return before if _is_likely_name(separators[-1][0], before, after) else title


def cut_only_title(title: str, sites: set[str]) -> str:
    """The same for the `<title>` of a page that says nothing else for machines: whole where few words would be left."""
    shorter = cut_element(title, sites)
    return shorter if len(shorter.split()) >= _KEPT_WORDS else title


def _is_likely_name(separator: str, before: str, after: str) -> bool:
    """Whether the last part of a title looks like the name of a site, not like a part of the headline."""
    if ":" in separator or after[:1].islower() or re.search(r"\d", after):
        return False
    is_short = len(after.split()) <= _SITE_WORDS or "|" in separator
    return is_short and len(before) >= max(HEADLINE_CHARACTERS, len(after) + 1)
