"""Tables for a terminal: what an evaluation found, and a model card."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from mismatch.records.output.outside_text import safe
from mismatch.report.console import console
from mismatch.screening.reasons import likelihood

if TYPE_CHECKING:
    from mismatch.evaluation.evaluation import Comparison, Evaluation, Figures, Mistake


_SHOWN_GROUPS = 12

_SHOWN_EXAMPLES = 5

_NAME_SHOWN = 22
"""characters of a group's name, so that the table of figures fits into 110"""


def print_warnings(warnings: Sequence[str]) -> None:
    """What the reader of the figures has to know before them."""
    for warning in warnings:
        console(to_stderr=False).print(safe(warning, 400), markup=False, soft_wrap=True)


def print_evaluation(evaluation: Evaluation) -> None:
    """The figures as tables, then what follows from them in words, and the worst mistakes."""
    out = console(to_stderr=False)
    _print_figures(evaluation)
    out.print("false flags and unsure: of the matched pairs; found: of the mismatches; R@1%: found at 1 % false flags\n")
    overall, i = evaluation.overall, evaluation.intervals
    lines = [
        f"95 % intervals ({evaluation.draws:,} bootstrap draws of whole bodies): AUROC {_between(i['auroc'], '.4f')}, "
        f"AP {_between(i['average_precision'], '.4f')}, R@0.1% {_between(i['recall_at_0.001'], '.3f')}, "
        f"R@1% {_between(i['recall_at_0.01'], '.3f')}, R@5% {_between(i['recall_at_0.05'], '.3f')}",
        f"calibration: expected calibration error {overall.calibration_error:.2%} at even odds, "
        f"{evaluation.calibration_error_at_prior:.3%} with {100 * evaluation.prior:.6g} % mismatches",
        f"if {100 * evaluation.prior:.6g} % of a stream are mismatches, of the flags are right: "
        f"{_share(evaluation.precision['own'])} at the model's cut (at least {evaluation.precision_at_least:.1%}), "
        + ", ".join(f"{_share(evaluation.precision[r])} at {100 * float(r):g} % false flags" for r in overall.recall_at),
        _promise(evaluation),
    ]
    if evaluation.costs is not None:
        c = evaluation.costs
        best = "flagging nothing" if c.cheapest_cut == float("inf") else f"a cut at score {c.cheapest_cut:.3f}"
        lines.append(
            f"costs of 1,000 pairs (false flag {c.false_flag:g}, miss {c.miss:g}): {c.own:.2f} at the model's cut, "
            f"{c.cheapest:.2f} with {best} ({c.false_flags:.2%} of matched pairs flagged, {c.recall:.1%} found), "
            f"{c.nothing_flagged:.2f} if nothing is flagged"
        )
    if evaluation.unscorable:
        lines.append(f"{evaluation.unscorable:,} pairs that cannot be judged are left out")
    if evaluation.duplicates:
        lines.append(f"{evaluation.duplicates:,} duplicates are left out")
    for line in lines:
        out.print(safe(line, 2000), markup=False, soft_wrap=True)
    _print_mistakes("matched pairs that are flagged, surest first", evaluation.false_flags)
    _print_mistakes("mismatches that are not flagged, worst first", evaluation.misses)


def print_comparison(comparison: Comparison) -> None:
    """Two models' figures, and how far apart they are."""
    out = console(to_stderr=False)
    for evaluation in (comparison.first, comparison.second):
        _print_figures(evaluation)
        out.print(safe(_promise(evaluation), 800), markup=False, soft_wrap=True)
        out.print()
    out.print("second minus first, with 95 % intervals of the same bootstrap draws")
    for name, (difference, (low, high)) in comparison.differences.items():
        out.print(f"  {name:18} {difference:+.4f} ({low:+.4f} to {high:+.4f})", markup=False)


def _print_figures(evaluation: Evaluation) -> None:
    from rich.markup import escape
    from rich.table import Table

    title = f"{escape(safe(evaluation.model, 60))}: matched pairs against {evaluation.kind}"
    table = Table(box=None, pad_edge=False, title=title, title_justify="left")
    table.add_column("", no_wrap=True, max_width=_NAME_SHOWN)
    for name in ("matched", "mismatched", "AUROC", "R@0.1%", "R@1%", "R@5%", "false flags", "found", "unsure", "ECE"):
        table.add_column(name, justify="right", no_wrap=True)
    _figures(table, "all", evaluation.overall)
    for kind, groups in evaluation.groups.items():
        table.add_row(f"[italic]{kind}[/italic]")
        for name, figures in list(groups.items())[:_SHOWN_GROUPS]:
            _figures(table, "  " + safe(name, _NAME_SHOWN - 2), figures)
        if len(groups) > _SHOWN_GROUPS:
            table.add_row(f"  … {len(groups) - _SHOWN_GROUPS} more")
    console(to_stderr=False).print(table)


def _print_mistakes(words: str, mistakes: list[Mistake]) -> None:
    from rich.markup import escape

    if not mistakes:
        return
    out = console(to_stderr=False)
    out.print(f"\n{words}")
    for m in mistakes[:_SHOWN_EXAMPLES]:
        row = f"row {m.row:,}" if m.row == m.body_row else f"rows {m.row:,}/{m.body_row:,}"
        missing = [safe(term, 30) for term, found in m.terms.items() if not found][:6]
        lacking = f"  not in the body: {escape(', '.join(missing))}" if missing else ""
        out.print(
            f"  {likelihood(m.probability)} ({m.probability:.3f})  {row}  [bold]{escape(safe(m.title, 70))}[/bold]{lacking}",
            soft_wrap=True,
        )


def _promise(evaluation: Evaluation) -> str:
    return f"promise: {evaluation.promise or 'none, the cut was set on too few pairs (mismatch calibrate sets one)'}"


def _between(bounds: tuple[float, float], spec: str) -> str:
    return f"{bounds[0]:{spec}}–{bounds[1]:{spec}}"


def _share(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"


def _figures(table, name: str, figures: Figures) -> None:  # type: ignore[no-untyped-def]
    from rich.markup import escape

    recalls = [f"{figures.recall_at[rate]:.3f}" for rate in ("0.001", "0.01", "0.05")]
    table.add_row(
        escape(name), f"{figures.matched:,}", f"{figures.mismatched:,}", f"{figures.auroc:.4f}",
        *recalls, f"{figures.flagged_matched:.2%}", f"{figures.flagged_mismatched:.1%}", f"{figures.unsure_matched:.1%}",
        f"{figures.calibration_error:.3f}",
    )  # fmt: skip


def print_card(card: object, *, indent: int = 0) -> None:
    """The model card, nested as it is."""
    lines = list(_card_lines(card, indent))
    sys.stdout.write("\n".join(lines) + "\n")


def _card_lines(value: object, indent: int) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            name = safe(str(key)).replace("_", " ")
            if isinstance(item, (dict, list)) and item:
                yield f"{' ' * indent}{name}:"
                yield from _card_lines(item, indent + 2)
            else:
                yield f"{' ' * indent}{name}: {_plain(item)}"
    elif isinstance(value, Sequence) and not isinstance(value, str):
        if all(not isinstance(item, (dict, list)) for item in value):
            yield f"{' ' * indent}{', '.join(_plain(item) for item in value)}"
        else:
            for item in value:
                yield from _card_lines(item, indent)
    else:
        yield f"{' ' * indent}{_plain(value)}"


def _plain(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    return "–" if value in (None, [], {}) else safe(str(value), 300)
