"""Articles a second: whole processes from file to file, beside scikit-learn and beside only reading the file.

pip install orjson polars
python -m benchmarks.throughput [--runs 3] [--in-process]
"""

from __future__ import annotations

import argparse
import gzip
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.json as pj
import pyarrow.parquet as pq

from benchmarks import corpora, synthetic
from benchmarks.processes import MISMATCH, Cost, measure, median
from benchmarks.results import Plot, Result, Table, met
from benchmarks.running import chosen, model_name, options_of, start, table_of

CORPUS = "allsides"
WANTED, WANTED_TIMES, LATER_TIMES = 25_000, 15, 40
READ_TIMES, REWRITE_TIMES = 2.0, 2.5
TIMES = 8
"""how often the longer files hold the corpus"""
BODY_BYTES = (200, 2_000, 20_000, 200_000)
SYNTHETIC_BYTES = 100_000_000
LANGUAGE_BYTES = 30_000_000
MODULE = (sys.executable, "-m")


def run(given: argparse.Namespace) -> Result:
    result = Result(
        "throughput", "Throughput", {"model": model_name(given), "corpus": CORPUS, "runs": given.runs, "limit": given.limit}
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = folder / "articles.jsonl"
        write_lines(source, given.limit)
        if not given.in_process:
            rates = whole_processes(result, source, given)
            result.plots.append(
                Plot(
                    "throughput",
                    "Articles a second, whole process, JSON lines",
                    "bars",
                    "articles a second (logarithmic)",
                    list(rates),
                    {"rate": list(rates.values())},
                    logarithmic="x",
                )
            )
            columnar(result, source, given)
        in_process(result, folder, source, given)
    return result


def write_lines(path: Path, limit: int | None) -> None:
    """The corpus as plain JSON lines."""
    with gzip.open(corpora.path_of(CORPUS), "rb") as given, path.open("wb") as out:
        if limit is None:
            shutil.copyfileobj(given, out, 1 << 22)
        else:
            out.writelines(line for line, _ in zip(given, range(limit), strict=False))


def whole_processes(result: Result, source: Path, given: argparse.Namespace) -> dict[str, float]:
    """Start, model, reading, judging, writing; returns articles a second by what was run."""
    folder = source.parent
    rows = count_lines(source)
    repeated, times = folder / "repeated.jsonl", TIMES
    with repeated.open("wb") as out:
        for _ in range(times):
            with source.open("rb") as lines:
                shutil.copyfileobj(lines, out, 1 << 22)
    rival = folder / "rival.joblib"
    fitting = measure([*MODULE, "benchmarks.scikit_pipeline", "fit", source, rival])
    cores = os.cpu_count() or 1
    scored = [*MISMATCH, "score", "--model", given.model, "--quiet", "--out", folder / "out.jsonl"]
    rivals: dict[int, list[str | Path]] = {
        n: [*MODULE, "benchmarks.scikit_pipeline", "score", rival, source, folder / "out.jsonl", str(n)]
        for n in sorted({1, cores})
    }
    measure([*scored, source])  # compiles, and brings the file into the cache
    commands: dict[str, tuple[list[str | Path], int, int]] = {
        "mismatch score": ([*scored, source], rows, given.runs),
        f"mismatch score, the file {times} times": ([*scored, repeated], rows * times, given.runs),
        **{f"scikit-learn, {n} process{'es' if n > 1 else ''}": (command, rows, 1) for n, command in rivals.items()},
        "pyarrow.json.read_json, nothing done": (
            [*MODULE, "benchmarks.reading_only", "arrow_json", source],
            rows,
            given.runs,
        ),
        f"pyarrow.json.read_json, nothing done, the file {times} times": (
            [*MODULE, "benchmarks.reading_only", "arrow_json", repeated],
            rows * times,
            given.runs,
        ),
        "polars.read_ndjson, nothing done": ([*MODULE, "benchmarks.reading_only", "polars_json", source], rows, given.runs),
    }
    costs = alternating(commands)
    rates = {name: commands[name][1] / cost.seconds for name, cost in costs.items()}
    own = rates["mismatch score"]
    table = Table(
        "Whole process, file to file, JSON lines",
        ["", "seconds", "processor seconds", "peak MB", "articles a second", "times scikit-learn"],
    )
    slowest = rates["scikit-learn, 1 process"]
    for name, cost in costs.items():
        table.add(
            name,
            f"{cost.seconds:.2f}",
            f"{cost.processor_seconds:.2f}",
            f"{cost.peak_mb:,.0f}",
            f"{rates[name]:,.0f}",
            f"{rates[name] / slowest:.1f}",
        )
    best_rival = max(rate for name, rate in rates.items() if name.startswith("scikit"))
    size = source.stat().st_size
    longer = f"the file {times} times"
    reading = costs[f"pyarrow.json.read_json, nothing done, {longer}"].seconds
    of_reading = costs[f"mismatch score, {longer}"].seconds / reading
    table.notes = [
        f"{rows:,} articles, {size / 1e6:,.0f} MB, {size / rows:,.0f} bytes each. "
        f"Wanted: {WANTED:,} articles a second: {met(own >= WANTED)} ({own:,.0f}); on the longer file, "
        f"where starting counts less: {rates[f'mismatch score, the file {times} times']:,.0f}.",
        f"Wanted: {WANTED_TIMES} times scikit-learn (later {LATER_TIMES}): {own / slowest:.1f} times one process of it, "
        f"{own / best_rival:.1f} times its best row. Fitting scikit-learn on a sample took {fitting.seconds:.0f} s, "
        "which are not counted.",
        f"Wanted: at most {READ_TIMES} times what pyarrow takes to read the longer file ({times * size / 1e9:.2f} GB): "
        f"{met(of_reading <= READ_TIMES)} ({of_reading:.2f} times).",
        "The last three rows only read the file into memory and write nothing.",
    ]
    result.tables.append(table)
    repeated.unlink()
    return rates


def columnar(result: Result, source: Path, given: argparse.Namespace) -> None:
    """Parquet and CSV, beside pyarrow reading and rewriting them."""
    folder = source.parent
    articles = pj.read_json(source, pj.ReadOptions(block_size=1 << 26))
    articles = articles.select(
        [name for name in articles.column_names if pa.types.is_string(articles.schema.field(name).type)]
    )
    pq.write_table(articles, folder / "articles.parquet", row_group_size=4096)
    with pq.ParquetWriter(folder / "longer.parquet", articles.schema) as longer:
        for _ in range(TIMES):
            longer.write_table(articles, row_group_size=4096)
    pc.write_csv(articles, folder / "articles.csv")
    table = Table("Whole process, other formats", ["", "seconds", "processor seconds", "peak MB", "articles a second"])
    for kind, file, times in (("parquet", "articles", 1), ("parquet", "longer", TIMES), ("csv", "articles", 1)):
        source, out = folder / f"{file}.{kind}", folder / f"out.{kind}"
        rows = articles.num_rows * times
        words = kind if times == 1 else f"{kind}, the file {times} times"
        commands: dict[str, tuple[list[str | Path], int, int]] = {
            f"mismatch score, {kind} to {words}": (
                [*MISMATCH, "score", source, "--model", given.model, "--quiet", "--out", out],
                rows,
                given.runs,
            ),
            f"pyarrow reads and rewrites {words}": (
                [*MODULE, "benchmarks.reading_only", f"arrow_{kind}", source, out],
                rows,
                given.runs,
            ),
        }
        costs = alternating(commands)
        for name, cost in costs.items():
            table.add(
                name,
                f"{cost.seconds:.2f}",
                f"{cost.processor_seconds:.2f}",
                f"{cost.peak_mb:,.0f}",
                f"{rows / cost.seconds:,.0f}",
            )
        own, floor = (cost.seconds for cost in costs.values())
        wanted = f" Wanted: at most {REWRITE_TIMES} times: {met(own / floor <= REWRITE_TIMES)}." if kind == "parquet" else ""
        table.notes.append(f"{words}: {own / floor:.2f} times as long as pyarrow alone.{wanted}")
    result.tables.append(table)


def in_process(result: Result, folder: Path, source: Path, given: argparse.Namespace) -> None:
    """Rates of a process that is already up, by length of the body and by language."""
    import mismatch

    scorer = mismatch.load(given.model)
    lines = source.read_bytes()
    articles = pj.read_json(pa.BufferReader(lines), pj.ReadOptions(block_size=1 << 26)).select(["title", "body"])
    table = Table("In a process that is up", ["", "articles", "MB", "articles a second", "MB a second"])

    def timed(name: str, work: Callable[[], object], rows: int, size: int) -> float:
        seconds = fastest(work, given.runs)
        table.add(name, f"{rows:,}", f"{size / 1e6:,.0f}", f"{rows / seconds:,.0f}", f"{size / 1e6 / seconds:,.0f}")
        return rows / seconds

    timed("Arrow table to Arrow table", lambda: scorer.score_table(articles), articles.num_rows, articles.nbytes)
    timed("JSON lines to JSON lines", lambda: score_file(source, folder, scorer), articles.num_rows, len(lines))
    sentences = synthetic.sentences_of(articles["body"])
    total = SYNTHETIC_BYTES if given.limit is None else given.limit * 5_000
    points = []
    for size in BODY_BYTES:
        n = max(20, min(total // (size + 120), 200_000))
        path = write(folder / "synthetic.jsonl", synthetic.articles(sentences, n, size))
        rate = timed(f"bodies of {size:,} bytes", partial(score_file, path, folder, scorer), n, path.stat().st_size)
        points.append((float(size), rate))
    result.plots.append(
        Plot(
            "throughput_by_length",
            "Articles a second by length of the body",
            "lines",
            "articles a second",
            points={"JSON lines to JSON lines": points},
            across="bytes of body",
            logarithmic="xy",
        )
    )
    names, rates = [], []
    for name in chosen([n for n in corpora.names() if not n.startswith("fnc1")], given):
        corpus = table_of(name, given.limit).select(["title", "body"])
        corpus = (
            pa.concat_tables([corpus] * max(1, int(LANGUAGE_BYTES / max(1, corpus.nbytes))))
            if given.limit is None
            else corpus
        )
        names.append(name)
        rates.append(timed(f"{name}, Arrow", partial(scorer.score_table, corpus), corpus.num_rows, corpus.nbytes))
    result.plots.append(
        Plot(
            "throughput_by_corpus",
            "Articles a second by corpus, Arrow to Arrow",
            "bars",
            "articles a second",
            names,
            {"rate": list(rates)},
        )
    )
    table.notes = [
        f"The fastest of {given.runs}, all cores. Bodies of a given length are put together from sentences of {CORPUS}."
    ]
    result.tables.append(table)


def alternating(commands: dict[str, tuple[list[str | Path], int, int]]) -> dict[str, Cost]:
    """Each command as often as it says, in turn, so that a busy moment does not fall on one alone; the median run."""
    costs: dict[str, list[Cost]] = {name: [] for name in commands}
    for turn in range(max(runs for _, _, runs in commands.values())):
        for name, (command, _, runs) in commands.items():
            if turn < runs:
                costs[name].append(measure(command))
    return {name: median(some) for name, some in costs.items()}


def score_file(source: Path, folder: Path, scorer: object) -> None:
    """What `mismatch score` does once it is up."""
    from mismatch.judging import pipeline
    from mismatch.records.output.writing import open_sink
    from mismatch.records.quarantine import Quarantine
    from mismatch.records.reading import Reader

    reader = Reader([source])
    with open_sink(folder / "scored.jsonl", schema=reader.schema) as sink, Quarantine(None) as quarantine:
        pipeline.run(reader, scorer, [pipeline.Route(sink)], quarantine)  # type: ignore[arg-type]


def fastest(work: Callable[[], object], runs: int) -> float:
    """Seconds of the fastest run after one to warm up."""
    work()
    seconds = []
    for _ in range(runs):
        begin = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - begin)
    return min(seconds)


def write(path: Path, lines: Iterable[bytes]) -> Path:
    with path.open("wb") as out:
        out.writelines(lines)
    return path


def count_lines(path: Path) -> int:
    with path.open("rb") as lines:
        return sum(1 for _ in lines)


if __name__ == "__main__":
    parser = options_of(__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--in-process", action="store_true", help="only the rates of a process that is up")
    start(parser, run)
