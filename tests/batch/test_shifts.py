"""Shifts: stretches of a file whose titles and bodies are off by some rows."""

from __future__ import annotations

import json
import random
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from made_archive import Archive, archive, name, turned

from mismatch.batch.shifts import Shift, as_json, find_shifts, in_shifts, in_words, shifted_pairs
from mismatch.model.model import Model
from mismatch.model.model_file import load_model
from mismatch.model.starter import model_path

N = 1500


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model(model_path("starter"))


@pytest.fixture(scope="module")
def clean() -> Archive:
    return archive(N)


def near(found: list[Shift], expected: list[tuple[int, int, int]]) -> bool:
    """Whether these shifts are found, each with its ends within two rows, and no others."""
    return len(found) == len(expected) and all(
        shift.by == by and abs(shift.first_row - first) <= 2 and abs(shift.last_row - last) <= 2
        for shift, (first, last, by) in zip(found, expected, strict=True)
    )


def test_nothing_is_reported_on_a_clean_file(model: Model, clean: Archive) -> None:
    assert find_shifts(model, clean.table()) == []
    assert find_shifts(model, clean.table()[:0]) == []


@pytest.mark.parametrize(
    ("first", "length", "by"), [(201, 20, 1), (700, 25, -2), (1, 30, 5), (400, 100, -17), (300, 600, 100), (1, N, -1)]
)
def test_a_stretch_whose_bodies_are_turned_round_is_found(
    model: Model, clean: Archive, first: int, length: int, by: int
) -> None:
    bodies = turned(clean.bodies, first - 1, first - 1 + length, by)
    assert near(find_shifts(model, clean._replace(bodies=bodies).table()), [(first, first + length - 1, by)])


@pytest.mark.parametrize("by", [1, 17, 400, 1000])
def test_titles_of_rows_further_down_are_found_however_far(model: Model, clean: Archive, by: int) -> None:
    titles = [*clean.titles[:100], *clean.titles[100 + by : 120 + by], *clean.titles[120:]]
    assert near(find_shifts(model, clean._replace(titles=titles).table()), [(101, 120, by)])


def test_a_column_that_moved_down_to_the_end_of_the_file_is_found(model: Model, clean: Archive) -> None:
    bodies = [*clean.bodies[:600], None, None, None, *clean.bodies[600:-3]]
    assert near(find_shifts(model, clean._replace(bodies=bodies).table()), [(601, N, 3)])


def test_a_column_that_lost_a_row_and_gained_one_further_down_is_found(model: Model, clean: Archive) -> None:
    bodies = [*clean.bodies[:600], *clean.bodies[601:900], "", *clean.bodies[900:]]
    assert near(find_shifts(model, clean._replace(bodies=bodies).table()), [(601, 900, -1)])


def test_two_stretches_that_changed_places_are_two_shifts(model: Model, clean: Archive) -> None:
    b = clean.bodies
    bodies = [*b[:200], *b[1000:1040], *b[240:1000], *b[200:240], *b[1040:]]
    assert near(find_shifts(model, clean._replace(bodies=bodies).table()), [(201, 240, 800), (1001, 1040, -800)])
    bodies = [*b[:200], *b[240:280], *b[200:240], *b[280:]]
    assert near(find_shifts(model, clean._replace(bodies=bodies).table()), [(201, 240, 40), (241, 280, -40)])


def test_several_shifts_are_told_apart_also_where_one_passes_into_another(model: Model, clean: Archive) -> None:
    b = clean.bodies
    bodies = turned(turned(b, 100, 160, 2), 900, 1300, -30)
    assert near(find_shifts(model, clean._replace(bodies=bodies).table()), [(101, 160, 2), (901, 1300, -30)])
    bodies = [*b[:300], None, *b[300:500], *[None] * 40, *b[500:-41]]
    assert near(find_shifts(model, clean._replace(bodies=bodies).table()), [(301, 500, 1), (501, N, 41)])


def test_seven_titles_of_ten_that_tell_are_enough(model: Model) -> None:
    some = archive(N, seed=1, telling=0.7)
    assert find_shifts(model, some.table()) == []
    bodies = turned(some.bodies, 400, 430, 2)
    found = find_shifts(model, some._replace(bodies=bodies).table())
    assert [shift.by for shift in found] == [2]
    assert abs(found[0].first_row - 401) <= 4 and abs(found[0].last_row - 430) <= 4


def test_rows_without_title_or_body_do_not_hide_a_shift(model: Model, clean: Archive) -> None:
    bodies = turned(clean.bodies, 500, 800, 1)
    titles: list[str | None] = [None if i % 5 == 0 else title for i, title in enumerate(clean.titles)]
    bodies = [None if i % 7 == 0 else body for i, body in enumerate(bodies)]
    assert near(find_shifts(model, Archive(titles, bodies).table()), [(501, 800, 1)])


