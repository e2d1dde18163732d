"""Duplicates found, mismatches made by swapping, folds that keep a body on one side."""

from __future__ import annotations

import random

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ordinary_pairs import PAIRS

from mismatch.judging.swaps import Pairs, codes, derange
from mismatch.terms.document_frequency import DocumentCounter
from mismatch.terms.lexicon import Lexicon
from mismatch.terms.near_duplicates import near_duplicate_groups
from mismatch.terms.text_buffers import text_buffers
from mismatch.training.pairs import group_folds, neighbours


def pairs_of(titles: list[str], bodies: list[str]) -> Pairs:
    return Pairs.from_columns(pa.array(titles), pa.array(bodies))


def archive(seed: int, n: int) -> Pairs:
    """Pairs of which many share a body or a title."""
    rng = random.Random(seed)
    some = [(title, body) for _, _, title, body in PAIRS]
    chosen = [(rng.choice(some)[0], rng.choice(some[: max(2, n // 2)])[1]) for _ in range(n)]
    return pairs_of([title for title, _ in chosen], [body for _, body in chosen])


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 60))
def test_a_swapped_title_never_gets_a_body_of_its_own_group(seed: int, n: int) -> None:
    pairs = archive(seed, n)
    rows = np.arange(n)
    left, right = derange(pairs, rows, np.random.default_rng(seed))
    assert set(left) <= set(rows)
    assert set(right) <= set(rows)
    assert (pairs.body_groups[left] != pairs.body_groups[right]).all()
    assert (pairs.title_groups[left] != pairs.title_groups[right]).all()


def test_different_pairs_all_find_a_foreign_body_used_once() -> None:
    pairs = pairs_of([title for _, _, title, _ in PAIRS], [body for _, _, _, body in PAIRS])
    rows = np.flatnonzero(pairs.first_of_duplicates())
    left, right = derange(pairs, rows, np.random.default_rng(0))
    assert left.tolist() == rows.tolist()
    assert sorted(right) == rows.tolist()


def test_swaps_stay_within_their_stratum() -> None:
    pairs = pairs_of([title for _, _, title, _ in PAIRS], [body for _, _, _, body in PAIRS])
    topics = codes([topic for topic, *_ in PAIRS], len(PAIRS))
    topics[:3] = -1
    left, right = derange(pairs, np.arange(len(PAIRS)), np.random.default_rng(0), topics)
    assert len(left) > len(PAIRS) / 2
    assert (topics[left] == topics[right]).all()
    assert (topics[left] >= 0).all()


def test_hard_swaps_are_of_another_group_and_nearer_than_random_ones() -> None:
    rng = random.Random(0)
    subjects = np.repeat(np.arange(6), 40)  # each with a vocabulary of its own
    bodies = [" ".join(f"{chr(97 + s)}{rng.randrange(60):x}word" for _ in range(80)) for s in subjects]
    pairs = pairs_of([f"title {i:x}x" for i in range(len(bodies))], bodies)
    counter = DocumentCounter()
    counter.add(pairs.titles, pairs.bodies)
    rows = np.arange(len(bodies))
    near = neighbours(pairs, rows, rows, Lexicon.learn(*counter.counts()), np.random.default_rng(0))
    assert (near >= 0).all()
    assert (pairs.body_groups[rows] != pairs.body_groups[near]).all()
    assert (subjects[rows] == subjects[near]).mean() > 0.9


def test_too_few_pairs_have_no_neighbours() -> None:
    pairs = pairs_of(["a title", "another"], ["one body", "two bodies"])
    nothing = Lexicon.learn(*DocumentCounter().counts())
    assert neighbours(pairs, np.arange(2), np.arange(2), nothing, np.random.default_rng(0)).tolist() == [-1, -1]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 25), min_size=1, max_size=120), st.integers(2, 6), st.integers(0, 99))
def test_folds_never_split_a_group(groups: list[int], n_folds: int, seed: int) -> None:
    of_group = np.array(groups)
    folds = group_folds(of_group, n_folds, np.random.default_rng(seed))
    assert all(len(set(folds[of_group == group])) == 1 for group in groups)
    assert ((folds >= 0) & (folds < n_folds)).all()
    assert np.bincount(folds, minlength=n_folds).max() <= len(groups) / n_folds + np.bincount(of_group).max()


def test_the_same_seed_gives_the_same_swaps_and_folds() -> None:
    pairs = archive(1, 60)
    rows = np.arange(60)

    def drawn(seed: int) -> list[list[int]]:
        rng = np.random.default_rng(seed)
        return [*(side.tolist() for side in derange(pairs, rows, rng)), group_folds(pairs.body_groups, 5, rng).tolist()]

    assert drawn(3) == drawn(3)
    assert drawn(3) != drawn(4)


def test_near_duplicates_are_found_and_different_bodies_are_not() -> None:
    bodies = [body for _, _, _, body in PAIRS[:40]]
    edited = [f"By our own reporter. {body} Follow us." for body in bodies]
    groups = near_duplicate_groups(text_buffers(pa.array(bodies + edited + [b.upper() for b in bodies])))
    n = len(bodies)
    assert (groups[2 * n :] == groups[:n]).all(), "case is folded"
    assert (groups[n : 2 * n] == groups[:n]).mean() > 0.5
    assert len(set(groups[:n])) == len(set(bodies))


def test_a_pair_counts_once_whose_title_and_body_both_stood_before() -> None:
    body, other = PAIRS[0][3], PAIRS[1][3]
    pairs = pairs_of(["One", "one!", "Two", "One"], [body, body, body, other])
    assert pairs.first_of_duplicates().tolist() == [True, False, True, True]


@pytest.mark.parametrize("values", [["a", None, "b", "a"], pa.chunked_array([["a", None], ["b", "a"]])])
def test_values_are_numbered_and_null_is_minus_one(values: object) -> None:
    numbers = codes(values, 4)  # type: ignore[arg-type]
    assert numbers[1] == -1
    assert numbers[0] == numbers[3] != numbers[2]
    assert codes(None, 2).tolist() == [-1, -1]
