"""Spark: scoring and training on a real cluster of two workers on this machine."""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from cluster import ON_SPARK
from stories import rows

from mismatch import InputError, ModelError, Scorer
from mismatch.judging.verdicts import ADDED_SCHEMA
from mismatch.model.model_file import save_model

pytestmark = ON_SPARK
PAGES = rows(240, wrong_every=8)


def frame_of(spark: Any, pages: list[dict[str, Any]], partitions: int = 4) -> Any:
    data = [(page["id"], page["source"], page["title"], page["body"], {"a": [1.5, None]}) for page in pages]
    schema = "id int, source string, title string, body string, extra struct<a: array<double>>"
    return spark.createDataFrame(spark.sparkContext.parallelize(data, partitions), schema)


def locally(judge: Scorer, pages: list[dict[str, Any]]) -> dict[int, dict[str, Any]]:
    scored = judge.score(
        pa.Table.from_pylist([{key: page[key] for key in ("id", "source", "title", "body")} for page in pages])
    )
    return {row["id"]: {name: row[name] for name in ADDED_SCHEMA.names} for row in scored.to_pylist()}


def on_spark(scored: Any) -> dict[int, dict[str, Any]]:
    collected = scored.collect()
    found = {row["id"]: {name: row[name] for name in ADDED_SCHEMA.names} for row in collected}
    assert len(found) == len(collected), "a row came out twice"
    return found


def test_every_row_is_judged_as_it_is_locally_and_every_column_kept(spark: Any, judge: Scorer, judge_path: Path) -> None:
    from mismatch.integrations.spark import score

    df = frame_of(spark, PAGES)
    scored = score(df, model=judge_path)
    assert scored.columns == [*df.columns, *ADDED_SCHEMA.names]
    assert scored.schema.fields[:5] == df.schema.fields
    assert on_spark(scored) == locally(judge, PAGES)
    assert Counter(row["mismatch_verdict"] for row in scored.collect())["mismatch"] >= 10
    assert sorted(scored.select(*df.columns).collect()) == sorted(df.collect())
    assert score(scored, model=judge_path).columns == scored.columns  # a second time replaces the columns


def test_null_rows_empty_and_skewed_partitions(spark: Any, judge: Scorer, judge_path: Path) -> None:
    from mismatch.integrations.spark import score

    odd = [dict(PAGES[i], title=None) if i % 3 == 0 else dict(PAGES[i], body=None if i % 3 == 1 else "") for i in range(60)]
    pages = [*PAGES[60:], *odd]
    df = frame_of(spark, pages, 2).repartitionByRange(5, "id").filter("id < 50 OR id > 150").coalesce(4)
    skewed = df.unionByName(frame_of(spark, PAGES, 1).filter("id > 1000")).unionByName(frame_of(spark, [], 1))
    expected = locally(judge, [page for page in pages if page["id"] < 50 or page["id"] > 150])
    assert on_spark(score(skewed, model=judge_path)) == expected
    assert score(frame_of(spark, [], 3), model=judge_path).count() == 0


