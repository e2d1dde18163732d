"""Repair on Spark: for each stray title the body of its day and source that it belongs to.

The method is that of `batch.repair`; its steps are joins. Rows that may be stray, and some that fit, are kept aside. Their
titles are joined with their bodies on hashes of the rare terms of the titles, within a group such as a day and source. Each
title keeps the strongest few bodies, and only the texts of these pairs are brought together and judged. Probabilities and
the assignment are made group by group, from numbers. Only the sample that the model is adapted to comes to the driver.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from threadpoolctl import threadpool_limits

from mismatch.batch.candidates import MOST_TITLES
from mismatch.batch.pairing import LEAST_RIGHT, JudgedPairs, likely_pairs
from mismatch.batch.rare_terms import rare_body_terms, rare_title_terms
from mismatch.batch.repair import JUDGED_AT_ONCE, KEPT_BODIES, LEAST_STRENGTH, evidence, judge
from mismatch.batch.scored import VERDICT_COLUMNS
from mismatch.batch.suspects import (
    LANGUAGE_REASONS,
    OF_LANGUAGES,
    SAMPLED,
    SOME_SUSPECTS,
    SUSPECT_FROM,
    SUSPECTS_FOR_A_STRAY,
)
from mismatch.errors import InputError, MissingExtraError
from mismatch.features.keywords import TELLING_IDF
from mismatch.features.overlap_features import N_FEATURES
from mismatch.integrations.spark import judged_by, read_ahead, ship_model_for, shipped_scorer, text_columns
from mismatch.judging.comparison import prepared
from mismatch.judging.scorer import Scorer
from mismatch.judging.verdicts import MATCH, UNSCORABLE, VERDICTS
from mismatch.records.columns import ColumnChoice, Columns
from mismatch.terms.text_buffers import text_buffers

try:
    from pyspark import StorageLevel
    from pyspark.sql import Window, types
    from pyspark.sql import functions as f
except ImportError as error:
    raise MissingExtraError("this needs Spark 4", "spark") from error

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

MOST_SUSPECTS = 100_000
"""rows of a group that may be stray, at most: the likeliest are taken. Their pairs' numbers must fit into a Python worker"""
SAMPLED_FOR_A_SUSPECT = 4
"""rows that fit, at most, for each of a group that may be stray; a group that gets too few to learn from gets none"""
MOST_BODIES = 4096
"""bodies of a group that may have a term in common: a term of more joins nothing, so that no task has far more to do"""
_TERMS = "group long, key long, is_sample boolean, term long"
_UNIT = 1 << 30
"""weights are summed as whole numbers of 1 / _UNIT: in any order the sum is the same"""
_JUDGED = "group long, title long, body long, strength double, log_odds double, features array<float>"
_LIKELY = "group long, title long, body long, probability double"
_Batches = Iterator[pa.RecordBatch]
_Shipped = tuple[str, str]


def repair(
    df: DataFrame, *, within: Sequence[str] = (), least: float = 0.5, id: str | None = None, title: str | None = None,
    body: str | None = None, source: str | None = None, model: str | Path = "starter", adapt: bool | None = None,
    model_sha256: str | None = None,
) -> DataFrame:  # fmt: skip
    """Which title belongs to which body: a frame of `title_id`, `body_id`, `probability` and `evidence`.

    No title and no body is in two rows; a row without an id has no part in it, and exact copies of a row are one. Rows that
    may be stray are kept on the executors' disks (`StorageLevel.DISK_ONLY`) until the session ends.

    Parameters
    ----------
    df
        With the verdict columns, or it is scored on the way: twice, so that a large frame is better scored and
        written first.
    within
        Columns, such as day and source, in which the rows of a title and of its body must agree; none: any two rows. A null
        agrees with a null.
    least
        Smallest probability of a proposal.
    id, title, body, source
        Names of the columns; by default the usual ones are tried. Ids should differ: they name the rows in the result.
    model, adapt, model_sha256
        As for `score`: the model judges pairs of title and body from different rows.

    Raises
    ------
    InputError
        If a column is missing or is not text.
    ModelError
        If the model cannot be used.
    """
    columns = text_columns(df, ColumnChoice(title=title, body=body, source=source, id=id))
    if columns.id is None:
        raise InputError("the data frame has no column of ids; name it")
    if isinstance(within, str):
        raise InputError(f"within takes a list of columns: [{within!r}]")
    for name in [*within, *(VERDICT_COLUMNS if VERDICT_COLUMNS[0] in df.columns else ())]:
        if name not in df.columns:
            raise InputError(f"the data frame has no column {name!r}; its columns are {', '.join(df.columns)}")
    shipped = ship_model_for(df, columns, model, adapt, model_sha256)
    scored = df if VERDICT_COLUMNS[0] in df.columns else judged_by(shipped, df, columns)
    rows = _suspects(doubtful_rows(scored, columns, within)).persist(StorageLevel.DISK_ONLY)
    judged = _judged(_candidates(rows, shipped), rows, shipped)
    places = rows.select("group", "key", "doubt", "is_sample")
    likely = judged.groupBy("group").cogroup(places.groupBy("group")).applyInArrow(_likely(least), _LIKELY)
    return _proposals(likely, rows, shipped)


