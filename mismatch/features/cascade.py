"""Judging a batch in one compiled pass that spends time only where it is needed.

Most good articles are cleared by a first look: the title against the beginning of the body, without the costly part of the
vectors, judged by a small head of its own. What it does not clear, and what is short anyway, is read on from there to its
end and judged by the model's head. The first look can only clear, never flag.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mismatch.compiling.kernels import kernel, part
from mismatch.features.forest import NO_FOREST, Forest, log_odds_of
from mismatch.features.overlap_features import FEATURE_NAMES, N_FEATURES, describe, look, new_pair_workspace
from mismatch.features.pair_terms import open_body, read_body, read_title
from mismatch.features.vector_features import sum_vectors
from mismatch.terms.lexicon import Lexicon
from mismatch.terms.text_buffers import TextBuffers
from mismatch.terms.tokens import end_of_term, fold_arguments

FIRST_BYTES = 600
"""of a body, that the first look reads"""
MIN_BYTES = 1000
"""bodies shorter than this are read whole at once"""
MIN_COVERAGE = 0.5
"""stem coverage without which nothing is cleared: what links a title to the beginning of a body must be most of it"""
MIN_KNOWN_TITLE, MIN_KNOWN_BODY = 0.5, 0.8
"""shares of the title's IDF, and of the different terms of the beginning, that must have vectors. In a language that the
model does not know, words that mean nothing look rare, and a title seems to be found where only they are"""
_COVERAGE = FEATURE_NAMES.index("stem_coverage")


@dataclass(frozen=True)
class FirstLook:
    """The head that clears most pairs by the first `FIRST_BYTES` of their bodies."""

    forest: Forest
    """its log-odds are on the scale of the model's head"""
    clear_below: float
    """log-odds under which a pair is a match without reading on"""
    figures: dict[str, float]
    """out of fold: the shares of matched and of mismatched pairs that it clears, and of the mismatched ones that would have
    been found at 1 % false flags"""

    def below(self, unsure_cut: float) -> FirstLook:
        """The same, such that it clears nothing that the cuts of a model would not."""
        return replace(self, clear_below=min(self.clear_below, unsure_cut))


@part
def _is_known(title, body, work):
    """Whether title and body are in a language of which the model has vectors."""
    total = np.float32(0)
    known = np.float32(0)
    for t in range(title.terms):
        total += work.title_idf[t]
        if work.title_rows[t] >= 0:
            known += work.title_idf[t]
    if known < np.float32(MIN_KNOWN_TITLE) * total:
        return False
    with_vector = 0
    for k in range(body.types):
        if work.body_rows[k] >= 0:
            with_vector += 1
    return with_vector >= MIN_KNOWN_BODY * body.types


@kernel
def _score_rows(
    title_data, title_starts, title_stops, body_data, body_starts, body_stops, wanted, fold, lexicon, forest,
    first, clear_below, features, vectors, cleared, out,
):  # fmt: skip
    work = new_pair_workspace(lexicon)
    for k in range(out.shape[0]):
        if not wanted[k]:
            out[k] = np.nan
            continue
        title = read_title(title_data, title_starts[k], title_stops[k], work, fold, lexicon)
        body = open_body(work)
        pos = body_starts[k]
        stop = body_stops[k]
        is_clear = False
        if clear_below > -np.inf and stop - pos >= MIN_BYTES:
            pause = end_of_term(body_data, pos + FIRST_BYTES, stop, fold[0], fold[1], fold[2])
            if pause < stop:
                body = read_body(body_data, pos, pause, body, title.bigrams, work, fold, lexicon)
                look(title, body, work, lexicon, features[k])
                out[k] = log_odds_of(features[k], first)
                is_clear = out[k] < clear_below and features[k, _COVERAGE] >= MIN_COVERAGE and _is_known(title, body, work)
                pos = pause
        cleared[k] = is_clear
        if is_clear:
            if vectors.shape[1]:
                sum_vectors(title, body, np.int64(0), work, lexicon)
        else:
            body = read_body(body_data, pos, stop, body, title.bigrams, work, fold, lexicon)
            describe(title, body, work, lexicon, features[k])
            out[k] = log_odds_of(features[k], forest)
        for side in range(vectors.shape[1]):
            size = min(vectors.shape[2], work.sums.shape[1])
            for d in range(size):
                vectors[k, side, d] = work.sums[side, d]
            for d in range(size, vectors.shape[2]):
                vectors[k, side, d] = work.told[side, d - size]


def score_pairs(
    titles: TextBuffers, bodies: TextBuffers, wanted: NDArray[np.uint8], lexicon: Lexicon, forest: Forest,
    vectors: NDArray[np.float32] | None = None, first_look: FirstLook | None = None,
    title_rows: NDArray[np.int64] | None = None, body_rows: NDArray[np.int64] | None = None,
    cleared: NDArray[np.uint8] | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:  # fmt: skip
    """Reads and judges a batch, without the GIL.

    Parameters
    ----------
    wanted : uint8 array of shape (n_pairs,)
        0 for rows that are not to be judged.
    vectors : float32 array of shape (n_pairs, 2, vector size or, with what is told of topics, vector size + n_told), out
        If given, filled with the vectors of titles and of what was read of the bodies, not normalised, and behind them what
        their terms tell of topics; zero where too few terms have a vector.
    first_look
        Without it every body is read to its end.
    title_rows, body_rows : int64 arrays of shape (n_pairs,)
        Which title stands over which body; by default row over row.
    cleared : uint8 array of shape (n_pairs,), out
        If given, set to 1 for the pairs that the first look cleared.

    Returns
    -------
    (log_odds, features)
        float64 of shape (n_pairs,), NaN where not wanted; float32 of shape (n_pairs, N_FEATURES), of what was read: for a
        pair that the first look cleared, of the beginning of its body
    """
    n = len(wanted)
    features = np.zeros((n, N_FEATURES), np.float32)
    out = np.empty(n)
    first: Any = first_look.forest.arguments() if first_look else NO_FOREST.arguments()
    _score_rows(
        titles.data, *_bounds(titles, title_rows), bodies.data, *_bounds(bodies, body_rows), wanted,
        fold_arguments(), lexicon.arguments, forest.arguments(), first,
        first_look.clear_below if first_look else -math.inf, features,
        np.zeros((n, 0, 0), np.float32) if vectors is None else vectors,
        np.empty(n, np.uint8) if cleared is None else cleared, out,
    )  # fmt: skip
    return out, features


def _bounds(texts: TextBuffers, rows: NDArray[np.int64] | None) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where the texts of some rows begin and end."""
    if rows is None:
        return texts.offsets[:-1], texts.offsets[1:]
    return texts.offsets[rows], texts.offsets[rows + 1]
