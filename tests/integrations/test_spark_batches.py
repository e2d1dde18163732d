"""Repeats and sources on a real cluster of two workers on this machine: as they are found locally."""

from __future__ import annotations

import io
import json
import random
from typing import Any

import pytest
from cluster import ON_SPARK
from made_up import articles, retouched, words

from mismatch import InputError
from mismatch.batch.repeats import KINDS, find_repeats
from mismatch.batch.source_counts import SourceCounts
from mismatch.batch.sources import report_on
from mismatch.judging.verdicts import VERDICTS
from mismatch.records.reading import Reader

pytestmark = ON_SPARK


def with_repeats() -> list[dict[str, Any]]:
    rng, rows = random.Random(7), articles(160)
    notice, programme = " ".join(words(rng, 120)), " ".join(words(rng, 90))
    for i in range(0, 60, 6):
        rows[i]["body"] = retouched(rng, notice, 2)
    for i in range(1, 40, 8):
        rows[i]["body"] = programme
    for i in range(70, 100, 5):
        rows[i]["title"] = ("The Daily Ferry", "the daily  FERRY")[i % 2]
    return [*rows, *[dict(row, id=f"again{i}") for i, row in enumerate(rows[100:120])], dict(rows[0], id="none", title=None)]


@pytest.mark.timeout(900)  # two dozen stages, each of which waits for processes
def test_repeats_are_those_that_are_found_locally(spark: Any) -> None:
    from mismatch.integrations.spark_batches import REPEATS_COLUMN, repeats

    rows = with_repeats()
    raw = "".join(json.dumps(row) + "\n" for row in rows).encode()
    (block,) = [chunk.decode() for chunk in Reader(["-"], format="jsonl", stdin=io.BytesIO(raw))]
    marks = find_repeats(Reader(["-"], format="jsonl", stdin=io.BytesIO(raw))).marks(block).tolist()
    expected = {
        row["id"]: [kind for k, kind in enumerate(KINDS) if mark >> k & 1] for row, mark in zip(rows, marks, strict=True)
    }
    assert sum(map(bool, expected.values())) == 10 + 5 + 6
    df = spark.createDataFrame(rows, "id string, title string, body string, source string").repartition(5)
    marked = repeats(df)
    assert marked.columns == [*df.columns, REPEATS_COLUMN]
    found = marked.collect()
    assert len(found) == len(rows)
    assert {row["id"]: list(row[REPEATS_COLUMN]) for row in found} == expected


def test_sources_are_counted_as_they_are_locally(spark: Any) -> None:
    from mismatch.integrations.spark_batches import sources

    rng, rows = random.Random(1), []
    for i in range(600):
        name = rng.choice(("a.example", "www.A.example", " a.example ", "b", "c", None))
        wrong = rng.random() < (0.3 if name == "b" else 0.02)
        verdict = "mismatch" if wrong else rng.choice(("match", "match", "unsure", "unscorable"))
        reason = "title_missing" if verdict == "unscorable" else rng.choice(("weak_overlap", "no_shared_terms"))
        rows.append((i, name, verdict, [reason, "script_differs"]))
    columns = "id int, source string, mismatch_verdict string, mismatch_reasons array<string>"
    df = spark.createDataFrame(rows, columns).repartition(4)
    found, local = sources(df), SourceCounts()
    report = report_on(found)
    import numpy as np
    import pyarrow as pa

    numbers = np.array([VERDICTS.index(row[2]) for row in rows], np.int8)
    local.add(pa.array([row[1] for row in rows]), numbers, pa.array([row[3] for row in rows]), 1, None)
    told = ("rows", "flagged", "rate", "worse", "reason", "less_judged", "spellings")
    there, here = (report_on(counts).to_plain() for counts in (found, local))
    assert [[one[name] for name in told] for one in there["sources"]] == [
        [one[name] for name in told] for one in here["sources"]
    ]
    assert there["whole"]["reason"] == here["whole"]["reason"] is not None
    assert report.sources[0].of.name == "b" and report.sources[0].worse
    assert report.whole.of.rows == 600 and report.n_others == 0
    with pytest.raises(InputError, match="score it first"):
        sources(df.drop("mismatch_verdict"))
    with pytest.raises(InputError, match="no column of sources"):
        sources(df.drop("source"))
    assert all(one.reason is None for one in report_on(sources(df.drop("mismatch_reasons"))).sources)
