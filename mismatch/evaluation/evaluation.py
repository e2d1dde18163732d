"""How well a model tells matched pairs from mismatched ones: on labels, or on real pairs against swapped ones.

Only pairs that the model would judge are measured; what it refuses (`unscorable`) is counted beside them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mismatch.evaluation.drawing import DrawnPairs, columns_of, draw_pairs
from mismatch.evaluation.groups import groupings
from mismatch.evaluation.measures import (
    Bin,
    bootstrap,
    calibration_error,
    costs,
    curve,
    interval,
    precision,
    precision_at_least,
    reliability,
)
from mismatch.evaluation.results import MIN_GROUP, Comparison, Evaluation, Figures, Mistake
from mismatch.judging.comparison import Texts, log_odds_of, prepared
from mismatch.model.model import Model
from mismatch.model.recall import FALSE_FLAG_RATES, recall_at
from mismatch.training.fingerprints import fingerprints_of, share_known

MAX_GROUPS = 40
WORST = 10
_BODY_SHOWN = 400


@dataclass(frozen=True)
class Setup:
    """What to measure with."""

    prior: float | None = None
    """None: the model's"""
    cost_false_flag: float | None = None
    cost_miss: float | None = None
    seed: int = 0
    draws: int = 1000


def evaluate(
    model: Model, table: pa.Table, *, labels: NDArray[np.int64] | None = None, seed: int = 0, setup: Setup | None = None
) -> Evaluation:
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
    setup = setup or Setup(seed=seed)
    return _measure(model, draw_pairs([model], table, labels, setup.seed), setup)[0]


def compare(
    first: Model, second: Model, table: pa.Table, *, labels: NDArray[np.int64] | None = None, setup: Setup | None = None
) -> Comparison:
    """Two models on the same pairs (those that both judge), with the same swaps and the same bootstrap draws."""
    setup = setup or Setup()
    drawn = draw_pairs([first, second], table, labels, setup.seed)
    (one, draws_of_one), (two, draws_of_two) = _measure(first, drawn, setup), _measure(second, drawn, setup)
    differences = {
        name: (_named(two.overall, name) - _named(one.overall, name), interval(draws_of_two[name] - draws_of_one[name]))
        for name in draws_of_one
    }
    return Comparison(one, two, differences)


