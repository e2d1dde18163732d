"""Which title belongs to which body: against slow twins, and what the prior does."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from mismatch.batch import pairing
from mismatch.batch.pairing import JudgedPairs, assigned, best_other, pair_probabilities
from mismatch.features.overlap_features import N_FEATURES


def test_the_best_other_value_equals_the_twin() -> None:
    rng = np.random.default_rng(0)
    keys, values = rng.integers(0, 12, 60), rng.integers(0, 9, 60).astype(np.float64)
    slow = [max((values[j] for j in range(60) if j != i and keys[j] == keys[i]), default=-7.0) for i in range(60)]
    assert best_other(keys, values, -7.0).tolist() == slow


def test_of_nothing_there_is_no_best() -> None:
    assert best_other(np.empty(0, np.int64), np.empty(0), 0.0).shape == (0,)


def gain_of(chosen: np.ndarray, log_odds: np.ndarray) -> float:
    return float((log_odds[chosen] - pairing.LEAST_LOG_ODDS).sum())


def best_gain(titles: np.ndarray, bodies: np.ndarray, log_odds: np.ndarray, n: int) -> float:
    """Over all ways to give n titles n bodies."""
    table = np.zeros((n, n))
    table[titles, bodies] = np.maximum(log_odds - pairing.LEAST_LOG_ODDS, 0)
    return max(sum(table[i, p] for i, p in enumerate(order)) for order in permutations(range(n)))


@pytest.mark.parametrize("dense", [1, 512])
def test_the_assignment_is_the_likeliest_of_all_and_one_to_one(dense: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pairing, "_DENSE", dense)
    rng = np.random.default_rng(1)
    for _ in range(30):
        pairs = np.unique(rng.integers(0, 6, (14, 2)), axis=0)
        log_odds = rng.normal(-2, 4, len(pairs))
        chosen = assigned(pairs[:, 0], pairs[:, 1], log_odds)
        assert len(set(pairs[chosen, 0])) == len(set(pairs[chosen, 1])) == len(chosen)
        assert gain_of(chosen, log_odds) == pytest.approx(best_gain(pairs[:, 0], pairs[:, 1], log_odds, 6))


def test_nothing_is_assigned_where_nothing_fits() -> None:
    assert not len(assigned(np.arange(3), np.arange(3), np.full(3, -9.0)))
    assert not len(assigned(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)))


def batch(n: int, n_samples: int, rng: np.random.Generator) -> tuple[JudgedPairs, np.ndarray]:
    """Suspects, of which each has its body at the next place, and samples that fit; and which places are samples."""
    size = n + n_samples
    is_sample = np.arange(size) >= n
    title, body, log_odds = [], [], []
    for i in range(size):
        right = i if is_sample[i] else (i + 1) % n
        for j in {right, *rng.integers(0, n, 12).tolist()}:
            if not (is_sample[i] and is_sample[j] and i != j):
                title.append(i)
                body.append(j)
                log_odds.append(rng.normal(-8 if j == right else 0, 1.5))
    fit = np.array(log_odds)
    strength = np.clip(0.4 - fit / 15 + rng.normal(0, 0.1, len(fit)), 0, 1).astype(np.float32)
    features = np.zeros((len(fit), N_FEATURES), np.float32)
    return JudgedPairs(np.array(title), np.array(body), strength, fit, features), is_sample


@pytest.mark.parametrize(("n", "n_samples"), [(60, 300), (40, 20)])
def test_right_pairs_are_likely_and_wrong_ones_are_not(n: int, n_samples: int) -> None:
    pairs, is_sample = batch(n, n_samples, np.random.default_rng(2))
    of_suspects, log_odds = pair_probabilities(pairs, np.where(is_sample, 0.001, 0.9), is_sample)
    chosen = assigned(of_suspects.title, of_suspects.body, log_odds)
    chosen = chosen[log_odds[chosen] > 0]
    right = of_suspects.body[chosen] == (of_suspects.title[chosen] + 1) % n
    assert right.sum() > 0.85 * n
    assert right.mean() > 0.95


def test_fewer_are_likely_where_few_of_the_bodies_are_there() -> None:
    pairs, is_sample = batch(60, 300, np.random.default_rng(5))
    is_right = (pairs.body == (pairs.title + 1) % 60) & (pairs.title < 60)
    doubt = np.where(is_sample, 0.001, 0.9)
    doubtful = {}
    for there in (60, 6):
        left = pairs.some(~is_right | (pairs.title < there))
        of_suspects, log_odds = pair_probabilities(left, doubt, is_sample)
        doubtful[there] = float(np.median(log_odds[of_suspects.body != (of_suspects.title + 1) % 60]))
        found = log_odds[(of_suspects.body == (of_suspects.title + 1) % 60) & (of_suspects.title < 6)]
        assert (found > 0).mean() > 0.6
    assert doubtful[6] < doubtful[60] - 1


def test_a_body_that_its_own_title_fits_is_hardly_ever_proposed() -> None:
    pairs, is_sample = batch(60, 300, np.random.default_rng(3))
    doubt = np.where(is_sample, 0.001, 0.9)
    doubt[:30] = 0.01
    of_suspects, log_odds = pair_probabilities(pairs, doubt, is_sample)
    right = of_suspects.body == (of_suspects.title + 1) % 60
    sure = (of_suspects.title >= 30) & (of_suspects.body >= 30)
    assert log_odds[right & sure].mean() - log_odds[right & ~sure].mean() > 4


def test_the_same_batch_gives_the_same_probabilities() -> None:
    runs = []
    for _ in range(2):
        pairs, is_sample = batch(60, 300, np.random.default_rng(4))
        runs.append(pair_probabilities(pairs, np.where(is_sample, 0.001, 0.9), is_sample)[1])
    assert runs[0].tolist() == runs[1].tolist()
