"""The examples for Airflow, Dagster and dbt: what they do is run for real; their wiring too, where the library is installed.

Airflow brings more than a hundred packages, Dagster and dbt some forty each, so that none is needed for the tests. All that
the examples decide is in `gating.py` and in the model for dbt, which need none of them.
"""

from __future__ import annotations

import importlib.util
import json
import os
import runpy
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest
from stories import rows

from mismatch import load
from mismatch.judging.verdicts import ADDED_SCHEMA

EXAMPLES = Path(__file__).parent.parent.parent / "docs" / "examples"
DAY = "2026-11-22"


@pytest.fixture
def news(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a day's scrapes, `mismatch` on the path, and the examples where Python finds them."""
    day = tmp_path / "scrapes" / DAY
    day.mkdir(parents=True)
    (day / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows(200, wrong_every=40)))
    command = tmp_path / "bin" / "mismatch"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m mismatch.cli "$@"\n')
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{command.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", f"{EXAMPLES.parent.parent}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    monkeypatch.setenv("NEWS", str(tmp_path))
    monkeypatch.syspath_prepend(str(EXAMPLES))
    return tmp_path


def test_a_day_goes_through_the_gate(news: Path) -> None:
    gating = runpy.run_path(str(EXAMPLES / "gating.py"))
    decision = gating["gate_day"](news / "scrapes", DAY, news)
    clean, review = (len((news / kind / f"{DAY}.jsonl").read_text().splitlines()) for kind in ("clean", "review"))
    assert decision["passed"] is True
    assert (clean + review, review) == (200, decision["verdicts"]["mismatch"])
    assert gating["in_one_line"](decision).startswith(f"passed: {review} of 200 rows flagged")
    strict = gating["gate_day"](news / "scrapes", DAY, news, max_rate=0.001)
    assert strict["passed"] is False
    assert gating["in_one_line"](strict).startswith("FAILED: ")
    with pytest.raises(gating["NotDecided"], match="2026-11-23"):
        gating["gate_day"](news / "scrapes", "2026-11-23", news)


class Project:
    """What dbt-duckdb hands to a Python model: `ref` gives a relation, `config` takes settings."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection, self.settings = connection, {}  # type: ignore[var-annotated]

    def ref(self, name: str) -> Any:
        return self.connection.table(name)

    def config(self, **settings: Any) -> None:
        self.settings.update(settings)


def test_the_model_for_dbt_scores_a_table(news: Path) -> None:
    connection = duckdb.connect()
    connection.execute(f"CREATE TABLE articles AS SELECT * FROM read_json_auto('{news}/scrapes/{DAY}/a.jsonl')")
    project = Project(connection)
    scored = runpy.run_path(str(EXAMPLES / "dbt" / "models" / "scored_articles.py"))["model"](project, connection)
    assert project.settings == {"materialized": "table"}
    assert scored.column_names == ["id", "source", "title", "body", *ADDED_SCHEMA.names]
    expected = load().score(
        [
            (
                row["title"],
                row["body"],
            )
            for row in rows(200, wrong_every=40)
        ]
    )
    flagged = connection.sql("SELECT count(*) FROM scored WHERE mismatch_verdict = 'mismatch'").fetchall()[0][0]
    assert flagged == sum(verdict.verdict == "mismatch" for verdict in expected) > 0


@pytest.mark.skipif(importlib.util.find_spec("dagster") is None, reason="needs Dagster")
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("max_rate", "passed"), [("0.05", True), ("0.001", False)])
def test_dagster_builds_the_asset_and_what_is_behind_it_only_if_the_gate_passes(
    news: Path, monkeypatch: pytest.MonkeyPatch, max_rate: str, passed: bool
) -> None:
    import dagster

    monkeypatch.setenv("MAX_RATE", max_rate)
    module = runpy.run_path(str(EXAMPLES / "dagster_gate.py"))
    assets = [module["clean_articles"], module["published_articles"]]
    result = dagster.materialize(assets, partition_key=DAY, raise_on_error=False)
    (check,) = result.get_asset_check_evaluations()
    assert check.passed is passed
    built = {event.asset_key.to_user_string() for event in result.get_asset_materialization_events() if event.asset_key}
    assert built == ({"clean_articles", "published_articles"} if passed else {"clean_articles"})


@pytest.mark.skipif(importlib.util.find_spec("airflow") is None, reason="needs Airflow")
@pytest.mark.filterwarnings("ignore")
def test_airflow_publishes_only_if_the_gate_passes(news: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

    gate = runpy.run_path(str(EXAMPLES / "airflow_gate.py"))["gate"].function
    assert gate(ds=DAY) == str(news / "clean" / f"{DAY}.jsonl")
    with pytest.raises(AirflowFailException):
        gate(ds="2026-11-23")
    monkeypatch.setenv("MAX_RATE", "0.001")
    with pytest.raises(AirflowSkipException, match="FAILED: "):
        gate(ds=DAY)