def _measure(model: Model, drawn: DrawnPairs, setup: Setup) -> tuple[Evaluation, dict[str, NDArray[np.float64]]]:
    if setup.prior is not None:
        model = replace(model, calibration=model.calibration.with_prior(setup.prior))
    texts = prepared(model, *columns_of(drawn.table))
    scores = log_odds_of(model, texts, drawn.left, drawn.right)
    labels, prior, cut = drawn.labels, model.calibration.prior, model.calibration.cut
    overall = _figures(model, scores, labels)
    n_draws = int(np.clip(20_000_000 // len(scores), min(200, setup.draws), setup.draws))
    draws = bootstrap(scores, labels, drawn.pairs.body_groups[drawn.left], draws=n_draws, seed=setup.seed)
    of = curve(scores, labels)
    own_rates = (overall.flagged_matched, overall.flagged_mismatched)
    asked = setup.cost_false_flag is not None or setup.cost_miss is not None
    prices = tuple(1.0 if cost is None else cost for cost in (setup.cost_false_flag, setup.cost_miss))
    at_prior = reliability(model.calibration.probability(scores), labels, prior)
    evaluation = Evaluation(
        model=str(model.card.get("name") or "model without a name"),
        kind=drawn.kind,
        overall=overall,
        intervals={name: interval(values) for name, values in draws.items()},
        draws=n_draws,
        groups=_groups(model, drawn, texts, scores),
        prior=prior,
        calibration=_curve_at_even_odds(model, scores, labels),
        calibration_error_at_prior=calibration_error(at_prior),
        precision={
            "own": precision(own_rates[1], own_rates[0], prior),
            **{f"{rate:g}": precision(overall.recall_at[f"{rate:g}"], rate, prior) for rate in FALSE_FLAG_RATES},
        },
        precision_at_least=precision_at_least(
            int((scores[labels == 1] > cut).sum()),
            overall.mismatched,
            int((scores[labels == 0] > cut).sum()),
            overall.matched,
            prior,
        ),
        costs=costs(of, own_rates, prior, prices[0], prices[1]) if asked else None,
        false_flags=_mistakes(model, drawn, scores, np.flatnonzero((labels == 0) & (scores > cut)), -1),
        misses=_mistakes(model, drawn, scores, np.flatnonzero((labels == 1) & (scores <= cut)), 1),
        promise=model.calibration.promise,
        unscorable=drawn.unscorable,
        duplicates=drawn.duplicates,
        known=share_known(model.fingerprints, fingerprints_of(drawn.pairs.body_hashes)),
        curve=of,
        log_odds=scores,
        labels=labels,
        cut=model.calibration.cut,
        unsure_cut=model.calibration.unsure_cut,
    )
    return evaluation, draws


def _groups(model: Model, drawn: DrawnPairs, texts: Texts, scores: NDArray[np.float64]) -> dict[str, dict[str, Figures]]:
    """Figures for swaps of one topic, and for each group of pairs that is large enough."""
    labels = drawn.labels
    groups: dict[str, dict[str, Figures]] = {}
    if drawn.same_topic is not None:
        own = labels == 0
        swapped = log_odds_of(model, texts, *drawn.same_topic)
        truth = np.concatenate([labels[own], np.ones(len(swapped), np.int64)])
        groups["swaps"] = {"same topic": _figures(model, np.concatenate([scores[own], swapped]), truth)}
    for name, (numbers, names) in groupings(drawn.table, drawn.left, drawn.right).items():
        parts = _by_group(model, scores, labels, numbers, names)
        if len(parts) > 1 or (parts and name in ("source", "topic")):
            groups[name] = parts
    return groups


def _figures(model: Model, scores: NDArray[np.float64], labels: NDArray[np.int64]) -> Figures:
    from sklearn.metrics import average_precision_score, roc_auc_score

    matched, mismatched = scores[labels == 0], scores[labels == 1]
    cut, unsure_cut = model.calibration.cut, model.calibration.unsure_cut
    return Figures(
        matched=len(matched),
        mismatched=len(mismatched),
        auroc=float(roc_auc_score(labels, scores)),
        average_precision=float(average_precision_score(labels, scores)),
        recall_at={f"{rate:g}": recall_at(matched, mismatched, rate) for rate in FALSE_FLAG_RATES},
        flagged_matched=float((matched > cut).mean()),
        flagged_mismatched=float((mismatched > cut).mean()),
        unsure=float(((scores > unsure_cut) & (scores <= cut)).mean()),
        unsure_matched=float(((matched > unsure_cut) & (matched <= cut)).mean()),
        calibration_error=calibration_error(_curve_at_even_odds(model, scores, labels)),
    )


def _curve_at_even_odds(model: Model, scores: NDArray[np.float64], labels: NDArray[np.int64]) -> list[Bin]:
    return reliability(model.calibration.with_prior(0.5).probability(scores), labels, 0.5)


def _by_group(
    model: Model, scores: NDArray[np.float64], labels: NDArray[np.int64], numbers: NDArray[np.int64], names: Sequence[str]
) -> dict[str, Figures]:
    """Figures of the largest groups with enough of both classes; `numbers` gives each pair's place in `names`, or -1."""
    out = {}
    sizes = np.bincount(numbers[numbers >= 0], minlength=len(names))
    for group in np.argsort(-sizes, kind="stable")[:MAX_GROUPS]:
        inside = numbers == group
        if min((labels[inside] == 0).sum(), (labels[inside] == 1).sum()) >= MIN_GROUP:
            out[names[group]] = _figures(model, scores[inside], labels[inside])
    return out


def _mistakes(
    model: Model, drawn: DrawnPairs, scores: NDArray[np.float64], wrong: NDArray[np.int64], direction: int
) -> list[Mistake]:
    from mismatch.features.keywords import title_terms

    worst = wrong[np.argsort(direction * scores[wrong], kind="stable")][:WORST]
    probability = model.calibration.probability(scores[worst])
    out = []
    for at, p in zip(worst.tolist(), probability.tolist(), strict=True):
        row, body_row = int(drawn.left[at]), int(drawn.right[at])
        title, body = drawn.table["title"][row].as_py(), drawn.table["body"][body_row].as_py()
        terms = {term.text: term.found for term in title_terms(title, body, model.lexicon)}
        source = drawn.table["source"][row].as_py() if "source" in drawn.table.column_names else None
        out.append(Mistake(row + 1, body_row + 1, source, title[:_BODY_SHOWN], body[:_BODY_SHOWN], p, terms))
    return out


def _named(figures: Figures, name: str) -> float:
    """The figure that `bootstrap` gives this name."""
    at = name.removeprefix("recall_at_")
    return figures.recall_at[at] if at != name else float(getattr(figures, name))
