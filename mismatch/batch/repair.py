"""For each stray title the body of the batch that it belongs to.

1. `suspects.gather` reads all rows, and keeps those that may be stray aside, with some that fit.
2. `candidates` finds for each of their titles the bodies among them that have its rare terms.
3. The scorer judges these pairs.
4. `pairing` says how likely each is right, by what the batch itself shows, and assigns each body to one title at most.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from mismatch.batch.candidates import Candidates, CandidateSearch
from mismatch.batch.pairing import JudgedPairs, likely_pairs
from mismatch.batch.scored import ScoredRows
from mismatch.batch.suspects import Suspects, gather
from mismatch.features.keywords import title_terms
from mismatch.features.overlap_features import N_FEATURES
from mismatch.judging.comparison import prepared
from mismatch.judging.pipeline import in_order
from mismatch.judging.scorer import Scorer
from mismatch.records.memory import give_back
from mismatch.records.quarantine import Quarantine
from mismatch.terms.text_buffers import text_buffers

KEPT_BODIES = 16
"""candidates of a title that are judged"""
LEAST_STRENGTH = 0.05
MOST_EVIDENCE = 8
"""terms that are given with a proposal"""
JUDGED_AT_ONCE, BYTES_AT_ONCE = 1024, 4 << 20


@dataclass(frozen=True)
class Proposal:
    """A title and the body that it belongs to."""

    title_row: int
    """counted from 1 in the order of the input"""
    body_row: int
    title_id: str | None
    body_id: str | None
    probability: float
    """that this is the right body"""
    evidence: tuple[str, ...]
    """terms of the title that stand in the body, as the title writes them, the rarest first"""
    title_place: tuple[str, int]
    """the file of the title's row, and its line or row there, counted from 1"""
    body_place: tuple[str, int]

    def as_dict(self) -> dict[str, Any]:
        """As it is written: without ids where there are none."""
        plain = {name: value for name, value in asdict(self).items() if value is not None and not name.endswith("_place")}
        return {**plain, "probability": round(self.probability, 4), "evidence": list(self.evidence)}


@dataclass(frozen=True)
class Repair:
    """What was found in a batch."""

    proposals: list[Proposal]
    """in the order of their title rows; no title and no body is in two"""
    n_rows: int
    n_rejected: int
    n_suspects: int
    n_flagged: float
    """rows that do not fit, by the sum of the probabilities"""

    @property
    def bodies(self) -> dict[int, int]:
        """For the row of each title with a proposal, the row of its body."""
        return {proposal.title_row: proposal.body_row for proposal in self.proposals}


def find_repairs(scored: ScoredRows, quarantine: Quarantine, *, least: float = 0.5, threads: int | None = None) -> Repair:
    """Proposals for a batch.

    Parameters
    ----------
    scored
        The rows, with a scorer that is adapted to them (`always_adapt`).
    least
        Smallest probability of a proposal.
    """
    give_back()  # what a step took and needs no more: of rows of megabytes a hundred, and the next one needs others
    suspects = gather(scored, quarantine)
    give_back()
    with suspects.folder:
        workers = threads or os.cpu_count() or 1
        scorer = Scorer(scored.scorer.model, thorough=True)
        titles, sources = suspects.texts("title"), suspects.texts("source")
        found = _candidates(suspects, titles, sources, scorer, workers)
        pairs = _judged(suspects, titles, sources, found, scorer, workers)
        likely = likely_pairs(pairs, suspects.doubt, suspects.is_sample, least)
        proposals = _proposals(suspects, titles, sources, *likely, scorer)
    give_back()
    of_rows = suspects.doubt[~suspects.is_sample]
    return Repair(proposals, suspects.n_rows, suspects.n_rejected, len(of_rows), float(of_rows.sum()))


def _candidates(suspects: Suspects, titles: pa.Array, sources: pa.Array, scorer: Scorer, workers: int) -> Candidates:
    """Bodies for each title, by their places; none of those that only samples have in common."""
    nothing = pa.nulls(len(titles), pa.large_string())
    cleaned = prepared(scorer.model, titles, nothing, sources).titles
    search = CandidateSearch(cleaned, np.arange(len(titles)), scorer.model.lexicon, keep=KEPT_BODIES, least=LEAST_STRENGTH)
    with ThreadPoolExecutor(workers) as pool:
        for found in in_order(
            pool, lambda part: search.found_in(text_buffers(part[1]), part[0]), suspects.bodies(), workers + 1
        ):
            search.add(found)
    return search.candidates()


