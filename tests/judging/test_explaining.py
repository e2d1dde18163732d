"""`explain` in Python, and how models, scorers and verdicts show themselves."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest

import mismatch
from mismatch import Scorer

HOSTILE = "Rovers <script>alert(1)</script> \x1b[31m\u202ebeat Albion & win"


def test_an_explanation_reads_as_text_and_names_what_is_missing(scorer: Scorer, stray: dict[str, str]) -> None:
    text = str(scorer.explain(stray["title"], stray["body"]))
    assert text.startswith("MISMATCH: ")
    assert "not in the body: " in text
    assert stray["title"] in text


def test_the_command_says_the_same(
    scorer: Scorer, stray: dict[str, str], invoke: Callable[..., Any], model_path: Any
) -> None:
    said = invoke("explain", "--title", stray["title"], "--body-text", stray["body"], "--model", model_path).out.decode()
    assert said.strip() == str(scorer.explain(stray["title"], stray["body"]))


def test_an_explanation_is_plain_data_too(scorer: Scorer, stray: dict[str, str]) -> None:
    found = scorer.explain(stray["title"], stray["body"])
    plain = json.loads(json.dumps(found.as_dict()))
    assert plain == found.as_dict()
    verdict = scorer.score([(stray["title"], stray["body"])])[0]
    assert plain["mismatch_verdict"] == verdict.verdict == "mismatch"
    assert plain["mismatch_probability"] == verdict.probability
    assert plain["mismatch_reasons"] == list(verdict.reasons)
    assert not any(term["found"] for term in plain["terms"])
    assert "\n".join(plain["words"]) == str(found)


def test_a_notebook_gets_hostile_text_escaped(scorer: Scorer, articles: list[dict[str, str]]) -> None:
    page = scorer.explain(HOSTILE, articles[0]["body"] + " <img src=x onerror=alert(1)>")._repr_html_()
    assert "<script" not in page
    assert "<img" not in page
    assert "&lt;script&gt;" in page
    assert not {"\x1b", "\u202e"} & set(page)
    assert "Rovers" in page


def test_a_terminal_gets_no_control_characters(scorer: Scorer, articles: list[dict[str, str]]) -> None:
    assert "\x1b" not in str(scorer.explain(HOSTILE, articles[0]["body"]))


@pytest.mark.parametrize(("title", "body"), [(None, "a body"), ("a title", None), ("", ""), ("\ud800", "\x00")])
def test_what_cannot_be_judged_is_explained_too(scorer: Scorer, title: str | None, body: str | None) -> None:
    found = scorer.explain(title, body)
    assert str(found).startswith("UNSCORABLE: ")
    assert found.as_dict()["mismatch_probability"] is None
    assert "UNSCORABLE" in found._repr_html_()


def test_scorers_and_models_say_what_they_are(scorer: Scorer) -> None:
    assert "trained on 64 pairs" in repr(scorer)
    assert repr(scorer.model) in repr(scorer)
    assert len(repr(scorer)) < 200
    assert "keywords=True" in repr(Scorer(scorer.model, explain=True))


def test_an_adapted_scorer_says_so(scorer: Scorer, articles: list[dict[str, str]]) -> None:
    assert "adapted to 64 rows" in repr(scorer.adapt(articles))
    assert "adapted" not in repr(scorer)


def test_a_verdict_says_word_number_and_reason(scorer: Scorer, stray: dict[str, str]) -> None:
    verdict = scorer.score([(stray["title"], stray["body"])])[0]
    assert "'mismatch'" in repr(verdict)
    assert str(verdict).startswith("mismatch: ")
    assert f"{verdict.probability:.3f}" in str(verdict)
    assert "There is no body." in str(scorer.score([("A title", "")])[0])


def test_keywords_are_asked_for_when_a_scorer_is_made(scorer: Scorer, stray: dict[str, str]) -> None:
    scored = Scorer(scorer.model, explain=True).score(pa.Table.from_pylist([stray]))
    assert scored["body_keywords"][0].as_py()


def test_what_there_is_can_be_listed() -> None:
    assert set(dir(mismatch)) == {*mismatch.__all__, "__version__"}
    assert {"load", "MismatchClassifier", "Scorer"} <= set(dir(mismatch))
    assert all(getattr(mismatch, name) is not None for name in dir(mismatch))


def test_progress_is_shown_when_asked_for(
    scorer: Scorer, articles: list[dict[str, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    quiet = scorer.score(articles)
    assert capsys.readouterr() == ("", "")
    assert scorer.score(articles, progress=True) == quiet
    out, err = capsys.readouterr()
    assert not out
    assert "64/64" in err
