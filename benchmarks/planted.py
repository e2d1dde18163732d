"""What the model finds in a stream of which a known share is wrong, adapted to it as `mismatch gate` does: no training.

A share of the rows of each corpus gets the bodies of others among them; everything else is as in the corpus. Pairs of the
corpus that are known to be wrong are not counted as real. Each share is planted once a seed, since a few wrong rows are
too few for a figure: what is said of a corpus is the mean of its runs, and the interval is held against each run.

python -m benchmarks.planted [--shares 0,0.02,0.5] [--seeds 0,1,2] [--only newssumm_india]
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from benchmarks import corpora
from benchmarks.operating_point import LABELS, identifiers
from benchmarks.results import Result, Table, share
from benchmarks.running import chosen, model_name, model_of, options_of, start, table_of
from mismatch.judging.adaptation import adapt, drawn_evenly
from mismatch.judging.scorer import Scorer
from mismatch.judging.swaps import Pairs, derange
from mismatch.judging.verdicts import VERDICTS
from mismatch.model.model import Model

SHARES = (0.0, 0.005, 0.02, 0.1, 0.5, 0.9, 1.0)
HEADER = ["corpus", "rows", "found", "found or unsure", "real flagged", "real unsure", "share, estimated", "interval"]
_FOR_TRAINING = ("allsides", "fnc1_train", "doj_releases", "digitalgov", "gsa18f")
"""corpora that the starter has seen, and one whose pairs are of one story"""


class Figures(NamedTuple):
    found: float
    found_or_unsure: float
    flagged: float
    unsure: float
    share: float
    low: float
    high: float
    truth: float
    error: float
    """of the probability: its mean over the rows less the share of mismatches"""
    seconds: float


def run(given: argparse.Namespace) -> Result:
    shares = [float(part) for part in given.shares.split(",")]
    seeds = [int(part) for part in given.seeds.split(",")]
    settings = {"model": model_name(given), "seeds": given.seeds, "limit": given.limit}
    result = Result("planted", "Wrong rows planted into streams", settings)
    model, runs = model_of(given), defaultdict(list)
    details = {wrong: Table(f"{wrong:.1%} of the rows wrong", HEADER) for wrong in shares}
    for name in (name for name in chosen(corpora.names(), given) if name not in _FOR_TRAINING):
        data = table_of(name, given.limit)
        for wrong in shares:
            runs[wrong].append([measured(model, name, data, wrong, seed) for seed in (seeds if wrong else seeds[:1])])
            figure = Figures(*_means(np.array(runs[wrong][-1])))
            interval = f"{share(figure.low)} to {share(figure.high)}"
            details[wrong].add(
                name, f"{data.num_rows:,}", *map(_share, figure[:2]), *(_share(part, 2) for part in figure[2:4]),
                _share(figure.share, 2), interval,
            )  # fmt: skip
    summary = Table(
        "In the mean of the corpora",
        ["wrong", "corpora", "found", "least found", "found or unsure", "real flagged", "most flagged", "real unsure",
         "interval covers", "calibration error", "seconds"],
    )  # fmt: skip
    for wrong, of_share in runs.items():
        array = np.array(of_share)
        each, columns = Figures(*np.moveaxis(array, -1, 0)), Figures(*_means(array).T)
        covered = (each.low <= each.truth) & (each.truth <= each.high)
        summary.add(
            share(wrong, 1), str(len(of_share)), _mean(columns.found), _share(_least(columns.found)),
            _mean(columns.found_or_unsure), _mean(columns.flagged, 2), _share(_most(columns.flagged), 2),
            _mean(columns.unsure, 2), share(float(covered.mean())), share(float(np.abs(each.error).mean()), 2),
            f"{np.median(each.seconds):.2f}",
        )  # fmt: skip
    result.tables += [summary, *details.values()]
    return result


def measured(model: Model, name: str, data: pa.Table, wrong: float, seed: int) -> Figures:
    """One corpus with a share of wrong rows."""
    table, is_wrong = planted(data, wrong, seed)
    began = time.perf_counter()
    adapted = adapt(model, drawn_evenly(table)).model
    seconds = time.perf_counter() - began
    judged = Scorer(adapted).judge(table["title"], table["body"], table["source"])
    flagged, unsure = (judged.numbers == VERDICTS.index(verdict) for verdict in ("mismatch", "unsure"))
    real = ~is_wrong & ~known_wrong(name, data)
    stream = adapted.stream
    estimate = (np.nan, 0.0, 1.0)
    if stream is not None and stream.share is not None and stream.share_interval is not None:
        estimate = (stream.share, *stream.share_interval)
    probability = judged.columns.column("mismatch_probability").to_numpy(zero_copy_only=False)
    error = float(np.nanmean(probability) - is_wrong[~np.isnan(probability)].mean())
    return Figures(
        _part(flagged, is_wrong), _part(flagged | unsure, is_wrong), _part(flagged, real), _part(unsure, real),
        *estimate, float(is_wrong.mean()), error, seconds,
    )  # fmt: skip


def planted(data: pa.Table, wrong: float, seed: int) -> tuple[pa.Table, np.ndarray]:
    """The corpus with the bodies of some rows swapped among themselves, and which rows those are."""
    body = planted_bodies(data, wrong, seed)
    moved = data.set_column(data.column_names.index("body"), "body", data["body"].take(pa.array(body)))
    return moved, body != np.arange(data.num_rows)


def planted_bodies(data: pa.Table, wrong: float, seed: int) -> np.ndarray:
    """Whose body each row gets: its own but for some rows, which get those of others among them."""
    n, rng = data.num_rows, np.random.default_rng(seed)
    body = np.arange(n)
    chosen_rows = np.sort(rng.permutation(n)[: round(wrong * n)])
    if len(chosen_rows) > 1:
        titles, bodies = derange(Pairs.from_columns(data["title"], data["body"]), chosen_rows, rng)
        body[titles] = bodies
    return body


def known_wrong(name: str, data: pa.Table) -> np.ndarray:
    """Pairs of the corpus itself that are mismatches: those that were read, and those that come with the corpora."""
    wrong = set()
    if (LABELS / f"{name}.json").is_file():
        labels = json.loads((LABELS / f"{name}.json").read_text("utf-8"))
        wrong |= {key for key, is_mismatch in labels.items() if is_mismatch}
    natural = corpora.ROOT / "natural_mismatches.jsonl"
    if natural.is_file():
        rows = [json.loads(line) for line in natural.read_text("utf-8").splitlines()]
        wrong |= {str(row["id"]) for row in rows if row["corpus"] == name}
    return np.array([key in wrong for key in identifiers(data)])


def _means(runs: np.ndarray) -> np.ndarray:
    """Over the seeds, the last axis but one: a run that has no such figure does not count."""
    return np.ma.masked_invalid(runs).mean(axis=-2).filled(np.nan)


def _part(what: np.ndarray, of: np.ndarray) -> float:
    return float(what[of].mean()) if of.any() else np.nan


def _share(value: float, digits: int = 1) -> str | None:
    return None if np.isnan(value) else share(value, digits)


def _mean(values: np.ndarray, digits: int = 1) -> str | None:
    return None if np.isnan(values).all() else share(float(np.nanmean(values)), digits)


def _least(values: np.ndarray) -> float:
    return float("nan") if np.isnan(values).all() else float(np.nanmin(values))


def _most(values: np.ndarray) -> float:
    return float("nan") if np.isnan(values).all() else float(np.nanmax(values))


if __name__ == "__main__":
    parser = options_of(__doc__)
    parser.add_argument("--seeds", default="0,1,2", help="a planting for each")
    parser.add_argument("--shares", default=",".join(map(str, SHARES)), help="shares of wrong rows")
    start(parser, run)
