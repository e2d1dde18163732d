"""Paragraphs that fit neither the title nor the rest of their body: the score behind the reason `foreign_paragraph`.

Every run of one to three passages gets the log-odds that it comes from elsewhere; a second, smaller head weighs how far the
worst one stands out from its siblings and gives the log-odds of the body. The verdict on the pair knows nothing of it: a
title that belongs to the rest of the body still matches.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mismatch.compiling.kernels import kernel
from mismatch.features.forest import Forest, log_odds_of
from mismatch.paragraphs.passage_features import (
    LENGTH,
    LIKELIHOOD,
    MAX_RUNS,
    MEAN_SIMILARITY,
    N_RUN_FEATURES,
    RUN_FEATURE_NAMES,
    measure_runs,
)
from mismatch.paragraphs.passage_terms import MIN_PASSAGES, new_passage_workspace, read_passages
from mismatch.terms.lexicon import Lexicon
from mismatch.terms.text_buffers import TextBuffers
from mismatch.terms.tokens import fold_arguments

BODY_FEATURES = (
    ("worst", "log-odds of the run that stands out most"),
    ("lead", "that, less the log-odds of the next that has no passage in common with it"),
    ("lead_3", "that, less the log-odds of the third such"),
    ("others", "mean log-odds of the runs that have no passage in common with the worst"),
    ("spread", "their standard deviation"),
    ("n_passages", "ln of the number of passages"),
    ("length", "of the worst run"),
    ("position", "of the worst run"),
    ("edge", "of the worst run"),
    ("vector_share", "of the worst run"),
    ("passages", "of the worst run"),
    ("shift", "by which the body's IDF was lowered"),
    ("likelihood", "mean over the other runs"),
    ("mean_similarity", "mean over the other runs"),
)
N_BODY_FEATURES = len(BODY_FEATURES)
_POSITION, _EDGE, _VECTOR_SHARE, _PASSAGES, _SHIFT = (
    RUN_FEATURE_NAMES.index(name) for name in ("position", "edge", "vector_share", "passages", "shift")
)
_NOTHING = -20.0
"""log-odds of a run that is not there"""
_CHUNK_ROWS = 256


@dataclass(frozen=True)
class ParagraphModel:
    """What tells a foreign paragraph; made by `paragraph_training.fit_paragraphs`."""

    runs: Forest
    """log-odds of a run of passages, from its features"""
    bodies: Forest
    """log-odds of a body, from `BODY_FEATURES`"""
    cut: float
    """log-odds of a body above which the reason is given"""
    figures: dict[str, float] = field(default_factory=dict)
    """out of fold, on the articles that it learned from"""

    def judge(
        self, titles: TextBuffers, bodies: TextBuffers, lexicon: Lexicon
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """How surely each body holds a paragraph from elsewhere, and which one. Releases the GIL.

        Returns
        -------
        (log_odds, places)
            float64 of shape (n_rows,), on the scale of half of all bodies having one; NaN for nulls and for bodies of fewer
            than `MIN_PASSAGES` passages. int64 of shape (n_rows, 2): first byte of the paragraph, and the byte behind it,
            counted from the start of the body.
        """
        n = len(bodies.valid)
        log_odds, places = np.full(n, np.nan), np.zeros((n, 2), np.int64)
        _judge(
            titles.data, titles.offsets, bodies.data, bodies.offsets, titles.valid & bodies.valid, fold_arguments(),
            lexicon.arguments, self.runs.arguments(), self.bodies.arguments(), log_odds, places,
        )  # fmt: skip
        return log_odds, places

    def foreign(self, titles: TextBuffers, bodies: TextBuffers, lexicon: Lexicon) -> NDArray[np.bool_]:
        """Whether each body has a paragraph that fits neither its title nor its rest, shape (n_rows,)."""
        log_odds = self.judge(titles, bodies, lexicon)[0]
        return ~np.isnan(log_odds) & (log_odds > self.cut)

    def to_plain(self) -> dict[str, Any]:
        """Dictionaries, lists, strings, numbers and bytes, for a model file."""
        forests = {
            name: {"offset": float(forest.offset), **forest.to_plain()}
            for name, forest in (("runs", self.runs), ("bodies", self.bodies))
        }
        features = [list(RUN_FEATURE_NAMES), [name for name, _ in BODY_FEATURES]]
        return {"features": features, **forests, "cut": float(self.cut), "figures": dict(self.figures)}

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> ParagraphModel:
        """The model in what `to_plain` gave.

        Raises
        ------
        ValueError, KeyError, TypeError
            If it is not what `to_plain` gives: compiled code walks its trees without looking.
        """
        if plain["features"] != [list(RUN_FEATURE_NAMES), [name for name, _ in BODY_FEATURES]]:
            raise ValueError("its paragraph features are not those of this version of mismatch; train the model again")
        if type(plain["cut"]) not in (int, float) or not np.isfinite(plain["cut"]):
            raise ValueError("the cut of the paragraph part is no number")
        try:
            runs, bodies = (
                Forest.from_plain(plain[name], plain[name]["offset"], n)
                for name, n in (("runs", N_RUN_FEATURES), ("bodies", N_BODY_FEATURES))
            )
        except ValueError as error:
            raise ValueError(f"the paragraph part is damaged: {error}") from error
        figures = {str(name): float(value) for name, value in plain["figures"].items()}
        return cls(runs, bodies, float(plain["cut"]), figures)


@kernel
def _describe_body(n_passages, n_runs, runs, features, log_odds, out):
    """Writes the body's features, given the log-odds of its runs; returns the number of the worst run."""
    worst = np.argmax(log_odds[:n_runs])
    second = -1
    total = 0.0
    squares = 0.0
    likelihood = 0.0
    similarity = 0.0
    others = 0
    for r in range(n_runs):
        if runs[r, 1] > runs[worst, 0] and runs[r, 0] < runs[worst, 1]:
            continue
        if second < 0 or log_odds[r] > log_odds[second]:
            second = r
        others += 1
        total += log_odds[r]
        squares += log_odds[r] ** 2
        likelihood += features[r, LIKELIHOOD]
        similarity += features[r, MEAN_SIMILARITY]
    third = _NOTHING
    for r in range(n_runs):
        if (
            second >= 0
            and log_odds[r] > third
            and (runs[r, 1] <= runs[worst, 0] or runs[r, 0] >= runs[worst, 1])
            and (runs[r, 1] <= runs[second, 0] or runs[r, 0] >= runs[second, 1])
        ):
            third = log_odds[r]
    count = max(others, 1)
    mean = total / count if others else _NOTHING
    out[0] = log_odds[worst]
    out[1] = log_odds[worst] - (log_odds[second] if second >= 0 else _NOTHING)
    out[2] = log_odds[worst] - third
    out[3] = mean
    out[4] = np.sqrt(max(squares / count - mean * mean, 0.0)) if others else 0.0
    out[5] = np.log(n_passages)
    out[6] = features[worst, LENGTH]
    out[7] = features[worst, _POSITION]
    out[8] = features[worst, _EDGE]
    out[9] = features[worst, _VECTOR_SHARE]
    out[10] = features[worst, _PASSAGES]
    out[11] = features[worst, _SHIFT]
    out[12] = likelihood / count
    out[13] = similarity / count
    return worst


