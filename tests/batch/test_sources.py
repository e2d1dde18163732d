"""`mismatch sources`: spellings, baselines, ranking, and what is said of all that."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from made_up import articles

from mismatch.batch.source_counts import SourceCounts
from mismatch.batch.sources import report_on
from mismatch.judging.source_names import source_key
from mismatch.judging.verdicts import MATCH, MISMATCH, VERDICTS


def feed(rates: dict[str, list[float]], rows: int = 400, seed: int = 0, **more: Any) -> list[dict[str, Any]]:
    """Scored rows: of each source so many, whose rate of flags goes through these values."""
    rng, out = np.random.default_rng(seed), []
    texts = articles(4)
    for k in range(rows):
        for source, course in rates.items():
            flagged = rng.random() < course[k * len(course) // rows]
            verdict, probability = ("mismatch", 0.9) if flagged else ("match", 0.01)
            out.append({
                **texts[k % 4], "id": f"{source}{k}", "source": source,
                "mismatch_verdict": verdict, "mismatch_probability": probability,
                "mismatch_reasons": ["no_shared_terms", "weak_overlap"] if flagged else [],
                "title_topic": None, "body_topic": None, **more,
            })  # fmt: skip
    return out


@pytest.mark.parametrize("spelling", ["The Daily Ferry", " the  daily\tferry ", "THE DAILY FERRY", "The\u00a0Daily Ferry"])
def test_spellings_of_one_source_are_one(spelling: str) -> None:
    assert source_key(spelling) == "the daily ferry"


@pytest.mark.parametrize("spelling", ["ferry.example", "www.ferry.example", "https://WWW.Ferry.example/", "//ferry.example"])
def test_addresses_of_one_host_are_one(spelling: str) -> None:
    assert source_key(spelling) == "ferry.example"


@pytest.mark.parametrize("other", ["The Daily Ferryman", "ferry.example/sport", "www", "", "Die Fähre"])
def test_other_sources_stay_others(other: str) -> None:
    assert source_key(other) not in ("the daily ferry", "ferry.example", "die fahre")


def test_a_source_that_got_worse_leads_with_its_reason_and_since_when(
    invoke: Any, tmp_path: Path, write_rows: Callable[..., Path], model_path: Path
) -> None:
    before, now = {"a": [0.02], "b": [0.02], "c": [0.2]}, {"a": [0.02], "b": [0.02, 0.3], "c": [0.2]}
    old, new, kept = write_rows(tmp_path / "old.jsonl", feed(before)), tmp_path / "new.jsonl", tmp_path / "baseline.json"
    write_rows(new, feed(now, seed=1))
    assert invoke("sources", old, "--save-baseline", kept, "--model", model_path).code == 0
    ended = invoke("sources", new, "--baseline", kept, "--json", "--out", tmp_path / "out.jsonl", "--model", model_path)
    assert ended.code == 0
    plain = json.loads(ended.out)
    first = plain["sources"][0]
    assert (first["source"], first["worse"], first["reason"], first["rows"]) == ("b", True, "no_shared_terms", 400)
    assert first["low"] < first["rate"] < first["high"]
    assert first["change_at_least"] > 0.03
    assert abs(first["since"]["row"] - 600) < 40
    assert [one["worse"] for one in plain["sources"][1:]] == [False, False]
    assert json.loads((tmp_path / "out.jsonl").read_text().splitlines()[0])["source"] == "b"
    shown = invoke("sources", new, "--baseline", kept, "--model", model_path).out.decode()
    assert shown.startswith("1 source got worse since the baseline:\n  b: ")
    assert "since row" in shown
    alone = json.loads(invoke("sources", new, "--json", "--model", model_path).out)
    assert {one["source"] for one in alone["sources"] if one["worse"]} == {"b", "c"}


def test_since_when_is_a_day_where_rows_have_dates_whatever_their_order(
    invoke: Any, tmp_path: Path, write_rows: Callable[..., Path], model_path: Path
) -> None:
    rows = feed({"a": [0.01, 0.5], "b": [0.01]})
    for k, row in enumerate(rows):
        row["published"] = f"2026-11-{1 + k * 20 // len(rows):02}T08:00:00Z"
    order = np.random.default_rng(0).permutation(len(rows))
    path = write_rows(tmp_path / "in.jsonl", [rows[k] for k in order])
    plain = json.loads(invoke("sources", path, "--json", "--model", model_path).out)
    assert plain["sources"][0]["since"]["day"] == "2026-11-11"


def test_rows_without_verdicts_are_judged_on_the_way(
    invoke: Any, pairs_file: Path, articles: list[dict[str, str]], model_path: Path
) -> None:
    ended = invoke("sources", pairs_file, "--json", "--model", model_path)
    plain = json.loads(ended.out)
    assert plain["rows"] == len(articles) == sum(one["rows"] for one in plain["sources"])
    assert {one["source"] for one in plain["sources"]} == {row["source"] for row in articles}


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda raw: raw[: len(raw) // 2], "the baseline is damaged"),
        (lambda raw: b"", "the baseline is damaged"),
        (lambda raw: b"\xff\xfe\x00", "the baseline is damaged"),
        (lambda raw: b"[" * 100_000, "the baseline is damaged"),
        (lambda raw: b"[]", "is no baseline"),
        (lambda raw: raw.replace(b'"version": 1', b'"version": 7'), "is a baseline of version 7"),
        (lambda raw: raw.replace(b'"mismatch": ', b'"mismatch": -'), "the baseline is damaged"),
        (lambda raw: raw.replace(b'"rows": 800', b'"rows": 900'), "the baseline is damaged"),
        (lambda raw: raw.replace(b'"other_sources"', b'"others"'), "the baseline is damaged"),
    ],
)
def test_a_damaged_baseline_is_one_line(
    invoke: Any,
    tmp_path: Path,
    write_rows: Callable[..., Path],
    model_path: Path,
    damage: Callable[[bytes], bytes],
    words: str,
) -> None:
    source, kept = write_rows(tmp_path / "in.jsonl", feed({"a": [0.1], "b": [0.1]})), tmp_path / "baseline.json"
    invoke("sources", source, "--save-baseline", kept, "--model", model_path)
    kept.write_bytes(damage(kept.read_bytes()))
    ended = invoke("sources", source, "--baseline", kept, "--model", model_path)
    assert ended.code == 2
    assert len(ended.said) == 1 and words in ended.said[0]
    assert ended.out == b""


def test_no_rows_are_no_baseline(invoke: Any, tmp_path: Path, model_path: Path) -> None:
    (tmp_path / "in.jsonl").touch()
    ended = invoke("sources", tmp_path / "in.jsonl", "--save-baseline", tmp_path / "baseline.json", "--model", model_path)
    assert ended.code == 2
    assert "there are no rows, which is no baseline" in ended.said[-1]
    assert not (tmp_path / "baseline.json").exists()


def test_a_baseline_is_not_written_over_itself(
    invoke: Any, tmp_path: Path, write_rows: Callable[..., Path], model_path: Path
) -> None:
    source, kept = write_rows(tmp_path / "in.jsonl", feed({"a": [0.1]})), tmp_path / "baseline.json"
    invoke("sources", source, "--save-baseline", kept, "--model", model_path)
    before = kept.read_bytes()
    ended = invoke("sources", source, "--baseline", kept, "--save-baseline", kept, "--model", model_path)
    assert ended.code == 2
    assert "names the baseline" in ended.said[-1]
    assert kept.read_bytes() == before
    assert invoke("sources", source, "--baseline", tmp_path / "none.json", "--model", model_path).code == 2


def test_a_source_that_can_be_judged_less_is_named(
    invoke: Any, tmp_path: Path, write_rows: Callable[..., Path], model_path: Path
) -> None:
    kept, rows = tmp_path / "baseline.json", feed({"a": [0.0], "b": [0.0]})
    invoke("sources", write_rows(tmp_path / "old.jsonl", rows), "--save-baseline", kept, "--model", model_path)
    for row in rows[1:500:2]:
        row |= {
            "mismatch_verdict": "unscorable",
            "mismatch_probability": None,
            "mismatch_reasons": ["body_boilerplate:consent"],
        }
    ended = invoke("sources", write_rows(tmp_path / "new.jsonl", rows), "--baseline", kept, "--model", model_path)
    assert "b: 62 % cannot be judged, 0.00 % before. The body is no article but a cookie notice." in ended.out.decode()


def test_doubtful_rows_of_one_source_are_named_though_none_is_flagged(
    invoke: Any, tmp_path: Path, write_rows: Callable[..., Path], model_path: Path
) -> None:
    rows = feed({"a": [0.0], "b": [0.0], "c": [0.0]})
    for row in rows[0:300:12]:
        row |= {"mismatch_verdict": "unsure", "mismatch_probability": 0.3, "mismatch_reasons": ["weak_overlap"]}
    ended = invoke("sources", write_rows(tmp_path / "in.jsonl", rows), "--model", model_path)
    assert "a: 6.2 % flagged or unsure, 0.00 % elsewhere." in ended.out.decode()


def test_however_many_sources_there_are_memory_is_bounded_and_no_row_is_lost() -> None:
    counts = SourceCounts(max_sources=100)
    for k in range(100):
        names = pa.array([f"s{100 * k + i}" for i in range(90)] + ["Big"] * 10)
        numbers = np.array([VERDICTS.index("match")] * 95 + [VERDICTS.index("mismatch")] * 5, np.int8)
        counts.add(names, numbers, pa.array([[]] * 95 + [["weak_overlap"]] * 5, pa.list_(pa.string())), 100 * k + 1, None)
    report = report_on(counts)
    assert len(report.sources) <= 200
    assert report.sources[0].of.name == "Big"
    assert report.sources[0].of.rows == 1_000
    assert report.others.rows + sum(one.of.rows for one in report.sources) == report.whole.of.rows == 10_000
    assert report.n_others >= 8_000


def test_equally_ranked_sources_come_in_the_order_of_the_alphabet_however_they_arrived() -> None:
    for names in (["b.example", "c.example", "a.example"], ["c.example", "a.example", "b.example"]):
        counts = SourceCounts()
        for name in names:
            numbers = np.array([MISMATCH, MATCH, MATCH], np.int8)
            counts.add(pa.array([name] * 3), numbers, pa.array([["weak_overlap"]] * 3), counts.whole.rows + 1, None)
        assert [one.of.name for one in report_on(counts).sources] == ["a.example", "b.example", "c.example"]


def test_names_of_sources_are_harmless_on_a_terminal(
    invoke: Any, tmp_path: Path, write_rows: Callable[..., Path], model_path: Path
) -> None:
    rows = feed({"\x1b[31m[bold]x": [0.5], "b": [0.0], "c": [0.0]})
    ended = invoke("sources", write_rows(tmp_path / "in.jsonl", rows), "--model", model_path)
    assert b"\x1b" not in ended.out
    assert b"[bold]x" in ended.out


def test_a_gate_counts_spellings_together(
    invoke: Any, tmp_path: Path, articles: list[dict[str, str]], model_path: Path
) -> None:
    rows = [
        dict(row, source=(" Daily  FERRY", "daily ferry", "www.a.example", "A.example")[k % 4])
        for k, row in enumerate(articles)
    ]
    path = tmp_path / "in.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    plain = json.loads(invoke("gate", path, "--json", "--model", model_path).out)
    assert {one["source"]: one["rows"] for one in plain["sources"]} == {
        "Daily  FERRY": len(rows) // 2, "www.a.example": len(rows) // 2,
    }  # fmt: skip
