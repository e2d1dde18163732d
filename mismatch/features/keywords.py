"""One pair in words: which terms of the title are in the body, where, and which are not."""

from __future__ import annotations

import math
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mismatch.compiling.kernels import kernel
from mismatch.features.function_words import is_function_word
from mismatch.terms.folding import folding_table
from mismatch.terms.lexicon import Lexicon, LookupTable, TermVectors, look_up
from mismatch.terms.tokens import term_arrays

_SENTENCE = re.compile(r"(?<=[.!?])[\s\"'”»)]+|(?<=[。！？।॥])|\n+")

LONGEST_SENTENCE = 240

LONGEST_LOOK = 1 << 18
"""characters of a text that say what it is about"""

MOST_TERMS = 100
"""of a title, from its beginning: each is looked for in all of the body"""

_LETTER, _SEPARATOR = b"L", b"S"
_AT_ONCE = 1 << 14
_NEAREST = 3

_NEAR = 0.5
"""cosine from which a term is called near"""

_RARE = 3.5
"""IDF that both of two terms need to be called near: those of frequent words lie close to everything in their language"""

CONTENT_IDF = 2.5
"""from which a term says something by itself: function words stand below"""

TELLING_IDF = 1 + math.log(3)
"""from which a term of the title is shown: a word that a third of the texts have is no evidence, there or missing"""


@dataclass(frozen=True)
class TitleTerm:
    """One different term of the title, or a run of them in a script without spaces."""

    text: str
    """as it stands in the title"""
    weight: float
    """its IDF, in units of the IDF of a term never seen"""
    found: bool
    """the term, or its stem, is in the body"""
    sentence: str | None
    """the sentence of the body where it turns up first"""
    nearest: tuple[str, ...] = ()
    """for a missing term, the terms of the body whose vectors are nearest to its own"""


@dataclass(frozen=True, slots=True)
class Span:
    """A term and where it stands in the text (characters)."""

    text: str
    start: int
    stop: int
    term: int
    stem: int


def spans(text: str) -> Iterator[Span]:
    """The terms of a text with their places, one after the other: those of megabytes would take a hundred times as much."""
    plain = text if _is_utf8(text) else text.encode("utf-8", "replace").decode("utf-8")  # as long
    codes = np.frombuffer(plain.encode("utf-32-le"), np.uint32)
    kinds = b"".join(_kinds(codes[start : start + _AT_ONCE].astype(np.int64)) for start in range(0, len(codes), _AT_ONCE))
    number = np.int32 if 4 * len(codes) < 1 << 31 else np.int64
    position = np.cumsum(np.uint8(1) + (codes > 0x7F) + (codes > 0x7FF) + (codes > 0xFFFF), dtype=number)
    terms, stems, ends = term_arrays(text)
    stops = np.searchsorted(position, ends.astype(number)) + 1  # of another type, all positions would be copied
    del codes, position
    previous = 0
    for term, stem, stop in _in_pieces(terms, stems, stops):
        last = kinds.rfind(_LETTER, previous, stop)
        start = max(kinds.find(_LETTER, previous, stop), previous)
        at = kinds.rfind(_SEPARATOR, previous, max(last, previous))
        while at > previous and plain[at] in ",." and plain[at - 1].isdigit() and plain[at + 1].isdigit():
            at = kinds.rfind(_SEPARATOR, previous, at)
        if at >= 0:  # a word begins behind the last separator
            start = at + 1
        start = min(start, stop - 1)  # of several terms of one character, such as \u00bd, each stands there
        if stop - start == 1 and previous and previous == start and not text[start].isascii() and _is_pair(text[start]):
            start = max(0, start - 1)  # the second half of a pair of characters
        yield Span(text[start:stop], start, stop, term, stem)
        previous = stop


