"""Airflow 3: publish a day's articles only if the gate passes. Put this file and gating.py into the folder of DAGs.

A day with too many strays skips what comes behind the gate; an input or a model that cannot be used fails it.
"""

from __future__ import annotations

import os
from pathlib import Path

import pendulum
from airflow.sdk import dag, task
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
from gating import NotDecided, gate_day, in_one_line

NEWS = Path(os.environ.get("NEWS", "/srv/news"))


@task
def gate(ds: str | None = None) -> str:
    """The path of the articles that may be published."""
    day = str(ds)
    try:
        decision = gate_day(NEWS / "scrapes", day, NEWS, max_rate=float(os.environ.get("MAX_RATE", "0.05")))
    except NotDecided as error:
        raise AirflowFailException(str(error)) from None  # once more would not help
    if not decision["passed"]:
        raise AirflowSkipException(in_one_line(decision))
    print(in_one_line(decision))
    return str(NEWS / "clean" / f"{day}.jsonl")


@task
def publish(path: str) -> None:
    print(f"publishing {path}")


@dag(schedule="@daily", start_date=pendulum.datetime(2026, 11, 1, tz="UTC"), catchup=False)
def headlines() -> None:
    publish(gate())


headlines()
