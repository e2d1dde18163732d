"""Pairs as they are compared: everything that is done to a title or a body before, and the numbers that come of it."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mismatch.features.cascade import score_pairs
from mismatch.model.model import Model
from mismatch.screening import screening
from mismatch.screening.body_cleaning import clean_bodies
from mismatch.screening.title_cleaning import NO_HABITS, clean_titles
from mismatch.terms.text_buffers import TextBuffers, text_buffers

Column: TypeAlias = pa.Array | pa.ChunkedArray


class Texts(NamedTuple):
    """Titles and bodies as they are compared."""

    titles: TextBuffers
    bodies: TextBuffers


class Compared(NamedTuple):
    """The numbers that a verdict is made of, row by row."""

    log_odds: NDArray[np.float64]
    """shape (n_pairs,): of a mismatch, by the model's head; NaN without text"""
    features: NDArray[np.float32]
    """shape (n_pairs, N_FEATURES)"""
    vectors: NDArray[np.float32]
    """shape (n_pairs, 2, vector size) of titles and bodies; (n_pairs, 0, 0) where the model has no topics"""
    refused: NDArray[np.uint8]
    """shape (n_pairs,): numbers into `screening.REASONS`, 0 where the pair can be judged"""
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
    size = model.lexicon.vectors.size if has_topics and model.lexicon.vectors is not None else 0
    vectors = np.zeros((len(wanted), 2 if size else 0, size), np.float32)
    first_look = None if thorough else model.usable_first_look()
    log_odds, features = score_pairs(*texts, wanted, model.lexicon, model.forest, vectors, first_look)
    refused = screening.screen(*texts, features, model.boilerplate, text_buffers(bodies))
    return Compared(log_odds, features, vectors, refused, texts)


def log_odds_of(
    model: Model, texts: Texts, title_rows: NDArray[np.int64], body_rows: NDArray[np.int64], *, thorough: bool = False
) -> NDArray[np.float64]:
    """The log-odds for the titles of some rows over the bodies of others, as `compare` gives them; shape (n_pairs,)."""
    return score_pairs(
        *texts, np.ones(len(title_rows), np.uint8), model.lexicon, model.forest,
        first_look=None if thorough else model.usable_first_look(), title_rows=title_rows, body_rows=body_rows,
    )[0]  # fmt: skip