@pytest.mark.parametrize("victim", ["worker", "executor"])
def test_a_process_killed_in_the_middle_loses_and_doubles_nothing(
    spark: Any, judge: Scorer, judge_path: Path, tmp_path: Path, victim: str
) -> None:
    from mismatch.integrations.spark import score

    if victim == "executor" and not spark.sparkContext.master.startswith("local-cluster"):
        pytest.skip("in local mode the executor is the driver")
    killed = str(tmp_path / "killed")

    def kill_once(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for n, batch in enumerate(batches):
            if n == 1:
                try:
                    os.close(os.open(killed, os.O_CREAT | os.O_EXCL))
                except FileExistsError:
                    pass
                else:
                    target = os.getpid()
                    if victim == "executor":  # this process's parent is Spark's daemon, whose parent is the executor
                        with open(f"/proc/{os.getppid()}/stat") as file:
                            target = int(file.read().rpartition(")")[2].split()[1])
                        assert b"CoarseGrainedExecutorBackend" in Path(f"/proc/{target}/cmdline").read_bytes()
                    os.kill(target, signal.SIGKILL)
            yield batch

    once = score(frame_of(spark, PAGES, 2), model=judge_path)
    out = str(tmp_path / "scored.parquet")
    score(once.mapInArrow(kill_once, once.schema), model=judge_path).write.parquet(out)
    assert os.path.exists(killed)
    written = pq.read_table(out)
    assert sorted(written["id"].to_pylist()) == [page["id"] for page in PAGES]
    assert on_spark(spark.read.parquet(out)) == locally(judge, PAGES)


def test_the_model_is_loaded_once_in_a_python_worker(spark: Any, judge_path: Path) -> None:
    from mismatch.integrations.spark import ship_model, shipped_scorer

    name, digest = ship_model(spark.sparkContext, judge_path)

    def loads(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for _ in batches:
            shipped_scorer(name, digest)
            yield pa.RecordBatch.from_pydict({"pid": [os.getpid()], "loads": [shipped_scorer.cache_info().misses]})

    found = spark.range(0, 1000, 1, 20).mapInArrow(loads, "pid long, loads long").collect()
    assert len(found) == 20
    for pid in {row["pid"] for row in found}:  # a worker may have loaded models of other tests before
        assert len({row["loads"] for row in found if row["pid"] == pid}) == 1
    assert len({row["pid"] for row in found}) < 10  # Spark starts others for those that are slow to come back


def test_wrong_columns_and_models_are_refused_before_a_task_starts(spark: Any, judge_path: Path, tmp_path: Path) -> None:
    from mismatch.integrations.spark import score

    df = frame_of(spark, PAGES[:4])
    with pytest.raises(InputError, match="no column 'headline'"):
        score(df, model=judge_path, title="headline")
    with pytest.raises(InputError, match=r"'id' is int, not text"):
        score(df, model=judge_path, title="id")
    (tmp_path / "broken.joblib").write_bytes(b"no model")
    with pytest.raises(ModelError, match="not a model"):
        score(df, model=tmp_path / "broken.joblib")
    with pytest.raises(ModelError, match="its SHA-256 is"):
        score(df, model=judge_path, model_sha256="0" * 64)


def test_terms_are_counted_on_the_cluster_as_locally(spark: Any) -> None:
    from mismatch.integrations.spark_training import document_frequencies
    from mismatch.terms.document_frequency import DocumentCounter
    from mismatch.terms.text_buffers import text_buffers

    pages = [*PAGES, *[dict(PAGES[0], id=900 + i, title=None, body="x") for i in range(5)]]
    (terms, stems), n_rows = document_frequencies(frame_of(spark, pages, 5))
    counter = DocumentCounter()
    counter.add(*(text_buffers(pa.array([page[name] for page in PAGES])) for name in ("title", "body")))
    assert n_rows == len(pages)
    for here, there in zip(counter.counts(), (terms, stems), strict=True):
        assert here.n_documents == there.n_documents == len(PAGES)
        np.testing.assert_array_equal(here.hashes, there.hashes)
        np.testing.assert_array_equal(here.frequencies, there.frequencies)


def test_a_sample_is_the_same_however_the_rows_are_partitioned(spark: Any) -> None:
    from mismatch.integrations.spark_training import sample

    one, other = (sample(frame_of(spark, PAGES, n), rows=100, seed=3) for n in (1, 7))
    assert one.equals(other)
    assert one.num_rows == 100
    assert one.column_names == ["title", "body", "source"]
    assert not one.equals(sample(frame_of(spark, PAGES, 1), rows=100, seed=4))
    assert sample(frame_of(spark, PAGES, 2), rows=1000).num_rows == len(PAGES)


@pytest.mark.parametrize("sample_rows", [150, 1000])
def test_training_on_the_cluster_gives_the_model_of_local_training(spark: Any, tmp_path: Path, sample_rows: int) -> None:
    from mismatch.integrations.spark_training import document_frequencies, sample, train
    from mismatch.training.recipe import train as train_locally

    df = frame_of(spark, rows(240), 3)
    on_cluster = train(df, base=None, sample_rows=sample_rows)
    counts, _ = document_frequencies(df)
    table = sample(df, rows=sample_rows)
    local = train_locally(table, counts=counts if sample_rows < 240 else None, card={"data": on_cluster.model.card["data"]})
    for name, training in (("cluster", on_cluster), ("local", local)):
        save_model(training.model, tmp_path / name)
    assert on_cluster.model.lexicon.terms.n_documents == 240  # of all rows, or of the whole frame as the sample
    assert (tmp_path / "cluster").read_bytes() == (tmp_path / "local").read_bytes()


@pytest.mark.parametrize("kind", ["parquet", "json"])
def test_folders_are_scored_into_folders(spark: Any, judge: Scorer, judge_path: Path, tmp_path: Path, kind: str) -> None:
    from mismatch.integrations.spark import score_files

    source, out = str(tmp_path / "in"), str(tmp_path / "out")
    getattr(frame_of(spark, PAGES, 3).write, kind)(source)
    counts = score_files([source], out, model=judge_path)
    expected = locally(judge, PAGES)
    assert counts["rows"] == len(PAGES)
    assert counts["mismatch"] == sum(row["mismatch_verdict"] == "mismatch" for row in expected.values())
    found = getattr(spark.read, kind)(out).select("id", *ADDED_SCHEMA.names[:3]).collect()
    assert len(found) == len(PAGES)
    assert all(expected[row["id"]].items() >= {name: row[name] for name in ADDED_SCHEMA.names[:3]}.items() for row in found)
    spark.sparkContext.setLogLevel("OFF")
    with pytest.raises(InputError, match="already exists") as caught:
        score_files([source], out, model=judge_path)
    assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match="PATH_NOT_FOUND"):
        score_files([str(tmp_path / "nothing.parquet")], out, model=judge_path)


def test_a_line_that_is_no_json_is_kept(spark: Any, judge_path: Path, tmp_path: Path) -> None:
    from mismatch.integrations.spark import score_files

    source = tmp_path / "in"
    source.mkdir()
    (source / "a.jsonl").write_text('{"title": "a", "body": "b"}\n{"title": "broken\n{"title": null, "body": "c"}\n')
    counts = score_files([str(source)], str(tmp_path / "out"), model=judge_path)
    assert counts["rows"] == counts["unscorable"] == 3
    lines = [json.loads(line) for file in (tmp_path / "out").glob("*.json") for line in file.read_text().splitlines()]
    assert [line["_corrupt_record"] for line in lines if "_corrupt_record" in line] == ['{"title": "broken']
