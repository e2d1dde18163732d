"""What a stream teaches a model without labels: `adapt` gives the same model with what it has learned from some pairs.

1. *Weights*: the stream's document frequencies, so that no language's function words count as evidence.
2. *Title habits*: what the titles of each source share.
3. *Density ratio*: how the stream's own pairs differ from its swapped ones (`density_ratio`).
4. *Calibration*: the stream as a mixture of matched pairs and mismatches (`mixture`).
5. *Recurring titles*: those over several different bodies that they do not fit. They flag none of them.

The same pairs give the same model, whatever the order of the rows and the number of threads.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from mismatch.errors import InputError
from mismatch.features.cascade import FirstLook, score_pairs
from mismatch.features.grams import count_grams, gram_features
from mismatch.features.overlap_features import N_FEATURES
from mismatch.judging.comparison import Texts, head_log_odds, prepared
from mismatch.judging.density_ratio import Described, fit_density_ratio
from mismatch.judging.mixture import fit_mixture
from mismatch.judging.recurrence import learn_recurring_titles
from mismatch.judging.swaps import Pairs, derange
from mismatch.model.calibration import FLAG_FROM, UNSURE_FROM, Calibration, Curve
from mismatch.model.model import Model
from mismatch.model.stream_profile import StreamProfile
from mismatch.screening.screening import has_text, screen
from mismatch.screening.title_cleaning import learn_habits
from mismatch.screening.writing_systems import writing_systems
from mismatch.terms.document_frequency import Counts, DocumentCounter
from mismatch.terms.hashing import HAS_DIGIT, text_hashes
from mismatch.terms.text_buffers import TextBuffers, taken, text_buffers
from mismatch.terms.tokens import cut_all

MIN_PAIRS = 30
"""different pairs that can be judged, from which a stream shows anything; with fewer the model is used as it is"""
MAX_DRAWN = 4096
"""pairs that titles' habits are learned from"""
MAX_PAIRS = 1500
"""pairs that everything else is learned from"""
RUN_ROWS = 64
"""rows side by side that are drawn at once from a longer table"""
SWAPS_OF_A_TITLE = 2
MIN_SWAPPED = 0.8
"""share of the titles that must find a foreign body"""
MOST_AT_ODDS = 0.25
"""by how much the share of mismatches may exceed the share that the head takes for such, where it takes fewer than half"""
MAX_UNSURE = 0.2
"""share of the rows that may be unsure: where more are, the pairs of the stream look too much like its swapped ones"""
EXPECTED_SHARE = 0.01
"""share of mismatches that is expected at least in rows that are yet to come"""
DOUBTFUL_FROM, FIRST_LOOK_MARGIN = 0.01, 0.5
"""probability from which a pair is not to be cleared early, and by how much of log-odds"""
_SCORES, _CURVE_POINTS = (-15.0, 15.0), 600
"""range of the head's log-odds, for a calibration as a curve"""
_BELOW_A_FLAG = FLAG_FROM - 0.01
TELLING_SHARE = 0.05
"""share of the documents in which a term may stand to tell bodies apart"""


class Adaptation(NamedTuple):
    """A model after a look at a stream, and one line that says what was done."""

    model: Model
    words: str
    learned: bool = True
    """False where the stream has taught the model nothing"""


def is_wanted(adapt: object, model: Model) -> bool:
    """Whether a model is to be adapted, by what `adapt=` says; by default one that was not adapted to a feed yet.

    Raises
    ------
    InputError
        It says something else than True, False or None.
    """
    if adapt is None:
        return not model.is_adapted
    if not isinstance(adapt, bool | np.bool_):
        raise InputError(f"adapt= takes True, False or None, not a {type(adapt).__name__}")
    return bool(adapt)


