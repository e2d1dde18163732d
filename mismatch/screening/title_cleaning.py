"""Titles lose what is not headline before they are compared.

A title may carry the site's name or its section ("… | The Daily Ferry", "Sport - …"), a label ("WATCH: …"), a template
that every headline of a column repeats ("September 18, 1981, Forty Years Ago: …"), HTML entities, or be a URL. Labels,
well-known sites, entities and URLs are known; what many titles of one source share at their beginning or end is a *habit*,
which is learned from the stream and kept with the model.
"""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from mismatch.compiling.kernels import kernel
from mismatch.records.short_texts import TITLE_BYTES, beginnings
from mismatch.screening.markup import without_markup
from mismatch.screening.title_parts import DATE_KEY, ROUNDS, cut_rows, known_parts, part_keys
from mismatch.terms.hashing import text_hashes
from mismatch.terms.text_buffers import text_buffers

MIN_TITLES = 6
"""titles of a source that must share a part before it is a habit"""
MIN_SHARE = 0.12
"""share of the source's titles; a subject that many headlines begin with ("Coronavirus: …") stays below it"""
NO_HABITS: NDArray[np.uint64] = np.empty(0, np.uint64)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]{2,8}\d?);")
_URL = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_ACCOUNT = re.compile(r"\s(?:via|by|from)\s+@\w{2,}|\s@\w{2,}(?=\s*$)", re.IGNORECASE)
_HASHTAG = re.compile(r"#(\w+)")
_INSIDE_HASHTAG = re.compile(r"(?<=[a-zà-þ]{2})(?=[A-Z][a-z])")
_STANDFIRST = re.compile(
    r"(?:(?<=[a-z?!”)])|(?<=\d{4}))(?:The|A|An|In|On|At|He|She|It|They|This|These|After|As|But|With|For|From|When|While|How|Why|What"
    r"|Some|Der|Die|Das|Ein|Eine|Im|Nach|Wie|Le|La|Les|Un|Une|Des|Dans|El|Los|Las|Una|En|Il|Het|De|Een) (?=\S)"
)
"""where the first word of a standfirst touches the last one of the headline"""
_MIN_HEADLINE_WORDS, _MIN_STANDFIRST_WORDS = 4, 6
_DAMAGED = re.compile(r"[^\W\d_]\?(?=[^\W\d_A-Z])|\ufffd")
"""in a word of which a letter was lost on the way: a question mark or a replacement character stands in its place"""
_MIN_UNDAMAGED = 3
_LONGEST_HEADLINE = 4096
"""characters: in a longer text, entities are decoded and tags left out, and that is all"""
_SLUG_WORD = re.compile(r"[^\W\d_]{2,}")


def learn_habits(titles: pa.Array, sources: pa.Array | None = None) -> NDArray[np.uint64]:
    """The parts that many titles of one source share, as sorted hashes, shape (n_habits,).

    The order of the rows does not matter. Without sources, all titles are of one source.

    Examples
    --------
    >>> titles = pa.array([f"{n} ships lost in fog - Harbour" for n in ("Two", "Five", "Six", "Ten", "Nine", "Eight")])
    >>> clean_titles(pa.array(["Pier closed for a week - Harbour"]), None, learn_habits(titles)).to_pylist()
    ['Pier closed for a week']
    """
    titles = _decoded(titles)
    found = [NO_HABITS]
    habits = NO_HABITS
    names = _source_hashes(sources, len(titles))
    _, inverse, totals = np.unique(names, return_inverse=True, return_counts=True)
    for _ in range(ROUNDS):  # what stands behind a part shows when that is cut
        text = text_buffers(titles)
        keys = np.zeros((len(text.valid), 2), np.uint64)
        part_keys(text.data, text.offsets, text.valid, names, known_parts(), keys)
        for side in range(2):
            rows = np.flatnonzero(keys[:, side] > DATE_KEY)
            value, first, count = np.unique(keys[rows, side], return_index=True, return_counts=True)
            total = totals[inverse[rows[first]]]
            found.append(value[(count >= MIN_TITLES) & (count >= MIN_SHARE * total)])
        habits = np.unique(np.concatenate(found))
        titles = _cut(titles, names, habits)
    return habits


def clean_titles(
    titles: pa.Array, sources: pa.Array | None = None, habits: NDArray[np.uint64] = NO_HABITS
) -> pa.Array | pa.ChunkedArray:
    """The titles without what is not headline, row by row; null stays null, and no title is emptied.

    Parameters
    ----------
    titles : Arrow text of any kind
    sources : Arrow text of the same length, optional
        The source of each title, for the habits.
    habits : uint64 array of shape (n_habits,), ascending
        What `learn_habits` gave.

    Examples
    --------
    >>> clean_titles(pa.array(["WATCH: Ferry runs aground in fog", "Fish &amp; ships", None])).to_pylist()
    ['Ferry runs aground in fog', 'Fish & ships', None]
    """
    titles = _decoded(titles)
    return _cut(titles, _source_hashes(sources, len(titles)), habits)


def _cut(titles: pa.Array, names: NDArray[np.uint64], habits: NDArray[np.uint64]) -> pa.Array:
    text = text_buffers(titles)
    if not len(text.valid):
        return titles
    starts, stops = text.offsets[:-1].copy(), text.offsets[1:].copy()
    if not cut_rows(text.data, starts, stops, text.valid, names, known_parts(), habits):
        return titles
    offsets = np.zeros(len(starts) + 1, np.int64)
    np.cumsum(np.where(text.valid > 0, stops - starts, 0), out=offsets[1:])
    data = np.empty(max(int(offsets[-1]), 1), np.uint8)
    _copy(text.data, starts, offsets, data)
    mask = pa.array(text.valid > 0)
    buffers = [mask.buffers()[1], pa.py_buffer(offsets), pa.py_buffer(data)]
    return pa.Array.from_buffers(pa.large_string(), len(starts), buffers).cast(titles.type)


