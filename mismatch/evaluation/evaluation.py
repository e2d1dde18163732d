"""How well a model tells matched pairs from mismatched ones: on labels, or on real pairs against swapped ones.

Only pairs that the model would judge are measured; what it refuses (`unscorable`) is counted beside them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mismatch.errors import InputError
from mismatch.evaluation.groups import groupings
from mismatch.evaluation.measures import (
    Bin,
    Costs,
    Curve,
    Interval,
    bootstrap,
    calibration_error,
    costs,
    curve,
    interval,
    precision,
    precision_at_least,
    reliability,
)
from mismatch.judging.comparison import Column, log_odds_of, prepared
from mismatch.judging.comparison import compare as compare_pairs
from mismatch.judging.swaps import Pairs, codes, derange
from mismatch.model.model import Model
from mismatch.model.recall import FALSE_FLAG_RATES, recall_at
from mismatch.training.fingerprints import fingerprints_of, share_known

MIN_GROUP = 20
MAX_GROUPS = 40
WORST = 10
_BODY_SHOWN = 400


@dataclass(frozen=True)
class Figures:
    """What was measured on one set of pairs."""

    matched: int
    mismatched: int
    auroc: float
    average_precision: float
    recall_at: dict[str, float]
    """share of mismatches found when at most 0.1 %, 1 %, 5 % of the matched pairs are flagged"""
    flagged_matched: float
    """share of matched pairs that the model's own cut flags"""
    flagged_mismatched: float
    unsure: float
    """share of all pairs on which the model abstains"""
    unsure_matched: float
    """share of the matched pairs"""
    calibration_error: float
    """expected calibration error at even odds, 15 equal bins (Guo et al. 2017)"""


@dataclass(frozen=True)
class Mistake:
    """A pair on which the model's cut is wrong."""

    row: int
    """of the title in the input, from 1; `body_row` is another one where the body was swapped in"""
    body_row: int
    source: str | None
    title: str
    body: str
    """its beginning"""
    probability: float
    terms: dict[str, bool]
    """terms of the title, heaviest first, and whether the body has them"""


@dataclass(frozen=True)
class Evaluation:
    """What was measured of one model."""

    model: str
    kind: str
    """labels, or random swaps"""
    overall: Figures
    intervals: dict[str, Interval]
    """95 % bootstrap intervals, bodies drawn with what belongs to them"""
    draws: int
    groups: dict[str, dict[str, Figures]]
    """by source, topic, script and length of the body; same-topic swaps where topics are known"""
    prior: float
    """share of mismatches expected in the stream"""
    calibration: list[Bin]
    """the calibration curve at even odds"""
    calibration_error_at_prior: float
    precision: dict[str, float | None]
    """at the expected share of mismatches: at the model's own cut (`own`) and at each false-flag rate"""
    precision_at_least: float
    """at the model's own cut, by the 97.5 % bounds of its recall and false flags"""
    costs: Costs | None
    false_flags: list[Mistake]
    """matched pairs that are flagged, surest first"""
    misses: list[Mistake]
    """mismatches that are not flagged, those that look most like a match first"""
    promise: str
    unscorable: int
    duplicates: int
    known: float
    """share of the bodies that the model has learned from; where it is large, the figures are too good"""
    curve: Curve = field(repr=False)
    log_odds: NDArray[np.float64] = field(repr=False)
    labels: NDArray[np.int64] = field(repr=False)
    cut: float = math.inf
    """log-odds above which the model flags, and above which it abstains"""
    unsure_cut: float = math.inf

    def as_dict(self) -> dict[str, Any]:
        """Everything but the single scores, as plain values; what is not a number is None."""
        left_out = ("curve", "log_odds", "labels")
        parts = {name: value for name, value in vars(self).items() if name not in left_out}
        return _plain({name: _as_plain(value) for name, value in parts.items()})


@dataclass(frozen=True)
class Comparison:
    """Two models on the same pairs."""

    first: Evaluation
    second: Evaluation
    differences: dict[str, tuple[float, Interval]]
    """second minus first, and the 95 % interval of the same bootstrap draws"""

    def as_dict(self) -> dict[str, Any]:
        differences = {name: {"difference": d, "interval": list(i)} for name, (d, i) in self.differences.items()}
        return _plain({"model": self.first.as_dict(), "compared": self.second.as_dict(), "differences": differences})


@dataclass(frozen=True)
class Setup:
    """What to measure with."""

    prior: float | None = None
    """None: the model's"""
    cost_false_flag: float | None = None
    cost_miss: float | None = None
    seed: int = 0
    draws: int = 1000


@dataclass(frozen=True)
class _Drawn:
    """The pairs to measure on: rows of titles and bodies, and the truth."""

    table: pa.Table
    pairs: Pairs
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    labels: NDArray[np.int64]
    same_topic: tuple[NDArray[np.int64], NDArray[np.int64]] | None
    kind: str
    unscorable: int
    duplicates: int


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
    return _measure(model, _draw([model], table, labels, setup.seed), setup)[0]


