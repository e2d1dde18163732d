"""A paragraph of another article stands out from its body, is told to the user, and changes nothing else."""

from __future__ import annotations

import json
import random
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from written import buffers, text, vocabulary

from mismatch import ModelError
from mismatch.features.plain_arrays import packed
from mismatch.judging.explanation import explain, in_words
from mismatch.judging.scorer import Scorer
from mismatch.model.model import Model
from mismatch.model.model_file import load_model, save_model
from mismatch.model.starter import starter_path
from mismatch.paragraphs.paragraph_model import ParagraphModel, measure
from mismatch.paragraphs.passage_features import RUN_FEATURE_NAMES
from mismatch.paragraphs.passages import FULL_TERMS, LONGEST_TERMS, MAX_PASSAGES, MIN_TERMS, passages_of
from mismatch.terms.document_frequency import Counts
from mismatch.terms.lexicon import Lexicon, look_up
from mismatch.terms.text_buffers import text_buffers
from mismatch.terms.tokens import cut_all, terms_of
from models.paragraph_training import fit_paragraphs, run_labels
from models.planting import in_pieces, pieces, planted, random_donors, shuffled, words

DATA = Path(__file__).parent.parent.parent / "training_data" / "articles" / "en.jsonl"


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    return [json.loads(line) for line in DATA.read_text("utf-8").splitlines()]


@pytest.fixture(scope="module")
def starter() -> Model:
    return load_model(starter_path())


@pytest.fixture(scope="module")
def part(rows: list[dict[str, str]], starter: Model) -> ParagraphModel:
    """Learned from three quarters of the articles."""
    learned = [row for k, row in enumerate(rows) if k % 4]
    columns = {name: [row[name] for row in learned] for name in ("title", "body", "topic")}
    return fit_paragraphs([pa.table(columns)], starter.lexicon)


