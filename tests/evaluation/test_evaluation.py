"""Figures are what they are called, their intervals cover, and an evaluation says what it left out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from mismatch.errors import InputError
from mismatch.evaluation.evaluation import Setup, compare, evaluate
from mismatch.evaluation.groups import script
from mismatch.evaluation.measures import (
    bootstrap,
    calibration_error,
    costs,
    curve,
    interval,
    precision,
    precision_at_least,
    reliability,
)
from mismatch.evaluation.prevalence import OperatingPoint, true_share
from mismatch.judging.scorer import Scorer
from mismatch.model.recall import FALSE_FLAG_RATES, recall_at

TIED = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 1)), min_size=2, max_size=40).filter(
    lambda pairs: len({label for _, label in pairs}) == 2
)


@settings(max_examples=60, deadline=None)
@given(TIED, st.integers(0, 5))
def test_a_bootstrap_draw_equals_measuring_the_drawn_pairs(pairs: list[tuple[int, int]], seed: int) -> None:
    scores, labels = (np.array(part) for part in zip(*pairs, strict=True))
    groups = np.arange(len(scores)) // 2
    drawn = bootstrap(scores.astype(float), labels, groups, draws=3, seed=seed)
    rng, n_groups = np.random.default_rng(seed), int(groups.max()) + 1
    for k in range(3):
        chosen = rng.integers(n_groups, size=n_groups)
        rows = np.concatenate([np.flatnonzero(groups == g) for g in chosen])
        s, y = scores[rows].astype(float), labels[rows]
        if len(set(y.tolist())) < 2:
            assert np.isnan(drawn["auroc"][k])
            continue
        assert drawn["auroc"][k] == pytest.approx(roc_auc_score(y, s))
        assert drawn["average_precision"][k] == pytest.approx(average_precision_score(y, s))
        for rate in FALSE_FLAG_RATES:
            assert drawn[f"recall_at_{rate:g}"][k] == pytest.approx(recall_at(s[y == 0], s[y == 1], rate))


def test_pairs_of_one_body_widen_the_interval() -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], 100)
    scores = rng.normal(labels * 1.5, 1)
    single = interval(bootstrap(scores, labels, np.arange(200), draws=400, seed=0)["auroc"])
    copies = interval(
        bootstrap(np.tile(scores, 5), np.tile(labels, 5), np.tile(np.arange(200), 5), draws=400, seed=0)["auroc"]
    )
    as_if_new = interval(bootstrap(np.tile(scores, 5), np.tile(labels, 5), np.arange(1000), draws=400, seed=0)["auroc"])
    assert copies[1] - copies[0] == pytest.approx(single[1] - single[0], rel=0.05)
    assert as_if_new[1] - as_if_new[0] < 0.6 * (single[1] - single[0])


def test_the_calibration_curve_weighs_the_classes_as_stated() -> None:
    probability = np.array([0.1] * 80 + [0.9] * 20 + [0.1] * 10 + [0.9] * 40)
    labels = np.repeat([0, 1], [100, 50])
    even = reliability(probability, labels, 0.5)
    assert [b.pairs for b in even] == [90, 60]
    assert [b.observed for b in even] == pytest.approx([0.2, 0.8])
    assert calibration_error(even) == pytest.approx(0.1)
    assert sum(b.weight for b in reliability(probability, labels, 0.01)) == pytest.approx(1)


def test_precision_follows_from_rates_and_prevalence() -> None:
    assert precision(0.9, 0.01, 0.01) == pytest.approx(0.009 / (0.009 + 0.0099))
    assert precision(0.0, 0.0, 0.01) is None
    assert precision_at_least(60, 60, 0, 60, 0.01) < 0.2  # no false flag among 60 says little


def test_the_cheapest_cut_is_the_cheapest_of_all() -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], 300)
    scores = rng.normal(labels * 2.0, 1)
    of = curve(scores, labels)
    found = costs(of, (0.5, 0.9), 0.1, 1.0, 5.0)
    prices = [
        1000 * (0.9 * (scores[labels == 0] > cut).mean() + 0.1 * 5 * (scores[labels == 1] <= cut).mean())
        for cut in [-np.inf, *scores]
    ]
    assert found.cheapest == pytest.approx(min(prices))
    assert found.own == pytest.approx(1000 * (0.9 * 0.5 + 0.1 * 0.1 * 5))
    assert costs(of, (0, 0), 0.1, 1.0, 0.0).cheapest_cut == np.inf


def test_the_true_share_is_estimated_with_an_interval_that_covers() -> None:
    rng, covered, draws = np.random.default_rng(0), 0, 1500
    share, recall, false_flags = 0.03, 0.85, 0.01
    for _ in range(draws):
        point = OperatingPoint(500, rng.binomial(500, false_flags) / 500, 400, rng.binomial(400, recall) / 400)
        flagged = rng.binomial(2000, share * recall + (1 - share) * false_flags)
        estimate = true_share(flagged, 2000, point)
        assert estimate is not None
        assert estimate.low <= estimate.share <= estimate.high
        covered += estimate.low <= share <= estimate.high
    assert covered / draws > 0.93
    exact = true_share(3520, 100_000, OperatingPoint(10**9, 0.01, 10**9, 0.85))
    assert exact is not None
    assert exact.share == pytest.approx((0.0352 - 0.01) / 0.84)


def test_nothing_is_estimated_where_nothing_is_known() -> None:
    assert OperatingPoint.of_card({}) is None
    assert OperatingPoint.of_card({"figures_out_of_fold": {"flagged_matched": 0.1, "flagged_mismatched": 0.9}}) is None
    point = OperatingPoint.of_card(
        {"figures_out_of_fold": {"matched": 9, "mismatched": 8, "flagged_matched": 0.0, "flagged_mismatched": 0.5}}
    )
    assert point == OperatingPoint(9, 0.0, 8, 0.5)
    assert true_share(0, 0, point) is None
    assert true_share(5, 10, OperatingPoint(10, 0.5, 10, 0.5)) is None


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("The cat", "latin"),
        ("кошка", "cyrillic"),
        ("猫が好き、とても", "kana"),
        ("新闻报道", "cjk"),
        ("١٢ قطة", "arabic"),
        ("12 !", ""),
    ],
)
def test_the_writing_system_is_told(text: str, name: str) -> None:
    assert script(text) == name


@pytest.fixture(scope="module")
def table(articles: list[dict[str, str]]) -> pa.Table:
    return pa.table(
        {name: pa.array([row[name] for row in articles], pa.large_string()) for name in ("title", "body", "source", "topic")}
    )


def test_what_cannot_be_judged_or_stands_twice_is_left_out_and_counted(scorer: Scorer, table: pa.Table) -> None:
    odd = pa.table({name: pa.array([value], pa.large_string()) for name, value in
                    (("title", "A title"), ("body", None), ("source", "x"), ("topic", None))})  # fmt: skip
    result = evaluate(scorer.model, pa.concat_tables([table, table.slice(0, 5), odd]))
    assert (result.overall.matched, result.duplicates, result.unscorable) == (64, 5, 1)


def test_mistakes_name_the_rows_and_the_missing_terms(scorer: Scorer, table: pa.Table) -> None:
    labels = np.zeros(64, np.int64)
    labels[7] = 1  # a match that is called a mismatch
    titles = table["title"].to_pylist()
    titles[3] = "Zebra xylophone quarrel"
    result = evaluate(scorer.model, table.set_column(0, "title", pa.array(titles, pa.large_string())), labels=labels)
    assert (result.misses[0].row, result.misses[0].body_row) == (8, 8)
    flagged = result.false_flags[0]
    assert (flagged.row, flagged.source) == (4, "herald.example")
    assert flagged.terms == {"Zebra": False, "xylophone": False, "quarrel": False}


def test_an_evaluation_is_plain_json_and_repeats_itself(scorer: Scorer, table: pa.Table) -> None:
    setup = Setup(prior=0.02, cost_false_flag=1000.0, cost_miss=0.0, seed=3, draws=50)
    first, again = (json.dumps(evaluate(scorer.model, table, setup=setup).as_dict(), allow_nan=False) for _ in range(2))
    assert first == again
    assert json.loads(first)["prior"] == 0.02


def test_a_model_compared_with_itself_differs_by_nothing(scorer: Scorer, table: pa.Table) -> None:
    result = compare(scorer.model, scorer.model, table, setup=Setup(draws=50))
    assert all(difference == 0 and bounds == (0, 0) for difference, bounds in result.differences.values())


def test_labels_of_one_class_are_refused(scorer: Scorer, table: pa.Table) -> None:
    with pytest.raises(InputError, match="labelled match; evaluation with labels needs both"):
        evaluate(scorer.model, table, labels=np.zeros(64, np.int64))


def test_the_command_prints_intervals_costs_promise_and_mistakes(
    invoke: Any, tmp_path: Path, articles: list[dict[str, str]], model_path: Path, write_rows: Any
) -> None:
    rows = [{**row, "label": "no"} for row in articles] + [
        {**row, "body": articles[i - 9]["body"], "label": "yes"} for i, row in enumerate(articles)
    ]
    rows[5]["title"] = "\x1b[31m[bold]Zebra[/bold] xylophone \u202equarrel"
    path = write_rows(tmp_path / "labelled.jsonl", rows)
    shown = invoke("evaluate", path, "--cost-miss", "10", "--prior", "0.05", "--model", model_path).out.decode()
    for words in ("95 % intervals", "if 5 % of a stream are mismatches", "promise: ",
                  "costs of 1,000 pairs (false flag 1, miss 10)",
                  "matched pairs that are flagged", "row 6", "[bold]Zebra[/bold] xylophone quarrel"):  # fmt: skip
        assert words in shown
    assert "\x1b" not in shown
    assert "\u202e" not in shown


def test_the_command_compares_two_models(invoke: Any, pairs_file: Path, model_path: Path) -> None:
    figures = json.loads(invoke("evaluate", pairs_file, "--compare", model_path, "--json", "--model", model_path).out)
    assert figures["differences"]["auroc"] == {"difference": 0.0, "interval": [0.0, 0.0]}
    assert figures["model"]["model"] == figures["compared"]["model"]
    assert (
        "second minus first" in invoke("evaluate", pairs_file, "--compare", model_path, "--model", model_path).out.decode()
    )


def test_labels_in_another_spelling_are_refused_with_what_is_accepted(
    invoke: Any, tmp_path: Path, articles: list[dict[str, str]], model_path: Path, write_rows: Any
) -> None:
    path = write_rows(tmp_path / "a.jsonl", [{**row, "label": "genuine"} for row in articles])
    ended = invoke("evaluate", path, "--quiet", "--model", model_path)
    assert ended.code == 2
    assert ended.said == [
        "mismatch: label 'genuine' (row 1) is not known; use match or mismatch (also 0/1, false/true, related/unrelated)"
    ]
    assert invoke("evaluate", path, "--swaps", "--model", model_path).code == 0


def test_half_a_column_of_labels_is_left_aside_aloud(
    invoke: Any, tmp_path: Path, articles: list[dict[str, str]], model_path: Path, write_rows: Any
) -> None:
    path = write_rows(tmp_path / "a.jsonl", [{**row, "label": "match" if i else None} for i, row in enumerate(articles)])
    ended = invoke("evaluate", path, "--model", model_path)
    assert ended.code == 0
    assert "1 rows have no label, so that the labels of the others are left aside" in ended.err


@pytest.mark.parametrize("option", [["--prior", "1"], ["--prior", "nan"], ["--cost-miss", "-1"], ["--cost-miss", "inf"]])
def test_impossible_priors_and_costs_are_refused(invoke: Any, pairs_file: Path, model_path: Path, option: list[str]) -> None:
    ended = invoke("evaluate", pairs_file, "--model", model_path, *option)
    assert ended.code == 2
    assert len(ended.said) == 1
