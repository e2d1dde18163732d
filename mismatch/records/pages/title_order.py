"""The candidates for the title of a page in order, the likeliest first, without the names of sites.

1. What several places of the page agree on stands before what only one of them says, and what is said equally often stands
   in the order of `SOURCES`.
2. Where JSON-LD says nothing, `og:title` stands before a heading that is worded otherwise.
3. A page that says nothing for machines (JSON-LD, `og:title`, `dc.title`) goes by its `<title>`: the headings of such pages
   are often those of the site, or of a section.
"""

from __future__ import annotations

from collections import Counter

from mismatch.records.pages.candidates import FOR_MACHINES, SOURCES, Candidate, letters, normalised, says_more
from mismatch.records.pages.site_names import HEADLINE_CHARACTERS, cut, cut_element, cut_only_title, what_surrounds


def ordered(candidates: list[Candidate], sites: set[str]) -> list[Candidate]:
    """All of them once, the likeliest first.

    Parameters
    ----------
    candidates
        As they stand on the page.
    sites
        Names of the site (see `site_names`).
    """
    sites = sites | what_surrounds(candidates)
    sources = {source for source, _ in candidates}
    is_silent = not sources & FOR_MACHINES
    for_machines = {letters(title) for source, title in candidates if source in FOR_MACHINES}

    def shortened(source: str, title: str) -> str:
        if source != "title" or letters(title) in for_machines:
            return cut(title, sites)
        return cut_only_title(title, sites) if is_silent else cut_element(title, sites)

    found = _by_agreement(
        list(dict.fromkeys(Candidate(source, shortened(source, title)) for source, title in candidates)), sites
    )
    first = None
    if is_silent:
        first = next((one for one in found if one.source == "title" and letters(one.title) not in sites), None)
    elif "json-ld" not in sources:
        whole = next((normalised(title) for source, title in candidates if source == "title"), "")
        first = next((one for one in found if one.source == "og:title" and _is_headline(one, found, whole, sites)), None)
    if first is None:
        return found
    key = normalised(first.title)
    return sorted(found, key=lambda one: normalised(one.title) != key)


def _by_agreement(candidates: list[Candidate], sites: set[str]) -> list[Candidate]:
    keys = [normalised(title) for _, title in candidates]
    votes = Counter(key for _, key in {(one.source, key) for one, key in zip(candidates, keys, strict=True)})
    words = [set(key.split()) for key in keys]

    def rank(i: int) -> tuple[int, int, int]:
        elsewhere = [words[j] for j in range(len(candidates)) if candidates[j].source != candidates[i].source]
        if not keys[i] or letters(candidates[i].title) in sites or has_name(i):
            tier = 2
        else:  # a heading that shares no word with anything else is that of the site, not of the page
            is_heading = candidates[i].source == "h1"
            tier = int(is_heading and bool(elsewhere) and not any(words[i] & others for others in elsewhere))
        return tier, -votes[keys[i]], SOURCES.index(candidates[i].source)

    def has_name(i: int) -> bool:
        """Whether another candidate is most of this one; the rest is likely a name."""
        if candidates[i].source not in ("title", "og:title"):
            return False
        return any(
            len(key) >= max(HEADLINE_CHARACTERS, 0.4 * len(keys[i])) and says_more(keys[i], key) for key in keys
        )  # fmt: skip

    return [candidates[i] for i in sorted(range(len(candidates)), key=rank)]


def _is_headline(shared: Candidate, found: list[Candidate], whole: str, sites: set[str]) -> bool:
    """Whether `og:title` is the headline in other words than the likeliest candidate, and not something else. Where it only
    says more, that may be the name of the site; it is none if `<title>`, normalised, goes on behind it."""
    key = normalised(shared.title)
    others = {word for one in found if one.source != "og:title" for word in normalised(one.title).split()}
    if letters(shared.title) in sites or not others & set(key.split()):
        return False
    return not says_more(key, normalised(found[0].title)) or whole.startswith(key + " ")
