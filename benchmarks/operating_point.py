"""What the model's own cut does on real pairs: how many are flagged, and how many random swaps it finds.

And what `mismatch calibrate` makes of it: the cut set on one half of a corpus, measured on the other.

python -m benchmarks.operating_point
python -m benchmarks.operating_point --only reuters --strongest 30     # to read them
labels/reuters.json: {"id": true, "other id": false}                   # true: a mismatch indeed
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import pyarrow as pa

from benchmarks import corpora, ranking
from benchmarks.results import Plot, Result, Table, share
from benchmarks.running import chosen, model_name, model_of, options_of, start, table_of
from mismatch import MismatchError, Scorer
from mismatch.evaluation.operating_point import Promise, calibrate
from mismatch.judging.swaps import Pairs
from mismatch.model.model import Model
from mismatch.records.output.outside_text import safe
from mismatch.training.pairs import group_folds

LABELS = Path(__file__).parent / "labels"
_BODY_SHOWN = 300
PROMISE = Promise(max_false_flags=0.01, confidence=0.95)


def run(given: argparse.Namespace) -> Result:
    result = Result(
        "operating_point",
        "What the starter flags as it is",
        {"model": model_name(given), "seed": given.seed, "limit": given.limit},
    )
    model = model_of(given)
    scorer = Scorer(model)
    result.settings["promise"] = model.calibration.promise or None
    table = Table(
        "Verdicts on real pairs, and on random swaps of them",
        ["corpus", "pairs", "flagged", "unsure", "unscorable", "swaps flagged", "swaps unsure", "true among the labelled"],
    )
    names, flagged_shares, found_shares = [], [], []
    for name in chosen(corpora.names(), given):
        data = table_of(name, given.limit)
        scored = scorer.score_table(data.select(["title", "body"]))
        verdicts = np.array(scored["mismatch_verdict"].to_pylist(), object)
        parts = [float((verdicts == verdict).mean()) for verdict in ("mismatch", "unsure", "unscorable")]
        swapped = swapped_verdicts(scorer, data, model, given.seed)
        found, unsure = (None, None) if swapped is None else (float((swapped == v).mean()) for v in ("mismatch", "unsure"))
        table.add(
            name,
            f"{len(verdicts):,}",
            *(share(part, 2) for part in parts),
            share(found),
            share(unsure),
            labelled(name, data, verdicts),
        )
        names.append(name)
        flagged_shares.append(parts[0])
        found_shares.append(found)
        if given.strongest:
            show(name, data, scored, given.strongest)
    if names:
        known = [f for f in found_shares if f is not None]
        table.add(
            "mean",
            None,
            share(float(np.mean(flagged_shares)), 2),
            None,
            None,
            share(float(np.mean(known))) if known else None,
            None,
            None,
        )
    table.notes = [
        "Swaps are made of the pairs that get a verdict, without duplicates. Many of the flagged real pairs "
        "are true mismatches: the last column counts those that were read (true of read).",
    ]
    result.tables.append(table)
    result.tables.append(after_calibration(model, given))
    result.plots.append(
        Plot(
            "operating_point",
            "Real pairs flagged",
            "bars",
            "share of the pairs",
            names,
            {"flagged": list(flagged_shares)},
            percent=True,
        )
    )
    result.plots.append(
        Plot(
            "operating_point_found",
            "Random swaps flagged",
            "bars",
            "share of the swaps",
            names,
            {"found": found_shares},
            percent=True,
        )
    )
    return result


def after_calibration(model: Model, given: argparse.Namespace) -> Table:
    """The same figures with the cut set on the other half, no body on both sides."""
    words = f"{PROMISE.max_false_flags:.0%} with confidence {PROMISE.confidence:.0%}"
    table = Table(
        f"The same after mismatch calibrate on a random half, without labels, for {words}; measured on the rest",
        ["corpus", "calibrated on", "pairs", "flagged", "unsure", "swaps flagged", "swaps flagged before"],
    )
    found_shares = []
    for name in chosen(corpora.names(), given):
        data = table_of(name, given.limit)
        groups = Pairs.from_columns(data["title"], data["body"]).body_groups
        folds = group_folds(groups, 2, np.random.default_rng(given.seed))
        first, rest = (data.filter(pa.array(folds == fold)) for fold in (0, 1))
        try:
            calibrated = calibrate(model, first, PROMISE).model
        except MismatchError as error:
            table.notes.append(f"{name} was left out: {error}")
            continue
        verdicts = np.array(
            Scorer(calibrated).score_table(rest.select(["title", "body"]))["mismatch_verdict"].to_pylist(), object
        )
        swapped = [swapped_verdicts(Scorer(some), rest, some, given.seed) for some in (calibrated, model)]
        found, before = (None if some is None else float((some == "mismatch").mean()) for some in swapped)
        flagged, unsure = (share(float((verdicts == verdict).mean()), 2) for verdict in ("mismatch", "unsure"))
        table.add(name, f"{first.num_rows:,}", f"{rest.num_rows:,}", flagged, unsure, share(found), share(before))
        if found is not None:
            found_shares.append((found, before))
    if found_shares:
        means = np.mean(np.array(found_shares, float), axis=0).tolist()
        table.add("mean", None, None, None, None, *(share(mean) for mean in means))
    table.notes.append("The promise is on genuine pairs; the flagged share counts the wrong pairs of the corpus too.")
    return table


def swapped_verdicts(scorer: Scorer, data: pa.Table, model: object, seed: int) -> np.ndarray | None:
    """Verdicts on titles over bodies of others."""
    pairs = ranking.draw_pairs(data, model, seed=seed)  # type: ignore[arg-type]
    if pairs is None:
        return None
    titles, bodies = data["title"].take(pa.array(pairs.left)), data["body"].take(pa.array(pairs.right))
    scored = scorer.score_table(pa.table({"title": titles, "body": bodies}))
    return np.array(scored["mismatch_verdict"].to_pylist(), object)


def labelled(name: str, data: pa.Table, verdicts: np.ndarray) -> str | None:
    """Of the flagged pairs that were read, how many are mismatches indeed; None if none was read."""
    path = LABELS / f"{name}.json"
    if not path.is_file():
        return None
    labels: dict[str, bool] = json.loads(path.read_text(encoding="utf-8"))
    read = [
        labels[key]
        for key, verdict in zip(identifiers(data), verdicts, strict=True)
        if verdict == "mismatch" and key in labels
    ]
    return f"{sum(read)} of {len(read)}" if read else None


def identifiers(data: pa.Table) -> list[str]:
    """The id of each row; where the corpus has none, `row:` and its number from 1."""
    return [str(key) if key is not None else f"row:{i + 1}" for i, key in enumerate(data["id"].to_pylist())]


def show(name: str, data: pa.Table, scored: pa.Table, n: int) -> None:
    """Prints the flags that the model is surest of."""
    probability = np.array([-1.0 if p is None else p for p in scored["mismatch_probability"].to_pylist()])
    flagged = np.array([verdict == "mismatch" for verdict in scored["mismatch_verdict"].to_pylist()])
    keys = identifiers(data)
    for i in np.argsort(-np.where(flagged, probability, -1), kind="stable")[: min(n, int(flagged.sum()))].tolist():
        source = data["source"][i].as_py()
        reasons = ", ".join(scored["mismatch_reasons"][i].as_py())
        print(f"\n{name} {safe(keys[i])}  {probability[i]:.4f}  {reasons}  {safe(source or '')}")
        print(f"  {safe(data['title'][i].as_py() or '', 200)}")
        print(f"  {safe(data['body'][i].as_py() or '', _BODY_SHOWN)}")


if __name__ == "__main__":
    parser = options_of(__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--strongest", type=int, default=0, metavar="N", help="print the N strongest flags of each corpus")
    start(parser, run)
