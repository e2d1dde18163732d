"""The starter's topics: learned from lists of telling terms, the articles of `training_data` and the labels of archives.

1. Which of 17 wide topics: multinomial logistic regression on unit vectors of titles and bodies. A label that may stand
   for several topics is given, in a second round, to the likeliest of them.
2. Which narrow topic within a wide one: one regression each, where its own class means none of them in particular.
3. Thresholds: the confidences that a set share of the project's own English titles and bodies reach, cross-validated.

A list of terms is read as a few short texts of some of its terms, drawn at random. Where a body has many telling terms of
one narrow topic and few of the next, that is its topic, if its label is of the same wide one.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mismatch.model.topics import TopicModel
from mismatch.terms.lexicon import Lexicon, TermVectors, smooth_idf
from mismatch.terms.text_buffers import text_buffers
from mismatch.terms.tokens import cut_all
from mismatch.training.topics import text_vectors
from models.topic_lists import Topic, TopicLists, read_topic_lists

ARTICLES = Path(__file__).resolve().parent.parent / "training_data" / "articles"
SHARES = {
    "arts": 0.115, "crime": 0.09, "disaster": 0.035, "economy": 0.115, "education": 0.035, "environment": 0.02,
    "health": 0.06, "human": 0.02, "labour": 0.02, "lifestyle": 0.025, "politics": 0.18, "religion": 0.025,
    "science": 0.07, "society": 0.02, "sport": 0.115, "conflict": 0.03, "weather": 0.025,
}  # fmt: skip
"""of the wide topics, in a newspaper of general interest; the texts are weighed so that they have them"""
PAIRS_A_LABEL = 60
"""of an archive, so that what it is mostly about does not drown the rest"""
TEXTS_A_LIST, TERMS_A_TEXT = 4, (3, 12)
OWN_WEIGHT, LIST_WEIGHT = 3.0, 0.5
NARROW_LISTS = 3.0
"""the lists of a wide topic's narrow ones count as this many, where they are more: else every foreign place tells of war"""
STRENGTH, NARROW_STRENGTH = 0.2, 10.0
"""inverse of the ridge of the regressions, of wide topics and within them"""
NONE_WEIGHT = 0.5
"""of the texts that have none of the narrow topics, beside the others"""
NAMED_TITLES, NAMED_BODIES = 0.41, 0.58
"""shares of the project's own English articles, harder than a newspaper's, that get a topic: there it is 0.6 and 0.9"""
MIN_TERMS = 3
CLEAR_TERMS, CLEAR_RATIO = 3, 1.5
"""different telling terms of a narrow topic that a body must have, and how many times as many as of the next"""
FOLDS = 5


class Texts(NamedTuple):
    """Unit vectors, and the topics that each may have, one or several."""

    vectors: NDArray[np.float32]
    keys: list[tuple[str, ...]]
    weights: NDArray[np.float64]


def learn_starter_topics(archives: dict[str, pa.Table], lexicon: Lexicon, seed: int = 0) -> TopicModel:
    """
    Parameters
    ----------
    archives
        By name, with `title`, `body` and `topic`; those whose labels `archive_labels.json` explains are used.
    lexicon
        With vectors, best with `with_telling_terms`.
    """
    lists, rng = read_topic_lists(), np.random.default_rng(seed)
    taught = [_from_lists(lists, lexicon, rng)]
    for name, pairs in archives.items():
        if name in lists.archive_labels:
            taught += _from_archive(pairs, lists.archive_labels[name], lists, lexicon, rng)
    own = _own_articles(lists, lexicon)
    everything = [*taught, *(side.texts for side in own)]
    wide, keys = _learn_wide(_joined(everything), lists)
    weights = np.zeros((len(lists.topics), wide.weights.shape[1]), np.float32)
    intercepts = np.zeros(len(lists.topics), np.float32)
    weights[wide.numbers], intercepts[wide.numbers] = wide.weights, wide.intercepts
    for topic in lists.topics:
        if topic.parent is None:
            _learn_narrow(topic, _joined(everything), keys, lists, weights, intercepts)
    title, body, figures = _thresholds(taught, own, lists, rng)
    return TopicModel(lists.names, lists.parents, lists.neighbours, weights, intercepts, title, body, figures)


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
        rows = [row for term, stem in _hashes(terms) if (row := row_of.get(term, row_of.get(stem))) is not None]
        if rows:
            centre[key] = _unit(_unit(known[rows]).mean(axis=0, keepdims=True))[0]
    topics_of: dict[int, set[str]] = {}
    for by_key in lists.terms.values():
        for key, terms in by_key.items():
            for term, stem in _hashes(terms):
                if term not in row_of and stem not in row_of and key in centre:
                    topics_of.setdefault(term, set()).add(key)
    new = sorted(term for term, keys in topics_of.items() if len(keys) <= 2)
    if not new:
        return vectors
    means = np.array([np.mean([centre[key] for key in sorted(topics_of[term])], axis=0) for term in new], np.float32)
    hashes = np.concatenate([vectors.hashes, np.array(new, np.uint64)])
    return TermVectors.quantise(hashes, np.concatenate([known, size * _unit(means)]))


