"""Candidate bodies, against a slow twin that compares all pairs."""

from __future__ import annotations

import random

import numpy as np
import pytest
import written

from mismatch.batch import candidates, rare_terms
from mismatch.batch.candidates import CandidateSearch
from mismatch.judging.scorer import load
from mismatch.terms.lexicon import Lexicon, smooth_idf
from mismatch.terms.tokens import terms_of

TITLES = [b"Ferry strike in Rotterdam ends", b"Quokkas counted on Rottnest Island", None, b"", b"Zander in the Oder"]
BODIES = [
    b"The strike of the ferry crews in Rotterdam has ended after talks.",
    b"On Rottnest Island rangers count the quokkas every spring.",
    b"Nothing of all that is said here.",
    b"Anglers found zander in the Oder again.",
]


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return load().model.lexicon


def search(
    lexicon: Lexicon, titles: list[bytes | None], bodies: list[bytes | None], size: int, keep: int = 8
) -> dict[tuple[int, int], float]:
    rows = np.arange(len(titles)) + 100
    of_titles = CandidateSearch(written.buffers(titles), rows, lexicon, keep=keep)
    for first in range(0, len(bodies), size):
        some = bodies[first : first + size]
        of_titles.add(of_titles.found_in(written.buffers(some), np.arange(first, first + len(some)) + 1))
    found = of_titles.candidates()
    assert np.all(np.diff(found.title_row) >= 0)
    return {(t, b): s for t, b, s in zip(*(column.tolist() for column in found), strict=True)}


def weights_of(title: bytes | None, lexicon: Lexicon) -> dict[int, float]:
    idf: dict[int, float] = {}
    for term, stem, _ in terms_of((title or b"").decode("utf-8", "surrogateescape")):
        for key, counts in ((term, lexicon.terms), (stem, lexicon.stems)):
            known = dict_of(counts)
            value = float(smooth_idf(np.array([known.get(key, 0.0)]), counts.n_documents)[0])
            idf.setdefault(key, value)
    rarest = sorted(idf, key=lambda key: (-idf[key], key))[: rare_terms.TITLE_TERMS]
    total = sum(idf[key] ** 2 for key in rarest)
    return {key: idf[key] ** 2 / total for key in rarest}


_DICTS: dict[int, dict[int, float]] = {}


def dict_of(counts: object) -> dict[int, float]:
    if id(counts) not in _DICTS:
        _DICTS[id(counts)] = dict(zip(counts.hashes.tolist(), counts.frequencies.tolist(), strict=True))  # type: ignore[attr-defined]
    return _DICTS[id(counts)]


def slow(
    lexicon: Lexicon, titles: list[bytes | None], bodies: list[bytes | None], keep: int
) -> dict[tuple[int, int], float]:
    weights = [weights_of(title, lexicon) for title in titles]
    out: dict[tuple[int, int], float] = {}
    keys = [
        {k for term, stem, _ in terms_of((b or b"").decode("utf-8", "surrogateescape")) for k in (term, stem)}
        for b in bodies
    ]
    for t, of_title in enumerate(weights):
        n_titles = {key: sum(key in other for other in weights) for key in of_title}
        strength = [
            sum(w for key, w in of_title.items() if key in of_body and n_titles[key] <= candidates.MOST_TITLES)
            for of_body in keys
        ]
        best = sorted(range(len(bodies)), key=lambda b: (-round(strength[b], 4), b))[:keep]
        out |= {(t + 100, b + 1): strength[b] for b in best if strength[b] >= candidates.LEAST_STRENGTH}
    return out


def test_each_title_finds_the_body_that_has_its_rare_terms(lexicon: Lexicon) -> None:
    found = search(lexicon, TITLES, BODIES, 2)
    best = {t: max((s, b) for (u, b), s in found.items() if u == t)[1] for t in {t for t, _ in found}}
    assert best == {100: 1, 101: 2, 104: 4}


@pytest.mark.parametrize("keep", [1, 3, 8])
def test_candidates_equal_those_of_the_twin_that_compares_all_pairs(lexicon: Lexicon, keep: int) -> None:
    rng = random.Random(3)
    words = [word for word in written.vocabulary(rng, 120) if len(word) > 2]
    titles: list[bytes | None] = [" ".join(rng.sample(words, 6)).encode() for _ in range(40)]
    bodies: list[bytes | None] = [" ".join(rng.sample(words, rng.randint(1, 60))).encode() for _ in range(80)]
    titles[3], bodies[5] = None, None
    expected = slow(lexicon, titles, bodies, keep)
    found = search(lexicon, titles, bodies, 7, keep)
    assert sorted(found.values()) == pytest.approx(sorted(expected.values()), abs=1e-4)
    near = set(found) ^ set(expected)  # bodies of equal strength may differ at the end of the list
    for pair in near:
        strength = found.get(pair, expected.get(pair))
        assert any(abs(other - strength) < 1e-4 for (t, _), other in expected.items() if t == pair[0])


def test_a_body_with_very_many_of_the_terms_is_searched_to_its_end(lexicon: Lexicon) -> None:
    titles: list[bytes | None] = [f"quagga{i} wombat{i} numbat{i}".encode() for i in range(2000)]
    body = " ".join(f"quagga{i} wombat{i} numbat{i}" for i in range(2000)).encode()
    found = search(lexicon, titles, [b"nothing", body], 2)
    assert set(found) == {(i + 100, 2) for i in range(2000)}


def test_a_term_of_very_many_titles_is_not_looked_for(lexicon: Lexicon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(candidates, "MOST_TITLES", 3)
    titles: list[bytes | None] = [f"Quokka {chr(97 + i) * 4}".encode() for i in range(5)]
    assert not search(lexicon, titles, [b"A quokka was seen"], 1)


def test_the_result_does_not_depend_on_how_bodies_are_cut_into_batches(lexicon: Lexicon) -> None:
    rng = random.Random(4)
    words = [word for word in written.vocabulary(rng, 60) if len(word) > 2]
    titles: list[bytes | None] = [" ".join(rng.sample(words, 5)).encode() for _ in range(30)]
    bodies: list[bytes | None] = [" ".join(rng.sample(words, 20)).encode() for _ in range(90)]
    assert search(lexicon, titles, bodies, 1) == search(lexicon, titles, bodies, 13) == search(lexicon, titles, bodies, 90)
