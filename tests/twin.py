"""The compiled pass once more in plain Python: slow, obvious, written from what the modules promise, not from their code.

Only data is borrowed from the package: salts, sizes, the list of spelling variants, and what a lexicon holds.
"""

from __future__ import annotations

import math
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mismatch.features import overlap_features, pair_terms, vector_features
from mismatch.terms import tokens
from mismatch.terms.document_frequency import Counts
from mismatch.terms.folding import SPELLING_VARIANTS
from mismatch.terms.lexicon import Lexicon

_WORD = (1 << 64) - 1
_STEM_SALT, _PAIR_SALT = (int(n) for n in (tokens._STEM_SALT, tokens._PAIR_SALT))
_UNSPACED = (
    "CJK UNIFIED", "CJK COMPATIBILITY IDEOGRAPH", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO", "IDEOGRAPHIC", "THAI",
    "LAO", "KHMER", "MYANMAR", "TIBETAN", "YI SYLLABLE", "TAI THAM", "NEW TAI LUE", "TAI LE", "TAI VIET",
)  # fmt: skip
_SYLLABARIES = ("ETHIOPIC SYLLABLE", "CHEROKEE", "CANADIAN SYLLABICS", "VAI")


class Term(NamedTuple):
    text: str
    """the folded word, or one or two characters of a script without spaces"""
    unspaced: bool
    stem: str
    end: int
    """in bytes, just behind the term"""

    @property
    def hashes(self) -> tuple[int, int]:
        """Of the term and of its stem."""
        if self.unspaced:
            numbers = [ord(c) for c in self.text]
            together = sum(n << 32 * i for i, n in enumerate(numbers))
            pair = hashed(together.to_bytes(8, "little"), _PAIR_SALT) & _WORD >> 1
            return pair, pair
        has_digit = any("0" <= c <= "9" for c in self.text)
        return hashed(self.text.encode()) & _WORD >> 1 | has_digit << 63, hashed(self.stem.encode(), _STEM_SALT)


def hashed(text: bytes, salt: int = 0) -> int:
    """Eight bytes after the other: multiply and shift; `salt` and one more round with the last."""
    eights = [int.from_bytes(text[i : i + 8], "little") for i in range(0, len(text), 8)]
    h = 0
    for i, eight in enumerate(eights):
        is_last = i == len(eights) - 1
        h = (h ^ eight ^ (salt if is_last else 0)) * 0xFF51AFD7ED558CCD & _WORD
        h ^= h >> 32
    h = h * 0xC4CEB9FE1A85EC53 & _WORD
    return h ^ h >> 29


def characters(data: bytes) -> Iterator[tuple[str | None, int]]:
    """Each character and the position behind it; None for a byte that is not part of well-formed UTF-8."""
    pos = 0
    while pos < len(data):
        for size in (1, 2, 3, 4):
            try:
                character = data[pos : pos + size].decode()
            except UnicodeDecodeError:
                continue
            if len(character) == 1:
                pos += size
                yield character, pos
                break
        else:
            pos += 1
            yield None, pos


@cache
def folded(character: str) -> tuple[str, ...]:
    """What one character counts as: letters, " " for what separates words; nothing for what is passed over."""
    if "\uac00" <= character <= "\ud7a3":
        return (character,)
    if "\u1200" <= character <= "\u137f":
        plain = SPELLING_VARIANTS.get(character, character)
    else:
        plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).casefold())
        plain = "".join(SPELLING_VARIANTS.get(c, c) for c in plain)
    out = [_letter(c) for c in plain]
    return tuple(c for c in out if c)


def _letter(character: str) -> str:
    category = unicodedata.category(character)
    is_selector = "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef"
    if category == "Cf" or character in "\u0640\u034f" or is_selector:
        return ""
    if category == "Me" or (category in ("Mn", "Mc") and unicodedata.combining(character) not in (0, 9)):
        return ""
    if category == "Nd":
        return str(unicodedata.digit(character))
    return character if category[0] in "LNM" else " "


@cache
def _is_unspaced(character: str) -> bool:
    return unicodedata.name(character, "").startswith(_UNSPACED)


@cache
def _weight(character: str) -> int:
    return 2 if unicodedata.name(character, "").startswith(_SYLLABARIES) else 1


def cut(data: bytes) -> list[Term]:
    """The terms of a text."""
    out: list[Term] = []
    run: list[str] = []
    end = 0

    def close() -> None:
        word = "".join(run)
        if run and _is_unspaced(run[0]):
            if len(run) == 1:
                out.append(Term(word, True, word, end))
        elif len(run) > 1 or "0" <= word <= "9":
            out.append(Term(word, False, _stem(word), end))
        run.clear()

    for character, pos in characters(data):
        joins = character in (".", ",") and run and "0" <= run[-1] <= "9" and data[pos : pos + 1].isdigit()
        if joins:
            continue
        for letter in (" ",) if character is None else folded(character):
            if letter == " ":
                close()
                continue
            if run and _is_unspaced(run[0]) != _is_unspaced(letter):
                close()
            run.append(letter)
            end = pos
            if _is_unspaced(letter) and len(run) > 1:
                out.append(Term("".join(run[-2:]), True, "".join(run[-2:]), pos))
    close()
    return out


