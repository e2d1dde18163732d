"""The sums and labels of rows, held against plain ones on evidence that is drawn at random."""

from __future__ import annotations

import random

import numpy as np
import pyarrow as pa
import pytest

from mismatch.batch import shift_segments, shift_slugs, shift_stretches
from mismatch.batch.shift_evidence import STEPS, Evidence
from mismatch.batch.shift_segments import BY_BODY, Pairs, Segment, raw_segments, speaks
from mismatch.batch.shift_stretches import find_segments
from mismatch.batch.shift_terms import term_lists
from mismatch.terms.text_buffers import text_buffers

WINDOW = 9
Plain = dict[tuple[int, int], float]
"""what pairs say, by title row and offset"""


def drawn(seed: int, n: int = 120, shifted: tuple[int, int, int] | None = None) -> tuple[Evidence, Plain]:
    """Rows of which most fit; some fit others, in a stretch one and the same offset."""
    rng = random.Random(seed)
    own, counts, offsets, values = [], [], [], []
    plain: Plain = {}
    for row in range(n):
        says: dict[int, int] = {}
        inside = shifted is not None and shifted[0] <= row <= shifted[1]
        if inside and shifted is not None and 0 <= row + shifted[2] < n and rng.random() < 0.8:
            says[shifted[2]] = rng.choice((250, 200, 120))
        for _ in range(rng.choice((0, 0, 1, 3))):
            by = rng.choice([k for k in range(-WINDOW, WINDOW + 1) if k and 0 <= row + k < n])
            says.setdefault(by, rng.choice((50, 120, 250)))
        own.append(rng.choice((0.0, 0.0, np.nan)) if inside else rng.choice((5.0, 5.0, 3.0, 0.0, np.nan)))
        counts.append(len(says))
        for by, value in says.items():
            offsets.append(by)
            values.append(value)
            plain[row, by] = value / STEPS
    arrays = np.array(own, np.float32), np.array(counts, np.uint8), np.array(offsets, np.int16), np.array(values, np.uint8)
    return Evidence(*arrays), plain


def of_row(plain: Plain, pairs: Pairs, row: int, by: int, by_body: float = BY_BODY) -> float:
    return max(plain.get((row, by), 0.0), by_body * plain.get((row - by, by), 0.0)) - float(pairs.own[row])


@pytest.mark.parametrize("seed", range(4))
def test_what_rows_say_for_an_offset_is_found_by_title_and_by_body(seed: int) -> None:
    evidence, plain = drawn(seed)
    pairs = Pairs.of(evidence)
    for by in range(-WINDOW, WINDOW + 1):
        if by:
            expected = [of_row(plain, pairs, row, by) for row in range(10, 90)]
            assert np.allclose(speaks(pairs, by, 10, 90), expected, atol=1e-5)


def plain_segments(plain: Plain, pairs: Pairs) -> list[Segment]:
    """Sums that begin anew at zero, offset by offset and row by row."""
    out = []
    n = len(pairs.own)
    for by in range(-WINDOW, WINDOW + 1):
        total = highest = 0.0
        first = last = 0
        for row in range(n + 1):
            touched = row < n and (plain.get((row, by), 0.0) > 0 or plain.get((row - by, by), 0.0) > 0)
            if row == n or (touched and (total <= 0 or highest - total > shift_segments._DROP)):
                if highest >= shift_segments._LEAST_SCORE:
                    out.append(Segment(first, last, by, highest))
                total, highest, first = 0.0, 0.0, row
            if row == n:
                continue
            if touched:
                total += of_row(plain, pairs, row, by)
            else:
                total -= float(pairs.own[row]) + (shift_segments._ABSENT if pairs.can_tell[row] else 0.0)
            if touched and total > highest:
                highest, last = total, row
    return sorted(out, key=lambda s: (s.by, s.first))


@pytest.mark.parametrize("seed", range(6))
def test_segments_are_those_of_plain_sums(seed: int) -> None:
    evidence, plain = drawn(seed, shifted=(30, 70, -4))
    pairs = Pairs.of(evidence)
    found = sorted(raw_segments(pairs, WINDOW), key=lambda s: (s.by, s.first))
    expected = plain_segments(plain, pairs)
    assert [(s.first, s.last, s.by) for s in found] == [(s.first, s.last, s.by) for s in expected]
    assert np.allclose([s.score for s in found], [s.score for s in expected], atol=1e-3)
    assert any(s.by == -4 for s in found)


def plain_labels(plain: Plain, pairs: Pairs, labels: list[int], first: int, stop: int) -> float:
    """The highest sum that labels of the rows can reach, changes paid for."""
    totals = dict.fromkeys(labels, 0.0)
    for row in range(first, stop):
        top = max(totals.values())
        totals = {
            label: max(total, top - shift_stretches._CHANGE) + worth(plain, pairs, row, label, labels)
            for label, total in totals.items()
        }
    return max(totals.values())


def worth(plain: Plain, pairs: Pairs, row: int, label: int, labels: list[int]) -> float:
    if not label:
        return float(pairs.own[row])
    weight = shift_stretches._BY_BODY_AGAINST_TITLES if -label in labels else BY_BODY
    return max(plain.get((row, label), 0.0), weight * plain.get((row - label, label), 0.0))


@pytest.mark.parametrize("seed", range(6))
def test_the_labels_of_rows_are_the_likeliest(seed: int) -> None:
    evidence, plain = drawn(seed, shifted=(30, 70, 3))
    pairs, labels = Pairs.of(evidence), [0, -5, 3, 5]
    runs = shift_stretches._runs(pairs, np.array(labels), 5, 110, WINDOW)
    assert runs[0].first == 5 and runs[-1].last == 109
    total = -shift_stretches._CHANGE * (len(runs) - 1)
    for run in runs:
        for row in range(run.first, run.last + 1):
            total += worth(plain, pairs, row, run.by, labels)
    assert total == pytest.approx(plain_labels(plain, pairs, labels, 5, 110), abs=1e-2)
    assert any(run.by == 3 and len(run) > 25 for run in runs)


def test_the_stretch_that_was_drawn_is_reported_and_no_other() -> None:
    for seed in range(20):
        evidence, _ = drawn(seed, n=300, shifted=(100, 160, 6))
        found = find_segments(evidence, WINDOW)
        assert [s.by for s in found] == [6]
        assert abs(found[0].first - 100) <= 4 and 154 <= found[0].last <= 168  # the bodies end with row 166
        assert find_segments(drawn(seed, n=300)[0], WINDOW) == []


def test_what_a_row_shares_with_its_address_is_counted_as_by_sets() -> None:
    rng = random.Random(3)
    words = [f"word{i}" for i in range(30)]
    sides = [
        term_lists(text_buffers(pa.array([" ".join(rng.sample(words, k)) if k else None for k in sizes])), 400)
        for sizes in ([0, 3, 8, 20, 5], [4, 0, 10, 25, 30])
    ]
    shared = np.zeros(5, np.int64)
    shift_slugs._shares(*sides[0][:2], *sides[1][:2], shared)
    expected = [len(set(sides[0].rows(i, i + 1).hashes) & set(sides[1].rows(i, i + 1).hashes)) for i in range(5)]
    assert shared.tolist() == expected
