"""Pairs as they are compared: everything that is done to a title or a body before, and the numbers that come of it."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mismatch.features.cascade import FirstLook, score_pairs
from mismatch.features.grams import GRAM_FEATURES, gram_features
from mismatch.features.overlap_features import FEATURE_NAMES
from mismatch.model.calibration import FLAG_FROM
from mismatch.model.model import Model
from mismatch.screening import screening
from mismatch.screening.body_cleaning import clean_bodies
from mismatch.screening.recurring_titles import do_recur
from mismatch.screening.title_cleaning import NO_HABITS, clean_titles
from mismatch.terms.text_buffers import TextBuffers, taken, text_buffers

CLEAR_WITHOUT_GRAMS = 0.01
"""probability of a mismatch below which the grams of a pair are not read"""
MOST_OF_RECURRING = FLAG_FROM - 0.001
"""probability at most of a pair whose title recurs over bodies that it does not fit"""
VECTOR_SHARE = FEATURE_NAMES.index("vector_share")
"""the feature that is above 0 where the terms of both sides mostly have vectors"""
Column: TypeAlias = pa.Array | pa.ChunkedArray


class Texts(NamedTuple):
    """Titles and bodies as they are compared."""

    titles: TextBuffers
    bodies: TextBuffers


class Compared(NamedTuple):
    """The numbers that a verdict is made of, row by row."""

    log_odds: NDArray[np.float64]
    """shape (n_pairs,): of a mismatch, by the model's head, or by the density ratio of the stream that the model is adapted
    to; NaN without text"""
    features: NDArray[np.float32]
    """shape (n_pairs, N_FEATURES)"""
    vectors: NDArray[np.float32]
    """shape (n_pairs, 2, width of the topics) of titles and bodies; (n_pairs, 0, 0) where the model has no topics"""
    refused: NDArray[np.uint8]
    """shape (n_pairs,): numbers into `screening.REASONS`, 0 where the pair can be judged"""
    abroad: NDArray[np.uint8]
    """shape (n_pairs,): numbers into `screening.REASONS` where title and body differ in their language and are judged by
    what they mean, 0 elsewhere"""
    texts: Texts


def prepared(model: Model, titles: Column, bodies: Column, sources: Column | None = None) -> Texts:
    """The texts as they are compared: titles without what is not headline, by what the model knows of their sources, and
    bodies without markup, and without the title where they repeat it."""
    habits = model.stream.title_habits if model.stream is not None else NO_HABITS
    cleaned = text_buffers(clean_titles(titles, sources, habits))
    return Texts(cleaned, clean_bodies(cleaned, text_buffers(bodies)))


def compare(
    model: Model, titles: Column, bodies: Column, sources: Column | None = None, *, thorough: bool = False
) -> Compared:
    """Compares each title with the body beside it. Releases the GIL for nearly all of its time.

    Parameters
    ----------
    titles, bodies, sources : Arrow text of one length
    thorough
        Read every body to its end.
    """
    texts = prepared(model, titles, bodies, sources)
    wanted = screening.has_text(*texts)
    has_topics = model.topics is not None and model.lexicon.vectors is not None
    size = vectors_width(model) if has_topics else 0
    vectors = np.zeros((len(wanted), 2 if size else 0, size), np.float32)
    rows = np.arange(len(wanted))
    log_odds, features = _scored(model, texts, wanted, vectors, rows, rows, thorough=thorough)
    refused = screening.screen(*texts, features, model.boilerplate, text_buffers(bodies))
    abroad = _judged_across_languages(model, texts, log_odds, refused)
    return Compared(log_odds, features, vectors, refused, abroad, texts)


def _judged_across_languages(
    model: Model, texts: Texts, log_odds: NDArray[np.float64], refused: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """Of the pairs that are refused because their languages differ, those that the vectors can judge.

    Puts their log-odds in their place, and lifts the refusal; what it was is returned, shape (n_pairs,).
    """
    abroad = np.zeros_like(refused)
    rows = np.flatnonzero(np.isin(refused, screening.OF_LANGUAGES))
    if model.across_languages is None or model.lexicon.vectors is None or not len(rows):
        return abroad
    vectors = np.zeros((len(rows), 2, vectors_width(model)), np.float32)
    by_head, features = head_log_odds(model, texts, np.ones(len(rows), np.uint8), vectors, rows, rows)
    meant = vectors[:, :, : model.lexicon.vectors.size]
    probability = model.across_languages.probability(meant, by_head, model.calibration.prior)
    known = ~np.isnan(probability) & (features[:, VECTOR_SHARE] > 0)
    rows = rows[known]
    log_odds[rows] = model.calibration.log_odds(probability[known])
    abroad[rows] = refused[rows]
    refused[rows] = 0
    return abroad


def vectors_width(model: Model) -> int:
    """How many numbers the head's vectors of a text have: those of its terms, and what the topics take besides."""
    if model.topics is not None:
        return model.topics.weights.shape[1]
    return model.lexicon.vectors.size if model.lexicon.vectors is not None else 0


