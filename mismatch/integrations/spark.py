"""Spark: verdict columns for a data frame of any size, and models trained on one.

Scoring is one `mapInArrow`: no shuffle, every row and column kept. The model file is shipped once to each executor
(`SparkContext.addFile`) under its digest, checked there, and loaded once in each Python worker. The package has to be
installed on the executors, like pyarrow.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from mismatch.errors import InputError, MissingExtraError, ModelError
from mismatch.judging.adaptation import MAX_DRAWN, is_wanted
from mismatch.judging.adaptation import adapt as adapt_model
from mismatch.judging.scorer import Scorer
from mismatch.judging.verdicts import ADDED_SCHEMA
from mismatch.model.model import Model
from mismatch.model.model_file import load_model, save_model
from mismatch.model.starter import model_path
from mismatch.records.columns import ColumnChoice, Columns, find_columns
from mismatch.records.known_formats import BY_SUFFIX, named_format
from mismatch.records.left_behind import scratch_prefix
from mismatch.records.stores.stored_file import Place

try:
    from pyspark import SparkFiles
    from pyspark.sql import DataFrame, SparkSession, types
except ImportError as error:
    raise MissingExtraError("this needs Spark 4", "spark") from error

if TYPE_CHECKING:
    from pyspark import SparkContext

_SPARK_TYPES: dict[pa.DataType, types.DataType] = {
    pa.string(): types.StringType(),
    pa.float64(): types.DoubleType(),
    pa.list_(pa.string()): types.ArrayType(types.StringType()),
}
_READERS = {"parquet": "parquet", "jsonl": "json", "json": "json"}
"""what Spark calls the formats that it can read"""
_shipped: dict[str, Path] = {}


def score(
    df: DataFrame, *, model: str | Path = "starter", title: str | None = None, body: str | None = None,
    source: str | None = None, adapt: bool | None = None, model_sha256: str | None = None,
) -> DataFrame:  # fmt: skip
    """The data frame with the verdict columns added; lazy, like any transformation, but for the sample that it adapts to.

    Parameters
    ----------
    model
        A model file on the driver, or "starter".
    title, body, source
        Names of the columns; by default the usual ones are tried.
    adapt
        Whether the model is first adapted to the frame: it is read once for a sample, which goes to the driver, and all
        executors get the same adapted model. By default only a model that was not adapted to a feed yet.
    model_sha256
        The SHA-256 that the model's file must have.

    Raises
    ------
    InputError
        If a column is missing or is not text.
    ModelError
        If the model cannot be used.
    """
    columns = text_columns(df, ColumnChoice(title=title, body=body, source=source))
    return judged_by(ship_model_for(df, columns, model, adapt, model_sha256), df, columns)


def ship_model_for(
    df: DataFrame, columns: Columns, model: str | Path, adapt: bool | None, sha256: str | None = None
) -> tuple[str, str]:
    """Sends a model to the executors, adapted to the frame as `score` says; returns what `ship_model` does."""
    context, path = context_of(df.sparkSession), model_path(model)
    loaded = load_model(path, sha256=sha256)
    if is_wanted(adapt, loaded):
        adapted = _adapted_to(df, columns, loaded, path)
        path, sha256 = adapted, sha256 if adapted == path else None
    return ship_model(context, path, sha256=sha256)


def judged_by(shipped: tuple[str, str], df: DataFrame, columns: Columns) -> DataFrame:
    """The frame with the verdict columns, by a model that was shipped."""
    title_column, body_column = str(columns.title), str(columns.body)

    def judged(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        scorer = shipped_scorer(*shipped)
        for batch in read_ahead(batches):
            yield scorer.score_batch(batch, title=title_column, body=body_column, source=columns.source)

    added = [types.StructField(field.name, _SPARK_TYPES[field.type]) for field in ADDED_SCHEMA]
    kept = [field for field in df.schema.fields if field.name not in ADDED_SCHEMA.names]
    return df.mapInArrow(judged, types.StructType(kept + added))


def _adapted_to(df: DataFrame, columns: Columns, model: Model, path: Place) -> Place:
    """The file of the model, adapted to a sample of the frame.

    The sample is the rows whose texts have the smallest hashes: neither the order of the rows nor their partitions matter.
    """
    from pyspark.sql import functions as f

    named = {role: getattr(columns, role) for role in ("title", "body", "source") if getattr(columns, role) is not None}
    pairs = df.select([f.col(f"`{name}`").cast("string").alias(role) for role, name in named.items()])
    drawn = pairs.where("title is not null and body is not null").orderBy(f.xxhash64("title", "body")).limit(MAX_DRAWN)
    adapted = adapt_model(model, drawn.toArrow()).model
    if adapted is model:
        return path
    folder = Path(tempfile.mkdtemp(prefix=scratch_prefix()))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    save_model(adapted, folder / path.name)
    return folder / path.name


def text_columns(df: DataFrame, choice: ColumnChoice) -> Columns:
    """Which columns of the frame are title, body, source and topic.

    Raises
    ------
    InputError
        If title or body is missing or is not text, or two columns have one name.
    """
    columns = find_columns(df.columns, choice, "the data frame")
    if len(set(df.columns)) < len(df.columns):
        raise InputError("the data frame has two columns of one name; rename one")
    for name in (columns.title, columns.body):
        assert name is not None
        kind = next(field.dataType for field in df.schema.fields if field.name == name)
        if not isinstance(kind, (types.StringType, types.CharType, types.VarcharType, types.NullType)):
            raise InputError(f"column {name!r} is {kind.simpleString()}, not text; cast it or name another")
    return columns


def context_of(session: SparkSession) -> SparkContext:
    """The session's SparkContext.

    Raises
    ------
    InputError
        If it has none (Spark Connect).
    """
    try:
        return session.sparkContext
    except Exception as error:  # Connect raises its own error, whose class is not there without Connect
        raise InputError("Spark Connect cannot ship the model file; use a classic session (spark-submit)") from error


def ship_model(context: SparkContext, model: str | Place, *, sha256: str | None = None) -> tuple[str, str]:
    """Sends a model file to the executors; returns the name it has there and its SHA-256.

    Raises
    ------
    ModelError
        If the model cannot be used: told here, before a task starts.
    """
    path = model_path(model)
    load_model(path, sha256=sha256)
    with path.open("rb") as file:
        raw = file.read()
    digest = hashlib.sha256(raw).hexdigest()
    if sha256 is not None and digest != sha256.strip().lower():
        raise ModelError(f"{path}: the file was changed while it was read")
    name = f"mismatch-{digest[:16]}.joblib"  # by digest: Spark knows files by name, and two models may share one
    if digest not in _shipped:
        folder = Path(tempfile.mkdtemp(prefix=scratch_prefix()))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        _shipped[digest] = folder / name
        _shipped[digest].write_bytes(raw)
    context.addFile(str(_shipped[digest]))
    return name, digest


def read_ahead(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The same batches, the next one read while this one is judged: otherwise Spark and Python wait for each other."""
    with ThreadPoolExecutor(1) as reader:
        coming = reader.submit(next, batches, None)
        while (batch := coming.result()) is not None:
            coming = reader.submit(next, batches, None)
            yield batch