def _is_utf8(text: str) -> bool:
    """Whether UTF-8 can say all of it: half a surrogate it cannot."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _in_pieces(*columns: NDArray[Any]) -> Iterator[tuple[int, ...]]:
    """The rows of several columns as Python's numbers, of which never many are there at once."""
    for start in range(0, len(columns[0]), _AT_ONCE):
        yield from zip(*(column[start : start + _AT_ONCE].tolist() for column in columns), strict=True)


def _kinds(codes: NDArray[np.int64]) -> bytes:
    """What each character is to the tokeniser: a letter, a separator, or neither."""
    table = folding_table()
    entries = table.entries[table.pages[codes >> 8].astype(np.int64) * 256 + (codes & 255)]
    return np.where(entries == 0, _SEPARATOR[0], np.where(entries == -1, 0, _LETTER[0])).astype(np.uint8).tobytes()


def _is_pair(character: str) -> bool:
    from mismatch.terms.folding import PAIR_SCRIPT

    table, code = folding_table(), ord(character)
    value = int(table.entries[int(table.pages[code >> 8]) * 256 + (code & 255)])
    return value > 0 and bool(value & PAIR_SCRIPT)


def idf(term: int, table: LookupTable) -> float:
    """The IDF of one term hash."""
    return float(_idf(np.uint64(term), table))


@kernel
def _idf(term, table):
    return look_up(term, table)[0]


def title_terms(title: str, body: str, lexicon: Lexicon) -> list[TitleTerm]:
    """The different terms of the title that tell texts apart, heaviest first; overlapping pairs of characters are one."""
    first: dict[int, Span] = {}
    of_body: dict[int, str] = {}
    for span in spans(body):
        first.setdefault(span.stem, span)
        of_body.setdefault(span.term, span.text)
    breaks = [found.span() for found in _SENTENCE.finditer(body)]
    seen: set[int] = set()
    out: list[TitleTerm] = []
    words = _Words(of_body, lexicon)
    before: Span | None = None
    for span in spans(title):
        if len(seen) == MOST_TERMS:
            break
        weight = idf(span.term, lexicon.term_table)
        if span.term in seen or weight < TELLING_IDF or is_function_word(span.term):
            continue
        seen.add(span.term)
        hit = first.get(span.stem)
        weight /= float(lexicon.term_table.unknown)
        is_alone = hit is None and _may_be_near(span.term, span.text, lexicon)
        nearest = words.nearest(span.term) if is_alone else ()
        term = TitleTerm(span.text, weight, hit is not None, None if hit is None else _sentence(body, breaks, hit), nearest)
        if before is not None and span.start < before.stop and out[-1].found == term.found:  # pairs of characters overlap
            out[-1] = _joined(out[-1], term, title[before.stop : span.stop])
        else:
            out.append(term)
        before = span
    return sorted(out, key=lambda term: -term.weight)


def _joined(left: TitleTerm, right: TitleTerm, more: str) -> TitleTerm:
    """Two overlapping pairs of characters as one piece of text: half a word says nothing to a reader."""
    heavier = left if left.weight >= right.weight else right
    return replace(heavier, text=left.text + more)


class _Words:
    """The words of a body that have vectors, to be looked through for those that are near to a term of the title.

    Only where nearness means something: frequent words, numbers and pairs of characters have no neighbours and are none.
    """

    def __init__(self, words: dict[int, str], lexicon: Lexicon) -> None:
        words = {term: text for term, text in words.items() if _may_be_near(term, text, lexicon)}
        self._lexicon, self._words = lexicon, words
        self._hashes, self._unit = _known(np.array(list(words), np.uint64), lexicon.vectors)

    def nearest(self, term: int) -> tuple[str, ...]:
        """The words whose vectors are nearest to the term's, nearest first."""
        _, own = _known(np.array([term], np.uint64), self._lexicon.vectors)
        if not len(own) or not len(self._unit):
            return ()
        cosines = self._unit @ own[0]
        nearest = np.argsort(-cosines, kind="stable")[:_NEAREST]
        return tuple(self._words[int(self._hashes[i])] for i in nearest if cosines[i] >= _NEAR)


