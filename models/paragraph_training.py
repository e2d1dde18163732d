"""Learns what tells a foreign paragraph, without labels: paragraphs of other articles are planted into ordinary ones.

Needed only to build a model; `paragraphs` judges with it. The run head learns from runs that lie in a planted paragraph
against all others, the body head from planted bodies against untouched ones, both out of fold: articles are halved, and
each half is judged by heads that learned from the other. Part of the articles is read without term vectors and part without
IDF, so that the heads can do with languages that the lexicon does not know.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mismatch.paragraphs.paragraph_model import N_BODY_FEATURES, Measured, ParagraphModel, measure
from mismatch.terms.document_frequency import Counts
from mismatch.terms.lexicon import Lexicon
from mismatch.terms.text_buffers import text_buffers
from mismatch.training.forests import as_forest
from models.planting import in_pieces, pieces, planted, random_donors, same_topic_donors

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingClassifier

MOST_BODIES = 6000
"""of a table, with the whole lexicon"""
MOST_PARTIAL = 1500
"""of the first table, without vectors, and as many without IDF"""
MOST_SHORT = 3000
"""of the first table, cut to `SHORT` paragraphs: an archive may have long articles only"""
SHORT = (4, 10)
FALSE_FLAGS = 0.008
"""share of the untouched bodies above the cut, out of fold"""
MIN_TOPICS = 3
MIN_ARTICLES = 20
_INSIDE, _OF_PLANTED, _TOUCHED = 0.75, 0.4, 0.1
"""a run is foreign when that much of it is planted and it has that much of what is; and neither with more than the last"""
_KEPT_RUNS = 0.2
"""share of the runs of one's own that are learned from"""
_FOREIGN_WEIGHT = 0.2
"""of all foreign runs, where all others weigh 1"""
_RUN_TREES, _RUN_LEAVES = 120, 16
_BODY_TREES, _BODY_LEAVES = 60, 8


def fit_paragraphs(
    tables: Sequence[pa.Table], lexicon: Lexicon, *, seed: int = 0, progress: Callable[[str], None] | None = None
) -> ParagraphModel:
    """Learns from ordinary articles.

    Parameters
    ----------
    tables
        Each with the columns title and body and, if known, topic; each of one language, since a table's paragraphs are
        planted into its own bodies. The cut is set on the first.
    lexicon
        That of the model which the part is for.

    Raises
    ------
    ValueError
        If the first table has fewer than `MIN_ARTICLES` articles.
    """
    if tables[0].num_rows < MIN_ARTICLES:
        raise ValueError(f"foreign paragraphs are learned from at least {MIN_ARTICLES} articles")
    rng, parts = random.Random(seed), []
    nothing = Counts(np.zeros(0, np.uint64), np.zeros(0), lexicon.terms.n_documents)
    without_vectors = Lexicon(lexicon.terms, lexicon.stems)
    for number, table in enumerate(tables):
        if table.num_rows < MIN_ARTICLES:
            continue
        if progress is not None:
            progress(f"foreign paragraphs: table {number + 1} of {len(tables)}")
        parts.append(_Examples.make(table, lexicon, MOST_BODIES, rng, number == 0))
        if number:
            continue
        parts.append(_Examples.make(_shortened(table, rng), lexicon, MOST_SHORT, rng, False))
        for partial in (without_vectors, Lexicon(nothing, nothing)):
            parts.append(_Examples.make(table, partial, MOST_PARTIAL, rng, False))
    half = np.concatenate([part.articles % 2 for part in parts])
    features, labels, weights, halves = _runs_to_learn(parts, np.random.default_rng(seed))
    out_of_fold = [_fit_runs(features[halves != h], labels[halves != h], weights[halves != h], seed) for h in (0, 1)]
    described = np.concatenate([part.describe(out_of_fold) for part in parts])
    is_planted = np.concatenate([part.planted for part in parts])
    for_cut = np.concatenate([np.full(len(part.planted), part.for_cut) for part in parts])
    usable = ~np.isnan(described[:, 0])
    log_odds = np.full(len(described), np.nan)
    for h in (0, 1):
        learned, judged = usable & (half != h), usable & (half == h)
        head = _fit_bodies(described[learned], is_planted[learned], seed)
        log_odds[judged] = as_forest(head).predict(described[judged])
    clean, dirty = (log_odds[usable & for_cut & (is_planted == planted)] for planted in (0, 1))
    cut = float(np.quantile(clean, 1 - FALSE_FLAGS))
    figures = {
        "auroc": _auroc(clean, dirty),
        "false_flags": float((clean > cut).mean()),
        "recall": float((dirty > cut).mean()),
        "articles": float(len(clean)),
    }
    runs = as_forest(_fit_runs(features, labels, weights, seed))
    bodies = as_forest(_fit_bodies(described[usable], is_planted[usable], seed))
    return ParagraphModel(runs, bodies, cut, figures)


