"""The texts that the starter's topics are learned from: lists of telling terms, headlines, articles, labels of archives.

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
from scipy.sparse import csr_array, vstack

from mismatch.terms.lexicon import Lexicon, smooth_idf
from mismatch.terms.text_buffers import text_buffers
from mismatch.terms.tokens import cut_all
from mismatch.training.term_vectors import term_matrix
from models.topic_lists import TopicLists

ARTICLES = Path(__file__).resolve().parent.parent / "training_data" / "articles"
PAIRS_A_LABEL = 60
"""of an archive, so that what it is mostly about does not drown the rest"""
TEXTS_A_LIST, TERMS_A_TEXT = 4, (3, 12)
OWN_WEIGHT, HEADLINE_WEIGHT, LIST_WEIGHT = 3.0, 4.0, 0.5
NARROW_LISTS = 3.0
"""the lists of a wide topic's narrow ones count as this many, where they are more: else every foreign place tells of war"""
MIN_TERMS = 3
CLEAR_TERMS, CLEAR_RATIO = 3, 1.5
"""different telling terms of a narrow topic that a body must have, and how many times as many as of the next"""


class Texts(NamedTuple):
    """Texts that have terms with a vector, and the topics that each may have, one or several."""

    terms: csr_array
    """TF-IDF of the terms that have vectors, shape (n_texts, n_vectors)"""
    vectors: NDArray[np.float32]
    """of unit length, shape (n_texts, vector size)"""
    keys: list[tuple[str, ...]]
    weights: NDArray[np.float64]

    def some(self, rows: NDArray[np.bool_]) -> Texts:
        kept = np.flatnonzero(rows)
        return Texts(self.terms[kept], self.vectors[kept], [self.keys[i] for i in kept.tolist()], self.weights[kept])


class Side(NamedTuple):
    """The titles or the bodies of the project's own articles."""

    texts: Texts
    english: NDArray[np.bool_]


def joined(parts: Sequence[Texts]) -> Texts:
    return Texts(
        csr_array(vstack([part.terms for part in parts])),
        np.concatenate([part.vectors for part in parts]),
        [keys for part in parts for keys in part.keys],
        np.concatenate([part.weights for part in parts]),
    )


def hashes_of(terms: Sequence[str]) -> list[tuple[int, int]]:
    """Of each word, as a term and of its stem."""
    _, hashes, stems = cut_all(text_buffers(pa.array(terms, pa.large_string())))
    return list(zip(hashes.tolist(), stems.tolist(), strict=True))


def rows_of(words: Sequence[str], row_of: dict[int, int]) -> list[tuple[int, int]]:
    """Of each word that has a vector, or whose stem has one: the row of that, and the word's hash as a term."""
    return [(row, term) for term, stem in hashes_of(words) if (row := row_of.get(term, row_of.get(stem))) is not None]


def from_lists(lists: TopicLists, lexicon: Lexicon, rng: np.random.Generator) -> Texts:
    assert lexicon.vectors is not None
    vectors, terms = lexicon.vectors, lexicon.terms
    row_of = dict(zip(vectors.hashes.tolist(), range(len(vectors.hashes)), strict=True))
    idf = smooth_idf(terms.frequencies, terms.n_documents)
    unknown = float(np.log1p(terms.n_documents) + 1)
    columns: list[NDArray[np.int64]] = []
    values: list[NDArray[np.float32]] = []
    keys: list[tuple[str, ...]] = []
    for by_key in lists.terms.values():
        for key, words in by_key.items():
            found = rows_of(words, row_of)
            row, hashes = np.array([row for row, _ in found], np.int64), np.array([term for _, term in found], np.uint64)
            if len(row) < MIN_TERMS:
                continue
            at = np.minimum(np.searchsorted(terms.hashes, hashes), len(terms.hashes) - 1)
            weight = np.where(terms.hashes[at] == hashes, idf[at], unknown).astype(np.float32)
            for _ in range(TEXTS_A_LIST):
                some = rng.choice(len(row), min(len(row), int(rng.integers(*TERMS_A_TEXT))), replace=False)
                columns.append(row[some])
                values.append(weight[some])
                keys.append((key,))
    ends = np.concatenate([[0], np.cumsum([len(part) for part in columns])])
    shape = len(keys), len(vectors.hashes)
    matrix = csr_array((np.concatenate(values), np.concatenate(columns), ends), shape=shape)
    matrix.sum_duplicates()
    below = np.bincount(lists.parents[lists.parents >= 0], minlength=len(lists.topics))
    share = np.minimum(1, NARROW_LISTS / np.maximum(below, 1))
    numbers = np.array([lists.number[key] for (key,) in keys])
    weights = np.where(lists.parents[numbers] >= 0, share[lists.wide[numbers]], 1.0) * LIST_WEIGHT
    return Texts(matrix, unit(matrix @ vectors.vectors()), keys, weights)


