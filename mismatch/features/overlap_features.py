"""Features of a title-body pair from the terms that they share, in one compiled pass over Arrow buffers.

Features that are sums of IDF are given in units of the IDF of an unknown term, so that they mean the same for lexicons of
any size.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mismatch.compiling.kernels import kernel, part
from mismatch.features.pair_terms import new_workspace, open_body, read_body, read_title, sublinear
from mismatch.features.vector_features import BEST, compare_vectors
from mismatch.terms.lexicon import Lexicon
from mismatch.terms.text_buffers import TextBuffers
from mismatch.terms.tokens import fold_arguments

_K1, _B, _TYPICAL_TERMS = 1.2, 0.75, 400.0
_SOFT = 19
"""where the features of the vectors begin"""


class Feature(NamedTuple):
    name: str
    monotone: int
    """-1: the more of it, the less likely a mismatch; 1: the more likely; 0: free"""
    meaning: str


FEATURES: tuple[Feature, ...] = (
    Feature("coverage", -1, "share of the title's IDF whose terms are in the body"),
    Feature("stem_coverage", -1, "the same, a term counting when its stem is in the body"),
    Feature("cosine", -1, "TF-IDF cosine, sublinear counts"),
    Feature("bigram_coverage", -1, "share of neighbouring title terms that are neighbours in the body, by IDF"),
    Feature("lead_coverage_20", -1, "stem coverage by the first 20 terms of the body"),
    Feature("lead_coverage_100", -1, "stem coverage by the first 100 terms of the body"),
    Feature("rarest_hit", -1, "highest IDF of a title stem in the body"),
    Feature("rarest_miss", 1, "highest IDF of a title stem not in the body"),
    Feature("missed_weight", 1, "sum of the IDF of title stems not in the body"),
    Feature("title_terms", 0, "different terms in the title"),
    Feature("hits", -1, "different title stems in the body"),
    Feature("body_length", 0, "ln(1 + terms in the body)"),
    Feature("first_hit", 0, "ln(1 + terms before the first title stem), of ln(1 + all) where there is none"),
    Feature("title_weight", 0, "sum of the IDF of the title's terms"),
    Feature("rare_hits", -1, "how many of the title's three rarest stems are in the body"),
    Feature("bm25", -1, "BM25 of the title as a query, by title IDF (Robertson and Zaragoza 2009)"),
    Feature("density", -1, "ln(1 + 1000 * occurrences of title stems / terms in the body)"),
    Feature("type_token_ratio", 0, "different terms of the body / its terms"),
    Feature("words", 0, "ln(1 + different terms of the body without a digit): figures say little"),
    Feature("vector_similarity", -1, "cosine of the vectors of title and body"),
    Feature("lead_similarity", -1, "cosine of the vectors of the title and the first 100 terms of the body"),
    Feature("soft_coverage", -1, "coverage, a missing term counting as its best cosine with a term of the body"),
    Feature("soft_missing", -1, "mean by IDF of that best cosine over the missing terms that have a vector"),
    Feature("soft_missing_8", -1, "the same with the mean of the best eight cosines"),
    Feature("vector_share", 0, "share of the title's IDF whose terms have a vector"),
)
FEATURE_NAMES = tuple(feature.name for feature in FEATURES)
N_FEATURES = len(FEATURES)
VECTOR_FEATURES = FEATURE_NAMES[FEATURE_NAMES.index("vector_similarity") :]


def without_vectors(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """The features as they would be if no term had a vector, a copy of shape (n_pairs, N_FEATURES)."""
    out = features.copy()
    out[:, [FEATURE_NAMES.index(name) for name in VECTOR_FEATURES]] = 0
    out[:, FEATURE_NAMES.index("soft_coverage")] = out[:, FEATURE_NAMES.index("stem_coverage")]
    return out


@part
def _compare_terms(title, body, work, lexicon, out):
    """Writes the features that come from shared terms."""
    unknown = np.float64(lexicon.terms.unknown)
    unknown_stem = np.float64(lexicon.stems.unknown)
    n_body = body.terms
    norm = np.sqrt(body.square)
    total = 0.0
    hit_weight = 0.0
    dot = 0.0
    title_square = 0.0
    bm25 = 0.0
    for t in range(title.terms):
        idf = np.float64(work.title_idf[t])
        weight = sublinear(work.title_counts[t]) * idf
        title_square += weight * weight
        total += idf
        count = work.title_hits[t]
        if count > 0:
            hit_weight += idf
            dot += weight * sublinear(count) * idf
            bm25 += idf * count * (_K1 + 1) / (count + _K1 * (1 - _B + _B * n_body / _TYPICAL_TERMS))
    stem_total = 0.0
    stem_hit = 0.0
    lead_20 = 0.0
    lead_100 = 0.0
    rarest_hit = 0.0
    rarest_miss = 0.0
    hits = 0
    first_hit = n_body
    r0 = -1
    r1 = -1
    r2 = -1
    for s in range(title.stems):
        idf = np.float64(work.stem_idf[s])
        stem_total += idf
        if r0 < 0 or idf > work.stem_idf[r0]:
            r0, r1, r2 = s, r0, r1
        elif r1 < 0 or idf > work.stem_idf[r1]:
            r1, r2 = s, r1
        elif r2 < 0 or idf > work.stem_idf[r2]:
            r2 = s
        if work.stem_hits[s] > 0:
            stem_hit += idf
            hits += 1
            rarest_hit = max(rarest_hit, idf)
            first_hit = min(first_hit, work.stem_first[s])
            if work.stem_first[s] < 20:
                lead_20 += idf
            if work.stem_first[s] < 100:
                lead_100 += idf
        else:
            rarest_miss = max(rarest_miss, idf)
    bigram_total = 0.0
    bigram_hit = 0.0
    for b in range(title.bigrams):
        weight = np.float64(work.stem_idf[work.bigrams[0, b]]) + np.float64(work.stem_idf[work.bigrams[1, b]])
        bigram_total += weight
        if work.bigram_found[b]:
            bigram_hit += weight
    rare_hits = 0
    if r0 >= 0 and work.stem_hits[r0] > 0:
        rare_hits += 1
    if r1 >= 0 and work.stem_hits[r1] > 0:
        rare_hits += 1
    if r2 >= 0 and work.stem_hits[r2] > 0:
        rare_hits += 1
    out[0] = hit_weight / total if total > 0 else 0.0
    out[1] = stem_hit / stem_total if stem_total > 0 else 0.0
    out[2] = dot / (np.sqrt(title_square) * norm) if total > 0 and norm > 0 else 0.0
    out[3] = bigram_hit / bigram_total if bigram_total > 0 else 0.0
    out[4] = lead_20 / stem_total if stem_total > 0 else 0.0
    out[5] = lead_100 / stem_total if stem_total > 0 else 0.0
    out[6] = rarest_hit / unknown_stem
    out[7] = rarest_miss / unknown_stem
    out[8] = (stem_total - stem_hit) / unknown_stem if title.stems > hits else 0.0
    out[9] = title.terms
    out[10] = hits
    out[11] = np.log(1.0 + n_body)
    out[12] = np.log(1.0 + first_hit)
    out[13] = total / unknown
    out[14] = rare_hits
    out[15] = bm25 / unknown
    out[16] = np.log(1.0 + 1000.0 * body.occurrences / n_body) if n_body > 0 else 0.0
    out[17] = body.types / n_body if n_body > 0 else 0.0
    out[18] = np.log(1.0 + body.words)


@part
def describe(title, body, work, lexicon, out):
    """Writes the features of the pair that was read last. Without a term on one side, all that compares is zero."""
    _compare_terms(title, body, work, lexicon, out)
    compare_vectors(title, body, work, lexicon, out[1], out[_SOFT:])


@part
def look(title, body, work, lexicon, out):
    """The same as if no term had a vector: vectors are most of the work on a short text."""
    _compare_terms(title, body, work, lexicon, out)
    out[_SOFT:] = 0
    out[_SOFT + 2] = out[1]


@part
def new_pair_workspace(lexicon):
    """Working memory for one thread, reused from row to row."""
    return new_workspace(lexicon.codes.shape[1], lexicon.telling.shape[1], BEST)


@kernel
def _read_pairs(title_data, title_starts, title_stops, body_data, body_starts, body_stops, fold, lexicon, brief, out):
    work = new_pair_workspace(lexicon)
    for k in range(title_starts.shape[0]):
        title = read_title(title_data, title_starts[k], title_stops[k], work, fold, lexicon)
        body = read_body(body_data, body_starts[k], body_stops[k], open_body(work), title.bigrams, work, fold, lexicon)
        if brief:
            look(title, body, work, lexicon, out[k])
        else:
            describe(title, body, work, lexicon, out[k])


def pair_features(
    titles: TextBuffers,
    bodies: TextBuffers,
    lexicon: Lexicon,
    title_rows: NDArray[np.int64] | None = None,
    body_rows: NDArray[np.int64] | None = None,
    windows: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None,
    *,
    brief: bool = False,
) -> NDArray[np.float32]:
    """Features of pairs of a title row and a body row, by default row by row.

    Parameters
    ----------
    windows
        Where each pair's body begins and ends in `bodies.data`, in place of the whole rows: int64 arrays of shape
        (n_pairs,).
    brief
        As if no term had a vector.

    Returns
    -------
    float32 array of shape (n_pairs, N_FEATURES), columns as in `FEATURES`
    """
    if title_rows is None:
        title_rows = np.arange(len(titles.valid), dtype=np.int64)
    if body_rows is None:
        body_rows = title_rows
    starts, stops = windows or (bodies.offsets[body_rows], bodies.offsets[body_rows + 1])
    out = np.empty((len(title_rows), N_FEATURES), np.float32)
    _read_pairs(
        titles.data, titles.offsets[title_rows], titles.offsets[title_rows + 1], bodies.data, starts, stops,
        fold_arguments(), lexicon.arguments, brief, out,
    )  # fmt: skip
    return out
