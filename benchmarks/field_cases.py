"""What the model says of faults that people who scrape news have reported: small inputs, each with its right verdicts.

Every row is judged by itself, with the model as it is. The cases are no part of the project: `--folder` names the folder of
`given.jsonl`, by default `field` beside the corpora.

python -m benchmarks.field_cases
python -m benchmarks.field_cases --only echoed-title --misses
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import corpora
from benchmarks.results import Result, Table, share
from benchmarks.running import model_name, model_of, options_of, start
from mismatch.judging.scorer import Scorer
from mismatch.judging.verdicts import Verdict

FILE = "given.jsonl"
FOLDER = corpora.ROOT.parent / "field"


class Judged(NamedTuple):
    """One row and its verdict."""

    row: dict[str, Any]
    verdict: Verdict
    is_right: bool
    """one of the ideal verdicts, and that of the row which it must be the same as"""

    @property
    def flags_a_right_pair(self) -> bool:
        return self.verdict.verdict == "mismatch" and "mismatch" not in self.row["ideal"]

    @property
    def passes_a_wrong_pair(self) -> bool:
        return self.verdict.verdict == "match" and "match" not in self.row["ideal"]

    @property
    def names_the_reason(self) -> bool | None:
        """None where no reason is wanted, or the verdict is another one than that which it is the reason for."""
        wanted = self.row.get("ideal_reason")
        return bool(set(wanted) & set(self.verdict.reasons)) if wanted and self.is_right else None


def run(given: argparse.Namespace) -> Result:
    if not (given.folder / FILE).is_file():
        sys.exit(f"no field cases: there is no {given.folder / FILE}; --folder names the folder that holds it")
    lines = (given.folder / FILE).read_text(encoding="utf-8").split("\n")
    rows = [json.loads(line) for line in lines if line.strip()][: given.limit]
    judged = [one for one in judge(rows, Scorer(model_of(given))) if not given.only or one.row["case"] in given.only]
    result = Result("field_cases", "Faults reported from the field", {"model": model_name(given), "limit": given.limit})
    columns = ["rows", "right", "share", "right pairs flagged", "wrong pairs passed", "reason named"]
    languages, cases = Table("By language", ["language", *columns]), Table("By case", ["case", *columns])
    languages.add("English", *_figures(one for one in judged if one.row["lang"] == "en"))
    languages.add("others", *_figures(one for one in judged if one.row["lang"] != "en"))
    languages.add("all", *_figures(judged))
    for case in dict.fromkeys(one.row["case"] for one in judged):
        cases.add(case, *_figures(one for one in judged if one.row["case"] == case))
    cases.notes = [
        "Flagged: called mismatch where that is wrong. Passed: called match where that is wrong.",
        "Reasons that only commands on whole files give (repeated_body) are never named here.",
    ]
    result.tables += [languages, cases]
    if given.misses:
        result.tables.append(_misses(judged))
    return result


def judge(rows: list[dict[str, Any]], scorer: Scorer) -> list[Judged]:
    """The rows with their verdicts, in their order."""
    verdicts = scorer.verdicts([row["title"] for row in rows], [row["body"] for row in rows])
    known = {row["id"]: verdict for row, verdict in zip(rows, verdicts, strict=True)}

    def is_right(row: dict[str, Any], verdict: Verdict) -> bool:
        other = known.get(row.get("same_as", row["id"]), verdict)
        same = (other.verdict, other.probability) == (verdict.verdict, verdict.probability)
        return verdict.verdict in row["ideal"] and same

    return [Judged(row, verdict, is_right(row, verdict)) for row, verdict in zip(rows, verdicts, strict=True)]


def _figures(judged: Iterable[Judged]) -> list[str | int | None]:
    """The cells of one line."""
    some = list(judged)
    n_right = sum(one.is_right for one in some)
    reasons = [one.names_the_reason for one in some if one.names_the_reason is not None]
    return [
        len(some), n_right, share(n_right / len(some), 0) if some else None,
        sum(one.flags_a_right_pair for one in some) or None, sum(one.passes_a_wrong_pair for one in some) or None,
        f"{sum(reasons)} of {len(reasons)}" if reasons else None,
    ]  # fmt: skip


def _misses(judged: list[Judged]) -> Table:
    table = Table("Rows that are not right", ["row", "right would be", "verdict", "probability", "reasons"])
    for one in judged:
        if not one.is_right:
            wanted = ", ".join(one.row["ideal"]) + (f", as {one.row['same_as']}" if one.row.get("same_as") else "")
            probability = None if one.verdict.probability is None else f"{one.verdict.probability:.3f}"
            table.add(one.row["id"], wanted, one.verdict.verdict, probability, ", ".join(one.verdict.reasons) or None)
    return table


if __name__ == "__main__":
    parser = options_of(__doc__)
    parser.add_argument("--folder", type=Path, default=FOLDER, help=f"folder of {FILE}")
    parser.add_argument("--misses", action="store_true", help="list the rows that are not right")
    start(parser, run, needs_corpora=False)
