"""Lines of a page in compiled code: where the entry of a list or a path begins and ends, and what touches its words."""

from __future__ import annotations

from mismatch.compiling.kernels import part


@part(inline=True)
def is_word_byte(b):
    return 97 <= (b | 32) < 123 or 48 <= b < 58 or b >= 128


@part(inline=True)
def divides(data, p, stop):
    """Whether a mark at `p` divides entries of lists and paths: ends of lines, bars, bullets, " >", single guillemets."""
    b = data[p]
    if b == 10 or b == 13 or b == 9 or b == 124 or (b == 62 and p > 0 and data[p - 1] == 32):
        return True
    if p + 1 < stop and b == 0xC2:
        return data[p + 1] == 0xB7
    if p + 2 < stop and b == 0xE2 and data[p + 1] == 0x80:
        return data[p + 2] == 0xA2 or data[p + 2] == 0xBA
    return p + 2 < stop and b == 0xEF and data[p + 1] == 0xBD and data[p + 2] == 0x9C


@part
def segment(data, begin, stop, start, end, reach):
    """The entry of a list, path or line around `data[start:end]`: (first, behind, whether each side ends within `reach`)."""
    first = start
    while first > begin and start - first < reach and not divides(data, first - 1, stop):
        if (first - 2 >= begin and data[first - 2] == 0xC2 and divides(data, first - 2, stop)) or (
            first - 3 >= begin and data[first - 3] >= 0xE2 and divides(data, first - 3, stop)
        ):
            break
        first -= 1
    closed_before = first == begin or start - first < reach
    behind = end
    while behind < stop and behind - end < reach and not divides(data, behind, stop):
        behind += 1
    return first, behind, closed_before, behind == stop or behind - end < reach


@part
def is_mark(data, p, stop):
    """Whether there is punctuation at `p`, other than a comma or an apostrophe: ASCII, Latin-1, general, CJK, full width."""
    b = data[p]
    if b < 128:
        return not is_word_byte(b) and b != 44 and b != 39
    if b == 0xC2 or p + 2 >= stop:
        return b == 0xC2
    if b == 0xE2:
        return not (data[p + 1] == 0x80 and data[p + 2] == 0x99)
    return (b == 0xE3 and data[p + 1] == 0x80) or (b == 0xEF and data[p + 1] == 0xBC and data[p + 2] != 0x8C)


@part
def mark_before(data, begin, stop):
    """Whether what stands last before `stop` is a mark."""
    p = stop - 1
    while p >= begin and data[p] <= 32:
        p -= 1
    if p < begin:
        return True
    while p > begin and data[p] & 0xC0 == 0x80:
        p -= 1
    return is_mark(data, p, data.shape[0])


@part
def mark_behind(data, begin, stop):
    """Whether what stands first from `begin` on is a mark."""
    p = begin
    while p < stop and data[p] <= 32:
        p += 1
    return p >= stop or is_mark(data, p, stop)


@part
def ends_open(data, begin, stop):
    """Whether a text ends in "..." or "…"."""
    p = stop
    while p > begin and data[p - 1] <= 32:
        p -= 1
    if p - begin >= 3 and data[p - 1] == 46 and data[p - 2] == 46:
        return True
    return p - begin >= 3 and data[p - 1] == 0xA6 and data[p - 2] == 0x80 and data[p - 3] == 0xE2


@part
def runs_on(data, behind, stop):
    """Whether the line behind begins with a small letter, as where running text was broken into lines."""
    p = behind
    while p < stop and data[p] <= 32:
        p += 1
    return p < stop and p > behind and 97 <= data[p] < 123


@part(inline=True)
def joins(b):
    """Whether a byte joins the words of addresses."""
    return b == 45 or b == 95


@part
def of_url(data, begin, stop, start, end):
    """The address around `data[start:end]` if that is a part of one, joined by hyphens: (first, behind), else equal."""
    joints = 0
    for p in range(start, end):
        if data[p] <= 32:
            return start, start
        joints += joins(data[p])
    if joints < 2:
        return start, start
    while start > begin and data[start - 1] > 32:
        start -= 1
    while end < stop and data[end] > 32:
        end += 1
    return start, end
