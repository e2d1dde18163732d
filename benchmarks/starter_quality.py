"""The starter as it is, on archives it has not seen, beside all-MiniLM-L6-v2 on the same pairs.

python -m benchmarks.minilm            # once; or --embed here
python -m benchmarks.starter_quality
"""

from __future__ import annotations

import argparse
import json

import numpy as np
import pyarrow as pa

from benchmarks import corpora, minilm, ranking
from benchmarks.operating_point import LABELS, identifiers
from benchmarks.ranking import DrawnPairs, Figures
from benchmarks.results import Plot, Result, Table, share
from benchmarks.running import chosen, model_name, model_of, options_of, start, table_of
from mismatch.model.model import Model

LABELLED = "fnc1_train"
ENGLISH = (*corpora.ENGLISH, LABELLED)
SEEN = ("allsides",)
"""what the starter was made from"""
SWAPS = {"random swaps": False, "same-topic swaps": True}
FIGURES = ["R@1%", "R@0.1%", "AUROC"]


def run(given: argparse.Namespace) -> Result:
    result = Result(
        "starter_quality",
        "The starter on archives it has not seen",
        {"model": model_name(given), "swaps of each title": ranking.SWAPS, "seed": given.seed, "limit": given.limit},
    )
    model = model_of(given)
    english(result, model, given)
    others(result, model, given)
    return result


def english(result: Result, model: Model, given: argparse.Namespace) -> None:
    """Beside MiniLM's cosine of title and body."""
    table = Table(
        "English archives, the starter beside MiniLM",
        ["corpus", "swaps", "matched", *(f"{figure}, {who}" for who in ("starter", "MiniLM") for figure in FIGURES)],
    )
    both: dict[str, tuple[list[Figures], list[Figures]]] = {kind: ([], []) for kind in SWAPS}
    genuine_only: tuple[list[Figures], list[Figures]] = [], []
    plotted: dict[str, tuple[Figures, Figures | None]] = {}
    for name in chosen(ENGLISH, given):
        cached = (corpora.CACHE / f"minilm_{name}.npz").is_file() or given.embed
        vectors = minilm.embeddings(name) if cached else None
        if vectors is None:
            table.notes.append(
                f"{name}: not embedded yet, so without MiniLM and not in the means (python -m benchmarks.minilm {name})."
            )
        for kind, same_topic in SWAPS.items():
            if name == LABELLED:
                pairs = None if same_topic else ranking.labelled_pairs(corpora.read_all(name))
            else:
                pairs = ranking.draw_pairs(table_of(name, given.limit), model, same_topic=same_topic, seed=given.seed)
            if pairs is None:
                continue
            own = pairs.figures(model)
            rival = cosine_figures(pairs, *vectors) if vectors else None
            if not same_topic:
                plotted[name] = own, rival
            if rival is not None:
                both[kind][0].append(own)
                both[kind][1].append(rival)
            words = "none: its labels" if name == LABELLED else kind
            table.add(name, words, f"{own.matched:,}", *cells(own), *(cells(rival) if rival else [None] * 3))
            wrong = known_wrong(name, pairs.table)
            if not same_topic and wrong.any():
                genuine = pairs.without(wrong)
                own = genuine.figures(model)
                rival = cosine_figures(genuine, *vectors) if vectors else None
                table.add(
                    f"{name} without {int(wrong.sum())} that are wrong", kind, f"{own.matched:,}",
                    *cells(own), *(cells(rival) if rival else [None] * 3),
                )  # fmt: skip
            if not same_topic and rival is not None:
                genuine_only[0].append(own)
                genuine_only[1].append(rival)
    for kind, (starters, rivals) in both.items():
        if starters:
            table.add(f"mean of {len(starters)}", kind, None, *cells(ranking.mean(starters)), *cells(ranking.mean(rivals)))
    if genuine_only[0]:
        means = [ranking.mean(part) for part in genuine_only]
        name = f"mean of {len(genuine_only[0])} without wrong ones"
        table.add(name, "random swaps", None, *cells(means[0]), *cells(means[1]))
    table.notes.append(
        "Wrong pairs: of the twenty worst by each of the two models, those that a reader found to be no pairs "
        "(benchmarks/labels)."
    )
    table.notes.append(
        "FNC-1 (training part) has 300 stories told by 1,683 bodies, so that swaps would often be of one story: its own "
        "unrelated pairs are taken instead."
    )
    table.notes.append(
        "MiniLM reads the first 256 word pieces of a body. Same-topic swaps where the archive names topics; the others have "
        "random swaps only."
    )
    result.tables.append(table)
    result.plots.append(
        Plot(
            "starter_quality",
            "Mismatches found at 1 % false flags, untouched models",
            "bars",
            "share of random swaps found",
            list(plotted),
            {
                "starter": [own.recall_1 for own, _ in plotted.values()],
                "MiniLM": [rival.recall_1 if rival else None for _, rival in plotted.values()],
            },
            percent=True,
        )
    )


def known_wrong(name: str, table: pa.Table) -> np.ndarray:
    """Rows that reading showed to be no pairs, bool of shape (n_rows,)."""
    path = LABELS / f"{name}.json"
    labels: dict[str, bool] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return np.array([labels.get(key, False) for key in identifiers(table)], bool)


def others(result: Result, model: Model, given: argparse.Namespace) -> None:
    """All other corpora, most of them in other languages."""
    table = Table(
        "The other archives, the starter alone",
        ["corpus", "matched", *(f"{figure}, {kind}" for kind in SWAPS for figure in FIGURES)],
    )
    found = []
    for name in chosen([n for n in corpora.names() if n not in ENGLISH], given):
        cells_of_row: list[str | None] = []
        matched = 0
        for same_topic in SWAPS.values():
            pairs = ranking.draw_pairs(table_of(name, given.limit), model, same_topic=same_topic, seed=given.seed)
            figures = pairs.figures(model) if pairs else None
            cells_of_row += cells(figures) if figures else [None] * 3
            if figures and not same_topic:
                matched = figures.matched
                if name not in SEEN:
                    found.append(figures)
        table.add(f"{name} (the starter learned from it)" if name in SEEN else name, f"{matched:,}", *cells_of_row)
    if found:
        table.add(f"mean of the {len(found)} not seen", None, *cells(ranking.mean(found)), *[None] * 3)
    result.tables.append(table)


def cosine_figures(pairs: DrawnPairs, titles: np.ndarray, bodies: np.ndarray) -> Figures:
    """Of minus the cosine of the embeddings, whose rows are those of the corpus."""

    def scores(left: np.ndarray, right: np.ndarray) -> np.ndarray:
        return -np.einsum("ij,ij->i", titles[left].astype(np.float32), bodies[right].astype(np.float32)).astype(np.float64)

    return ranking.figures(scores(pairs.rows, pairs.rows), scores(pairs.left, pairs.right))


def cells(figures: Figures) -> list[str | None]:
    return [share(figures.recall_1), share(figures.recall_01), f"{figures.auroc:.4f}"]


if __name__ == "__main__":
    parser = options_of(__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--embed", action="store_true", help="embed with MiniLM what is not cached (slow)")
    start(parser, run)