class _Examples:
    """The bodies of one table, untouched and planted, measured."""

    def __init__(self, measured: list[tuple[Measured, NDArray[np.int64], NDArray[np.int64], int]], for_cut: bool) -> None:
        self._measured = measured
        """measured bodies, labels of their runs (-1 for neither), articles, whether planted"""
        self.for_cut = for_cut
        self.articles = np.concatenate([articles for _, _, articles, _ in measured])
        self.planted = np.concatenate([np.full(len(articles), is_planted) for _, _, articles, is_planted in measured])

    @classmethod
    def make(cls, table: pa.Table, lexicon: Lexicon, most: int, rng: random.Random, for_cut: bool) -> _Examples:
        rows = [row for row in rng.sample(range(table.num_rows), table.num_rows) if table["body"][row].as_py()][:most]
        chosen = table.take(rows)
        titles, bodies = ([text or "" for text in chosen[name].to_pylist()] for name in ("title", "body"))
        numbers = np.arange(len(rows))
        clean = _measured(titles, [in_pieces(body) for body in bodies], lexicon)
        measured = [(clean, np.zeros(len(clean.runs), np.int64), numbers, 0)]
        kinds = [random_donors(len(rows), rng)]
        topics = chosen["topic"].to_pylist() if "topic" in chosen.column_names else []
        if len({topic for topic in topics if topic is not None}) >= MIN_TOPICS:
            kinds.append(same_topic_donors(topics, rng))
        for donors in kinds:
            made = [(i, planted(bodies[i], bodies[d], rng)) for i, d in enumerate(donors) if d is not None]
            kept = [(i, one) for i, one in made if one is not None]
            if not kept:
                continue
            dirty = _measured([titles[i] for i, _ in kept], [one.body for _, one in kept], lexicon)
            places = np.array([(one.start, one.stop) for _, one in kept], np.int64)[dirty.bodies]
            measured.append((dirty, run_labels(dirty.runs, places), np.array([i for i, _ in kept]), 1))
        return cls(measured, for_cut)

    def to_learn(self, rng: np.random.Generator) -> list[tuple[NDArray[Any], ...]]:
        """Features, labels, weights and halves of the runs that are learned from."""
        out: list[tuple[NDArray[Any], ...]] = []
        for measured, labels, articles, _ in self._measured:
            keep = (labels == 1) | ((labels == 0) & (rng.random(len(labels)) < _KEPT_RUNS))
            owner = measured.bodies[keep]
            weight = 1.0 / measured.counts[owner, 0]  # every body weighs as much as any other
            out.append((measured.features[keep], labels[keep], weight, articles[owner] % 2))
        return out

    def describe(self, heads: Sequence[HistGradientBoostingClassifier]) -> NDArray[np.float32]:
        """The features of the bodies, each article's runs judged by the head of its half."""
        out = []
        for measured, _, articles, _ in self._measured:
            half = articles[measured.bodies] % 2
            log_odds = np.zeros(len(half))
            for h, head in enumerate(heads):
                log_odds[half == h] = as_forest(head).predict(measured.features[half == h])
            out.append(measured.describe(log_odds))
        return np.concatenate(out)


def _shortened(table: pa.Table, rng: random.Random) -> pa.Table:
    """The table with no more than the first few paragraphs of each body."""
    bodies = []
    for body in table["body"].to_pylist():
        separator, parts = pieces(body or "")
        bodies.append(separator.join(parts[: rng.randint(*SHORT)]))
    return table.set_column(table.column_names.index("body"), "body", pa.array(bodies, pa.large_string()))


def _measured(titles: list[str], bodies: list[str], lexicon: Lexicon) -> Measured:
    left, right = (text_buffers(pa.array(side, pa.large_string())) for side in (titles, bodies))
    return measure(left, right, lexicon)


def run_labels(runs: NDArray[np.int64], places: NDArray[np.int64]) -> NDArray[np.int64]:
    """1 for runs that lie in the planted paragraph at `places` (first byte, byte behind), -1 for what touches it, else 0."""
    shared = np.minimum(runs[:, 3], places[:, 1]) - np.maximum(runs[:, 2], places[:, 0])
    size = runs[:, 3] - runs[:, 2]
    foreign = (shared > _INSIDE * size) & (shared > _OF_PLANTED * (places[:, 1] - places[:, 0]))
    return np.where(foreign, 1, np.where(shared > _TOUCHED * size, -1, 0))


def _runs_to_learn(parts: list[_Examples], rng: np.random.Generator) -> list[NDArray[Any]]:
    features, labels, weights, halves = (
        np.concatenate(column) for column in zip(*(one for part in parts for one in part.to_learn(rng)), strict=True)
    )
    foreign = labels == 1
    weights[foreign] *= _FOREIGN_WEIGHT * weights[~foreign].sum() / weights[foreign].sum()
    return [features, labels, weights / weights.mean(), halves]


def _fit_runs(
    features: NDArray[np.float32], labels: NDArray[np.int64], weights: NDArray[np.float64], seed: int
) -> HistGradientBoostingClassifier:
    return _head(_RUN_TREES, _RUN_LEAVES, 100, seed).fit(features, labels, sample_weight=weights)


def _fit_bodies(features: NDArray[np.float32], labels: NDArray[np.int64], seed: int) -> HistGradientBoostingClassifier:
    """Monotone in the log-odds of the worst run; half of the weight on planted bodies."""
    weights = np.where(labels == 1, 1 / max(1, (labels == 1).sum()), 1 / max(1, (labels == 0).sum())) * len(labels)
    head = _head(_BODY_TREES, _BODY_LEAVES, 50, seed, [1] + [0] * (N_BODY_FEATURES - 1))
    return head.fit(features, labels, sample_weight=weights)


def _head(
    trees: int, leaves: int, least: int, seed: int, monotone: list[int] | None = None
) -> HistGradientBoostingClassifier:
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(
        max_iter=trees, max_leaf_nodes=leaves, learning_rate=0.1, min_samples_leaf=least, l2_regularization=1.0,
        monotonic_cst=monotone, early_stopping=False, random_state=seed,
    )  # fmt: skip


def _auroc(clean: NDArray[np.float64], dirty: NDArray[np.float64]) -> float:
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(np.r_[np.zeros(len(clean)), np.ones(len(dirty))], np.r_[clean, dirty]))