def adapt(model: Model, pairs: pa.Table) -> Adaptation:
    """The model, adapted to the stream that some pairs are drawn from; the model itself where they show too little.

    Parameters
    ----------
    pairs
        Columns `title` and `body`, and `source` where it is known. Of more than are looked at, those are taken whose texts
        have the smallest hashes.
    """
    drawn = _different(pairs, MAX_DRAWN)
    if drawn.num_rows < MIN_PAIRS:
        return _as_it_is(model, f"too few different rows to adapt to: {drawn.num_rows:,}, it takes {MIN_PAIRS}")
    sources = drawn["source"] if "source" in drawn.column_names else None
    known = StreamProfile(learn_habits(drawn["title"], sources)).with_habits_of(model.stream)
    model_with_habits = replace(model, stream=replace(known, n_pairs=drawn.num_rows))
    if model.anchors is None:
        return Adaptation(model_with_habits, f"adapted to the titles of {drawn.num_rows:,} rows")
    all_texts = prepared(model_with_habits, drawn["title"], drawn["body"], sources)
    texts = _judged(model, all_texts)
    if len(texts.titles.valid) < MIN_PAIRS:
        return _as_it_is(
            model, f"too few rows that can be judged to adapt to: {len(texts.titles.valid):,}, it takes {MIN_PAIRS}"
        )
    swapped = _swapped(texts)
    if len(swapped[0]) < MIN_SWAPPED * SWAPS_OF_A_TITLE * len(texts.titles.valid):
        return _as_it_is(model, "too many titles or bodies are the same")
    if np.median(_telling_terms(*texts)) < 1:
        return _without_flags(model, "most titles have no word that tells bodies apart: is that the column of titles?")
    lexicon = model.lexicon.with_stream([_count(side) for side in texts])
    profile = replace(known, n_pairs=drawn.num_rows, grams=count_grams(*texts))
    adapted = replace(model, lexicon=lexicon, stream=profile, first_look=None)
    rows = np.arange(len(texts.titles.valid))
    observed, of_swaps = _described(adapted, texts, [(rows, rows), swapped])
    of_topics = model.anchors[:, -1].astype(np.float64)
    anchors = Described(model.anchors[:, :-1], model.forest.predict(model.anchors[:, :N_FEATURES]) + of_topics)
    platt = model.calibration.slope, model.calibration.intercept
    fitted = fit_density_ratio(observed, of_swaps, anchors, *platt, SWAPS_OF_A_TITLE)
    mixture = fit_mixture(fitted.observed, fitted.swapped, fitted.anchors)
    profile = replace(profile, ratio=fitted.ratio, share=mixture.share, share_interval=mixture.share_interval)
    by_head = float((platt[0] * observed.log_odds + platt[1] > 0).mean())
    if by_head < 0.5 < mixture.share and mixture.share - by_head > MOST_AT_ODDS:
        return _as_it_is(model, "titles fit the bodies of other rows as well as their own")
    calibration = Calibration.of_curve(mixture.curve, mixture.share)
    of_rows = calibration.probability(fitted.observed)
    if ((of_rows >= UNSURE_FROM) & (of_rows < FLAG_FROM)).mean() > MAX_UNSURE:
        return _as_it_is(model, "the pairs look too much like swapped ones")
    log_odds = np.concatenate([observed.log_odds, of_swaps.log_odds])
    ratios = np.concatenate([fitted.observed, fitted.swapped])
    first_look = _lowered(model.first_look, log_odds, calibration.probability(ratios))
    adapted = replace(adapted, stream=profile, calibration=calibration, first_look=first_look)
    recurring = learn_recurring_titles(adapted, all_texts, float((of_rows >= UNSURE_FROM).mean()))
    adapted = replace(adapted, stream=replace(profile, recurring=recurring))
    return Adaptation(adapted, f"adapted to {len(rows):,} rows of this input (--no-adapt: the model as it is)")


def expecting(model: Model, share: float = EXPECTED_SHARE) -> Model:
    """An adapted model for rows that are yet to come.

    It expects at least a small share of mismatches, however clean the rows were that it has seen.
    """
    if model.calibration.curve is None or model.calibration.prior >= share:
        return model
    return replace(model, calibration=model.calibration.with_prior(share))


