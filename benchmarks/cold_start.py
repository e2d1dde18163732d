"""How long one waits for the first answer.

python -m benchmarks.cold_start [--runs 5]
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from benchmarks.processes import MISMATCH, measure, median
from benchmarks.results import Result, Table, met
from benchmarks.running import model_name, options_of, start

ARTICLE = {
    "title": "Harbour bridge closed for repairs until spring",
    "body": "The bridge over the harbour will stay closed until spring. Engineers found rust in two of its cables, the city "
    "said, and repairs cannot begin before the storms are over. Buses are sent round through the tunnel.",
}
HELP_SECONDS, LOAD_SECONDS, ARTICLE_SECONDS = 0.5, 0.150, 2.5
_LOADING = """
import sys, time
import mismatch.judging.scorer
begin = time.perf_counter()
mismatch.judging.scorer.load(sys.argv[1])
print(time.perf_counter() - begin)
"""


def run(given: argparse.Namespace) -> Result:
    result = Result("cold_start", "Cold start", {"model": model_name(given), "runs": given.runs})
    table = Table(
        "Seconds until it is done, each in a process of its own", ["", "seconds", "peak MB", "wanted under", "met"]
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        article = folder / "article.jsonl"
        article.write_text(json.dumps(ARTICLE) + "\n")
        scored = [*MISMATCH, "score", article, "--model", given.model, "--quiet", "--out", folder / "out.jsonl"]
        load = [sys.executable, "-c", _LOADING, given.model]
        measure(scored)  # compiles
        helped = median([measure([*MISMATCH, "--help"]) for _ in range(given.runs)])
        table.add(
            "`mismatch --help`",
            f"{helped.seconds:.2f}",
            f"{helped.peak_mb:,.0f}",
            f"{HELP_SECONDS}",
            met(helped.seconds < HELP_SECONDS),
        )
        loads = [measure(load) for _ in range(given.runs)]
        loaded = sorted(float(cost.output) for cost in loads)[len(loads) // 2]
        table.add(
            "loading the model (imports not counted)",
            f"{loaded:.3f}",
            f"{loads[0].peak_mb:,.0f}",
            f"{LOAD_SECONDS}",
            met(loaded < LOAD_SECONDS),
        )
        one = median([measure(scored) for _ in range(given.runs)])
        table.add(
            "one article scored, once compiled",
            f"{one.seconds:.2f}",
            f"{one.peak_mb:,.0f}",
            f"{ARTICLE_SECONDS}",
            met(one.seconds < ARTICLE_SECONDS),
        )
        if not given.no_compile:
            first = measure(scored, cache=folder / "compiled")
            table.add(
                "one article scored, the very first time (compiles)",
                f"{first.seconds:.1f}",
                f"{first.peak_mb:,.0f}",
                None,
                None,
            )
    table.notes = [f"The median of {given.runs} runs, the last row of one."]
    result.tables.append(table)
    return result


if __name__ == "__main__":
    parser = options_of(__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--no-compile", action="store_true", help="leave out the first run, which compiles")
    start(parser, run)
