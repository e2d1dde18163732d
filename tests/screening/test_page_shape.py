"""The shape of a text, counted 64 bytes at a time, is what counting letter by letter gives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mismatch.screening.page_shape import N_SHAPE, _count_marks, measure_shape

BARS = set("|/·»›•・｜")
ENDS = set(".!?؟。？！।")
QUESTIONS = set("?؟")
MARKS = "".join(sorted(BARS | ENDS | QUESTIONS))


def slow_count(text: str) -> tuple[int, ...]:
    lines = [line for line in text.split("\n") if any(ord(c) > 32 for c in line)]
    short = sum(len(line.encode()) < 60 for line in lines)
    arrows_boxes_ticks = sum(c.encode()[:2] in (b"\xe2\x86", b"\xe2\x98", b"\xe2\x9c") for c in text)
    bars = sum(c in BARS for c in text) + arrows_boxes_ticks
    figures = sum(c in "0123456789" and (i == 0 or text[i - 1] not in "0123456789") for i, c in enumerate(text))
    capitals = sum("A" <= c <= "Z" for c in text)
    return (
        len(lines), short, bars, sum(c in ENDS for c in text), figures, sum(c in QUESTIONS for c in text), capitals,
    )  # fmt: skip


def counted(data: bytes, pos: int, stop: int) -> tuple[int, ...]:
    return tuple(_count_marks.alone(np.frombuffer(data or b" ", np.uint8), pos, stop, np.zeros(64, np.uint8)))


pieces = st.lists(
    st.one_of(
        st.text(alphabet=MARKS + "aZ5é中अ→☑✓ \n", max_size=90),
        st.sampled_from(["\n" * 3, "word " * 13, "A1 " * 22, "x" * 59, "x" * 60, "x" * 61, "…", "ـ", "\u00a0"]),
    ),
    max_size=6,
)


@settings(deadline=None)  # the first example compiles
@given(pieces, st.integers(0, 70), st.integers(0, 70))
def test_it_equals_the_count_letter_by_letter_wherever_the_text_lies(parts: list[str], before: int, behind: int) -> None:
    text = "".join(parts)
    data = text.encode()
    surrounded = b"?" * before + data + b"|" * behind
    assert counted(surrounded, before, before + len(data)) == slow_count(text)


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_disturb_it(data: bytes) -> None:
    assert all(0 <= n <= len(data) for n in counted(data, 0, len(data)))


def test_a_menu_and_a_report_have_different_shapes() -> None:
    menu, report = b"Home | News\nSport | Video\nLogin\n", b"The council met on Monday. It voted for the bridge, at last.\n"
    shapes = np.zeros((2, N_SHAPE), np.float32)
    for text, out in zip((menu, report), shapes, strict=True):
        measure_shape.alone(np.frombuffer(text, np.uint8), 0, len(text), 5, 0, 0, np.zeros(64, np.uint8), out)
    short_lines, bars, ends = 3, 4, 5
    assert shapes[0, short_lines] == 1 and shapes[0, bars] == 1 and shapes[0, ends] == 0
    assert shapes[1, bars] == 0 and shapes[1, ends] == pytest.approx(1)
