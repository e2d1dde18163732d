"""Titles lose what is not headline before they are judged.

A title may carry the site's name or its section ("… | The Daily Ferry", "Sport - …"), a label ("WATCH: …"), a template
that every headline of a column repeats ("September 18, 1981, Forty Years Ago: …"), HTML entities, or be a URL. What many
titles of one source share at their beginning or end is learned from the stream; labels, entities and URLs are known.

Titles are looked at in compiled code: a part before the first or behind the last separator has a *key*, the hash of its
words without dates and numbers, and is cut when the key was learned for its source or is that of a label. Python sees only
titles that hold an entity or a URL.
"""

from __future__ import annotations

import html
import re
from functools import lru_cache
from urllib.parse import unquote, urlsplit

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from mismatch.compiling.kernels import kernel, part
from mismatch.terms.hashing import mix
from mismatch.terms.text_buffers import text_buffers

MIN_TITLES = 6
"""titles of a source that must share a part before it is cut"""
MIN_SHARE = 0.12
"""share of the source's titles; a subject that many headlines begin with ("Coronavirus: …") stays below it"""
ROUNDS = 3
"""parts that are cut from either end at most"""
LONGEST_PART = 80
"""in bytes: what is longer is no site's name"""
LABELS = """
opinion | watch | breaking | breaking news | just in | video | exclusive | live | live updates | live blog |
update | updated | listen | photos | in pictures | gallery | podcast | read | must read | must watch | editorial
| column | commentary | letters | letter to the editor | op ed | sponsored | advertisement | premium |
subscriber only | corrected | correction | refile | developing | alert | news alert | fact check | opinión |
vídeo | en vivo | en directo | última hora | exclusiva | direct | en direct | vidéo | exclusif | tribune | édito
| opinion | eilmeldung | kommentar | liveticker | live ticker | exklusiv | eil | leitartikel | in diretta |
diretta | esclusiva | opinião | ao vivo | exclusivo | urgente | son dakika | canlı | özel haber | срочно | видео
| мнение | эксклюзив | عاجل | فيديو | مباشر | رأي | वीडियो | लाइव | ब्रेकिंग न्यूज़ | 快讯 | 视频 | 直播 | 独家 | 速報 |
動画 | 社説 | 속보 | 단독 | 영상 | bidiyo
"""
_MONTHS = """
january february march april may june july august september october november december jan feb mar apr jun jul
aug sep sept oct nov dec januar februar märz mai juni juli oktober dezember janvier février mars avril juin
juillet août septembre octobre novembre décembre enero febrero marzo abril mayo junio julio agosto septiembre
octubre noviembre diciembre monday tuesday wednesday thursday friday saturday sunday am pm ist gmt est utc
"""
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]{2,8}\d?);")
_URL = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_SLUG_WORD = re.compile(r"[^\W\d_]{2,}")
_FIRST, _LAST = np.int64(1), np.int64(2)
_DATE_KEY = np.uint64(1)
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


class TitleCleaner:
    """Cuts what is not headline from titles. `learn` once, before judging begins; then `clean` from any thread.

    Examples
    --------
    >>> cleaner = TitleCleaner()
    >>> cleaner.clean(pa.array(["WATCH: Ferry runs aground in fog", "Fish &amp; ships", None])).to_pylist()
    ['Ferry runs aground in fog', 'Fish & ships', None]
    """

    def __init__(self) -> None:
        self._learned = np.empty(0, np.uint64)

    def learn(self, titles: pa.Array, sources: pa.Array | None = None) -> None:
        """Learns what many titles of one source share. Without sources, all titles are of one source."""
        titles = _decoded(titles)
        found = []
        names = _source_hashes(sources, len(titles))
        _, inverse, totals = np.unique(names, return_inverse=True, return_counts=True)
        for _ in range(ROUNDS):  # what stands behind a part shows when that is cut
            text = text_buffers(titles)
            keys = np.zeros((len(text.valid), 2), np.uint64)
            _parts(text.data, text.offsets, text.valid, names, _months(), keys)
            for side in range(2):
                rows = np.flatnonzero(keys[:, side] > _DATE_KEY)
                value, first, count = np.unique(keys[rows, side], return_index=True, return_counts=True)
                total = totals[inverse[rows[first]]]
                found.append(value[(count >= MIN_TITLES) & (count >= MIN_SHARE * total)])
            self._learned = np.unique(np.concatenate(found))
            titles = self._cut(titles, names)

    def clean(self, titles: pa.Array, sources: pa.Array | None = None) -> pa.Array:
        """The titles without what is not headline, row by row; null stays null, and no title is emptied."""
        titles = _decoded(titles)
        return self._cut(titles, _source_hashes(sources, len(titles)))

    def _cut(self, titles: pa.Array, names: NDArray[np.uint64]) -> pa.Array:
        text = text_buffers(titles)
        if not len(text.valid):
            return titles
        known = np.unique(np.concatenate([self._learned, _label_keys()]))
        starts, stops = text.offsets[:-1].copy(), text.offsets[1:].copy()
        if not _cut_rows(text.data, starts, stops, text.valid, names, _months(), known):
            return titles
        offsets = np.zeros(len(starts) + 1, np.int64)
        np.cumsum(np.where(text.valid > 0, stops - starts, 0), out=offsets[1:])
        data = np.empty(max(int(offsets[-1]), 1), np.uint8)
        _copy(text.data, starts, offsets, data)
        mask = pa.array(text.valid > 0)
        buffers = [mask.buffers()[1], pa.py_buffer(offsets), pa.py_buffer(data)]
        return pa.Array.from_buffers(pa.large_string(), len(starts), buffers).cast(titles.type)


