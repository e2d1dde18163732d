"""Bodies that are no article but a page in its place: consent, paywall, script required, blocked, not found, navigation.

A linear model over the mean of a text's hashed terms and stems and over its shape (lengths of lines, sentence ends, bars,
digits, capitals, share of known terms) tells such text from ordinary text; six more such models name its kind. A body is
judged by its share of such text: it is read in blocks, and is boilerplate when at least half of its terms stand in
blocks that are. So a phrase never decides, and a long body full of ordinary text cannot be boilerplate. Most bodies are let
through after a look at their first and last terms.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mismatch.compiling.kernels import kernel, part, read_only
from mismatch.features.plain_arrays import packed, unpacked
from mismatch.screening.page_shape import N_SHAPE, measure_shape
from mismatch.terms.probe_lengths import check_probes
from mismatch.terms.text_buffers import TextBuffers
from mismatch.terms.tokens import SLACK_TERMS, STATE_SIZE, cut_terms, fold_arguments
from mismatch.terms.vector_instructions import WORDS_WIDTH

KINDS = ("none", "consent", "paywall", "script_required", "blocked", "not_found", "navigation")
"""a body's number from `BoilerplateModel.judge` is an index into it"""
N_OUTPUTS = len(KINDS)
"""column 0 of the weights tells boilerplate from ordinary text (log-odds), the others name the kind"""
BLOCK_TERMS = 384
MAX_BLOCKS = 32
"""of a longer body the first blocks are judged"""
PROBE_TERMS = 40
_PROBE_BYTES = 256
PROBE_MARGIN = 1.0
"""a probe must stay that much below the cut for the rest to remain unread"""
COVERAGE_WEIGHT = 5.0
"""log-odds by which the cut rises when all of the title is in the body"""
USUAL_COVERAGE = 0.3
MOST_FIGURES = 0.32
"""numbers per term above which a text is a table of figures, and never boilerplate"""
_STEM_SALT = np.uint64(1)


