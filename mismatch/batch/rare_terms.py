"""The rare terms and stems of titles, by which bodies are looked for, and the terms of bodies, as hashes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mismatch.terms.document_frequency import Counts
from mismatch.terms.lexicon import Lexicon, smooth_idf
from mismatch.terms.text_buffers import TextBuffers
from mismatch.terms.tokens import cut_all

TITLE_TERMS = 24
"""rarest terms and stems of a title that are looked for"""


class TitleTerms(NamedTuple):
    """The rare terms of some titles, arrays of one length, title by title and the rarest of each first."""

    rows: NDArray[np.int64]
    """the place of the title"""
    keys: NDArray[np.uint64]
    """hash of a term or a stem"""
    weights: NDArray[np.float32]
    """its share of the weight (squared IDF) of its title"""
    idf: NDArray[np.float32]


def rare_title_terms(titles: TextBuffers, lexicon: Lexicon) -> TitleTerms:
    """The `TITLE_TERMS` rarest terms and stems of each title."""
    rows, keys, idf = _keys_of(titles, lexicon)
    order = np.lexsort((keys, -idf, rows))  # the rarest of each title first
    rows, keys, idf = rows[order], keys[order], idf[order]
    once = np.ones(len(rows), bool)
    once[1:] = (rows[1:] != rows[:-1]) | (keys[1:] != keys[:-1])
    rows, keys, idf = rows[once], keys[once], idf[once]
    counts = np.bincount(rows, minlength=len(titles.valid))
    place = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    rare = place < TITLE_TERMS
    rows, keys, idf = rows[rare], keys[rare], idf[rare]
    weights = idf**2
    weights /= np.maximum(np.bincount(rows, weights, len(titles.valid)), 1e-9)[rows]
    return TitleTerms(rows, keys, weights, idf)


def rare_body_terms(
    bodies: TextBuffers, lexicon: Lexicon, *, least_idf: float
) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """The place of the body and the hash of each of its different terms and stems that is rare enough, body by body."""
    rows, keys, idf = _keys_of(bodies, lexicon)
    rows, keys = rows[idf >= least_idf], keys[idf >= least_idf]
    order = np.lexsort((keys, rows))
    rows, keys = rows[order], keys[order]
    once = np.ones(len(rows), bool)
    once[1:] = (rows[1:] != rows[:-1]) | (keys[1:] != keys[:-1])
    return rows[once], keys[once]


def _keys_of(texts: TextBuffers, lexicon: Lexicon) -> tuple[NDArray[np.int64], NDArray[np.uint64], NDArray[np.float32]]:
    """All terms, and the stems that differ from them, with the places of their texts and their IDF."""
    rows, terms, stems = cut_all(texts)
    own = stems != terms  # a pair of characters is its own stem
    idf = np.concatenate([_idf_of(terms, lexicon.terms), _idf_of(stems[own], lexicon.stems)])
    return np.concatenate([rows, rows[own]]), np.concatenate([terms, stems[own]]), idf


def _idf_of(hashes: NDArray[np.uint64], counts: Counts) -> NDArray[np.float32]:
    frequencies = np.zeros(len(hashes))
    if len(counts.hashes):
        at = np.minimum(np.searchsorted(counts.hashes, hashes), len(counts.hashes) - 1)
        frequencies = np.where(counts.hashes[at] == hashes, counts.frequencies[at], 0.0)
    return smooth_idf(frequencies, counts.n_documents)
