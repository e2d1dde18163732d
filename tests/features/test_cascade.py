"""The first look: it clears, never flags, and costs nearly nothing of what is found."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import written

from mismatch.features.cascade import FIRST_BYTES, MIN_BYTES, MIN_COVERAGE, FirstLook, score_pairs
from mismatch.features.forest import NO_FOREST, Forest
from mismatch.features.overlap_features import FEATURE_NAMES, pair_features
from mismatch.judging.scorer import Scorer, load
from mismatch.model.calibration import Calibration
from mismatch.model.model import Model
from mismatch.model.recall import cut_at
from mismatch.records.tables import read_pairs
from mismatch.terms.text_buffers import text_buffers
from mismatch.terms.tokens import end_of_term, fold_arguments

ROOT = Path(__file__).parent.parent.parent
COVERAGE = FEATURE_NAMES.index("stem_coverage")


def always(log_odds: float) -> Forest:
    """A forest that gives one answer."""
    return NO_FOREST.shifted(log_odds)


def by_coverage(model: Model) -> Model:
    """The model with a first look that clears where the beginning of the body has half of the title."""
    node = {
        "roots": np.array([0], np.int32), "feature": np.array([COVERAGE, 0, 0], np.int32),
        "threshold": np.array([0.5, 0, 0]), "left": np.array([1, 0, 0], np.int32), "right": np.array([2, 0, 0], np.int32),
        "value": np.array([0, 5.0, -50.0]),
    }  # fmt: skip
    return replace(model, first_look=FirstLook(Forest(**node, offset=0.0), -10.0, {}))


@pytest.fixture(scope="module")
def generated() -> tuple[list[str], list[str]]:
    rng = random.Random(8)
    known = written.vocabulary(rng, 800)
    titles, bodies = [], []
    for _ in range(400):
        title = " ".join(rng.choices(known, k=rng.randint(1, 12)))
        body = " ".join(rng.choices(known, k=rng.randint(0, 900)))
        at = rng.randint(0, len(body))
        titles.append(title)
        bodies.append(body[:at] + " " + title + " " + body[at:] if rng.random() < 0.7 else body)
    return titles, bodies


def test_what_is_not_cleared_has_the_features_of_the_whole_body(
    scorer: Scorer, generated: tuple[list[str], list[str]]
) -> None:
    """Reading a body in two goes is reading it in one, in every script and wherever the pause falls."""
    titles, bodies = (text_buffers(pa.array(texts)) for texts in generated)
    model = scorer.model
    never = FirstLook(always(0.0), -1.0, {})
    wanted = np.ones(len(titles.valid), np.uint8)
    log_odds, features = score_pairs(titles, bodies, wanted, model.lexicon, model.forest, None, never)
    whole = pair_features(titles, bodies, model.lexicon)
    np.testing.assert_allclose(features, whole, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(log_odds, model.forest.predict(whole), rtol=1e-6, atol=1e-6)


def test_a_cleared_pair_has_the_features_of_the_beginning() -> None:
    model = load().model
    articles = read_pairs([ROOT / "training_data" / "articles" / "en.jsonl"])
    titles, bodies = text_buffers(articles["title"]), text_buffers(articles["body"])
    all_clear = FirstLook(always(-9.0), -1.0, {})
    wanted = np.ones(len(titles.valid), np.uint8)
    log_odds, features = score_pairs(titles, bodies, wanted, model.lexicon, model.forest, None, all_clear)
    short = bodies.offsets[1:] - bodies.offsets[:-1] < MIN_BYTES
    assert (log_odds[short] != -9.0).all()
    cleared = np.flatnonzero(log_odds == -9.0)
    assert len(cleared) > 100
    assert features[cleared, COVERAGE].min() >= MIN_COVERAGE
    fold = fold_arguments()
    for row in cleared[:100]:
        start, stop = bodies.offsets[row], bodies.offsets[row + 1]
        pause = end_of_term.alone(bodies.data, start + FIRST_BYTES, stop, *fold[:3])
        this, window = np.array([row]), (np.array([start]), np.array([pause]))
        begun = pair_features(titles, bodies, model.lexicon, this, this, window, brief=True)
        np.testing.assert_allclose(features[row], begun[0], rtol=1e-6)


def test_nothing_is_cleared_in_a_language_that_the_model_does_not_know() -> None:
    """Words that mean nothing there look rare: where only they are shared, a title would seem to be found."""
    model = load().model
    all_clear = FirstLook(always(-9.0), -1.0, {})
    title = "ქალაქის საბჭომ ახალი ხიდის მშენებლობა დაამტკიცა"
    body = f"{title}. " + "მოსახლეობა ამბობს, რომ მთავრობამ პირობა ჯერ კიდევ არ შეასრულა. " * 30
    titles, bodies = text_buffers(pa.array([title])), text_buffers(pa.array([body]))
    log_odds, _ = score_pairs(titles, bodies, np.ones(1, np.uint8), model.lexicon, model.forest, None, all_clear)
    assert log_odds[0] != -9.0


@pytest.mark.parametrize(
    "text", ["中文" * 900, "слово, " * 300, "1,000,000" * 200, "x" * 5000, "é\u0301" * 900, "\ud55c\uae00 " * 400]
)
def test_a_pause_never_cuts_a_term(text: str, scorer: Scorer) -> None:
    body = text_buffers(pa.array([text]))
    title = text_buffers(pa.array([text[:20]]))
    wanted = np.ones(1, np.uint8)
    never = FirstLook(always(0.0), -1.0, {})
    model = scorer.model
    in_two = score_pairs(title, body, wanted, model.lexicon, model.forest, None, never)[1]
    np.testing.assert_allclose(in_two, pair_features(title, body, model.lexicon), rtol=1e-6)


def test_the_first_look_clears_and_never_flags() -> None:
    """With a cut by which every whole body is a mismatch, whatever changes was cleared."""
    table = read_pairs([ROOT / "training_data" / "articles" / "en.jsonl"]).select(["title", "body"])
    starter = load().model
    strict = Calibration.agreeing(1.0, 20.0, -20.0)
    model = by_coverage(replace(starter, calibration=strict))
    thorough, quick = (
        Scorer(model, thorough=whole).score_table(table)["mismatch_verdict"].to_pylist() for whole in (True, False)
    )
    changed = Counter((before, after) for before, after in zip(thorough, quick, strict=True) if before != after)
    assert set(changed) == {("mismatch", "match")}
    assert changed.total() > 100


def test_wherever_the_cut_is_moved_a_cleared_pair_lies_below_it(scorer: Scorer) -> None:
    model = by_coverage(scorer.model)
    low = replace(model, calibration=replace(model.calibration, cut=-20.0, unsure_cut=-30.0))
    look = low.usable_first_look()
    assert look is not None
    assert look.clear_below == -30.0


def test_the_starter_clears_good_pairs_and_loses_next_to_nothing() -> None:
    """Measured on articles with bodies long enough for a first look, and on the same with each other's bodies."""
    model = load().model
    table = read_pairs([ROOT / "training_data" / "articles" / "en.jsonl"])
    titles, bodies = text_buffers(table["title"]), text_buffers(table["body"])
    own = np.flatnonzero(np.diff(bodies.offsets) >= MIN_BYTES)

    def scores(body_rows: np.ndarray, look: FirstLook | None) -> np.ndarray:
        wanted = np.ones(len(own), np.uint8)
        return score_pairs(
            titles, bodies, wanted, model.lexicon, model.forest, None, look, title_rows=own, body_rows=body_rows
        )[0]

    look = model.usable_first_look()
    assert look is not None
    cleared = scores(own, look) != scores(own, None)
    assert cleared.mean() > 0.1, "of articles whose headlines often share hardly a word with them"
    cut = cut_at(scores(own, None), 0.01)
    lost = found = 0
    for step in range(1, 21):
        quick, thorough = (scores(np.roll(own, step), one) for one in (look, None))
        found += int((thorough > cut).sum())
        lost += int(((thorough > cut) & (quick <= cut)).sum())
    assert found > 5 * len(own), "so many could be lost"
    assert lost <= 0.002 * 20 * len(own)


def test_a_title_about_the_end_of_an_article_is_judged_by_all_of_it() -> None:
    """Only far behind the beginning does the body come to what the title says."""
    start = "The council met on Tuesday to hear a report about parking charges in the old town. " * 12
    end = "Vaccination of badgers against tuberculosis begins in Cornwall next spring. " * 4
    title = "Badgers in Cornwall to be vaccinated against tuberculosis"
    quick, thorough = (load(thorough=t).score([(title, start + end)])[0] for t in (False, True))
    assert quick == thorough
