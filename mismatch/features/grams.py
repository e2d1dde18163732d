"""Character 5-grams that a title shares with a body: for languages whose words change at the front, or are long.

A gram is five neighbouring characters of a folded word, or of its boundary: ` head`, `headl`, … `line `. Weights are those
of a stream: the IDF of a gram among its bodies.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mismatch.compiling.kernels import kernel, part
from mismatch.terms.document_frequency import Counts
from mismatch.terms.folding import CODE_POINT_MASK
from mismatch.terms.hashing import mix
from mismatch.terms.lexicon import LookupTable, look_up, lookup_table
from mismatch.terms.text_buffers import TextBuffers
from mismatch.terms.tokens import _decode, fold_arguments

GRAM_FEATURES = ("gram_coverage", "gram_weight", "rarest_gram")
TITLE_GRAMS = 512
_TITLE_SLOTS = 2048
_WEIGHT_UNIT = 20.0
"""IDF that counts as one in `gram_weight`"""
_BOUNDARY = np.uint64(32)
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_ZERO = np.int64(0)


@part
def _next_character(data, pos, stop, fold):
    """The folded character at `pos` (a boundary if of no word, 0 for one that does not count), and where the next is."""
    b = data[pos]
    if b < 128:
        folded = fold[0][b]
        return np.uint64(folded) if folded else _BOUNDARY, pos + 1
    code, size = _decode(data, pos, stop)
    value = np.int64(fold[2][np.int64(fold[1][code >> 8]) * 256 + (code & 255)])
    if value == 0:
        return _BOUNDARY, pos + size
    if value == -1:
        return np.uint64(0), pos + size
    return np.uint64(value & CODE_POINT_MASK) if value > 0 else np.uint64(-value) << np.uint64(32), pos + size


@part
def _next_gram(data, pos, stop, window, fold):
    """The hash of the next gram, and where to go on; 0 at the end. `window`: the last characters and how many they are."""
    filled = np.int64(window[5])
    while pos <= stop:
        character = _BOUNDARY
        if pos < stop:
            character, pos = _next_character(data, pos, stop, fold)
            if character == 0:
                continue
        else:
            pos += 1
        if character == _BOUNDARY and filled <= 1:
            continue
        window[0] = window[1]
        window[1] = window[2]
        window[2] = window[3]
        window[3] = window[4]
        window[4] = character
        filled += 1
        found = np.uint64(0)
        if filled >= 5:
            for k in range(5):
                found = (found + window[k]) * _MULTIPLIER
                found ^= found >> np.uint64(29)
            found = mix(found) | np.uint64(1)
        if character == _BOUNDARY:
            filled = np.int64(1)
        window[5] = filled
        if found != 0:
            return found, pos
    return np.uint64(0), pos


@part(inline=True)
def _open(window):
    """Before a text: nothing but a boundary."""
    window[4] = _BOUNDARY
    window[5] = 1


@kernel
def _title_grams(data, offsets, valid, fold, out):
    """Writes the grams of all titles, where there is room; returns how many there are."""
    window = np.zeros(6, np.uint64)
    total = _ZERO
    for row in range(valid.shape[0]):
        if valid[row] == 0:
            continue
        _open(window)
        pos = offsets[row]
        for _ in range(TITLE_GRAMS):
            found, pos = _next_gram(data, pos, offsets[row + 1], window, fold)
            if found == 0:
                break
            if total < out.shape[0]:
                out[total] = found
            total += 1
    return total


@kernel
def _count(data, offsets, valid, fold, table, frequencies):
    """Adds to `frequencies`, by number in `table`, in how many texts each gram stands."""
    window = np.zeros(6, np.uint64)
    last = np.full(frequencies.shape[0], -1, np.int64)
    for row in range(valid.shape[0]):
        if valid[row] == 0:
            continue
        _open(window)
        pos = offsets[row]
        while True:
            found, pos = _next_gram(data, pos, offsets[row + 1], window, fold)
            if found == 0:
                break
            number = look_up(found, table)[1]
            if number >= 0 and last[number] != row:
                last[number] = row
                frequencies[number] += 1


@kernel
def _describe(
    title_data, title_starts, title_stops, body_data, body_starts, body_stops, fold, table, out,
):  # fmt: skip
    window = np.zeros(6, np.uint64)
    keys = np.zeros(_TITLE_SLOTS, np.uint64)
    generations = np.zeros(_TITLE_SLOTS, np.int64)
    weights = np.zeros(_TITLE_SLOTS, np.float32)
    hits = np.zeros(_TITLE_SLOTS, np.int64)
    mask = _TITLE_SLOTS - 1
    for row in range(out.shape[0]):
        generation = row + 1
        total = 0.0
        left = _ZERO
        _open(window)
        pos = title_starts[row]
        for _ in range(TITLE_GRAMS):
            found, pos = _next_gram(title_data, pos, title_stops[row], window, fold)
            if found == 0:
                break
            i = np.int64(found) & mask
            while generations[i] == generation and keys[i] != found:
                i = (i + 1) & mask
            if generations[i] != generation:
                generations[i] = generation
                keys[i] = found
                weights[i] = look_up(found, table)[0] - np.float32(1)
                total += weights[i]
                left += 1
        covered = 0.0
        rarest = np.float32(0)
        _open(window)
        pos = body_starts[row]
        while left > 0:
            found, pos = _next_gram(body_data, pos, body_stops[row], window, fold)
            if found == 0:
                break
            i = np.int64(found) & mask
            while generations[i] == generation and keys[i] != found:
                i = (i + 1) & mask
            if generations[i] == generation and hits[i] != generation:
                hits[i] = generation
                covered += weights[i]
                rarest = max(rarest, weights[i])
                left -= 1
        out[row, 0] = covered / total if total > 0 else 0.0
        out[row, 1] = covered / _WEIGHT_UNIT
        out[row, 2] = rarest / (table.unknown - np.float32(1))


def count_grams(titles: TextBuffers, bodies: TextBuffers) -> Counts:
    """In how many bodies each gram of the titles stands; grams of one body alone are left out, as if never seen."""
    fold = fold_arguments()
    nothing = np.empty(0, np.uint64)
    grams = np.empty(_title_grams(titles.data, titles.offsets, titles.valid, fold, nothing), np.uint64)
    _title_grams(titles.data, titles.offsets, titles.valid, fold, grams)
    hashes = np.unique(grams)
    numbered = lookup_table(Counts(hashes, np.zeros(len(hashes)), 1.0), hashes)
    frequencies = np.zeros(len(hashes))
    _count(bodies.data, bodies.offsets, bodies.valid, fold, numbered, frequencies)
    often = frequencies > 1
    return Counts(hashes[often], frequencies[often], float((bodies.valid > 0).sum()))


def gram_features(
    titles: TextBuffers, bodies: TextBuffers, title_rows: NDArray[np.int64], body_rows: NDArray[np.int64], table: LookupTable
) -> NDArray[np.float32]:
    """For the titles of some rows over the bodies of others, shape (n_pairs, 3), columns as in `GRAM_FEATURES`.

    The share of the IDF of the title's grams that the body has, that IDF, and the highest IDF among what it has.

    Parameters
    ----------
    table
        Of what `count_grams` gave.
    """
    out = np.empty((len(title_rows), len(GRAM_FEATURES)), np.float32)
    _describe(
        titles.data, titles.offsets[title_rows], titles.offsets[title_rows + 1],
        bodies.data, bodies.offsets[body_rows], bodies.offsets[body_rows + 1], fold_arguments(), table, out,
    )  # fmt: skip
    return out
