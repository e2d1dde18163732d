"""How well each part of a body fits the rest of it and the title.

A part is a *run* of one to three passages that follow one another, so that a paragraph is found whole, be it a passage or
cut into several. A run is measured against the rest of its body, that is the body's counts less its own.
"""

from __future__ import annotations

import numpy as np

from mismatch.compiling.kernels import part
from mismatch.features.pair_terms import sublinear
from mismatch.paragraphs.passages import MAX_PASSAGES, MIN_TERMS

MAX_RUN = 3
MIN_OTHERS = 3
"""passages that must be left beside a run"""
MAX_RUN_TERMS = 160
MAX_RUNS = MAX_RUN * MAX_PASSAGES
RUN_FEATURES = (
    ("coverage", "share of the run's IDF that the rest has too"),
    ("rare_coverage", "the same by squared IDF"),
    ("tfidf", "TF-IDF cosine to the rest"),
    ("near", "share of the squared IDF that the three passages before and behind have too"),
    ("title_share", "share of the title's IDF that the run has"),
    ("uneven_coverage", "coverage by IDF times how few of the body's passages have the stem"),
    ("uneven_tfidf", "TF-IDF cosine with that weight"),
    ("uneven_near", "share of that weight that the three passages before and behind have too"),
    ("likelihood", "mean over stems of ln(1 + probability in the rest / (2 * probability in general))"),
    ("uneven_likelihood", "the same, a stem of many passages being probable in general"),
    ("occurrence_likelihood", "mean over occurrences of ln(1/2 + that ratio)"),
    ("rest_similarity", "cosine of the vectors of the run and the rest"),
    ("mean_similarity", "mean cosine to the other passages"),
    ("title_similarity", "cosine of the vectors of the run and the title"),
    ("before_similarity", "cosine to the two passages before"),
    ("behind_similarity", "cosine to the two passages behind"),
    ("gap", "the larger of the last two, less the cosine of what is before to what is behind"),
    ("length", "ln(1 + terms)"),
    ("position", "middle of the run, 0 to 1"),
    ("edge", "1 if it begins the body, 2 if it ends it"),
    ("mean_idf", "mean IDF of the stems"),
    ("vector_share", "share of the terms that have vectors"),
    ("passages", "of the run"),
    ("rare_hits", "share of the rare stems that the rest has, -1 without any"),
    ("rest_title_similarity", "cosine of the vectors of the rest and the title"),
    ("shift", "by which the body's IDF was lowered"),
)
RUN_FEATURE_NAMES = tuple(name for name, _ in RUN_FEATURES)
N_RUN_FEATURES = len(RUN_FEATURES)
LIKELIHOOD = RUN_FEATURE_NAMES.index("likelihood")
MEAN_SIMILARITY = RUN_FEATURE_NAMES.index("mean_similarity")
LENGTH = RUN_FEATURE_NAMES.index("length")
_NO_COSINE = np.float32(-2.0)
_LOG_HALF = np.float32(np.log(0.5))
_RARE = np.float32(0.6)
"""of the IDF of a stem never seen: what counts as rare"""


@part(fastmath=True)
def _cosine(a, b):
    dot = np.float32(0)
    left = np.float32(0)
    right = np.float32(0)
    for d in range(a.shape[0]):
        dot += a[d] * b[d]
        left += a[d] * a[d]
        right += b[d] * b[d]
    if left < 1e-9 or right < 1e-9:
        return _NO_COSINE
    return dot / np.sqrt(left * right)


@part(fastmath=True)
def _sum(rows, begin, stop, out):
    out[:] = 0
    for p in range(begin, stop):
        for d in range(out.shape[0]):
            out[d] += rows[p, d]


