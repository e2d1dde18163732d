"""Character 5-grams, against a slow twin in plain Python."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
import twin
import written

from mismatch.features.grams import count_grams, gram_features
from mismatch.terms.lexicon import lookup_table

BOUNDARY = (" ",)


def slow_grams(text: bytes) -> list[tuple[tuple[str, ...], ...]]:
    """The grams of a text in their order."""
    grams: list[tuple[tuple[str, ...], ...]] = []
    word: list[tuple[str, ...]] = []
    for character in [*text.decode("utf-8", "surrogateescape"), " "]:
        unit = twin.folded(character)
        if not unit:
            continue
        if any(letter != " " for letter in unit):
            word.append(unit)
        elif word:
            bounded = [BOUNDARY, *word, BOUNDARY]
            grams += [tuple(bounded[i : i + 5]) for i in range(len(bounded) - 4)]
            word = []
    return grams


def test_features_of_grams_equal_the_twin_on_any_text() -> None:
    rng = random.Random(5)
    known = written.vocabulary(rng)
    titles = [written.text(rng, known, rng.randint(0, 12)) for _ in range(60)]
    titles += [b"", b"ab", b"Straight on", "Straße".encode()]
    bodies = [written.text(rng, known, rng.randint(0, 200)) for _ in range(60)]
    bodies += [b"x", b"", b"STRAIGHT ahead", "straße".encode()]
    bodies = [body + b" " + titles[i] if i % 3 == 0 else body for i, body in enumerate(bodies)]
    n = len(titles)
    wanted = {gram for title in titles for gram in slow_grams(title)}
    frequency = dict.fromkeys(wanted, 0)
    for body in bodies:
        for gram in wanted & set(slow_grams(body)):
            frequency[gram] += 1
    unknown = math.log(1 + n)
    idf = {gram: math.log((1 + n) / (1 + df)) if df > 1 else unknown for gram, df in frequency.items()}
    expected = []
    for title, body in zip(titles, bodies, strict=True):
        own = set(slow_grams(title))
        found = own & set(slow_grams(body))
        total, weight = sum(idf[gram] for gram in own), sum(idf[gram] for gram in found)
        rarest = max((idf[gram] for gram in found), default=0.0)
        expected.append([weight / total if total else 0.0, weight / 20, rarest / unknown])
    texts = written.buffers(titles), written.buffers(bodies)
    rows = np.arange(n)
    table = lookup_table(count_grams(*texts))
    assert gram_features(*texts, rows, rows, table) == pytest.approx(np.array(expected), abs=2e-5)
    assert max(row[0] for row in expected) > 0.9 > min(row[0] for row in expected)


def test_case_and_accents_make_no_difference_to_grams() -> None:
    titles, bodies = written.buffers(["ÉTÉ INDIEN".encode()]), written.buffers(["L'été indien revient".encode()])
    rows = np.zeros(1, np.int64)
    assert gram_features(titles, bodies, rows, rows, lookup_table(count_grams(titles, bodies)))[0, 0] == 1
