"""Which rows of a file are shifted, and by how much: the likeliest labels of its rows, and the stretches that they make.

Where segments were found (`shift_segments`), each row is right or belongs to one of their offsets. The likeliest labels,
where a change from one row to the next costs the same everywhere, are found by dynamic programming (Viterbi 1967). Of the
stretches that come of it those are reported whose rows bear them out.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mismatch.batch.shift_evidence import STEPS, Evidence
from mismatch.batch.shift_segments import BY_BODY, Pairs, Segment, raw_segments, speaks
from mismatch.compiling.kernels import kernel

LEAST_ROWS = 16
"""rows of the shortest stretch that is reported: of 20 rows, each end may be missed by a little"""
LEAST_SCORE = 28.0
"""sum of log-likelihood ratios of a stretch; clean files reach 21, sorted by their bodies, and 10 as they stand"""
LEAST_FOR, MOST_AGAINST = 6, 0.25
"""rows that must speak for the offset, and how many may speak against it for each that speaks for it"""
_SPEAKS = 1.5
_CHANGE = 10.0
"""what it costs that a row has another label than the one before"""
_BY_BODY_AGAINST_TITLES = 0.4
"""how much a body that fits another title counts where the opposite offset is found too, or between two offsets: of blocks
that changed places, titles say how far bodies have gone, and bodies the opposite"""
_SILENT = 1.0
"""what a row costs in the score of a stretch that does not speak for it"""
_EDGE = 64
"""rows before and behind a border that are looked at to place it"""
_LAST_ROWS = 20
"""rows at the beginning or the end of the file that may belong to the stretch beside them"""
_NEIGHBOURS, _MOST_OF_NEIGHBOUR = 3, 0.75
"""offsets up and down that are counted beside one, and the most rows for one of them, for each that speaks for it"""
_NEAR_HALF = 0.75
"""of a rotated stretch: rows that came round, for each of the others, from which it is two stretches"""
_END_ROWS = 6
"""by how much the ends of runs may be wrong before they are placed"""
_FEW_RIGHT = 4
"""rows between two runs of one offset that are a part of it whatever they say"""
_MOST_OFFSETS = 64
"""of segments that touch one another"""


def find_segments(evidence: Evidence, window: int) -> list[Segment]:
    """The stretches of the file that are shifted, in the order of the rows; no row is in two of them."""
    pairs = Pairs.of(evidence)
    out: list[Segment] = []
    for cluster in _clusters(raw_segments(pairs, window)):
        offsets = sorted({segment.by for segment in cluster})
        if len(offsets) > _MOST_OFFSETS:
            strongest = sorted(cluster, key=lambda segment: -segment.score)[:_MOST_OFFSETS]
            offsets = sorted({segment.by for segment in strongest})
        first = max(0, min(segment.first for segment in cluster) - _EDGE)
        stop = min(len(pairs.own), max(segment.last for segment in cluster) + 1 + _EDGE)
        runs = _runs(pairs, np.array([0, *offsets], np.int64), first, stop, window)
        runs = _turned_as_one(_rejoined(pairs, _without_short(runs)))
        runs = _turned_as_one(_rejoined(pairs, _without_short(_placed(pairs, runs))))
        out += [run for run in (_scored(pairs, run) for run in runs if run.by) if run is not None]
    return out


def _clusters(segments: list[Segment]) -> list[list[Segment]]:
    """Segments with rows, or edges, in common."""
    out: list[list[Segment]] = []
    stop = -1
    for segment in sorted(segments, key=lambda s: s.first):
        if not out or segment.first > stop + 2 * _EDGE:
            out.append([])
        out[-1].append(segment)
        stop = max(stop, segment.last)
    return out


@kernel
def _label_rows(own, by_title, offsets, values, by_body, order, window, labels, first, came_from, best):
    """Writes the number of the likeliest label of each row from `first` on; labels[0] is that of a row that is right."""
    n_labels = labels.shape[0]
    number = np.zeros(2 * window + 1, np.int64)
    for k in range(1, n_labels):
        number[labels[k] + window] = k
    weights = np.zeros(n_labels)
    for k in range(1, n_labels):
        weights[k] = BY_BODY if number[window - labels[k]] == 0 else _BY_BODY_AGAINST_TITLES
    says = np.zeros(n_labels)
    by_bodies = np.zeros(n_labels)
    total = np.zeros(n_labels)
    for i in range(best.shape[0]):
        row = first + i
        says[:] = 0
        by_bodies[:] = 0
        says[0] = own[row]
        for p in range(by_title[row], by_title[row + 1]):
            k = number[offsets[p] + window]
            if k > 0:
                says[k] = values[p] / STEPS
        for q in range(by_body[row], by_body[row + 1]):
            k = number[offsets[order[q]] + window]
            if k > 0:
                by_bodies[k] = values[order[q]] / STEPS
        highest = 0
        for k in range(n_labels):
            if total[k] > total[highest]:
                highest = k
        for k in range(n_labels):
            came_from[i, k] = k
        top = total[highest]
        for k in range(n_labels):
            if total[k] < top - _CHANGE:
                total[k] = top - _CHANGE
                came_from[i, k] = highest
            total[k] += max(says[k], weights[k] * by_bodies[k]) - top
    last = 0
    for k in range(n_labels):
        if total[k] > total[last]:
            last = k
    for i in range(best.shape[0] - 1, -1, -1):
        best[i] = last
        last = int(came_from[i, last])


def _runs(pairs: Pairs, labels: NDArray[np.int64], first: int, stop: int, window: int) -> list[Segment]:
    """Rows of one label, one run after another; `by` is 0 where they are right."""
    came_from, best = np.zeros((stop - first, len(labels)), np.uint8), np.zeros(stop - first, np.int64)
    _label_rows(pairs.own, *pairs.arrays, window, labels, first, came_from, best)
    starts = np.flatnonzero(np.diff(best, prepend=-1))
    ends = [*starts[1:], len(best)]
    rows = zip((starts + first).tolist(), (np.array(ends) + first - 1).tolist(), labels[best[starts]].tolist(), strict=True)
    return [Segment(start, last, by, 0.0) for start, last, by in rows]


def _turned_as_one(runs: list[Segment]) -> list[Segment]:
    """The runs, a stretch that was turned round as one.

    Bodies that were moved down by k rows within a stretch come round at its end: the last k titles have theirs further up,
    by the length of the stretch less k. These rows are a part of it, unless they are about half of it: then it is rather two
    blocks that have changed places.
    """
    out: list[Segment] = []
    for run in runs:
        if len(out) > 1 and out[-2].by == run.by and _came_round(out[-1], run, out[-2].first, run.last):
            out[-2:] = [replace(out[-1], first=out[-2].first, last=run.last)]
        elif out and _came_round(out[-1], run, out[-1].first, run.last):
            larger = out[-1] if len(out[-1]) >= len(run) else run
            out[-1] = replace(larger, first=out[-1].first, last=run.last)
        else:
            out.append(run)
    return out


def _came_round(one: Segment, other: Segment, first: int, last: int) -> bool:
    """Whether neighbours are parts of one stretch that was turned round, the smaller not about half of it."""
    length = last - first + 1
    nearly = max(_END_ROWS, length // 10)
    larger, smaller = (one, other) if len(one) >= len(other) else (other, one)
    return (
        one.by * other.by < 0
        and abs(abs(one.by) + abs(other.by) - length) <= nearly
        and len(smaller) <= abs(larger.by) + nearly
        and len(smaller) < _NEAR_HALF * len(larger)
    )


def _without_short(runs: list[Segment]) -> list[Segment]:
    """The runs, those that are too short for a stretch given to the neighbour with the same offset on both sides, or to rows
    that are right."""
    out: list[Segment] = []
    for i, run in enumerate(runs):
        if run.by and len(run) < LEAST_ROWS // 2:
            beside = [other.by for other in (runs[i - 1 : i] + runs[i + 1 : i + 2])]
            run = replace(run, by=beside[0] if len(set(beside)) == 1 else 0)
        if out and out[-1].by == run.by:
            out[-1] = replace(out[-1], last=run.last)
        else:
            out.append(run)
    return out


def _rejoined(pairs: Pairs, runs: list[Segment]) -> list[Segment]:
    """The runs, those of one offset as one where the rows between them look right, but as well shifted: stories repeat."""
    out: list[Segment] = []
    for run in runs:
        if len(out) > 1 and run.by and out[-2].by == run.by and not out[-1].by:
            gap = out[-1]
            fits = speaks(pairs, run.by, gap.first, gap.last + 1) + pairs.own[gap.first : gap.last + 1] > 0
            if len(gap) <= _FEW_RIGHT or (len(gap) <= _EDGE and np.count_nonzero(fits) >= len(gap) / 2):
                out[-2:] = [replace(out[-2], last=run.last)]
                continue
        out.append(run)
    return out


def _placed(pairs: Pairs, runs: list[Segment]) -> list[Segment]:
    """The runs with their borders where they are likeliest, and to the ends of the file where they come near."""
    out = list(runs)
    for i in range(1, len(out)):
        before, after = out[i - 1], out[i]
        low, high = max(before.first, after.first - _EDGE), min(after.last + 1, after.first + _EDGE)
        by_body = _BY_BODY_AGAINST_TITLES if before.by and after.by else BY_BODY
        nothing = np.zeros(high - low, np.float32)
        said = [speaks(pairs, run.by, low, high, by_body) if run.by else nothing for run in (before, after)]
        sums = np.concatenate([[0.0], np.cumsum(said[0] - said[1])])
        near = np.flatnonzero(sums >= sums.max() - 0.5)
        at = int(near[np.abs(near - (after.first - low)).argmin()])
        first, last = at, at
        while first - 1 in near:
            first -= 1
        while last + 1 in near:
            last += 1
        silent = last - first
        shifted = max((silent + 1) // 2, silent - 2)  # rows that are shifted are silent more often than those that are right
        at = low + (last - shifted if not before.by else first + shifted if not after.by else (first + last) // 2)
        out[i - 1], out[i] = replace(before, last=at - 1), replace(after, first=at)
    return _to_the_ends(pairs, out)


def _to_the_ends(pairs: Pairs, runs: list[Segment]) -> list[Segment]:
    """The runs, the first and the last rows of the file given to the stretch beside them where few speak against it."""
    out = [run for run in runs if len(run) > 0]
    for at, beside in ((0, 1), (-1, -2)):
        if len(out) < 2:
            break
        end, stretch = out[at], out[beside]
        is_end = end.first == 0 if at == 0 else end.last == len(pairs.own) - 1
        if end.by or not is_end or len(end) > _LAST_ROWS:
            continue
        said = speaks(pairs, stretch.by, end.first, end.last + 1)
        if np.count_nonzero(said < -_SPEAKS) <= max(1, len(end) // 3):
            out[beside] = replace(stretch, first=min(stretch.first, end.first), last=max(stretch.last, end.last))
            del out[at]
    return out


def _scored(pairs: Pairs, segment: Segment) -> Segment | None:
    """The stretch with its score; None where its rows do not bear it out."""
    said = speaks(pairs, segment.by, segment.first, segment.last + 1)
    n_for, n_against = np.count_nonzero(said > _SPEAKS), np.count_nonzero(said < -_SPEAKS)
    silent = np.count_nonzero((said <= 0) & pairs.can_tell[segment.first : segment.last + 1])
    score = float(said.sum()) - _SILENT * silent
    if len(segment) < LEAST_ROWS or n_for < LEAST_FOR or n_against > MOST_AGAINST * n_for or score < LEAST_SCORE:
        return None
    return replace(segment, score=score) if _stands_out(pairs, segment) else None


def _stands_out(pairs: Pairs, segment: Segment) -> bool:
    """Whether the offset is told from those beside it: where one body stands many times in a row, it is not."""
    near = np.arange(segment.by - _NEIGHBOURS, segment.by + _NEIGHBOURS + 1)
    counts = np.zeros(len(near), np.int64)
    of_titles = slice(*pairs.by_title[[segment.first, segment.last + 1]])
    of_bodies = pairs.order[slice(*pairs.by_body[[segment.first, segment.last + 1]])]
    for some in (of_titles, of_bodies):
        offsets = pairs.offsets[some][pairs.values[some] > _SPEAKS * STEPS].astype(np.int64) - near[0]
        counts += np.bincount(offsets[(offsets >= 0) & (offsets < len(near))], minlength=len(near))
    return bool(np.delete(counts, _NEIGHBOURS).max() <= _MOST_OF_NEIGHBOUR * counts[_NEIGHBOURS])