def _decoded(titles: pa.Array) -> pa.Array:
    """The titles with HTML entities decoded and URLs replaced by the words of their slugs."""
    if isinstance(titles, pa.ChunkedArray):
        titles = titles.combine_chunks()
    text = text_buffers(titles)
    rows = np.flatnonzero(_is_odd(text.data, text.offsets, text.valid))
    if not len(rows):
        return titles
    mask = np.zeros(len(titles), bool)
    mask[rows] = True
    replaced = pa.array([_plain(title) for title in titles.take(pa.array(rows)).to_pylist()], titles.type)
    return pc.replace_with_mask(titles, pa.array(mask), replaced)


def _plain(title: str) -> str:
    decoded = html.unescape(title) if _ENTITY.search(title) else title
    url = _URL.search(decoded)
    if url is None:
        return decoded if decoded.strip() else title
    around = f"{decoded[: url.start()]} {decoded[url.end() :]}".strip()
    if len(_SLUG_WORD.findall(around)) >= 3:
        return around
    return _slug(url.group()) or title


def _slug(url: str) -> str:
    """The words of the last part of a URL's path that holds some."""
    try:
        path = unquote(urlsplit(url if "://" in url else "//" + url).path)
    except ValueError:
        return ""
    for piece in reversed(path.split("/")):
        words = _SLUG_WORD.findall(re.sub(r"\.[a-z]{2,5}$", "", piece).replace("_", " "))
        if len(words) >= 3:
            return " ".join(words)
    return ""


@kernel
def _is_odd(data, offsets, valid):
    """1 where there may be an entity ("&" and ";") or a URL ("://" or "www.")."""
    out = np.zeros(valid.shape[0], np.uint8)
    for row in range(valid.shape[0]):
        if valid[row] == 0:
            continue
        ampersand = False
        for p in range(offsets[row], offsets[row + 1]):
            b = data[p]
            if b == 38:
                ampersand = True
            elif (
                (b == 59 and ampersand)
                or (b == 47 and p > offsets[row] and data[p - 1] == 58 and p + 1 < offsets[row + 1] and data[p + 1] == 47)
                or (b == 46 and p >= offsets[row] + 3 and data[p - 1] | 32 == 119 and data[p - 2] | 32 == 119)
            ):
                out[row] = 1
    return out


@part(inline=True)
def _separator(data, p, start, stop):
    """Length in bytes of the separator at `p` with the space around it, and at which side it separates; (0, 0) if none."""
    b = data[p]
    if b == 58:  # a colon: only what stands before it may be a label
        return (2, 1) if p + 1 < stop and data[p + 1] == 32 else (0, 0)
    if b == 124:
        return 1, 3
    if b == 0xEF and p + 2 < stop and data[p + 1] == 0xBC:
        if data[p + 2] == 0x9A:
            return 3, 1
        if data[p + 2] == 0x9C:
            return 3, 3
    if p == start or data[p - 1] != 32:
        return 0, 0
    if b == 45:
        size = 2 if p + 1 < stop and data[p + 1] == 45 else 1
    elif b == 0xC2 and p + 1 < stop and (data[p + 1] == 0xB7 or data[p + 1] == 0xBB):
        size = 2
    elif b == 0xE2 and p + 2 < stop and data[p + 1] == 0x80 and data[p + 2] in (0x93, 0x94, 0xA2):
        size = 3
    else:
        return 0, 0
    return (size + 1, 3) if p + size < stop and data[p + size] == 32 else (0, 0)


@part
def _key(data, pos, stop, months):
    """The hash of the words without numbers and dates; 1 for a date alone, 0 for nothing."""
    total = np.uint64(0)
    word = np.uint64(0)
    digit = False
    dated = False
    kept = 0
    for p in range(pos, stop + 1):
        b = data[p] if p < stop else 32
        if 65 <= b < 91:
            b += 32
        if 97 <= b < 123 or b >= 128 or 48 <= b < 58:
            word = (word + np.uint64(b)) * _MULTIPLIER
            digit |= 48 <= b < 58
        elif word != 0:
            h = mix(word)
            place = np.searchsorted(months, h)
            if place < months.shape[0] and months[place] == h:
                dated = True
            elif not digit:
                total = (total + h) * _MULTIPLIER
                kept += 1
            word = np.uint64(0)
            digit = False
    if kept == 0:
        return _DATE_KEY if dated else np.uint64(0)
    return mix(total) | np.uint64(2)


