"""`mismatch repair` on batches of real pairs of which a share was shuffled among themselves: what it puts back.

Batches are up to 10,000 rows of an archive, or of several recombined; 2 % of the rows get the bodies of others among them.
Pairs of an archive that are known to be wrong do not count as real. What the gate gains by `--batch` is the recall at 0.1 %
false flags, with and without it. In a second planting the bodies come from outside of the batch,
so that no proposal is right.

python -m benchmarks.repair [--seeds 0,1] [--only allsides] [--rows 1000000]
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks import corpora
from benchmarks.enlarged import enlarged
from benchmarks.planted import known_wrong, planted_bodies
from benchmarks.processes import MISMATCH, measure
from benchmarks.results import Result, Table, share
from benchmarks.running import model_name, model_of, options_of, start, table_of
from mismatch.batch.repair import find_repairs
from mismatch.batch.scored import ScoredRows
from mismatch.judging.scorer import Scorer
from mismatch.records.quarantine import Quarantine
from mismatch.records.reading import Reader

ROWS, WRONG, FALSE_FLAGS, SURE = 10_000, 0.02, 0.001, 0.9
CHOSEN_ON = ("allsides", "doj_releases")
"""archives on which the features were chosen; they do not count in the mean. The prior and the trees were set with other
plantings of all batches in view: the mean is of plantings that were not seen, not of such archives"""
LARGE = (*CHOSEN_ON, "reuters")
ENGLISH_DEV = (
    "newssumm_india",
    "fakehealth",
    "hyperpartisan_byarticle",
    "technews",
    "lk_en",
    "fakenewsamt",
    "fake_vs_satire",
)
LONG_BODY = 1500
HEADER = [
    "batch", "rows", "stray", "proposed", "precision", "recall", "touch a right pair", "recall at 0.1 % false flags",
    "with --batch", "rows a second",
]  # fmt: skip


class Figures(NamedTuple):
    rows: int
    wrong: int
    proposed: int
    right: int
    touching: int
    """proposals with a title or a body that was in its place"""
    alone: float
    """recall of the scorer at `FALSE_FLAGS`"""
    with_batch: float
    seconds: float


def batches() -> dict[str, tuple[str, ...]]:
    """What each batch is drawn from, by its name."""
    dev = tuple(corpora.names("dev"))
    others = tuple(name for name in dev if name not in ENGLISH_DEV)
    recombined = {"English, recombined": ENGLISH_DEV, "other languages, recombined": others, "all of dev, recombined": dev}
    small = [name for name in corpora.names() if name not in (*LARGE, "fnc1_train", "gsa18f")]
    return {**{name: (name,) for name in LARGE}, **recombined, **{name: (name,) for name in small}}


def run(given: argparse.Namespace) -> Result:
    seeds = [int(part) for part in given.seeds.split(",")]
    settings = {"model": model_name(given), "seeds": given.seeds, "rows": ROWS, "wrong": share(WRONG), "limit": given.limit}
    result = Result("repair", "Titles and bodies put back", settings)
    scorer = Scorer(model_of(given))
    if given.rows:
        result.tables.append(of_size(given, given.rows))
        return result
    large, small = Table(f"Batches of {ROWS:,} rows", HEADER), Table("Smaller archives, as they are", HEADER)
    absent = Table(
        f"{share(WRONG)} of the rows with bodies from outside of the batch: nothing is to be proposed",
        ["batch", "stray", "proposed", f"of these with a probability of {SURE} or more", "proposed of the stray titles"],
    )
    means: dict[str, list[Figures]] = {"large": [], "small": []}
    for name, parts in batches().items():
        if given.only and name not in given.only and not set(parts) & set(given.only):
            continue
        figures = [measured(scorer, parts, seed, given.limit) for seed in seeds]
        total = Figures(*np.sum(figures, axis=0))
        is_large = len(parts) > 1 or name in LARGE
        table = large if is_large else small
        _add(table, f"{name} *" if name in CHOSEN_ON else name, total, len(seeds))
        print(f"{name}: {total}", file=sys.stderr, flush=True)
        nothing_there = [found for seed in seeds if (found := with_bodies_from_outside(scorer, parts, seed, given.limit))]
        if nothing_there:
            stray, proposed, sure = np.sum(nothing_there, axis=0).tolist()
            absent.add(name, f"{stray:,}", f"{proposed:,}", f"{sure:,}", share(proposed / stray))
        if name not in CHOSEN_ON:
            means["large" if is_large else "small"] += figures
    for kind, table in (("large", large), ("small", small)):
        if means[kind]:
            each = np.array([_shares(figures) for figures in means[kind]])
            precision, recall, touching = each.mean(axis=0)
            table.add("mean, without *", "", "", "", share(precision), share(recall), share(touching, 2), "", "", "")
    result.tables += [table for table in (large, small, absent) if table.rows]
    return result


def _shares(figures: Figures) -> tuple[float, float, float]:
    proposed = max(1, figures.proposed)
    return figures.right / proposed, figures.right / figures.wrong, figures.touching / proposed


def drawn(parts: tuple[str, ...], seed: int, limit: int | None) -> tuple[pa.Table, np.ndarray, list[str]]:
    """The rows of a batch, which of them are known to be wrong, and the bodies of the rows that were not drawn."""
    schema = pa.schema([(name, pa.large_string()) for name in ("id", "title", "body", "source")])
    tables = {name: table_of(name, limit) for name in parts}
    wrong = np.concatenate([known_wrong(name, table) for name, table in tables.items()])
    table = pa.concat_tables([table.select(schema.names).cast(schema) for table in tables.values()])
    order = np.random.default_rng(seed).permutation(table.num_rows)
    rows, others = np.sort(order[:ROWS]), table["body"].take(pa.array(order[ROWS : 2 * ROWS]))
    return table.take(pa.array(rows)), wrong[rows], others.drop_null().to_pylist()


def measured(scorer: Scorer, parts: tuple[str, ...], seed: int, limit: int | None) -> Figures:
    """One batch."""
    table, known, _ = drawn(parts, seed, limit)
    body = planted_bodies(table, WRONG, seed)
    n, is_wrong = len(body), body != np.arange(len(body))
    texts = table["body"].to_pylist()
    data = table.set_column(table.column_names.index("body"), "body", table["body"].take(pa.array(body)))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "batch.parquet"
        pq.write_table(data, path)
        began = time.perf_counter()
        scored = ScoredRows(Reader([path]), scorer, always_adapt=True)
        with Quarantine(None) as quarantine:
            found = find_repairs(scored, quarantine)
        seconds = time.perf_counter() - began
        rows = pa.Table.from_batches([block.rows for block in ScoredRows(Reader([path]), scored.scorer, adapt=False)])
    probability = rows["probability"].fill_null(0.0).to_numpy().copy()
    places = [(proposal.title_row - 1, proposal.body_row - 1) for proposal in found.proposals]
    right = sum(bool(is_wrong[t]) and texts[body[b]] == texts[t] for t, b in places)
    real = ~is_wrong & ~known
    touching = sum(bool(real[t] or real[b]) for t, b in places)
    alone = recall_at(probability, is_wrong, real)
    for (t, b), proposal in zip(places, found.proposals, strict=True):
        probability[[t, b]] = np.maximum(probability[[t, b]], proposal.probability)
    return Figures(
        n, int(is_wrong.sum()), len(places), right, touching, alone, recall_at(probability, is_wrong, real), seconds
    )


def with_bodies_from_outside(
    scorer: Scorer, parts: tuple[str, ...], seed: int, limit: int | None
) -> tuple[int, int, int] | None:
    """How many rows got the body of an article that is not in the batch, how many proposals were made, how many of them are
    sure; None where there are no such bodies."""
    table, _, others = drawn(parts, seed, limit)
    stray = np.random.default_rng(seed).permutation(table.num_rows)[: round(WRONG * table.num_rows)]
    if len(others) < len(stray):
        return None
    bodies = table["body"].to_pylist()
    for row, body in zip(stray.tolist(), others, strict=False):
        bodies[row] = body
    data = table.set_column(table.column_names.index("body"), "body", pa.array(bodies, pa.large_string()))
    with tempfile.TemporaryDirectory() as folder, Quarantine(None) as quarantine:
        path = Path(folder) / "batch.parquet"
        pq.write_table(data, path)
        found = find_repairs(ScoredRows(Reader([path]), scorer, always_adapt=True), quarantine)
    return len(stray), len(found.proposals), sum(proposal.probability >= SURE for proposal in found.proposals)


def recall_at(probability: np.ndarray, is_wrong: np.ndarray, real: np.ndarray) -> float:
    """Share of the wrong rows above a cut that flags at most `FALSE_FLAGS` of the real ones."""
    allowed = int(FALSE_FLAGS * real.sum())
    cut = np.sort(probability[real])[::-1][allowed]
    return float((probability[is_wrong] > cut).mean())


def _add(table: Table, name: str, total: Figures, n_runs: int) -> None:
    table.add(
        name, f"{total.rows / n_runs:,.0f}", f"{total.wrong:,.0f}", f"{total.proposed:,.0f}",
        share(total.right / max(1, total.proposed)), share(total.right / total.wrong),
        f"{total.touching:,.0f} ({share(total.touching / max(1, total.proposed), 2)})",
        share(total.alone / n_runs), share(total.with_batch / n_runs), f"{total.rows / total.seconds:,.0f}",
    )  # fmt: skip


def of_size(given: argparse.Namespace, n: int) -> Table:
    """Time and memory of the command on a batch put together of the articles of allsides, about 1.7 kB a row."""
    table = Table(
        "A long batch, recombined; many of its titles are nearly the same, so that only time and memory count",
        ["rows", "stray", "proposed", "seconds a million rows", "processor seconds a million rows", "peak memory, MB"],
    )
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        path, out = Path(folder) / "batch.jsonl", Path(folder) / "proposals.jsonl"
        wrong = write_shuffled(path, n)
        cost = measure([*MISMATCH, "repair", path, "--out", out, "--model", given.model, "--quiet"])
        with out.open("rb") as file:
            proposed = sum(1 for _ in file)
    millions = n / 1e6
    table.add(
        f"{n:,}", f"{wrong:,}", f"{proposed:,}", f"{cost.seconds / millions:,.0f}",
        f"{cost.processor_seconds / millions:,.0f}", f"{cost.peak_mb:,.0f}",
    )  # fmt: skip
    return table


def write_shuffled(path: Path, n: int) -> int:
    """JSON lines of which each stray row has the body of the stray row before; returns how many are stray."""
    rng = np.random.default_rng(0)
    kept, wrong = None, 0
    with path.open("wb") as file:
        for line in enlarged(table_of("allsides", None), n, body_bytes=LONG_BODY):
            if rng.random() < WRONG:
                row = json.loads(line)
                row["body"], kept = (kept if kept is not None else row["body"]), row["body"]
                line = json.dumps(row, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
                wrong += 1
            file.write(line)
    return wrong


if __name__ == "__main__":
    parser = options_of(__doc__)
    parser.add_argument("--seeds", default="0", help="a planting for each")
    parser.add_argument("--rows", type=int, metavar="N", help="measure time and memory on a batch of this size instead")
    parser.add_argument("--folder", type=Path, help="where that batch is written")
    start(parser, run)
