"""Whatever people keep articles in is taken, with the guesses of the command line for the names of its columns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from stories import rows

from mismatch import InputError, MismatchClassifier, Scorer
from mismatch.judging.frames import pairs_table

ARTICLES = [{"title": row["title"], "body": row["body"]} for row in rows(40, wrong_every=8)]
TABLE = pa.Table.from_pylist(ARTICLES)
VIEWS = pa.table({name: TABLE[name].cast(pa.string_view()) for name in TABLE.column_names})
KINDS: dict[str, Callable[[], Any]] = {
    "tuples": lambda: [(row["title"], row["body"]) for row in ARTICLES],
    "dictionaries": lambda: ARTICLES,
    "iterator": lambda: iter([(row["title"], row["body"]) for row in ARTICLES]),
    "columns": lambda: {name: TABLE[name].to_pylist() for name in TABLE.column_names},
    "numpy": lambda: np.array([tuple(row.values()) for row in ARTICLES], object),
    "pandas": lambda: pd.DataFrame(ARTICLES),
    "pandas objects": lambda: pd.DataFrame(ARTICLES, dtype=object),
    "pandas categories": lambda: pd.DataFrame(ARTICLES).astype("category"),
    "polars": lambda: pl.DataFrame(ARTICLES),
    "polars lazy": lambda: pl.LazyFrame(ARTICLES),
    "polars categories": lambda: pl.DataFrame(ARTICLES).with_columns(pl.all().cast(pl.Categorical)),
    "duckdb": lambda: duckdb.connect().from_arrow(TABLE),
    "Arrow": lambda: TABLE,
    "Arrow batch": lambda: TABLE.to_batches()[0],
    "Arrow reader": lambda: TABLE.to_reader(),
    "string views": lambda: VIEWS,
    "dictionary of string views": lambda: pa.table({n: VIEWS[n].dictionary_encode() for n in VIEWS.column_names}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_pairs_are_found_in_any_kind(kind: str) -> None:
    found = pairs_table(KINDS[kind]())
    assert found.to_pylist() == ARTICLES
    assert found.schema == pa.schema([("title", pa.large_string()), ("body", pa.large_string())])


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_scored_alike(kind: str, judge: Scorer) -> None:
    given = KINDS[kind]()
    scored = judge.score(given)
    if isinstance(scored, list):
        verdicts = [verdict.verdict for verdict in scored]
    else:
        if kind not in ("Arrow reader", "columns"):
            assert type(scored) is type(given)
        plain = scored.collect() if kind == "polars lazy" else scored
        plain = plain.to_arrow_table() if kind == "duckdb" else plain
        column = plain["mismatch_verdict"]
        verdicts = column.to_pylist() if hasattr(column, "to_pylist") else list(column)
    assert verdicts == [verdict.verdict for verdict in judge.score(ARTICLES)]
    assert "mismatch" in verdicts


@pytest.mark.parametrize(
    ("title", "body"), [("headline", "text"), ("Titel", "Inhalt"), ("og:title", "articleBody"), ("タイトル", "本文")]
)
def test_usual_names_are_found_as_on_the_command_line(title: str, body: str) -> None:
    renamed = [{"no": i, title: row["title"], body: row["body"]} for i, row in enumerate(ARTICLES)]
    for given in (renamed, pd.DataFrame(renamed), pl.DataFrame(renamed), pa.Table.from_pylist(renamed)):
        assert pairs_table(given).to_pylist() == ARTICLES
        assert pairs_table(given, title=title, body=body).to_pylist() == ARTICLES


def test_odd_names_are_told_by_what_the_columns_hold_as_on_the_command_line() -> None:
    odd = [{"no": str(i), "kolumna a": row["title"], "kolumna b": row["body"]} for i, row in enumerate(ARTICLES)]
    for given in (odd, pd.DataFrame(odd), pl.DataFrame(odd), pl.LazyFrame(odd), pa.Table.from_pylist(odd)):
        assert pairs_table(given).to_pylist() == ARTICLES
        assert pairs_table(given, title="kolumna a").to_pylist() == ARTICLES
    with pytest.raises(InputError, match=r"no title column .*the columns do not tell it \(no column holds long texts\)"):
        pairs_table([{"x": "a", "y": "b"}])


def test_sources_are_found_under_their_usual_names_and_never_in_the_way() -> None:
    row = {"title": "a", "body": "b", "Hostname": "c.example"}
    assert pairs_table([row]).to_pylist() == [{"title": "a", "body": "b", "source": "c.example"}]
    odd = pa.table({"title": ["a"], "body": ["b"], "source": [{"url": "c.example"}]})
    assert pairs_table(odd).column_names == ["title", "body"]
    with pytest.raises(InputError, match="column 'source' is struct"):
        pairs_table(odd, source="source")


@pytest.mark.parametrize(
    "make",
    [pd.DataFrame, pl.DataFrame, pl.LazyFrame, pa.Table.from_pylist, list],
    ids=["pandas", "polars", "polars lazy", "Arrow", "rows"],
)
def test_an_error_lists_the_columns(make: Callable[..., Any], judge: Scorer) -> None:
    for row, said in (({"kop": "a", "prose": "b"}, "no body column"), ({"koptekst": "a", "text": "b"}, "no title column")):
        with pytest.raises(InputError, match=said) as caught:
            judge.score(make([row]))
        assert all(repr(name) in str(caught.value) for name in row)
        assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match=r"no title column 'kop': its columns are 'title', 'body'; .*title="):
        judge.score(make([{"title": "a", "body": "b"}]), title="kop")


@pytest.mark.parametrize(
    "data",
    [pa.Table.from_arrays([pa.array(["a"])] * 3, ["title", "title", "body"]), [{"title": "a", "body": "b"}, ("a", "b")],
     [("a", "b"), {"title": "a", "body": "b"}], [{"title": "a", "body": 7}], {"title": ["a"], "body": ["b", "c"]},
     pd.DataFrame({"title": [["a"]], "body": ["b"]}), {"title": ["a", 5], "body": ["b", "c"]}],
    ids=str,
)  # fmt: skip
def test_what_is_no_table_of_texts_is_refused_in_one_line(data: Any) -> None:
    with pytest.raises(InputError) as caught:
        pairs_table(data)
    assert "\n" not in str(caught.value)


def test_missing_values_of_every_library_are_no_text() -> None:
    for nothing in (None, float("nan"), pd.NA):
        assert pairs_table([(nothing, "b")]).to_pylist() == [{"title": None, "body": "b"}]
        assert pairs_table([{"title": nothing, "body": "b"}, {"body": "c"}])["title"].to_pylist() == [None, None]
    assert pairs_table(pd.DataFrame({"title": [pd.NA, "a"], "body": ["b", None]}))["title"].to_pylist() == [None, "a"]


TOPICS = [pl.String, pl.Categorical, pl.Enum(["sport", "war"])]


@pytest.mark.parametrize("kind", TOPICS, ids=str)
def test_topics_of_polars_are_taken_for_training(kind: Any) -> None:
    frame = pl.DataFrame([{**row, "topic": ("sport", "war")[i % 2]} for i, row in enumerate(ARTICLES)])
    frame = frame.with_columns(pl.col("topic").cast(kind))
    found = pairs_table(frame, topics=True)
    assert found["topic"].to_pylist()[:3] == ["sport", "war", "sport"]


def test_a_classifier_learns_from_a_polars_frame_with_topics(articles: list[dict[str, str]]) -> None:
    frame = pl.DataFrame(articles).lazy()
    clf = MismatchClassifier(base=None).fit(frame)
    assert (clf.predict(frame) == "match").mean() > 0.9


HALF, REPLACED = "\ud83d half a character", "? half a character"


@pytest.mark.parametrize(
    "data",
    [pd.DataFrame({"title": [HALF], "body": ["b"]}, dtype=object), {"title": [HALF], "body": ["b"]}, [(HALF, "b")],
     [{"title": HALF, "body": "b"}]],
    ids=["pandas", "columns", "pairs", "rows"],
)  # fmt: skip
def test_half_a_character_as_json_gives_it_is_replaced(data: Any, judge: Scorer) -> None:
    assert pairs_table(data)["title"].to_pylist() == [REPLACED]
    scored = judge.score(data)
    assert len(scored) == 1
    if isinstance(data, pd.DataFrame):
        assert scored["title"].tolist() == [HALF]  # what was given stays as it was
    assert judge.verdicts([HALF], ["b"]) == judge.verdicts([REPLACED], ["b"])


def test_categories_that_are_all_missing_are_no_text() -> None:
    nothing = pa.DictionaryArray.from_arrays(pa.nulls(2, pa.int32()), pa.array([], pa.string()))
    for data in (
        pa.table({"title": nothing, "body": ["b", "c"]}),
        pd.DataFrame({"title": pd.Categorical([None, None]), "body": ["b", "c"]}),
    ):
        assert pairs_table(data)["title"].to_pylist() == [None, None]


def _with_offset(value: int) -> pa.Array:
    good = pa.array([f"text {i}" for i in range(6)])
    offsets = np.frombuffer(good.buffers()[1], np.int32).copy()
    offsets[3] = value
    return pa.Array.from_buffers(good.type, 6, [None, pa.py_buffer(offsets), good.buffers()[2]])


@pytest.mark.parametrize(
    "column",
    [_with_offset(1 << 30), _with_offset(-5),
     pa.DictionaryArray.from_arrays(pa.array([7] * 6, pa.int32()), pa.array(["a"]), safe=False)],
    ids=["offset outside", "offset below", "index outside"],
)  # fmt: skip
def test_a_table_that_pyarrow_read_from_a_damaged_file_is_refused(column: pa.Array, judge: Scorer) -> None:
    with pytest.raises(InputError, match="column 'title' is damaged"):
        judge.score(pa.table({"title": column, "body": ["b"] * 6}))


@pytest.mark.parametrize(
    "data",
    [np.array("a"), [{"a", "b"}], pl.DataFrame({"title": pl.Series([1], dtype=pl.Int128), "body": ["b"]})],
    ids=["an array without a dimension", "a set", "integers of 128 bits"],
)
def test_what_has_no_rows_or_no_order_is_refused_too(data: Any) -> None:
    with pytest.raises(InputError):
        pairs_table(data)


def test_a_name_of_a_column_is_text() -> None:
    with pytest.raises(InputError, match="title= takes the name of a column, not a NAType"):
        pairs_table([("a", "b")], title=pd.NA)  # type: ignore[arg-type]


@pytest.mark.parametrize("adapt", [pd.NA, float("nan"), "yes", 1, []])
def test_whether_to_adapt_is_yes_no_or_nothing(scorer: Scorer, adapt: Any) -> None:
    with pytest.raises(InputError, match=r"adapt= takes True, False or None"):
        scorer.score([("a", "b")], adapt=adapt)
