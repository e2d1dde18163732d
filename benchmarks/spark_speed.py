"""How fast Spark scores, against local scoring, per core and once running.

Usage: python benchmarks/spark_speed.py [--rows 200000] [--model starter]

Both read the same Parquet file (made of the articles of training_data, or of --articles) and keep every column; Spark
writes to its `noop` sink. Each is run to warm up, then timed, the best of three. One core means one task slot for Spark, one
thread locally. Beside the slot Spark's JVM uses other cores where there are any; for a strict comparison pin both to the
same core: `taskset -c 0 python benchmarks/spark_speed.py`.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

import mismatch
from mismatch.records.columns import ColumnChoice
from mismatch.records.quarantine import Quarantine
from mismatch.records.reading import Reader
from mismatch.records.tables import pairs_of


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=200_000)
    options.add_argument("--model", default="starter")
    options.add_argument("--articles", default=str(Path(__file__).parent.parent / "training_data" / "articles" / "en.jsonl"))
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/articles.parquet"
        size = write_articles(given.articles, given.rows, path)
        scorer = mismatch.load(given.model)
        here = min(timed(lambda: locally(path, scorer)) for _ in range(3))
        there = on_spark(path, given.model)
    local, spark = given.rows / here, given.rows / there
    print(f"{given.rows:,} rows, {size / given.rows:,.0f} bytes of title and body each")
    print(f"local  {local:10,.0f} rows a second and core")
    print(f"spark  {spark:10,.0f} rows a second and core: {spark / local:.0%} of local")


def write_articles(articles: str, n_rows: int, path: str) -> int:
    """Writes n_rows articles, repeating what there is; returns the bytes of text."""
    reader = Reader([articles], columns=ColumnChoice())
    with Quarantine(None) as quarantine:
        pairs = pairs_of(reader, quarantine).select(["title", "body"])
    repeated = (
        pa.concat_tables([pairs] * (n_rows // pairs.num_rows + 1))
        .slice(0, n_rows)
        .cast(pa.schema([("title", pa.string()), ("body", pa.string())]))
    )
    pq.write_table(repeated, path, row_group_size=25_000)
    return repeated.nbytes


def locally(path: str, scorer: mismatch.Scorer) -> None:
    for batch in pq.ParquetFile(path).iter_batches(10_000, use_threads=False):
        scorer.score_batch(batch)


def on_spark(path: str, model: str) -> float:
    """Seconds of a run when Spark, its Python worker and the model are up."""
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    from pyspark.sql import SparkSession

    from mismatch.integrations.spark import score

    builder = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
    builder = builder.config("spark.sql.execution.arrow.maxRecordsPerBatch", "2000")
    builder = builder.config("spark.ui.showConsoleProgress", "false").config("spark.driver.memory", "2g")
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    scored = score(session.read.parquet(path), model=model)

    def run() -> None:
        scored.write.format("noop").mode("overwrite").save()

    run()
    seconds = min(timed(run) for _ in range(3))
    session.stop()
    return seconds


def timed(work: Callable[[], None]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


if __name__ == "__main__":
    main()