def test_swaps_at_random_are_no_shift(model: Model, clean: Archive) -> None:
    rng = random.Random(3)
    rows = rng.sample(range(N), N // 10)
    bodies = list(clean.bodies)
    for row, other in pairwise(rows):
        bodies[row], bodies[other] = bodies[other], bodies[row]
    assert find_shifts(model, clean._replace(bodies=bodies).table()) == []


def test_titles_that_repeat_are_no_shift(model: Model, clean: Archive) -> None:
    titles: list[str | None] = [
        clean.titles[i // 3 * 3] if 300 <= i < 900 else title for i, title in enumerate(clean.titles)
    ]
    assert find_shifts(model, clean._replace(titles=titles).table()) == []


def test_a_body_that_stands_many_times_beside_itself_is_no_shift(model: Model, clean: Archive) -> None:
    """As where a table of titles and bodies is sorted by body, and most of its pairs are wrong."""
    bodies = list(clean.bodies)
    titles = list(clean.titles)
    for start, other in ((100, 130), (600, 900)):
        bodies[start : start + 30] = [clean.bodies[start]] * 30
        titles[other : other + 30] = [f"{clean.titles[start]} {i}" for i in range(30)]
    assert find_shifts(model, Archive(titles, bodies).table()) == []


def test_updates_of_one_story_side_by_side_are_no_shift(model: Model, clean: Archive) -> None:
    rng = random.Random(5)
    story = [name(rng) for _ in range(6)]
    titles, bodies = list(clean.titles), list(clean.bodies)
    for i in range(700, 800):
        titles[i] = f"Live: {' '.join(rng.sample(story, 2))} latest updates"
        bodies[i] = f"{' '.join(rng.sample(story, 4))} {clean.bodies[i]}"
    assert find_shifts(model, Archive(titles, bodies).table()) == []


def test_rows_that_come_in_small_batches_give_the_same(model: Model, clean: Archive) -> None:
    table = clean._replace(bodies=turned(clean.bodies, 300, 500, 4)).table()
    assert find_shifts(model, table, batch_rows=37) == find_shifts(model, table, batch_rows=5000)


def test_the_address_tells_which_side_moved(model: Model, clean: Archive) -> None:
    urls = pa.array([f"https://ferry.example/2024/{str(title).lower().replace(' ', '-')}.html" for title in clean.titles])
    moved = clean._replace(bodies=turned(clean.bodies, 300, 500, 4)).table().append_column("url", urls)
    found = find_shifts(model, moved)
    assert near(found, [(301, 500, 4)]) and found[0].moved == "bodies"
    moved = clean._replace(titles=turned(clean.titles, 300, 500, 4)).table().append_column("url", urls)
    found = find_shifts(model, moved)
    assert near(found, [(301, 500, -4)]) and found[0].moved == "titles"
    assert find_shifts(model, clean.table().append_column("url", urls)) == []


def test_addresses_find_titles_that_share_no_word_with_their_bodies(model: Model) -> None:
    """Titles moved, and only the addresses, which stayed with the bodies, have their words."""
    some = archive(N, seed=8)
    titles = [str(title) for title in some.titles]
    told = [f"https://ferry.example/{title.lower().replace(' ', '-')}" for title in titles]
    plain = archive(N, seed=9).bodies
    bodies: list[str | None] = [f"{' '.join(title.split()[:2])} {body}" for title, body in zip(titles, plain, strict=True)]
    shifted = Archive(turned(list(titles), 300, 500, 6), bodies).table().append_column("url", pa.array(told))
    assert [shift.by for shift in find_shifts(model, shifted)] == [-6]


def test_a_shift_in_words_and_as_json() -> None:
    shifts = [Shift(1201, 4310, 1), Shift(9000, 9030, -1000, "titles")]
    assert shifts[0].words() == "rows 1,201 to 4,310 are shifted by 1"
    assert shifts[1].words().startswith("rows 9,000 to 9,030 are shifted by -1,000 (")
    assert json.loads(as_json(shifts)) == [
        {"first_row": 1201, "last_row": 4310, "by": 1},
        {"first_row": 9000, "last_row": 9030, "by": -1000},
    ]
    assert json.loads(as_json([])) == []
    assert in_words(shifts) == [shift.words() for shift in shifts]
    assert in_words(shifts * 500)[-1] == "and 960 shifts more"


def test_titles_get_the_bodies_that_left_their_place_and_no_others() -> None:
    titles, bodies = shifted_pairs([Shift(11, 30, 2), Shift(50, 69, 100), Shift(150, 169, -100)])
    pairs = dict(zip(titles.tolist(), bodies.tolist(), strict=True))
    assert pairs[11] == 13 and 29 not in pairs
    assert pairs[50] == 150 and pairs[169] == 69
    assert len(set(pairs.values())) == len(pairs) == 18 + 20 + 20
    assert shifted_pairs([Shift(1, 20, 500)])[0].size == 0


def test_which_rows_are_in_a_shift() -> None:
    shifts = [Shift(3, 5, 1), Shift(9, 12, 2)]
    assert np.flatnonzero(in_shifts(shifts, np.arange(15))).tolist() == [3, 4, 5, 9, 10, 11, 12]
    assert not in_shifts([], np.arange(15)).any()
