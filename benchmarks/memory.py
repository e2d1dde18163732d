"""Peak memory of `mismatch score` on a file that gets longer: it must not grow.

python -m benchmarks.memory
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.json as pj
import pyarrow.parquet as pq

from benchmarks.processes import MISMATCH, measure
from benchmarks.results import Plot, Result, Table, met
from benchmarks.running import model_name, options_of, start
from benchmarks.synthetic import articles, sentences_of
from benchmarks.throughput import CORPUS, write, write_lines

TIMES = (1, 4, 16)
ROWS = (10_000, 100_000, 1_000_000, 10_000_000)
DIFFERENT_ROWS, SHORT_BODY = 10_000, 200
WANTED_MB = 500
FLAT = 1.25
"""the longest file may take this many times the memory of the shortest"""


def run(given: argparse.Namespace) -> Result:
    result = Result("memory", "Memory", {"model": model_name(given), "corpus": CORPUS, "limit": given.limit})
    table = Table(
        "Peak resident memory of `mismatch score`, the same articles repeated",
        ["", *(f"{n} times, MB" for n in TIMES), "flat", f"under {WANTED_MB} MB"],
    )
    points: dict[str, list[tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        once = folder / "once.jsonl"
        write_lines(once, given.limit)
        size = once.stat().st_size / 1e6
        for kind in ("jsonl", "parquet"):
            peaks = []
            for times in TIMES:
                path = repeated(once, kind, times)
                peaks.append(
                    measure(
                        [*MISMATCH, "score", path, "--model", given.model, "--quiet", "--out", folder / f"out.{kind}"]
                    ).peak_mb
                )
                path.unlink()
            points[kind] = [(times * size, peak) for times, peak in zip(TIMES, peaks, strict=True)]
            table.add(
                f"{kind} to {kind}",
                *(f"{peak:,.0f}" for peak in peaks),
                met(peaks[-1] <= FLAT * peaks[0]),
                met(max(peaks) < WANTED_MB),
            )
        by_rows = against_rows(folder, once, given)
    table.notes = [
        f"Once is {size:,.0f} MB of JSON lines, {TIMES[-1]} times {TIMES[-1] * size:,.0f} MB. "
        f"Flat: at most {FLAT} times the memory of the shortest file."
    ]
    result.tables += [table, by_rows]
    result.plots.append(
        Plot(
            "memory",
            "Peak memory against the length of the input",
            "lines",
            "peak MB",
            points=points,
            across="MB of JSON lines",
            logarithmic="x",
        )
    )
    return result


def against_rows(folder: Path, once: Path, given: argparse.Namespace) -> Table:
    """Short articles, more and more of them."""
    table = Table(
        f"The same against the number of rows, JSON lines, bodies of {SHORT_BODY} bytes",
        ["rows", "MB", "seconds", "peak MB", f"under {WANTED_MB} MB"],
    )
    bodies = pj.read_json(once, pj.ReadOptions(block_size=1 << 26))["body"]
    short = write(folder / "short.jsonl", articles(sentences_of(bodies), DIFFERENT_ROWS, SHORT_BODY))
    for rows in ROWS if given.limit is None else ROWS[:2]:
        path = repeated(short, "jsonl", rows // DIFFERENT_ROWS)
        command = [*MISMATCH, "score", path, "--model", given.model, "--quiet", "--out", folder / "out.jsonl"]
        cost = measure(command)
        size = path.stat().st_size / 1e6
        table.add(f"{rows:,}", f"{size:,.0f}", f"{cost.seconds:.1f}", f"{cost.peak_mb:,.0f}", met(cost.peak_mb < WANTED_MB))
        path.unlink()
    return table


def repeated(once: Path, kind: str, times: int) -> Path:
    """A file with the articles of `once`, so many times."""
    path = once.parent / f"repeated.{kind}"
    if kind == "jsonl":
        with path.open("wb") as out:
            for _ in range(times):
                with once.open("rb") as lines:
                    shutil.copyfileobj(lines, out, 1 << 22)
        return path
    table: pa.Table = pj.read_json(once, pj.ReadOptions(block_size=1 << 26))
    with pq.ParquetWriter(path, table.schema) as writer:
        for _ in range(times):
            writer.write_table(table, row_group_size=4096)
    return path


if __name__ == "__main__":
    start(options_of(__doc__), run)
