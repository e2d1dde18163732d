"""What the model does with articles that come one by one: nothing adapts it, and its own cuts and weights decide.

python -m benchmarks.single_articles
python -m benchmarks.single_articles --model models/mine.joblib --only de_wikinews
"""

from __future__ import annotations

import argparse
import json

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from benchmarks import corpora, ranking
from benchmarks.operating_point import LABELS, identifiers
from benchmarks.results import Plot, Result, Table, share
from benchmarks.running import chosen, model_name, model_of, options_of, start, table_of
from mismatch.model.recall import recall_at

UNSEEN = ("reuters", "ja_livedoor", "ar_hespress_jazeera")
"""corpora of `train` that the starter is not made of"""


def run(given: argparse.Namespace) -> Result:
    result = Result(
        "single_articles", "Articles one by one", {"model": model_name(given), "seed": given.seed, "limit": given.limit}
    )
    model = model_of(given)
    calibration = model.calibration
    table = Table(
        "Real pairs and random swaps, judged one by one",
        ["corpus", "pairs", "flagged", "unsure", "swaps flagged", "swaps unsure", "recall at 1 % false flags"],
    )
    names, rows = [], []
    for name in chosen([*corpora.names("dev"), *UNSEEN], given):
        data = table_of(name, given.limit)
        drawn = ranking.draw_pairs(data, model, seed=given.seed)
        if drawn is None:
            continue
        matched, swapped = drawn.without(known_wrong(name, data)).scores(model)
        figures = [
            *_shares(matched, calibration.cut, calibration.unsure_cut),
            *_shares(swapped, calibration.cut, calibration.unsure_cut),
            recall_at(matched, swapped, 0.01),
        ]
        table.add(name, f"{len(matched):,}", *(share(figure, 2) for figure in figures[:2]), *map(share, figures[2:]))
        names.append(name)
        rows.append(figures)
    if rows:
        means = np.mean(rows, axis=0).tolist()
        table.add("mean", None, *(share(mean, 2) for mean in means[:2]), *map(share, means[2:]))
        result.plots.append(
            Plot(
                "single_articles", "Random swaps flagged, one by one", "bars", "share of the swaps", names,
                {"found": [row[2] for row in rows]}, percent=True,
            )
        )  # fmt: skip
    table.notes = ["Pairs that get a verdict, without duplicates, and without those that reading showed to be wrong."]
    result.tables.append(table)
    return result


def _shares(scores: NDArray[np.float64], cut: float, unsure_cut: float) -> tuple[float, float]:
    """Of the scores above the cut, and between both cuts."""
    return float((scores > cut).mean()), float(((scores > unsure_cut) & (scores <= cut)).mean())


def known_wrong(name: str, data: pa.Table) -> NDArray[np.bool_]:
    """Rows of a corpus that reading showed to be mismatches."""
    wrong: set[str] = set()
    if (labels := LABELS / f"{name}.json").is_file():
        wrong |= {key for key, is_wrong in json.loads(labels.read_text(encoding="utf-8")).items() if is_wrong}
    if (natural := corpora.ROOT / "natural_mismatches.jsonl").is_file():
        found = map(json.loads, natural.read_text(encoding="utf-8").splitlines())
        wrong |= {str(row["id"]) for row in found if row["corpus"] == name}
    return np.array([key in wrong for key in identifiers(data)], bool)


if __name__ == "__main__":
    parser = options_of(__doc__)
    parser.add_argument("--seed", type=int, default=0)
    start(parser, run)
