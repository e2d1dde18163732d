"""Where a title stands in the body as a line of its own, in compiled code.

Pages repeat their headline above the text, in a path, a list of the most read, a share box, a link. Such an *echo* says
nothing of the text around it. The body is searched for the title's longest word, 64 bytes at a time; where the title goes on
around it, the line is cut into terms and compared with those of the title. A title inside running text is no echo.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mismatch.compiling.kernels import kernel, part
from mismatch.screening.page_lines import ends_open, is_word_byte, joins, mark_before, mark_behind, of_url, runs_on, segment
from mismatch.screening.title_names import DATE_WORDS
from mismatch.terms.hashing import HAS_DIGIT
from mismatch.terms.tokens import SLACK_TERMS, STATE_SIZE, cut_terms, terms_of
from mismatch.terms.vector_instructions import WORDS_WIDTH, letter_mask_of, lowest_bit

MIN_ECHO_TERMS = 3
"""of a title whose repetition is an echo when it fills a line"""
MIN_PART_TERMS = 4
"""of a title that shares its line, and of a part of a title that fills a line"""
MIN_PART = 0.6
"""share of the title's terms that such a part must have"""
MOST_BESIDE = 14
"""terms that may share a line with the title"""
TITLE_TERMS = 96
"""a longer title is compared by its first terms"""
LINE_TERMS = 256
_LONGEST_ANCHOR = 16
_SHORTEST_ANCHOR = 3
_ANCHOR_TRIES = 14
"""letters that must go on as in the title, around its longest word, before a line is looked at"""
_BESIDE_BYTES = 100
LONGEST_TITLE = 1 << 14
"""bytes of a title that is looked for; what is longer is no headline"""
_MOST_EFFORT = 1 << 16
_LINE_EFFORT = 16
"""places in one text where the title's longest word is looked at, and what it counts to look at the line of one"""
BESIDE = """
share tweet facebook twitter whatsapp telegram linkedin reddit pinterest email mail e-mail print copy link via by on read
also more most related popular trending watch listen home news latest top story stories article headline title highlights
published updated posted comments this the and to of next previous continue reading see
teilen drucken lesen mehr meistgelesen auch startseite von artikel partager lire aussi accueil imprimer plus lus sur
compartir leer más también inicio imprimir leído en condividi leggi anche leia mais compartilhar lees ook delen
paylaş oku поделиться читать читайте также ещё главная новости
"""
"""words of the page that may touch a repeated title without a mark between"""
_FREQUENCIES = "qzjxvkbywgpfmucdlhrsnioate"
"""the letters, the rarest first"""
_RANKS = np.array([_FREQUENCIES.find(chr(b)) + 1 for b in range(128)], np.uint8)
_NOWHERE = np.int64(-1)
_ZERO = np.int64(0)
_BEHIND, _BEFORE = np.int64(1), np.int64(-1)
"""the steps of the two directions"""
_ONE = np.uint64(1)


@lru_cache(maxsize=1)
def beside_words() -> NDArray[np.uint64]:
    """Hashes of the words of `BESIDE`, ascending."""
    return np.unique(np.array([term for term, _, _ in terms_of(f"{BESIDE} {DATE_WORDS}")], np.uint64))


@part
def _anchor(data, start, stop):
    """The title's longest word, or the beginning of one without spaces: (place, bytes); ASCII is preferred."""
    best = 0
    place = start
    size = 0
    p = start
    while p < stop:
        begin = p
        plain = True
        while p < stop and is_word_byte(data[p]):
            plain &= data[p] < 128
            p += 1
        length = min(p - begin, _LONGEST_ANCHOR)
        while begin + length < stop and length > 0 and data[begin + length] & 0xC0 == 0x80:
            length -= 1
        worth = length + (3 if plain else 0)
        if length >= _SHORTEST_ANCHOR and worth > best:
            best = worth
            place = begin
            size = length
        p += 1
    return place, size


@part
def _rarest(data, place, size, usual, one, other):
    """The byte of a word that is rarest in text, not at `one` or `other`; of a character the last byte tells most."""
    best = 1000
    at = 0
    for d in range(size):
        b = data[place + d]
        rank = int(usual[b | 32]) if b < 128 else 12
        if b >= 128 and (b >= 0xC0 or (d + 1 < size and data[place + d + 1] & 0xC0 == 0x80)):
            rank = 100
        if d != one and d != other and rank < best:
            best = rank
            at = d
    return at


