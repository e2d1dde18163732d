"""Training on Spark: terms are counted on the cluster, and the rest is learned on the driver from a bounded sample."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mismatch.classifier import resolve_base
from mismatch.errors import InputError, MissingExtraError
from mismatch.integrations.spark import text_columns
from mismatch.judging.frames import pairs_table
from mismatch.model.model import Model
from mismatch.records.columns import ColumnChoice, Columns
from mismatch.terms.document_frequency import Counts, DocumentCounter
from mismatch.terms.text_buffers import text_buffers
from mismatch.training.recipe import Training
from mismatch.training.recipe import train as train_locally
from mismatch.training.settings import TrainingSettings
from mismatch.training.usable import usable_pairs

try:
    from pyspark import StorageLevel
    from pyspark.sql import functions as f
except ImportError as error:
    raise MissingExtraError("this needs Spark 4", "spark") from error

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

SAMPLE_ROWS = 200_000
MAX_TERMS = 1 << 19
"""terms, and stems, that come to the driver: the most frequent ones"""
_DOCUMENTS, _TERMS, _STEMS = range(3)
_COUNT_SCHEMA = pa.schema([("kind", pa.int8()), ("hash", pa.int64()), ("documents", pa.int64())])
_RANGE = 1 << 64


def train(
    df: DataFrame, *, title: str | None = None, body: str | None = None, source: str | None = None,
    topic: str | None = None, base: str | Path | Model | None = "starter", settings: TrainingSettings | None = None,
    sample_rows: int = SAMPLE_ROWS, card: dict[str, Any] | None = None, base_sha256: str | None = None,
) -> Training:  # fmt: skip
    """Trains a model on a data frame of matched pairs.

    The document frequencies are those of all rows, counted and summed on the cluster; swaps, vectors, forest and calibration
    come from `sample(df, ...)`. The result is that of `recipe.train` on the same sample with the same counts; a
    frame of no more than `sample_rows` rows is simply brought to the driver and trained on there.

    Parameters
    ----------
    sample_rows
        Rows that come to the driver, at most: about 10 kB each while training.
    base_sha256
        The SHA-256 that the file of `base` must have.

    Raises
    ------
    InputError
        If a column is missing or is not text.
    MismatchError
        If there are too few different pairs.
    """
    settings, lender = settings or TrainingSettings(), resolve_base(base, sha256=base_sha256)
    counts, n_rows = document_frequencies(df, title=title, body=body)
    table = sample(
        df, title=title, body=body, source=source, topic=topic, rows=sample_rows, n_rows=n_rows, seed=settings.seed
    )
    whole = n_rows <= sample_rows
    said = {"data": [{"rows": n_rows, "sampled": table.num_rows, "engine": "spark"}], **(card or {})}
    return train_locally(table, settings=settings, base=lender, card=said, counts=None if whole else counts)


def document_frequencies(
    df: DataFrame, *, title: str | None = None, body: str | None = None, max_terms: int = MAX_TERMS
) -> tuple[tuple[Counts, Counts], int]:
    """In how many rows each term and each stem occurs, the most frequent `max_terms` of each; and the number of rows.

    Each partition counts for itself; only hashes and counts are shuffled. Rows without text in both columns are not counted
    as documents. A row counts as often as it occurs.
    """
    columns = text_columns(df, ColumnChoice(title=title, body=body))
    pairs = df.select(f.col(f"`{columns.title}`").alias("title"), f.col(f"`{columns.body}`").alias("body"))
    counted = pairs.mapInArrow(_count_partition, "kind byte, hash long, documents long")
    summed = counted.groupBy("kind", "hash").agg(f.sum("documents").alias("documents")).persist(StorageLevel.DISK_ONLY)
    try:
        documents = {row["hash"]: row["documents"] for row in summed.filter(f.col("kind") == _DOCUMENTS).collect()}
        n_documents = float(documents.get(1, 0))
        tables = []
        for kind in (_TERMS, _STEMS):
            frequent = summed.filter(f.col("kind") == kind).orderBy(f.desc("documents"), "hash").limit(max_terms)
            tables.append(frequent.select("hash", "documents").toArrow())
    finally:
        summed.unpersist()
    return (_counts(tables[0], n_documents), _counts(tables[1], n_documents)), int(documents.get(0, 0))


def sample(
    df: DataFrame, *, title: str | None = None, body: str | None = None, source: str | None = None,
    topic: str | None = None, rows: int = SAMPLE_ROWS, n_rows: int | None = None, seed: int = 0,
) -> pa.Table:  # fmt: skip
    """At most `rows` rows, the same ones for a seed however the frame is partitioned, as columns title, body and, where the
    frame has them, source and topic.

    Rows are drawn by the hash of their text: nothing is shuffled, and little more than `rows` rows reach the driver.

    Parameters
    ----------
    n_rows
        Rows of the frame, if known; otherwise they are counted.
    """
    if rows < 1:
        raise InputError("a sample needs at least one row")
    columns = text_columns(df, ColumnChoice(title=title, body=body, source=source, topic=topic))
    n_rows = df.count() if n_rows is None else n_rows
    wanted = [f.col(f"`{name}`").alias(role) for role, name in _roles(columns).items()]
    drawn = df.select(*wanted).withColumn("_draw", f.xxhash64(f.lit(seed), "title", "body"))
    if n_rows > rows:
        share = min(1.0, (rows + 6 * rows**0.5 + 10) / n_rows)  # six standard deviations: enough are drawn
        drawn = drawn.filter(f.col("_draw") < f.lit(int(share * _RANGE) - _RANGE // 2 - 1))
    return drawn.toArrow().sort_by([("_draw", "ascending"), ("title", "ascending")]).slice(0, rows).drop(["_draw"])


def _roles(columns: Columns) -> dict[str, str]:
    found = {role: getattr(columns, role) for role in ("title", "body", "source", "topic")}
    return {role: name for role, name in found.items() if name is not None}


def _count_partition(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Runs on an executor: one counter for the whole partition."""
    counter, n_rows = DocumentCounter(), 0
    for batch in batches:
        table = pairs_table(batch)
        n_rows += table.num_rows
        titles, bodies = text_buffers(table["title"]), text_buffers(table["body"])
        table = table.filter(pa.array(usable_pairs(titles, bodies)))
        if table.num_rows:
            counter.add(text_buffers(table["title"]), text_buffers(table["body"]))
    terms, stems = counter.counts()
    totals = pa.array([0, 1], pa.int64()), pa.array([n_rows, counter.n_documents], pa.int64())
    yield _batch(_DOCUMENTS, *totals)
    for kind, counts in ((_TERMS, terms), (_STEMS, stems)):
        for at in range(0, len(counts.hashes), 1 << 16):
            part = slice(at, at + (1 << 16))
            hashes, documents = counts.hashes[part].view(np.int64), counts.frequencies[part].astype(np.int64)
            yield _batch(kind, pa.array(hashes), pa.array(documents))


def _batch(kind: int, hashes: pa.Array, documents: pa.Array) -> pa.RecordBatch:
    kinds: NDArray[np.int8] = np.full(len(hashes), kind, np.int8)
    return pa.RecordBatch.from_arrays([pa.array(kinds), hashes, documents], schema=_COUNT_SCHEMA)


def _counts(table: pa.Table, n_documents: float) -> Counts:
    hashes = table["hash"].to_numpy().view(np.uint64)
    order = np.argsort(hashes)
    return Counts(hashes[order], table["documents"].to_numpy()[order].astype(np.float64), n_documents)
