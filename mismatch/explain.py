"""One pair in words: which terms of the title are in the body, where, and which are not."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from mismatch.folding import folding_table
from mismatch.lexicon import Lexicon, LookupTable, look_up
from mismatch.scorer import Scorer, Verdict
from mismatch.tokens import terms_of

_SENTENCE = re.compile(r"(?<=[.!?])[\s\"'”»)]+|(?<=[。！？।॥])|\n+")
_LONGEST_SENTENCE = 240


@dataclass(frozen=True)
class TitleTerm:
    """One different term of the title."""

    text: str
    """as it stands in the title"""
    weight: float
    """its IDF, in units of the IDF of a term never seen"""
    found: bool
    """the term, or its stem, is in the body"""
    sentence: str | None
    """the sentence of the body where it turns up first"""


@dataclass(frozen=True)
class Span:
    """A term and where it stands in the text (characters)."""

    text: str
    start: int
    stop: int
    term: int
    stem: int


def spans(text: str) -> list[Span]:
    """The terms of a text with their places."""
    data = text.encode("utf-8", "replace")
    table, out, previous = folding_table(), [], 0
    position = np.cumsum([len(c.encode("utf-8", "replace")) for c in text]) if text else np.zeros(0, int)
    for term, stem, end in terms_of(text):
        piece = data[previous:end].decode("utf-8", "replace")
        letters = [i for i, c in enumerate(piece) if table.entries[int(table.pages[ord(c) >> 8]) * 256 + (ord(c) & 255)] not in (0, -1)]
        stop = int(np.searchsorted(position, end)) + 1
        first = letters[0] if letters else 0
        for i, c in enumerate(piece[: letters[-1] if letters else 0]):  # a word begins behind the last separator
            if table.entries[int(table.pages[ord(c) >> 8]) * 256 + (ord(c) & 255)] == 0 and not (
                c in ",." and i and piece[i - 1].isdigit() and piece[i + 1 : i + 2].isdigit()
            ):
                first = i + 1
        start = stop - (len(piece) - first)
        if stop - start == 1 and out and out[-1].stop == start and not text[start].isascii() and _is_pair(text[start]):
            start = max(0, start - 1)  # the second half of a pair of characters
        out.append(Span(text[start:stop], start, stop, term, stem))
        previous = end
    return out


def _is_pair(character: str) -> bool:
    from mismatch.folding import PAIR_SCRIPT

    table, code = folding_table(), ord(character)
    value = int(table.entries[int(table.pages[code >> 8]) * 256 + (code & 255)])
    return value > 0 and bool(value & PAIR_SCRIPT)


def idf(term: int, table: LookupTable) -> float:
    """The IDF of one term hash."""
    return float(look_up(np.uint64(term), *table)[0])


def title_terms(title: str, body: str, lexicon: Lexicon) -> list[TitleTerm]:
    """The different terms of the title, heaviest first."""
    body_spans = spans(body)
    first: dict[int, Span] = {}
    for span in body_spans:
        first.setdefault(span.stem, span)
    seen, out = set(), []
    for span in spans(title):
        if span.term in seen:
            continue
        seen.add(span.term)
        hit = first.get(span.stem)
        weight = idf(span.term, lexicon.term_table) / float(lexicon.term_table.unknown)
        out.append(TitleTerm(span.text, weight, hit is not None, _sentence(body, hit) if hit else None))
    return sorted(out, key=lambda term: -term.weight)


def keywords(text: str, lexicon: Lexicon, limit: int = 8) -> list[str]:
    """What a text is about in its own words: its terms of highest TF-IDF."""
    weights: dict[int, float] = {}
    shown: dict[int, str] = {}
    table = lexicon.term_table
    for span in spans(text):
        weights[span.term] = weights.get(span.term, 0.0) + 1.0
        shown.setdefault(span.term, span.text)
    ranked = sorted(weights, key=lambda term: -(1 + np.log(weights[term])) * max(0.0, idf(term, table) - 2.5))
    return [shown[term] for term in ranked[:limit]]


def _sentence(body: str, span: Span) -> str:
    start = 0
    for boundary in _SENTENCE.finditer(body):
        if boundary.start() >= span.stop:
            sentence = body[start : boundary.start()]
            break
        start = boundary.end()
    else:
        sentence = body[start:]
    sentence = " ".join(sentence.split())
    return sentence if len(sentence) <= _LONGEST_SENTENCE else sentence[: _LONGEST_SENTENCE - 1] + "…"


@dataclass(frozen=True)
class Explanation:
    """Why a pair got its verdict."""

    title: str
    verdict: Verdict
    terms: list[TitleTerm]
    body_keywords: list[str]


def explain(scorer: Scorer, title: str, body: str) -> Explanation:
    """Judges one pair and says why."""
    lexicon = scorer.model.lexicon
    return Explanation(
        title, scorer.score([(title, body)])[0], title_terms(title, body, lexicon), keywords(body, lexicon)
    )


_SENTENCES = {
    "match": "The title belongs to the body.",
    "mismatch": "The title is about something else than the body.",
    "unsure": "The title may be about something else than the body; the model abstains.",
    "unscorable": "No fair judgement is possible.",
}


def in_words(explanation: Explanation) -> list[str]:
    """The explanation as lines of text for a terminal."""
    verdict = explanation.verdict
    sure = "" if verdict.probability is None else f" (probability of a mismatch {verdict.probability:.3f})"
    lines = [f"{verdict.verdict.upper()}: {_SENTENCES[verdict.verdict]}{sure}"]
    if verdict.reasons:
        lines.append(f"reasons: {', '.join(verdict.reasons)}")
    if verdict.title_topic or verdict.body_topic:
        lines.append(f"topics: title {verdict.title_topic or 'not known'}, body {verdict.body_topic or 'not known'}")
    lines.append(f"title: {explanation.title}")
    missing = [term.text for term in explanation.terms if not term.found]
    if missing:
        lines.append(f"not in the body: {', '.join(missing)}")
    for term in explanation.terms:
        if term.found:
            lines.append(f"in the body: {term.text}: \u201c{term.sentence}\u201d")
    if explanation.body_keywords:
        lines.append(f"the body is about: {', '.join(explanation.body_keywords)}")
    return lines