def from_headlines(lists: TopicLists, lexicon: Lexicon) -> Texts:
    """Headlines that were written for one wide topic each."""
    keys = [key for by_key in lists.headlines.values() for key, lines in by_key.items() for _ in lines]
    lines = [line for by_key in lists.headlines.values() for lines in by_key.values() for line in lines]
    return _read(pa.array(lines, pa.large_string()), [(key,) for key in keys], HEADLINE_WEIGHT, lexicon)[0]


def from_archive(
    pairs: pa.Table, labels: dict[str, tuple[str, ...]], lists: TopicLists, lexicon: Lexicon, rng: np.random.Generator
) -> list[Texts]:
    names, topics = pairs["topic"].to_pylist(), []
    for label, keys in labels.items():
        rows = [i for i, name in enumerate(names) if name == label] if keys else []
        if len(rows) > PAIRS_A_LABEL:
            rows = np.sort(rng.choice(rows, PAIRS_A_LABEL, replace=False)).tolist()
        topics += [(row, keys) for row in rows]
    chosen = pairs.take(pa.array([row for row, _ in topics], pa.int64()))
    told = narrowed([keys for _, keys in topics], chosen["body"].combine_chunks(), lists)
    return [_read(chosen[side].combine_chunks(), told, 1.0, lexicon)[0] for side in ("title", "body")]


def narrowed(keys: list[tuple[str, ...]], bodies: pa.Array, lists: TopicLists) -> list[tuple[str, ...]]:
    """The keys of texts, with the narrow topic of those whose body tells it clearly."""
    topics_of: dict[int, set[int]] = {}
    for by_key in lists.terms.values():
        for key, words in by_key.items():
            if lists.parents[lists.number[key]] >= 0:
                for term, _ in hashes_of([word for word in words if " " not in word]):
                    topics_of.setdefault(term, set()).add(lists.number[key])
    rows, terms, _ = cut_all(text_buffers(bodies))
    hits = np.zeros((len(keys), len(lists.topics)), np.int64)
    telling = np.isin(terms, np.array(sorted(topics_of), np.uint64))
    for row, term in sorted(set(zip(rows[telling].tolist(), terms[telling].tolist(), strict=True))):
        hits[row, sorted(topics_of[term])] += 1
    out = []
    for known, counts in zip(keys, hits, strict=True):
        best, second = (int(n) for n in np.argsort(-counts, kind="stable")[:2])
        clear = counts[best] >= CLEAR_TERMS and counts[best] >= CLEAR_RATIO * counts[second]
        wide = {int(lists.wide[lists.number[key]]) for key in known}
        narrow = len(known) == 1 and lists.parents[lists.number[known[0]]] >= 0
        out.append((lists.topics[best].key,) if clear and not narrow and int(lists.wide[best]) in wide else known)
    return out


def own_articles(lists: TopicLists, lexicon: Lexicon) -> list[Side]:
    """Titles and bodies of the articles that were written for this project."""
    rows = [json.loads(line) for path in sorted(ARTICLES.glob("*.jsonl")) for line in path.read_text("utf-8").splitlines()]
    subjects = lists.archive_labels["training_data"]
    keys = []
    for row in rows:
        wide = lists.key_of_name[row["topic"]]
        narrow = [key for key in subjects.get(row["subtopic"], ()) if lists.topics[lists.number[key]].parent == wide]
        keys.append((narrow[0],) if narrow else (wide,))
    keys = narrowed(keys, pa.array([row["body"] for row in rows], pa.large_string()), lists)
    english = np.array([row["lang"] == "en" for row in rows])
    sides = []
    for name in ("title", "body"):
        texts, kept = _read(pa.array([row[name] for row in rows], pa.large_string()), keys, OWN_WEIGHT, lexicon)
        sides.append(Side(texts, english[kept]))
    return sides


def _read(
    column: pa.Array, keys: Sequence[tuple[str, ...]], weight: float, lexicon: Lexicon
) -> tuple[Texts, NDArray[np.int64]]:
    """The texts that have a vector, and which these are."""
    assert lexicon.vectors is not None
    matrix = term_matrix(text_buffers(column), np.arange(len(column)), lexicon.vectors.hashes, lexicon)
    vectors = unit(matrix @ lexicon.vectors.vectors())
    kept = np.flatnonzero(vectors.any(axis=1))
    texts = Texts(matrix[kept], vectors[kept], [keys[i] for i in kept.tolist()], np.full(len(kept), weight))
    return texts, kept


def unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    return (rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)).astype(np.float32)
