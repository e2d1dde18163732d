"""A few wrong pairs among the calibration pairs do not spoil the cut, and what it promises stays true whatever they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import binom, norm

from mismatch.evaluation.suspects import MOST_LOOK_ALIKES, promised_cut, share_at_least, share_at_most
from mismatch.model.calibration import guaranteed_cut, least_promise, pairs_needed

RATE, CONFIDENCE, SWAPPED = 0.01, 0.95, 4.5


@pytest.mark.parametrize(("k", "n"), [(0, 299), (3, 466), (20, 100), (99, 100)])
def test_the_bounds_of_a_share_are_where_so_many_or_so_few_become_unlikely(k: int, n: int) -> None:
    assert binom.cdf(k, n, share_at_most(k, n, CONFIDENCE)) == pytest.approx(0.05)
    if k:
        assert binom.sf(k - 1, n, share_at_least(k, n, CONFIDENCE)) == pytest.approx(0.05)
    else:
        assert share_at_least(k, n, CONFIDENCE) == 0


def test_the_least_promise_is_the_one_for_which_so_many_pairs_are_just_enough() -> None:
    for n in (45, 64, 299, 466, 20_000):
        rate = least_promise(n, CONFIDENCE)
        assert pairs_needed(rate, CONFIDENCE) <= n < pairs_needed(rate * 0.98, CONFIDENCE)
    assert f"{100 * least_promise(466, CONFIDENCE):.6g}" == "0.641"


def scores_of(n: int, n_suspects: int) -> tuple[np.ndarray, np.ndarray]:
    """Scores of n pairs of which some look swapped, and of swapped pairs, whose median is 10."""
    matched = np.linspace(-5, 5, n - n_suspects)
    return np.concatenate([matched, np.full(n_suspects, 12.0)]), np.linspace(5, 15, 101)


def test_a_few_suspects_are_left_out() -> None:
    scores, swapped = scores_of(466, 3)
    promised = promised_cut(scores, swapped, RATE, CONFIDENCE)
    assert promised.cut == 5.0
    assert promised.left_out == 3
    assert promised.kept.tolist() == [True] * 463 + [False] * 3
    assert guaranteed_cut(scores, RATE, CONFIDENCE) == 12.0
    assert binom.cdf(3, 466, promised.look_alikes_at_most) == pytest.approx(0.05)


def test_many_suspects_count_as_right_pairs() -> None:
    scores, swapped = scores_of(466, 25)
    assert share_at_least(25, 466, CONFIDENCE) > MOST_LOOK_ALIKES
    promised = promised_cut(scores, swapped, RATE, CONFIDENCE)
    assert (promised.cut, promised.left_out, promised.kept.all()) == (12.0, 0, True)


def test_pairs_that_a_person_called_matches_count_all() -> None:
    scores, swapped = scores_of(466, 3)
    promised = promised_cut(scores, swapped, RATE, CONFIDENCE, may_be_wrong=False)
    assert (promised.cut, promised.left_out) == (12.0, 0)


def test_suspects_count_where_the_others_are_too_few_to_promise_anything() -> None:
    scores, swapped = scores_of(320, 3)
    promised = promised_cut(scores, swapped, RATE, CONFIDENCE)
    assert (promised.cut, promised.left_out) == (12.0, 0)


def test_suspects_that_do_not_set_the_cut_change_nothing() -> None:
    scores, swapped = scores_of(3000, 3)
    promised = promised_cut(scores, swapped, RATE, CONFIDENCE)
    assert promised.left_out == 0
    assert promised.cut == guaranteed_cut(scores, RATE, 0.975) < 5


@pytest.mark.parametrize("wrong", [0.0, 0.01, 0.03])
@pytest.mark.parametrize("puns", [0.0, 0.01, 0.015])
def test_what_is_promised_holds_with_wrong_pairs_and_with_right_ones_that_look_swapped(wrong: float, puns: float) -> None:
    rng, broken, found, by_all = np.random.default_rng(1), 0, [], []
    draws, n = 200, 700

    def survival(score: float) -> float:
        return float((1 - puns) * norm.sf(score) + puns * norm.sf(score - SWAPPED))

    for _ in range(draws):
        scores = rng.normal(size=n) + SWAPPED * (rng.random(n) < wrong + (1 - wrong) * puns)
        swapped = rng.normal(SWAPPED, 1, n)
        promised = promised_cut(scores, swapped, RATE, CONFIDENCE)
        border = survival(float(np.median(swapped))) if promised.left_out else 0.0
        broken += (survival(promised.cut) - border) / (1 - border) > RATE or border > promised.look_alikes_at_most > 0
        found.append(norm.sf(promised.cut - SWAPPED))
        by_all.append(norm.sf(guaranteed_cut(scores, RATE, CONFIDENCE) - SWAPPED))
    assert broken <= binom.ppf(0.999, draws, 1 - CONFIDENCE)
    if wrong == 0.03 and not puns:
        assert np.mean(found) > 0.5 > 3 * np.mean(by_all)


def test_the_command_leaves_a_wrong_pair_out_says_so_and_flags_it(
    invoke: Any, tmp_path: Path, articles: list[dict[str, str]], stray: dict[str, str], model_path: Path, write_rows: Any
) -> None:
    path, out = write_rows(tmp_path / "a.jsonl", [*articles, stray]), tmp_path / "m.joblib"
    given = ("--max-false-flags", "0.05", "--confidence", "0.9", "--quiet")
    ended = invoke("calibrate", model_path, path, *given, "--out", out)
    assert ended.code == 0
    (line,) = [line for line in ended.said if line.startswith("warning")]
    assert "1 of 65 calibration pairs (1.54%) score like swapped ones (rows 65); the cut was set without them" in line
    card = json.loads(invoke("info", out, "--json").out)
    assert card["calibrated"]["pairs"]["left_out"] == 1
    promise = card["calibration"]["promise"]
    assert promise.startswith(
        "at most 5 % of matched pairs are flagged, not counting those that look like swapped ones, with"
    )
    assert "if the 64 calibration pairs" in promise
    assert (
        "1 of 65 pairs look so, right or wrong: of matched pairs at most 5.9 % do" in promise
    )  # 1 of 65, upper bound at 90 %
    flagged = invoke("gate", path, "--json", "--no-adapt", "--model", out)
    assert json.loads(flagged.out)["verdicts"]["mismatch"] >= 1


def test_labels_keep_what_they_call_a_match(
    invoke: Any, tmp_path: Path, articles: list[dict[str, str]], stray: dict[str, str], model_path: Path, write_rows: Any
) -> None:
    rows = [{**row, "label": "match"} for row in [*articles, stray]]
    path, out = write_rows(tmp_path / "a.jsonl", rows), tmp_path / "m.joblib"
    ended = invoke("calibrate", model_path, path, "--max-false-flags", "0.05", "--confidence", "0.9", "--out", out)
    assert ended.code == 0
    assert json.loads(invoke("info", out, "--json").out)["calibrated"]["pairs"]["left_out"] == 0
