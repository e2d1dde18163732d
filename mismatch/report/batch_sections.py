"""What a batch tells, made ready for a page: the map of the input, shifts, proposals, repeats, sources.

Each part may be missing: a page shows what was looked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mismatch.batch.repeats import KINDS, REPEATED_BODY
from mismatch.batch.told_apart import MAX_LEADERS
from mismatch.report.batch_plots import course_line, file_map, track, track_of_course

if TYPE_CHECKING:
    from mismatch.batch.repeats import Cluster, Repeats
    from mismatch.batch.shifts import Shift
    from mismatch.batch.shown import ProposalShown
    from mismatch.batch.source_counts import OfSource, SourceCounts
    from mismatch.batch.sources import SourceReport, SourcesReport

_SHOWN_SOURCES, _SHOWN_SHIFTS, _SHOWN_CLUSTERS = 30, 100, 15
_LEAST_STRETCHES = 3
"""from which on a line shows more than the rate"""


@dataclass(frozen=True)
class Findings:
    """What was found in a batch; None for what was not looked for."""

    n_rows: int
    flagged: NDArray[np.int64] | None = None
    """rows, flags and first row of stretches of the input, as `batch.course` gives them; shape (n_stretches, 3)"""
    shifts: Sequence[Shift] | None = None
    proposals: Sequence[ProposalShown] | None = None
    """the surest first"""
    repeats: Repeats | None = None
    sources: SourcesReport | None = None
    stray: Sequence[int] = ()
    """rows of titles for which another body is proposed"""


@dataclass(frozen=True)
class Sections:
    """What the macros of `templates/batch.html` show."""

    map: str | None
    shifts: Sequence[Shift] | None
    more_shifts: int
    proposals: Sequence[ProposalShown] | None
    more_proposals: int
    most_different: int
    """different titles, or bodies, of a cluster from which on they are not counted any more"""
    repeats: list[tuple[str, list[Cluster], int]] | None
    sources: SourcesReport | None
    sources_in_words: str
    source_rows: list[tuple[SourceReport, str | None]]
    more_sources: int


def sections(found: Findings) -> Sections:
    """The parts of a page."""
    shifts, proposals, report = found.shifts, found.proposals, found.sources
    return Sections(
        map=_map(found),
        shifts=None if shifts is None else shifts[:_SHOWN_SHIFTS],
        more_shifts=max(0, len(shifts or ()) - _SHOWN_SHIFTS),
        proposals=proposals,
        more_proposals=max(0, len(found.stray) - len(proposals or ())),
        most_different=MAX_LEADERS,
        repeats=None if found.repeats is None else [_of_kind(found.repeats, kind) for kind in KINDS],
        sources=report,
        sources_in_words="" if report is None else _in_words(report),
        source_rows=[] if report is None else _source_rows(report),
        more_sources=0 if report is None else max(0, len(report.sources) - _SHOWN_SOURCES) + report.n_others,
    )


def _map(found: Findings) -> str | None:
    tracks = []
    if found.flagged is not None:
        tracks.append(track_of_course("flagged", found.flagged, found.n_rows))
    if found.proposals is not None:
        tracks.append(track("stray titles", found.stray, found.n_rows))
    if found.repeats is not None:
        for kind in KINDS:
            rows = [cluster.rows for cluster in found.repeats.of_kind(kind)]
            name = kind.replace("_", " ")
            tracks.append(track(name, np.unique(np.concatenate([np.zeros(0, np.int64), *rows])), found.n_rows))
    if not found.n_rows or not (tracks or found.shifts):
        return None
    return file_map(tracks, found.shifts or (), found.n_rows)


def _of_kind(repeats: Repeats, kind: str) -> tuple[str, list[Cluster], int]:
    clusters = repeats.of_kind(kind)
    what = "body stands under different titles" if kind == REPEATED_BODY else "title stands over different bodies"
    if not clusters:
        return f"No {what}.", [], 0
    times = "Once" if len(clusters) == 1 else f"{len(clusters):,} times"
    heading = f"{times} one {what}: {repeats.count(kind):,} rows."
    return heading, clusters[:_SHOWN_CLUSTERS], max(0, len(clusters) - _SHOWN_CLUSTERS)


def _in_words(report: SourcesReport) -> str:
    n = len(report.worse)
    than = "since the baseline" if report.against_baseline else "than the others"
    if not n:
        return f"No source is surely worse {than}."
    return f"{n:,} source{'s are' if n > 1 else ' is'} surely worse {than}; they stand first."


def _source_rows(report: SourcesReport) -> list[tuple[SourceReport, str | None]]:
    return [(one, _line(one.of, number)) for number, one in enumerate(report.sources[:_SHOWN_SOURCES])]


def course_lines(counts: SourceCounts, names: Sequence[str]) -> dict[str, str]:
    """The course of each of some sources as a small line, by name; of those whose course says more than their rate."""
    by_name = {of.name: of for of in counts.by_key.values()}
    lines = {name: _line(by_name[name], number) for number, name in enumerate(names) if name in by_name}
    return {name: line for name, line in lines.items() if line is not None}


def _line(of: OfSource, number: int) -> str | None:
    stretches = of.course.stretches()
    return course_line(stretches, number) if len(stretches) >= _LEAST_STRETCHES and of.flagged else None
