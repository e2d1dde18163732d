"""How well a model tells matched pairs from mismatched ones: figures with their definitions."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mismatch.errors import InputError
from mismatch.head import score_pairs
from mismatch.model import Model
from mismatch.overlap import pair_features
from mismatch.pairs import Pairs, codes, derange

FALSE_FLAG_RATES = (0.001, 0.01, 0.05)
MIN_GROUP = 20


@dataclass(frozen=True)
class Figures:
    """What was measured on one set of pairs."""

    matched: int
    mismatched: int
    auroc: float
    average_precision: float
    recall_at: dict[str, float]
    """share of mismatches scored above all but 0.1 %, 1 %, 5 % of the matched pairs"""
    flagged_matched: float
    """share of matched pairs that the model's own cut flags"""
    flagged_mismatched: float
    unsure: float
    """share of all pairs on which the model abstains"""
    calibration_error: float
    """expected calibration error at even odds, 15 equal bins (Guo et al. 2017)"""


@dataclass(frozen=True)
class Evaluation:
    kind: str
    """labels, or random swaps"""
    overall: Figures
    groups: dict[str, dict[str, Figures]]
    """by source and by topic; same-topic swaps where topics are known"""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Scored:
    """Scores of pairs with the truth."""

    log_odds: NDArray[np.float64]
    labels: NDArray[np.int64]
    rows: NDArray[np.int64]
    """row of the title in the input"""


def recall_at(matched: NDArray[np.float64], mismatched: NDArray[np.float64], rate: float) -> float:
    """Share of mismatches that score above the (1 - rate) quantile of the matched pairs."""
    return float((mismatched > np.quantile(matched, 1 - rate)).mean())


def figures(model: Model, scored: Scored) -> Figures:
    """The figures of one set of scored pairs with both classes in it."""
    from sklearn.metrics import average_precision_score, roc_auc_score

    matched, mismatched = scored.log_odds[scored.labels == 0], scored.log_odds[scored.labels == 1]
    cut, unsure_cut = model.calibration.cut, model.calibration.unsure_cut
    return Figures(
        matched=len(matched),
        mismatched=len(mismatched),
        auroc=float(roc_auc_score(scored.labels, scored.log_odds)),
        average_precision=float(average_precision_score(scored.labels, scored.log_odds)),
        recall_at={f"{rate:g}": recall_at(matched, mismatched, rate) for rate in FALSE_FLAG_RATES},
        flagged_matched=float((matched > cut).mean()),
        flagged_mismatched=float((mismatched > cut).mean()),
        unsure=float(((scored.log_odds > unsure_cut) & (scored.log_odds <= cut)).mean()),
        calibration_error=calibration_error(model, scored),
    )


def calibration_error(model: Model, scored: Scored, n_bins: int = 15) -> float:
    """Expected calibration error of the probabilities at even odds, the classes weighted to equal size."""
    z = model.calibration.slope * scored.log_odds + model.calibration.intercept
    probability = 1 / (1 + np.exp(-np.clip(z, -60, 60)))
    labels = scored.labels
    weights = np.where(labels == 1, 0.5 / max(1, (labels == 1).sum()), 0.5 / max(1, (labels == 0).sum()))
    bins = np.minimum((probability * n_bins).astype(int), n_bins - 1)
    total = np.bincount(bins, weights, n_bins)
    mean_p = np.bincount(bins, weights * probability, n_bins)
    mean_y = np.bincount(bins, weights * labels, n_bins)
    return float(np.abs(mean_p - mean_y)[total > 0].sum())


def evaluate(model: Model, table: pa.Table, *, labels: NDArray[np.int64] | None = None, seed: int = 0) -> Evaluation:
    """Evaluates a model on pairs.

    Parameters
    ----------
    table
        Columns `title` and `body`, and where known `topic` and `source`.
    labels : int64 array of shape (n_rows,), optional
        0 for match, 1 for mismatch. Without it every row is taken as matched and set against a random swap.

    Raises
    ------
    InputError
        If there are no pairs with text, or labels of one class only.
    """
    if not table.num_rows:
        raise InputError("no pairs to evaluate on")
    pairs = Pairs.from_columns(table["title"], table["body"])
    usable = np.flatnonzero((pairs.titles.valid > 0) & (pairs.bodies.valid > 0))
    if len(usable) < 2:
        raise InputError("fewer than two pairs with text to evaluate on")
    topics = codes(table["topic"], table.num_rows) if "topic" in table.column_names else np.full(table.num_rows, -1)
    if labels is not None:
        if len(np.unique(labels[usable])) < 2:
            only = "match" if labels[usable[0]] == 0 else "mismatch"
            raise InputError(f"all pairs are labelled {only}; evaluation with labels needs both, or leave the labels out")
        scored = Scored(_log_odds(model, pairs, usable, usable), labels[usable], usable)
        kind, same_topic = "labels", None
    else:
        rng = np.random.default_rng(seed)
        usable = usable[pairs.first_of_duplicates()[usable]]
        left, right = derange(pairs, usable, rng)
        if not len(left):
            raise InputError("all bodies are the same, so that none can be swapped; check --body")
        matched = _log_odds(model, pairs, usable, usable)
        scored = _against(matched, usable, _log_odds(model, pairs, left, right), left)
        kind, same_topic = "random swaps", None
        if len(np.unique(topics[topics >= 0])) > 1:
            left, right = derange(pairs, usable, rng, topics[usable])
            if len(left) >= MIN_GROUP:
                same_topic = figures(model, _against(matched, usable, _log_odds(model, pairs, left, right), left))
    groups: dict[str, dict[str, Figures]] = {}
    if same_topic is not None:
        groups["swaps"] = {"same topic": same_topic}
    for name in ("source", "topic"):
        if name in table.column_names:
            parts = _by_group(model, scored, codes(table[name], table.num_rows), table[name])
            if parts:
                groups[name] = parts
    return Evaluation(kind, figures(model, scored), groups)


def _log_odds(
    model: Model, pairs: Pairs, left: NDArray[np.int64], right: NDArray[np.int64]
) -> NDArray[np.float64]:
    if left is right:
        wanted = np.zeros(len(pairs), np.uint8)
        wanted[left] = 1
        return score_pairs(pairs.titles, pairs.bodies, wanted, model.lexicon, model.forest)[0][left]
    return model.forest.predict(pair_features(pairs.titles, pairs.bodies, model.lexicon, left, right))


def _against(
    matched: NDArray[np.float64], rows: NDArray[np.int64], swapped: NDArray[np.float64], left: NDArray[np.int64]
) -> Scored:
    labels = np.concatenate([np.zeros(len(matched), np.int64), np.ones(len(swapped), np.int64)])
    return Scored(np.concatenate([matched, swapped]), labels, np.concatenate([rows, left]))


def _by_group(
    model: Model, scored: Scored, groups: NDArray[np.int64], names: pa.ChunkedArray, most: int = 40
) -> dict[str, Figures]:
    found = groups[scored.rows]
    sizes = np.bincount(found[found >= 0]) if (found >= 0).any() else np.zeros(0, np.int64)
    if np.count_nonzero(sizes) < 2:
        return {}
    out = {}
    for group in np.argsort(-sizes, kind="stable")[:most]:
        inside = found == group
        part = Scored(scored.log_odds[inside], scored.labels[inside], scored.rows[inside])
        if min((part.labels == 0).sum(), (part.labels == 1).sum()) >= MIN_GROUP:
            out[str(names[int(part.rows[0])].as_py())] = figures(model, part)
    return out