def _stem(word: str) -> str:
    weight = 0
    for i, letter in enumerate(word):
        weight += _weight(letter)
        if weight >= tokens.STEM_LETTERS:
            return word[: i + 1]
    return word


def terms(text: str) -> list[tuple[str, bool]]:
    """The terms of a text as an analyzer of scikit-learn's vectorizers gives them."""
    return [(term.text, term.unspaced) for term in cut(text.encode())]


class Known:
    """What a lexicon knows, in dictionaries."""

    def __init__(self, lexicon: Lexicon) -> None:
        vectors = lexicon.vectors
        rows = range(len(vectors.hashes)) if vectors else ()
        self.vectors = {int(vectors.hashes[r]): vectors.codes[r] * float(vectors.scales[r]) for r in rows} if vectors else {}
        self.size = vectors.size if vectors else 1
        self._term_idf, self.unknown = _idf(lexicon.terms)
        self._stem_idf, self.unknown_stem = _idf(lexicon.stems)
        for key in self.vectors:  # a term with a vector that no document has is one of frequency 0
            self._term_idf.setdefault(key, self.unknown)

    def term(self, term: Term) -> float:
        return self._term_idf.get(term.hashes[0], self.unknown)

    def vector(self, term: Term) -> NDArray[np.float64] | None:
        """The vector of a term or, where it has none, that of its stem."""
        own = self.vectors.get(term.hashes[0])
        return own if own is not None else self.vectors.get(term.hashes[1])

    def stem(self, stem: int) -> float:
        return self._stem_idf.get(stem, self.unknown_stem)


def _idf(counts: Counts) -> tuple[dict[int, float], float]:
    def smooth(frequency: float) -> float:
        return float(np.float32(math.log((1 + counts.n_documents) / (1 + min(frequency, counts.n_documents))) + 1))

    return {int(h): smooth(f) for h, f in zip(counts.hashes, counts.frequencies, strict=True)}, smooth(0)


def features(title: bytes, body: bytes, known: Known) -> dict[str, float]:
    """All features of a pair by name."""
    title_terms = cut(title)[: pair_terms.TITLE_TERMS]
    body_terms = cut(body)
    title_counts = Counter((t.text, t.unspaced) for t in title_terms)
    by_key = {(t.text, t.unspaced): t for t in reversed(title_terms)}
    types = [by_key[key] for key in title_counts]  # in order of appearance
    body_counts: Counter[tuple[str, bool]] = Counter()
    body_types: list[Term] = []
    for t in body_terms:
        if (t.text, t.unspaced) in body_counts or len(body_types) < pair_terms.BODY_TERMS:
            if (t.text, t.unspaced) not in body_counts:
                body_types.append(t)
            body_counts[t.text, t.unspaced] += 1
    all_counts = Counter((t.text, t.unspaced) for t in body_terms)
    title_stems = [t.hashes[1] for t in title_terms]
    body_stems = [t.hashes[1] for t in body_terms]
    stems = list(dict.fromkeys(title_stems))
    places = _first_places(body_stems, set(stems))
    n = len(body_terms)

    def tf(count: int) -> float:
        return 1 + math.log(count)

    total = sum(known.term(t) for t in types)
    hit = [t for t in types if all_counts[t.text, t.unspaced]]
    stem_total = sum(known.stem(s) for s in stems)
    found = [s for s in stems if s in places]
    missed = [s for s in stems if s not in places]
    norm_title = math.sqrt(sum((tf(title_counts[t.text, t.unspaced]) * known.term(t)) ** 2 for t in types))
    norm_body = math.sqrt(sum((tf(body_counts[t.text, t.unspaced]) * known.term(t)) ** 2 for t in body_types))
    dot = sum(tf(title_counts[t.text, t.unspaced]) * tf(all_counts[t.text, t.unspaced]) * known.term(t) ** 2 for t in hit)
    bigrams = list(pairwise(title_stems))[: pair_terms.MAX_BIGRAMS]
    in_body = set(pairwise(body_stems))
    bigram_weight = [known.stem(a) + known.stem(b) for a, b in bigrams]
    bigram_hit = sum(w for w, pair in zip(bigram_weight, bigrams, strict=True) if pair in in_body)
    occurrences = sum(s in places for s in body_stems)
    rarest = sorted(stems, key=known.stem, reverse=True)[:3]
    saturation = overlap_features._K1 * (1 - overlap_features._B + overlap_features._B * n / overlap_features._TYPICAL_TERMS)
    counts = [(known.term(t), all_counts[t.text, t.unspaced]) for t in hit]
    out = {
        "coverage": _share(sum(known.term(t) for t in hit), total),
        "stem_coverage": _share(sum(known.stem(s) for s in found), stem_total),
        "cosine": _share(dot, norm_title * norm_body),
        "bigram_coverage": _share(bigram_hit, sum(bigram_weight)),
        "lead_coverage_20": _share(sum(known.stem(s) for s in found if places[s] < 20), stem_total),
        "lead_coverage_100": _share(sum(known.stem(s) for s in found if places[s] < 100), stem_total),
        "rarest_hit": max((known.stem(s) for s in found), default=0) / known.unknown_stem,
        "rarest_miss": max((known.stem(s) for s in missed), default=0) / known.unknown_stem,
        "missed_weight": sum(known.stem(s) for s in missed) / known.unknown_stem,
        "title_terms": len(types),
        "hits": len(found),
        "body_length": math.log(1 + n),
        "first_hit": math.log(1 + min(places.values(), default=n)),
        "title_weight": total / known.unknown,
        "rare_hits": sum(s in places for s in rarest),
        "bm25": sum(idf * c * (overlap_features._K1 + 1) / (c + saturation) for idf, c in counts) / known.unknown,
        "density": math.log(1 + 1000 * occurrences / n) if n else 0,
        "type_token_ratio": len(body_types) / n if n else 0,
        "words": math.log(1 + sum(not any("0" <= c <= "9" for c in t.text) for t in body_types)),
    }
    lead = {(t.text, t.unspaced) for t in body_terms[: pair_terms.LEAD_TERMS]}
    weights = {(t.text, t.unspaced): known.term(t) * tf(title_counts[t.text, t.unspaced]) for t in types}
    return out | _vector_features(types, weights, body_types, body_counts, lead, set(found), out["stem_coverage"], known)


