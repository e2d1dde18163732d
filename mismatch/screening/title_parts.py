"""The parts of a title in compiled code: where they are divided, what they are, and which of them are cut.

A part before the first or behind the last separator has a *key*, the hash of its words without dates and numbers. It is
cut when its key is a habit of its source, a known label, section or site, and when its looks say that it names a site.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mismatch.compiling.kernels import kernel, part
from mismatch.screening.title_names import DATE_WORDS, LABELS, MEDIA_WORDS, SECTIONS, SITES, parts_of
from mismatch.terms.hashing import mix, place_among

ROUNDS = 3
"""parts that are cut from either end at most"""
LONGEST_PART = 80
"""in bytes: what is longer names no site"""
MAX_SITE_WORDS = 5
MAX_BARRED_WORDS = 3
"""words behind a bar that are cut for their capitals alone"""
MIN_REST_WORDS = 3
"""words that must be left where nothing but its capitals says that a part names a site"""
DATE_NUMBERS = 3
"""numbers without words that make a date"""
MAX_CLAIM_WORDS = 12
"""words behind a bar that are cut for a word that media bear"""
PERHAPS, PLAINLY = np.int64(1), np.int64(2)
_FIRST, _LAST = np.int64(1), np.int64(2)
DATE_KEY = np.uint64(1)
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_NO_KEY = np.uint64(0)
_ZERO = np.int64(0)
_TWO = np.int64(2)
_NO = np.bool_(False)


class KnownParts(NamedTuple):
    """What is known of titles without having seen any: sorted hashes."""

    dates: NDArray[np.uint64]
    """of words"""
    media: NDArray[np.uint64]
    """of words"""
    first: NDArray[np.uint64]
    """keys of whole parts that are cut from the beginning"""
    last: NDArray[np.uint64]
    """keys of whole parts that are cut from the end"""


@part(inline=True)
def _separator(data, p, start, stop):
    """Length in bytes of the separator at `p` with the space around it, the sides that it separates, and whether it is a
    bar, which nobody sets inside a sentence; (0, 0, False) if there is none."""
    b = data[p]
    if b == 58:  # a colon: only what stands before it may be a label
        if p + 1 < stop and data[p + 1] == 32:
            return 2, 1, False
        return 0, 0, False
    if b == 124:
        return 1, 3, True
    if b == 0xEF and p + 2 < stop:  # both in full width
        if data[p + 1] == 0xBC and data[p + 2] == 0x9A:
            return 3, 1, False
        if data[p + 1] == 0xBD and data[p + 2] == 0x9C:
            return 3, 3, True
    if p == start or data[p - 1] != 32:
        return 0, 0, False
    is_bar = False
    if b == 45:
        size = 2 if p + 1 < stop and data[p + 1] == 45 else 1
    elif b == 0xC2 and p + 1 < stop and (data[p + 1] == 0xB7 or data[p + 1] == 0xBB or data[p + 1] == 0xAB):
        size = 2
        is_bar = data[p + 1] != 0xB7
    elif b == 0xE2 and p + 2 < stop and data[p + 1] == 0x80 and data[p + 2] in (0x93, 0x94, 0xA2, 0xB9, 0xBA):
        size = 3
        is_bar = data[p + 2] >= 0xB9
    else:
        return 0, 0, False
    if p + size < stop and data[p + size] == 32:
        return size + 1, 3, is_bar
    return 0, 0, False


@part(inline=True)
def _has(sorted_hashes, key):
    place = place_among(sorted_hashes, key)
    return place >= 0


@kernel
def _key(data, pos, stop, dates):
    """The hash of the words without numbers and dates; 1 for a date alone ("4 March", "2026-03-04"), 0 for nothing."""
    total = np.uint64(0)
    word = np.uint64(0)
    digit = False
    numbers = _ZERO
    in_number = False
    dated = False
    kept = _ZERO
    for p in range(pos, stop + 1):
        b = data[p] if p < stop else 32
        if 65 <= b < 91:
            b += 32
        numbers += 48 <= b < 58 and not in_number
        in_number = 48 <= b < 58
        if 97 <= b < 123 or b >= 128 or in_number:
            word = (word + np.uint64(b)) * _MULTIPLIER
            digit |= in_number
        elif word != 0:
            h = mix(word)
            if _has(dates, h):
                dated = True
            elif not digit:
                total = (total + h) * _MULTIPLIER
                kept += 1
            word = np.uint64(0)
            digit = False
    if kept == 0:
        return DATE_KEY if dated or numbers >= DATE_NUMBERS else _NO_KEY
    return mix(total) | np.uint64(2)


@part
def _site_looks(data, start, stop, is_bar, media):
    """Whether a part looks like the name of a site: `PLAINLY` if it is short, without a digit, in capitals, and has a word
    that media bear, or is an address (`example.org`); `PERHAPS` if it is a few words in capitals behind a bar, in letters
    that have capitals, or more that speak of media ("News from the coast since 1871"); else 0."""
    words = _ZERO
    small = _ZERO
    known = False
    dots = _ZERO
    spaces = _ZERO
    beyond = _ZERO
    letters = _ZERO
    odd = False
    word = np.uint64(0)
    first = np.uint8(0)
    length = _ZERO
    for p in range(start, stop + 1):
        b = data[p] if p < stop else np.uint8(32)
        lower = b + 32 if 65 <= b < 91 else b
        if 97 <= lower < 123 or b >= 128 or b == 39:
            if length == 0:
                first = b
            word = (word + np.uint64(lower)) * _MULTIPLIER
            length += 1
            beyond += b >= 128
            letters += 1
        elif 48 <= b < 58:
            odd = True
        else:
            if length:
                words += 1
                small += 97 <= first < 123 and length > 3
                known |= _has(media, mix(word))
                word = np.uint64(0)
                length = _ZERO
            spaces += b == 32 and p < stop
            dots += b == 46 and start < p < stop - 2
            odd |= b == 44
            if b == 33 or b == 63 or b == 34:  # ! ? "
                return _ZERO
    if is_bar and known and words <= MAX_CLAIM_WORDS and (odd or small > 0 or words > MAX_SITE_WORDS):
        return PERHAPS
    if odd or words == 0 or words > MAX_SITE_WORDS:
        return _ZERO
    if spaces == 0 and dots > 0:
        return PLAINLY if beyond == 0 else _ZERO
    if small > 0:
        return _ZERO
    if known:
        return PLAINLY
    return PERHAPS if is_bar and words <= MAX_BARRED_WORDS and 2 * beyond <= letters else _ZERO


@part
def _ends(data, start, stop, dates):
    """Keys of the part before the first and behind the last separator, where the rest begins, where it ends, where the last
    part begins, and whether the separators are bars."""
    first = np.int64(-1)
    last = np.int64(-1)
    head = start
    tail = start
    p = start
    first_is_bar = False
    last_is_bar = False
    while p < stop:
        size, sides, is_bar = _separator(data, p, start, stop)
        if size > 0:
            if first < 0:
                first = p
                head = p + size
                first_is_bar = is_bar
            if sides & _LAST:
                last = p
                tail = p + size
                last_is_bar = is_bar
            p += size
        else:
            p += 1
    before = _NO_KEY
    behind = _NO_KEY
    if first > start and first - start <= LONGEST_PART:
        before = _key(data, start, first, dates)
    if last > start and stop - tail <= LONGEST_PART:
        behind = _key(data, tail, stop, dates)
    return before, behind, first, head, last, tail, first_is_bar, last_is_bar


@part(inline=True)
def _of_source(key, name, side):
    return mix(key ^ (name * _MULTIPLIER) ^ np.uint64(side)) | np.uint64(2) if key > DATE_KEY else key


@kernel
def part_keys(data, offsets, valid, names, known, keys):
    """Fills `keys`, shape (n_rows, 2), with the keys of the first and the last part of each title, by its source."""
    for row in range(valid.shape[0]):
        if valid[row]:
            before, behind, _, _, _, _, _, _ = _ends(data, offsets[row], offsets[row + 1], known.dates)
            keys[row, 0] = _of_source(before, names[row], _FIRST)
            keys[row, 1] = _of_source(behind, names[row], _LAST)


@part
def _can_stand_alone(data, start, stop, least):
    """Whether what is left can stand alone: so many words, or eight bytes beyond ASCII."""
    words = _ZERO
    beyond = _ZERO
    inside = False
    for p in range(start, stop):
        b = data[p]
        letter = 97 <= (b | 32) < 123 or b >= 128 or 48 <= b < 58
        words += letter and not inside
        inside = letter
        beyond += b >= 128
    return words >= least or beyond >= 8


@kernel
def cut_rows(data, starts, stops, valid, names, known, habits):
    """Moves starts and stops inwards over parts that are no headline; returns how many rows changed."""
    changed = _ZERO
    for row in range(valid.shape[0]):
        if valid[row] == 0:
            continue
        start = starts[row]
        stop = stops[row]
        for _ in range(2 * ROUNDS):
            before, behind, first, head, last, tail, first_is_bar, last_is_bar = _ends(data, start, stop, known.dates)
            cut_first = before != 0 and (
                before == DATE_KEY or _has(known.first, before) or _has(habits, _of_source(before, names[row], _FIRST))
            )
            cut_last = behind != 0 and (behind == DATE_KEY or _has(habits, _of_source(behind, names[row], _LAST)))
            if cut_first:
                if not _can_stand_alone(data, head, stop, _TWO):
                    break
                start = head
            elif cut_last:
                if not _can_stand_alone(data, start, last, _TWO):
                    break
                stop = last
            else:
                site = _ZERO
                if behind != 0:
                    site = PLAINLY if _has(known.last, behind) else _site_looks(data, tail, stop, last_is_bar, known.media)
                if site == 0 and last_is_bar and last > start:  # what a site says of itself stands behind its name
                    _, _, _, _, name_last, name, _, _ = _ends(data, start, last, known.dates)
                    if name_last > start and _site_looks(data, name, last, _NO, known.media) == PLAINLY:
                        site = PLAINLY
                        last = name_last
                if site > 0 and _can_stand_alone(data, start, last, 1 if site == PLAINLY else MIN_REST_WORDS):
                    stop = last
                else:
                    site = _ZERO
                    if before != 0 and _has(known.last, before):
                        site = PLAINLY
                    elif before != 0 and first_is_bar:
                        site = _site_looks(data, start, first, _NO, known.media)
                    if site == _ZERO or not _can_stand_alone(data, head, stop, _TWO):
                        break
                    start = head
            while start < stop and data[start] == 32:
                start += 1
            while stop > start and data[stop - 1] == 32:
                stop -= 1
        changed += start != starts[row] or stop != stops[row]
        starts[row] = start
        stops[row] = stop
    return changed


@kernel
def _keys_of(data, offsets, dates, out):
    for row in range(out.shape[0]):
        out[row] = _key(data, offsets[row], offsets[row + 1], dates)


@kernel
def _word_hashes(data, offsets, out):
    for row in range(out.shape[0]):
        h = np.uint64(0)
        for p in range(offsets[row], offsets[row + 1]):
            b = data[p]
            h = (h + np.uint64(b + 32 if 65 <= b < 91 else b)) * _MULTIPLIER
        out[row] = mix(h)


def _bytes_of(texts: list[str]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    encoded = [text.encode() for text in texts]
    offsets = np.zeros(len(encoded) + 1, np.int64)
    np.cumsum([len(text) for text in encoded], out=offsets[1:])
    return np.frombuffer(b"".join(encoded), np.uint8), offsets


def _forms(texts: list[str]) -> list[str]:
    """Each text in the cases that it may stand in: compiled code folds ASCII alone."""
    return sorted({form for text in texts for form in (text.lower(), text.upper(), text.title(), text)})


@lru_cache(maxsize=1)
def known_parts() -> KnownParts:
    """The lists of `title_names` as compiled code looks them up."""

    def words(listed: str) -> NDArray[np.uint64]:
        forms = _forms(listed.split())
        data, offsets = _bytes_of(forms)
        out = np.empty(len(forms), np.uint64)
        _word_hashes(data, offsets, out)
        return np.unique(out)

    dates = words(DATE_WORDS)

    def keys(*lists: str) -> NDArray[np.uint64]:
        forms = _forms([part for listed in lists for part in parts_of(listed)])
        data, offsets = _bytes_of(forms)
        out = np.empty(len(forms), np.uint64)
        _keys_of(data, offsets, dates, out)
        return np.unique(out[out > DATE_KEY])

    return KnownParts(dates, words(MEDIA_WORDS), keys(LABELS), keys(SITES, SECTIONS))
