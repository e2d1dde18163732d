"""Trained with labels: FNC-1, cross-validated by story, beside the starter as it is.

python -m benchmarks.labelled [--limit ROWS]
"""

from __future__ import annotations

import argparse

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from benchmarks import corpora
from benchmarks.results import Result, Table, share
from benchmarks.running import model_name, model_of, options_of, start
from mismatch import MismatchClassifier
from mismatch.judging.comparison import compare
from mismatch.model.recall import recall_at
from mismatch.training.labels import label_codes
from mismatch.training.pairs import group_folds

CORPUS, N_FOLDS = "fnc1_train", 5


def run(given: argparse.Namespace) -> Result:
    result = Result(
        "labelled",
        "Trained with labels",
        {"base": model_name(given), "corpus": CORPUS, "limit": given.limit, "seed": given.seed},
    )
    pairs = corpora.read_all(CORPUS).slice(0, given.limit)
    labels = label_codes(pairs["label"].to_pylist())
    titles, bodies = folds_by_story(pairs, labels, given.seed)
    starter = model_of(given)
    scores = np.full((2, len(labels)), np.nan)
    for fold in range(N_FOLDS):
        test = np.flatnonzero((titles == fold) & (bodies == fold))
        train = np.flatnonzero((titles != fold) & (bodies != fold))
        shown = pairs.take(pa.array(train)).select(["title", "body"])
        fitted = MismatchClassifier(base=starter, random_state=given.seed).fit(shown, labels[train])
        tested = pairs.take(pa.array(test))
        scores[0, test] = compare(starter, tested["title"], tested["body"]).log_odds
        scores[1, test] = fitted.decision_function(tested.select(["title", "body"]))
        print(f"fold {fold + 1}: {len(train):,} pairs to learn from, {len(test):,} to test on", flush=True)
    known = ~np.isnan(scores).any(axis=0)
    table = Table("Pairs of stories that the model has not seen", ["model", "pairs", "AUROC", "R@0.1%", "R@1%", "R@5%"])
    for name, of_model in zip(("the starter as it is", "trained with labels from it"), scores, strict=True):
        table.add(name, f"{int(known.sum()):,}", *figures(of_model[known], labels[known]))
    table.notes = [
        "A story is what related titles and bodies hold together, directly or through others. Unrelated pairs of two "
        "stories are used where both are on one side of the division."
    ]
    result.tables.append(table)
    return result


def folds_by_story(pairs: pa.Table, labels: NDArray[np.int64], seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The fold of each title and of each body, shape (n_pairs,)."""
    titles, bodies = (np.unique(pairs[name].to_pylist(), return_inverse=True)[1] for name in ("title", "body"))
    bodies = bodies + titles.max() + 1
    related = labels == 0
    n = int(bodies.max()) + 1
    linked = coo_array((np.ones(related.sum(), np.int8), (titles[related], bodies[related])), shape=(n, n))
    stories = connected_components(linked, directed=False)[1]
    of_story = np.full(n, -1, np.int64)
    of_story[stories[titles[related]]] = group_folds(stories[titles[related]], N_FOLDS, np.random.default_rng(seed))
    return of_story[stories[titles]], of_story[stories[bodies]]


def figures(scores: NDArray[np.float64], labels: NDArray[np.int64]) -> list[str]:
    from sklearn.metrics import roc_auc_score

    matched, mismatched = scores[labels == 0], scores[labels == 1]
    recalls = [share(recall_at(matched, mismatched, rate)) for rate in (0.001, 0.01, 0.05)]
    return [f"{roc_auc_score(labels, scores):.4f}", *recalls]


if __name__ == "__main__":
    parser = options_of(__doc__)
    parser.add_argument("--seed", type=int, default=0)
    start(parser, run)
