"""Since when a source is worse, in bounded memory."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest

from mismatch.batch.course import MAX_BINS, Course, more_since
from mismatch.batch.days import Days, in_words
from mismatch.errors import InputError
from mismatch.records.reading import Reader


def course(flags: np.ndarray) -> Course:
    made = Course()
    for number, flagged in enumerate(flags.tolist()):
        made.add(number, 10 * number + 1, 1, int(flagged))
    return made


def test_a_course_keeps_all_rows_in_few_stretches() -> None:
    stretches = course(np.arange(10_000) % 7 == 0).stretches()
    assert len(stretches) <= MAX_BINS
    assert stretches[:, 0].sum() == 10_000
    assert stretches[:, 1].sum() == 1_429
    assert (np.diff(stretches[:, 2]) > 0).all()


@pytest.mark.parametrize("start", [100, 500, 900])
def test_a_rise_is_found_where_it_begins(start: int) -> None:
    rng = np.random.default_rng(start)
    flags = rng.random(1_000) < np.where(np.arange(1_000) < start, 0.01, 0.4)
    since = more_since(course(flags).stretches())
    assert since is not None
    assert abs((since.place - 1) / 10 - start) <= 2 * 1_000 / (MAX_BINS // 2)
    assert since.before < 0.05 < 0.3 < since.after


def test_a_rate_that_stays_the_same_hardly_ever_changes() -> None:
    rng = np.random.default_rng(1)
    assert sum(more_since(course(rng.random(800) < 0.1).stretches()) is not None for _ in range(100)) <= 3


def test_a_rate_that_falls_is_no_rise() -> None:
    assert more_since(course(np.arange(1_000) < 300).stretches()) is None
    assert more_since(np.empty((0, 3), np.int64)) is None


def days_of(texts: list[object], asked: str | None = None) -> tuple[Days, list[int] | None]:
    raw = "".join(json.dumps({"title": "a", "body": "b", "Published": text}) + "\n" for text in texts).encode()
    days = Days(asked)
    (block,) = [chunk.decode() for chunk in Reader(["-"], format="jsonl", stdin=io.BytesIO(raw))]
    found = days.of(block)
    return days, None if found is None else found.tolist()


def test_dates_are_read_in_the_forms_that_feeds_have() -> None:
    forms = ["2026-11-03", "2026-11-03T23:59:00Z", "2026-11-03 08:00:00", "20261103", "Tue, 03 Nov 2026 10:00:00 GMT",
             1793700000, "1793700000000", "2026/11/03", "3.11.2026 10:00", "November 3, 2026", "3 Nov 2026",
             "2026-11-04T04:30:00+05:30", "2026-11-02T23:00:00-0800", "Mon, 02 Nov 2026 23:00:00 -0500"]  # fmt: skip
    days, found = days_of(forms)
    assert found is not None
    assert days.column == "Published"
    assert {in_words(day) for day in found} == {"2026-11-03"}


@pytest.mark.parametrize(
    ("forms", "days"),
    [
        (["11/03/2026", "11/21/2026 08:00"], ["2026-11-03", "2026-11-21"]),
        (["03/11/2026", "21/11/2026 08:00"], ["2026-11-03", "2026-11-21"]),
        (["3-11-2026", "21-11-2026"], ["2026-11-03", "2026-11-21"]),
    ],
)
def test_a_column_shows_whether_its_days_stand_before_its_months(forms: list[object], days: list[str]) -> None:
    found = days_of(forms)[1]
    assert found is not None and [in_words(day) for day in found] == days


def test_dates_that_may_be_in_either_month_are_not_guessed() -> None:
    days, found = days_of(["03/11/2026", "04/11/2026"])
    assert found is None
    assert days.unreadable == "Published"


def test_what_is_no_date_is_counted() -> None:
    days, found = days_of(["2026-11-03", "yesterday", None, "9999-99-99", "1e400"], "Published")
    assert found is not None
    assert [day >= 0 for day in found] == [True, False, False, False, False]
    assert days.unknown == 4


def test_a_column_without_dates_is_none_of_dates() -> None:
    assert days_of(["yesterday", "today"])[1] is None


def test_a_column_of_dates_may_stand_inside_an_object_but_not_be_missing() -> None:
    inside = {"year": 2026, "on": "2026-11-03"}
    found = days_of([inside, inside], "Published.on")[1]
    assert found is not None and [in_words(day) for day in found] == ["2026-11-03"] * 2
    with pytest.raises(InputError, match=r"there is no column 'when'.*--date"):
        days_of(["2026-11-03"], "when")
