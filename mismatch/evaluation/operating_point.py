"""Sets a model's cut, band of abstention and probabilities on pairs that it has not seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mismatch.errors import InputError, MismatchError
from mismatch.evaluation.drawing import columns_of, judged_by
from mismatch.evaluation.suspects import PromisedCut, promised_cut
from mismatch.judging.adaptation import MIN_PAIRS, adapt
from mismatch.judging.comparison import log_odds_of, prepared
from mismatch.judging.swaps import Pairs, codes, derange
from mismatch.model.calibration import (
    Calibration,
    RestsOn,
    fit_platt,
    least_promise,
    one_per_group,
    pairs_needed,
    promise_in_words,
)
from mismatch.model.model import Model
from mismatch.model.stream_profile import StreamProfile
from mismatch.screening.title_cleaning import learn_habits
from mismatch.terms.hashing import text_hashes
from mismatch.terms.text_buffers import text_buffers
from mismatch.training.fingerprints import KNOWN_SHARE, fingerprints_of, share_known

MIN_FOR_PROBABILITIES = 100
"""matched pairs from which slope and intercept are fitted again; with fewer the model's own are steadier"""
_SUSPECT_COUNT = 3
_LEAST_PRIOR, _MOST_PRIOR = 1e-4, 0.5
_TOO_GOOD = "so that its scores are too good to promise anything; keep some pairs back from training and calibrate on those"


SPARE = 1.3
"""times the pairs that a promise needs: some have a body seen before, or cannot be judged"""


@dataclass(frozen=True)
class Promise:
    """What the cut is to keep."""

    max_false_flags: float
    confidence: float
    by_source: bool = False
    """the promise is for a random pair of a random source, one drawn pair standing for each source"""
    prior: float | None = None
    """share of mismatches expected in the stream; None: that at which the odds are even at the cut, or the stream's own"""
    seed: int = 0


@dataclass(frozen=True)
class Calibrated:
    """A model with its new cut and what came to light on the way."""

    model: Model
    duplicates: int
    """pairs left out because their body stood in another pair"""
    unscorable: int
    suspects: NDArray[np.int64]
    """rows of the input, from 0, that look more like a mismatch than the median swapped pair"""
    notices: list[str]


def calibrate_to_feed(
    model: Model, table: pa.Table, promise: Promise, *, labels: NDArray[np.int64] | None = None,
    digests: Sequence[dict[str, Any]] = (),
) -> Calibrated:  # fmt: skip
    """The model, adapted to a feed, with a cut that keeps a promise; parameters and errors as for `calibrate`.

    What a model was adapted to looks more matched to it than new pairs do. So one half of the pairs, drawn by a hash of
    their texts, adapts it, and the cut is set on the other. Where that leaves too few for the promise, only the habits of
    titles are learned, and the cut is set on all.
    """
    hashes = text_hashes(text_buffers(table["body"]))
    half = hashes >> np.uint64(63) == 1
    others, matched = np.flatnonzero(~half), ~half if labels is None else ~half & (labels == 0)
    n_adapted, n_promised = (len(np.unique(hashes[some])) for some in (half, matched))
    needed = pairs_needed(promise.max_false_flags, promise.confidence)
    if promise.by_source or n_adapted < MIN_PAIRS or n_promised < SPARE * needed:
        sources = table["source"] if "source" in table.column_names else None
        known = StreamProfile(learn_habits(table["title"], sources)).with_habits_of(model.stream)
        return calibrate(replace(model, stream=known), table, promise, labels=labels, digests=digests)
    adapted = adapt(model, table.filter(pa.array(half)))
    return calibrate(
        adapted.model if adapted.learned else model, table.take(pa.array(others)), promise,
        labels=None if labels is None else labels[others], digests=digests, input_rows=others,
    )  # fmt: skip