def drawn_evenly(table: pa.Table) -> pa.Table:
    """Some rows from all of a table: all of them up to `MAX_DRAWN`, else runs of neighbours, evenly spaced."""
    n = table.num_rows
    if n <= MAX_DRAWN:
        return table
    starts = np.linspace(0, n - RUN_ROWS, MAX_DRAWN // RUN_ROWS).astype(np.int64)
    return pa.concat_tables([table.slice(start, RUN_ROWS) for start in starts.tolist()])


def _as_it_is(model: Model, why: str) -> Adaptation:
    return Adaptation(model, f"the model is used as it is ({why})", learned=False)


def _without_flags(model: Model, why: str) -> Adaptation:
    """The model for titles by which nothing can be told: it calls no pair a mismatch, only unsure."""
    given = model.calibration
    low, high = _SCORES if given.curve is None else (given.curve.low, given.curve.high)
    grid = np.linspace(low, high, _CURVE_POINTS)
    curve = Curve(low, high, np.minimum(given.probability(grid), _BELOW_A_FLAG))
    unsure_at_most = replace(model, calibration=Calibration.of_curve(curve, given.prior))
    return Adaptation(unsure_at_most, f"the model is used as it is, and flags nothing ({why})", learned=False)


def _different(pairs: pa.Table, limit: int) -> pa.Table:
    """The pairs that have a title and a body, each once, at most `limit`, in an order that their texts decide."""
    pairs = pairs.filter(pc.and_(pairs["title"].is_valid(), pairs["body"].is_valid())).combine_chunks()
    titles, bodies = (text_hashes(text_buffers(pairs[name])) for name in ("title", "body"))
    _, first = np.unique(titles * np.uint64(0x9E3779B97F4A7C15) ^ bodies, return_index=True)
    return pairs.take(pa.array(first[:limit]))


def _judged(model: Model, texts: Texts) -> Texts:
    """The first pairs that can be judged."""
    rows = np.arange(min(len(texts.titles.valid), MAX_PAIRS + MAX_PAIRS // 4))
    some = Texts(*(taken(side, rows) for side in texts))
    _, features = score_pairs(*some, has_text(*some), model.lexicon, model.forest, first_look=model.usable_first_look())
    can_be_judged = np.flatnonzero(screen(*some, features, model.boilerplate) == 0)[:MAX_PAIRS]
    return Texts(*(taken(side, can_be_judged) for side in some))


def _count(texts: TextBuffers) -> tuple[Counts, Counts]:
    """In how many texts each term and each stem stands."""
    counter = DocumentCounter()
    counter.add(texts)
    return counter.counts()


def _telling_terms(titles: TextBuffers, bodies: TextBuffers) -> NDArray[np.float64]:
    """For each title, how many of its terms stand in some body, and in few of the titles and few of the bodies.

    Terms with a digit do not count: those of an id or an address turn up in some body by chance.
    """
    rows, terms, _ = cut_all(titles)
    telling = terms & HAS_DIGIT == 0
    for texts in (titles, bodies):
        counts, _ = _count(texts)
        found = np.zeros(len(terms))
        if len(counts.hashes):
            at = np.minimum(np.searchsorted(counts.hashes, terms), len(counts.hashes) - 1)
            found = np.where(counts.hashes[at] == terms, counts.frequencies[at], 0)
        telling &= (found > 0) & (found <= max(1.0, TELLING_SHARE * counts.n_documents))
    return np.bincount(rows, telling, len(titles.valid)).astype(np.float64)


def _swapped(texts: Texts) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of titles and of the bodies that are set under them: of the same writing system, and no near-duplicates."""
    pairs, generator, systems = Pairs.of(texts), np.random.default_rng(0), writing_systems(texts.bodies)
    rows = np.arange(len(systems))
    drawn = [derange(pairs, rows, generator, systems) for _ in range(SWAPS_OF_A_TITLE)]
    return np.concatenate([titles for titles, _ in drawn]), np.concatenate([bodies for _, bodies in drawn])


def _described(model: Model, texts: Texts, pairs: list[tuple[NDArray[np.int64], NDArray[np.int64]]]) -> list[Described]:
    """Pairs of rows as the density ratio sees them, on all cores."""
    stream, n_parts = model.stream, os.cpu_count() or 1
    assert stream is not None
    table, _ = stream.gram_table, model.lexicon.arguments  # made here, once for all threads

    def part(rows: tuple[NDArray[np.int64], NDArray[np.int64]]) -> Described:
        wanted = np.ones(len(rows[0]), np.uint8)
        log_odds, features = head_log_odds(model, texts, wanted, None, *rows)
        return Described(np.column_stack([features, gram_features(*texts, *rows, table)]), log_odds)

    in_parts = [list(zip(*(np.array_split(side, n_parts) for side in both), strict=True)) for both in pairs]
    with ThreadPoolExecutor(n_parts) as pool:
        done = [pool.map(part, parts) for parts in in_parts]
        return [Described(*(np.concatenate(columns) for columns in zip(*parts, strict=True))) for parts in done]


def _lowered(
    first_look: FirstLook | None, log_odds: NDArray[np.float64], probability: NDArray[np.float64]
) -> FirstLook | None:
    """The first look, such that it clears no pair that looks, by the head, like one that the stream makes doubtful."""
    doubtful = log_odds[probability >= DOUBTFUL_FROM]
    if first_look is None or not len(doubtful):
        return first_look
    return first_look.below(float(doubtful.min()) - FIRST_LOOK_MARGIN)
