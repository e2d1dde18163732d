"""How many pairs of one's own archive it takes: models trained from the starter on more and more of it.

python -m benchmarks.archive_sizes [--only CORPUS…] [--other CORPUS]
"""

from __future__ import annotations

import argparse
from collections import defaultdict

import numpy as np

from benchmarks import ranking
from benchmarks.detection import halves
from benchmarks.ranking import DrawnPairs
from benchmarks.results import Plot, Result, Table, share
from benchmarks.running import chosen, model_name, model_of, options_of, start, table_of
from mismatch import MismatchClassifier, MismatchError
from mismatch.model.model import Model

SIZES = (50, 200, 1_000, 5_000, 20_000)
CORPORA = ("newssumm_india", "reuters", "ja_livedoor", "ar_hespress_jazeera", "masakhanews_xho", "allsides")
MAX_TESTED = 4_000


def run(given: argparse.Namespace) -> Result:
    result = Result(
        "archive_sizes",
        "How many pairs it takes",
        {"starter": model_name(given), "other archive": given.other, "seed": given.seed, "limit": given.limit},
    )
    starter = model_of(given)
    table = Table(
        "Trained from the starter on so many pairs of an archive: R@1% on the rest of it and on another",
        ["archive", "pairs", "own archive", "other archive"],
    )
    other = ranking.draw_pairs(table_of(given.other, given.limit).slice(0, MAX_TESTED), starter, seed=given.seed)
    points: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for name in chosen(CORPORA, given):
        train, test = halves(table_of(name, given.limit), given.seed)
        own = ranking.draw_pairs(test.slice(0, MAX_TESTED), starter, seed=given.seed)
        if own is None:
            table.notes.append(f"{name} was left out: too few pairs to test on.")
            continue
        table.add(name, "0 (the starter)", share(recall(own, starter)), share(recall(other, starter)))
        order = np.random.default_rng(given.seed).permutation(train.num_rows)
        for size in sizes(train.num_rows):
            try:
                model = MismatchClassifier(base=starter, random_state=given.seed).fit(train.take(order[:size])).model_
            except MismatchError as error:
                table.notes.append(f"{name}, {size} pairs: {error}.")
                continue
            here = recall(own, model)
            table.add(name, f"{size:,}", share(here), share(recall(other, model)))
            points[name].append((float(size), here or 0.0))
            print(*table.rows[-1], flush=True)
    table.notes.append(
        "At most 60 % of an archive is trained on. All models are tested on the same pairs, those that the starter judges."
    )
    if "allsides" in points:
        table.notes.append("The starter was made from allsides and has seen the part it is tested on here.")
    result.tables.append(table)
    result.plots.append(
        Plot(
            "archive_sizes",
            "Mismatches found at 1 % false flags, by pairs trained on",
            "lines",
            "share of random swaps found",
            points=dict(points),
            across="pairs of the archive",
            logarithmic="x",
            percent=True,
        )
    )
    return result


def sizes(available: int) -> list[int]:
    """The sizes that an archive has, and all of it where that is a good deal more."""
    there = [size for size in SIZES if size <= available]
    return there if there and available < 1.3 * there[-1] else [*there, available]


def recall(pairs: DrawnPairs | None, model: Model) -> float | None:
    return pairs.figures(model).recall_1 if pairs else None


if __name__ == "__main__":
    parser = options_of(__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--other", default="fakehealth", help="the other archive to test on")
    start(parser, run)
