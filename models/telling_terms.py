"""What each term tells of the wide topics, learned from the embeddings of words.

A small network maps the embedding of a word to a number for each wide topic. The numbers of a text's terms are added up by
their TF-IDF and divided by a power of the weight of them all; a softmax of that is the probability of each topic. Terms
that no text has, in languages that have none, tell what words like them do. Only the numbers are kept, in whole steps.

The network learns from texts, and from telling terms by themselves (Adam, all texts at once, dropout of inputs). Where a
text may have one of several topics, the sum of their probabilities counts.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, diags_array

from mismatch.features.vector_features import MOST_TOLD
from mismatch.model.topics import SPREAD_OF_TOLD
from mismatch.terms.lexicon import TermVectors
from models.topic_lists import TopicLists
from models.topic_texts import Texts, rows_of

HIDDEN = 96
STEPS, RATE, LAST_RATE = 60, 8e-3, 0.1
"""of Adam; the rate falls to a tenth of the first"""
DROPOUT, DECAY = 0.2, 1e-4
OF_WORDS = 0.3
"""weight of the telling terms by themselves, beside the texts"""
MIN_TEXTS = 3
"""texts that must have a term for it to be learned from"""
NEUTRAL = 0.03
"""how strongly a term is kept from telling anything, by the share of documents that have it in some language: words that are
everywhere in one tell nothing, and in an article of another they are many"""
GAIN = 4.0
"""of the embeddings, which have unit length"""
STEPS_A_UNIT = 3.0
"""of the numbers that are kept"""
_LEAST = 1e-12


class Network(NamedTuple):
    hidden: NDArray[np.float32]
    bias: NDArray[np.float32]
    out: NDArray[np.float32]
    straight: NDArray[np.float32]
    """past the hidden units"""
    topics: NDArray[np.float32]
    """log-odds of a text that tells nothing"""
    sharpness: NDArray[np.float32]
    """of one word by itself, shape (1,)"""

    def told(self, embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
        """What words tell, shape (n_words, n_topics)."""
        return np.concatenate([self._forward(part)[1] for part in np.array_split(embeddings, 16)])

    def _forward(self, x: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        units = np.maximum(GAIN * (x @ self.hidden) + self.bias, 0)
        return units, units @ self.out + GAIN * (x @ self.straight)

    def _backward(
        self, x: NDArray[np.float32], units: NDArray[np.float32], of_told: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], ...]:
        of_units = (of_told @ self.out.T) * (units > 0)
        return GAIN * (x.T @ of_units), of_units.sum(axis=0), units.T @ of_told, GAIN * (x.T @ of_told)


class Examples(NamedTuple):
    """Rows of words or texts with the topics that they may have."""

    allowed: NDArray[np.float32]
    """1 where a topic may be meant, shape (n, n_topics)"""
    weights: NDArray[np.float32]
    """shape (n,), of sum 1"""

    @classmethod
    def of(cls, allowed: NDArray[np.float32], weights: NDArray[np.float64], shares: NDArray[np.float64]) -> Examples:
        """Weighed such that the topics have set shares."""
        each = allowed / allowed.sum(axis=1, keepdims=True)
        have = (each * weights[:, None]).sum(axis=0)
        weighed = weights * (each @ (shares / np.maximum(have, _LEAST)))
        return cls(allowed, (weighed / weighed.sum()).astype(np.float32))

    def slope(self, logits: NDArray[np.float32]) -> NDArray[np.float32]:
        """Of the loss with respect to the logits."""
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        odds /= odds.sum(axis=1, keepdims=True)
        wanted = odds * self.allowed
        wanted /= np.maximum(wanted.sum(axis=1, keepdims=True), _LEAST)
        return (odds - wanted) * self.weights[:, None]


def learn_network(
    texts: Texts, embeddings: NDArray[np.float32], vectors: TermVectors, lists: TopicLists, shares: NDArray[np.float64],
    common: NDArray[np.float32], seed: int = 0,
) -> Network:  # fmt: skip
    """
    Parameters
    ----------
    embeddings : float32 array of shape (n_vectors, width)
        Of the terms, unit length.
    shares
        Of the wide topics, in their order.
    common : float32 array of shape (n_vectors,)
        Shares of documents that have the terms.
    """
    rng, n_topics = np.random.default_rng(seed), len(shares)
    matrix = divided(texts.terms)
    used = np.flatnonzero(np.bincount(matrix.indices, minlength=matrix.shape[1]) >= MIN_TEXTS)
    matrix = csr_array(matrix.tocsc()[:, used])
    of_texts = Examples.of(_allowed(texts.keys, lists, n_topics), texts.weights, shares)
    words, allowed = _telling_words(vectors, lists, n_topics)
    of_words = Examples.of(allowed, np.ones(len(words)), shares)
    x, alone, back = embeddings[used], embeddings[words], csr_array(matrix.T)
    mute = (NEUTRAL * common[used] / common[used].sum())[:, None]
    width, scale = embeddings.shape[1], 1.5 / np.sqrt(embeddings.shape[1])
    start = (
        rng.normal(0, scale, (width, HIDDEN)), np.zeros(HIDDEN), np.zeros((HIDDEN, n_topics)), np.zeros((width, n_topics)),
        np.log(shares / shares.sum()), np.full(1, 3.0),
    )  # fmt: skip
    network = Network(*(part.astype(np.float32) for part in start))
    moments = [[np.zeros_like(part) for part in network] for _ in range(2)]
    for step in range(1, STEPS + 1):
        kept = ((rng.random(width) > DROPOUT) / (1 - DROPOUT)).astype(np.float32)
        slopes = _slopes(network, x * kept, mute, matrix, back, of_texts, alone * kept, of_words)
        rate = RATE * (1 - (1 - LAST_RATE) * step / STEPS)
        network = _moved(network, slopes, moments, rate, step)
    return network


def _slopes(
    network: Network, x: NDArray[np.float32], mute: NDArray[np.float32], matrix: csr_array, back: csr_array,
    of_texts: Examples, alone: NDArray[np.float32], of_words: Examples,
) -> list[NDArray[np.float32]]:  # fmt: skip
    """Of the loss with respect to the parts of the network."""
    units, told = network._forward(x)
    of_logits = of_texts.slope(matrix @ told + network.topics)
    of_told = back @ of_logits + mute * (told - told.mean(axis=1, keepdims=True))
    slopes = list(network._backward(x, units, of_told))
    units, told = network._forward(alone)
    of_word = OF_WORDS * of_words.slope(told * network.sharpness + network.topics)
    for slope, more in zip(slopes, network._backward(alone, units, of_word * network.sharpness), strict=True):
        slope += more
    for at in (0, 2, 3):
        slopes[at] += DECAY * network[at]
    return [*slopes, of_logits.sum(axis=0), np.array([(of_word * told).sum()], np.float32)]


def _moved(
    network: Network, slopes: list[NDArray[np.float32]], moments: list[list[NDArray[np.float32]]], rate: float, step: int
) -> Network:
    """Adam's step."""
    parts = []
    for part, slope, first, second in zip(network, slopes, *moments, strict=True):
        first += 0.1 * (slope - first)
        second += 0.01 * (slope * slope - second)
        size = rate * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.99**step)) + 1e-9)
        parts.append((part - size).astype(np.float32))
    return Network(*parts)


