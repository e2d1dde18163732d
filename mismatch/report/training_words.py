"""What `train` says at its end: the pairs, those that look wrong, what is found at which price, the cut, what to run."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mismatch.evaluation.trade_off import ARTICLES_A_DAY, TradeOff
from mismatch.records.output.outside_text import safe
from mismatch.report.console import console
from mismatch.training.fingerprints import KNOWN_SHARE

if TYPE_CHECKING:
    from mismatch.training.archive import Archive
    from mismatch.training.recipe import Training

_SHOWN_SUSPECTS = 3
_TITLE_SHOWN = 60


@dataclass(frozen=True)
class Asked:
    """What the user of `train` asked for."""

    out: str
    suspects: str | None
    max_false_flags: float
    default_cut: bool
    """nobody asked for another cut"""
    options: Sequence[str] = ()
    """that say how the archive is read, to be repeated"""
    suffix: str = ".jsonl"
    """of the archive's file"""
    labelled: bool = False


def print_training(archive: Archive, training: Training, points: Sequence[TradeOff], asked: Asked) -> None:
    """Prints it all on standard error."""
    out = console(to_stderr=True)
    for line in (*_pairs(archive, training), *_suspects(archive, training, asked)):
        out.print(safe_line(line), markup=False, soft_wrap=True)
    out.print()
    _print_table(training, points, asked)
    for line in (*_notes(training, points), _cut(training, asked), f"model written to {asked.out}", next_command(asked)):
        out.print(safe(line, 2000), markup=False, soft_wrap=True)


def safe_line(line: str) -> str:
    """A line made harmless, its indent kept."""
    words = line.lstrip()
    return line[: len(line) - len(words)] + safe(words, 2000)


def next_command(asked: Asked) -> str:
    """The command to run next, as it can be pasted."""
    command = shlex.join(["mismatch", "gate", f"TODAY{asked.suffix}", "--model", asked.out, *asked.options])
    return f"next: {command} --max-rate 0.05 --passed clean.jsonl --flagged review.jsonl"


def _pairs(archive: Archive, training: Training) -> Iterator[str]:
    counts = training.model.card["pairs"]
    if archive.sampled:
        yield (
            f"{counts['given']:,} pairs are more than are held in memory: terms were counted in {counts['counted']:,}, "
            f"the rest was learned from {counts['sampled']:,} drawn at random"
        )
    yield (
        f"trained on {counts['used']:,} pairs ({counts['duplicates']:,} duplicates and {counts['without_text']:,} without "
        "text left out)"
    )
    if counts["seen_by_base"] > KNOWN_SHARE:
        what = (
            "its forest was kept as it is, and the figures are too good"
            if counts["own_head"] == 0
            else "trained without it, for it would take all of them for good pairs"
        )
        yield f"the base model has seen {counts['seen_by_base']:.0%} of these articles: {what}"


def _suspects(archive: Archive, training: Training, asked: Asked) -> Iterator[str]:
    """How many pairs look wrong, what became of them, and the worst of them."""
    n, counts = len(training.suspects), training.model.card["pairs"]
    if not n:
        return
    of = f"the {counts['sampled']:,} that were drawn from your archive" if archive.sampled else "your archive"
    look = f"1 pair of {of} looks wrong and was" if n == 1 else f"{n:,} pairs of {of} look wrong and were"
    yield f"{look} left out: {f'listed in {asked.suspects}' if asked.suspects else 'list them with --suspects FILE'}"
    for row in training.suspects[:_SHOWN_SUSPECTS].tolist():
        yield f"  row {int(archive.rows[row]) + 1:,}: {safe(archive.table['title'][row].as_py() or '', _TITLE_SHOWN)}"
    if n > _SHOWN_SUSPECTS:
        yield f"  and {n - _SHOWN_SUSPECTS:,} more"


def _print_table(training: Training, points: Sequence[TradeOff], asked: Asked) -> None:
    from rich.table import Table

    measured = training.measured
    against = "the labels" if asked.labelled else "random swaps"
    n_wrong = int(measured.labels.sum())
    of = f"{len(measured.labels) - n_wrong:,} matched pairs, {n_wrong:,} mismatches"
    title = f"out of fold against {against} ({of})"
    table = Table(box=None, pad_edge=False, title_justify="left", title=title)
    for name in ("good articles flagged", f"a day of {ARTICLES_A_DAY:,}", "mismatches found", "95 % interval"):
        table.add_column(name, justify="right")
    for point in points:
        low, high = (f"{100 * bound:.1f}" for bound in point.interval)
        table.add_row(
            f"{'' if point.resolved else '*'}at most {100 * point.false_flags:g} %", f"{point.a_day:,.0f}",
            f"{100 * point.recall:.1f} %", f"{low} to {high} %",
        )  # fmt: skip
    flagged, found = _at_the_cut(training)
    table.add_row(f"the model's cut: {100 * flagged:.2g} %", f"{flagged * ARTICLES_A_DAY:,.0f}", f"{100 * found:.1f} %", "")
    console(to_stderr=True).print(table)


def _notes(training: Training, points: Sequence[TradeOff]) -> Iterator[str]:
    if any(not point.resolved for point in points):
        n = int((training.measured.labels == 0).sum())
        yield f"*: of {n:,} pairs none may be flagged then; what share of a feed that is cannot be told from so few"
    n, counts = len(training.suspects), training.model.card["pairs"]
    if n:
        yield f"without the pairs that look wrong; if all were good, {n / (n + counts['used']):.2%} more would be flagged"


def _cut(training: Training, asked: Asked) -> str:
    promise = training.model.calibration.promise
    if not promise:
        return (
            "the cut is where a mismatch is as likely as not: the pairs are too few for a guaranteed false-flag rate"
        )  # fmt: skip
    why = "the default; --max-false-flags R asks for another" if asked.default_cut else "as asked for"
    return f"the cut ({why}) keeps its promise on new pairs too: {promise}"


def _at_the_cut(training: Training) -> tuple[float, float]:
    """The share of matched pairs and of mismatches that the model's own cut flags."""
    above, labels = training.measured.log_odds > training.model.calibration.cut, training.measured.labels
    return float(above[labels == 0].mean()), float(above[labels == 1].mean())