def _vector_features(
    types: list[Term], weights: dict[tuple[str, bool], float],
    body_types: list[Term], body_counts: Counter[tuple[str, bool]],
    lead: set[tuple[str, bool]], found: set[int], stem_coverage: float, known: Known,
) -> dict[str, float]:  # fmt: skip
    nothing = dict.fromkeys(overlap_features.VECTOR_FEATURES, 0.0) | {"soft_coverage": stem_coverage}
    looked_at = body_types[: vector_features.VECTOR_TERMS]
    total, share = _covered(types, known)
    body_total, body_share = _covered(looked_at, known)
    if share <= vector_features.MIN_VECTOR_SHARE * total or body_share <= vector_features.MIN_VECTOR_SHARE * body_total:
        return nothing
    sums = np.zeros((3, known.size))
    for t in types:
        vector = known.vector(t)
        if vector is not None:
            sums[0] += weights[t.text, t.unspaced] * vector
    near = []
    for t in looked_at:
        vector = known.vector(t)
        if vector is None:
            continue
        near.append(vector)
        sums[1] += known.term(t) * (1 + math.log(body_counts[t.text, t.unspaced])) * vector
        if (t.text, t.unspaced) in lead:
            sums[2] += known.term(t) * vector
    hit = sum(known.term(t) for t in types if t.hashes[1] in found)
    with_vectors = [(t, vector) for t in types if t.hashes[1] not in found and (vector := known.vector(t)) is not None]
    missing = [t for t, _ in with_vectors][: vector_features.MISSING_TERMS]
    best = [_nearest(vector, near) for _, vector in with_vectors[: vector_features.MISSING_TERMS]]
    weight = sum(known.term(t) for t in missing)
    soft = sum(known.term(t) * b[0] for t, b in zip(missing, best, strict=True))
    soft_8 = sum(known.term(t) * sum(b) / vector_features.BEST for t, b in zip(missing, best, strict=True))
    return {
        "vector_similarity": _cosine(sums[0], sums[1]),
        "lead_similarity": _cosine(sums[0], sums[2]),
        "soft_coverage": (hit + soft) / total,
        "soft_missing": soft / weight if weight else 1.0,
        "soft_missing_8": soft_8 / weight if weight else 1.0,
        "vector_share": share / total,
    }


def _nearest(vector: NDArray[np.float64], near: list[NDArray[np.float64]]) -> list[float]:
    return sorted((max(0.0, _cosine(vector, other)) for other in near), reverse=True)[: vector_features.BEST]


def _covered(types: Sequence[Term], known: Known) -> tuple[float, float]:
    """The IDF of some terms, and of those among them that have a vector."""
    total = share = 0.0
    for t in types:
        total += known.term(t)
        share += known.term(t) if known.vector(t) is not None else 0.0
    return total, share


def _first_places(body_stems: list[int], wanted: set[int]) -> dict[int, int]:
    places: dict[int, int] = {}
    for place, stem in enumerate(body_stems):
        if stem in wanted:
            places.setdefault(stem, place)
    return places


def _share(part: float, whole: float) -> float:
    return part / whole if whole > 0 else 0.0


def _cosine(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    norm = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / norm if norm > 0 else 0.0