def divided(terms: csr_array) -> csr_array:
    """The weights of terms in texts as `TopicModel` sees them: each bounded, and divided by a power of their sum."""
    bounded = terms.copy()
    bounded.data = np.minimum(bounded.data, np.float32(MOST_TOLD))
    whole = np.maximum(np.asarray(bounded.sum(axis=1)).ravel(), _LEAST)
    return csr_array(diags_array(whole**-SPREAD_OF_TOLD) @ bounded).astype(np.float32)


def with_told(vectors: TermVectors, told: NDArray[np.float32]) -> TermVectors:
    """The vectors with what their terms tell, in steps, and a last column of ones, so that a text's weights are added up."""
    steps = np.clip(np.rint(told * STEPS_A_UNIT), -127, 127).astype(np.int8)
    return TermVectors(vectors.hashes, vectors.codes, vectors.scales, np.column_stack([steps, np.ones(len(steps), np.int8)]))


def _allowed(keys: list[tuple[str, ...]], lists: TopicLists, n_topics: int) -> NDArray[np.float32]:
    allowed = np.zeros((len(keys), n_topics), np.float32)
    for row, some in enumerate(keys):
        allowed[row, [lists.wide[lists.number[key]] for key in some]] = 1
    return allowed


def _telling_words(vectors: TermVectors, lists: TopicLists, n_topics: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Rows of the telling terms that are single words of one or two wide topics, and which these are."""
    row_of = dict(zip(vectors.hashes.tolist(), range(len(vectors.hashes)), strict=True))
    topics_of: dict[int, set[int]] = {}
    for by_key in lists.terms.values():
        for key, terms in by_key.items():
            for row, _ in rows_of([term for term in terms if " " not in term], row_of):
                topics_of.setdefault(row, set()).add(int(lists.wide[lists.number[key]]))
    rows = sorted(row for row, topics in topics_of.items() if len(topics) <= 2)
    allowed = np.zeros((len(rows), n_topics), np.float32)
    for at, row in enumerate(rows):
        allowed[at, sorted(topics_of[row])] = 1
    return np.array(rows, np.int64), allowed
