"""`mismatch calibrate` keeps its promise or says what it would take."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
EASY = ("--max-false-flags", "0.05", "--confidence", "0.9")


@pytest.fixture
def calibrated(invoke: Any, tmp_path: Path, pairs_file: Path, model_path: Path) -> Path:
    out = tmp_path / "calibrated.joblib"
    assert invoke("calibrate", model_path, pairs_file, *EASY, "--out", out).code == 0
    return out


def test_the_card_states_the_promise_and_how_it_was_measured(invoke: Any, calibrated: Path) -> None:
    card = json.loads(invoke("info", calibrated, "--json").out)
    assert card["calibration"]["promise"].startswith("at most 5 % of matched pairs are flagged, with confidence 90 %")
    assert card["calibrated"]["pairs"]["needed"] == 45
    assert card["calibrated"]["pairs"]["used"] == 64
    assert card["operating_point"]["matched"] == 64
    assert card["calibration"]["unsure_cut"] <= card["calibration"]["cut"]


def test_every_report_repeats_the_promise(invoke: Any, pairs_file: Path, calibrated: Path) -> None:
    for command in ("evaluate", "gate"):
        assert "promise: at most 5 % of matched pairs" in invoke(command, pairs_file, "--model", calibrated).out.decode()


def test_too_few_pairs_are_refused_with_the_number_needed(
    invoke: Any, tmp_path: Path, pairs_file: Path, model_path: Path
) -> None:
    out = tmp_path / "out.joblib"
    ended = invoke("calibrate", model_path, pairs_file, "--max-false-flags", "0.01", "--out", out, "--quiet")
    assert ended.code == 2
    assert ended.said == [
        "mismatch: a false-flag rate of at most 0.01 with confidence 0.95 needs 299 matched pairs with different bodies, "
        "there are 64; with these at most 4.58 % can be promised: add 235 more, or promise less"
    ]
    assert not out.exists()


def test_duplicates_do_not_count(
    invoke: Any, tmp_path: Path, articles: list[dict[str, str]], model_path: Path, write_rows: Any
) -> None:
    path, out = (
        write_rows(tmp_path / "a.jsonl", articles[:40] * 3 + [{"title": "No body", "body": None}]),
        tmp_path / "m.joblib",
    )
    ended = invoke("calibrate", model_path, path, *EASY, "--out", out)
    assert ended.code == 2
    assert (
        "there are 40 (without 80 with a body seen before and 1 that cannot be judged); with these at most "
        in ended.said[-1]
    )
    path = write_rows(path, articles + articles[:3])
    ended = invoke("calibrate", model_path, path, *EASY, "--out", out)
    assert "calibrated on 64 matched pairs (3 with a body seen before and 0 that cannot be judged left out)" in ended.err


def test_mismatches_among_the_pairs_are_suspected_aloud(
    invoke: Any, tmp_path: Path, articles: list[dict[str, str]], model_path: Path, write_rows: Any
) -> None:
    rows = [dict(row) for row in articles]
    for i in (3, 10, 30, 50):
        rows[i]["body"] = articles[(i + 17) % 64]["body"][::-1].swapcase() + " " + articles[i - 9]["body"]
    path, out = write_rows(tmp_path / "a.jsonl", rows), tmp_path / "m.joblib"
    ended = invoke("calibrate", model_path, path, *EASY, "--out", out, "--quiet")
    assert ended.code == 0
    assert any("score like swapped ones (rows 4, 11, 31, 51)" in line for line in ended.said)


def test_only_the_matches_of_labelled_pairs_set_the_cut(
    invoke: Any, tmp_path: Path, articles: list[dict[str, str]], model_path: Path, write_rows: Any
) -> None:
    rows = [{**row, "label": "match"} for row in articles]
    rows += [
        {"title": row["title"], "body": articles[i - 9]["body"] + " Again.", "label": "mismatch"}
        for i, row in enumerate(articles)
    ]
    path, out = write_rows(tmp_path / "a.jsonl", rows), tmp_path / "m.joblib"
    ended = invoke("calibrate", model_path, path, *EASY, "--out", out)
    assert ended.code == 0
    assert "calibrated on 64 matched pairs" in ended.err
    assert "warning" not in ended.err
    assert json.loads(invoke("info", out, "--json").out)["operating_point"]["mismatched"] == 64


def test_a_promise_for_new_sources_takes_one_pair_of_each(
    invoke: Any, tmp_path: Path, articles: list[dict[str, str]], pairs_file: Path, model_path: Path, write_rows: Any
) -> None:
    out = tmp_path / "m.joblib"
    ended = invoke("calibrate", model_path, pairs_file, *EASY, "--by", "source", "--out", out)
    assert ended.code == 2
    assert "needs 45 sources, there are 4" in ended.said[-1]
    many = write_rows(tmp_path / "a.jsonl", [{**row, "source": f"s{i // 2}"} for i, row in enumerate(articles)])
    easier = ("--max-false-flags", "0.1", "--confidence", "0.9")
    ended = invoke("calibrate", model_path, many, *easier, "--by", "source", "--out", out)
    assert ended.code == 0
    assert "promise: a random pair of a random source is flagged in at most 10 % of cases" in ended.err
    none = write_rows(tmp_path / "b.jsonl", [{"title": row["title"], "body": row["body"]} for row in articles])
    ended = invoke("calibrate", model_path, none, *easier, "--by", "source", "--out", out)
    assert (
        ended.said[-1] == "mismatch: there is no column of sources to calibrate by; name it with --source, or leave --by out"
    )


def test_pairs_that_the_model_was_trained_on_are_refused(invoke: Any, tmp_path: Path, pairs_file: Path) -> None:
    trained, out = tmp_path / "trained.joblib", tmp_path / "m.joblib"
    assert invoke("train", pairs_file, "--fresh", "--out", trained, "--quiet").code == 0
    ended = invoke("calibrate", trained, pairs_file, *EASY, "--out", out, "--quiet")
    assert ended.code == 2
    assert "the model was trained on this file" in ended.said[-1]


def test_another_prior_changes_the_probabilities_of_score(invoke: Any, pairs_file: Path, model_path: Path) -> None:
    usual, rare = (
        [row["mismatch_probability"] for row in invoke("score", pairs_file, "--model", model_path, *options).rows]
        for options in ((), ("--prior", "0.0001"))
    )
    assert all(a > b for a, b in zip(usual, rare, strict=True))


@pytest.mark.parametrize(
    "options", [["--by", "moon"], ["--max-false-flags", "0"], ["--confidence", "1"], ["--unsure-band", "2"]]
)
def test_senseless_options_are_refused(
    invoke: Any, tmp_path: Path, pairs_file: Path, model_path: Path, options: list[str]
) -> None:
    ended = invoke("calibrate", model_path, pairs_file, "--out", tmp_path / "m.joblib", *options)
    assert ended.code == 2
    assert len(ended.said) == 1


def test_no_pairs_are_an_error(invoke: Any, tmp_path: Path, model_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"")
    ended = invoke("calibrate", model_path, path, "--out", tmp_path / "m.joblib", "--quiet")
    assert (ended.code, ended.said) == (2, ["mismatch: no pairs to calibrate on"])


def test_gate_estimates_the_true_share(
    invoke: Any, tmp_path: Path, articles: list[dict[str, str]], stray: dict[str, str], calibrated: Path, write_rows: Any
) -> None:
    path = write_rows(tmp_path / "a.jsonl", [*articles, *[{**stray, "id": str(i)} for i in range(16)]])
    shown = invoke("gate", path, "--model", calibrated)
    assert "estimated share of mismatches: 2" in shown.out.decode()
    failed = invoke("gate", path, "--model", calibrated, "--max-rate", "0.05", "--gate-on", "estimate")
    assert failed.code == 1
    assert "limit 5.00% on the estimate's lower bound" in failed.out.decode()
    passed = invoke("gate", path, "--model", calibrated, "--max-rate", "0.18", "--gate-on", "estimate")
    assert passed.code == 0  # 20 % are flagged, but so few rows do not prove more than 18 %


def test_gate_on_an_unknown_operating_point_is_refused(invoke: Any, pairs_file: Path, tmp_path: Path) -> None:
    from dataclasses import replace

    from mismatch.model.model_file import load_model, save_model

    trained = tmp_path / "m.joblib"
    assert invoke("train", pairs_file, "--fresh", "--out", trained, "--quiet").code == 0
    save_model(replace(load_model(trained), card={}), trained)
    ended = invoke("gate", pairs_file, "--gate-on", "estimate", "--model", trained)
    assert ended.code == 2
    assert "does not say how often its cut is right" in ended.said[-1]
    assert "estimated share of mismatches: not known" in invoke("gate", pairs_file, "--model", trained).out.decode()


def test_a_model_that_is_calibrated_on_a_clean_archive_flags_what_is_wrong_elsewhere() -> None:
    """The archive's own share of mismatches is next to nothing; at that share no row would ever be flagged."""
    from mismatch.evaluation.operating_point import Promise, calibrate
    from mismatch.judging.adaptation import expecting
    from mismatch.judging.scorer import Scorer, load
    from mismatch.records.tables import read_pairs

    table = read_pairs([ROOT / "training_data" / "articles" / "en.jsonl"])
    first, rest = table.slice(0, 400), table.slice(400)
    adapted = load().adapt(first).model
    assert adapted.stream is not None
    assert adapted.stream.share is not None
    assert adapted.stream.share < 0.01
    titles, bodies = rest["title"].to_pylist(), rest["body"].to_pylist()
    for model in (calibrate(adapted, first, Promise(0.01, 0.95)).model, expecting(adapted)):
        scorer = Scorer(model)
        right = [verdict.verdict for verdict in scorer.verdicts(titles, bodies)]
        wrong = [verdict.verdict for verdict in scorer.verdicts(titles, [*bodies[9:], *bodies[:9]])]
        assert right.count("mismatch") <= 0.02 * len(right)
        assert wrong.count("mismatch") >= 0.5 * len(wrong)
