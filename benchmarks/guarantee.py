"""Whether the guaranteed cut keeps its promise: the share of broken promises over many draws, at several n, R and C.

    python benchmarks/guarantee.py [--draws 1000]

Each draw takes n calibration scores from a population that is known, sets the cut, and compares the cut's true
false-flag rate with the one promised. A promise with confidence C may be broken in a share 1 - C of the draws. Three
populations: continuous scores; scores with many ties; and scores that cluster by source, where the promise is for a
random pair of a source never seen, once with all pairs taken as if independent (which breaks it) and once with one pair
drawn from each source. Ends with exit code 1 if a cut that should keep its promise does not, within the error of the
simulation.

Then the cut that leaves suspects out (`promised_cut`), on calibration pairs of which a share is wrong, and of which a share
is right but looks swapped (puns). It is held against what it says: of all matched pairs, or of those that do not look
swapped; and the share of those that do. Beside it stands how often it flags more than R of all matched pairs, what it finds,
and what a cut on all pairs finds.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom, norm

from mismatch.evaluation.suspects import promised_cut
from mismatch.model.calibration import guaranteed_cut, one_per_group, pairs_needed

SETTINGS = [(rate, confidence) for rate in (0.001, 0.005, 0.01, 0.05) for confidence in (0.9, 0.95, 0.99)]
TIES = 200
"""different scores in the population with ties"""
BETWEEN, WITHIN = 1.0, 0.5
"""standard deviations of the scores between sources and within one"""
PAIRS_A_SOURCE = 20


def continuous(rng: np.random.Generator, n: int, rate: float, confidence: float) -> float:
    return float(norm.sf(guaranteed_cut(rng.normal(size=n), rate, confidence)))


def tied(rng: np.random.Generator, n: int, rate: float, confidence: float) -> float:
    cut = guaranteed_cut(rng.integers(0, TIES, n).astype(float), rate, confidence)
    return (TIES - 1 - cut) / TIES


def _clustered(rng: np.random.Generator, n_sources: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    sources = np.repeat(np.arange(n_sources), PAIRS_A_SOURCE)
    scores = rng.normal(0, BETWEEN, n_sources)[sources] + rng.normal(0, WITHIN, len(sources))
    return scores, sources


def all_pairs(rng: np.random.Generator, n: int, rate: float, confidence: float) -> float:
    scores, _ = _clustered(rng, n)
    return float(norm.sf(guaranteed_cut(scores, rate, confidence), scale=np.hypot(BETWEEN, WITHIN)))


def one_of_each(rng: np.random.Generator, n: int, rate: float, confidence: float) -> float:
    scores, sources = _clustered(rng, n)
    cut = guaranteed_cut(scores[one_per_group(sources, rng)], rate, confidence)
    return float(norm.sf(cut, scale=np.hypot(BETWEEN, WITHIN)))


CASES: list[tuple[str, Callable[[np.random.Generator, int, float, float], float], bool]] = [
    ("continuous", continuous, True),
    ("with ties", tied, True),
    ("clustered, one pair a source", one_of_each, True),
    ("clustered, all pairs as if independent", all_pairs, False),
]


SWAPPED = 4.5
"""mean score of swapped pairs, that of matched ones being 0, both with standard deviation 1"""
CONTAMINATED = [(wrong, puns) for puns in (0.0, 0.005, 0.015, 0.03) for wrong in (0.0, 0.01, 0.03)]
"""shares of the calibration pairs that are wrong, and of the matched pairs that look like swapped ones"""
CONTAMINATED_SETTINGS = [(0.01, 0.95, 466), (0.01, 0.95, 1500), (0.005, 0.95, 1500)]


def survival(score: float, puns: float) -> float:
    """Share of matched pairs above a score."""
    return float((1 - puns) * norm.sf(score) + puns * norm.sf(score - SWAPPED))


def with_suspects(
    rng: np.random.Generator, n: int, rate: float, confidence: float, wrong: float, puns: float
) -> tuple[bool, bool, bool, bool, float, float]:
    """One draw: were suspects left out; was the promise broken, that on puns, R of all; what is found, and by all pairs."""
    looks_swapped = rng.random(n) < wrong + (1 - wrong) * puns
    scores = rng.normal(size=n) + SWAPPED * looks_swapped
    swapped = rng.normal(SWAPPED, 1, n)
    promised = promised_cut(scores, swapped, rate, confidence)
    cut, border = promised.cut, float(np.median(swapped))
    look_alikes = survival(border, puns)
    counted = survival(cut, puns)
    if promised.left_out:
        counted = (counted - look_alikes) / (1 - look_alikes)
    found_on_all = float(norm.sf(guaranteed_cut(scores, rate, confidence) - SWAPPED))
    return (
        promised.left_out > 0,
        counted > rate * (1 + 1e-9),
        promised.left_out > 0 and look_alikes > promised.look_alikes_at_most,
        survival(cut, puns) > rate * (1 + 1e-9),
        float(norm.sf(cut - SWAPPED)),
        found_on_all,
    )


def contaminated(draws: int, seed: int) -> bool:
    """Prints the table of cuts that leave suspects out; whether one broke its promise more often than allowed."""
    failed = False
    print(f"\ncut with suspects left out: {draws:,} draws\n")
    names = ("R", "n", "wrong", "puns", "left out", "broken", "puns: broken", "bound", "R of all: broken", "found", "by all")
    print(f"| {' | '.join(names)} |")
    print("|" + "---:|" * len(names))
    for rate, confidence, n in CONTAMINATED_SETTINGS:
        bound = float(binom.ppf(0.999, draws, 1 - confidence)) / draws
        for wrong, puns in CONTAMINATED:
            rng = np.random.default_rng([seed, n, round(1e6 * rate), round(1e6 * wrong), round(1e6 * puns)])
            left_out, broken, look_alikes, of_all, found, on_all = np.array(
                [with_suspects(rng, n, rate, confidence, wrong, puns) for _ in range(draws)], float
            ).mean(axis=0)
            failed |= broken > bound or look_alikes > bound
            shares = (wrong, puns, left_out, broken, look_alikes, bound, of_all, found, on_all)
            print(f"| {rate:.1%} | {n:,} | {' | '.join(f'{part:.1%}' for part in shares)} |", flush=True)
    return failed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    failed = False
    for name, false_flags, must_hold in CASES:
        print(f"\n{name}: {options.draws:,} draws\n")
        print(f"| {'R':>6} | {'C':>5} | {'n':>7} | broken | allowed | bound of the simulation | mean false flags | kept |")
        print("|-------:|------:|--------:|-------:|--------:|------------------------:|-----------------:|------|")
        for rate, confidence in SETTINGS:
            least = pairs_needed(rate, confidence)
            sizes = [least, 3 * least] if "cluster" in name else [least, 2 * least, 10 * least]
            if "cluster" in name and least > 1000:
                continue  # n counts sources here
            for n in sizes:
                rng = np.random.default_rng([options.seed, n, round(1e6 * rate), round(1e6 * confidence)])
                true = np.array([false_flags(rng, n, rate, confidence) for _ in range(options.draws)])
                broken = float((true > rate * (1 + 1e-9)).mean())
                # so many broken promises of a cut that breaks exactly the share allowed come about once in a thousand
                bound = float(binom.ppf(0.999, options.draws, 1 - confidence)) / options.draws
                kept = broken <= bound
                failed |= must_hold and not kept
                print(
                    f"| {rate:6.1%} | {confidence:5.0%} | {n:7,} | {broken:6.1%} | {1 - confidence:7.1%} | {bound:23.1%} "
                    f"| {true.mean():16.3%} | {'yes' if kept else 'NO'} |"
                )
    failed |= contaminated(options.draws, options.seed)
    if failed:
        sys.exit("a promise was broken more often than stated")


if __name__ == "__main__":
    main()