def telling_words(lists: TopicLists | None = None) -> dict[str, list[str]]:
    """By language, the telling terms that are single words, in a fixed order: words worth a vector of their own."""
    lists = lists or read_topic_lists()
    found = {}
    for language, by_key in lists.terms.items():
        words = [word.lower() for terms in by_key.values() for term in terms for word in term.split()]
        found[language] = list(dict.fromkeys(words))
    return found


def _hashes(terms: Sequence[str]) -> list[tuple[int, int]]:
    """Of each word, as a term and of its stem."""
    _, hashes, stems = cut_all(text_buffers(pa.array(terms, pa.large_string())))
    return list(zip(hashes.tolist(), stems.tolist(), strict=True))


def _unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    return (rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)).astype(np.float32)


def _from_lists(lists: TopicLists, lexicon: Lexicon, rng: np.random.Generator) -> Texts:
    assert lexicon.vectors is not None
    vectors, terms = lexicon.vectors, lexicon.terms
    row_of = dict(zip(vectors.hashes.tolist(), range(len(vectors.hashes)), strict=True))
    idf = smooth_idf(terms.frequencies, terms.n_documents)
    unknown = float(np.log1p(terms.n_documents) + 1)
    of_texts: list[NDArray[np.float32]] = []
    keys: list[tuple[str, ...]] = []
    for by_key in lists.terms.values():
        for key, words in by_key.items():
            found = [(row, term) for term, stem in _hashes(words) if (row := row_of.get(term, row_of.get(stem))) is not None]
            row, hashes = np.array([row for row, _ in found], np.int64), np.array([term for _, term in found], np.uint64)
            if len(row) < MIN_TERMS:
                continue
            at = np.minimum(np.searchsorted(terms.hashes, hashes), len(terms.hashes) - 1)
            weight = np.where(terms.hashes[at] == hashes, idf[at], unknown).astype(np.float32)
            weighed = vectors.codes[row] * (vectors.scales[row] * weight)[:, None]
            for _ in range(TEXTS_A_LIST):
                some = rng.choice(len(row), min(len(row), int(rng.integers(*TERMS_A_TEXT))), replace=False)
                of_texts.append(weighed[some].sum(axis=0))
                keys.append((key,))
    below = np.bincount(lists.parents[lists.parents >= 0], minlength=len(lists.topics))
    share = np.minimum(1, NARROW_LISTS / np.maximum(below, 1))
    numbers = np.array([lists.number[key] for (key,) in keys])
    weights = np.where(lists.parents[numbers] >= 0, share[lists.wide[numbers]], 1.0) * LIST_WEIGHT
    return Texts(_unit(np.array(of_texts, np.float32)), keys, weights)


def _from_archive(
    pairs: pa.Table, labels: dict[str, tuple[str, ...]], lists: TopicLists, lexicon: Lexicon, rng: np.random.Generator
) -> list[Texts]:
    names, topics = pairs["topic"].to_pylist(), []
    for label, keys in labels.items():
        rows = [i for i, name in enumerate(names) if name == label] if keys else []
        if len(rows) > PAIRS_A_LABEL:
            rows = np.sort(rng.choice(rows, PAIRS_A_LABEL, replace=False)).tolist()
        topics += [(row, keys) for row in rows]
    chosen = pairs.take(pa.array([row for row, _ in topics], pa.int64()))
    told = _narrowed([keys for _, keys in topics], chosen["body"].combine_chunks(), lists)
    return [_known(_vectors(chosen[side].combine_chunks(), lexicon), told, 1.0) for side in ("title", "body")]


