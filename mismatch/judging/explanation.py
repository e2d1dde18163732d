"""One pair in words: the verdict, the terms that speak for and against it, and what the body is about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import pyarrow as pa

from mismatch.features.keywords import LONGEST_SENTENCE, TitleTerm, keywords, title_terms
from mismatch.judging.notebook import as_html
from mismatch.judging.topic_terms import topic_terms
from mismatch.judging.verdicts import Verdict
from mismatch.model.model import Model
from mismatch.records.output.outside_text import inert
from mismatch.screening.reasons import VERDICT_SENTENCES, likelihood, sentences
from mismatch.terms.text_buffers import text_buffers

_LONGEST_LINE = 600


class Judge(Protocol):
    """What an explanation needs of a scorer."""

    @property
    def model(self) -> Model: ...

    def verdicts(
        self, titles: Sequence[str | None], bodies: Sequence[str | None], sources: Sequence[str | None] | None = None
    ) -> list[Verdict]: ...

    def prepared(self, title: str | None, body: str | None, source: str | None = None) -> tuple[str, str]: ...


@dataclass(frozen=True)
class Explanation:
    """Why a pair got its verdict. `print` shows it as text, a notebook as a small page, `as_dict` gives plain values."""

    title: str
    verdict: Verdict
    terms: list[TitleTerm]
    body_keywords: list[str]
    foreign_paragraph: str | None = None
    """the beginning of the paragraph that fits neither the title nor the rest of the body, if there is one"""
    title_topic_terms: tuple[str, ...] = ()
    """the terms that speak for the topic of the title, strongest first"""
    body_topic_terms: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "\n".join(inert(line, _LONGEST_LINE) for line in in_words(self))

    def _repr_html_(self) -> str:
        return as_html(self.verdict, in_words(self))

    def as_dict(self) -> dict[str, Any]:
        """Plain values: the verdict columns, the title, its terms, and the explanation as lines of text (`words`)."""
        plain = asdict(self)
        verdict = plain.pop("verdict")
        return {
            "title": plain.pop("title"),
            "mismatch_verdict": verdict["verdict"],
            "mismatch_probability": verdict["probability"],
            "mismatch_reasons": list(verdict["reasons"]),
            "title_topic": verdict["title_topic"],
            "body_topic": verdict["body_topic"],
            "terms": [{**term, "nearest": list(term["nearest"])} for term in plain.pop("terms")],
            **{name: list(value) if isinstance(value, tuple) else value for name, value in plain.items()},
            "words": in_words(self),
        }


def explain(scorer: Judge, title: str | None, body: str | None, source: str | None = None) -> Explanation:
    """Judges one pair and says why, by what was compared."""
    lexicon = scorer.model.lexicon
    verdict = scorer.verdicts([title], [body], [source])[0]
    compared_title, compared_body = scorer.prepared(title, body, source)
    foreign = _foreign_paragraph(scorer, compared_title, compared_body) if verdict.verdict != "unscorable" else None
    terms = title_terms(compared_title, compared_body, lexicon)
    of_topics = (
        tuple(topic_terms(scorer.model, text, topic))
        for text, topic in ((compared_title, verdict.title_topic), (compared_body, verdict.body_topic))
    )
    return Explanation(title or "", verdict, terms, keywords(compared_body, lexicon), foreign, *of_topics)


def _foreign_paragraph(scorer: Judge, title: str, body: str) -> str | None:
    paragraphs = scorer.model.paragraphs
    if paragraphs is None:
        return None
    raw = [text.encode("utf-8", "replace") for text in (title, body)]
    texts = [text_buffers(pa.array([side.decode()], pa.large_string())) for side in raw]
    log_odds, places = paragraphs.judge(texts[0], texts[1], scorer.model.lexicon)
    if not log_odds[0] > paragraphs.cut:
        return None
    found = raw[1][places[0, 0] : places[0, 1]].decode("utf-8", "replace")
    words = " ".join("".join(c if c.isprintable() else " " for c in found).split())
    return words if len(words) <= LONGEST_SENTENCE else words[: LONGEST_SENTENCE - 1] + "…"


def _with_nearest(term: TitleTerm) -> str:
    return f"{term.text} (nearest: {', '.join(term.nearest)})" if term.nearest else term.text


def _with_terms(topic: str | None, terms: tuple[str, ...]) -> str:
    if topic is None:
        return "not known"
    return f"{topic} (for: {', '.join(terms)})" if terms else topic


def in_words(explanation: Explanation) -> list[str]:
    """The explanation as lines of text for a terminal."""
    verdict = explanation.verdict
    lines = [f"{verdict.verdict.upper()}: {VERDICT_SENTENCES[verdict.verdict]}"]
    if verdict.probability is not None:
        lines.append(f"a mismatch: {likelihood(verdict.probability)} (probability {verdict.probability:.3f})")
    for code, sentence in zip(verdict.reasons, sentences(verdict.reasons), strict=True):
        lines.append(f"reason: {sentence} ({code})")
    if verdict.title_topic or verdict.body_topic:
        title_topic = _with_terms(verdict.title_topic, explanation.title_topic_terms)
        body_topic = _with_terms(verdict.body_topic, explanation.body_topic_terms)
        lines.append(f"topics: title {title_topic}, body {body_topic}")
    lines.append(f"title: {explanation.title}")
    missing = [term for term in explanation.terms if not term.found]
    if missing:
        lines.append(f"not in the body: {', '.join(_with_nearest(term) for term in missing)}")
    for term in explanation.terms:
        if term.found:
            lines.append(f"in the body: {term.text}: \u201c{term.sentence}\u201d")
    if explanation.body_keywords:
        lines.append(f"the body is about: {', '.join(explanation.body_keywords)}")
    if explanation.foreign_paragraph:
        lines.append(f"fits neither the title nor the rest of the body: \u201c{explanation.foreign_paragraph}\u201d")
    return lines
