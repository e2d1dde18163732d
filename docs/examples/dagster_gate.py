"""Dagster: a day's clean articles as an asset, with the gate as a check that blocks what is built on it.

`dagster dev -f dagster_gate.py`, with gating.py beside it. Dagster looks at the annotations: they must not be postponed.
"""

import os
from pathlib import Path

import dagster as dg
from gating import gate_day, in_one_line

NEWS = Path(os.environ.get("NEWS", "/srv/news"))
DAYS = dg.DailyPartitionsDefinition(start_date="2026-11-01")


@dg.asset(
    partitions_def=DAYS,
    check_specs=[dg.AssetCheckSpec("headlines_belong", asset="clean_articles", blocking=True)],
)
def clean_articles(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    """The articles of a day that are not flagged, as JSON lines."""
    day = context.partition_key
    decision = gate_day(NEWS / "scrapes", day, NEWS, max_rate=float(os.environ.get("MAX_RATE", "0.05")))
    figures = {"rows": decision["rows"], "flagged": decision["verdicts"]["mismatch"], "share": decision["flagged_share"]}
    checked = dg.AssetCheckResult(
        passed=decision["passed"], check_name="headlines_belong", metadata=figures, description=in_one_line(decision)
    )
    path = dg.MetadataValue.path(str(NEWS / "clean" / f"{day}.jsonl"))
    return dg.MaterializeResult(metadata={**figures, "path": path}, check_results=[checked])


@dg.asset(partitions_def=DAYS, deps=[clean_articles])
def published_articles(context: dg.AssetExecutionContext) -> None:
    """Is not built on a day when the check has failed."""
    context.log.info(f"publishing {context.partition_key}")


defs = dg.Definitions(assets=[clean_articles, published_articles])
