"""A gate says how many rows are wrong as far as it knows, and decides on nothing that it does not know."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from mismatch.evaluation.decision import ESTIMATE, Decision, decide, to_plain
from mismatch.evaluation.prevalence import MIXTURE, ShareEstimate, share_of_stream
from mismatch.judging.scorer import Scorer
from mismatch.judging.tally import Example, Tally
from mismatch.model.model import Model
from mismatch.report.gate_words import MOST_ARE_WRONG, print_gate, share_in_words
from mismatch.report.percentages import percent


@dataclass
class Stream:
    """What a model knows of a stream, as far as a gate asks for it."""

    share: float | None = None
    share_interval: tuple[float, float] | None = None
    n_pairs: int = 500


KNOWN = Stream(0.021, (0.012, 0.034))
SHIFTED = Stream(0.97, (0.93, 0.99))
TALLY = Tally(
    1000, 2, Counter(match=950, mismatch=30, unsure=15, unscorable=5), Counter(),
    {"a.example": Counter(match=400), "b.example": Counter(match=550, mismatch=30, unsure=15, unscorable=5)},
)  # fmt: skip
POINT = {"matched": 1000, "flagged_matched": 0.01, "mismatched": 1000, "flagged_mismatched": 0.81}


def model_of(scorer: Scorer, stream: Stream | None = None, **card: Any) -> Model:
    promised = replace(scorer.model.calibration, promise="at most 1 % of matched pairs are flagged")
    return replace(scorer.model, stream=stream, card=card, calibration=promised)  # type: ignore[arg-type]


def said(decision: Decision, scorer: Scorer, capsys: pytest.CaptureFixture[str]) -> str:
    print_gate(TALLY, decision, scorer.model.lexicon, to_stderr=False)
    return capsys.readouterr().out


def test_the_share_comes_from_the_mixture_where_the_model_was_adapted_to_the_stream() -> None:
    assert share_of_stream(KNOWN) == ShareEstimate(0.021, 0.012, 0.034, 0.92, MIXTURE)
    assert share_of_stream(Stream()) is None
    assert share_of_stream(None) is None


def test_it_is_said_with_its_interval(scorer: Scorer, capsys: pytest.CaptureFixture[str]) -> None:
    given = model_of(scorer, operating_point=POINT)
    decision = decide(TALLY, given, model_of(scorer, KNOWN, operating_point=POINT), limit=None)
    shown = said(decision, scorer, capsys)
    assert "estimated share of mismatches: 2.1 % (1.2 % to 3.4 %)\n" in shown
    assert MOST_ARE_WRONG not in shown


def test_without_the_mixture_it_comes_from_the_operating_point(scorer: Scorer) -> None:
    model = model_of(scorer, operating_point=POINT)
    estimate = decide(TALLY, model, model, limit=None).estimate
    assert estimate is not None
    assert estimate.share == pytest.approx((30 / 995 - 0.01) / 0.8)  # Rogan and Gladen


def test_the_share_of_a_feed_that_the_model_was_adapted_to_before_is_not_that_of_this_stream(scorer: Scorer) -> None:
    model = model_of(scorer, KNOWN)
    assert decide(TALLY, model, model, limit=None).estimate is None


def test_a_stream_that_could_not_be_adapted_to_gets_no_promise_and_is_said_to_be_one(
    scorer: Scorer, capsys: pytest.CaptureFixture[str]
) -> None:
    given = model_of(scorer, operating_point=POINT)
    shown = said(decide(TALLY, given, given, limit=None), scorer, capsys)
    assert "at most 1 %" not in shown
    assert "promise: none, for the model was not adapted to this input" in shown
    assert ", if this input is like what the model was calibrated on\n" in shown


@pytest.mark.parametrize(
    ("card", "stream", "as_given"),
    [({"calibrated": {}}, None, False), ({}, Stream(), False), ({}, None, True)],
    ids=["calibrated", "adapted to a feed", "taken as it is"],
)
def test_a_promise_is_repeated_for_a_model_that_the_user_chose_for_the_feed(
    scorer: Scorer, capsys: pytest.CaptureFixture[str], card: dict[str, Any], stream: Stream | None, as_given: bool
) -> None:
    given = model_of(scorer, stream, **card)
    shown = said(decide(TALLY, given, given, limit=None, as_given=as_given), scorer, capsys)
    assert "promise: at most 1 % of matched pairs are flagged\n" in shown
    assert "if this input is like" not in shown


@pytest.mark.parametrize(
    ("stream", "limit", "passed"),
    [(KNOWN, 0.013, True), (KNOWN, 0.011, False), (SHIFTED, 0.9, False), (SHIFTED, 0.95, True)],
)
def test_a_gate_on_the_estimate_holds_its_lower_bound_against_the_limit(
    scorer: Scorer, stream: Stream, limit: float, passed: bool
) -> None:
    decision = decide(TALLY, model_of(scorer), model_of(scorer, stream), limit=limit, gate_on=ESTIMATE)
    assert (decision.passed, decision.problem) == (passed, None)


def test_a_gate_on_an_estimate_that_nobody_knows_decides_nothing(scorer: Scorer, capsys: pytest.CaptureFixture[str]) -> None:
    decision = decide(TALLY, model_of(scorer), model_of(scorer), limit=0.5, gate_on=ESTIMATE)
    assert not decision.passed
    assert decision.problem is not None
    assert "cannot be estimated" in decision.problem
    shown = said(decision, scorer, capsys)
    assert "estimated share of mismatches: not known\n" in shown
    assert "NOT DECIDED" in shown


def test_a_shifted_file_is_said_to_be_one(scorer: Scorer, capsys: pytest.CaptureFixture[str]) -> None:
    shown = said(decide(TALLY, model_of(scorer), model_of(scorer, SHIFTED), limit=None), scorer, capsys)
    assert MOST_ARE_WRONG in shown
    half = replace(SHIFTED, share_interval=(0.5, 0.99))
    assert MOST_ARE_WRONG not in said(decide(TALLY, model_of(scorer), model_of(scorer, half), limit=None), scorer, capsys)


def test_what_could_not_be_read_leaves_nothing_to_decide(scorer: Scorer) -> None:
    decision = decide(TALLY, model_of(scorer), model_of(scorer, KNOWN), limit=1.0, problem="half of it is missing")
    assert (decision.passed, decision.problem) == (False, "half of it is missing")


def test_the_decision_is_plain(scorer: Scorer) -> None:
    plain = to_plain(decide(TALLY, model_of(scorer), model_of(scorer, KNOWN), limit=0.02), TALLY, [{"source": "b.example"}])
    assert json.loads(json.dumps(plain)) == {
        "passed": False, "problem": None, "rows": 1000, "rejected": 2,
        "verdicts": {"match": 950, "mismatch": 30, "unsure": 15, "unscorable": 5}, "flagged_share": 0.03,
        "estimate": {"share": 0.021, "low": 0.012, "high": 0.034, "confidence": 0.92, "from": "mixture"},
        "limit": 0.02, "gate_on": "flagged", "promise": "at most 1 % of matched pairs are flagged",
        "doubt": None,
        "sources": [{"source": "b.example"}],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("share", "words"), [(0, "0.00 %"), (0.0034, "0.34 %"), (0.021, "2.1 %"), (0.37, "37 %"), (1, "100 %")]
)
def test_a_share_has_as_many_digits_as_it_needs(share: float, words: str) -> None:
    assert percent(share) == words


def test_an_estimate_says_what_it_leaves_out(scorer: Scorer) -> None:
    tally = Tally(100, 0, Counter(match=60, unscorable=40))
    words = share_in_words(decide(tally, model_of(scorer), model_of(scorer, KNOWN), limit=None), tally)
    assert words == "estimated share of mismatches: 2.1 % (1.2 % to 3.4 %) of the 60 rows that can be judged"


def test_a_stream_that_is_mostly_hard_to_say_is_unlike_what_the_model_knows(
    scorer: Scorer, capsys: pytest.CaptureFixture[str]
) -> None:
    given = model_of(scorer, operating_point=POINT, calibrated={})
    tally = Tally(100, 0, Counter(match=60, unsure=30, unscorable=10))
    decision = decide(tally, given, given, limit=0.5, gate_on=ESTIMATE)
    assert decision.estimate is None
    assert decision.problem is not None
    assert "30 of 90 rows are hard to say" in decision.problem
    print_gate(tally, decision, scorer.model.lexicon, to_stderr=False)
    shown = capsys.readouterr().out
    assert "promise: none, for 30 of 90 rows are hard to say" in shown
    assert "30 are hard to say (unsure) and pass.\n" in shown
    assert decide(tally, given, model_of(scorer, KNOWN), limit=0.5, gate_on=ESTIMATE).passed  # the mixture knows better


def test_the_unsure_rows_are_named_the_likeliest_first(scorer: Scorer, capsys: pytest.CaptureFixture[str]) -> None:
    def shown(*examples: Example, n: int) -> str:
        tally = Tally(100, 0, Counter(match=100 - n, unsure=n), doubtful=list(examples))
        print_gate(tally, decide(tally, scorer.model, scorer.model, limit=None), scorer.model.lexicon, to_stderr=False)
        return capsys.readouterr().out

    first, second = (Example("a.jsonl", row, row, "title", 0.3, ()) for row in (1200, 7))
    elsewhere = Example("[b].jsonl", 7, 7, "title", 0.3, ())
    assert "1 is hard to say (unsure) and passes: row 1,200.\n" in shown(first, n=1)
    assert "2 are hard to say (unsure) and pass: rows 1,200 and 7.\n" in shown(first, second, n=2)
    assert "9 are hard to say (unsure) and pass: rows 1,200, 7 and 7 more.\n" in shown(first, second, n=9)
    assert "pass: a.jsonl:1200 and [b].jsonl:7.\n" in shown(first, elsewhere, n=2)


def test_the_command_prints_the_decision_as_json_and_nothing_else(
    invoke: Any, tmp_path: Path, model_path: Path, articles: Any, stray: dict[str, str], write_rows: Any
) -> None:
    path, passed = write_rows(tmp_path / "a.jsonl", [*articles[:9], stray]), tmp_path / "passed.jsonl"
    ended = invoke("gate", path, "--json", "--max-rate", "0.05", "--passed", passed, "--model", model_path)
    plain = json.loads(ended.out)
    assert ended.code == 1
    assert (plain["passed"], plain["rows"], plain["flagged_share"], plain["limit"]) == (False, 10, 0.1, 0.05)
    assert sum(source["mismatch"] for source in plain["sources"]) == plain["verdicts"]["mismatch"] == 1
    assert len(passed.read_bytes().splitlines()) == 9
    both = invoke("gate", path, "--json", "--passed", "-", "--model", model_path)
    assert (both.code, both.said) == (2, ["mismatch: --passed and --json name the same file, -; give each its own"])


def test_json_says_what_could_not_be_read(invoke: Any, tmp_path: Path, model_path: Path, write_rows: Any) -> None:
    path = write_rows(tmp_path / "a.jsonl", [b"<html>", b"</html>"])
    ended = invoke("gate", path, "--json", "--quiet", "--model", model_path)
    plain = json.loads(ended.out)
    assert ended.code == 2
    assert (plain["passed"], plain["rows"], plain["rejected"]) == (False, 0, 2)
    assert ended.said == [f"mismatch: {plain['problem']}"]
