"""What `mismatch train` takes as the archive grows from 10,000 pairs to a million: time, memory, and how they grow.

python -m benchmarks.training_size [--sizes 10000 100000 1000000] [--body-bytes N] [--folder FOLDER]

The archives are made when the benchmark runs, from real articles with sentences exchanged and words replaced; a million
pairs are about 6 GB.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from itertools import islice, pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.enlarged import enlarged
from benchmarks.processes import MISMATCH, measure
from benchmarks.results import Plot, Result, Table, met
from benchmarks.running import model_name, options_of, start, table_of
from benchmarks.throughput import CORPUS
from mismatch.training.archive import LIMITS

SIZES = (10_000, 100_000, 1_000_000)
WANTED_SECONDS, WANTED_MB = 15 * 60, 3_000
_READ = """
import sys, time
from mismatch.records.reading import Reader
from mismatch.training.archive import read_archive
begin = time.perf_counter()
archive = read_archive(Reader([sys.argv[1]]))
print(time.perf_counter() - begin, archive.n_counted, archive.table.num_rows)
"""


def run(given: argparse.Namespace) -> Result:
    settings = {"base": model_name(given), "made of": CORPUS, "body bytes": given.body_bytes, "limit": given.limit}
    result = Result("training_size", "Training at size", settings)
    table = Table(
        "`mismatch train`, whole process",
        ["pairs", "MB", "counted", "sampled", "seconds", "of them reading and counting", "processor seconds", "peak MB"],
    )
    points: dict[str, list[tuple[float, float]]] = {"in all": [], "reading and counting": []}
    peaks = []
    articles = table_of(CORPUS, given.limit)
    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        folder = Path(name)
        path = folder / "pairs.jsonl"
        train: list[str | Path] = [*MISMATCH, "train", "--quiet", "--out", folder / "model.joblib", "--base", given.model]
        write_pairs(articles, path, 500, given)
        measure([*train, path])  # compiles
        for size in sorted(given.sizes):
            require_room(articles, size, folder, given.body_bytes)
            write_pairs(articles, path, size, given)
            seconds, counted, sampled = map(float, measure([sys.executable, "-c", _READ, path]).output.split())
            cost = measure([*train, path])
            table.add(
                f"{size:,}",
                f"{path.stat().st_size / 1e6:,.0f}",
                f"{counted:,.0f}" if counted else None,
                f"{sampled:,.0f}" if counted else "all",
                f"{cost.seconds:.0f}",
                f"{seconds:.1f}",
                f"{cost.processor_seconds:.0f}",
                f"{cost.peak_mb:,.0f}",
            )
            print(*table.rows[-1], flush=True)
            points["in all"].append((float(size), cost.seconds))
            points["reading and counting"].append((float(size), seconds))
            peaks.append(cost.peak_mb)
            path.unlink()
    table.notes = notes(points["in all"], peaks)
    result.tables.append(table)
    result.plots.append(
        Plot(
            "training_size",
            "Seconds of training by the size of the archive",
            "lines",
            "seconds",
            points=points,
            across="pairs",
            logarithmic="xy",
        )
    )
    return result


def write_pairs(articles: pa.Table, path: Path, n: int, given: argparse.Namespace) -> None:
    lines = enlarged(articles, n, body_bytes=given.body_bytes)
    with path.open("wb") as out:
        while block := b"".join(islice(lines, 1_000)):
            out.write(block)


def require_room(articles: pa.Table, n: int, folder: Path, body_bytes: int | None) -> None:
    """Ends the benchmark before the disk is full."""
    each = 300 + (body_bytes or pc.mean(pc.binary_length(articles["body"])).as_py())
    if shutil.disk_usage(folder).free < 1.2 * n * each:
        sys.exit(f"{n:,} pairs need {1.2 * n * each / 1e9:.1f} GB in {folder}: give --folder another, or smaller --sizes")


def notes(points: list[tuple[float, float]], peaks: list[float]) -> list[str]:
    seconds = [s for _, s in points]
    linear = all(later / earlier <= n / m for (m, earlier), (n, later) in pairwise(points))
    good = max(seconds) < WANTED_SECONDS and max(peaks) < WANTED_MB
    return [
        f"Up to {LIMITS.pairs:,} pairs and {LIMITS.text_bytes / 1e6:,.0f} MB of text are learned from as they are; in a "
        "larger archive all terms are counted, and the rest is learned from a sample of that size.",
        f"Wanted: under {WANTED_SECONDS / 60:.0f} minutes and {WANTED_MB:,} MB: {met(good)}; "
        f"time grows no faster than the archive: {met(linear)}.",
    ]


if __name__ == "__main__":
    parser = options_of(__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, metavar="N", help="pairs of the archives")
    parser.add_argument("--body-bytes", type=int, metavar="N", help="length of bodies; by default that of the corpus")
    parser.add_argument("--folder", type=Path, help="where the archives are made, one at a time")
    start(parser, run)
