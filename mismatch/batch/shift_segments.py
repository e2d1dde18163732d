"""Stretches of a file in which the evidence speaks for one offset: maximal segments of a sum of log-likelihood ratios.

A row speaks for an offset k when its title fits the body k rows further down, or its body the title k rows further up, and
its own title and body do not fit. Near the ends of a stretch only one of the two can be; the rows for which either speaks
are wrong.

For each offset the sum over the rows begins anew where it falls to zero (the cumulative sum test, Page 1954). Rows that say
nothing of an offset all cost the same, so that only the offsets that a row speaks for are brought up to date.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mismatch.batch.shift_evidence import STEPS, Evidence
from mismatch.compiling.kernels import kernel

LEAST_ROWS = 18
"""rows of the shortest stretch that is reported: of 20 rows, each end may be missed by a little"""
LEAST_SCORE = 25.0
"""sum of log-likelihood ratios; by chance no offset at no place in ten million rows comes near it"""
LEAST_FOR, MOST_AGAINST = 8, 0.25
"""rows that must speak for the offset, and how many may speak against it for each that speaks for it"""
_FIRST_SCORE = 15.0
"""of a part of a stretch, before parts are joined"""
_ABSENT = 1.0
"""what a row costs whose title could be looked for and was not found at the offset"""
_BY_BODY = 0.9
"""how much a body that fits another title counts, against a title that fits another body"""
_BY_BODY_AGAINST_TITLES = 0.4
"""the same where titles of the rows speak for another offset"""
_OWN = np.float32(1.4)
"""how much it counts that a title fits its own body: where it fits another as well, the row is right"""
_DROP = 15.0
"""by how much the sum falls from its highest before a segment is closed"""
_SPEAKS = 1.5
_FEW_RIGHT, _SHARE_RIGHT = 4, 0.3
"""rows between two parts that may look right, as a number or as a share, and the parts are one: stories repeat"""
_EDGE = 64
"""rows before and behind a segment that are looked at for its ends"""
_NEIGHBOURS, _MOST_OF_NEIGHBOUR = 3, 0.75
"""offsets up and down that are counted beside one, and the most rows for one of them, for each that speaks for it"""
_NEAR_HALF = 0.75
_MOST_SEGMENTS = 1 << 16


@dataclass(frozen=True)
class Segment:
    """Rows from `first` to `last`, counted from 0, whose titles have their bodies `by` rows further down."""

    first: int
    last: int
    by: int
    score: float

    def __len__(self) -> int:
        return self.last - self.first + 1


@dataclass(frozen=True)
class _Pairs:
    """The evidence sorted both ways."""

    own: NDArray[np.float32]
    """shape (n_rows,): what speaks for the row as it is"""
    can_tell: NDArray[np.bool_]
    """shape (n_rows,): whether the title could be looked for"""
    by_title: NDArray[np.int64]
    """shape (n_rows + 1,): where the pairs of each title begin"""
    offsets: NDArray[np.int16]
    values: NDArray[np.uint8]
    by_body: NDArray[np.int64]
    """shape (n_rows + 1,): where the pairs of each body begin in `order`"""
    order: NDArray[np.int64]

    @classmethod
    def of(cls, evidence: Evidence) -> _Pairs:
        own = _OWN * np.nan_to_num(evidence.own).astype(np.float32)
        by_title = np.zeros(len(own) + 1, np.int64)
        np.cumsum(evidence.counts, out=by_title[1:])
        by_body, order = np.zeros(len(own) + 1, np.int64), np.empty(len(evidence.offsets), np.int64)
        _sort_by_body(by_title, evidence.offsets, by_body, order)
        return cls(own, ~np.isnan(evidence.own), by_title, evidence.offsets, evidence.values, by_body, order)

    @property
    def arrays(self) -> tuple[NDArray[Any], ...]:
        return self.by_title, self.offsets, self.values, self.by_body, self.order


@kernel
def _sort_by_body(by_title, offsets, by_body, order):
    """Fills `order` with the pairs of each body, those of the first body first, and `by_body` with where they begin."""
    n = by_title.shape[0] - 1
    for row in range(n):
        for p in range(by_title[row], by_title[row + 1]):
            by_body[row + offsets[p] + 1] += 1
    for row in range(n):
        by_body[row + 1] += by_body[row]
    at = by_body[:n].copy()
    for row in range(n):
        for p in range(by_title[row], by_title[row + 1]):
            body = row + offsets[p]
            order[at[body]] = p
            at[body] += 1


@kernel
def _sweep(own, can_tell, by_title, offsets, values, by_body, order, window, least, found, scores):
    """Writes (offset, first, last) and the score of each segment; returns how many there are."""
    n = own.shape[0]
    width = 2 * window + 1
    total = np.zeros(width)
    highest = np.zeros(width)
    first = np.zeros(width, np.int64)
    last = np.zeros(width, np.int64)
    upto = np.zeros(width)
    here = np.zeros(width, np.float32)
    listed = np.empty(width, np.int64)
    fallen = 0.0
    n_found = 0
    for row in range(n + 1):
        n_listed = 0
        if row < n:
            for p in range(by_title[row], by_title[row + 1]):
                k = np.int64(offsets[p]) + window
                if here[k] == 0:
                    listed[n_listed] = k
                    n_listed += 1
                here[k] = max(here[k], values[p] / STEPS)
            for q in range(by_body[row], by_body[row + 1]):
                k = np.int64(offsets[order[q]]) + window
                if here[k] == 0:
                    listed[n_listed] = k
                    n_listed += 1
                here[k] = max(here[k], _BY_BODY * values[order[q]] / STEPS)
        else:
            for k in range(width):
                listed[k] = k
            n_listed = width
        for z in range(n_listed):
            k = listed[z]
            now = total[k] + fallen - upto[k]
            if now <= 0 or highest[k] - now > _DROP or row == n:
                if highest[k] >= least and n_found < found.shape[0]:
                    found[n_found, 0] = k - window
                    found[n_found, 1] = first[k]
                    found[n_found, 2] = last[k]
                    scores[n_found] = highest[k]
                    n_found += 1
                now = 0.0
                highest[k] = 0.0
                first[k] = row
            if row == n:
                continue
            now += here[k] - own[row]
            total[k] = now
            upto[k] = fallen - own[row] - (_ABSENT if can_tell[row] else 0.0)
            if now > highest[k]:
                highest[k] = now
                last[k] = row
            here[k] = 0
        if row < n:
            fallen -= own[row] + (_ABSENT if can_tell[row] else 0.0)
    return n_found


@kernel
def _along(by_title, offsets, values, by_body, order, by, first, by_titles, by_bodies):
    """What titles and bodies of the rows from `first` on say for one offset."""
    for i in range(by_titles.shape[0]):
        row = first + i
        for p in range(by_title[row], by_title[row + 1]):
            if offsets[p] == by:
                by_titles[i] = values[p] / STEPS
        for q in range(by_body[row], by_body[row + 1]):
            if offsets[order[q]] == by:
                by_bodies[i] = values[order[q]] / STEPS


def find_segments(evidence: Evidence, window: int) -> list[Segment]:
    """The stretches of the file that are shifted, in the order of the rows; no row is in two of them."""
    pairs = _Pairs.of(evidence)
    found, scores = np.zeros((_MOST_SEGMENTS, 3), np.int64), np.zeros(_MOST_SEGMENTS)
    n = _sweep(pairs.own, pairs.can_tell, *pairs.arrays, window, _FIRST_SCORE, found, scores)
    rows = zip(found[:n].tolist(), scores[:n].tolist(), strict=True)
    raw = [Segment(first, last, by, score) for (by, first, last), score in rows]
    joined = _joined(pairs, raw)
    return _claimed(pairs, [segment for segment in joined if segment.score >= LEAST_SCORE])


def _speaks(pairs: _Pairs, by: int, first: int, stop: int, by_body: float = _BY_BODY) -> NDArray[np.float32]:
    """What each row says for an offset, above 0, or against it; shape (stop - first,)."""
    by_titles, by_bodies = np.zeros((2, stop - first), np.float32)
    _along(*pairs.arrays, by, first, by_titles, by_bodies)
    return np.maximum(by_titles, np.float32(by_body) * by_bodies) - pairs.own[first:stop]


def _strength(pairs: _Pairs, segment: Segment) -> float:
    """What the segment has to say for itself, mostly by its titles.

    Of two blocks that have changed places, the titles of one say how far its bodies have gone, and its bodies say the
    opposite of themselves: where both could be told, titles decide.
    """
    return float(_speaks(pairs, segment.by, segment.first, segment.last + 1, _BY_BODY_AGAINST_TITLES).sum())


def _joined(pairs: _Pairs, raw: list[Segment]) -> list[Segment]:
    """Parts of one offset as one segment where nothing between them speaks for the rows as they are."""
    out: list[Segment] = []
    for piece in sorted(raw, key=lambda s: (s.by, s.first)):
        before = out[-1] if out else None
        if before is not None and before.by == piece.by:
            between = _speaks(pairs, piece.by, before.last + 1, piece.first)
            if np.count_nonzero(between < -_SPEAKS) <= max(_FEW_RIGHT, _SHARE_RIGHT * len(between)):
                score = before.score + piece.score + min(0.0, float(between.sum()))
                out[-1] = Segment(before.first, piece.last, piece.by, score)
                continue
        out.append(piece)
    return out


def _claimed(pairs: _Pairs, segments: list[Segment]) -> list[Segment]:
    """Segments with their ends, the strongest first to take its rows."""
    taken = np.zeros(len(pairs.own), bool)
    out: list[Segment] = []
    strength = {segment: _strength(pairs, segment) for segment in segments}
    for segment in sorted(segments, key=lambda s: (-strength[s], s.first, s.by)):
        free = np.flatnonzero(~taken[segment.first : segment.last + 1]) + segment.first
        if len(free) < LEAST_ROWS:
            continue
        run = max(np.split(free, np.flatnonzero(np.diff(free) > 1) + 1), key=len)
        found = _with_ends(pairs, Segment(int(run[0]), int(run[-1]), segment.by, segment.score), taken)
        if found is not None:
            out.append(found)
            taken[found.first : found.last + 1] = True
    parted = [half for segment in out for half in _halves(pairs, segment)]
    return _borders(pairs, _joined(pairs, parted))


def _halves(pairs: _Pairs, segment: Segment) -> list[Segment]:
    """Two blocks of about one length that have changed places, as two segments; else the segment.

    The rows at the end of a rotated stretch that came round from its beginning are a part of it, though their bodies stand
    elsewhere. Where they are as good as half of it, it is rather two stretches.
    """
    round_ = abs(segment.by)
    if not LEAST_ROWS <= _NEAR_HALF * max(round_, len(segment) - round_) <= min(round_, len(segment) - round_):
        return [segment]
    best, gain = [segment], 0.0
    for length in range(len(segment) - 2, len(segment) + 3):
        down = segment.by > 0
        at = segment.last + 1 - round_ if down else segment.first + round_
        other = segment.by - length if down else segment.by + length
        turned = (at, segment.last + 1) if down else (segment.first, at)
        said = [float(_speaks(pairs, by, *turned, 0.0).sum()) for by in (other, segment.by)]
        if said[0] - said[1] > gain:
            gain = said[0] - said[1]
            first, second = (segment.by, other) if down else (other, segment.by)
            best = [replace(segment, last=at - 1, by=first), replace(segment, first=at, by=second)]
    return best


def _borders(pairs: _Pairs, segments: list[Segment]) -> list[Segment]:
    """Segments that touch, parted where titles begin to speak for the second of them."""
    out = sorted(segments, key=lambda s: s.first)
    for i in range(1, len(out)):
        before, after = out[i - 1], out[i]
        if after.first - before.last > 3:
            continue
        low, high = (
            max(before.first, before.last - _EDGE - abs(after.by)),
            min(after.last, after.first + _EDGE + abs(before.by)),
        )
        said = [_speaks(pairs, by, low, high + 1, _BY_BODY_AGAINST_TITLES) for by in (before.by, after.by)]
        sums = np.concatenate([[0.0], np.cumsum(said[0] - said[1])])
        best = np.flatnonzero(sums >= sums.max() - 0.5)
        at = low + int(best[len(best) // 2])
        if min(at - before.first, after.last + 1 - at) >= LEAST_ROWS:
            out[i - 1 : i + 1] = [replace(before, last=at - 1), replace(after, first=at)]
    return out


def _with_ends(pairs: _Pairs, segment: Segment, taken: NDArray[np.bool_]) -> Segment | None:
    """The segment with its most likely ends; None where its rows do not bear it out."""
    low, high = max(0, segment.first - _EDGE), min(len(taken), segment.last + 1 + _EDGE)
    said = _speaks(pairs, segment.by, low, high)
    said[taken[low:high]] = -1e3
    inside = said[segment.first - low : segment.last + 1 - low]
    middle = segment.first - low + len(inside) // 2
    first = low + middle - _reach(said[:middle][::-1])
    last = low + middle + _reach(said[middle:]) - 1
    said = said[first - low : last + 1 - low]
    n_for, n_against = np.count_nonzero(said > _SPEAKS), np.count_nonzero(said < -_SPEAKS)
    score = float(said.sum()) - _ABSENT * np.count_nonzero((said <= 0) & pairs.can_tell[first : last + 1])
    found = Segment(first, last, segment.by, score)
    if len(found) < LEAST_ROWS or n_for < LEAST_FOR or n_against > MOST_AGAINST * n_for or score < LEAST_SCORE:
        return None
    return found if _stands_out(pairs, found) else None


def _stands_out(pairs: _Pairs, segment: Segment) -> bool:
    """Whether the offset is told from those beside it: where one body stands many times in a row, it is not."""
    near = np.arange(segment.by - _NEIGHBOURS, segment.by + _NEIGHBOURS + 1)
    counts = np.zeros(len(near), np.int64)
    of_titles = slice(*pairs.by_title[[segment.first, segment.last + 1]])
    of_bodies = pairs.order[slice(*pairs.by_body[[segment.first, segment.last + 1]])]
    for some in (of_titles, of_bodies):
        offsets = pairs.offsets[some][pairs.values[some] > _SPEAKS * STEPS].astype(np.int64) - near[0]
        counts += np.bincount(offsets[(offsets >= 0) & (offsets < len(near))], minlength=len(near))
    return bool(np.delete(counts, _NEIGHBOURS).max() <= _MOST_OF_NEIGHBOUR * counts[_NEIGHBOURS])


def _reach(said: NDArray[np.float32]) -> int:
    """How many rows from the middle on belong to the segment.

    Up to where the sum is highest, and of the rows behind that say nothing rather more than half: those that are shifted say
    nothing more often than those that are right.
    """
    sums = np.concatenate([[0.0], np.cumsum(said)])
    sure = int(sums.argmax())
    below = np.flatnonzero(sums[sure:] < sums[sure] - 0.5)
    if not len(below):
        return len(said)
    silent = int(below[0]) - 1
    return sure + max((silent + 1) // 2, silent - 2)
