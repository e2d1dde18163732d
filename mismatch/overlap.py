"""Features of a title-body pair from the terms that they share, in one compiled pass over Arrow buffers.

The body is read once. A bitmap of the title's stems lets most of its terms pass with one test; a table stamped by
generation, reused from row to row, counts its different terms for the TF-IDF norm. Working memory is a few megabytes
whatever the length of the input: a title counts up to `TITLE_TERMS` terms, a body up to `BODY_TERMS` different ones.
Features that are sums of IDF are given in units of the IDF of an unknown term, so that they mean the same for lexicons of
any size.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from mismatch.lexicon import Lexicon, look_up
from mismatch.tokens import CHUNK_TERMS, STATE_SIZE, TextBuffers, cut_terms, fold_arguments

TITLE_TERMS = 512
BODY_TERMS = 3 << 15
_BODY_SLOTS = 1 << 17
_TITLE_SLOTS = 2 * TITLE_TERMS
_BIGRAMS = 64
_BITMAP_WORDS = 64
LEAD_TERMS = 100
VECTOR_TERMS = 1024
"""different terms of a body whose vectors are looked at"""
MIN_VECTOR_SHARE = 0.4
"""below it, of the IDF of either side, the vectors are not listened to: the text is in another language than they are"""
_MISSING_TERMS = 32
_BEST = 8
_K1, _B, _TYPICAL_TERMS = 1.2, 0.75, 400.0


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


@njit(cache=True, nogil=True)
def new_workspace(vector_size):
    """Working memory for one thread, reused from row to row."""
    return (
        np.empty(CHUNK_TERMS, np.uint64),  # terms
        np.empty(CHUNK_TERMS, np.uint64),  # stems
        np.empty(CHUNK_TERMS, np.int64),  # ends
        np.zeros(STATE_SIZE, np.int64),
        np.zeros(2 * _BODY_SLOTS, np.int64),  # body table: term, generation << 32 | count
        np.empty(BODY_TERMS, np.int32),  # slots in use
        np.empty(BODY_TERMS, np.float32),  # their IDF
        np.empty(BODY_TERMS, np.int32),  # rows of their vectors
        np.zeros(2 * _TITLE_SLOTS, np.int64),  # title terms: term, generation << 32 | index
        np.zeros(2 * _TITLE_SLOTS, np.int64),  # title stems
        np.zeros(_BITMAP_WORDS, np.uint64),
        np.zeros((5, TITLE_TERMS), np.int64),  # title counts, stem, body counts of terms, of stems, vector row
        np.zeros((2, TITLE_TERMS), np.float32),  # IDF of title terms, of title stems
        np.zeros(TITLE_TERMS, np.int64),  # where a stem is first hit
        np.zeros((2, _BIGRAMS), np.int64),
        np.zeros(_BIGRAMS, np.uint8),
        np.zeros(1, np.int64),  # generation
        np.empty((VECTOR_TERMS, vector_size), np.int8),  # codes of the body's terms
        np.empty(VECTOR_TERMS, np.float32),  # one over their lengths
        np.zeros((3, vector_size), np.float32),  # vectors of title, body, lead
        np.zeros(_BEST, np.float32),
    )


@njit(cache=True, nogil=True, inline="always")
def _find(table, mask, key, generation):
    """The slot of `key`, or the free slot where it belongs. Slots of older generations are free."""
    i = key & mask
    while table[2 * i + 1] >> 32 == generation and table[2 * i] != key:
        i = (i + 1) & mask
    return i


@njit(cache=True, nogil=True)
def _read_title(data, pos, stop, work, fold, lexicon):
    """Fills the title's tables; returns the number of different terms, of different stems and of bigrams."""
    terms, stems, ends, state = work[:4]
    title_table, stem_table, bitmap, ints, floats, first, bigrams, found, gen = work[8:17]
    term_slots, term_idf, unknown, stem_slots, stem_idf, unknown_stem = lexicon[:6]
    generation = gen[0]
    mask = _TITLE_SLOTS - 1
    bitmap[:] = 0
    state[:] = 0
    n, _ = cut_terms(data, pos, stop, state, fold[0], fold[1], fold[2], fold[3], fold[4], terms, stems, ends)
    n = min(n, TITLE_TERMS)
    n_terms = 0
    n_stems = 0
    n_bigrams = 0
    previous = np.int64(-1)
    for k in range(n):
        stem = np.int64(stems[k])
        i = _find(stem_table, mask, stem, generation)
        if stem_table[2 * i + 1] >> 32 != generation:
            stem_table[2 * i] = stem
            stem_table[2 * i + 1] = generation << 32 | n_stems
            floats[1, n_stems] = look_up(stems[k], stem_slots, stem_idf, unknown_stem)[0]
            ints[3, n_stems] = 0
            first[n_stems] = -1
            bitmap[(stem >> 6) & (_BITMAP_WORDS - 1)] |= np.uint64(1) << np.uint64(stem & 63)
            n_stems += 1
        stem_id = stem_table[2 * i + 1] & 0xFFFFFFFF
        term = np.int64(terms[k])
        i = _find(title_table, mask, term, generation)
        if title_table[2 * i + 1] >> 32 != generation:
            title_table[2 * i] = term
            title_table[2 * i + 1] = generation << 32 | n_terms
            floats[0, n_terms], ints[4, n_terms] = look_up(terms[k], term_slots, term_idf, unknown)
            ints[0, n_terms] = 0
            ints[1, n_terms] = stem_id
            ints[2, n_terms] = 0
            n_terms += 1
        ints[0, title_table[2 * i + 1] & 0xFFFFFFFF] += 1
        if previous >= 0 and n_bigrams < _BIGRAMS:
            bigrams[0, n_bigrams] = previous
            bigrams[1, n_bigrams] = stem_id
            found[n_bigrams] = 0
            n_bigrams += 1
        previous = stem_id
    return n_terms, n_stems, n_bigrams


