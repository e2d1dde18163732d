"""Repeats and sources on Spark: what only a whole batch shows, aggregated on the cluster.

Only hashes, sketches and counts are aggregated; texts are shuffled once, to mark the rows. To the driver come the counts
of the sources, how many titles each stem stands in (at most 4 M numbers), and which bodies are nearly the same as another.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from mismatch.batch.alike_bodies import are_alike
from mismatch.batch.repeats import KINDS, REPEATED_BODY, REPEATED_TITLE
from mismatch.batch.source_counts import MAX_SOURCES, MAX_SPELLINGS, OfSource, SourceCounts
from mismatch.batch.told_apart import Described, is_repeated, told_apart
from mismatch.batch.trace_store import STEM_SLOTS, weights_of
from mismatch.batch.traces import TITLE_STEMS, traces_of
from mismatch.errors import InputError, MissingExtraError
from mismatch.integrations.spark import text_columns
from mismatch.judging.pair_columns import named_source
from mismatch.judging.source_names import source_key
from mismatch.judging.tally import NO_SOURCE
from mismatch.judging.verdicts import MISMATCH, UNSCORABLE, VERDICTS
from mismatch.records.columns import ColumnChoice
from mismatch.terms.near_duplicates import SKETCH_BINS

try:
    from pyspark import StorageLevel
    from pyspark.sql import functions as f
    from pyspark.sql import types
except ImportError as error:
    raise MissingExtraError("this needs Spark 4", "spark") from error

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

REPEATS_COLUMN = "mismatch_repeats"
MAX_ROWS_OF_GROUP = 2_000
"""different pairs of a group that are looked at, those with the smallest hashes"""
MAX_EDGES = 20_000_000
"""pairs of bodies that are nearly the same, at most, which come to the driver"""
_TRACES = "title_key long, body_key long, length int, stems binary, found int, bands array<int>, bins binary"
_COUNTS = "key string, name string, spelling string, reason string, " + ", ".join(f"{verdict} long" for verdict in VERDICTS)
_WIDTHS = {"stems": (np.uint32, TITLE_STEMS), "bins": (np.uint8, SKETCH_BINS)}


def sources(scored: DataFrame, *, source: str | None = None) -> SourceCounts:
    """What came from each source of a frame that was scored: counted on the cluster, for `batch.sources.report_on`.

    The `MAX_SOURCES` sources with the most flags, and of equal ones the most rows, are kept apart; the others are counted as
    one. Since when a source is worse is not known here, for the rows of a frame have no order.

    Raises
    ------
    InputError
        If the frame has no verdicts, or no column of sources.
    """
    if "mismatch_verdict" not in scored.columns:
        raise InputError("the data frame has no column 'mismatch_verdict'; score it first")
    name = named_source(scored.columns, source)
    if name is None:
        raise InputError("the data frame has no column of sources; name it")

    given = scored.select(f.col(f"`{name}`").cast("string").alias("spelling"), "mismatch_verdict", _first_reason(scored))
    sums = [f.sum(verdict).alias(verdict) for verdict in VERDICTS]
    found = given.mapInArrow(_counted, _COUNTS).groupBy("key", "name", "spelling", "reason").agg(*sums).persist()
    spellings = f.slice(f.sort_array(f.collect_set("spelling")), 1, MAX_SPELLINGS).alias("spellings")
    by_key = found.groupBy("key").agg(f.min("name").alias("name"), spellings, *sums).persist()
    of_reason = f.sum(f.col(VERDICTS[MISMATCH]) + f.col(VERDICTS[UNSCORABLE])).alias("n")
    reasons = found.where("reason is not null")
    try:
        rows = sum((f.col(verdict) for verdict in VERDICTS), f.lit(0))
        ranked = by_key.orderBy(f.desc("mismatch"), f.desc(rows), "key").limit(MAX_SOURCES)
        kept = ranked.collect()
        theirs = reasons.join(f.broadcast(ranked.select("key")), "key").groupBy("key", "reason").agg(of_reason).collect()
        whole = by_key.agg(f.count(f.lit(1)).alias("n"), *sums).collect()[0]
        all_reasons = reasons.groupBy("reason").agg(of_reason).collect()
    finally:
        by_key.unpersist()
        found.unpersist()
    counts = SourceCounts()
    for row in kept:
        of = counts.by_key.setdefault(row["key"], OfSource(row["name"], spellings=set(row["spellings"])))
        of.verdicts.update({verdict: int(row[verdict]) for verdict in VERDICTS})
        counts.others.verdicts.subtract(of.verdicts)
    for row in theirs:
        counts.by_key[row["key"]].reasons[row["reason"]] = int(row["n"])
        counts.others.reasons[row["reason"]] -= int(row["n"])
    counts.whole.verdicts.update({verdict: int(whole[verdict] or 0) for verdict in VERDICTS})
    counts.others.verdicts.update(counts.whole.verdicts)
    counts.whole.reasons.update({row["reason"]: int(row["n"]) for row in all_reasons})
    counts.others.reasons.update(counts.whole.reasons)
    counts.n_others = int(whole["n"]) - len(kept)
    return counts


def _first_reason(scored: DataFrame) -> Column:
    """The most telling reason of each row that is flagged or cannot be judged; null where the frame has no reasons."""
    name = "mismatch_reasons"
    if name not in scored.columns or not isinstance(scored.schema[name].dataType, types.ArrayType):
        return f.lit(None).cast("string").alias("reason")
    telling = f.col("mismatch_verdict").isin(VERDICTS[MISMATCH], VERDICTS[UNSCORABLE])
    return f.when(telling, f.get(name, 0)).cast("string").alias("reason")


def _counted(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    names = ("spelling", "verdict", "reason")
    for batch in batches:
        grouped = pa.table(dict(zip(names, batch.columns, strict=True))).group_by(list(names))
        rows = grouped.aggregate([([], "count_all")]).to_pylist()
        spelled = [row["spelling"] or NO_SOURCE for row in rows]
        columns: dict[str, Any] = {
            "key": [source_key(one) or NO_SOURCE for one in spelled], "name": [one.strip() or NO_SOURCE for one in spelled],
            "spelling": spelled, "reason": [row["reason"] for row in rows],
        }  # fmt: skip
        for verdict in VERDICTS:
            columns[verdict] = [row["count_all"] if row["verdict"] == verdict else 0 for row in rows]
        kinds = [pa.string()] * 4 + [pa.int64()] * len(VERDICTS)
        arrays = [pa.array(values, kind) for values, kind in zip(columns.values(), kinds, strict=True)]
        yield pa.record_batch(arrays, names=list(columns))


def repeats(df: DataFrame, *, title: str | None = None, body: str | None = None) -> DataFrame:
    """The frame with the column `mismatch_repeats`: which of `repeated_body` and `repeated_title` holds of a row.

    What a repeat is, `batch.repeats` says; bodies that are nearly the same are found by the same sketches.

    Raises
    ------
    InputError
        If a column is missing or is not text, or `MAX_EDGES` bodies are nearly the same as another.
    """
    columns = text_columns(df, ColumnChoice(title=title, body=body))
    names = [str(columns.title), str(columns.body)]
    kept = [name for name in df.columns if name != REPEATS_COLUMN]
    given = df.select(*(f.col(f"`{name}`") for name in kept))
    pairs = given.select(*(f.col(f"`{name}`") for name in names)).mapInArrow(_traced, _TRACES)
    distinct = pairs.where("title_key != 0 and body_key != 0").groupBy("title_key", "body_key")
    others = ("length", "stems", "found", "bands", "bins")
    traces = distinct.agg(*(f.min_by(name, "stems").alias(name) for name in others), f.count(f.lit(1)).alias("n"))
    traces = traces.persist(StorageLevel.DISK_ONLY)
    weights = df.sparkSession.sparkContext.broadcast(_weights(traces))
    groups = _groups(df, traces)
    grouped = traces.join(f.broadcast(groups), "body_key", "left").withColumn("group", f.coalesce("group", "body_key"))
    marks = grouped.select("title_key", "body_key", "group")
    for kind, by in ((REPEATED_BODY, "group"), (REPEATED_TITLE, "title_key")):
        found = _repeated(grouped, by, titles=kind == REPEATED_BODY, weights=weights).withColumnRenamed("key", by)
        marks = marks.join(found.withColumn(kind, f.lit(True)), by, "left")
    marks = marks.where(f.coalesce(KINDS[0], KINDS[1]))
    codes = f.array_compact(f.array(*(f.when(f.col(kind), f.lit(kind)) for kind in KINDS)))
    marked = marks.select(
        f.col("title_key").alias("_title_key"), f.col("body_key").alias("_body_key"), codes.alias(REPEATS_COLUMN)
    )
    schema = types.StructType([*given.schema.fields]).add("_title_key", "long").add("_body_key", "long")
    with_keys = given.mapInArrow(_keyed(*names), schema)
    joined = with_keys.join(marked, ["_title_key", "_body_key"], "left").drop("_title_key", "_body_key")
    return joined.withColumn(REPEATS_COLUMN, f.coalesce(REPEATS_COLUMN, f.array().cast("array<string>")))


def _traced(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        traces = traces_of(batch.column(0), batch.column(1))
        yield pa.record_batch(
            [
                pa.array(traces.title_keys.view(np.int64)), pa.array(traces.body_keys.view(np.int64)),
                pa.array(traces.lengths.astype(np.int32)), pa.array([row.tobytes() for row in traces.stems], pa.binary()),
                pa.array(traces.found.view(np.int32)), pa.array(list(traces.bands.view(np.int32)), pa.list_(pa.int32())),
                pa.array([row.tobytes() for row in traces.bins], pa.binary()),
            ],
            names=["title_key", "body_key", "length", "stems", "found", "bands", "bins"],
        )  # fmt: skip


def _keyed(title: str, body: str) -> Any:
    def keyed(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            traces = traces_of(*(batch.column(batch.schema.get_field_index(name)) for name in (title, body)))
            keys = [pa.array(column.view(np.int64)) for column in (traces.title_keys, traces.body_keys)]
            yield pa.record_batch([*batch.columns, *keys], names=[*batch.schema.names, "_title_key", "_body_key"])

    return keyed


def _weights(traces: DataFrame) -> NDArray[np.float32]:
    """How telling the stems of titles are, each title counted as often as it occurs."""

    def slots(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            stems = _matrix(batch.column(0), "stems")
            times = np.repeat(batch.column(1).to_numpy(zero_copy_only=False), TITLE_STEMS)[(stems > 0).ravel()]
            found, inverse = np.unique(stems[stems > 0] % STEM_SLOTS, return_inverse=True)
            counted = np.bincount(inverse, times, len(found)).astype(np.int64)
            yield pa.record_batch([pa.array(found.astype(np.int32)), pa.array(counted)], names=["slot", "n"])

    summed = traces.select("stems", "n").mapInArrow(slots, "slot int, n long").groupBy("slot").agg(f.sum("n").alias("n"))
    rows, total = summed.toArrow(), traces.agg(f.sum("n")).collect()[0][0]
    titles = np.zeros(STEM_SLOTS, np.uint32)
    titles[rows["slot"].to_numpy()] = np.minimum(rows["n"].to_numpy(), np.iinfo(np.uint32).max)
    return weights_of(titles, int(total or 0))


def _groups(df: DataFrame, traces: DataFrame) -> DataFrame:
    """Bodies that are nearly the same as another: `body_key` and `group`, the smallest key of those that are one."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    bodies = traces.groupBy("body_key").agg(*(f.min_by(name, "title_key").alias(name) for name in ("bands", "bins")))
    banded = bodies.select("body_key", "bins", f.posexplode("bands").alias("place", "band")).where("band != 0")
    head = f.min(f.struct("body_key", "bins")).alias("head")
    heads = banded.groupBy("place", "band").agg(head, f.count(f.lit(1)).alias("n"))
    near = banded.join(heads.where("n > 1"), ["place", "band"]).where("body_key != head.body_key")
    edges = near.select("body_key", "bins", f.col("head.body_key").alias("other"), f.col("head.bins").alias("other_bins"))
    edges = edges.dropDuplicates(["body_key", "other"]).mapInArrow(_alike, "body_key long, other long").limit(MAX_EDGES + 1)
    table = edges.toArrow()
    if table.num_rows > MAX_EDGES:
        raise InputError(f"more than {MAX_EDGES:,} bodies are nearly the same as another; look at fewer days at once")
    both = np.concatenate([table["body_key"].to_numpy(), table["other"].to_numpy()]).astype(np.int64)
    keys, places = np.unique(both, return_inverse=True)
    n, half = len(keys), table.num_rows
    graph = coo_array((np.ones(half, np.int8), (places[:half], places[half:])), shape=(n, n))
    labels = connected_components(graph, directed=False)[1] if n else np.empty(0, np.int64)
    smallest = np.full(int(labels.max()) + 1 if n else 0, np.iinfo(np.int64).max)
    np.minimum.at(smallest, labels, keys)
    found = pa.table({"body_key": keys, "group": smallest[labels] if n else keys})
    return df.sparkSession.createDataFrame(found.to_pylist(), "body_key long, group long")