def calibrate(
    model: Model, table: pa.Table, promise: Promise, *, labels: NDArray[np.int64] | None = None,
    digests: Sequence[dict[str, Any]] = (), input_rows: NDArray[np.int64] | None = None,
) -> Calibrated:  # fmt: skip
    """The model with a cut that keeps the promise.

    Parameters
    ----------
    table
        Columns `title` and `body`, and `source` for a promise by source; pairs that the model was not trained on.
    labels : int64 array of shape (n_rows,), optional
        0 for match, 1 for mismatch; the cut is set on the matches, the probabilities are fitted on both. Without labels all
        rows are taken as matches, and the probabilities are fitted on swapped pairs.
    digests
        File names and SHA-256 of the inputs, for the card; a file that the model was trained on is refused.
    input_rows : int64 array of shape (n_rows,), optional
        Which row of the input each row of the table is, from 0; by default the same.

    Raises
    ------
    MismatchError
        If there are too few pairs for the promise (says how many are needed), they were trained on, or have no source.
    """
    _refuse_training_data(model, digests)
    if not table.num_rows:
        raise InputError("no pairs to calibrate on")
    sample = _sampled(model, table, promise, labels)
    if input_rows is not None:
        sample = replace(sample, input_rows=input_rows)
    promised = promised_cut(
        sample.scores[sample.drawn], sample.mismatched, promise.max_false_flags, promise.confidence,
        may_be_wrong=not sample.is_labelled,
    )  # fmt: skip
    cut = promised.cut
    kept = sample.scores < sample.border if promised.left_out else np.ones(len(sample.scores), bool)
    slope, intercept = _slope_and_intercept(model.calibration, sample.scores[kept], sample.mismatched)
    rests_on = RestsOn.SOURCES if promise.by_source else RestsOn.CALIBRATION_PAIRS
    words = promise_in_words(
        promise.max_false_flags,
        promise.confidence,
        len(sample.drawn) - promised.left_out,
        rests_on,
        left_out=promised.left_out,
        look_alikes_at_most=promised.look_alikes_at_most,
    )
    if model.calibration.curve is None:
        calibration = Calibration.agreeing(slope, intercept, cut, words, promise.prior)
    else:
        calibration = replace(model.calibration, cut=cut, promise=words)
        calibration = calibration.with_prior(promise.prior if promise.prior is not None else _even_at(calibration, cut))
    cut = calibration.cut
    card = {
        **model.card,
        "calibrated": {
            "max_false_flags": promise.max_false_flags, "confidence": promise.confidence,
            "by": "source" if promise.by_source else "pair", "seed": promise.seed, "data": list(digests),
            "pairs": {**_pairs_on_card(sample, promise), "left_out": promised.left_out},
        },
        "operating_point": {
            "matched": len(sample.drawn), "flagged_matched": float((sample.scores[sample.drawn] > cut).mean()),
            "mismatched": len(sample.mismatched), "flagged_mismatched": sample.recall(cut),
        },
    }  # fmt: skip
    return Calibrated(
        model=replace(model, calibration=calibration, card=card),
        duplicates=sample.same_body,
        unscorable=sample.unscorable,
        suspects=sample.suspects,
        notices=_notices(model, promise, sample, promised),
    )


@dataclass(frozen=True)
class _Sample:
    """The pairs to calibrate on, and how the model scores them."""

    table: pa.Table
    pairs: Pairs
    rows: NDArray[np.int64]
    """matched pairs, each with a body of its own"""
    scores: NDArray[np.float64]
    """of `rows`"""
    drawn: NDArray[np.int64]
    """positions in `rows` of the independent draws that the cut is set on"""
    mismatched: NDArray[np.float64]
    """scores of mismatches"""
    same_body: int
    """matched pairs left out because their body stood in another pair"""
    unscorable: int
    is_labelled: bool
    input_rows: NDArray[np.int64] | None = None

    @property
    def border(self) -> float:
        """The score from which a pair looks like a mismatch: that of the median one."""
        return float(np.median(self.mismatched)) if len(self.mismatched) else np.inf

    @property
    def suspects(self) -> NDArray[np.int64]:
        """Rows that look like a mismatch."""
        suspects = self.rows[self.scores >= self.border]
        return suspects if self.input_rows is None else self.input_rows[suspects]

    def recall(self, cut: float) -> float | None:
        """Share of the mismatches above a cut; None where there are none."""
        return float((self.mismatched > cut).mean()) if len(self.mismatched) else None


def _sampled(model: Model, table: pa.Table, promise: Promise, labels: NDArray[np.int64] | None) -> _Sample:
    texts = prepared(model, *columns_of(table))
    pairs = Pairs.of(texts)
    rng = np.random.default_rng(promise.seed)
    judged = judged_by(model, table)
    all_matched = np.flatnonzero(judged if labels is None else judged & (labels == 0))
    rows = all_matched[one_per_group(pairs.body_groups[all_matched], rng)]
    drawn = _drawn(table, rows, promise, rng) if promise.by_source else np.arange(len(rows))
    same_body, unscorable = len(all_matched) - len(rows), int((~judged).sum())
    needed = pairs_needed(promise.max_false_flags, promise.confidence)
    if len(drawn) < needed:
        raise MismatchError(_too_few(promise, needed, len(drawn), same_body, unscorable))
    wrong = np.flatnonzero(judged & (labels == 1)) if labels is not None else rows[:0]
    left, right = (wrong, wrong) if len(wrong) else derange(pairs, rows, rng)
    return _Sample(
        table=table,
        pairs=pairs,
        rows=rows,
        scores=log_odds_of(model, texts, rows, rows, thorough=True),
        drawn=drawn,
        mismatched=log_odds_of(model, texts, left, right, thorough=True),
        same_body=same_body,
        unscorable=unscorable,
        is_labelled=labels is not None,
    )


def _slope_and_intercept(
    old: Calibration, matched: NDArray[np.float64], mismatched: NDArray[np.float64]
) -> tuple[float, float]:
    if min(len(matched), len(mismatched)) < MIN_FOR_PROBABILITIES:
        return old.slope, old.intercept
    truth = np.repeat([0, 1], [len(matched), len(mismatched)])
    return fit_platt(np.concatenate([matched, mismatched]), truth)