@njit(cache=True, nogil=True)
def _read_body(data, pos, stop, work, fold, lexicon, n_bigrams):
    """Counts the body's terms and the title's among them.

    Returns the number of terms, of different terms, of different ones in the lead, of occurrences of title stems, and the
    norm of the TF-IDF vector.
    """
    terms, stems, ends, state, body, used, idfs, rows = work[:8]
    title_table, stem_table, bitmap, ints, _, first, bigrams, found, gen = work[8:17]
    term_slots, term_idf, unknown = lexicon[:3]
    generation = gen[0]
    title_mask = _TITLE_SLOTS - 1
    mask = np.int64(1024)
    while mask < _BODY_SLOTS and 2 * mask < stop - pos:
        mask *= 2
    mask -= 1
    state[:] = 0
    n_body = 0
    n_types = 0
    n_lead = 0
    occurrences = 0
    previous = np.int64(-1)
    while pos < stop:
        n, pos = cut_terms(data, pos, stop, state, fold[0], fold[1], fold[2], fold[3], fold[4], terms, stems, ends)
        for k in range(n):
            term = np.int64(terms[k])
            i = _find(body, mask, term, generation)
            if body[2 * i + 1] >> 32 == generation:
                body[2 * i + 1] += 1
            elif n_types < BODY_TERMS:
                body[2 * i] = term
                body[2 * i + 1] = generation << 32 | 1
                used[n_types] = i
                idfs[n_types], rows[n_types] = look_up(terms[k], term_slots, term_idf, unknown)
                n_types += 1
                if n_body + k < LEAD_TERMS:
                    n_lead = n_types
            stem = np.int64(stems[k])
            hit = np.int64(-1)
            if bitmap[(stem >> 6) & (_BITMAP_WORDS - 1)] >> np.uint64(stem & 63) & np.uint64(1):
                i = _find(stem_table, title_mask, stem, generation)
                if stem_table[2 * i + 1] >> 32 == generation:
                    hit = stem_table[2 * i + 1] & 0xFFFFFFFF
                    ints[3, hit] += 1
                    occurrences += 1
                    if first[hit] < 0:
                        first[hit] = n_body + k
                    i = _find(title_table, title_mask, term, generation)
                    if title_table[2 * i + 1] >> 32 == generation:
                        ints[2, title_table[2 * i + 1] & 0xFFFFFFFF] += 1
                    if previous >= 0:
                        for b in range(n_bigrams):
                            if bigrams[0, b] == previous and bigrams[1, b] == hit:
                                found[b] = 1
            previous = hit
        n_body += n
    square = 0.0
    for k in range(n_types):
        count = body[2 * used[k] + 1] & 0xFFFFFFFF
        weight = np.float64(idfs[k])
        if count > 1:
            weight *= 1.0 + np.log(count)
        square += weight * weight
    return n_body, n_types, n_lead, occurrences, np.sqrt(square)


