"""The starter's topics, learned from telling terms, headlines, the articles of `training_data` and labels of archives.

1. Which of 17 wide topics: what each term tells (`telling_terms`), added up. The mean of a few networks is kept.
2. How far title and body agree on one: multinomial logistic regression on unit vectors. A label that may stand for several
   topics is given, in a second round, to the likeliest of them.
3. Which narrow topic within a wide one: one regression each, where its own class means none of them in particular.
4. The thresholds from which topics are named are set by hand; what they give on the project's own English articles is
   found by cross-validation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mismatch.model.topics import TopicModel
from mismatch.terms.lexicon import Lexicon, TermVectors
from mismatch.training.term_vectors import idf_of
from models.telling_terms import STEPS_A_UNIT, Network, divided, learn_network, with_told
from models.topic_lists import Topic, TopicLists, read_topic_lists
from models.topic_texts import Side, Texts, from_archive, from_headlines, from_lists, hashes_of, joined, own_articles, unit

SHARES = {
    "arts": 0.115, "crime": 0.09, "disaster": 0.035, "economy": 0.115, "education": 0.035, "environment": 0.02,
    "health": 0.06, "human": 0.02, "labour": 0.02, "lifestyle": 0.025, "politics": 0.18, "religion": 0.025,
    "science": 0.07, "society": 0.02, "sport": 0.115, "conflict": 0.03, "weather": 0.025,
}  # fmt: skip
"""of the wide topics, in a newspaper of general interest; the texts are weighed so that they have them"""
NETWORKS = 2
"""whose mean is kept"""
STRENGTH, NARROW_STRENGTH = 0.2, 10.0
"""inverse of the ridge of the regressions, of wide topics and within them"""
NONE_WEIGHT = 0.5
"""of the texts that have none of the narrow topics, beside the others"""
TITLE_THRESHOLD, BODY_THRESHOLD = 0.5, 0.45
"""probabilities from which a topic is named: a wrong name embarrasses more than a missing one"""
FOLDS = 3


def learn_starter_topics(
    archives: dict[str, pa.Table], lexicon: Lexicon, embeddings: NDArray[np.float32], seed: int = 0
) -> tuple[Lexicon, TopicModel]:
    """The lexicon, whose terms now tell of topics, and the topics.

    Parameters
    ----------
    archives
        By name, with `title`, `body` and `topic`; those whose labels `archive_labels.json` explains are used.
    lexicon
        With vectors, best with `with_telling_terms`.
    embeddings : float32 array of shape (n_vectors, width)
        Of the terms that have vectors, unit length.
    """
    assert lexicon.vectors is not None
    lists, rng = read_topic_lists(), np.random.default_rng(seed)
    taught = [from_lists(lists, lexicon, rng)]
    for name, pairs in archives.items():
        if name in lists.archive_labels:
            taught += from_archive(pairs, lists.archive_labels[name], lists, lexicon, rng)
    own = own_articles(lists, lexicon)
    narrow = joined([*taught, *(side.texts for side in own)])  # headlines have wide topics alone
    taught.append(from_headlines(lists, lexicon))
    wide = _learn_wide(joined([narrow, taught[-1]]), embeddings, lexicon, lists, NETWORKS)
    size, n_wide = lexicon.vectors.size, len(SHARES)
    by_vectors, keys = _learn_agreement(narrow, lists)
    weights = np.zeros((len(lists.topics), size + n_wide + 1), np.float32)
    weights[:n_wide, :size] = by_vectors.weights
    intercepts = np.zeros(len(lists.topics), np.float32)
    weights[:n_wide, size : size + n_wide] = np.eye(n_wide) / STEPS_A_UNIT
    intercepts[:n_wide] = wide.intercepts
    for topic in lists.topics:
        if topic.parent is None:
            _learn_narrow(topic, narrow, keys, lists, weights, intercepts)
    figures = _figures(taught, own, embeddings, lexicon, lists, rng)
    topics = TopicModel(
        lists.names, lists.parents, lists.neighbours, weights, intercepts, TITLE_THRESHOLD, BODY_THRESHOLD, figures,
        n_told=n_wide + 1, of_agreement=by_vectors.intercepts,
    )  # fmt: skip
    return lexicon.with_vectors(with_told(lexicon.vectors, wide.told)), topics


def with_telling_terms(vectors: TermVectors, lists: TopicLists | None = None, longest: float | None = None) -> TermVectors:
    """The vectors, and for each telling term that has none the mean of what its topics' English terms have.

    A term that tells of more than two topics gets none.
    """
    lists = lists or read_topic_lists()
    known = vectors.vectors()
    size = float(np.median(np.linalg.norm(known, axis=1))) if longest is None else longest
    row_of = dict(zip(vectors.hashes.tolist(), range(len(known)), strict=True))
    centre: dict[str, NDArray[np.float32]] = {}
    for key, terms in lists.terms["en"].items():
        rows = [row for term, stem in hashes_of(terms) if (row := row_of.get(term, row_of.get(stem))) is not None]
        if rows:
            centre[key] = unit(unit(known[rows]).mean(axis=0, keepdims=True))[0]
    topics_of: dict[int, set[str]] = {}
    for by_key in lists.terms.values():
        for key, terms in by_key.items():
            for term, stem in hashes_of(terms):
                if term not in row_of and stem not in row_of and key in centre:
                    topics_of.setdefault(term, set()).add(key)
    new = sorted(term for term, keys in topics_of.items() if len(keys) <= 2)
    if not new:
        return vectors
    means = np.array([np.mean([centre[key] for key in sorted(topics_of[term])], axis=0) for term in new], np.float32)
    hashes = np.concatenate([vectors.hashes, np.array(new, np.uint64)])
    return TermVectors.quantise(hashes, np.concatenate([known, size * unit(means)]))


def telling_words(lists: TopicLists | None = None) -> dict[str, list[str]]:
    """By language, the telling terms that are single words, in a fixed order: words worth a vector of their own."""
    lists = lists or read_topic_lists()
    found = {}
    for language, by_key in lists.terms.items():
        words = [word.lower() for terms in by_key.values() for term in terms for word in term.split()]
        found[language] = list(dict.fromkeys(words))
    return found


class Wide(NamedTuple):
    told: NDArray[np.float32]
    """of each term that has a vector, shape (n_vectors, n_topics)"""
    intercepts: NDArray[np.float32]

    def probabilities(self, texts: Texts) -> NDArray[np.float32]:
        logits = divided(texts.terms) @ self.told + self.intercepts
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        return (odds / odds.sum(axis=1, keepdims=True)).astype(np.float32)


def _learn_wide(texts: Texts, embeddings: NDArray[np.float32], lexicon: Lexicon, lists: TopicLists, n_networks: int) -> Wide:
    assert lexicon.vectors is not None
    common = np.exp(1 - idf_of(lexicon.vectors.hashes, lexicon))
    shares = np.array([SHARES[topic.key] for topic in lists.topics if topic.parent is None])
    networks: list[Network] = [
        learn_network(texts, embeddings, lexicon.vectors, lists, shares, common, seed) for seed in range(n_networks)
    ]
    told = np.mean([network.told(embeddings) for network in networks], axis=0)
    return Wide(told, np.mean([network.topics for network in networks], axis=0))


class ByVectors(NamedTuple):
    weights: NDArray[np.float32]
    intercepts: NDArray[np.float32]


def _learn_agreement(texts: Texts, lists: TopicLists) -> tuple[ByVectors, NDArray[np.str_]]:
    """The regression, and the key that each text has been given."""
    shares = np.array([SHARES.get(topic.key, 0.0) for topic in lists.topics])
    given = np.array([keys[0] for keys in texts.keys])
    several = [i for i, keys in enumerate(texts.keys) if len(keys) > 1]
    used = np.ones(len(given), bool)
    used[several] = False
    for last in (False, True):
        labels = lists.wide[[lists.number[key] for key in given.tolist()]]
        have = np.bincount(labels[used], texts.weights[used], minlength=len(shares))
        weights = texts.weights * (shares * have.sum() / np.maximum(have, 1e-9))[labels]
        numbers, learned, intercepts = _regression(texts.vectors[used], labels[used], weights[used], STRENGTH)
        if numbers.tolist() != list(range(len(SHARES))):
            raise ValueError("the texts do not have all wide topics")
        if not last:
            odds = texts.vectors[several] @ learned.T + intercepts
            for row, i in enumerate(several):
                likely = [odds[row, int(lists.wide[lists.number[key]])] for key in texts.keys[i]]
                given[i] = texts.keys[i][int(np.argmax(likely))]
            used[:] = True
    return ByVectors(learned, intercepts), given


def _learn_narrow(
    topic: Topic, texts: Texts, given: NDArray[np.str_], lists: TopicLists,
    weights: NDArray[np.float32], intercepts: NDArray[np.float32],
) -> None:  # fmt: skip
    """Writes the narrow topics of a wide one into the weights, whose own class has the logit 0."""
    own, size = lists.number[topic.key], texts.vectors.shape[1]
    numbers = np.array([lists.number[key] for key in given.tolist()])
    used = lists.wide[numbers] == own
    counts = np.bincount(numbers[used], texts.weights[used], minlength=len(lists.topics))
    even = np.sqrt(counts[counts > 0].mean() / np.maximum(counts, 1e-9))
    even[own] *= NONE_WEIGHT
    labels = numbers[used]
    if len(np.unique(labels)) < 2:
        return
    found, learned, bias = _regression(texts.vectors[used], labels, texts.weights[used] * even[labels], NARROW_STRENGTH)
    base = found.tolist().index(own)
    for at, number in enumerate(found.tolist()):
        if number != own:
            weights[number, :size], intercepts[number] = learned[at] - learned[base], bias[at] - bias[base]


def _regression(
    vectors: NDArray[np.float32], labels: NDArray[np.int64], weights: NDArray[np.float64], strength: float
) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]:
    """The labels, and their weights and intercepts."""
    from sklearn.linear_model import LogisticRegression

    fitted = LogisticRegression(C=strength, max_iter=300).fit(vectors, labels, sample_weight=weights)
    if len(fitted.classes_) > 2:
        return fitted.classes_, fitted.coef_.astype(np.float32), fitted.intercept_.astype(np.float32)
    coefficients = np.concatenate([-fitted.coef_, fitted.coef_]) / 2  # scikit-learn gives one row for two classes
    return fitted.classes_, coefficients.astype(np.float32), np.tile(fitted.intercept_ / 2, 2) * [-1, 1]


def _figures(
    taught: Sequence[Texts], own: Sequence[Side], embeddings: NDArray[np.float32], lexicon: Lexicon,
    lists: TopicLists, rng: np.random.Generator,
) -> dict[str, float]:  # fmt: skip
    """What titles and bodies of the project's own English articles get, cross-validated with one network a fold."""
    from sklearn.metrics import f1_score

    figures: dict[str, float] = {}
    fold_of = rng.integers(0, FOLDS, max(len(side.english) for side in own))
    likely = [np.zeros((len(side.english), len(SHARES)), np.float32) for side in own]
    for fold in range(FOLDS):
        others = [side.texts.some(fold_of[: len(side.english)] != fold) for side in own]
        wide = _learn_wide(joined([*taught, *others]), embeddings, lexicon, lists, 1)
        for side, probabilities in zip(own, likely, strict=True):
            held_out = fold_of[: len(side.english)] == fold
            probabilities[held_out] = wide.probabilities(side.texts.some(held_out))
    for name, threshold, side, found in zip(("title", "body"), (TITLE_THRESHOLD, BODY_THRESHOLD), own, likely, strict=True):
        truth = lists.wide[[lists.number[keys[0]] for keys in side.texts.keys]][side.english]
        guess, confidence = found.argmax(axis=1)[side.english], found.max(axis=1)[side.english]
        named = confidence >= threshold
        figures[f"{name}_named"] = float(named.mean())
        figures[f"{name}_precision"] = float((guess == truth)[named].mean())
        figures[f"{name}_macro_f1"] = float(f1_score(truth, guess, average="macro"))
    return figures
