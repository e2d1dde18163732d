"""What the vectors of the terms say of a pair that has been read: how near title and body are in meaning."""

from __future__ import annotations

import numpy as np

from mismatch.compiling.kernels import part
from mismatch.features.pair_terms import sublinear
from mismatch.terms.vector_instructions import WIDTH, dot_of_codes, prefetch

VECTOR_TERMS = 256
"""different terms of a body whose vectors are looked at"""
MIN_VECTOR_SHARE = 0.4
"""below it, of the IDF of either side, the vectors are not listened to: the text is in another language than they are"""
MIN_TOPIC_SHARE = 0.2
"""the same for topics, of which a few telling words say enough"""
MOST_TOLD = 9.0
"""weight at most that a term has in what is told of topics: no single one decides"""
MISSING_TERMS = 32
"""terms of a title without a hit whose nearest terms are looked for"""
BEST = 8
"""nearest terms of which a mean is taken"""
N_SOFT = 6


@part
def _sum_title(n_terms, work, lexicon):
    """The vector of the title into `work.sums`; returns the IDF of its terms, and of those with a vector."""
    codes = lexicon.codes
    total = np.float32(0)
    with_vector = np.float32(0)
    for t in range(n_terms):
        idf = work.title_idf[t]
        total += idf
        row = work.title_rows[t]
        if row >= 0:
            with_vector += idf
            weight = np.float32(idf * lexicon.scales[row] * sublinear(work.title_counts[t]))
            for d in range(codes.shape[1]):
                work.sums[0, d] += weight * codes[row, d]
            told = np.float32(min(idf * sublinear(work.title_counts[t]), MOST_TOLD))
            for d in range(lexicon.telling.shape[1]):
                work.told[0, d] += told * lexicon.telling[row, d]
    return total, with_vector


@part
def _sum_body(n_types, n_lead, work, lexicon):
    """The vectors of body and lead into `work.sums`; returns the IDF of its types, and of those with a vector."""
    codes, rows = lexicon.codes, work.body_rows
    total = np.float32(0)
    with_vector = np.float32(0)
    for first in range(0, n_types, 32):
        last = min(first + 32, n_types)
        for k in range(first, last):
            if rows[k] >= 0:
                for at in range(0, codes.shape[1], 64):
                    prefetch(codes, np.int64(rows[k]) * codes.shape[1] + at)
                prefetch(lexicon.scales, np.int64(rows[k]))
                prefetch(lexicon.inverse_lengths, np.int64(rows[k]))
                prefetch(lexicon.telling, np.int64(rows[k]) * lexicon.telling.shape[1])
        for k in range(first, last):
            idf = work.body_idf[k]
            total += idf
            row = np.int64(rows[k])
            if row < 0:
                continue
            with_vector += idf
            once = idf * lexicon.scales[row]
            frequency = sublinear(np.int64(work.body_counts[k]))
            weight = np.float32(once * frequency)
            for d in range(codes.shape[1]):
                work.sums[1, d] += weight * codes[row, d]
            told = np.float32(min(idf * frequency, MOST_TOLD))
            for d in range(lexicon.telling.shape[1]):
                work.told[1, d] += told * lexicon.telling[row, d]
            if k < n_lead:
                for d in range(codes.shape[1]):
                    work.sums[2, d] += once * codes[row, d]
    return total, with_vector


@part
def _nearest(row, n_types, work, lexicon):
    """The best cosines between one term's vector and those of the body's types into `work.best`, the best first."""
    codes, best, rows = lexicon.codes, work.best, work.body_rows
    inverse = lexicon.inverse_lengths[row]
    best[:] = 0
    worst = np.float32(0)
    whole = codes.shape[1] % WIDTH == 0
    for k in range(n_types):
        other = np.int64(rows[k])
        if other < 0:
            continue
        if whole:
            dot = dot_of_codes(codes, row, other)
        else:
            dot = np.int32(0)
            for d in range(codes.shape[1]):
                dot += np.int32(codes[row, d]) * np.int32(codes[other, d])
        cosine = np.float32(dot) * inverse * lexicon.inverse_lengths[other]
        if cosine > worst:
            place = BEST - 1
            while place > 0 and best[place - 1] < cosine:
                best[place] = best[place - 1]
                place -= 1
            best[place] = cosine
            worst = best[BEST - 1]


@part
def _cosine(a, b):
    dot = np.float32(0)
    aa = np.float32(0)
    bb = np.float32(0)
    for d in range(a.shape[0]):
        dot += a[d] * b[d]
        aa += a[d] * a[d]
        bb += b[d] * b[d]
    return dot / np.sqrt(aa * bb) if aa > 0 and bb > 0 else np.float32(0)


@part
def sum_vectors(title, body, n_lead, work, lexicon):
    """The vectors of title, body and lead (of its first `n_lead` types) into `work.sums`, and what is told of topics into
    `work.told`; zero where too few terms have a vector even to name a topic.

    Returns the IDF of the title's terms, 0 where the vectors are not to be listened to, and that of those with a vector.
    """
    work.sums[:] = 0
    work.told[:] = 0
    n_types = min(body.types, VECTOR_TERMS)
    total, with_vector = _sum_title(title.terms, work, lexicon)
    body_total, body_with_vector = _sum_body(n_types, n_lead, work, lexicon)
    title_known = with_vector > np.float32(MIN_VECTOR_SHARE) * total
    body_known = body_with_vector > np.float32(MIN_VECTOR_SHARE) * body_total
    if with_vector < np.float32(MIN_TOPIC_SHARE) * total:
        work.sums[0] = 0
        work.told[0] = 0
    if body_with_vector < np.float32(MIN_TOPIC_SHARE) * body_total:
        work.sums[1] = 0
        work.told[1] = 0
    return total if title_known and body_known else np.float32(0), with_vector


@part
def compare_vectors(title, body, work, lexicon, stem_coverage, out):
    """Writes the `N_SOFT` features that come from vectors, in the order of `overlap.FEATURES`."""
    out[:] = 0
    out[2] = stem_coverage
    total, with_vector = sum_vectors(title, body, body.lead_types, work, lexicon)
    if total == 0:
        return
    out[0] = _cosine(work.sums[0], work.sums[1])
    out[1] = _cosine(work.sums[0], work.sums[2])
    out[5] = with_vector / total
    n_types = min(body.types, VECTOR_TERMS)
    hit_weight = 0.0
    missing_weight = 0.0
    soft = 0.0
    soft_best = 0.0
    looked_at = 0
    for t in range(title.terms):
        idf = np.float64(work.title_idf[t])
        if work.stem_hits[work.title_stems[t]] > 0:
            hit_weight += idf
            continue
        row = work.title_rows[t]
        if row < 0 or looked_at >= MISSING_TERMS:
            continue
        looked_at += 1
        missing_weight += idf
        _nearest(row, n_types, work, lexicon)
        soft += idf * work.best[0]
        soft_best += idf * work.best.mean()
    out[2] = (hit_weight + soft) / total
    out[3] = soft / missing_weight if missing_weight > 0 else 1.0
    out[4] = soft_best / missing_weight if missing_weight > 0 else 1.0
