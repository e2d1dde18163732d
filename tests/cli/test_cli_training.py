"""`mismatch train`: what it needs, what it says, what it leaves behind."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from mismatch.model.model_file import load_model


def _train(invoke: Any, path: Path, out: Path, *options: Any) -> Any:
    return invoke("train", path, "--fresh", "--out", out, "--quiet", *options)


def test_pairs_that_look_wrong_are_listed_and_left_out(invoke: Any, tmp_path: Path, write_rows: Any) -> None:
    english = Path(__file__).parent.parent.parent / "training_data" / "articles" / "en.jsonl"
    rows = [json.loads(line) for line in english.read_text("utf-8").splitlines()[:390]]
    planted = random.Random(0).sample(range(len(rows)), 12)
    moved = [rows[i]["body"] for i in planted]
    for row, body in zip(planted, moved[1:] + moved[:1], strict=True):
        rows[row]["body"] = body
    path, out, suspects = write_rows(tmp_path / "a.jsonl", rows), tmp_path / "m.joblib", tmp_path / "suspects.jsonl"
    ended = invoke("train", path, "--fresh", "--out", out, "--suspects", suspects)
    assert ended.code == 0
    listed = [json.loads(line) for line in suspects.read_text("utf-8").splitlines()]
    assert len({line["row"] - 1 for line in listed} & set(planted)) >= 3
    assert [rows[line["row"] - 1]["id"] for line in listed] == [line["id"] for line in listed]
    assert [rows[line["row"] - 1]["title"] for line in listed] == [line["title"] for line in listed]
    sure = [line["mismatch_probability"] for line in listed]
    assert sure == sorted(sure, reverse=True)
    assert f"{len(listed)} pairs of your archive look wrong and were left out: listed in {suspects}" in ended.said
    assert f"model written to {out}" in ended.said
    assert load_model(out).card["pairs"]["suspects"] == len(listed)


def test_quiet_training_says_nothing_and_the_model_works(
    invoke: Any, tmp_path: Path, pairs_file: Path, stray: dict[str, str]
) -> None:
    out, body = tmp_path / "m.joblib", tmp_path / "body.txt"
    ended = _train(invoke, pairs_file, out)
    assert (ended.code, ended.err, ended.out) == (0, "", b"")
    body.write_text(stray["body"])
    shown = invoke("explain", "--title", stray["title"], "--body-file", body, "--model", out)
    assert shown.out.startswith(b"MISMATCH")


@pytest.mark.parametrize(("n", "said"), [(1, "there are 1"), (10, "there are 10")])
def test_too_few_pairs_are_refused(
    invoke: Any, tmp_path: Path, articles: list[dict[str, str]], write_rows: Any, n: int, said: str
) -> None:
    ended = _train(invoke, write_rows(tmp_path / "a.jsonl", articles[:n]), tmp_path / "m.joblib")
    assert ended.code == 2
    assert len(ended.said) == 1
    assert said in ended.said[0]
    assert not (tmp_path / "m.joblib").exists()


def test_identical_bodies_are_refused(invoke: Any, tmp_path: Path, articles: list[dict[str, str]], write_rows: Any) -> None:
    rows = [{**row, "body": articles[0]["body"]} for row in articles]
    ended = _train(invoke, write_rows(tmp_path / "a.jsonl", rows), tmp_path / "m.joblib")
    assert ended.code == 2
    assert len(ended.said) == 1
    assert "different bodies" in ended.said[0]
    assert not (tmp_path / "m.joblib").exists()


def test_pairs_without_text_are_refused(invoke: Any, tmp_path: Path, write_rows: Any) -> None:
    ended = _train(invoke, write_rows(tmp_path / "a.jsonl", [{"title": "a b", "body": None}] * 30), tmp_path / "m.joblib")
    assert ended.code == 2
    assert ended.said == ["mismatch: none of the 30 pairs has text in both title and body; check --title and --body"]


def test_mismatches_alone_are_refused(invoke: Any, tmp_path: Path, articles: list[dict[str, str]], write_rows: Any) -> None:
    rows = [{**row, "label": "mismatch"} for row in articles]
    ended = _train(invoke, write_rows(tmp_path / "a.jsonl", rows), tmp_path / "m.joblib")
    assert ended.code == 2
    assert len(ended.said) == 1
    assert "labelled match, there are 0 (and 64 mismatches)" in ended.said[0]
    assert not (tmp_path / "m.joblib").exists()


def test_matches_alone_are_swapped_and_it_says_so(
    invoke: Any, tmp_path: Path, articles: list[dict[str, str]], write_rows: Any
) -> None:
    path = write_rows(tmp_path / "a.jsonl", [{**row, "label": "match"} for row in articles])
    ended = invoke("train", path, "--fresh", "--out", tmp_path / "m.joblib")
    assert ended.code == 0
    assert "all pairs are labelled match: mismatches are made by swapping" in ended.said
    assert not load_model(tmp_path / "m.joblib").card["pairs"]["labelled"]


def test_an_unknown_label_is_refused_with_those_that_are_known(
    invoke: Any, tmp_path: Path, articles: list[dict[str, str]], write_rows: Any
) -> None:
    rows = [{**row, "label": "clickbait" if i == 4 else "match"} for i, row in enumerate(articles)]
    path = write_rows(tmp_path / "a.jsonl", rows)
    for options in ([], ["--label", "label"]):
        ended = _train(invoke, path, tmp_path / "m.joblib", *options)
        assert ended.code == 2
        assert ended.said == [
            "mismatch: label 'clickbait' (row 5) is not known; "
            "use match or mismatch (also 0/1, false/true, related/unrelated)"
        ]
    assert not (tmp_path / "m.joblib").exists()


def test_missing_labels_are_refused_only_if_labels_were_asked_for(
    invoke: Any, tmp_path: Path, articles: list[dict[str, str]], write_rows: Any
) -> None:
    rows = [{**row, "label": None if i == 4 else "match"} for i, row in enumerate(articles)]
    path = write_rows(tmp_path / "a.jsonl", rows)
    asked = _train(invoke, path, tmp_path / "m.joblib", "--label", "label")
    assert asked.code == 2
    assert "1 rows have no label in 'label'" in asked.said[0]
    assert _train(invoke, path, tmp_path / "m.joblib").code == 0


def test_a_date_that_is_none_is_refused(
    invoke: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, pairs_file: Path
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    ended = _train(invoke, pairs_file, tmp_path / "m.joblib")
    assert ended.code == 2
    assert ended.said == ["mismatch: SOURCE_DATE_EPOCH='yesterday' is not a number of seconds"]


def test_a_model_learns_on_another_ones_background(invoke: Any, tmp_path: Path, pairs_file: Path, model_path: Path) -> None:
    out = tmp_path / "m.joblib"
    assert invoke("train", pairs_file, "--base", model_path, "--out", out, "--quiet").code == 0
    assert load_model(out).card["base"] is not None
