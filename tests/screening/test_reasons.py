"""One table of words: what the code can give stands in it, what stands in it can be given, and the documents agree."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mismatch.judging import verdicts
from mismatch.screening import screening
from mismatch.screening.boilerplate import KINDS
from mismatch.screening.reasons import (
    LIKELIHOODS,
    REASONS,
    REASONS_OF_BATCHES,
    REASONS_TO_DOUBT,
    REASONS_TO_REFUSE,
    VERDICT_SENTENCES,
    likelihood,
    sentences,
)

ROOT = Path(__file__).parent.parent.parent


def _named_in(text: str) -> set[str]:
    """Codes between backticks in `text`, each `body_boilerplate:<kind>` as its kinds."""
    found = set(re.findall(r"`([a-z_:]+)`", text))
    return {f"body_boilerplate:{code}" if code in KINDS[1:] else code for code in found} - {"mismatch_reasons"}


def test_screening_and_judging_give_their_reasons_by_their_place_in_the_table() -> None:
    assert ("", *REASONS_TO_REFUSE) == screening.REASONS
    assert ("", *REASONS_TO_REFUSE, *REASONS_TO_DOUBT) == verdicts.REASONS
    assert len(REASONS) == len(REASONS_TO_REFUSE) + len(REASONS_TO_DOUBT) + len(REASONS_OF_BATCHES)


def test_boilerplate_has_a_reason_for_every_kind_in_the_order_of_the_model() -> None:
    prefix = "body_boilerplate:"
    assert tuple(code.removeprefix(prefix) for code in REASONS if code.startswith(prefix)) == KINDS[1:]


@pytest.mark.parametrize("code", [code for code in verdicts.REASONS[1:] if not code.startswith("body_boilerplate:")])
def test_a_reason_is_given_somewhere_in_the_code(code: str) -> None:
    sources = [(ROOT / "mismatch" / room).read_text("utf-8") for room in ("screening/screening.py", "judging/scorer.py")]
    assert any(f'"{code}"' in source for source in sources)


def test_every_verdict_has_a_sentence() -> None:
    assert tuple(VERDICT_SENTENCES) == verdicts.VERDICTS


@pytest.mark.parametrize("sentence", [*REASONS.values(), *VERDICT_SENTENCES.values()])
def test_a_sentence_is_one(sentence: str) -> None:
    assert re.fullmatch(r"[A-Z][^.]*\.", sentence)


def test_a_code_of_a_newer_version_stays_as_it_is() -> None:
    assert sentences(["title_missing", "of_tomorrow"]) == ["There is no title.", "of_tomorrow"]


@pytest.mark.parametrize(
    ("probability", "words"),
    [(1.0, "almost certainly"), (0.95, "almost certainly"), (0.9499, "probably"),
     (0.5, "probably"), (0.4999, "hard to say"), (0.1, "hard to say"), (0.0999, "probably not"),
     (0.0, "almost certainly not"), (None, "not known")],
)  # fmt: skip
def test_a_probability_has_a_word(probability: float | None, words: str) -> None:
    assert likelihood(probability) == words


def test_the_words_go_from_one_to_zero() -> None:
    borders = [at_least for at_least, _ in LIKELIHOODS]
    assert borders == sorted(borders, reverse=True)
    assert borders[-1] == 0


def test_the_readme_names_reasons_of_the_table_only() -> None:
    (row,) = re.findall(r"^\| `mismatch_reasons` \|.*$", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE)
    named = _named_in(row)
    assert named
    assert named <= set(REASONS)


def test_the_manual_of_the_service_lists_every_reason_with_its_sentence() -> None:
    text = (ROOT / "docs" / "service.md").read_text("utf-8")
    listed = dict(re.findall(r"^\| `([a-z_:]+)` \| ([A-Z][^|]*\.) \|$", text, re.MULTILINE))
    assert listed == {**REASONS_TO_REFUSE, **REASONS_TO_DOUBT}
