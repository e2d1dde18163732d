"""Repair on a real cluster of two workers on this machine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from cluster import ON_SPARK

from mismatch import InputError
from mismatch.batch.scored import SCHEMA as SCORED
from mismatch.batch.scored import VERDICT_COLUMNS, ScoredBlock
from mismatch.batch.suspects import SUSPECT_FROM, doubt_of
from mismatch.judging.verdicts import ADDED_SCHEMA, VERDICTS
from mismatch.records.columns import ColumnChoice

pytestmark = ON_SPARK
ROOT = Path(__file__).parent.parent.parent
GROUPS = [("2026-11-21", "a.example"), ("2026-11-21", "b.example"), ("2026-11-22", "a.example"), ("2026-11-22", None)]
STRAY = [
    140, 252, 268, 368, 372, 396, 49, 137, 145, 153, 401, 10, 26, 38, 50, 74, 98, 170, 434, 11, 39, 167, 211, 267, 311, 319,
]  # fmt: skip
"""rows whose bodies go round, each within its group; their titles are no riddles"""
ABROAD = [104, 214]
"""rows of different groups that have each other's body"""
SCHEMA = "id string, day string, source string, title string, body string"


def rows() -> list[tuple[Any, ...]]:
    lines = (ROOT / "training_data" / "articles" / "en.jsonl").read_text("utf-8").splitlines()[:520]
    articles = [json.loads(line) for line in lines]
    bodies = [article["body"] for article in articles]
    for stray, body in [*RIGHT.items(), ABROAD, ABROAD[::-1]]:
        bodies[body] = articles[stray]["body"]
    return [(f"r{i}", *group_of(i), articles[i]["title"], bodies[i]) for i in range(len(articles))]


def group_of(row: int) -> tuple[str, str | None]:
    return GROUPS[row % 4]


def _next_of_group(at: int) -> int:
    group = [row for row in STRAY if row % 4 == at % 4]
    return group[(group.index(at) + 1) % len(group)]


RIGHT = {at: _next_of_group(at) for at in STRAY}
"""for the row of a title, the row that its body stands in"""


@pytest.fixture(scope="module")
def scored(spark: Any) -> Any:
    """The rows with their verdicts, computed once."""
    from mismatch.integrations.spark import score

    frame = spark.createDataFrame(rows(), SCHEMA).repartition(3)
    judged = score(frame).persist()
    judged.count()
    yield judged
    judged.unpersist()


@pytest.fixture(scope="module")
def proposals(scored: Any) -> dict[tuple[str, str], tuple[float, list[str]]]:
    """What is proposed within day and source."""
    from mismatch.integrations.spark_repair import repair

    return found(repair(scored, within=("day", "source")))


def found(proposals: Any) -> dict[tuple[str, str], tuple[float, list[str]]]:
    assert proposals.columns == ["title_id", "body_id", "probability", "evidence"]
    collected = proposals.collect()
    pairs = {(row["title_id"], row["body_id"]): (row["probability"], list(row["evidence"])) for row in collected}
    assert len({title for title, _ in pairs}) == len({body for _, body in pairs}) == len(collected)
    return pairs


def test_what_is_missing_is_told_before_a_task_starts(scored: Any) -> None:
    from mismatch.integrations.spark_repair import repair

    with pytest.raises(InputError, match="no column of ids"):
        repair(scored.drop("id"))
    with pytest.raises(InputError, match="no column 'month'"):
        repair(scored, within=("month",))
    with pytest.raises(InputError, match="'day'"):
        repair(scored, within="day")
    with pytest.raises(InputError, match="mismatch_probability"):
        repair(scored.drop(ADDED_SCHEMA.names[1]))


def test_stray_titles_get_the_bodies_of_their_group_back(proposals: dict[tuple[str, str], tuple[float, list[str]]]) -> None:
    right = {(f"r{title}", f"r{body}") for title, body in RIGHT.items()}
    assert set(proposals) <= right  # none across groups, and none for rows that fit
    assert len(proposals) >= 0.9 * len(right)
    titles = {row[0]: row[3] for row in rows()}
    for (title, _), (probability, evidence) in proposals.items():
        assert 0.5 <= probability <= 1
        assert evidence and all(term in titles[title] for term in evidence)


def test_partitions_and_copies_of_rows_change_nothing(
    scored: Any, proposals: dict[tuple[str, str], tuple[float, list[str]]]
) -> None:
    from mismatch.integrations.spark_repair import repair

    copies = scored.unionByName(scored.where("id in ('r38', 'r74', 'r211')")).repartition(7, "title")
    assert found(repair(copies, within=("day", "source"))) == proposals


def test_without_groups_a_body_is_found_in_any_row(scored: Any) -> None:
    from mismatch.integrations.spark_repair import repair

    proposals = found(repair(scored))
    right = {(f"r{title}", f"r{body}") for title, body in [*RIGHT.items(), ABROAD, ABROAD[::-1]]}
    assert set(proposals) <= right
    assert {(f"r{title}", f"r{body}") for title, body in (ABROAD, ABROAD[::-1])} <= set(proposals)


def test_a_row_is_as_doubtful_as_it_is_locally(spark: Any) -> None:
    from mismatch.integrations.spark import text_columns
    from mismatch.integrations.spark_repair import doubtful_rows

    judged = [
        ("match", 0.001, []), ("match", 0.02, []), ("mismatch", 0.98, ["weak_overlap"]), ("unsure", 0.4, ["weak_overlap"]),
        ("unscorable", None, ["language_differs"]), ("unscorable", None, ["empty_body"]),
        ("unscorable", 0.7, ["script_differs"]), ("unscorable", None, None),
        ("unscorable", None, []), ("match", 0.005, ["language_differs"]),
    ]  # fmt: skip
    verdicts, probability, reasons = zip(*judged, strict=True)
    numbers = pa.array([VERDICTS.index(verdict) for verdict in verdicts], pa.int8())
    texts = pa.nulls(len(judged), pa.string())
    columns = [pa.array(range(len(judged))), texts, texts, texts, texts, numbers, pa.array(probability), pa.array(reasons)]
    block = ScoredBlock(pa.RecordBatch.from_arrays(columns, schema=SCORED), None)  # type: ignore[arg-type]
    expected = {f"r{i}": doubt for i, doubt in enumerate(doubt_of(block)) if doubt >= SUSPECT_FROM or verdicts[i] == "match"}
    names = ", ".join(
        f"{name} {kind}" for name, kind in zip(VERDICT_COLUMNS, ("string", "double", "array<string>"), strict=True)
    )
    rows = [(f"r{i}", "title", "body", *one) for i, one in enumerate(judged)]
    frame = spark.createDataFrame([*rows, (None, *rows[2][1:])], f"id string, title string, body string, {names}")
    columns_of = text_columns(frame, ColumnChoice())
    assert {row["id"]: row["doubt"] for row in doubtful_rows(frame, columns_of, ()).collect()} == expected
    assert len(expected) == 7


def test_a_term_of_too_many_rows_of_a_group_joins_nothing(spark: Any) -> None:
    from mismatch.integrations.spark_repair import rare_in_group

    terms = [(1, 7), (1, 7), (1, 7), (1, 8), (2, 7), (2, 7)]
    kept = rare_in_group(spark.createDataFrame(terms, "group long, term long"), 2).collect()
    assert sorted((row["group"], row["term"]) for row in kept) == [(1, 8), (2, 7), (2, 7)]
