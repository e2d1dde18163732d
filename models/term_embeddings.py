"""The teacher's embedding of each term that has a vector, in full width: what telling terms are learned from.

A word has its own, a stem the mean of the words that have it, a word of a language that the teacher hardly knows that of the
English words that it translates. Terms that cannot be told from their hash (a few that archives of other languages brought)
get what a linear map makes of their vectors. Behind it stand the vectors themselves, which the archives have tuned.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mismatch.terms.lexicon import TermVectors
from mismatch.terms.text_buffers import text_buffers
from mismatch.terms.tokens import cut_all
from models.word_vectors import TAUGHT_BY_GLOSSARY, choose_words, embedded, glossary

_WORD = re.compile(r"[^\W\d_]\w+")
RIDGE = 50.0
OF_VECTORS = 0.6
"""length of the vectors behind the embeddings, whose length is 1"""


def term_embeddings(vectors: TermVectors, of_archives: Sequence[str], texts: Iterable[str | None]) -> NDArray[np.float32]:
    """Shape (n_vectors, width), of unit length.

    Parameters
    ----------
    of_archives
        English words besides the frequent ones, as `word_vectors` takes them.
    texts
        Of all archives: what other terms with a vector may be.
    """
    chosen = choose_words(of_archives)
    known = dict.fromkeys(chosen.words)
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(_WORD.findall((text or "").lower()))
    frequent = sorted(counts, key=lambda word: (-counts[word], word))
    others = [word for word in _with_vector(vectors, frequent, chosen.hashes) if word not in known]
    languages = np.concatenate([chosen.languages, np.array(["en"] * len(others), dtype=str)])
    words = [*chosen.words, *others]
    spread = _centred(embedded(words), languages)
    return _unit(np.column_stack([_of_terms(vectors, words, languages, spread), OF_VECTORS * _unit(vectors.vectors())]))


def _with_vector(vectors: TermVectors, words: list[str], without: NDArray[np.uint64]) -> list[str]:
    """The first of the words of each term that has a vector, and is not among others."""
    rows, terms, _ = cut_all(text_buffers(pa.array(words, pa.large_string())))
    single = np.bincount(rows, minlength=len(words))[rows] == 1
    wanted = single & np.isin(terms, vectors.hashes) & ~np.isin(terms, without)
    _, first = np.unique(terms[wanted], return_index=True)
    return [words[row] for row in np.sort(rows[wanted][first]).tolist()]


def _centred(raw: NDArray[np.float32], languages: NDArray[np.str_]) -> NDArray[np.float32]:
    """Embeddings less the mean of their language."""
    centred = _unit(raw)
    for language in np.unique(languages):
        centred[languages == language] -= centred[languages == language].mean(axis=0)
    return _unit(centred)


def _of_terms(
    vectors: TermVectors, words: list[str], languages: NDArray[np.str_], spread: NDArray[np.float32]
) -> NDArray[np.float32]:
    rows, terms, stems = cut_all(text_buffers(pa.array(words, pa.large_string())))
    single = np.bincount(rows, minlength=len(words))[rows] == 1
    rows, terms, stems = rows[single], terms[single], stems[single]
    out = np.zeros((len(vectors.hashes), spread.shape[1]), np.float32)
    known = np.zeros(len(out), bool)
    at, found = _places(vectors, terms)
    out[at[found][::-1]] = spread[rows[found][::-1]]  # the first of the words of one term
    known[at[found]] = True
    at, found = _places(vectors, stems)
    found &= languages[rows] != "en"
    means = np.zeros_like(out)
    np.add.at(means, at[found], spread[rows[found]])
    of_stems = means.any(axis=1) & ~known
    out[of_stems] = _unit(means[of_stems])
    known |= of_stems
    _translate(vectors, dict(zip(words, range(len(words)), strict=True)), spread, out, known)
    own = _unit(vectors.vectors())
    from_vectors = np.linalg.solve(own[known].T @ own[known] + RIDGE * np.eye(vectors.size), own[known].T @ out[known])
    out[~known] = _unit(own[~known] @ from_vectors.astype(np.float32))
    return out


def _translate(
    vectors: TermVectors, row_of_word: dict[str, int], spread: NDArray[np.float32], out: NDArray[np.float32],
    known: NDArray[np.bool_],
) -> None:  # fmt: skip
    """Gives the words of languages that only the glossary knows the mean of the English words that they translate."""
    meant: dict[int, list[int]] = {}
    for language, entries in glossary().items():
        if language not in TAUGHT_BY_GLOSSARY:
            continue
        for english, others in entries:
            if (row := row_of_word.get(english.lower())) is None:
                continue
            found, terms, _ = cut_all(text_buffers(pa.array(others, pa.large_string())))
            single = np.bincount(found, minlength=len(others))[found] == 1
            at, has = _places(vectors, terms[single])
            for place in at[has].tolist():
                if not known[place]:
                    meant.setdefault(place, []).append(row)
    for place, rows in meant.items():
        out[place] = _unit(spread[rows].mean(axis=0, keepdims=True))[0]
        known[place] = True


def _places(vectors: TermVectors, hashes: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Where the vectors of hashed terms are, and which have one."""
    at = np.minimum(np.searchsorted(vectors.hashes, hashes), len(vectors.hashes) - 1)
    return at, vectors.hashes[at] == hashes


def _unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    return (rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)).astype(np.float32)
