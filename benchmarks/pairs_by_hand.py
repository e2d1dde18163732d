"""Pairs that were written by hand for this purpose, judged one by one: nothing adapts the model.

python -m benchmarks.pairs_by_hand

`pairs_by_hand.jsonl` holds 40 wrong pairs and 40 right ones in 13 languages, as a scraper would bring them: matches,
storms, wire copy, live blogs, features, puns, lists. They were written before any of them was judged, and nothing is
trained on them.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from benchmarks.results import Result, Table
from benchmarks.running import model_name, model_of, options_of, start
from mismatch.judging.scorer import Scorer
from mismatch.judging.verdicts import Verdict

PATH = Path(__file__).parent / "pairs_by_hand.jsonl"
Row = dict[str, Any]


def run(given: argparse.Namespace) -> Result:
    result = Result("pairs_by_hand", "Pairs written by hand, one by one", {"model": model_name(given)})
    rows = read()
    verdicts = Scorer(model_of(given)).verdicts([row["title"] for row in rows], [row["body"] for row in rows])
    judged = list(zip(rows, verdicts, strict=True))
    result.tables += [_by_language(judged), _misses(judged)]
    return result


def read() -> list[Row]:
    """The pairs: id, lang, title, body, wrong (true or false), note (what is special)."""
    return [json.loads(line) for line in PATH.read_text(encoding="utf-8").splitlines()]


def _by_language(judged: list[tuple[Row, Verdict]]) -> Table:
    table = Table(
        "Wrong pairs found, right pairs flagged, by language",
        ["language", "wrong", "found", "unsure", "passed", "right", "flagged", "unsure", "passed"],
    )
    languages = list(dict.fromkeys(row["lang"] for row, _ in judged))
    for name, chosen in [*((name, {name}) for name in languages), ("all", set(languages))]:
        cells = []
        for wrong in (True, False):
            of_kind = [v.verdict for row, v in judged if row["lang"] in chosen and row["wrong"] is wrong]
            flagged, unsure = of_kind.count("mismatch"), of_kind.count("unsure")
            cells += [len(of_kind), flagged, unsure, len(of_kind) - flagged - unsure]
        table.add(name, *cells)
    table.notes = ["Passed are match and unscorable."]
    return table


def _misses(judged: list[tuple[Row, Verdict]]) -> Table:
    title = "Wrong pairs that are not flagged, and right ones that do not pass"
    table = Table(title, ["pair", "verdict", "probability", "title"])
    for row, verdict in judged:
        if verdict.verdict != ("mismatch" if row["wrong"] else "match"):
            probability = "–" if verdict.probability is None else f"{verdict.probability:.3f}"
            table.add(f"{row['id']} ({row['note']})", verdict.verdict, probability, row["title"][:60])
    return table


if __name__ == "__main__":
    start(options_of(__doc__), run, needs_corpora=False)
