"""Folds keep the titles and bodies of one story together."""

import numpy as np
import pyarrow as pa

from mismatch.judging.swaps import Pairs
from mismatch.training.stories import fold_numbers

N_STORIES, BODIES_OF_A_STORY = 12, 3
_WORDS = [f"word{i}" for i in range(600)]


def _body(number: int) -> str:
    rng = np.random.default_rng(number)
    return " ".join(rng.choice(_WORDS, 60).tolist())


def _pairs(titles: list[str], bodies: list[str]) -> Pairs:
    return Pairs.from_columns(pa.array(titles, pa.large_string()), pa.array(bodies, pa.large_string()))


def _stories() -> tuple[list[str], list[str]]:
    """Each title over each body of its story."""
    titles, bodies = [], []
    for story in range(N_STORIES):
        for body in range(BODIES_OF_A_STORY):
            titles += [f"headline alpha{story}", f"headline beta{story}"]
            bodies += [_body(10 * story + body)] * 2
    return titles, bodies


def _folds(titles: list[str], bodies: list[str], n_matched: int | None = None) -> np.ndarray:
    pairs = _pairs(titles, bodies)
    rows = np.arange(len(pairs))
    folds, n_folds = fold_numbers(pairs, rows, rows[:n_matched], 4, np.random.default_rng(0))
    assert n_folds == 4
    return folds


def test_a_story_is_in_one_fold():
    folds = _folds(*_stories()).reshape(N_STORIES, -1)
    assert (folds == folds[:, :1]).all()
    assert len(np.unique(folds)) == 4


def test_titles_that_stand_once_are_divided_by_their_bodies_alone():
    titles = [f"headline gamma{i}" for i in range(40)]
    bodies = [_body(i // 2) for i in range(40)]
    folds = _folds(titles, bodies)
    assert (folds[::2] == folds[1::2]).all()
    assert np.bincount(folds).tolist() == [10, 10, 10, 10]


def test_a_mismatch_of_two_stories_in_different_folds_is_left_out():
    titles, bodies = _stories()
    n = len(titles)
    folds = _folds([*titles, *titles], [*bodies, *bodies[6:], *bodies[:6]], n)
    of_title, of_body, wrong = folds[:n], np.roll(folds[:n], -6), folds[n:]
    assert (wrong[of_title == of_body] == of_title[of_title == of_body]).all()
    assert (wrong[of_title != of_body] == -1).all()
    assert (of_title == of_body).any()
    assert (of_title != of_body).any()


def test_a_mismatch_with_a_title_of_its_own_stays_with_its_body():
    titles, bodies = _stories()
    n = len(titles)
    folds = _folds([*titles, *(f"headline delta{i}" for i in range(n))], [*bodies, *bodies], n)
    assert (folds[n:] == folds[:n]).all()


def test_one_title_over_everything_is_no_story():
    titles = ["Weather"] * 40
    folds = _folds(titles, [_body(i) for i in range(40)])
    assert np.bincount(folds).tolist() == [10, 10, 10, 10]
