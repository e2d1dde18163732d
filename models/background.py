"""The starter's background: document frequencies of many languages from `wordfreq`. Needed only to build the starter."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
import pyarrow as pa

from mismatch.terms.document_frequency import Counts
from mismatch.terms.text_buffers import text_buffers
from mismatch.terms.tokens import cut_all

TERMS_IN_A_DOCUMENT = 300
"""a word of frequency f is in a document with probability 1 - (1 - f) ** 300"""
WORDS_A_LANGUAGE = 20_000
UNSPACED = ("ja", "ko", "zh")
"""languages whose terms are pairs of characters"""
LEAST_ACROSS = 1e-5
"""frequency of a pair of characters across two words from which it is worth knowing"""
DOCUMENTS = 1e6
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