def doubtful_rows(scored: DataFrame, columns: Columns, within: Sequence[str]) -> DataFrame:
    """The rows that may be stray or fit, with a hash of what they must agree in, and one of their own."""
    verdict, probability, reasons = (f.col(name) for name in VERDICT_COLUMNS)
    of_languages = f.arrays_overlap(reasons, f.array(*(f.lit(reason) for reason in sorted(LANGUAGE_REASONS))))
    unscorable = f.when(of_languages, f.lit(OF_LANGUAGES)).otherwise(f.lit(0.0))
    doubt = f.when(verdict == VERDICTS[UNSCORABLE], unscorable).otherwise(f.coalesce(probability, f.lit(0.0)))
    source = _named(columns.source) if columns.source is not None else f.lit(None)
    agreed = f.to_json(f.struct(*(_named(name).cast("string").alias(name) for name in within))) if within else f.lit("")
    rows = scored.select(
        f.xxhash64(agreed).alias("group"), _named(str(columns.id)).alias("id"), _named(str(columns.title)).alias("title"),
        _named(str(columns.body)).alias("body"), source.cast("string").alias("source"), doubt.alias("doubt"),
        (verdict == VERDICTS[MATCH]).alias("is_match"),
    )  # fmt: skip
    rows = rows.where("id is not null").withColumn("key", f.xxhash64(f.col("id").cast("string"), "title", "body"))
    is_sample = f.col("is_match") & (f.col("doubt") < SUSPECT_FROM)
    return (
        rows.withColumn("is_sample", is_sample).where(f.col("is_sample") | (f.col("doubt") >= SUSPECT_FROM)).drop("is_match")
    )


def _suspects(rows: DataFrame) -> DataFrame:
    """The suspects of each group that has at least two, and a sample of its rows that fit: those with the smallest keys."""
    millionths = f.sum(f.round(f.col("doubt") * 1e6).cast("long"))  # whole numbers: the same in any order
    counts = [f.count_if(~f.col("is_sample")).alias("n_suspects"), f.count_if("is_sample").alias("n_fitting")]
    groups = rows.groupBy("group").agg(*counts, (millionths / 1e6).alias("total")).where("n_suspects > 1")
    wanted = f.least(f.lit(SAMPLED), f.col("n_suspects") * SAMPLED_FOR_A_SUSPECT)
    most = f.least(f.lit(MOST_SUSPECTS), f.floor(f.col("total") * SUSPECTS_FOR_A_STRAY) + SOME_SUSPECTS)
    groups = groups.select(
        "group", "n_fitting", f.when(wanted >= LEAST_RIGHT, wanted).otherwise(0).alias("wanted"), most.alias("most")
    )
    slack = f.col("wanted") + 6 * f.sqrt("wanted") + 10  # six standard deviations: enough are drawn
    below = slack / f.col("n_fitting") * 2.0**64 - 2.0**63
    is_drawn = ~f.col("is_sample") | (f.col("wanted") > 0) & (f.col("key").cast("double") < below)
    drawn = rows.join(f.broadcast(groups), "group").where(is_drawn).drop("n_fitting").persist(StorageLevel.DISK_ONLY)
    likeliest = [f.when(f.col("is_sample"), 0.0).otherwise(-f.col("doubt")), f.col("key")]
    kept = drawn.groupBy("group", "key").agg(
        *(f.max(name).alias(name) for name in ("doubt", "wanted", "most")), f.min("is_sample").alias("is_sample")
    )
    kept = kept.withColumn("rank", f.row_number().over(Window.partitionBy("group", "is_sample").orderBy(*likeliest)))
    kept = kept.where(f.col("rank") <= f.when(f.col("is_sample"), f.col("wanted")).otherwise(f.col("most")))
    texts = drawn.select("group", "key", "id", "title", "body", "source").dropDuplicates(["group", "key"])
    return texts.join(kept.select("group", "key", "doubt", "is_sample"), ["group", "key"])