def log_odds_of(
    model: Model, texts: Texts, title_rows: NDArray[np.int64], body_rows: NDArray[np.int64], *, thorough: bool = False
) -> NDArray[np.float64]:
    """The log-odds for the titles of some rows over the bodies of others, as `compare` gives them; shape (n_pairs,)."""
    wanted = np.ones(len(title_rows), np.uint8)
    return _scored(model, texts, wanted, None, title_rows, body_rows, thorough=thorough)[0]


def _scored(
    model: Model, texts: Texts, wanted: NDArray[np.uint8], vectors: NDArray[np.float32] | None,
    title_rows: NDArray[np.int64], body_rows: NDArray[np.int64], *, thorough: bool,
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:  # fmt: skip
    """Log-odds and features of the titles of some rows over the bodies of others."""
    first_look = None if thorough else model.usable_first_look()
    cleared = np.zeros(len(wanted), np.uint8)
    log_odds, features = head_log_odds(model, texts, wanted, vectors, title_rows, body_rows, first_look, cleared)
    if model.stream is None or model.stream.ratio is None:
        return log_odds, features
    return _by_stream(model, texts, log_odds, features, cleared > 0, title_rows, body_rows), features


def head_log_odds(
    model: Model, texts: Texts, wanted: NDArray[np.uint8], vectors: NDArray[np.float32] | None,
    title_rows: NDArray[np.int64], body_rows: NDArray[np.int64],
    first_look: FirstLook | None = None, cleared: NDArray[np.uint8] | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:  # fmt: skip
    """The log-odds of the head, with what the topics of titles and bodies add to them, and the features.

    `vectors` and `cleared` are filled where they are given, as `score_pairs` does. Of pairs that the first look clears, the
    topics are not asked.
    """
    topics = model.topics if model.topics is not None and model.topics.counts and model.lexicon.vectors is not None else None
    if topics is not None:
        size = topics.weights.shape[1]
        vectors = np.zeros((len(wanted), 2, size), np.float32) if vectors is None else vectors
        cleared = np.zeros(len(wanted), np.uint8) if cleared is None else cleared
    log_odds, features = score_pairs(
        *texts, wanted, model.lexicon, model.forest, vectors, first_look, title_rows, body_rows, cleared
    )
    if topics is not None and vectors is not None and cleared is not None:
        read = np.flatnonzero(cleared == 0)
        log_odds[read] += topics.disagreement(vectors[read])
    return log_odds, features


def _by_stream(
    model: Model, texts: Texts, log_odds: NDArray[np.float64], features: NDArray[np.float32], cleared: NDArray[np.bool_],
    title_rows: NDArray[np.int64], body_rows: NDArray[np.int64],
) -> NDArray[np.float64]:  # fmt: skip
    """The density ratio of the stream for each pair.

    Grams are read only where the ratio would say something without them: they are found in nearly all matched pairs, so that
    none found is the worst case. A pair that the first look cleared stays below every cut, and one whose title recurs below
    the one that flags.
    """
    stream, calibration = model.stream, model.calibration
    assert stream is not None and stream.ratio is not None
    described = np.zeros((len(log_odds), features.shape[1] + len(GRAM_FEATURES)), np.float32)
    described[:, : features.shape[1]] = features
    ratio = stream.ratio(described, log_odds)
    doubtful = np.flatnonzero(~cleared & (calibration.probability(ratio) >= CLEAR_WITHOUT_GRAMS))
    if len(doubtful):
        grams = gram_features(*texts, title_rows[doubtful], body_rows[doubtful], stream.gram_table)
        described[doubtful, features.shape[1] :] = grams
        ratio[doubtful] = stream.ratio(described[doubtful], log_odds[doubtful])
    if len(stream.recurring):
        most = float(calibration.log_odds(np.array(MOST_OF_RECURRING)))
        flagged = np.flatnonzero(~cleared & (ratio > most))
        ratio[flagged[do_recur(taken(texts.titles, title_rows[flagged]), stream.recurring)]] = most
    return np.where(cleared, np.minimum(ratio, calibration.unsure_cut - 1), ratio)