@njit(cache=True, nogil=True)
def _describe(work, n_terms, n_stems, n_bigrams, n_body, n_types, occurrences, norm, lexicon, out):
    """Writes the features of the pair that was read last."""
    ints, floats, first, bigrams, found = work[11], work[12], work[13], work[14], work[15]
    unknown = np.float64(lexicon[2])
    unknown_stem = np.float64(lexicon[5])
    total = 0.0
    hit_weight = 0.0
    dot = 0.0
    title_square = 0.0
    bm25 = 0.0
    for t in range(n_terms):
        idf = np.float64(floats[0, t])
        weight = (1.0 + np.log(ints[0, t])) * idf
        title_square += weight * weight
        total += idf
        count = np.float64(ints[2, t])
        if count > 0:
            hit_weight += idf
            dot += weight * (1.0 + np.log(count)) * idf
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
    for s in range(n_stems):
        idf = np.float64(floats[1, s])
        stem_total += idf
        if r0 < 0 or idf > floats[1, r0]:
            r0, r1, r2 = s, r0, r1
        elif r1 < 0 or idf > floats[1, r1]:
            r1, r2 = s, r1
        elif r2 < 0 or idf > floats[1, r2]:
            r2 = s
        if ints[3, s] > 0:
            stem_hit += idf
            hits += 1
            rarest_hit = max(rarest_hit, idf)
            first_hit = min(first_hit, first[s])
            if first[s] < 20:
                lead_20 += idf
            if first[s] < 100:
                lead_100 += idf
        else:
            rarest_miss = max(rarest_miss, idf)
    bigram_total = 0.0
    bigram_hit = 0.0
    for b in range(n_bigrams):
        weight = np.float64(floats[1, bigrams[0, b]]) + np.float64(floats[1, bigrams[1, b]])
        bigram_total += weight
        if found[b]:
            bigram_hit += weight
    rare_hits = 0
    if r0 >= 0 and ints[3, r0] > 0:
        rare_hits += 1
    if r1 >= 0 and ints[3, r1] > 0:
        rare_hits += 1
    if r2 >= 0 and ints[3, r2] > 0:
        rare_hits += 1
    out[0] = hit_weight / total if total > 0 else 0.0
    out[1] = stem_hit / stem_total if stem_total > 0 else 0.0
    out[2] = dot / (np.sqrt(title_square) * norm) if total > 0 and norm > 0 else 0.0
    out[3] = bigram_hit / bigram_total if bigram_total > 0 else 0.0
    out[4] = lead_20 / stem_total if stem_total > 0 else 0.0
    out[5] = lead_100 / stem_total if stem_total > 0 else 0.0
    out[6] = rarest_hit / unknown_stem
    out[7] = rarest_miss / unknown_stem
    out[8] = (stem_total - stem_hit) / unknown_stem if n_stems > hits else 0.0
    out[9] = n_terms
    out[10] = hits
    out[11] = np.log(1.0 + n_body)
    out[12] = np.log(1.0 + first_hit)
    out[13] = total / unknown
    out[14] = rare_hits
    out[15] = bm25 / unknown
    out[16] = np.log(1.0 + 1000.0 * occurrences / n_body) if n_body > 0 else 0.0
    out[17] = n_types / n_body if n_body > 0 else 0.0