def _candidates(rows: DataFrame, shipped: _Shipped) -> DataFrame:
    """The strongest bodies of each title, and each sampled row with itself: group, title, body, strength."""
    titles = rows.select("group", "key", "is_sample", "title", "source").mapInArrow(
        _of_titles(shipped), f"{_TERMS}, weight long"
    )
    bodies = rows.select("group", "key", "is_sample", "body").mapInArrow(_of_bodies(shipped), _TERMS)
    titles, bodies = rare_in_group(titles, MOST_TITLES), rare_in_group(bodies, MOST_BODIES)
    titles = titles.withColumnsRenamed({"key": "title", "is_sample": "title_is_sample"})
    bodies = bodies.withColumnsRenamed({"key": "body", "is_sample": "body_is_sample"})
    own, of_samples = f.col("title") == f.col("body"), f.col("title_is_sample") & f.col("body_is_sample")
    met = titles.join(bodies, ["group", "term"]).where(own == of_samples)  # a sample with itself, or others with a suspect
    strength = (f.sum("weight") / _UNIT).alias("strength")
    met = met.groupBy("group", "title", "body").agg(strength)
    others = met.where((f.col("title") != f.col("body")) & (f.col("strength") >= LEAST_STRENGTH))
    others = _strongest(others, "title", "body", KEPT_BODIES)
    others = _strongest(others, "body", "title", MOST_TITLES)
    samples = rows.where("is_sample").select("group", f.col("key").alias("title"), f.col("key").alias("body"))
    known = samples.join(met, ["group", "title", "body"], "left")
    return others.unionByName(known.withColumn("strength", f.coalesce("strength", f.lit(0.0))))


def rare_in_group(terms: DataFrame, most: int) -> DataFrame:
    """Without the terms that more rows of a group have."""
    n = f.count(f.lit(1)).over(Window.partitionBy("group", "term"))
    return terms.withColumn("n", n).where(f.col("n") <= most).drop("n")


def _strongest(pairs: DataFrame, of: str, others: str, most: int) -> DataFrame:
    rank = f.row_number().over(Window.partitionBy("group", of).orderBy(f.desc("strength"), others))
    return pairs.withColumn("rank", rank).where(f.col("rank") <= most).drop("rank")


def _of_titles(shipped: _Shipped) -> Callable[[_Batches], _Batches]:
    def terms(batches: _Batches) -> _Batches:
        model = shipped_scorer(*shipped).model
        for batch in batches:
            texts, sources = (batch.column(k).cast(pa.large_string()) for k in (3, 4))
            cleaned = prepared(model, texts, pa.nulls(len(texts), pa.large_string()), sources).titles
            found = rare_title_terms(cleaned, model.lexicon)
            rare = found.idf >= TELLING_IDF
            weight = pa.array(np.rint(found.weights[rare].astype(np.float64) * _UNIT).astype(np.int64))
            yield _with_terms(batch, found.rows[rare], found.keys[rare]).append_column("weight", weight)

    return terms


def _of_bodies(shipped: _Shipped) -> Callable[[_Batches], _Batches]:
    def terms(batches: _Batches) -> _Batches:
        lexicon = shipped_scorer(*shipped).model.lexicon
        for batch in batches:
            texts = text_buffers(batch.column(3).cast(pa.large_string()))
            yield _with_terms(batch, *rare_body_terms(texts, lexicon, least_idf=TELLING_IDF))

    return terms


def _with_terms(batch: pa.RecordBatch, rows: Any, keys: Any) -> pa.RecordBatch:
    return batch.select([0, 1, 2]).take(pa.array(rows)).append_column("term", pa.array(keys.view(np.int64)))


