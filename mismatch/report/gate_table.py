"""The sources of a gate's rows: as a table for a terminal, in words, and as plain values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mismatch.batch.source_ranking import Standing, standings
from mismatch.records.output.outside_text import safe
from mismatch.report.percentages import percent
from mismatch.screening.reasons import VERDICT_SENTENCES

if TYPE_CHECKING:
    from rich.console import Console

    from mismatch.judging.tally import Tally

SHOWN_SOURCES = 12
_NAME_SHOWN, _NAME_SHOWN_NARROW = 32, 21
_WIDE = 100
"""characters from which all columns have room"""
_NARROW = ("mismatch", "unsure", "unscorable")


def print_sources(tally: Tally, sources: Sequence[Standing], out: Console, n_shown: int) -> None:
    """The worst sources as a table; without a terminal also the sum of all. A narrow one leaves columns out."""
    from rich.markup import escape
    from rich.table import Table

    wide = out.width >= _WIDE
    shown = _NAME_SHOWN if wide else _NAME_SHOWN_NARROW
    verdicts = tuple(VERDICT_SENTENCES) if wide else _NARROW
    table = Table(box=None, pad_edge=False)
    table.add_column("source", overflow="ellipsis", max_width=shown, no_wrap=True)
    for name in ("rows", *verdicts, *(("flagged",) if wide else ()), "95 % interval"):
        table.add_column(name, justify="right", no_wrap=True)

    def add(name: str, rows: int, counts: Counter[str], interval: tuple[float, float] | None = None) -> None:
        share = counts["mismatch"] / rows if rows else 0.0
        between = "" if interval is None else f"{percent(interval[0])} to {percent(interval[1])}"
        flagged = (f"{share:.2%}",) if wide else ()
        table.add_row(name, f"{rows:,}", *(f"{counts[verdict]:,}" for verdict in verdicts), *flagged, between)

    for source in sources[:n_shown]:
        name = escape(safe(source.name, shown))
        counts = source.verdicts
        add(f"[red]{name}[/red]" if source.worse else name, counts.total(), counts, (source.low, source.high))
    if len(sources) > n_shown:
        table.add_row(f"… {len(sources) - n_shown:,} more")
    if len(sources) > 1 and not out.is_terminal:
        add("all", tally.rows, tally.verdicts)
    out.print(table)


def worse_in_words(sources: Sequence[Standing], one_line: int | None = None) -> list[str]:
    """Which sources are surely worse than the others, as one line or none; as many of them as `one_line` has room for."""
    from rich.cells import cell_len
    from rich.markup import escape

    worse = [safe(source.name, _NAME_SHOWN) for source in sources if source.worse]
    for n in range(min(SHOWN_SOURCES, len(worse)), 0, -1):
        more = f" and {len(worse) - n:,} more" if len(worse) > n else ""
        line = f"surely worse than the others: {', '.join(worse[:n])}{more}"
        if one_line is None or cell_len(line) <= one_line or n == 1:
            return [escape(line)]
    return []


def sources_as_plain(tally: Tally) -> list[dict[str, Any]]:
    """The sources for JSON, the one that is worse than the others most surely first."""
    return [_as_plain(source) for source in standings(tally.by_source)]


def _as_plain(source: Standing) -> dict[str, Any]:
    verdicts = {verdict: source.verdicts[verdict] for verdict in VERDICT_SENTENCES}
    interval = {"low": source.low, "high": source.high, "worse": source.worse}
    return {"source": source.name, "rows": source.verdicts.total(), **verdicts, **interval}
