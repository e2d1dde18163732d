"""The anchors of the starter: what matched pairs look like, for the day when a stream shows none or few.

A stream teaches a model by its own pairs and swaps of them. Where most of its rows are wrong, its own pairs look like
swaps too; the anchors then say what a matched pair is. They are features only, from archives of several kinds, each under
the weights that it has as a stream.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from mismatch.features.grams import count_grams, gram_features
from mismatch.model.topics import TopicModel
from mismatch.terms.lexicon import lookup_table
from models.archives import Scored

ANCHORS = 100
"""of an archive"""


def anchors_of(archives: Iterable[Scored], topics: TopicModel, seed: int = 0) -> NDArray[np.float32]:
    """Some matched pairs of each archive: features of pairs and of their grams, and what topics add to the log-odds, shape
    (n_anchors, N_FEATURES + 4).

    Pairs that look more like a mismatch than a quarter of the swaps do are passed over.
    """
    return np.concatenate([_of_archive(archive, topics, np.random.default_rng(seed)) for archive in archives])


def _of_archive(archive: Scored, topics: TopicModel, rng: np.random.Generator) -> NDArray[np.float32]:
    sure = archive.rows[archive.matched < np.quantile(archive.swapped, 0.25)]
    rows, texts = np.sort(rng.choice(sure, ANCHORS, replace=False)), archive.compared.texts
    grams = gram_features(*texts, rows, rows, lookup_table(count_grams(*texts)))
    of_topics = topics.disagreement(archive.compared.vectors[rows]).astype(np.float32)
    return np.column_stack([archive.compared.features[rows], grams, of_topics])
