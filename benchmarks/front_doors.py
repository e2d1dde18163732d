"""Whether one row gets one verdict at every front door: rows whose verdict or probability is another one, which should be 0.

A corpus with 5 % of its bodies swapped adapts the model; then every door judges every row with the saved model.

python -m benchmarks.front_doors [--only newssumm_india]
"""

from __future__ import annotations

import argparse
import http.client
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from benchmarks.planted import planted
from benchmarks.results import Result, Table
from benchmarks.running import chosen, model_name, model_of, options_of, start, table_of
from mismatch.judging.scorer import Scorer, load

CORPORA = ["newssumm_india", "de_wikinews"]
WRONG = 0.05
MISMATCH = (sys.executable, "-m", "mismatch.cli")
Said = list[tuple[str, float | None]]


def run(given: argparse.Namespace) -> Result:
    result = Result("front_doors", "One verdict everywhere", {"model": model_name(given), "limit": given.limit, "seed": 0})
    table = Table("Rows with another verdict or probability than one by one in Python", ["corpus", "rows", "door", "differ"])
    for name in chosen(CORPORA, given):
        rows, _ = planted(table_of(name, given.limit).select(["title", "body", "source"]), WRONG, 0)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "adapted.joblib"
            Scorer(model_of(given)).adapt(rows).save(path)
            scorer = load(path)
            columns = (rows[column].to_pylist() for column in ("title", "body", "source"))
            alone = [scorer.verdicts([title], [body], [source])[0] for title, body, source in zip(*columns, strict=True)]
            expected = [(verdict.verdict, verdict.probability) for verdict in alone]
            for door, answers in doors(rows, path, Path(folder)):
                differ = sum(one != other for one, other in zip(expected, answers, strict=True))
                table.add(name, f"{rows.num_rows:,}", door, f"{differ:,}")
    result.tables.append(table)
    return result


def doors(rows: pa.Table, model: Path, folder: Path) -> Iterator[tuple[str, Said]]:
    """What each door says of the rows, in their order."""
    articles, file = rows.to_pylist(), folder / "rows.jsonl"
    lines = [json.dumps(article) + "\n" for article in articles]
    file.write_text("".join(lines), "utf-8")
    backwards = folder / "backwards.jsonl"
    backwards.write_text("".join(reversed(lines)), "utf-8")
    yield "load().score, a table", said(load(model).score(rows).to_pylist())
    yield "mismatch score", scored(file, model)
    yield "mismatch score, one thread, rows backwards", scored(backwards, model, "--threads", "1")[::-1]
    yield "mismatch score of the model as it was given, adapting by itself", scored(file, None)
    with served(model) as client:
        yield "HTTP, one by one", said([json.loads(posted(client, article)) for article in articles])
        lists = (articles[i : i + 500] for i in range(0, len(articles), 500))
        yield "HTTP, lists of 500", said([row for part in lists for row in json.loads(posted(client, part))])


def said(rows: list[dict[str, Any]]) -> Said:
    return [(row["mismatch_verdict"], row["mismatch_probability"]) for row in rows]


def scored(file: Path, model: Path | None, *options: str) -> Said:
    of = () if model is None else ("--model", str(model))
    command = [*MISMATCH, "score", str(file), "--quiet", *of, *options]
    output = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
    return said([json.loads(line) for line in output.splitlines()])


@contextmanager
def served(model: Path) -> Iterator[http.client.HTTPConnection]:
    """A connection to a service with this model."""
    command = [*MISMATCH, "serve", "--port", "0", "--model", str(model)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        try:
            assert server.stderr is not None
            line = server.stderr.readline()
            found = re.search(r":(\d+)/", line)
            if found is None:
                raise SystemExit(line.strip() or "the service did not start")
            client = http.client.HTTPConnection("127.0.0.1", int(found[1]), timeout=60)
            yield client
            client.close()
        finally:
            server.terminate()


def posted(client: http.client.HTTPConnection, what: Any) -> bytes:
    client.request("POST", "/score", json.dumps(what), {"Content-Type": "application/json"})
    answer = client.getresponse()
    data = answer.read()
    if answer.status != 200:
        raise SystemExit(f"/score answered {answer.status}: {data[:300]!r}")
    return data


if __name__ == "__main__":
    start(options_of(__doc__), run)