@kernel
def _judge(
    title_data, title_offsets, body_data, body_offsets, wanted, fold, lexicon, run_forest, body_forest, out, places
):  # fmt: skip
    work = new_passage_workspace(lexicon.codes.shape[1])
    features = np.zeros((MAX_RUNS, N_RUN_FEATURES), np.float32)
    runs = np.zeros((MAX_RUNS, 4), np.int64)
    log_odds = np.zeros(MAX_RUNS)
    of_body = np.zeros(N_BODY_FEATURES, np.float32)
    for k in range(wanted.shape[0]):
        if not wanted[k]:
            continue
        begin = body_offsets[k]
        n, n_terms, n_types, title_idf, shift = read_passages(
            title_data, title_offsets[k], title_offsets[k + 1], body_data, begin, body_offsets[k + 1], work, fold, lexicon
        )
        if n < MIN_PASSAGES:
            continue
        n_runs = measure_runs(n, n_terms, n_types, title_idf, shift, work, lexicon, features, runs)
        if n_runs == 0:
            continue
        for r in range(n_runs):
            log_odds[r] = log_odds_of(features[r], run_forest)
        worst = _describe_body(n, n_runs, runs, features, log_odds, of_body)
        out[k] = log_odds_of(of_body, body_forest)
        places[k, 0] = runs[worst, 2] - begin
        places[k, 1] = runs[worst, 3] - begin