@pytest.fixture(scope="module")
def long_rows(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """What it did not learn from, of some length."""
    return [row for row in rows[::4] if len(passages_of(row["body"].encode())) >= 6]


def judge(part: ParagraphModel, lexicon: Lexicon, titles: list[Any], bodies: list[Any]) -> Any:
    left, right = (text_buffers(pa.array(side, pa.large_string())) for side in (titles, bodies))
    return part.judge(left, right, lexicon)


def cricket_in_syria(rows: list[dict[str, str]]) -> tuple[str, list[str], str]:
    """A title, the paragraphs of its report from Syria, and a paragraph of a report on cricket."""
    syria = next(row for row in rows if row["title"] == "Five sanctions Syrians say they feel most")
    cricket = next(row for row in rows if row["subtopic"] == "cricket")
    return syria["title"], pieces(syria["body"])[1], max(pieces(cricket["body"])[1], key=len)


def test_a_cricket_paragraph_in_a_report_from_syria_is_found(
    part: ParagraphModel, starter: Model, rows: list[dict[str, str]]
) -> None:
    title, report, cricket = cricket_in_syria(rows)
    clean = "\n\n".join(report)
    bodies = ["\n\n".join([*report[:k], cricket, *report[k:]]) for k in range(1, len(report))]
    log_odds, places = judge(part, starter.lexicon, [title] * (len(bodies) + 1), [clean, *bodies])
    assert (log_odds[1:] > log_odds[0]).all()
    found = [body.encode()[a:b].decode() for body, (a, b) in zip(bodies, places[1:], strict=True)]
    assert np.mean([cricket in paragraph or paragraph.strip() in cricket for paragraph in found]) > 0.8


def test_planted_paragraphs_are_told_from_what_belongs(
    part: ParagraphModel, starter: Model, long_rows: list[dict[str, str]]
) -> None:
    from sklearn.metrics import roc_auc_score

    rng = random.Random(0)
    titles, bodies = [row["title"] for row in long_rows], [in_pieces(row["body"]) for row in long_rows]
    foreign = [planted(bodies[i], bodies[d or 0], rng) for i, d in enumerate(random_donors(len(bodies), rng))]
    kept = [i for i, one in enumerate(foreign) if one is not None]
    own, _ = judge(part, starter.lexicon, titles, bodies)
    dirty, _ = judge(part, starter.lexicon, [titles[i] for i in kept], [one.body for one in foreign if one is not None])
    moved = [shuffled(body, rng) or body for body in bodies]
    control, _ = judge(part, starter.lexicon, titles, moved)

    def auroc(other: Any) -> float:
        return float(roc_auc_score(np.r_[np.zeros(len(own)), np.ones(len(other))], np.r_[own, other]))

    assert auroc(dirty) > 0.8
    assert auroc(control) < 0.6  # it is the paragraph that is seen, not the planting


def test_ordinary_articles_get_nothing(part: ParagraphModel, starter: Model, rows: list[dict[str, str]]) -> None:
    table = pa.Table.from_pylist(rows[::4])
    titles, bodies = text_buffers(table["title"]), text_buffers(table["body"])
    assert part.foreign(titles, bodies, starter.lexicon).mean() < 0.04


@pytest.mark.parametrize(
    "body",
    [None, "", "\n\n\n", "One paragraph alone. It says little.", "word " * 60, "First part of it.\n\nSecond part of it."],
)
def test_bodies_without_several_paragraphs_get_nothing(part: ParagraphModel, starter: Model, body: str | None) -> None:
    log_odds, places = judge(part, starter.lexicon, ["A title"], [body])
    assert np.isnan(log_odds).all()
    assert not places.any()


HOSTILE = {
    "zero bytes": b"\0 \0word\0.\n" * 500,
    "no UTF-8": bytes(range(1, 256)) * 60 + b"\xf0\x9f\n\n\xe3\x80 word" * 300,
    "one paragraph of a megabyte": b"several words of one paragraph " * 33_000,
    "a word of a megabyte": b"w" * 1_000_000,
    "newlines alone": b"\n" * 100_000,
    "a newline behind every word": b"word\r\n" * 100_000,
    "the same word": b"word " * 5_000,
    "blanks": b" \t" * 50_000,
    "many paragraphs": b"\n".join(b"paragraph %d of many speaks of the number %d " % (k, k) * 5 for k in range(3000)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_bodies_are_judged_or_left_alone(part: ParagraphModel, starter: Model, name: str) -> None:
    body = HOSTILE[name]
    for titles in ([b"A title"], [body]):
        log_odds, places = part.judge(buffers(titles), buffers([body]), starter.lexicon)
        assert not np.isinf(log_odds).any()
        assert 0 <= places[0, 0] <= places[0, 1] <= len(body)
    assert len(passages_of(body)) <= MAX_PASSAGES


def test_rows_do_not_depend_on_their_neighbours(part: ParagraphModel, starter: Model, rows: list[dict[str, str]]) -> None:
    titles, bodies = [row["title"] for row in rows[:40]], [row["body"] for row in rows[:40]]
    together, places = judge(part, starter.lexicon, titles, bodies)
    backwards, places_backwards = judge(part, starter.lexicon, titles[::-1], bodies[::-1])
    np.testing.assert_array_equal(together, backwards[::-1])
    np.testing.assert_array_equal(places, places_backwards[::-1])


# ---- splitting


_STOP = re.compile(
    rb"""(?:[.!?]|\xd8\x9f|\xdb\x94)(?:["')\]]|\xe2\x80[\x99\x9c\x9d]|\xc2\xbb){0,2}[ \t]$|"""
    rb"(?:\xe3\x80\x82|\xef\xbc[\x81\x9f]|\xe0\xa5[\xa4\xa5]|\xe1\x8d[\xa2\xa7]|\xe1\x81\x8b)$"
)


def slow_passages(text: str) -> list[tuple[int, int, int]]:
    """The obvious way: lines, short ones taken together, long ones cut behind sentences."""
    body, ends = text.encode(), [end for _, _, end in terms_of(text)]

    def count(stop: int) -> int:
        return sum(end <= stop for end in ends)

    factor = 1 + len(ends) // (MAX_PASSAGES * FULL_TERMS // 2)
    least, full, longest = (n * factor for n in (MIN_TERMS, FULL_TERMS, LONGEST_TERMS))
    lines = [0, *(found.end() for found in re.finditer(rb"[\r\n]", body))]
    lines += [len(body)] if lines[-1] < len(body) else []
    cuts = [0]
    for line, line_stop in pairwise(lines):
        if count(line_stop) - count(line) < least:
            if count(line_stop) - count(cuts[-1]) >= least:
                cuts.append(line_stop)
            continue
        if count(line) > count(cuts[-1]):
            cuts.append(line)
        for q in range(line + 1, line_stop):
            size = count(q) - count(cuts[-1])
            enough = size >= full and count(line_stop) - count(q) >= least
            if enough and (_STOP.search(body[line:q]) or (size >= longest and q in ends)):
                cuts.append(q)
        cuts.append(line_stop)
    if count(cuts[-1]) < len(ends) or len(cuts) == 1:
        cuts.append(len(body))
    cuts[-1] = len(body)
    return [(a, b, count(b) - count(a)) for a, b in pairwise(cuts)]


@pytest.mark.parametrize("seed", range(12))
def test_text_is_split_as_the_obvious_way_splits_it(seed: int) -> None:
    rng = random.Random(seed)
    known = vocabulary(rng)
    stops = (". ", "! ", "? ", ".\u201d ", "\u3002", "\u0964 ", "\u061f ", ".') ", "\n", "\n\n", "\r\n", " ", ", ")
    parts = [text(rng, known, rng.choice((2, 6, 12, 30, 90))).decode("utf-8", "replace") for _ in range(rng.randint(1, 12))]
    body = "".join(part + rng.choice(stops) for part in parts)
    assert passages_of(body.encode()) == slow_passages(body)


def test_paragraphs_are_passages_and_text_without_lines_is_cut_behind_sentences() -> None:
    sentence = "The minister told reporters in the capital that the talks would go on for weeks. "
    paragraph = (sentence * 2).strip()
    lines = f"{paragraph}\n\n{paragraph}\n{paragraph}"
    assert [lines.encode()[a:b].decode().strip() for a, b, _ in passages_of(lines.encode())] == [paragraph] * 3
    for start, _, terms in passages_of((sentence * 12).encode()):
        assert start % len(sentence) == 0
        assert terms >= MIN_TERMS
    wrapped = "\n".join(["six words to a wrapped line"] * 12)
    assert [terms for _, _, terms in passages_of(wrapped.encode())] == [20, 20, 20]


def test_a_long_body_has_longer_passages_but_no_more_of_them() -> None:
    sentence = "Another sentence of the long report tells at length of what was said. "
    for n in (200, 1000, 5000):
        found = passages_of((sentence * n).encode())
        assert len(found) <= MAX_PASSAGES
        assert max(terms for _, _, terms in found) < 300


# ---- features


def test_coverage_and_title_share_are_what_they_are_said_to_be(starter: Model, rows: list[dict[str, str]]) -> None:
    lexicon = starter.lexicon
    for row in rows[4:40:9]:
        heading, report = (text_buffers(pa.array([row[name]], pa.large_string())) for name in ("title", "body"))
        measured = measure(heading, report, lexicon)
        shift = measured.features[:, RUN_FEATURE_NAMES.index("shift")]

        def idf(stem: int, lowered: float) -> float:
            return max(float(look_up.alone(np.uint64(stem), lexicon.stem_table)[0]) - lowered, 1.0)

        body, title = row["body"].encode(), {int(stem) for stem in cut_all(heading)[2]}
        for (_, _, a, b), values, lowered in zip(measured.runs, measured.features, shift, strict=True):
            inside = {stem for _, stem, _ in terms_of(body[a:b].decode())}
            rest = {stem for part in (body[:a], body[b:]) for _, stem, _ in terms_of(part.decode())}
            weight = sum(idf(stem, lowered) for stem in inside)
            covered = sum(idf(stem, lowered) for stem in inside & rest)
            titled = sum(idf(stem, lowered) for stem in inside & title)
            assert values[0] == pytest.approx(covered / weight, rel=1e-4)
            whole = sum(idf(stem, lowered) for stem in title)
            assert values[RUN_FEATURE_NAMES.index("title_share")] == pytest.approx(titled / whole, rel=1e-4, abs=1e-6)


def test_a_lexicon_without_vectors_or_terms_is_enough_to_measure(starter: Model, rows: list[dict[str, str]]) -> None:
    nothing = Counts(np.zeros(0, np.uint64), np.zeros(0), 100.0)
    some = pa.Table.from_pylist(rows[:20])
    titles, bodies = text_buffers(some["title"]), text_buffers(some["body"])
    for lexicon in (starter.lexicon.with_vectors(None), Lexicon(nothing, nothing)):
        assert np.isfinite(measure(titles, bodies, lexicon).features).all()


# ---- planting


def test_a_planted_paragraph_stands_where_it_is_said_to(rows: list[dict[str, str]]) -> None:
    rng = random.Random(1)
    for replace_one in (False, True):
        for i, row in enumerate(rows[:60]):
            donor = rows[(i + 7) % len(rows)]["body"]
            one = planted(row["body"], donor, rng, replace=replace_one)
            if one is None:
                continue
            found = one.body.encode()[one.start : one.stop].decode()
            assert found in in_pieces(donor)
            assert words(found) >= 30
            if not replace_one:
                rest = one.body.encode()[: one.start] + one.body.encode()[one.stop :]
                assert rest.decode().split() == in_pieces(row["body"]).split()


def test_runs_inside_a_planted_paragraph_are_foreign_and_those_that_touch_it_are_neither() -> None:
    runs = np.array([(0, 1, 0, 100), (1, 2, 100, 200), (1, 3, 100, 300), (2, 3, 200, 300), (3, 4, 300, 400)])
    places = np.array([(100, 290)] * 5)
    assert run_labels(runs, places).tolist() == [0, 1, 1, 1, 0]
    assert run_labels(runs, np.array([(50, 150)] * 5)).tolist() == [-1, -1, -1, 0, 0]


# ---- through the house


@pytest.fixture(scope="module")
def able(part: ParagraphModel, starter: Model) -> Model:
    return replace(starter, paragraphs=replace(part, cut=0.0))


@pytest.fixture(scope="module")
def mixed(rows: list[dict[str, str]]) -> list[tuple[str | None, str | None]]:
    """Untouched and planted articles, and what cannot be judged."""
    title, report, cricket = cricket_in_syria(rows)
    spoilt = (title, "\n\n".join([*report[:2], cricket, *report[2:]]))
    return [spoilt, *((row["title"], row["body"]) for row in rows[:8]), (None, spoilt[1]), (title, None), ("", spoilt[1])]


def test_only_the_reason_is_added_and_the_verdict_stays(able: Model, mixed: list[tuple[str, str]]) -> None:
    columns = [pa.array(side, pa.string()) for side in zip(*mixed, strict=True)]
    without, with_them = (Scorer(able, paragraphs=asked).added_columns(*columns) for asked in (False, True))
    assert without.schema == with_them.schema
    for name in without.schema.names:
        if name != "mismatch_reasons":
            assert without.column(name).equals(with_them.column(name))
    before, after = (one.column("mismatch_reasons").to_pylist() for one in (without, with_them))
    assert after[0] == [*before[0], "foreign_paragraph"]
    assert [[code for code in codes if code != "foreign_paragraph"] for codes in after] == before
    assert after[-3:] == before[-3:]  # what is unscorable gets no further reason


def test_a_model_without_the_part_says_so_in_one_line(scorer: Scorer) -> None:
    assert scorer.model.paragraphs is None
    with pytest.raises(ModelError, match="foreign paragraphs"):
        Scorer(scorer.model, paragraphs=True)


def test_the_part_survives_the_model_file(able: Model, tmp_path: Path, mixed: list[tuple[str, str]]) -> None:
    save_model(able, tmp_path / "able.joblib")
    again = load_model(tmp_path / "able.joblib")
    assert Scorer(again, paragraphs=True).score(mixed) == Scorer(able, paragraphs=True).score(mixed)


@pytest.mark.parametrize("damage", ["feature", "left", "roots", "value", "offset", "cut", "features"])
def test_a_damaged_part_is_refused(part: ParagraphModel, damage: str) -> None:
    plain = part.to_plain()
    if damage == "cut":
        plain["cut"] = float("nan")
    elif damage == "features":
        plain["features"] = [["length"], []]
    elif damage == "offset":
        plain["runs"] = {**plain["runs"], "offset": float("inf")}
    else:
        array = getattr(part.bodies, damage).copy()
        array[0] = {"feature": 99, "left": 10**6, "roots": -1, "value": np.nan}[damage]
        plain["bodies"] = {**plain["bodies"], damage: packed(array)}
    with pytest.raises(ValueError, match="paragraph"):
        ParagraphModel.from_plain(plain)


def test_the_command_line_gives_the_reason_counts_it_and_shows_the_paragraph(
    able: Model, mixed: list[tuple[str, str]], tmp_path: Path, invoke: Any, model_path: Path
) -> None:
    model, articles = tmp_path / "able.joblib", tmp_path / "articles.jsonl"
    save_model(able, model)
    articles.write_text("".join(json.dumps({"title": t, "body": b}) + "\n" for t, b in mixed[:9]), "utf-8")
    scored = invoke("score", articles, "--model", model, "--paragraphs")
    assert scored.code == 0
    assert "foreign_paragraph" in scored.rows[0]["mismatch_reasons"]
    assert "with a foreign paragraph" in scored.err
    gated = invoke("gate", articles, "--model", model, "--paragraphs")
    n = sum("foreign_paragraph" in row["mismatch_reasons"] for row in scored.rows)
    assert f"fits neither title nor body: {n} " in gated.out.decode()
    shown = invoke("explain", articles, "--model", model, "--row", 1)
    assert "fits neither the title nor the rest of the body" in shown.out.decode()
    refused = invoke("score", articles, "--model", model_path, "--paragraphs")
    assert (refused.code, len(refused.said)) == (3, 1)


def test_the_paragraph_that_is_shown_has_no_control_characters(able: Model, rows: list[dict[str, str]]) -> None:
    title, report, cricket = cricket_in_syria(rows)
    body = "\n\n".join([*report[:2], cricket.replace(" ", " \x1b[31m", 3), *report[2:]])
    words_ = in_words(explain(Scorer(able), title, body))
    assert any("fits neither" in line for line in words_)
    assert "\x1b" not in next(line for line in words_ if "fits neither" in line)
