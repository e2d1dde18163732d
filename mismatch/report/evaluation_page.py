"""The page of an evaluation, of one model or of two on the same pairs."""

from __future__ import annotations

import math
from dataclasses import dataclass

from mismatch.evaluation.evaluation import Comparison, Evaluation, Figures, Mistake
from mismatch.evaluation.measures import FALSE_FLAG_RATES
from mismatch.report import plots
from mismatch.report.html import render
from mismatch.report.marks import Piece, marked
from mismatch.report.percentages import percent_given, percent_measured

_NAMES = {
    "auroc": "AUROC", "average_precision": "Average precision",
    **{f"recall_at_{rate:g}": f"Found at {100 * rate:g} % false flags" for rate in FALSE_FLAG_RATES},
}  # fmt: skip


@dataclass(frozen=True)
class _Row:
    name: str
    values: list[str]


@dataclass(frozen=True)
class _Shown:
    """A mistake as the page shows it."""

    mistake: Mistake
    title: list[Piece]


def evaluation_page(result: Evaluation | Comparison, inputs: list[str]) -> str:
    """One HTML page, complete in itself."""
    first = result.first if isinstance(result, Comparison) else result
    models = [result.first, result.second] if isinstance(result, Comparison) else [result]
    names = ["this model", "the other model"] if len(models) > 1 else ["model"]
    return render(
        "evaluation.html",
        result=first,
        models=models,
        inputs=inputs,
        rows=_rows(result, models),
        sections=_sections(first),
        cost_rows=_cost_rows(models),
        false_flags=[_Shown(m, marked(m.title, m.terms)) for m in first.false_flags],
        misses=[_Shown(m, marked(m.title, m.terms)) for m in first.misses],
        charts=_charts(models, names),
    )


def _charts(models: list[Evaluation], names: list[str]) -> list[tuple[str, str]]:
    own = [(m.overall.flagged_matched, m.overall.flagged_mismatched) for m in models]
    named = list(zip(names, models, strict=True))
    first = models[0]
    curves = [(name, model.curve) for name, model in named]
    points = [(name, *rates) for name, rates in zip(names, own, strict=True)]
    return [
        ("Mismatches found against false flags", plots.recall_curve(curves, own, first.overall.matched)),
        ("Reliability, at even odds", plots.reliability_diagram([(n, m.calibration) for n, m in named])),
        ("Scores", plots.score_distributions(first.log_odds, first.labels, first.cut, first.unsure_cut)),
        ("Precision by share of mismatches", plots.precision_by_prevalence(points, first.prior)),
    ]


def _rows(result: Evaluation | Comparison, models: list[Evaluation]) -> list[_Row]:
    rows = []
    for name, words in _NAMES.items():
        values = []
        for model in models:
            low, high = model.intervals[name]
            values.append(f"{_value(model.overall, name)} ({_value(low, name)} to {_value(high, name)})")
        if isinstance(result, Comparison):
            difference, (low, high) = result.differences[name]
            values.append(f"{difference:+.4f} ({low:+.4f} to {high:+.4f})")
        rows.append(_Row(words, values))
    blank = [""] * isinstance(result, Comparison)
    for words, shown in (
        ("Matched pairs flagged by its cut", [percent_measured(m.overall.flagged_matched) for m in models]),
        ("Mismatches flagged by its cut", [percent_measured(m.overall.flagged_mismatched) for m in models]),
        ("Matched pairs of which it is unsure", [percent_measured(m.overall.unsure_matched) for m in models]),
        ("Calibration error at even odds", [percent_measured(m.overall.calibration_error) for m in models]),
        ("Calibration error at the expected share", [percent_measured(m.calibration_error_at_prior, 3) for m in models]),
        (
            f"Precision of its cut at {percent_given(models[0].prior)} mismatches",
            [percent_measured(m.precision["own"]) for m in models],
        ),
    ):
        rows.append(_Row(words, shown + blank))
    return rows


def _value(figures: Figures | float, name: str) -> str:
    if isinstance(figures, Figures):
        at = name.removeprefix("recall_at_")
        value = figures.recall_at[at] if at != name else float(getattr(figures, name))
    else:
        value = figures
    return percent_measured(value, 1) if name.startswith("recall") else f"{value:.4f}"


def _sections(evaluation: Evaluation) -> list[tuple[str, list[tuple[str, Figures]]]]:
    return [(kind, list(groups.items())) for kind, groups in evaluation.groups.items()]


def _cost_rows(models: list[Evaluation]) -> list[_Row]:
    known = [m.costs for m in models if m.costs is not None]
    if len(known) < len(models):
        return []
    return [
        _Row("At the model's cut", [f"{c.own:,.2f}" for c in known]),
        _Row("At the cheapest cut", [f"{c.cheapest:,.2f}" for c in known]),
        _Row("If nothing were flagged", [f"{c.nothing_flagged:,.2f}" for c in known]),
        _Row("The cheapest cut flags of the matched pairs", [percent_measured(c.false_flags) for c in known]),
        _Row("… and of the mismatches", [percent_measured(c.recall) for c in known]),
        _Row("The cheapest cut, as a score", [_cut(c.cheapest_cut) for c in known]),
    ]


def _cut(score: float) -> str:
    return "flag nothing" if math.isinf(score) else f"{score:.3f}"
