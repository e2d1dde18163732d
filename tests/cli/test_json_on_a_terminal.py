"""`--json` prints what articles, files and models say: the same values, nothing that a terminal or a workflow would obey."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mismatch.model.model_file import load_model, save_model
from mismatch.records.output.outside_text import harmless_json

EVIL = "\x1b]0;a\x07 \x9b31m \x7f \u202e \u2028 \u200b \U000e0041 ##[add-mask]x"


def _is_harmless(text: str) -> bool:
    kinds = {unicodedata.category(c) for c in text.replace("\n", "")}
    return not kinds & {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"} and "##[" not in text


@settings(max_examples=40)
@given(st.recursive(st.text() | st.just(EVIL), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_any_json_keeps_its_values_and_is_harmless(value: Any) -> None:
    shown = harmless_json(json.dumps(value, ensure_ascii=False))
    assert json.loads(shown) == value
    assert _is_harmless(shown)


@pytest.fixture
def feed(articles: list[dict[str, str]], stray: dict[str, str], tmp_path: Path, write_rows: Callable[..., Path]) -> Path:
    rows = [{**row, "source": EVIL, "topic": EVIL, "title": f"{row['title']} {EVIL}"} for row in [*articles[:40], stray] * 2]
    return write_rows(tmp_path / "a\x1b[31m\x9b\u202e.jsonl", rows)


@pytest.mark.parametrize(
    "command", [["gate", "--json", "--github"], ["gate", "--github"], ["evaluate", "--json"], ["sources", "--json"],
                ["repeats", "--json"]],
    ids=" ".join,
)  # fmt: skip
def test_nothing_raw_of_articles_or_names_of_files_is_printed(
    invoke: Callable[..., Any], feed: Path, model_path: Path, command: list[str]
) -> None:
    ended = invoke(command[0], feed, "--model", model_path, *command[1:])
    assert ended.code in (0, 1)
    assert len(ended.out) > 100
    assert _is_harmless(ended.out.decode())
    assert _is_harmless(ended.err)


def test_nothing_raw_of_a_model_is_printed(invoke: Callable[..., Any], model_path: Path, tmp_path: Path) -> None:
    model = load_model(model_path)
    save_model(replace(model, card={"name": EVIL, EVIL: [EVIL]}), tmp_path / "evil.joblib")
    for more in ([], ["--json"]):
        ended = invoke("info", tmp_path / "evil.joblib", *more)
        assert ended.code == 0
        assert _is_harmless(ended.out.decode())
    assert json.loads(ended.out)["name"] == EVIL