@lru_cache(maxsize=4)
def shipped_scorer(name: str, digest: str) -> Scorer:
    """The model on an executor, loaded once in each Python worker."""
    path = Path(SparkFiles.get(name))
    if hashlib.sha256(path.read_bytes()).hexdigest() != digest:
        raise ModelError(f"{path}: the model arrived damaged on this executor")
    return Scorer(load_model(path))


def score_files(
    inputs: list[str], out: str, *, model: str | Path = "starter", format: str | None = None,
    title: str | None = None, body: str | None = None, source: str | None = None, adapt: bool | None = None,
    model_sha256: str | None = None,
) -> dict[str, int]:  # fmt: skip
    """Scores folders or files of Parquet or JSON lines, on any path that Spark reads, into a folder of the same format.

    Returns
    -------
    The number of rows, and of rows by verdict.

    Raises
    ------
    InputError
        If an input cannot be read, or the output exists or cannot be written.
    """
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException
    from pyspark.sql import Observation
    from pyspark.sql import functions as f

    from mismatch.judging.verdicts import VERDICTS

    kind = _format(inputs, format)
    seen = Observation()
    try:
        builder = SparkSession.builder.appName("mismatch score").config("spark.ui.showConsoleProgress", "false")
        session = builder.getOrCreate()
        session.sparkContext.setLogLevel("OFF")  # what fails is told below, in one line
        if str(session.sparkContext.master).startswith("local") and "PYSPARK_PYTHON" not in os.environ:
            session.sparkContext.pythonExec = sys.executable  # else the workers are the `python3` of the path
        counts = [f.count_if(f.col("mismatch_verdict") == verdict).alias(verdict) for verdict in VERDICTS]
        given = session.read.parquet(*inputs) if kind == "parquet" else session.read.json(inputs)
        named = {"title": title, "body": body, "source": source}
        judged = score(given, model=model, model_sha256=model_sha256, adapt=adapt, **named)
        scored = judged.observe(seen, f.count(f.lit(1)).alias("rows"), *counts)
        getattr(scored.write, kind)(out)
    except (PySparkException, Py4JError) as error:
        raise InputError(f"Spark: {str(error).strip().splitlines()[0]}") from error
    return {name: int(count) for name, count in seen.get.items()}


def _format(inputs: list[str], asked: str | None) -> str:
    """parquet or json, from `--format` or the names of the files."""
    if asked is not None:
        kind = named_format(asked)[0]
        if kind not in _READERS:
            raise InputError(f"--engine spark reads parquet and jsonl, not {asked!r}")
        return _READERS[kind]
    folders = [Path(item) for item in inputs if Path(item).is_dir()]
    names = [*inputs, *(str(file) for folder in folders for file in folder.rglob("[!._]*"))]
    found = {BY_SUFFIX.get(suffix.lower(), "") for name in names for suffix in Path(name).suffixes}
    kinds = {_READERS[kind] for kind in found if kind in _READERS}
    if len(kinds) != 1:
        raise InputError(f"{', '.join(inputs)}: the names do not say the format; add --format parquet or --format jsonl")
    return kinds.pop()