@njit(cache=True, nogil=True)
def _compare_vectors(work, n_terms, n_types, n_lead, lexicon, out):
    """Writes the features that come from the vectors of the terms."""
    body, used, idfs, rows = work[4], work[5], work[6], work[7]
    ints, floats = work[11], work[12]
    near, near_inverse, sums, best = work[17], work[18], work[19], work[20]
    codes, scales, inverse = lexicon[6], lexicon[7], lexicon[8]
    size = codes.shape[1]
    total = 0.0
    with_vector = 0.0
    sums[:] = 0
    for t in range(n_terms):
        idf = floats[0, t]
        total += idf
        row = ints[4, t]
        if row >= 0:
            with_vector += idf
            weight = idf * scales[row]
            if ints[0, t] > 1:
                weight *= np.float32(1.0 + np.log(ints[0, t]))
            for d in range(size):
                sums[0, d] += weight * codes[row, d]
    out[18:24] = 0
    out[20] = out[1]
    m = 0
    body_total = 0.0
    body_with_vector = 0.0
    for k in range(min(n_types, VECTOR_TERMS)):
        row = np.int64(rows[k])
        body_total += idfs[k]
        if row < 0:
            continue
        body_with_vector += idfs[k]
        weight = idfs[k] * scales[row]
        count = body[2 * used[k] + 1] & 0xFFFFFFFF
        if count > 1:
            weight *= np.float32(1.0 + np.log(count))
        for d in range(size):
            near[m, d] = codes[row, d]
            sums[1, d] += weight * codes[row, d]
        near_inverse[m] = inverse[row]
        if k < n_lead:
            weight = idfs[k] * scales[row]
            for d in range(size):
                sums[2, d] += weight * codes[row, d]
        m += 1
    title_known = with_vector > MIN_VECTOR_SHARE * total
    body_known = body_with_vector > MIN_VECTOR_SHARE * body_total
    if not title_known:
        sums[0] = 0
    if not body_known:
        sums[1] = 0
    if not (title_known and body_known):
        return
    out[18] = _cosine(sums[0], sums[1])
    out[19] = _cosine(sums[0], sums[2])
    hit_weight = 0.0
    missing_weight = 0.0
    soft = 0.0
    soft_8 = 0.0
    looked_at = 0
    for t in range(n_terms):
        idf = np.float64(floats[0, t])
        if ints[3, ints[1, t]] > 0:
            hit_weight += idf
            continue
        row = ints[4, t]
        if row < 0 or looked_at >= _MISSING_TERMS:
            continue
        looked_at += 1
        missing_weight += idf
        best[:] = 0
        for k in range(m):
            dot = np.int32(0)
            for d in range(size):
                dot += np.int32(codes[row, d]) * np.int32(near[k, d])
            cosine = np.float32(dot) * inverse[row] * near_inverse[k]
            if cosine > best[_BEST - 1]:
                place = _BEST - 1
                while place > 0 and best[place - 1] < cosine:
                    best[place] = best[place - 1]
                    place -= 1
                best[place] = cosine
        soft += idf * best[0]
        soft_8 += idf * best.mean()
    out[20] = (hit_weight + soft) / total
    out[21] = soft / missing_weight if missing_weight > 0 else 1.0
    out[22] = soft_8 / missing_weight if missing_weight > 0 else 1.0
    out[23] = with_vector / total


@njit(cache=True, nogil=True)
def _cosine(a, b):
    dot = np.float32(0)
    aa = np.float32(0)
    bb = np.float32(0)
    for d in range(a.shape[0]):
        dot += a[d] * b[d]
        aa += a[d] * a[d]
        bb += b[d] * b[d]
    return dot / np.sqrt(aa * bb) if aa > 0 and bb > 0 else np.float32(0)


@njit(cache=True, nogil=True)
def read_pair(title_data, title_pos, title_stop, body_data, body_pos, body_stop, work, fold, lexicon, out):
    """Features of one pair into `out`. Without a term on one side, all that compares is zero."""
    work[16][0] += 1
    n_terms, n_stems, n_bigrams = _read_title(title_data, title_pos, title_stop, work, fold, lexicon)
    n_body, n_types, n_lead, occurrences, norm = _read_body(body_data, body_pos, body_stop, work, fold, lexicon, n_bigrams)
    _describe(work, n_terms, n_stems, n_bigrams, n_body, n_types, occurrences, norm, lexicon, out)
    _compare_vectors(work, n_terms, n_types, n_lead, lexicon, out)


@njit(cache=True, nogil=True)
def _read_pairs(title_data, title_starts, title_stops, body_data, body_starts, body_stops, fold, lexicon, out):
    work = new_workspace(lexicon[6].shape[1])
    for k in range(title_starts.shape[0]):
        read_pair(
            title_data, title_starts[k], title_stops[k], body_data, body_starts[k], body_stops[k],
            work, fold, lexicon, out[k],
        )  # fmt: skip


def pair_features(
    titles: TextBuffers,
    bodies: TextBuffers,
    lexicon: Lexicon,
    title_rows: NDArray[np.int64] | None = None,
    body_rows: NDArray[np.int64] | None = None,
    windows: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None,
) -> NDArray[np.float32]:
    """Features of pairs of a title row and a body row, by default row by row.

    Parameters
    ----------
    windows
        Where each pair's body begins and ends in `bodies.data`, in place of the whole rows: int64 arrays of shape
        (n_pairs,).

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
        fold_arguments(), lexicon.arguments, out,
    )  # fmt: skip
    return out