@part
def _goes_on(title_data, title_pos, title_end, data, pos, end, step):
    """How many letters are the same from two places on, whatever stands between them, and whether the title ended there."""
    same = np.int64(0)
    while same < _ANCHOR_TRIES:
        while title_pos != title_end and not is_word_byte(title_data[title_pos]):
            title_pos += step
        if title_pos == title_end:
            return same, True
        while pos != end and not is_word_byte(data[pos]):
            pos += step
        if pos == end or title_data[title_pos] | 32 != data[pos] | 32:
            return same, False
        b = title_data[title_pos]
        same += 0 if 0x80 <= b < 0xC0 else 2 if b >= 0xE3 else 1  # signs and syllables of East Asia say more than letters
        title_pos += step
        pos += step
    return same, False


@part
def _only_beside(terms, first, last, words):
    """Whether all of some terms are numbers or such words as stand beside a title in a page."""
    for k in range(first, last):
        if terms[k] & HAS_DIGIT == 0:
            place = np.searchsorted(words, terms[k])
            if place >= words.shape[0] or words[place] != terms[k]:
                return False
    return True


@part
def _longest_run(title, n, line, m, lengths):
    """The longest run of terms that title and line share: (length, place in the line)."""
    lengths[: n + 1] = 0
    best = place = np.int64(0)
    for k in range(m):
        for j in range(n, 0, -1):
            if title[j - 1] == line[k]:
                lengths[j] = lengths[j - 1] + 1
                if lengths[j] > best:
                    best = lengths[j]
                    place = k + 1 - best
            else:
                lengths[j] = 0
    return best, place


@part
def _echo_at(data, begin, stop, place, size, reach, title, n, open_title, words, fold, line, stems, ends, state, lengths):
    """What is to be cut where the title's longest word stands at `place`: (first, behind), equal where it is no echo."""
    first, behind, closed_before, closed_behind = segment(data, begin, stop, place, place + size, reach)
    is_joined = (place + size < stop and joins(data[place + size])) or (place > begin and joins(data[place - 1]))
    is_short = closed_before and closed_behind and 2 * (behind - first) < 3 * reach
    if not (is_short or is_joined or first <= begin + 2):
        return place, place
    while first < place and not closed_before and data[first] > 32:
        first += 1
    while behind > place and not closed_behind and data[behind - 1] & 0xC0 == 0x80:
        behind -= 1
    state[:] = 0
    m, pos = cut_terms(data, first, behind, state, fold[0], fold[1], fold[2], fold[3], fold[4], line, stems, ends)
    if pos < behind:
        return place, place
    run, k = _longest_run(title, n, line, m, lengths)
    if run < MIN_ECHO_TERMS:
        return place, place
    start = first if k == 0 else ends[k - 1]
    while k > 0 and start < ends[k] and not is_word_byte(data[start]):
        start += 1
    end = ends[k + run - 1]
    is_part = run >= MIN_PART_TERMS and run >= MIN_PART * n
    if run >= MIN_PART_TERMS and 2 * run >= n:
        url_first, url_behind = of_url(data, begin, stop, start, end)
        if url_behind > url_first:
            return url_first, url_behind
    whole = run == n or (open_title and run >= n - 1 and is_part)
    if not (whole or is_part):
        return place, place
    beside = m - run
    if runs_on(data, behind, stop):
        return place, place
    if closed_before and closed_behind:
        if beside == 0 or (beside == 1 and is_part and k == 0 and ends_open(data, first, behind)):
            return first, behind
        fits = whole and is_part and beside <= MOST_BESIDE
        if fits and open_title and k == 0:  # the title was cut off, and the line has it whole
            return first, behind
        before = mark_before(data, first, start) or _only_beside(line, _ZERO, k, words)
        if fits and before and (mark_behind(data, end, behind) or _only_beside(line, k + run, m, words)):
            return start, end
    is_first = k == 0 and first <= begin + 2 and end < behind
    if is_first and whole and is_part and mark_behind(data, end, behind) and data[end] != 46 and data[end] != 0xE3:
        return first, end  # behind a full stop, the text begins with a sentence that its title repeats
    return place, place