def compare(
    first: Model, second: Model, table: pa.Table, *, labels: NDArray[np.int64] | None = None, setup: Setup | None = None
) -> Comparison:
    """Two models on the same pairs (those that both judge), with the same swaps and the same bootstrap draws."""
    setup = setup or Setup()
    drawn = _draw([first, second], table, labels, setup.seed)
    (one, draws_of_one), (two, draws_of_two) = _measure(first, drawn, setup), _measure(second, drawn, setup)
    differences = {
        name: (_point(two.overall, name) - _point(one.overall, name), interval(draws_of_two[name] - draws_of_one[name]))
        for name in draws_of_one
    }
    return Comparison(one, two, differences)


def _draw(models: Sequence[Model], table: pa.Table, labels: NDArray[np.int64] | None, seed: int) -> _Drawn:
    if not table.num_rows:
        raise InputError("no pairs to evaluate on")
    pairs = Pairs.of(prepared(models[0], *columns_of(table)))
    with_text = (pairs.titles.valid > 0) & (pairs.bodies.valid > 0)
    judged = with_text.copy()
    for model in models:
        judged &= judged_by(model, table)
    rows = np.flatnonzero(judged)
    if len(rows) < 2:
        found = f"{int(with_text.sum()):,} of {table.num_rows:,} pairs have text, {len(rows):,} can be judged"
        raise InputError(f"fewer than two pairs that can be evaluated ({found}); check --title and --body")
    topics = codes(table["topic"], table.num_rows) if "topic" in table.column_names else np.full(table.num_rows, -1)
    unscorable = table.num_rows - len(rows)
    if labels is not None:
        if len(np.unique(labels[rows])) < 2:
            only = "match" if labels[rows[0]] == 0 else "mismatch"
            raise InputError(
                f"all pairs that can be judged are labelled {only}; evaluation with labels needs both: add the other, or "
                "leave the labels out (--swaps)"
            )
        return _Drawn(table, pairs, rows, rows, labels[rows], None, "labels", unscorable, 0)
    rng = np.random.default_rng(seed)
    first = pairs.first_of_duplicates()[rows]
    rows, duplicates = rows[first], int((~first).sum())
    left, right = derange(pairs, rows, rng)
    if not len(left):
        raise InputError("all bodies are the same, so that none can be swapped; check --body")
    same_topic = None
    if len(np.unique(topics[topics >= 0])) > 1:
        in_topic = derange(pairs, rows, rng, topics[rows])
        same_topic = in_topic if len(in_topic[0]) >= MIN_GROUP else None
    truth = np.concatenate([np.zeros(len(rows), np.int64), np.ones(len(left), np.int64)])
    all_left, all_right = np.concatenate([rows, left]), np.concatenate([rows, right])
    return _Drawn(table, pairs, all_left, all_right, truth, same_topic, "random swaps", unscorable, duplicates)


def judged_by(model: Model, table: pa.Table) -> NDArray[np.bool_]:
    """Which pairs of a table get a verdict at all; bool array of shape (n_rows,)."""
    return compare_pairs(model, *columns_of(table)).refused == 0


def columns_of(table: pa.Table) -> tuple[Column, Column, Column | None]:
    """The titles, the bodies and, where they are known, the sources of a table of pairs."""
    return table["title"], table["body"], table["source"] if "source" in table.column_names else None


def _measure(model: Model, drawn: _Drawn, setup: Setup) -> tuple[Evaluation, dict[str, NDArray[np.float64]]]:
    if setup.prior is not None:
        model = replace(model, calibration=model.calibration.with_prior(setup.prior))
    texts = prepared(model, *columns_of(drawn.table))
    scores = log_odds_of(model, texts, drawn.left, drawn.right)
    labels, prior, cut = drawn.labels, model.calibration.prior, model.calibration.cut
    overall = _figures(model, scores, labels)
    n_draws = int(np.clip(20_000_000 // len(scores), min(200, setup.draws), setup.draws))
    draws = bootstrap(scores, labels, drawn.pairs.body_groups[drawn.left], draws=n_draws, seed=setup.seed)
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
        groups=groups,
        prior=prior,
        calibration=_even(model, scores, labels),
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
        calibration_error=calibration_error(_even(model, scores, labels)),
    )


def _even(model: Model, scores: NDArray[np.float64], labels: NDArray[np.int64]) -> list[Bin]:
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
    model: Model, drawn: _Drawn, scores: NDArray[np.float64], wrong: NDArray[np.int64], direction: int
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


def _point(figures: Figures, name: str) -> float:
    at = name.removeprefix("recall_at_")
    return figures.recall_at[at] if at != name else float(getattr(figures, name))


def _as_plain(value: Any) -> Any:
    return asdict(value) if hasattr(value, "__dataclass_fields__") else value


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(_as_plain(item)) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(_as_plain(item)) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
