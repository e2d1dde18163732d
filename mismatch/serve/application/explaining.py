"""An explanation as plain JSON values, with the places in the body where the title's terms stand."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from mismatch.features.term_places import term_places
from mismatch.judging.explanation import explain, in_words
from mismatch.judging.scorer import Scorer
from mismatch.serve.application.articles import Article


def explained(scorer: Scorer, article: Article) -> dict[str, Any]:
    """The verdict columns, `explanation`, `words` (lines of text) and `marks` (start and stop of each, in characters)."""
    found = explain(scorer, *article)
    compared_title, _ = scorer.prepared(*article)
    explanation = asdict(found)
    verdict = explanation.pop("verdict")
    return {
        "mismatch_verdict": verdict["verdict"],
        "mismatch_probability": verdict["probability"],
        "mismatch_reasons": list(verdict["reasons"]),
        "title_topic": verdict["title_topic"],
        "body_topic": verdict["body_topic"],
        "explanation": explanation,
        "words": in_words(found),
        "marks": term_places(compared_title, article.body or "", scorer.model.lexicon.term_table),
    }