@part(fastmath=True)
def _measure_stems(a, b, n, n_terms, stamp, squares, title_idf, unknown, work, out):
    """Writes the features of the run of passages `a` to `b` that come from its stems."""
    first, numbers, idf = work.first, work.numbers, work.idf
    begin = first[a]
    stop = first[b]
    for t in range(first[max(0, a - 3)], begin):
        work.near[numbers[t]] = stamp
    for t in range(stop, first[min(n, b + 3)]):
        work.near[numbers[t]] = stamp
    for t in range(begin, stop):
        work.inside[numbers[t]] += 1
    n_rest = np.float32(n_terms - (stop - begin))
    weight = hit = rare_weight = rare_hit = near = titled = np.float32(0)
    uneven = uneven_hit = uneven_near = likelihood = uneven_likelihood = by_occurrence = np.float32(0)
    dot = uneven_dot = own = uneven_own = np.float32(0)
    rest_square = squares[0]
    uneven_rest = squares[1]
    types = rare = rare_found = 0
    for t in range(begin, stop):
        i = numbers[t]
        if work.seen[i] == stamp:
            continue
        work.seen[i] = stamp
        types += 1
        w = idf[i]
        u = work.uneven[i]
        inside = work.inside[i]
        rest = work.total[i] - inside
        weight += w
        rare_weight += w * w
        uneven += u
        log_inside = np.float32(sublinear(np.int64(inside)))
        log_total = np.float32(sublinear(np.int64(work.total[i])))
        own += log_inside * log_inside * w * w
        uneven_own += log_inside * log_inside * u * u
        rest_square -= log_total * log_total * w * w
        uneven_rest -= log_total * log_total * u * u
        if w > _RARE * unknown:
            rare += 1
            rare_found += rest > 0
        if rest > 0:
            log_rest = np.float32(sublinear(np.int64(rest)))
            hit += w
            rare_hit += w * w
            uneven_hit += u
            rest_square += log_rest * log_rest * w * w
            uneven_rest += log_rest * log_rest * u * u
            dot += log_rest * log_inside * w * w
            uneven_dot += log_rest * log_inside * u * u
            share = np.float32(rest) / n_rest
            ratio = share / work.general[0, i]
            likelihood += np.log(np.float32(1) + ratio)
            by_occurrence += np.float32(inside) * np.log(np.float32(0.5) + ratio)
            uneven_likelihood += np.log(np.float32(1) + share / work.general[1, i])
        else:
            by_occurrence += np.float32(inside) * _LOG_HALF
        if work.near[i] == stamp:
            near += w * w
            uneven_near += u
        if work.in_title[i]:
            titled += w
    for t in range(begin, stop):
        work.inside[numbers[t]] = 0
    least = np.float32(1e-6)
    out[0] = hit / weight
    out[1] = rare_hit / rare_weight
    out[2] = dot / np.sqrt(max(own * rest_square, least))
    out[3] = near / rare_weight
    out[4] = titled / title_idf if title_idf > 0 else 0.0
    out[5] = uneven_hit / max(uneven, least)
    out[6] = uneven_dot / np.sqrt(max(uneven_own * uneven_rest, least))
    out[7] = uneven_near / max(uneven, least)
    out[8] = likelihood / types
    out[9] = uneven_likelihood / types
    out[10] = by_occurrence / (stop - begin)
    out[17] = np.log(np.float32(1 + stop - begin))
    out[18] = 0.5 * (begin + stop) / n_terms
    out[19] = (1 if a == 0 else 0) + (2 if b == n else 0)
    out[20] = weight / types
    out[22] = b - a
    out[23] = rare_found / rare if rare else -1.0


@part(fastmath=True)
def _measure_vectors(a, b, n, work, out):
    """Writes the features of the run that come from vectors."""
    vectors = work.vectors
    own, rest, before, behind, others = work.sums[0], work.sums[1], work.sums[2], work.sums[3], work.sums[4]
    _sum(vectors, a, b, own)
    _sum(vectors, max(0, a - 2), a, before)
    _sum(vectors, b, min(n, b + 2), behind)
    _sum(work.units, a, b, others)
    square = np.float32(0)
    dot = np.float32(0)
    for d in range(own.shape[0]):
        rest[d] = vectors[n, d] - own[d]
        square += own[d] * own[d]
        dot += own[d] * (work.units[n, d] - others[d])
    out[11] = _cosine(own, rest)
    out[12] = dot / np.sqrt(square) / (n - (b - a)) if square > 1e-9 else _NO_COSINE
    out[13] = _cosine(own, vectors[n + 1])
    out[14] = _cosine(own, before)
    out[15] = _cosine(own, behind)
    across = _cosine(before, behind)
    out[16] = max(out[14], out[15]) - across if across > _NO_COSINE else 0.0
    known = np.float32(0)
    for p in range(a, b):
        known += work.known[p]
    out[21] = known / (work.first[b] - work.first[a])
    out[24] = _cosine(rest, vectors[n + 1])


@part(fastmath=True)
def measure_runs(n, n_terms, n_types, title_idf, shift, work, lexicon, out, runs):
    """Writes the features of all runs of the body that `read_passages` read.

    Parameters
    ----------
    out : float32 array of shape (MAX_RUNS, N_RUN_FEATURES), out
    runs : int64 array of shape (MAX_RUNS, 4), out
        First passage, passage behind the last, first byte, byte behind the last.

    Returns
    -------
    The number of runs.
    """
    squares = np.zeros(2, np.float32)
    for i in range(n_types):
        log_total = np.float32(sublinear(np.int64(work.total[i])))
        squares[0] += (log_total * work.idf[i]) ** 2
        squares[1] += (log_total * work.uneven[i]) ** 2
    unknown = max(lexicon.stems.unknown - shift, np.float32(1.0))
    count = np.int64(0)
    for size in range(1, MAX_RUN + 1):
        if n < size + MIN_OTHERS:
            break
        for a in range(n - size + 1):
            b = a + size
            terms = work.first[b] - work.first[a]
            if terms < MIN_TERMS or (size > 1 and terms > MAX_RUN_TERMS):
                continue
            _measure_stems(a, b, n, n_terms, count, squares, title_idf, unknown, work, out[count])
            _measure_vectors(a, b, n, work, out[count])
            out[count, 25] = shift
            runs[count, 0] = a
            runs[count, 1] = b
            runs[count, 2] = work.bounds[a]
            runs[count, 3] = work.bounds[b]
            count += 1
    return count
