"""The articles with their verdicts: a Python model for dbt-duckdb, in whose environment headline-mismatch is installed."""

from __future__ import annotations

from typing import Any

import mismatch


def model(dbt: Any, session: Any) -> Any:
    dbt.config(materialized="table")
    return mismatch.load().score(dbt.ref("articles").to_arrow_table())
