"""Whether the guaranteed cut keeps its promise: the share of broken promises over many draws, at several n, R and C.

    python benchmarks/guarantee.py [--draws 1000]

Each draw takes n calibration scores from a population that is known, sets the cut, and compares the cut's true
false-flag rate with the one promised. A promise with confidence C may be broken in a share 1 - C of the draws. Three
populations: continuous scores; scores with many ties; and scores that cluster by source, where the promise is for a
random pair of a source never seen, once with all pairs taken as if independent (which breaks it) and once with one pair
drawn from each source. Ends with exit code 1 if a cut that should keep its promise does not, within the error of the
simulation.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom, norm

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
    if failed:
        sys.exit("a promise was broken more often than stated")


if __name__ == "__main__":
    main()