def _alike(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        bins = np.empty((2 * batch.num_rows, SKETCH_BINS), np.uint8)
        bins[::2], bins[1::2] = (_matrix(batch.column(k), "bins") for k in (1, 3))
        yield pa.RecordBatch.from_arrays([batch.column(0), batch.column(2)], names=["body_key", "other"]).filter(
            pa.array(are_alike(bins))
        )


def _repeated(grouped: DataFrame, by: str, *, titles: bool, weights: Any) -> DataFrame:
    """The groups that are repeats, as `key`: groups of a body with different titles, or of a title with different bodies."""
    several = grouped.groupBy(by).agg(f.count(f.lit(1)).alias("different")).where("different > 1").select(by)
    rows = grouped.join(several, by).select(
        f.col(by).alias("key"), "title_key", "body_key", "length", "stems", "found", "bins"
    )

    def judged(table: pa.Table) -> pa.Table:
        order = np.lexsort((table["body_key"].to_numpy(), table["title_key"].to_numpy()))[:MAX_ROWS_OF_GROUP]
        table = table.take(pa.array(order)).combine_chunks()
        by_what = Described(
            table["title_key"].to_numpy().view(np.uint64), table["body_key"].to_numpy().view(np.uint64),
            _matrix(table["stems"].combine_chunks(), "stems"), table["found"].to_numpy().view(np.uint32),
            table["length"].to_numpy().astype(np.uint32), _matrix(table["bins"].combine_chunks(), "bins"), weights.value,
        )  # fmt: skip
        n = table.num_rows
        found = told_apart(by_what, np.arange(n), np.array([0, n]), titles=titles)
        return pa.table({"key": table["key"][: int(is_repeated(found, titles=titles)[0])]})

    return rows.groupBy("key").applyInArrow(judged, "key long")


def _matrix(column: pa.Array, name: str) -> NDArray[Any]:
    kind, width = _WIDTHS[name]
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    data = b"".join(pc.cast(column, pa.large_binary()).to_pylist())
    return np.frombuffer(data, kind).reshape(len(column), width)