@dataclass(frozen=True)
class BoilerplateModel:
    """What tells boilerplate from ordinary text; made by `boilerplate_training.learn_boilerplate`."""

    hashes: NDArray[np.uint64]
    """shape (n_terms,), ascending: hashes of terms, and of stems with their lowest bit flipped"""
    weights: NDArray[np.int8]
    """shape (n_terms, N_OUTPUTS): in units of `scales`"""
    common: NDArray[np.uint8]
    """shape (n_terms,): 1 for terms of at least two pages, which count as known"""
    scales: NDArray[np.float32]
    """shape (N_OUTPUTS,)"""
    shape_weights: NDArray[np.float32]
    """shape (N_SHAPE + 1, N_OUTPUTS): of the shape's features, and the constant"""
    cut: float
    """log-odds above which a block is boilerplate when the title's terms are not in the body"""

    def to_plain(self) -> dict[str, Any]:
        """Dictionaries, lists, strings, numbers and bytes, for a model file."""
        arrays = {name: packed(getattr(self, name)) for name in _ARRAYS}
        return {"kinds": list(KINDS), "cut": float(self.cut), "arrays": arrays}

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> BoilerplateModel:
        """The model in what `to_plain` gave.

        Raises
        ------
        ValueError, KeyError, TypeError
            If it is not what `to_plain` gives: compiled code reads these arrays without looking.
        """
        if list(plain["kinds"]) != list(KINDS):
            raise ValueError("the kinds of boilerplate are not those of this version of mismatch; train the model again")
        arrays = {name: unpacked(f"boilerplate {name}", plain["arrays"][name]) for name in _ARRAYS}
        n = len(arrays["hashes"])
        shapes = {"hashes": (n,), "weights": (n, N_OUTPUTS), "common": (n,), "scales": (N_OUTPUTS,),
                  "shape_weights": (N_SHAPE + 1, N_OUTPUTS)}  # fmt: skip
        for name, dtype in _ARRAYS.items():
            if arrays[name].shape != shapes[name] or arrays[name].dtype != dtype:
                raise ValueError(f"boilerplate {name} has the wrong shape or type")
        numbers = (arrays["scales"], arrays["shape_weights"])
        if (arrays["hashes"][1:] <= arrays["hashes"][:-1]).any() or not all(np.isfinite(part).all() for part in numbers):
            raise ValueError("the boilerplate model is not in order")
        check_probes(arrays["hashes"], _n_slots(n))
        if type(plain["cut"]) not in (int, float) or not np.isfinite(plain["cut"]):
            raise ValueError("the cut of the boilerplate model is no number")
        return cls(**arrays, cut=float(plain["cut"]))

    @cached_property
    def arguments(self):  # type: ignore[no-untyped-def]
        """The model as compiled code takes it: a table of (upper half of the hash, row + 1), weights by output."""
        slots = np.zeros(2 * _n_slots(len(self.hashes)), np.int32)
        _fill(read_only(self.hashes), slots)
        weights = np.ascontiguousarray((self.weights.astype(np.float32) * self.scales).T)
        return slots, weights, read_only(self.common), np.ascontiguousarray(self.shape_weights.T)

    def judge(self, bodies: TextBuffers, coverage: NDArray[np.float32] | None = None) -> NDArray[np.uint8]:
        """The kind of each body, shape (n_rows,): 0 for articles (and nulls), else an index into `KINDS`.

        Parameters
        ----------
        coverage : float32 array of shape (n_rows,)
            The feature `stem_coverage` of the pairs: a body that speaks of what its title speaks of is hardly a page in
            the article's place, so that the cut rises with it. Without it, `USUAL_COVERAGE` is assumed.
        """
        if coverage is None:
            coverage = np.full(len(bodies.valid), USUAL_COVERAGE, np.float32)
        return self.judge_with_log_odds(bodies, self.cut + COVERAGE_WEIGHT * coverage.astype(np.float64))[0]

    def judge_with_log_odds(
        self, bodies: TextBuffers, cuts: NDArray[np.float64]
    ) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """The kinds of the bodies, and the highest log-odds of a block that was read (NaN without text), by row."""
        kinds = np.zeros(len(bodies.valid), np.uint8)
        log_odds = np.full(len(bodies.valid), np.nan, np.float32)
        _judge(bodies.data, bodies.offsets, bodies.valid, fold_arguments(), self.arguments, cuts, kinds, log_odds)
        return kinds, log_odds


def _n_slots(n_terms: int) -> int:
    return 1 << max(4, (2 * n_terms - 1).bit_length())


_ARRAYS = {
    "hashes": np.uint64, "weights": np.int8, "common": np.uint8, "scales": np.float32, "shape_weights": np.float32,
}  # fmt: skip


@kernel
def _fill(hashes, slots):
    mask = (slots.shape[0] >> 1) - 1
    for k in range(hashes.shape[0]):
        i = np.int64(hashes[k]) & mask
        while slots[2 * i + 1] != 0:
            i = (i + 1) & mask
        slots[2 * i] = np.int32(np.int64(hashes[k]) >> 32)
        slots[2 * i + 1] = k + 1


@part(inline=True)
def _row_of(key, slots):
    mask = (slots.shape[0] >> 1) - 1
    i = np.int64(key) & mask
    upper = np.int32(np.int64(key) >> 32)
    while slots[2 * i + 1] != 0:
        if slots[2 * i] == upper:
            return np.int64(slots[2 * i + 1]) - 1
        i = (i + 1) & mask
    return np.int64(-1)


@part
def _score(data, pos, stop, n, terms, stems, model, padded, shape):
    """Log-odds that the text whose `n` terms were cut is boilerplate."""
    slots, weights, common, shape_weights = model
    known_terms = np.int64(0)
    known_stems = np.int64(0)
    total = np.float32(0)
    for k in range(n):
        row = _row_of(terms[k], slots)
        if row >= 0:
            known_terms += common[row]
            total += weights[0, row]
        row = _row_of(stems[k] ^ _STEM_SALT, slots)
        if row >= 0:
            known_stems += common[row]
            total += weights[0, row]
    measure_shape(data, pos, stop, n, known_terms, known_stems, padded, shape)
    total = total / np.float32(max(n, 4)) + shape_weights[0, N_SHAPE]
    for d in range(N_SHAPE - 1):
        total += shape[d] * shape_weights[0, d]
    return np.float32(-99.0) if shape[N_SHAPE - 1] > MOST_FIGURES else total