def _known(hashes: NDArray[np.uint64], vectors: TermVectors | None) -> tuple[NDArray[np.uint64], NDArray[np.float32]]:
    """Those of the hashes that have vectors, and these, each of length one."""
    if vectors is None or not len(vectors.hashes):
        return hashes[:0], np.zeros((0, 1), np.float32)
    at = np.minimum(np.searchsorted(vectors.hashes, hashes), len(vectors.hashes) - 1)
    known = vectors.hashes[at] == hashes
    at = at[known]
    return hashes[known], vectors.codes[at].astype(np.float32) * vectors.inverse_lengths[at, None]


def _may_be_near(term: int, text: str, lexicon: Lexicon) -> bool:
    is_word = not any(character.isdigit() for character in text) and not _is_pair(text[0])
    return is_word and idf(term, lexicon.term_table) >= _RARE and not is_function_word(term)


def keywords(text: str, lexicon: Lexicon, limit: int = 8) -> list[str]:
    """What a text is about in its own words: its terms and phrases of highest TF-IDF.

    A phrase is two content words side by side that stand so at least twice; it takes the place of its words. Of a very long
    text the beginning counts.
    """
    text = text[:LONGEST_LOOK]
    table = lexicon.term_table
    counts: Counter[tuple[int, ...]] = Counter()
    shown: dict[tuple[int, ...], str] = {}
    first: dict[tuple[int, ...], Span] = {}
    left: Span | None = None
    for span in spans(text):
        counts[span.term,] += 1
        shown.setdefault((span.term,), span.text)
        first.setdefault((span.term,), span)
        right = span if _content(span, table) > 0 else None
        if left is not None and right is not None and text[left.stop : right.start] in (" ", "\u00a0", "-"):
            counts[left.term, right.term] += 1
            shown.setdefault((left.term, right.term), text[left.start : right.stop])
        left = right
    phrases = {key for key, n in counts.items() if len(key) == 2 and n >= 2}
    for key in phrases:
        for part in key:
            counts[part,] -= counts[key]
    weights = {
        key: (1 + np.log(n)) * sum(max(0.0, idf(term, table) - CONTENT_IDF) for term in key)
        for key, n in counts.items()
        if n > 0 and (len(key) == 1 or key in phrases)
    }
    ranked = sorted((key for key in weights if weights[key] > 0), key=lambda key: -weights[key])[:limit]
    return whole_runs(text, [(shown[key], first.get(key)) for key in ranked])


def whole_runs(text: str, ranked: list[tuple[str, Span | None]]) -> list[str]:
    """Keywords with the pairs of characters that overlap put together, at the place of the best of them."""
    out: list[tuple[str, int, int]] = []
    for words, span in ranked:
        start, stop = (-1, -1) if span is None or not _is_pair(text[span.start]) else (span.start, span.stop)
        joined = [run for run in out if start >= 0 and run[1] < stop and start < run[2]]
        if not joined:
            out.append((words, start, stop))
            continue
        start, stop = min(start, *(run[1] for run in joined)), max(stop, *(run[2] for run in joined))
        out[out.index(joined[0])] = (text[start:stop], start, stop)
        out = [run for run in out if run not in joined[1:]]
    return [words for words, _, _ in out]


def _content(span: Span, table: LookupTable) -> float:
    """How far a term stands above function words and numbers."""
    return 0.0 if span.text.isdigit() else max(0.0, idf(span.term, table) - CONTENT_IDF)


def _sentence(body: str, breaks: list[tuple[int, int]], span: Span) -> str:
    at = bisect_left(breaks, (span.stop, 0))
    start = breaks[at - 1][1] if at else 0
    sentence = " ".join(body[start : breaks[at][0] if at < len(breaks) else len(body)].split())
    return sentence if len(sentence) <= LONGEST_SENTENCE else sentence[: LONGEST_SENTENCE - 1] + "…"