def _decoded(titles: pa.Array) -> pa.Array:
    """The titles without HTML, and URLs replaced by the words of their slugs."""
    if isinstance(titles, pa.ChunkedArray):
        titles = titles.combine_chunks()
    titles = beginnings(titles, TITLE_BYTES)
    text = text_buffers(titles)
    rows = np.flatnonzero(_is_odd(text.data, text.offsets, text.valid))
    if not len(rows):
        return titles
    mask = np.zeros(len(titles), bool)
    mask[rows] = True
    replaced = pa.array([_plain(title) for title in titles.take(pa.array(rows)).to_pylist()], titles.type)
    return pc.replace_with_mask(titles, pa.array(mask), replaced)


def _plain(title: str) -> str:
    decoded = " ".join(without_markup(title).split()) if _ENTITY.search(title) or "<" in title else title
    if len(decoded) > _LONGEST_HEADLINE:
        return decoded if decoded.strip() else title
    if "#" in decoded or "@" in decoded:
        words = _HASHTAG.sub(lambda tag: _INSIDE_HASHTAG.sub(" ", tag[1]), _ACCOUNT.sub(" ", decoded)).strip()
        decoded = words or decoded
    decoded = _without_standfirst(decoded)
    url = _URL.search(decoded)
    if url is None:
        decoded = _without_damaged(decoded)
        return decoded if decoded.strip() else title
    around = f"{decoded[: url.start()]} {decoded[url.end() :]}".strip()
    if len(_SLUG_WORD.findall(around)) >= 3:
        return around
    return slug_words(url.group()) or title


def _without_standfirst(title: str) -> str:
    """The headline of a title to which the first sentence of the page was added without a space."""
    found = _STANDFIRST.search(title)
    if found is None:
        return title
    headline = title[: found.start()]
    is_long = len(title[found.start() :].split()) >= _MIN_STANDFIRST_WORDS
    return headline if is_long and len(headline.split()) >= _MIN_HEADLINE_WORDS else title


def _without_damaged(title: str) -> str:
    """The title without the words that lost a letter, where enough others are left: no body has halves of words."""
    left = " ".join(word for word in title.split() if not _DAMAGED.search(word))
    return left if left != title and len(_SLUG_WORD.findall(left)) >= _MIN_UNDAMAGED else title


def slug_words(url: str) -> str:
    """The words of the last part of a URL's path that holds some."""
    try:
        path = unquote(urlsplit(url if "://" in url else "//" + url).path)
    except ValueError:
        return ""
    for part in reversed(path.split("/")):
        words = _SLUG_WORD.findall(re.sub(r"\.[a-z]{2,5}$", "", part).replace("_", " "))
        if len(words) >= 3:
            return " ".join(words)
    return ""


@kernel
def _is_odd(data, offsets, valid):
    """1 where there may be a tag ("<" and ">"), an entity ("&" and ";"), a URL ("://" or "www."), a hashtag, an account, a
    capital that touches the word before it, or a word that lost a letter."""
    out = np.zeros(valid.shape[0], np.uint8)
    for row in range(valid.shape[0]):
        if valid[row] == 0:
            continue
        ampersand = False
        bracket = False
        spaces = 0
        touching = -1  # spaces before the first capital that touches a word
        for p in range(offsets[row], offsets[row + 1]):
            b = data[p]
            if b == 38:
                ampersand = True
            elif b == 60:
                bracket = True
            elif b == 35 or b == 64:
                out[row] = 1
            elif b == 63 and p > offsets[row] and p + 1 < offsets[row + 1]:  # ? between letters
                before, behind = data[p - 1], data[p + 1]
                if (97 <= before | 32 < 123 or before >= 128) and (97 <= behind < 123 or behind >= 128):
                    out[row] = 1
            elif b == 0xEF and p + 2 < offsets[row + 1] and data[p + 1] == 0xBF and data[p + 2] == 0xBD:
                out[row] = 1
            elif b == 32:
                spaces += 1
            elif 65 <= b < 91 and touching < 0 and spaces >= _MIN_HEADLINE_WORDS - 1:
                before = data[p - 1]
                behind = data[p + 1] if p + 1 < offsets[row + 1] else np.uint8(0)
                small = 97 <= before < 123 or 48 <= before < 58 or before in (33, 41, 63, 0x9D)
                if small and (97 <= behind < 123 or behind == 32):
                    touching = spaces
            elif (
                (b == 59 and ampersand)
                or (b == 62 and bracket)
                or (b == 47 and p > offsets[row] and data[p - 1] == 58 and p + 1 < offsets[row + 1] and data[p + 1] == 47)
                or (b == 46 and p >= offsets[row] + 3 and data[p - 1] | 32 == 119 and data[p - 2] | 32 == 119)
            ):
                out[row] = 1
        if touching >= 0 and spaces - touching >= _MIN_STANDFIRST_WORDS - 1:
            out[row] = 1
    return out


@kernel
def _copy(data, starts, offsets, out):
    for row in range(starts.shape[0]):
        at = starts[row]
        for p in range(offsets[row], offsets[row + 1]):
            out[p] = data[at + p - offsets[row]]


def _source_hashes(sources: pa.Array | None, n: int) -> NDArray[np.uint64]:
    return text_hashes(text_buffers(pa.nulls(n, pa.large_string()) if sources is None else sources))
