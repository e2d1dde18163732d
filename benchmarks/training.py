"""Wall time and peak memory of `mismatch train`.

python -m benchmarks.training
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from benchmarks.processes import MISMATCH, measure
from benchmarks.results import Plot, Result, Table, met
from benchmarks.running import model_name, options_of, start
from benchmarks.throughput import CORPUS, count_lines, write_lines

SIZES = (1_000, 5_000, None)
WANTED_SECONDS, WANTED_MB = 90, 2_000


def run(given: argparse.Namespace) -> Result:
    result = Result("training", "Training", {"base": model_name(given), "corpus": CORPUS, "limit": given.limit})
    table = Table("`mismatch train`, whole process", ["pairs", "MB", "base", "seconds", "processor seconds", "peak MB"])
    points: dict[str, list[tuple[float, float]]] = {"from the starter": [], "fresh": []}
    good = True
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_lines(folder / "warm.jsonl", 100)
        train: list[str | Path] = [*MISMATCH, "train", "--quiet", "--out", folder / "model.joblib"]
        measure([*train, folder / "warm.jsonl", "--base", given.model])  # compiles
        sizes = [size for size in SIZES if given.limit is None or size is None or size < given.limit]
        for size in sizes:
            path = folder / "pairs.jsonl"
            write_lines(path, size or given.limit)
            rows, megabytes = count_lines(path), path.stat().st_size / 1e6
            for words, base in (("from the starter", ["--base", given.model]), ("fresh", ["--fresh"])):
                cost = measure([*train, path, *base])
                table.add(
                    f"{rows:,}",
                    f"{megabytes:,.0f}",
                    words,
                    f"{cost.seconds:.1f}",
                    f"{cost.processor_seconds:.1f}",
                    f"{cost.peak_mb:,.0f}",
                )
                points[words].append((float(rows), cost.seconds))
                good &= cost.seconds < WANTED_SECONDS and cost.peak_mb < WANTED_MB
    table.notes = [f"Wanted: under {WANTED_SECONDS} s and {WANTED_MB:,} MB: {met(good)}."]
    result.tables.append(table)
    result.plots.append(
        Plot("training", "Seconds of training", "lines", "seconds", points=points, across="pairs", logarithmic="x")
    )
    return result


if __name__ == "__main__":
    start(options_of(__doc__), run)