@part
def _stands_at(title_data, title_start, title_stop, anchor, size, data, begin, stop, p):
    """Whether the title's longest word stands at `p` with the title going on around it."""
    for d in range(size):
        if data[p + d] | 32 != title_data[anchor + d] | 32:
            return False
    right, ended = _goes_on(title_data, anchor + size, title_stop, data, p + size, stop, _BEHIND)
    left, began = _goes_on(title_data, anchor - 1, title_start - 1, data, p - 1, begin - 1, _BEFORE)
    if right + left >= _ANCHOR_TRIES or (ended and began):
        return True
    is_unspaced = title_data[anchor] >= 0xE3  # where half a title is often one run of characters
    return is_unspaced and (ended or began) and right + left >= _ANCHOR_TRIES // 2


@kernel
def find_echoes(title_data, title_offsets, title_valid, data, offsets, valid, fold, words, cuts):
    """Writes the places in `data` of what is an echo to `cuts`, shape (room, 2), ascending; returns how many there are."""
    title = np.empty(TITLE_TERMS + SLACK_TERMS, np.uint64)
    line = np.empty(LINE_TERMS + SLACK_TERMS, np.uint64)
    stems = np.empty(LINE_TERMS + SLACK_TERMS, np.uint64)
    ends = np.empty(LINE_TERMS + SLACK_TERMS, np.int64)
    lengths = np.zeros(TITLE_TERMS + SLACK_TERMS + 1, np.int64)
    state = np.zeros(STATE_SIZE, np.int64)
    found = np.int64(0)
    for row in range(valid.shape[0]):
        title_start = title_offsets[row]
        title_stop = title_offsets[row + 1]
        begin = offsets[row]
        stop = offsets[row + 1]
        if valid[row] == 0 or title_valid[row] == 0:
            continue
        anchor, size = _anchor(title_data, title_start, title_stop)
        if size == 0 or title_stop - title_start > LONGEST_TITLE:
            continue
        n = np.int64(-1)
        effort = np.int64(0)
        reach = title_stop - title_start + _BESIDE_BYTES
        open_title = ends_open(title_data, title_start, title_stop)
        rare = _rarest(title_data, anchor, size, _RANKS, _NOWHERE, _NOWHERE)
        second = _rarest(title_data, anchor, size, _RANKS, rare, _NOWHERE)
        third = _rarest(title_data, anchor, size, _RANKS, rare, second)
        rare_byte = title_data[anchor + rare]
        second_byte = title_data[anchor + second]
        third_byte = title_data[anchor + third]
        cut_to = begin
        pos = begin
        while pos + size <= stop and found < cuts.shape[0] and effort < _MOST_EFFORT:
            if pos + size + WORDS_WIDTH <= data.shape[0]:
                candidates = letter_mask_of(data, pos + rare, rare_byte) & letter_mask_of(data, pos + second, second_byte)
                candidates &= letter_mask_of(data, pos + third, third_byte)
            else:
                candidates = np.uint64(0xFFFFFFFFFFFFFFFF)
            while candidates != 0 and found < cuts.shape[0]:
                p = pos + lowest_bit(candidates)
                candidates &= candidates - _ONE
                if p + size > stop or p < cut_to:
                    continue
                effort += 1
                if not _stands_at(title_data, title_start, title_stop, anchor, size, data, begin, stop, p):
                    continue
                if n < 0:
                    state[:] = 0
                    n, _ = cut_terms(
                        title_data, title_start, title_stop, state, fold[0], fold[1], fold[2], fold[3], fold[4],
                        title, stems, ends,
                    )  # fmt: skip
                    n = np.int64(min(n, TITLE_TERMS))
                if n < MIN_ECHO_TERMS:
                    break
                effort += _LINE_EFFORT
                first, behind = _echo_at(
                    data, begin, stop, p, size, reach, title, n, open_title, words, fold, line, stems, ends, state, lengths
                )
                first = max(first, cut_to)
                if behind > first:
                    cuts[found, 0] = first
                    cuts[found, 1] = behind
                    found += 1
                    cut_to = behind
            if n >= 0 and n < MIN_ECHO_TERMS:
                break
            pos += WORDS_WIDTH
    return found