def _judged(pairs: DataFrame, rows: DataFrame, shipped: _Shipped) -> DataFrame:
    """The pairs with what the scorer says of them. The text of a body moves once, however many titles it is judged with."""
    titles = rows.select("group", f.col("key").alias("title"), f.col("title").alias("text"), "source")
    of_body = f.collect_list(f.struct("title", "text", "source", "strength")).alias("titles")
    by_body = pairs.join(titles, ["group", "title"]).groupBy("group", f.col("body").alias("key")).agg(of_body)
    with_bodies = by_body.join(rows.select("group", "key", "body"), ["group", "key"]).select(
        "group", "key", "body", "titles"
    )

    def judged(batches: _Batches) -> _Batches:
        scorer = Scorer(shipped_scorer(*shipped).model, thorough=True)
        for batch in read_ahead(batches):
            groups, keys, bodies, lists = batch.columns
            parents, flat = pc.list_parent_indices(lists), pc.list_flatten(lists)
            for start in range(0, len(flat), JUDGED_AT_ONCE):
                at, some = parents.slice(start, JUDGED_AT_ONCE), flat.slice(start, JUDGED_AT_ONCE)
                title, text, source, strength = some.flatten()
                texts = (column.cast(pa.large_string()) for column in (text, bodies.take(at), source))
                log_odds, features = judge(scorer, tuple(texts))
                lists_of = pa.ListArray.from_arrays(
                    pa.array(np.arange(len(some) + 1, dtype=np.int32) * N_FEATURES), pa.array(features.ravel(), pa.float32())
                )
                columns = [groups.take(at), title, keys.take(at), strength, pa.array(log_odds), lists_of]
                yield pa.RecordBatch.from_arrays(
                    columns, names=["group", "title", "body", "strength", "log_odds", "features"]
                )

    return with_bodies.mapInArrow(judged, _JUDGED)


def _likely(least: float) -> Callable[[pa.Table, pa.Table], pa.Table]:
    """Of the pairs and the rows of a group, the pairs that are right with a probability of at least `least`."""

    def likely(pairs: pa.Table, rows: pa.Table) -> pa.Table:
        rows, pairs = rows.sort_by("key"), pairs.sort_by([("body", "ascending"), ("title", "ascending")])
        keys = rows["key"].to_numpy()
        title, body = (np.searchsorted(keys, pairs[name].to_numpy()) for name in ("title", "body"))
        judged = JudgedPairs(
            title, body, pairs["strength"].to_numpy().astype(np.float32), pairs["log_odds"].to_numpy(),
            pc.list_flatten(pairs["features"].combine_chunks()).to_numpy().reshape(len(title), N_FEATURES),
        )  # fmt: skip
        is_sample = rows["is_sample"].to_numpy()
        with threadpool_limits(1, user_api="openmp"):
            title, body, probability = likely_pairs(judged, rows["doubt"].to_numpy(), is_sample, least)
        group = np.full(len(title), rows["group"][0].as_py() if len(keys) else 0)
        return pa.table({"group": group, "title": keys[title], "body": keys[body], "probability": probability})

    return likely


def _proposals(likely: DataFrame, rows: DataFrame, shipped: _Shipped) -> DataFrame:
    """The likely pairs with their ids and their evidence."""
    titles = rows.select(
        "group", f.col("key").alias("title"), f.col("id").alias("title_id"), f.col("title").alias("text"), "source"
    )
    bodies = rows.select("group", f.col("key").alias("body"), f.col("id").alias("body_id"), f.col("body").alias("body_text"))
    pairs = likely.join(titles, ["group", "title"]).join(bodies, ["group", "body"])
    pairs = pairs.select("title_id", "body_id", "probability", "text", "body_text", "source")

    def told(batches: _Batches) -> _Batches:
        scorer = shipped_scorer(*shipped)
        for batch in batches:
            texts = zip(*(batch.column(k).to_pylist() for k in (3, 4, 5)), strict=True)
            terms = pa.array(
                [list(evidence(title, body, source, scorer)) for title, body, source in texts], pa.list_(pa.string())
            )
            yield batch.select([0, 1, 2]).append_column("evidence", terms)

    fields = [*pairs.schema.fields[:3], types.StructField("evidence", types.ArrayType(types.StringType()))]
    return pairs.mapInArrow(told, types.StructType(fields))


def _named(name: str) -> Column:
    return f.col(f"`{name}`")