@part
def _add_kinds(n, terms, stems, model, shape, totals):
    """Adds the outputs of the block that was scored last to `totals`, shape (N_OUTPUTS,), weighted by its terms."""
    slots, weights, _, shape_weights = model
    share = np.float32(n) / np.float32(max(n, 4))
    for o in range(1, totals.shape[0]):
        totals[o] += n * shape_weights[o, N_SHAPE]
        for d in range(N_SHAPE - 1):
            totals[o] += n * shape[d] * shape_weights[o, d]
    for k in range(2 * n):
        row = _row_of(terms[k] if k < n else stems[k - n] ^ _STEM_SALT, slots)
        if row >= 0:
            for o in range(1, totals.shape[0]):
                totals[o] += share * weights[o, row]


@kernel
def _judge(data, offsets, valid, fold, model, cuts, kinds, log_odds):
    terms = np.empty(BLOCK_TERMS + SLACK_TERMS, np.uint64)
    stems = np.empty(BLOCK_TERMS + SLACK_TERMS, np.uint64)
    ends = np.empty(BLOCK_TERMS + SLACK_TERMS, np.int64)
    probe = PROBE_TERMS + SLACK_TERMS
    state = np.zeros(STATE_SIZE, np.int64)
    padded = np.zeros(WORDS_WIDTH, np.uint8)
    shape = np.zeros(N_SHAPE, np.float32)
    totals = np.zeros(N_OUTPUTS, np.float32)
    for row in range(valid.shape[0]):
        begin = offsets[row]
        stop = offsets[row + 1]
        cut = cuts[row]
        if valid[row] == 0 or begin >= stop:
            continue
        if stop - begin > 4 * _PROBE_BYTES:
            state[:] = 0
            n, pos = cut_terms(
                data, begin, begin + 2 * _PROBE_BYTES, state, fold[0], fold[1], fold[2], fold[3], fold[4],
                terms[:probe], stems[:probe], ends[:probe],
            )  # fmt: skip
            first = _score(data, begin, pos, n, terms, stems, model, padded, shape)
            log_odds[row] = first
            if first < cut - PROBE_MARGIN:
                pos = stop - _PROBE_BYTES
                while pos < stop - 1 and (data[pos] & 0xC0 == 0x80 or data[pos] > 32) and pos < stop - _PROBE_BYTES + 24:
                    pos += 1
                start = pos
                state[:] = 0
                n, pos = cut_terms(
                    data, pos, stop, state, fold[0], fold[1], fold[2], fold[3], fold[4],
                    terms[:probe], stems[:probe], ends[:probe],
                )  # fmt: skip
                last = _score(data, start, pos, n, terms, stems, model, padded, shape)
                log_odds[row] = max(first, last)
                if last < cut - PROBE_MARGIN:
                    continue
        state[:] = 0
        totals[:] = 0
        pos = begin
        all_terms = 0
        flagged = 0
        highest = np.float32(-99.0)
        for _ in range(MAX_BLOCKS):
            if pos >= stop:
                break
            start = pos
            n, pos = cut_terms(data, pos, stop, state, fold[0], fold[1], fold[2], fold[3], fold[4], terms, stems, ends)
            if n == 0:
                continue
            all_terms += n
            odds = _score(data, start, pos, n, terms, stems, model, padded, shape)
            highest = max(highest, odds)
            if odds > cut:
                flagged += n
                _add_kinds(n, terms, stems, model, shape, totals)
        log_odds[row] = highest
        if flagged > 0 and 2 * flagged >= all_terms:
            kinds[row] = 1 + np.argmax(totals[1:])
