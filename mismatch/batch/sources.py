"""The report on the sources of a stream: which got worse, how surely, by what, and since when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from mismatch.batch.baseline import Baseline
from mismatch.batch.course import Since, more_since
from mismatch.batch.days import in_words
from mismatch.batch.source_counts import OfSource, SourceCounts
from mismatch.batch.source_ranking import Ranking, ranked, ranked_in_stream
from mismatch.judging.source_names import source_key
from mismatch.judging.verdicts import VERDICTS
from mismatch.screening.reasons import REASONS_TO_REFUSE


@dataclass(frozen=True)
class SourceReport:
    """One source."""

    of: OfSource
    rate: float
    """share of its rows that are flagged"""
    low: float
    high: float
    before: float | None
    """the rate that it is held against: its own in the baseline, or that of the others; None for nothing"""
    change: float | None
    change_low: float | None
    """the change is surely at least this"""
    adjusted_p: float
    worse: bool
    new: bool
    """not in the baseline, so that it is held against all of that"""
    since: Since | None
    more_doubtful: tuple[float, float] | None
    """shares of the rows that are flagged or unsure, in what it is held against and now, where that is surely larger"""
    less_judged: tuple[float, float] | None
    """shares of its rows that cannot be judged, in the baseline and now, where that has surely grown"""

    @property
    def reason(self) -> str | None:
        """The reason that most of the flagged rows have."""
        return _most_frequent(self.of, refusing=False)

    @property
    def refusal(self) -> str | None:
        """The reason for which most rows cannot be judged."""
        return _most_frequent(self.of, refusing=True)


@dataclass(frozen=True)
class SourcesReport:
    """All sources of a stream, the one that got worse most surely first."""

    sources: list[SourceReport]
    whole: SourceReport
    others: OfSource
    """what came from sources that are not kept apart"""
    n_others: int
    against_baseline: bool
    by_day: bool
    """whether `since` is a day, or a row"""

    @property
    def worse(self) -> list[SourceReport]:
        return [source for source in self.sources if source.worse]

    def since_in_words(self, since: Since) -> str:
        """Since when: a day, or a row."""
        return in_words(since.place) if self.by_day else f"row {since.place:,}"

    def to_plain(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            "rows": self.whole.of.rows,
            "against": "baseline" if self.against_baseline else "the other sources",
            "whole": self.one_as_plain(self.whole),
            "worse": len(self.worse),
            "sources": [self.one_as_plain(source) for source in self.sources],
            "other_sources": {"sources": self.n_others, "rows": self.others.rows, "flagged": self.others.flagged},
        }

    def one_as_plain(self, source: SourceReport) -> dict[str, Any]:
        """One source as plain values."""
        since = None
        if source.since is not None:
            place = in_words(source.since.place) if self.by_day else source.since.place
            since = {"day" if self.by_day else "row": place, "before": source.since.before, "after": source.since.after}
        less, doubtful = source.less_judged, source.more_doubtful
        return {
            "source": source.of.name, "spellings": sorted(source.of.spellings),
            "rows": source.of.rows, "flagged": source.of.flagged,
            **{verdict: source.of.verdicts[verdict] for verdict in VERDICTS},
            "rate": source.rate, "low": source.low, "high": source.high, "before": source.before, "change": source.change,
            "change_at_least": source.change_low, "adjusted_p": source.adjusted_p, "worse": source.worse, "new": source.new,
            "reason": source.reason, "since": since,
            "more_doubtful": None if doubtful is None else {"before": doubtful[0], "now": doubtful[1]},
            "less_judged": None if less is None else {"before": less[0], "now": less[1], "reason": source.refusal},
        }  # fmt: skip


def report_on(counts: SourceCounts, baseline: Baseline | None = None, *, by_day: bool = False) -> SourcesReport:
    """The sources of a stream, against a baseline or against each other.

    First come those with surely more flags, then those with surely more rows that are flagged or unsure: where the model
    expects next to no mismatches, a few wrong rows of one source may be no more than unsure.
    """
    of_sources = [of for _, of in sorted(counts.by_key.items())]  # equal ones do not stand as they happened to come
    flags = np.array([of.flagged for of in of_sources], np.int64)
    rows = np.array([of.rows for of in of_sources], np.int64)
    doubtful = flags + np.array([of.verdicts["unsure"] for of in of_sources], np.int64)
    refused: Ranking | None = None
    if baseline is None:
        ranking, doubts = ranked_in_stream(flags, rows), ranked_in_stream(doubtful, rows)
        known = [True] * len(of_sources)
        of_whole = np.zeros(1, np.int64), np.zeros(1, np.int64)
    else:
        before = [baseline.sources.get(source_key(of.name) or of.name) for of in of_sources]
        known = [counter is not None for counter in before]
        held = [counter if counter is not None else baseline.whole for counter in before]
        rows_before = np.array([counter.total() for counter in held], np.int64)
        flags_before = np.array([counter["mismatch"] for counter in held], np.int64)
        unsure_before = np.array([counter["unsure"] for counter in held], np.int64)
        ranking = ranked(flags, rows, flags_before, rows_before)
        doubts = ranked(doubtful, rows, flags_before + unsure_before, rows_before)
        unscorable = np.array([of.verdicts["unscorable"] for of in of_sources], np.int64)
        refused = ranked(unscorable, rows, np.array([counter["unscorable"] for counter in held], np.int64), rows_before)
        of_whole = np.array([baseline.whole["mismatch"]]), np.array([baseline.whole.total()])
    order = [k for k in ranking.order.tolist() if ranking.worse[k]]
    order += [k for k in doubts.order.tolist() if doubts.worse[k] and not ranking.worse[k]]
    order += [k for k in ranking.order.tolist() if not (ranking.worse[k] or doubts.worse[k])]
    sources = [_report(of_sources[k], ranking, k, new=not known[k], doubts=doubts, refused=refused) for k in order]
    of_all = ranked(np.array([counts.whole.flagged]), np.array([max(counts.whole.rows, 1)]), *of_whole)
    whole = _report(counts.whole, of_all, 0, new=False)
    return SourcesReport(sources, whole, counts.others, counts.n_others, baseline is not None, by_day)


def _report(
    of: OfSource, ranking: Ranking, k: int, *, new: bool, doubts: Ranking | None = None, refused: Ranking | None = None
) -> SourceReport:
    before = float(ranking.before[k])
    known = before == before
    return SourceReport(
        of, float(ranking.rate[k]), float(ranking.low[k]), float(ranking.high[k]), before if known else None,
        float(ranking.change[k]) if known else None, float(ranking.change_low[k]) if known else None,
        float(ranking.adjusted_p[k]), bool(ranking.worse[k]), new, more_since(of.course.stretches()),
        _grown(doubts, k), None if new else _grown(refused, k),
    )  # fmt: skip


def _grown(ranking: Ranking | None, k: int) -> tuple[float, float] | None:
    """A share before and now, where it has surely grown."""
    if ranking is None or not ranking.worse[k]:
        return None
    return float(ranking.before[k]), float(ranking.rate[k])


def _most_frequent(of: OfSource, *, refusing: bool) -> str | None:
    of_kind = {code: n for code, n in of.reasons.items() if (code in REASONS_TO_REFUSE) == refusing}
    return min(of_kind, key=lambda code: (-of_kind[code], code)) if of_kind else None
