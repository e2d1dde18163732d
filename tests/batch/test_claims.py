"""What a claim on the other half of a row does to a proposal: against a slow twin, and for the mixtures that there are."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mismatch.batch.claims import BETWEEN_CLAIMS, LEAST_CLAIM, UNCLAIMED, with_claims
from mismatch.batch.pairing import assigned

POWER = 1.3


def changes(pairs: dict[tuple[int, int], float], doubt: list[float]) -> dict[tuple[int, int], float]:
    """By how much the log-odds of each pair change."""
    title, body = np.array(list(pairs)).T
    before = np.array(list(pairs.values()))
    after = with_claims(title, body, before, assigned(title, body, before), np.array(doubt), POWER)
    return dict(zip(pairs, (after - before).tolist(), strict=True))


def lowered(doubt: float) -> float:
    """By Bayes: a stray row is so many times likelier to be claimed than one that fits."""
    stray, fits = doubt, (1 - doubt) * math.exp(UNCLAIMED)
    return POWER * math.log(stray / (stray + fits) / doubt)


def slow(pairs: dict[tuple[int, int], float], doubt: list[float]) -> dict[tuple[int, int], float]:
    names = list(pairs)
    chosen = assigned(*np.array(names).T, np.array(list(pairs.values())))
    claims = {names[k] for k in chosen.tolist() if pairs[names[k]] > LEAST_CLAIM}
    out = {}
    for t, b in pairs:
        takers = [title for title, body in claims if body == t]
        wanted = [body for title, body in claims if title == b]
        change = (0 if takers else lowered(doubt[t])) + (0 if wanted else lowered(doubt[b]))
        out[t, b] = change + (BETWEEN_CLAIMS if takers and wanted else 0)
    return out


def test_it_equals_the_twin() -> None:
    rng = np.random.default_rng(0)
    for _ in range(40):
        pairs = {(int(t), int(b)): float(rng.normal(-1, 4)) for t, b in rng.integers(0, 8, (16, 2)) if t != b}
        doubt = rng.uniform(0.001, 0.99, 8).tolist()
        assert changes(pairs, doubt) == pytest.approx(slow(pairs, doubt))


@pytest.mark.parametrize("rows", [2, 3, 7])
def test_pairs_of_a_ring_become_likelier(rows: int) -> None:
    ring = {(k, (k + 1) % rows): 1.0 for k in range(rows)}
    assert changes(ring, [0.2] * rows) == pytest.approx(dict.fromkeys(ring, BETWEEN_CLAIMS))


def test_a_pair_whose_rows_nothing_else_wants_becomes_less_likely_unless_they_surely_do_not_fit() -> None:
    change = {doubt: changes({(0, 1): 3.0}, [doubt, doubt])[0, 1] for doubt in (0.02, 0.5, 0.9, 0.99)}
    assert change[0.02] < change[0.5] < change[0.9] < change[0.99] < 0
    assert change[0.5] < -5 and change[0.99] > -0.5


def test_a_claim_that_is_hardly_likely_is_none() -> None:
    ring = {(0, 1): 1.0, (1, 2): 1.0, (2, 0): LEAST_CLAIM - 0.5}
    assert changes(ring, [0.5, 0.5, 0.5])[0, 1] == pytest.approx(lowered(0.5))
