"""Whether `mismatch sources` names the sources that got worse, and no others: simulated feeds of really scored rows.

Real pairs of a corpus, and the same pairs swapped, are scored once by a model that was adapted to a stream with one mismatch
in a hundred. Feeds are drawn from these verdicts: 200 sources of 5 to 5,000 rows, each with one mismatch in a hundred
before; of some the share grows. Named sources that did not change are false discoveries. Then the drift: models adapted to
one half of a corpus look at the other half, which is no drift, and at other corpora.

python -m benchmarks.sources [--only CORPUS] [--feeds 20]
"""

from __future__ import annotations

import argparse
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from benchmarks.results import Result, Table, share
from benchmarks.running import chosen, model_name, model_of, options_of, start, table_of
from mismatch.batch.drift import SAMPLE_ROWS, drift_of
from mismatch.batch.source_ranking import Ranking, ranked, ranked_in_stream
from mismatch.judging.adaptation import adapt, drawn_evenly
from mismatch.judging.scorer import Scorer
from mismatch.judging.swaps import Pairs, derange
from mismatch.judging.verdicts import MISMATCH
from mismatch.model.model import Model

SCORED = ("newssumm_india", "lk_en", "fakehealth", "es_fakenewscorpus", "masakhanews_fra")
DRIFTING = (
    "lk_en",
    "newssumm_india",
    "fakehealth",
    "masakhanews_fra",
    "masakhanews_yor",
    "es_fakenewscorpus",
    "de_wikinews",
)
SOURCES, CHANGED = 200, 20
SHARE = 0.01
"""of mismatches in a source that did not change"""
WORSE = (0.01, 0.02, 0.03, 0.05, 0.1, 0.3)
BUCKETS = ((5, 50), (50, 500), (500, 5_000))
TOP = 5


class Scored(NamedTuple):
    """Whether each of the pairs of a corpus is flagged."""

    real: NDArray[np.bool_]
    swapped: NDArray[np.bool_]


def run(given: argparse.Namespace) -> Result:
    settings = {"model": model_name(given), "feeds": given.feeds, "seed": given.seed, "limit": given.limit}
    result = Result("sources", "Sources that got worse", settings)
    model = model_of(given)
    scored = [_scored(model, table_of(name, given.limit), given.seed) for name in chosen(SCORED, given)]
    if scored:
        result.tables += [_against(scored, given, baseline=baseline) for baseline in (True, False)]
    result.tables.append(_drift(model, given))
    return result


def _scored(model: Model, table: pa.Table, seed: int) -> Scored:
    rng = np.random.default_rng(seed)
    titles, bodies = derange(Pairs.from_columns(table["title"], table["body"]), np.arange(table.num_rows), rng)
    swapped = pa.table({
        "title": table["title"].take(pa.array(titles)), "body": table["body"].take(pa.array(bodies)),
        "source": table["source"].take(pa.array(titles)),
    })  # fmt: skip
    few = pa.array(rng.choice(swapped.num_rows, max(1, int(SHARE * table.num_rows)), replace=False))
    stream = pa.concat_tables([table.select(["title", "body", "source"]), swapped.take(few)])
    scorer = Scorer(adapt(model, drawn_evenly(stream.take(pa.array(rng.permutation(stream.num_rows))))).model)
    flags = [
        scorer.judge(*(one[name] for name in ("title", "body", "source"))).numbers == MISMATCH for one in (table, swapped)
    ]
    return Scored(*flags)


def _against(scored: list[Scored], given: argparse.Namespace, *, baseline: bool) -> Table:
    where = "their baseline" if baseline else "the others of the stream"
    table = Table(
        f"{CHANGED} of {SOURCES} sources got worse, held against {where}",
        ["mismatches now", *(f"found, {low} to {high:,} rows" for low, high in BUCKETS), "named", "false discoveries",
         f"small among the first {TOP}"],
    )  # fmt: skip
    rng = np.random.default_rng(given.seed + 1)
    for now in WORSE:
        found: list[list[bool]] = [[] for _ in BUCKETS]
        named, rates, small = 0, [], []
        for feed in range(given.feeds):
            of = scored[feed % len(scored)]
            rows = np.exp(rng.uniform(np.log(BUCKETS[0][0]), np.log(BUCKETS[-1][1]), SOURCES)).astype(np.int64)
            changed = np.zeros(SOURCES, bool)
            changed[rng.choice(SOURCES, CHANGED, replace=False)] = now > SHARE
            flags = _flags(of, rows, np.where(changed, now, SHARE), rng)
            ranking: Ranking
            if baseline:
                ranking = ranked(flags, rows, _flags(of, rows, np.full(SOURCES, SHARE), rng), rows)
            else:
                ranking = ranked_in_stream(flags, rows)
            named += int(ranking.worse.sum())
            rates.append(float((ranking.worse & ~changed).sum() / max(1, ranking.worse.sum())))
            small.append(float((rows[ranking.order[:TOP]] < BUCKETS[0][1]).mean()))
            for k, (low, high) in enumerate(BUCKETS):
                found[k] += ranking.worse[changed & (rows >= low) & (rows < high)].tolist()
        shares = [share(float(np.mean(of_size)), 0) if of_size else "–" for of_size in found]
        table.add(share(now, 0), *shares, f"{named:,}", share(float(np.mean(rates))), share(float(np.mean(small)), 0))
    table.notes.append("1 % is no change: each source that is named there is a false discovery.")
    return table


def _flags(of: Scored, rows: NDArray[np.int64], shares: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.int64]:
    """How many rows of each source are flagged, drawn from the verdicts on real and on swapped pairs."""
    wrong = rng.binomial(rows, shares)
    return np.array([
        of.real[rng.integers(len(of.real), size=n - bad)].sum() + of.swapped[rng.integers(len(of.swapped), size=bad)].sum()
        for n, bad in zip(rows.tolist(), wrong.tolist(), strict=True)
    ], np.int64)  # fmt: skip


def _drift(model: Model, given: argparse.Namespace) -> Table:
    table = Table(
        "Drift: share of the verdicts that adapting again would change",
        ["adapted to half of", "its other half", "advised", "other corpora, mean", "most", "advised for"],
    )
    rng, names = np.random.default_rng(given.seed), chosen(DRIFTING, given)
    halves = {}
    for name in names:
        rows = table_of(name, given.limit)
        rows = rows.take(pa.array(rng.permutation(rows.num_rows)))
        halves[name] = rows.slice(0, rows.num_rows // 2), rows.slice(rows.num_rows // 2, SAMPLE_ROWS)
    for name, (half, _) in halves.items():
        scorer = Scorer(adapt(model, half).model)
        found = {other: drift_of(scorer, sample) for other, (_, sample) in halves.items()}
        own = found.pop(name)
        others = [drift for drift in found.values() if drift is not None]
        changed = [drift.changed for drift in others] or [float("nan")]
        of_own = ("–", "–") if own is None else (share(own.changed, 2), "yes" if own.calibrate_again else "no")
        advised = f"{sum(drift.calibrate_again for drift in others)} of {len(others)}"
        table.add(name, *of_own, share(float(np.mean(changed)), 2), share(max(changed), 2), advised)
    table.notes.append("The bound of the advice was chosen on corpora in train, and raised after a first run of these.")
    return table


if __name__ == "__main__":
    parser = options_of(__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--feeds", type=int, default=20, help="feeds that are drawn for each change")
    start(parser, run)