def _narrowed(keys: list[tuple[str, ...]], bodies: pa.Array, lists: TopicLists) -> list[tuple[str, ...]]:
    """The keys of texts, with the narrow topic of those whose body tells it clearly."""
    topics_of: dict[int, set[int]] = {}
    for by_key in lists.terms.values():
        for key, words in by_key.items():
            if lists.parents[lists.number[key]] >= 0:
                for term, _ in _hashes([word for word in words if " " not in word]):
                    topics_of.setdefault(term, set()).add(lists.number[key])
    rows, terms, _ = cut_all(text_buffers(bodies))
    hits = np.zeros((len(keys), len(lists.topics)), np.int64)
    telling = np.isin(terms, np.array(sorted(topics_of), np.uint64))
    for row, term in sorted(set(zip(rows[telling].tolist(), terms[telling].tolist(), strict=True))):
        hits[row, sorted(topics_of[term])] += 1
    narrowed = []
    for known, counts in zip(keys, hits, strict=True):
        best, second = (int(n) for n in np.argsort(-counts, kind="stable")[:2])
        clear = counts[best] >= CLEAR_TERMS and counts[best] >= CLEAR_RATIO * counts[second]
        wide = {int(lists.wide[lists.number[key]]) for key in known}
        narrow = len(known) == 1 and lists.parents[lists.number[known[0]]] >= 0
        narrowed.append((lists.topics[best].key,) if clear and not narrow and int(lists.wide[best]) in wide else known)
    return narrowed


class Side(NamedTuple):
    """The titles or the bodies of the project's own articles."""

    texts: Texts
    english: NDArray[np.bool_]


def _own_articles(lists: TopicLists, lexicon: Lexicon) -> list[Side]:
    rows = [json.loads(line) for path in sorted(ARTICLES.glob("*.jsonl")) for line in path.read_text("utf-8").splitlines()]
    subjects = lists.archive_labels["training_data"]
    keys = []
    for row in rows:
        wide = lists.key_of_name[row["topic"]]
        narrow = [key for key in subjects.get(row["subtopic"], ()) if lists.topics[lists.number[key]].parent == wide]
        keys.append((narrow[0],) if narrow else (wide,))
    keys = _narrowed(keys, pa.array([row["body"] for row in rows], pa.large_string()), lists)
    english = np.array([row["lang"] == "en" for row in rows])
    sides = []
    for name in ("title", "body"):
        vectors = _vectors(pa.array([row[name] for row in rows], pa.large_string()), lexicon)
        kept = vectors.any(axis=1)
        sides.append(Side(_known(vectors, keys, OWN_WEIGHT), english[kept]))
    return sides


def _vectors(column: pa.Array, lexicon: Lexicon) -> NDArray[np.float32]:
    return text_vectors(text_buffers(column), np.arange(len(column)), lexicon)


def _known(vectors: NDArray[np.float32], keys: list[tuple[str, ...]], weight: float) -> Texts:
    """The texts that have a vector."""
    kept = np.flatnonzero(vectors.any(axis=1))
    return Texts(vectors[kept], [keys[i] for i in kept.tolist()], np.full(len(kept), weight))


def _joined(parts: Sequence[Texts]) -> Texts:
    vectors, weights = (np.concatenate([part[i] for part in parts]) for i in (0, 2))
    return Texts(vectors, [keys for part in parts for keys in part.keys], weights)


