"""Which terms of a text speak for the topic that was named: each term's own part of the topic's logit."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from mismatch.features.function_words import is_function_word
from mismatch.features.keywords import CONTENT_IDF, LONGEST_LOOK, Span, idf, spans, whole_runs
from mismatch.features.vector_features import MOST_TOLD, VECTOR_TERMS
from mismatch.model.model import Model
from mismatch.model.topics import SPREAD_OF_TOLD, TopicModel
from mismatch.terms.lexicon import TermVectors

MOST_SHOWN = 5
LEAST_SHARE = 0.25
"""of the strongest term's part, below which a term is not worth naming"""


def topic_terms(model: Model, text: str, topic: str | None, limit: int = MOST_SHOWN) -> list[str]:
    """The terms that speak most for a topic, as they stand in the text, strongest first; none where no topic is named.

    A topic's logit is a sum over the terms, which is split as it stands; what a wide topic has above the mean of all wide
    ones counts, and for a narrow one what it has within its wide one besides.
    """
    topics, vectors = model.topics, model.lexicon.vectors
    if topic is None or topics is None or vectors is None or topic not in topics.names or not len(vectors.hashes):
        return []
    text = text[:LONGEST_LOOK]
    first: dict[int, Span] = {}
    counts: Counter[int] = Counter()
    for span in spans(text):
        counts[span.term] += 1
        first.setdefault(span.term, span)
    terms = list(first.values())[:VECTOR_TERMS]
    rows = np.array([_row(vectors, span.term, span.stem) for span in terms], np.int64)
    rarity = np.array([idf(span.term, model.lexicon.term_table) for span in terms])
    weight = rarity * (1 + np.log([counts[span.term] for span in terms]))
    parts = _parts(topics, vectors, rows, weight, topics.names.index(topic))
    says_nothing = np.array([_is_number(span.text) or is_function_word(span.term) for span in terms], bool)
    parts[(rows < 0) | (rarity < CONTENT_IDF) | says_nothing] = 0
    order = np.argsort(-parts, kind="stable")[:limit]
    telling = [terms[i] for i in order if parts[i] > max(0.0, LEAST_SHARE * parts[order[0]])]
    return whole_runs(text, [(span.text, span) for span in telling])


def _is_number(text: str) -> bool:
    return not any(map(str.isalpha, text))


def _parts(
    topics: TopicModel, vectors: TermVectors, rows: NDArray[np.int64], weight: NDArray[np.float64], number: int
) -> NDArray[np.float64]:
    """What each term adds to the logit of a topic, shape (n_terms,)."""
    known = np.maximum(rows, 0)
    summed = weight[:, None] * vectors.codes[known] * vectors.scales[known, None]
    summed[rows < 0] = 0
    length = max(float(np.linalg.norm(summed.sum(axis=0))), 1e-9)
    wide = np.flatnonzero(topics.parents < 0)
    parent = int(topics.parents[number])
    of_wide = topics.weights[parent if parent >= 0 else number] - topics.weights[wide].mean(axis=0)
    if topics.n_told and vectors.telling is not None:
        told = np.minimum(weight, MOST_TOLD)[:, None] * vectors.telling[known].astype(np.float64)
        told[rows < 0] = 0
        spread = max(float(told.sum(axis=0)[-1]), 1e-9) ** -SPREAD_OF_TOLD
        parts = told @ of_wide[topics.size :] * spread
    else:
        parts = summed @ of_wide[: topics.size] / length
    if parent >= 0:
        parts = parts + summed @ topics.weights[number, : topics.size] / length
    return parts


def _row(vectors: TermVectors, term: int, stem: int) -> int:
    """Where the vector of a term stands or, where it has none, that of its stem; -1 for neither."""
    for hashed in (term, stem):
        at = int(np.searchsorted(vectors.hashes, np.uint64(hashed)))
        if at < len(vectors.hashes) and int(vectors.hashes[at]) == hashed:
            return at
    return -1
