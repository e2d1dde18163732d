"""The sources of a stream on a terminal: which got worse, a table, and what is to be done about it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mismatch.records.output.outside_text import safe
from mismatch.report.console import console
from mismatch.report.percentages import percent
from mismatch.screening.reasons import REASONS

if TYPE_CHECKING:
    from mismatch.batch.drift import Drift
    from mismatch.batch.sources import SourceReport, SourcesReport

_SHOWN_SOURCES = 20
_SHOWN_WORSE = 7
_NAME_SHOWN = 34
_NOTHING = "–"


def print_sources(report: SourcesReport, drift: Drift | None, *, to_stderr: bool) -> None:
    """Which sources got worse in words, all in a table, and whether the model should be calibrated again."""
    from rich.markup import escape

    out = console(to_stderr=to_stderr)
    for line in _worse_in_words(report):
        out.print(escape(line), soft_wrap=True)
    out.print()
    _print_table(report, out)
    out.print()
    for line in (*_more_doubtful(report), *_less_judged(report), *drift_in_words(drift)):
        out.print(escape(line), soft_wrap=True)


def drift_in_words(drift: Drift | None) -> Iterator[str]:
    """Whether the stream still is what its model was adapted to."""
    if drift is None:
        return
    change = f"adapted again, it would change {percent(drift.changed)} of {drift.rows:,} verdicts"
    if drift.calibrate_again:
        yield f"The stream is no longer what the model was adapted to: {change}. Calibrate it again (mismatch calibrate)."
    else:
        yield f"The stream still is what the model was adapted to: {change}."


def _worse_in_words(report: SourcesReport) -> Iterator[str]:
    worse = report.worse
    against = "since the baseline" if report.against_baseline else "than the others"
    if not worse:
        verb = "got surely worse" if report.against_baseline else "is surely worse"
        yield f"No source {verb} {against}."
        return
    many = len(worse) > 1
    verb = "got worse" if report.against_baseline else "are worse" if many else "is worse"
    yield f"{len(worse):,} source{'s' if many else ''} {verb} {against}:"
    elsewhere = "before" if report.against_baseline else "elsewhere"
    for source in worse[:_SHOWN_WORSE]:
        parts = [f"{percent(source.rate)} flagged"]
        if source.before is not None:
            parts.append(f"{percent(source.before)} {elsewhere}")
        if source.new:
            parts.append("not in the baseline")
        if source.since is not None:
            parts.append(f"since {report.since_in_words(source.since)}")
        why = f". {REASONS.get(source.reason, source.reason)}" if source.reason else ""
        yield f"  {safe(source.of.name, _NAME_SHOWN)}: {', '.join(parts)}{why}"
    if len(worse) > _SHOWN_WORSE:
        yield f"  … and {len(worse) - _SHOWN_WORSE:,} more"


def _print_table(report: SourcesReport, out) -> None:  # type: ignore[no-untyped-def]
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    table.add_column("source", overflow="ellipsis", max_width=_NAME_SHOWN)
    for name in ("rows", "flagged", "rate", "95 % interval", "before" if report.against_baseline else "others", "at least"):
        table.add_column(name, justify="right")
    table.add_column("reason")
    for source in report.sources[:_SHOWN_SOURCES]:
        _row(table, safe(source.of.name, _NAME_SHOWN), source)
    if len(report.sources) > _SHOWN_SOURCES:
        table.add_row(f"… {len(report.sources) - _SHOWN_SOURCES:,} more")
    if report.n_others:
        name = f"(at least {report.n_others:,} others)"
        table.add_row(name, f"{report.others.rows:,}", f"{report.others.flagged:,}")
    _row(table, "all", report.whole)
    out.print(table)
    if report.n_others:
        out.print("Sources with the fewest flags and rows are counted together as others.", soft_wrap=True)


def _row(table, name: str, source: SourceReport) -> None:  # type: ignore[no-untyped-def]
    from rich.markup import escape

    before = _NOTHING if source.before is None else percent(source.before)
    least = _NOTHING if source.change_low is None or source.change_low <= 0 else f"+{percent(source.change_low)}"
    shown = f"[red]{escape(name)}[/red]" if source.worse else escape(name)
    table.add_row(
        shown, f"{source.of.rows:,}", f"{source.of.flagged:,}", percent(source.rate),
        f"{percent(source.low)} to {percent(source.high)}", before, least, escape(safe(source.reason or "", 24)),
    )  # fmt: skip


def _more_doubtful(report: SourcesReport) -> Iterator[str]:
    """Sources with surely more doubtful rows, though not surely more flags."""
    elsewhere = "before" if report.against_baseline else "elsewhere"
    found = [source for source in report.sources if source.more_doubtful is not None and not source.worse]
    for source in found[:_SHOWN_WORSE]:
        assert source.more_doubtful is not None
        before, now = source.more_doubtful
        yield f"{safe(source.of.name, _NAME_SHOWN)}: {percent(now)} flagged or unsure, {percent(before)} {elsewhere}."


def _less_judged(report: SourcesReport) -> Iterator[str]:
    found = [source for source in report.sources if source.less_judged is not None]
    for source in found[:_SHOWN_WORSE]:
        assert source.less_judged is not None
        before, now = source.less_judged
        why = REASONS.get(source.refusal or "", "")
        name = safe(source.of.name, _NAME_SHOWN)
        yield f"{name}: {percent(now)} cannot be judged, {percent(before)} before. {why}".rstrip()
