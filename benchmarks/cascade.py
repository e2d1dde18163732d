"""What the first look saves and what it costs: the same pairs with it and without, and the compiled pass alone.

python -m benchmarks.cascade
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from benchmarks import corpora, ranking
from benchmarks.results import Result, Table, met, share
from benchmarks.running import chosen, model_name, model_of, options_of, start, table_of
from mismatch.features.cascade import score_pairs
from mismatch.model.model import Model
from mismatch.model.recall import recall_at
from mismatch.terms.text_buffers import text_buffers

WANTED_LOSS = 0.002
WANTED_CASCADE, WANTED_THOROUGH = 400, 150
REPEATS = 7


def run(given: argparse.Namespace) -> Result:
    result = Result(
        "cascade",
        "The first look",
        {"model": model_name(given), "seed": given.seed, "limit": given.limit, "swaps of each title": ranking.SWAPS},
    )
    model = model_of(given)
    if model.first_look is None:
        raise SystemExit("this model takes no first look")
    quality(result, model, given)
    speed(result, model, given)
    return result


def quality(result: Result, model: Model, given: argparse.Namespace) -> None:
    table = Table(
        "Pairs cleared by the beginning of their bodies, and what that costs",
        ["corpus", "matched cleared", "swaps cleared", "R@1%, whole bodies", "with the first look", "lost", "met"],
    )
    look = model.usable_first_look()
    for name in chosen(corpora.names(), given):
        drawn = ranking.draw_pairs(table_of(name, given.limit), model, seed=given.seed)
        if drawn is None or look is None:
            continue
        sides = ((drawn.rows, drawn.rows), (drawn.left, drawn.right))
        whole = [drawn.log_odds(model, *side, thorough=True) for side in sides]
        quick = [drawn.log_odds(model, *side) for side in sides]
        cleared = [
            float(((fast < look.clear_below) & (fast != slow)).mean()) for fast, slow in zip(quick, whole, strict=True)
        ]
        before, after = recall_at(*whole, 0.01), recall_at(*quick, 0.01)
        table.add(
            name, *(share(part, 2) for part in cleared), share(before, 2), share(after, 2), f"{before - after:+.4f}",
            met(before - after <= WANTED_LOSS),
        )  # fmt: skip
    table.notes.append(f"Wanted: at most {WANTED_LOSS} lost on every corpus; negative is gained.")
    result.tables.append(table)


def speed(result: Result, model: Model, given: argparse.Namespace) -> None:
    """The compiled pass alone, one core, the best of several runs, taken in turn."""
    table = Table(
        "The compiled pass alone, one core",
        ["corpus", "bytes a body", "µs a pair", "MB/s", "µs, whole bodies", "MB/s, whole bodies", "met"],
    )
    for name in chosen(("allsides", "newssumm_india", "technews", "reuters"), given):
        data = table_of(name, given.limit).slice(0, 8000)
        titles, bodies = text_buffers(data["title"]), text_buffers(data["body"])
        wanted, n = titles.valid & bodies.valid, data.num_rows
        size = model.lexicon.vectors.size if model.lexicon.vectors is not None else 0
        vectors = np.zeros((n, 2, size), np.float32)
        best = [float("inf")] * 2
        for _ in range(REPEATS):
            for i, look in enumerate((model.usable_first_look(), None)):
                begin = time.perf_counter()
                score_pairs(titles, bodies, wanted, model.lexicon, model.forest, vectors, look)
                best[i] = min(best[i], time.perf_counter() - begin)
        megabytes = float(bodies.offsets[-1] - bodies.offsets[0]) / 1e6
        rates = [megabytes / seconds for seconds in best]
        cells = [cell for s, rate in zip(best, rates, strict=True) for cell in (f"{s / n * 1e6:.1f}", f"{rate:.0f}")]
        reached = rates[0] >= WANTED_CASCADE and rates[1] >= WANTED_THOROUGH
        table.add(name, f"{megabytes / n * 1e6:,.0f}", *cells, met(reached))
    table.notes.append(f"Wanted: {WANTED_CASCADE} MB/s of body text with the first look, {WANTED_THOROUGH} without.")
    result.tables.append(table)


if __name__ == "__main__":
    parser = options_of(__doc__)
    parser.add_argument("--seed", type=int, default=0)
    start(parser, run)
