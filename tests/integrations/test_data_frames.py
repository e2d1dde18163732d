"""`model.score` gives back the kind of table that it was given."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from stories import rows

from mismatch import InputError, Scorer
from mismatch.judging.verdicts import ADDED_SCHEMA

ADDED = ADDED_SCHEMA.names


@pytest.fixture
def table() -> pa.Table:
    pairs = [*rows(40, wrong_every=8), {"id": 40, "source": None, "title": None, "body": ""}]
    return pa.Table.from_pylist(pairs)


@pytest.fixture
def expected(judge: Scorer, table: pa.Table) -> list[str]:
    pairs = list(zip(table["title"].to_pylist(), table["body"].to_pylist(), strict=True))
    return [verdict.verdict for verdict in judge.score(pairs)]


def test_an_arrow_table_stays_one_and_keeps_its_types(judge: Scorer, table: pa.Table, expected: list[str]) -> None:
    scored = judge.score(table)
    assert isinstance(scored, pa.Table)
    assert scored.select(table.column_names) == table
    assert scored["mismatch_verdict"].to_pylist() == expected


def test_a_record_batch_stays_one(judge: Scorer, table: pa.Table, expected: list[str]) -> None:
    batch = table.combine_chunks().to_batches()[0]
    scored = judge.score(batch)
    assert isinstance(scored, pa.RecordBatch)
    assert scored.column("mismatch_verdict").to_pylist() == expected
    assert isinstance(judge.score(batch.slice(0, 0)), pa.RecordBatch)


def test_a_pandas_frame_keeps_index_types_and_odd_columns(judge: Scorer, table: pa.Table, expected: list[str]) -> None:
    pandas = pytest.importorskip("pandas")
    frame = table.to_pandas()
    frame.index = pandas.Index(np.repeat([7, 3], [20, 21]), name="shard")  # neither sorted nor unique
    frame["odd"] = [object() if i % 2 else i for i in range(len(frame))]
    frame["kind"] = pandas.Categorical(["a"] * len(frame))
    scored = judge.score(frame)
    assert isinstance(scored, pandas.DataFrame)
    pandas.testing.assert_frame_equal(scored[frame.columns], frame)
    assert list(scored.columns) == [*frame.columns, *ADDED]
    assert scored["mismatch_verdict"].tolist() == expected
    assert scored["mismatch_probability"].dtype == np.float64
    assert isinstance(scored["mismatch_reasons"].iloc[0], list)
    assert np.isnan(scored["mismatch_probability"].iloc[-1])


def test_a_pandas_frame_scored_twice_has_its_columns_once(judge: Scorer, table: pa.Table) -> None:
    pytest.importorskip("pandas")
    once = judge.score(table.to_pandas())
    assert list(judge.score(once).columns) == list(once.columns)


def test_a_pandas_column_of_text_and_numbers_is_refused_in_one_line(judge: Scorer) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"title": ["a", 5, {"x": 1}], "body": ["b", "c", "d"]})
    with pytest.raises(InputError, match="mixed types") as caught:
        judge.score(frame)
    assert "\n" not in str(caught.value)


def test_a_polars_frame_stays_one(judge: Scorer, table: pa.Table, expected: list[str]) -> None:
    polars = pytest.importorskip("polars")
    frame = polars.from_arrow(table)
    scored = judge.score(frame)
    assert isinstance(scored, polars.DataFrame)
    assert scored.columns == [*frame.columns, *ADDED]
    assert scored.select(frame.columns).equals(frame)
    assert scored["mismatch_verdict"].to_list() == expected
    assert scored.schema["mismatch_reasons"] == polars.List(polars.String)
    assert judge.score(scored).columns == scored.columns


def test_a_duckdb_relation_stays_one_on_its_connection(judge: Scorer, table: pa.Table, expected: list[str]) -> None:
    duckdb = pytest.importorskip("duckdb")
    connection = duckdb.connect()
    connection.register("articles", table)
    connection.execute("CREATE TABLE shop AS SELECT * FROM articles")
    scored = judge.score(connection.sql("SELECT * FROM shop ORDER BY id"))
    assert isinstance(scored, duckdb.DuckDBPyRelation)
    assert scored.columns == [*table.column_names, *ADDED]
    assert [row[0] for row in scored.project("mismatch_verdict").fetchall()] == expected
    joined = connection.sql("SELECT count(*) FROM scored JOIN shop USING (id)")
    assert joined.fetchall() == [(table.num_rows,)]


def test_an_empty_frame_gets_the_columns_too(judge: Scorer, table: pa.Table) -> None:
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    for empty in (table.slice(0, 0), table.slice(0, 0).to_pandas(), polars.from_arrow(table.slice(0, 0))):
        scored = judge.score(empty)
        assert type(scored) is type(empty)
        names = scored.column_names if isinstance(scored, pa.Table) else list(scored.columns)
        assert names == [*table.column_names, *ADDED]
    assert judge.score(pandas.DataFrame({"title": [], "body": []})).empty


def test_a_missing_column_is_named(judge: Scorer, table: pa.Table) -> None:
    pytest.importorskip("pandas")
    for data in (table.drop(["body"]), table.drop(["body"]).to_pandas()):
        with pytest.raises(InputError, match="no body column 'body'"):
            judge.score(data)


def test_other_names_of_title_and_body(judge: Scorer, table: pa.Table, expected: list[str]) -> None:
    pytest.importorskip("pandas")
    frame = table.rename_columns(["id", "site", "headline", "text"]).to_pandas()
    assert judge.score(frame, title="headline", body="text")["mismatch_verdict"].tolist() == expected