def _even_at(calibration: Calibration, cut: float) -> float:
    """The share of mismatches at which the odds are even at the cut: an archive that is nearly clean expects none itself."""
    at_cut, share = float(calibration.probability(np.array([cut]))[0]), calibration.prior
    odds = share / (1 - share) * (1 - at_cut) / at_cut * (1 + 1e-6)
    return min(max(odds / (1 + odds), _LEAST_PRIOR), _MOST_PRIOR)


def _pairs_on_card(sample: _Sample, promise: Promise) -> dict[str, Any]:
    return {
        "given": sample.table.num_rows, "used": len(sample.rows), "drawn": len(sample.drawn),
        "needed": pairs_needed(promise.max_false_flags, promise.confidence),
        "same_body": sample.same_body, "unscorable": sample.unscorable, "suspects": len(sample.suspects),
        "labelled": sample.is_labelled,
    }  # fmt: skip


def _refuse_training_data(model: Model, digests: Sequence[dict[str, Any]]) -> None:
    data = model.card.get("data")
    seen = {entry.get("sha256") for entry in data if isinstance(entry, dict)} if isinstance(data, list) else set()
    for entry in digests:
        if entry.get("sha256") and entry["sha256"] in seen:
            raise InputError(f"{entry.get('file')}: the model was trained on this file, {_TOO_GOOD}")


def _drawn(table: pa.Table, rows: NDArray[np.int64], promise: Promise, rng: np.random.Generator) -> NDArray[np.int64]:
    """Positions in `rows` of one pair for each source."""
    sources = codes(table["source"] if "source" in table.column_names else None, table.num_rows)[rows]
    known = np.flatnonzero(sources >= 0)
    if not len(known):
        raise InputError("there is no column of sources to calibrate by; name it with --source, or leave --by out")
    return known[one_per_group(sources[known], rng)]


def _too_few(promise: Promise, needed: int, there: int, same_body: int, unscorable: int) -> str:
    what = "sources" if promise.by_source else "matched pairs with different bodies"
    reasons = ((same_body, "with a body seen before"), (unscorable, "that cannot be judged"))
    left_out = " and ".join(f"{n:,} {why}" for n, why in reasons if n)
    without = f" (without {left_out})" if left_out else ""
    least = f"; with these at most {100 * least_promise(there, promise.confidence):.6g} % can be promised" if there else ""
    return (
        f"a false-flag rate of at most {promise.max_false_flags:.6g} with confidence {promise.confidence:.6g} needs "
        f"{needed:,} {what}, there are {there:,}{without}{least}: add {needed - there:,} more, or promise less"
    )


def _notices(model: Model, promise: Promise, sample: _Sample, promised: PromisedCut) -> list[str]:
    rows, table, cut = sample.rows, sample.table, promised.cut
    out = _notices_on_suspects(promise, sample, promised)
    found = sample.recall(cut)
    if found is not None and found < 0.5:
        out.append(
            f"warning: with this cut only {found:.0%} of mismatches are found; the promise asks for more than these pairs "
            "allow"
        )
    if not promise.by_source and "source" in table.column_names:
        n_sources = len(np.unique(codes(table["source"], table.num_rows)[rows]))
        if 1 < n_sources <= len(rows) / 20:
            out.append(
                f"the pairs come from {n_sources:,} sources: the promise is for new pairs of these; for sources never seen "
                "use --by source"
            )
    if (known := share_known(model.fingerprints, fingerprints_of(sample.pairs.body_hashes[rows]))) > KNOWN_SHARE:
        out.append(f"the model has learned from {known:.0%} of these articles, {_TOO_GOOD}")
    return out


def _notices_on_suspects(promise: Promise, sample: _Sample, promised: PromisedCut) -> list[str]:
    suspects, n = sample.suspects, len(sample.rows)
    at = ", ".join(f"{row + 1:,}" for row in suspects[:8].tolist()) + (", …" if len(suspects) > 8 else "")
    share = f"{len(suspects):,} of {n:,} calibration pairs ({len(suspects) / n:.2%})"
    which = f"warning: {share} score like swapped ones (rows {at})"
    if promised.left_out:
        return [
            f"{which}; the cut was set without them, and flags them: look at them. If they are wrong, the promise is for "
            f"all matched pairs; if they are right, up to {100 * promised.look_alikes_at_most:.2g} % of the matched pairs "
            "are flagged besides"
        ]
    is_spoiled = len(suspects) > 0 and promised.cut >= sample.border
    if not is_spoiled and (len(suspects) < _SUSPECT_COUNT or len(suspects) / n < promise.max_false_flags / 2):
        return []
    return [
        f"{which}; they count as right pairs, so that the promise holds whatever they are, but if they are wrong the cut is "
        "higher than it need be: look at them, and calibrate without those that are wrong"
    ]
