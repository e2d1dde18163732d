"""Models trained without labels on a part of each corpus, tested on the rest; FNC-1 with labels; mismatches in the wild.

python -m benchmarks.detection [--only CORPUS…] [--parts corpora fnc1 natural]
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict

import numpy as np
import pyarrow as pa

from benchmarks import corpora, ranking
from benchmarks.ranking import Figures
from benchmarks.results import Plot, Result, Table, met, share
from benchmarks.running import chosen, model_name, model_of, options_of, start, table_of
from mismatch import MismatchClassifier, MismatchError, Scorer
from mismatch.evaluation.drawing import columns_of
from mismatch.judging.comparison import log_odds_of, prepared
from mismatch.judging.swaps import Pairs
from mismatch.model.model import Model
from mismatch.records.columns import ColumnChoice
from mismatch.records.tables import read_pairs
from mismatch.training.labels import label_codes
from mismatch.training.pairs import group_folds

PARTS = ("corpora", "fnc1", "natural")
N_FOLDS, TRAINED_FOLDS = 5, 3
WANTED_FNC1_AUROC, WANTED_FOUND, WANTED_FLAGGED = 0.995, 0.8, 0.01


def run(given: argparse.Namespace) -> Result:
    result = Result(
        "detection",
        "Detection",
        {"starter": model_name(given), "trained on": "60 %", "seed": given.seed, "limit": given.limit},
    )
    bases = {"fresh": None, "from the starter": model_of(given)}
    if "corpora" in given.parts:
        by_corpus(result, bases, given)
    if "fnc1" in given.parts:
        fnc1(result, bases, given)
    if "natural" in given.parts:
        natural(result, bases, given)
    return result


def halves(table: pa.Table, seed: int) -> tuple[pa.Table, pa.Table]:
    """60 % to learn from and the rest to test on; no body, nor a near-duplicate of it, on both sides."""
    groups = Pairs.from_columns(table["title"], table["body"]).body_groups
    folds = group_folds(groups, N_FOLDS, np.random.default_rng(seed))
    return table.filter(pa.array(folds < TRAINED_FOLDS)), table.filter(pa.array(folds >= TRAINED_FOLDS))


def by_corpus(result: Result, bases: dict[str, Model | None], given: argparse.Namespace) -> None:
    """Random swaps of the test part."""
    table = Table(
        "Trained without labels on 60 % of a corpus, tested on the rest against random swaps",
        [
            "corpus",
            "trained on",
            "tested on",
            *(f"{figure}, {base}" for base in bases for figure in ("AUROC", "R@1%", "R@0.1%")),
        ],
    )
    found: dict[str, list[Figures]] = defaultdict(list)
    names = []
    for name in chosen(corpora.names(), given):
        train, test = halves(table_of(name, given.limit), given.seed)
        row: list[str | None] = [name, f"{train.num_rows:,}", f"{test.num_rows:,}"]
        try:
            models = {
                words: MismatchClassifier(base=base, random_state=given.seed).fit(train).model_
                for words, base in bases.items()
            }
        except MismatchError as error:
            table.notes.append(f"{name} was left out: {error}")
            continue
        drawn = {words: ranking.draw_pairs(test, model, seed=given.seed) for words, model in models.items()}
        if any(pairs is None for pairs in drawn.values()):
            table.notes.append(f"{name} was left out: too few pairs to test on")
            continue
        names.append(name)
        for words, pairs in drawn.items():
            assert pairs is not None
            figures = pairs.figures(models[words])
            found[words].append(figures)
            row += [f"{figures.auroc:.4f}", share(figures.recall_1), share(figures.recall_01)]
        table.add(*row)
        print(*row, flush=True)
    if names:
        means = [ranking.mean(found[words]) for words in bases]
        table.add(
            "mean", None, None, *(cell for m in means for cell in (f"{m.auroc:.4f}", share(m.recall_1), share(m.recall_01)))
        )
    table.notes.append("With fewer than 1,000 pairs to test on, R@0.1% is what is found when no matched pair is flagged.")
    if "allsides" in names:
        table.notes.append(
            "allsides is one of the corpora that the starter was made from: that row, from the starter, saw its test part."
        )
    result.tables.append(table)
    result.plots.append(
        Plot(
            "detection",
            "Mismatches found at 1 % false flags, trained on 60 % of the corpus",
            "bars",
            "share of random swaps found",
            names,
            {words: [f.recall_1 for f in found[words]] for words in bases},
            percent=True,
        )
    )


def fnc1(result: Result, bases: dict[str, Model | None], given: argparse.Namespace) -> None:
    """Learned from labels, five folds by body, scores of all folds taken together."""
    data = read_pairs([corpora.path_of("fnc1_train")], columns=ColumnChoice())
    if given.limit is not None:  # the file is in the order of its bodies
        data = data.take(np.random.default_rng(given.seed).permutation(data.num_rows)[: given.limit])
    labels = label_codes(data["label"].to_pylist())
    folds = group_folds(
        Pairs.from_columns(data["title"], data["body"]).body_groups, N_FOLDS, np.random.default_rng(given.seed)
    )
    table = Table(
        "FNC-1 (training part) with its labels, cross-validated by body",
        ["", "pairs", "AUROC", "R@1%", "R@0.1%", "wanted AUROC", "met"],
    )
    for words, base in bases.items():
        scores = np.empty(len(labels))
        for fold in range(N_FOLDS):
            test = np.flatnonzero(folds == fold)
            train = pa.array(folds != fold)
            classifier = MismatchClassifier(base=base, random_state=given.seed).fit(
                data.filter(train), labels[folds != fold]
            )
            part = data.take(pa.array(test))
            rows, model = np.arange(len(test)), classifier.model_
            scores[test] = log_odds_of(model, prepared(model, *columns_of(part)), rows, rows)
        figures = ranking.figures(scores[labels == 0], scores[labels == 1])
        table.add(
            words,
            f"{len(labels):,}",
            f"{figures.auroc:.4f}",
            share(figures.recall_1),
            share(figures.recall_01),
            f"{WANTED_FNC1_AUROC}",
            met(figures.auroc >= WANTED_FNC1_AUROC),
        )
    result.tables.append(table)


def natural(result: Result, bases: dict[str, Model | None], given: argparse.Namespace) -> None:
    """Wrong pairs that readers found in the corpora, judged by a model trained on the corpus they stand in."""
    known: dict[str, set[str]] = defaultdict(set)
    for line in (corpora.ROOT / "natural_mismatches.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row["kind"] == "wrong_article":
            known[row["corpus"]].add(str(row["id"]))
    table = Table(
        "Mismatches found in the wild, by a model trained without labels on the archive they stand in",
        [
            "corpus",
            "pairs",
            "known",
            *(f"{what}, {words}" for words in bases for what in ("known ones flagged", "all flagged")),
        ],
    )
    sums: dict[str, np.ndarray] = {words: np.zeros(4, int) for words in bases}
    for name in chosen(sorted(known), given):
        data = table_of(name, given.limit)
        wrong = np.array([identifier in known[name] for identifier in data["id"].to_pylist()])
        cells: list[str | None] = [name, f"{data.num_rows:,}", str(int(wrong.sum()))]
        for words, base in bases.items():
            classifier = MismatchClassifier(base=base, max_false_flags=WANTED_FLAGGED, random_state=given.seed).fit(data)
            scored = Scorer(classifier.model_).score_table(data.select(["title", "body"]))
            flagged = np.array([verdict == "mismatch" for verdict in scored["mismatch_verdict"].to_pylist()])
            sums[words] += [(flagged & wrong).sum(), wrong.sum(), flagged.sum(), len(flagged)]
            cells += [f"{(flagged & wrong).sum()} of {wrong.sum()}", share(flagged.mean(), 2)]
        table.add(*cells)
    totals: list[str] = []
    for words, (hits, there, flagged_all, rows) in sums.items():
        totals += [f"{hits} of {there}", share(flagged_all / max(1, rows), 2)]
        if there:
            good = hits / there >= WANTED_FOUND and flagged_all / rows < WANTED_FLAGGED
            table.notes.append(
                f"{words.capitalize()}: {share(hits / there)} of the known ones are flagged, "
                f"{share(flagged_all / rows, 2)} of all. "
                f"Wanted: at least {share(WANTED_FOUND, 0)}, under {share(WANTED_FLAGGED, 0)}: {met(good)}."
            )
    table.add("all", None, str(next(iter(sums.values()))[1]), *totals)
    table.notes.append(f"Trained with --max-false-flags {WANTED_FLAGGED}. What the starter saw of allsides, it learned.")
    table.notes.append("What is flagged beside the known ones is not all false: the list of known ones is a lower bound.")
    result.tables.append(table)


if __name__ == "__main__":
    parser = options_of(__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    start(parser, run)