def _judged(
    suspects: Suspects, titles: pa.Array, sources: pa.Array, found: Candidates, scorer: Scorer, workers: int
) -> JudgedPairs:
    """The candidates, and each sampled row with itself, with the log-odds of the scorer."""
    n, is_sample = len(titles), suspects.is_sample
    own = found.title_row == found.body_row
    own_strength = np.zeros(n, np.float32)
    own_strength[found.title_row[own]] = found.strength[own]
    others = ~own & ~(is_sample[found.title_row] & is_sample[found.body_row])
    samples = np.flatnonzero(is_sample)
    title = np.concatenate([found.title_row[others], samples])
    body = np.concatenate([found.body_row[others], samples])
    strength = np.concatenate([found.strength[others], own_strength[samples]])
    order = np.argsort(body, kind="stable")
    title, body, strength = title[order], body[order], strength[order]

    def parts() -> Iterator[tuple[pa.Array, pa.Array, pa.Array]]:
        for places, bodies in suspects.bodies():
            low, high = np.searchsorted(body, [places[0], places[-1] + 1])
            sizes = pc.binary_length(bodies).fill_null(0).to_numpy(zero_copy_only=False)
            for some in _in_parts(sizes[body[low:high] - places[0]], int(low)):
                rows = pa.array(title[some])
                yield titles.take(rows), bodies.take(pa.array(body[some] - places[0])), sources.take(rows)

    log_odds, features = np.empty(len(title)), np.empty((len(title), N_FEATURES), np.float32)
    done = 0
    with ThreadPoolExecutor(workers) as pool:
        for of_part in in_order(pool, partial(judge, scorer), parts(), workers + 1):
            at = slice(done, done + len(of_part[0]))
            log_odds[at], features[at] = of_part
            done = at.stop
    return JudgedPairs(title, body, strength, log_odds, features)


def _in_parts(sizes: NDArray[np.int64], first: int) -> Iterator[slice]:
    """Places from `first` on in stretches of `JUDGED_AT_ONCE` texts and `BYTES_AT_ONCE` bytes at most, or of one text."""
    ends, start = np.cumsum(sizes), 0
    while start < len(sizes):
        before = int(ends[start] - sizes[start])
        stop = min(int(np.searchsorted(ends, before + BYTES_AT_ONCE, side="right")), start + JUDGED_AT_ONCE)
        stop = max(stop, start + 1)
        yield slice(first + start, first + stop)
        start = stop


def judge(scorer: Scorer, part: tuple[pa.Array, pa.Array, pa.Array]) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Log-odds and features, as `JudgedPairs` has them, of titles over the bodies beside them, with the titles' sources."""
    compared = scorer.compare(*part)
    return np.where(compared.refused > 0, np.nan, compared.log_odds), compared.features


def _proposals(
    suspects: Suspects, titles: pa.Array, sources: pa.Array, title: NDArray[np.int64], body: NDArray[np.int64],
    probability: NDArray[np.float64], scorer: Scorer,
) -> list[Proposal]:  # fmt: skip
    """The pairs with their evidence, in the order of their titles."""
    ids, rows, files = suspects.texts("id"), suspects.rows, suspects.places_in_files()
    order = np.argsort(body, kind="stable")
    title, body, probability = title[order], body[order], probability[order]
    out: list[Proposal] = []
    for places, bodies in suspects.bodies():
        low, high = np.searchsorted(body, [places[0], places[-1] + 1])
        for k in range(low, high):
            t, b = int(title[k]), int(body[k])
            body_text = bodies[b - int(places[0])].as_py()
            out.append(
                Proposal(
                    int(rows[t]), int(rows[b]), ids[t].as_py(), ids[b].as_py(), float(probability[k]),
                    evidence(titles[t].as_py(), body_text, sources[t].as_py(), scorer), files[t], files[b],
                )
            )  # fmt: skip
    return sorted(out, key=lambda proposal: proposal.title_row)


def evidence(title: str, body: str, source: str | None, scorer: Scorer) -> tuple[str, ...]:
    """Terms of the title that stand in the body, as the title writes them, the rarest first."""
    compared = scorer.prepared(title, body, source)[0]
    found = [term for term in title_terms(compared, body, scorer.model.lexicon) if term.found]
    rarest = sorted(found, key=lambda term: -term.weight)[:MOST_EVIDENCE]
    return tuple(term.text for term in rarest)
