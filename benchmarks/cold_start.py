"""How long one waits for the first answer.

python -m benchmarks.cold_start [--runs 5]

The first start is the README's gate with nothing compiled; then come the first files of further formats, and what every
later start takes.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from benchmarks.processes import MISMATCH, ROOT, Cost, measure, median
from benchmarks.results import Result, Table, met
from benchmarks.running import model_name, options_of, start

ARTICLE = {
    "title": "Harbour bridge closed for repairs until spring",
    "body": "The bridge over the harbour will stay closed until spring. Engineers found rust in two of its cables, the city "
    "said, and repairs cannot begin before the storms are over. Buses are sent round through the tunnel.",
}
FIRST_SECONDS, FORMAT_SECONDS, ARTICLE_SECONDS, HELP_SECONDS, LOAD_SECONDS = 15.0, 3.0, 0.9, 0.25, 0.150
FORMATS = ("json", "csv", "parquet", "arrow")
_SCRAPES = ROOT / "training_data" / "scrapes.jsonl"
_LOADING = """
import sys, time
import mismatch.judging.scorer
begin = time.perf_counter()
mismatch.judging.scorer.load(sys.argv[1])
print(time.perf_counter() - begin)
"""


def run(given: argparse.Namespace) -> Result:
    result = Result("cold_start", "Cold start", {"model": model_name(given), "runs": given.runs})
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if not given.no_compile:
            result.tables.append(_first_starts(folder, given.model))
        result.tables.append(_later_starts(folder, given.model, given.runs))
    return result


def _row(table: Table, what: str, cost: Cost, wanted: float, extra: float = 0.0) -> None:
    """A row of the table; `extra` is what is not counted of the time."""
    seconds = cost.seconds - extra
    digits = 1 if wanted >= 1 else 2
    table.add(
        what, f"{seconds:.{digits}f}", f"{cost.processor_seconds:.{digits}f}", f"{cost.peak_mb:,.0f}", f"{wanted:g}",
        met(seconds <= wanted),
    )  # fmt: skip


def _first_starts(folder: Path, model: str) -> Table:
    table = Table(
        "Nothing compiled: seconds until it is done, each row in a process of its own, one after the other",
        ["", "seconds", "processor seconds", "peak MB", "wanted", "met"],
        notes=["Processor seconds: of the process itself; a second one compiles along with the first."],
    )
    cache, rows = folder / "compiled", [json.loads(line) for line in _SCRAPES.open(encoding="utf-8")]
    gate = [*MISMATCH, "gate", _SCRAPES, "--flagged", folder / "flagged.jsonl", "--model", model, "--quiet"]
    _row(table, "the README's gate: JSON lines, 60 articles", measure(gate, cache=cache), FIRST_SECONDS)
    again = measure(gate, cache=cache).seconds
    for format in FORMATS:
        source = _written(rows, folder / f"rows.{format}")
        scored = [*MISMATCH, "score", source, "--out", folder / f"out.{format}", "--model", model, "--quiet"]
        first = measure(scored, cache=cache)
        _row(table, f"the first {format} file after that, in and out, beyond the gate again", first, FORMAT_SECONDS, again)
    return table


def _written(rows: list[dict[str, object]], path: Path) -> Path:
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet

    texts = [{name: None if value is None else str(value) for name, value in row.items()} for row in rows]
    table = pa.Table.from_pylist(texts)
    if path.suffix == ".json":
        path.write_text(json.dumps(rows), encoding="utf-8")
    elif path.suffix == ".csv":
        pyarrow.csv.write_csv(table, path)
    elif path.suffix == ".parquet":
        pyarrow.parquet.write_table(table, path)
    else:
        with pa.ipc.new_file(path, table.schema) as file:
            file.write_table(table)
    return path


def _later_starts(folder: Path, model: str, runs: int) -> Table:
    table = Table(
        "Everything compiled: seconds until it is done",
        ["", "seconds", "processor seconds", "peak MB", "wanted", "met"],
        notes=[f"The median of {runs} runs."],
    )
    article = folder / "article.jsonl"
    article.write_text(json.dumps(ARTICLE) + "\n")
    scored = [*MISMATCH, "score", article, "--model", model, "--quiet", "--out", folder / "out.jsonl"]
    measure(scored)  # compiles, where nothing is
    _row(table, "one article scored", median([measure(scored) for _ in range(runs)]), ARTICLE_SECONDS)
    _row(table, "`mismatch --help`", median([measure([*MISMATCH, "--help"]) for _ in range(runs)]), HELP_SECONDS)
    loads = [measure([sys.executable, "-c", _LOADING, model]) for _ in range(runs)]
    loads.sort(key=lambda cost: float(cost.output))
    middle = loads[runs // 2]
    _row(table, "loading the model (imports not counted)", middle, LOAD_SECONDS, middle.seconds - float(middle.output))
    return table


if __name__ == "__main__":
    parser = options_of(__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--no-compile", action="store_true", help="leave out the first starts, which compile")
    start(parser, run)