@kernel
def _measure(title_data, title_offsets, body_data, body_offsets, first, stop, fold, lexicon, features, runs, counts):
    work = new_passage_workspace(lexicon.codes.shape[1])
    total = 0
    for k in range(first, stop):
        begin = body_offsets[k]
        n, n_terms, n_types, title_idf, shift = read_passages(
            title_data, title_offsets[k], title_offsets[k + 1], body_data, begin, body_offsets[k + 1], work, fold, lexicon
        )
        counts[k, 0] = n
        counts[k, 1] = 0
        if n < MIN_PASSAGES:
            continue
        n_runs = measure_runs(n, n_terms, n_types, title_idf, shift, work, lexicon, features[total:], runs[total:])
        runs[total : total + n_runs, 2:] -= begin
        counts[k, 1] = n_runs
        total += n_runs
    return total


@dataclass(frozen=True)
class Measured:
    """The runs of many bodies, body after body."""

    features: NDArray[np.float32]
    """shape (n_runs, N_RUN_FEATURES)"""
    runs: NDArray[np.int64]
    """shape (n_runs, 4): first passage, passage behind the last, first byte, byte behind the last, from the body's start"""
    counts: NDArray[np.int64]
    """shape (n_bodies, 2): passages, runs"""

    @property
    def bodies(self) -> NDArray[np.int64]:
        """The body of each run, shape (n_runs,)."""
        return np.repeat(np.arange(len(self.counts)), self.counts[:, 1])

    def describe(self, log_odds: NDArray[np.float64]) -> NDArray[np.float32]:
        """`BODY_FEATURES` of all bodies, given the log-odds of their runs; NaN for bodies without runs."""
        out = np.full((len(self.counts), N_BODY_FEATURES), np.nan, np.float32)
        at = 0
        for k, (n_passages, n_runs) in enumerate(self.counts.tolist()):
            if n_runs:
                part = slice(at, at + n_runs)
                _describe_body(n_passages, n_runs, self.runs[part], self.features[part], log_odds[part], out[k])
                at += n_runs
        return out


def measure(titles: TextBuffers, bodies: TextBuffers, lexicon: Lexicon) -> Measured:
    """The features of all runs of passages of all bodies."""
    n = len(bodies.valid)
    counts = np.zeros((n, 2), np.int64)
    features, runs = [], []
    for first in range(0, n, _CHUNK_ROWS):
        stop = min(n, first + _CHUNK_ROWS)
        out = np.zeros(((stop - first) * MAX_RUNS, N_RUN_FEATURES), np.float32)
        places = np.zeros((len(out), 4), np.int64)
        total = _measure(
            titles.data, titles.offsets, bodies.data, bodies.offsets, first, stop,
            fold_arguments(), lexicon.arguments, out, places, counts,
        )  # fmt: skip
        features.append(out[:total].copy())
        runs.append(places[:total].copy())
    nothing = np.zeros((0, N_RUN_FEATURES), np.float32), np.zeros((0, 4), np.int64)
    return Measured(np.concatenate([nothing[0], *features]), np.concatenate([nothing[1], *runs]), counts)