@part
def _ends(data, start, stop, months):
    """Keys of the part before the first and behind the last separator, where the rest begins, and where it ends."""
    first = np.int64(-1)
    last = np.int64(-1)
    head = start
    p = start
    while p < stop:
        size, sides = _separator(data, p, start, stop)
        if size > 0:
            if first < 0:
                first = p
                head = p + size
            if sides & _LAST:
                last = p
                tail = p + size
            p += size
        else:
            p += 1
    before = np.uint64(0)
    behind = np.uint64(0)
    if first > start and first - start <= LONGEST_PART:
        before = _key(data, start, first, months)
    if last > start and stop - tail <= LONGEST_PART:
        behind = _key(data, tail, stop, months)
    return before, behind, head, last


@kernel
def _parts(data, offsets, valid, names, months, keys):
    for row in range(valid.shape[0]):
        if valid[row]:
            before, behind, _, _ = _ends(data, offsets[row], offsets[row + 1], months)
            keys[row, 0] = _of_source(before, names[row], _FIRST)
            keys[row, 1] = _of_source(behind, names[row], _LAST)


@part(inline=True)
def _of_source(key, name, side):
    return mix(key ^ (name * _MULTIPLIER) ^ np.uint64(side)) | np.uint64(2) if key > _DATE_KEY else key


@part(inline=True)
def _is_known(key, known):
    place = np.searchsorted(known, key)
    return place < known.shape[0] and known[place] == key


@part
def _is_headline(data, start, stop):
    """Whether what is left can stand alone: two words, or eight bytes beyond ASCII."""
    words = 0
    beyond = 0
    inside = False
    for p in range(start, stop):
        b = data[p]
        letter = 97 <= (b | 32) < 123 or b >= 128 or 48 <= b < 58
        words += letter and not inside
        inside = letter
        beyond += b >= 128
    return words >= 2 or beyond >= 8


@kernel
def _cut_rows(data, starts, stops, valid, names, months, known):
    """Moves starts and stops inwards over known parts; returns how many rows changed."""
    changed = 0
    for row in range(valid.shape[0]):
        if valid[row] == 0:
            continue
        start = starts[row]
        stop = stops[row]
        for _ in range(2 * ROUNDS):
            before, behind, head, last = _ends(data, start, stop, months)
            label = _of_source(before, np.uint64(0), _FIRST)
            if before != 0 and (
                before == _DATE_KEY or _is_known(label, known) or _is_known(_of_source(before, names[row], _FIRST), known)
            ):
                if not _is_headline(data, head, stop):
                    break
                start = head
            elif behind != 0 and (behind == _DATE_KEY or _is_known(_of_source(behind, names[row], _LAST), known)):
                if not _is_headline(data, start, last):
                    break
                stop = last
            else:
                break
            while start < stop and data[start] == 32:
                start += 1
            while stop > start and data[stop - 1] == 32:
                stop -= 1
        changed += start != starts[row] or stop != stops[row]
        starts[row] = start
        stops[row] = stop
    return changed


@kernel
def _copy(data, starts, offsets, out):
    for row in range(starts.shape[0]):
        size = offsets[row + 1] - offsets[row]
        out[offsets[row] : offsets[row + 1]] = data[starts[row] : starts[row] + size]


@kernel
def _name_hashes(data, offsets, valid):
    out = np.zeros(valid.shape[0], np.uint64)
    for row in range(valid.shape[0]):
        h = np.uint64(7)
        if valid[row]:
            for p in range(offsets[row], offsets[row + 1]):
                h = (h + np.uint64(data[p])) * _MULTIPLIER
        out[row] = mix(h) | np.uint64(1)  # 0 is the source of labels
    return out


def _source_hashes(sources: pa.Array | None, n: int) -> NDArray[np.uint64]:
    texts = text_buffers(pa.nulls(n, pa.large_string()) if sources is None else sources)
    return _name_hashes(texts.data, texts.offsets, texts.valid)


@kernel
def _word_hash(data):
    h = np.uint64(0)
    for b in data:
        h = (h + np.uint64(b)) * _MULTIPLIER
    return mix(h)


@kernel
def _label_key(data, months):
    return _of_source(_key(data, np.int64(0), data.shape[0], months), np.uint64(0), _FIRST)


@lru_cache(maxsize=1)
def _months() -> NDArray[np.uint64]:
    return np.unique(np.array([_word_hash(np.frombuffer(word.encode(), np.uint8)) for word in _MONTHS.split()], np.uint64))


@lru_cache(maxsize=1)
def _label_keys() -> NDArray[np.uint64]:
    labels = [part.strip() for part in LABELS.replace("\n", " ").split("|")]
    forms = {form for label in labels for form in (label, label.upper(), label.title())}  # `_key` folds ASCII alone
    return np.unique(np.array([_label_key(np.frombuffer(form.encode(), np.uint8), _months()) for form in forms], np.uint64))