class Wide(NamedTuple):
    numbers: NDArray[np.int64]
    """of the wide topics that were learned"""
    weights: NDArray[np.float32]
    intercepts: NDArray[np.float32]

    def log_odds(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        return vectors @ self.weights.T + self.intercepts


def _learn_wide(texts: Texts, lists: TopicLists) -> tuple[Wide, NDArray[np.str_]]:
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
        wide = Wide(*_regression(texts.vectors[used], labels[used], weights[used]))
        if not last:
            odds, place = wide.log_odds(texts.vectors[several]), {n: i for i, n in enumerate(wide.numbers.tolist())}
            for row, i in enumerate(several):
                likely = [odds[row, place[int(lists.wide[lists.number[key]])]] for key in texts.keys[i]]
                given[i] = texts.keys[i][int(np.argmax(likely))]
            used[:] = True
    return wide, given


def _learn_narrow(
    topic: Topic, texts: Texts, given: NDArray[np.str_], lists: TopicLists,
    weights: NDArray[np.float32], intercepts: NDArray[np.float32],
) -> None:  # fmt: skip
    """Writes the narrow topics of a wide one into the weights, whose own class has the logit 0."""
    own = lists.number[topic.key]
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
            weights[number], intercepts[number] = learned[at] - learned[base], bias[at] - bias[base]


def _regression(
    vectors: NDArray[np.float32], labels: NDArray[np.int64], weights: NDArray[np.float64], strength: float = STRENGTH
) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]:
    """The labels, and their weights and intercepts."""
    from sklearn.linear_model import LogisticRegression

    fitted = LogisticRegression(C=strength, max_iter=300).fit(vectors, labels, sample_weight=weights)
    if len(fitted.classes_) > 2:
        return fitted.classes_, fitted.coef_.astype(np.float32), fitted.intercept_.astype(np.float32)
    coefficients = np.concatenate([-fitted.coef_, fitted.coef_]) / 2  # scikit-learn gives one row for two classes
    return fitted.classes_, coefficients.astype(np.float32), np.tile(fitted.intercept_ / 2, 2) * [-1, 1]


def _thresholds(
    taught: Sequence[Texts], own: Sequence[Side], lists: TopicLists, rng: np.random.Generator
) -> tuple[float, float, dict[str, float]]:
    """Of titles and of bodies, with what they give on the project's own English articles, cross-validated."""
    from sklearn.metrics import f1_score

    figures: dict[str, float] = {}
    thresholds: list[float] = []
    validated = _cross_validated(taught, own, lists, rng)
    for name, share, side, answers in zip(("title", "body"), (NAMED_TITLES, NAMED_BODIES), own, validated, strict=True):
        confidence, guess, truth = (answer[side.english] for answer in answers)
        thresholds.append(float(np.quantile(confidence, 1 - share)))
        named = confidence >= thresholds[-1]
        figures[f"{name}_named"] = float(named.mean())
        figures[f"{name}_precision"] = float((guess == truth)[named].mean())
        figures[f"{name}_macro_f1"] = float(f1_score(truth, guess, average="macro"))
    return thresholds[0], thresholds[1], figures


class Answers(NamedTuple):
    """Of each title or body."""

    confidence: NDArray[np.float64]
    """probability of the likeliest wide topic"""
    guess: NDArray[np.int64]
    """number of that topic"""
    truth: NDArray[np.int64]


def _cross_validated(
    taught: Sequence[Texts], own: Sequence[Side], lists: TopicLists, rng: np.random.Generator
) -> list[Answers]:
    """Of titles and of bodies."""
    fold_of = [rng.integers(0, FOLDS, len(side.english)) for side in own]
    found = [
        Answers(
            np.zeros(len(side.english)), np.zeros(len(side.english), np.int64),
            lists.wide[[lists.number[keys[0]] for keys in side.texts.keys]],
        )
        for side in own
    ]  # fmt: skip
    for fold in range(FOLDS):
        others = [_some(side.texts, folds != fold) for side, folds in zip(own, fold_of, strict=True)]
        wide, _ = _learn_wide(_joined([*taught, *others]), lists)
        for side, folds, answers in zip(own, fold_of, found, strict=True):
            rows = np.flatnonzero(folds == fold)
            odds = wide.log_odds(side.texts.vectors[rows])
            odds = np.exp(odds - odds.max(axis=1, keepdims=True))
            answers.confidence[rows] = 1 / odds.sum(axis=1)
            answers.guess[rows] = wide.numbers[odds.argmax(axis=1)]
    return found


def _some(texts: Texts, rows: NDArray[np.bool_]) -> Texts:
    kept = np.flatnonzero(rows)
    return Texts(texts.vectors[kept], [texts.keys[i] for i in kept.tolist()], texts.weights[kept])
