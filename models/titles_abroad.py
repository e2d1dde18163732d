"""How texts in two languages are compared: learned from headlines written in another language than their article."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mismatch.judging.comparison import VECTOR_SHARE, head_log_odds, prepared, vectors_width
from mismatch.model.across_languages import AcrossLanguages
from mismatch.model.model import Model

TITLES = Path(__file__).resolve().parent.parent / "training_data" / "titles_abroad"
SWAPS_OF_A_TITLE = 5
N_FOLDS = 5


class TitlesAbroad(NamedTuple):
    """Titles over bodies in other languages: the right ones, and others in the same language as the right one."""

    titles: list[str]
    bodies: list[str]
    languages: NDArray[np.str_]
    """of the bodies, shape (n_pairs,)"""
    labels: NDArray[np.int64]
    """1 for a wrong body, shape (n_pairs,)"""


def titles_abroad(articles: pa.Table, seed: int = 0) -> TitlesAbroad:
    """Each title over its body, and over `SWAPS_OF_A_TITLE` other bodies of that language; `articles` have id and body."""
    rng = np.random.default_rng(seed)
    body_of = dict(zip(articles["id"].to_pylist(), articles["body"].to_pylist(), strict=True))
    titles, bodies, languages, labels = [], [], [], []
    for path in sorted(TITLES.glob("*.tsv")):
        ids = sorted(name for name in body_of if name.startswith(f"{path.stem}-"))
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
                others = [name for name in ids if name != row["id"]]
                wrong = rng.choice(others, SWAPS_OF_A_TITLE, replace=False).tolist()
                titles += [row["title"]] * (1 + SWAPS_OF_A_TITLE)
                bodies += [body_of[name] for name in (row["id"], *wrong)]
                languages += [path.stem] * (1 + SWAPS_OF_A_TITLE)
                labels += [0] + [1] * SWAPS_OF_A_TITLE
    return TitlesAbroad(titles, bodies, np.array(languages), np.array(labels))


def learn_across_languages(model: Model, articles: pa.Table) -> tuple[AcrossLanguages, dict[str, float]]:
    """The comparison, and its figures on languages that the weights were not learned from.

    Parameters
    ----------
    articles
        Columns id, title and body, in several languages.
    """
    from sklearn.linear_model import LogisticRegression

    own_languages = np.array([name.split("-")[0] for name in articles["id"].to_pylist()])
    vectors, _, _ = _described(model, articles["title"].to_pylist(), articles["body"].to_pylist())
    units = vectors / np.maximum(np.linalg.norm(vectors, axis=2, keepdims=True), 1e-9)
    means = np.array([units[own_languages == name].mean(axis=0) for name in np.unique(own_languages)], np.float32)
    learned = AcrossLanguages(means[:, 0].mean(axis=0), means[:, 1], (0.0, 0.0, 0.0))

    pairs = titles_abroad(articles)
    vectors, log_odds, known = _described(model, pairs.titles, pairs.bodies)
    columns = np.column_stack([learned.cosines(vectors), log_odds])

    def fitted(rows: NDArray[np.bool_]) -> tuple[float, float, float]:
        head = LogisticRegression(class_weight="balanced").fit(columns[rows & known], pairs.labels[rows & known])
        return min(float(head.coef_[0, 0]), 0.0), max(float(head.coef_[0, 1]), 0.0), float(head.intercept_[0])

    out_of_fold = np.zeros(len(known))
    for fold in range(N_FOLDS):
        inside = np.isin(pairs.languages, np.unique(pairs.languages)[fold::N_FOLDS])
        out_of_fold[inside] = columns[inside] @ fitted(~inside)[:2] + fitted(~inside)[2]
    weights = fitted(np.ones(len(known), bool))
    return AcrossLanguages(learned.title_mean, learned.body_means, weights), _figures(
        out_of_fold[known], pairs.labels[known]
    )


def _described(
    model: Model, titles: list[str], bodies: list[str]
) -> tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.bool_]]:
    """Vectors, the log-odds of the head, and whether most terms of both sides have vectors."""
    assert model.lexicon.vectors is not None
    texts = prepared(model, pa.array(titles, pa.large_string()), pa.array(bodies, pa.large_string()))
    vectors = np.zeros((len(titles), 2, vectors_width(model)), np.float32)
    rows = np.arange(len(titles))
    log_odds, features = head_log_odds(model, texts, np.ones(len(titles), np.uint8), vectors, rows, rows)
    return vectors[:, :, : model.lexicon.vectors.size], log_odds, features[:, VECTOR_SHARE] > 0


def _figures(scores: NDArray[np.float64], labels: NDArray[np.int64]) -> dict[str, Any]:
    from sklearn.metrics import roc_auc_score

    from mismatch.model.recall import recall_at

    matched, mismatched = scores[labels == 0], scores[labels == 1]
    recalls = {f"recall_at_{rate:.0%}": round(recall_at(matched, mismatched, rate), 3) for rate in (0.01, 0.05)}
    return {"auroc": round(float(roc_auc_score(labels, scores)), 4), **recalls}
