"""An explanation as plain JSON values, with the places in the body where the title's terms stand."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from mismatch.features.keywords import TELLING_IDF, idf, spans
from mismatch.judging.explanation import explain, in_words
from mismatch.judging.scorer import Scorer
from mismatch.serve.application.articles import Article
from mismatch.terms.lexicon import LookupTable


def explained(scorer: Scorer, article: Article) -> dict[str, Any]:
    """The verdict columns, `explanation`, `words` (lines of text) and `marks` (see `marks`)."""
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
        "marks": marks(compared_title, article.body or "", scorer.model.lexicon.term_table),
    }


def marks(title: str, body: str, table: LookupTable) -> list[tuple[int, int]]:
    """Where telling terms of the title stand in the body: (start, stop) in characters (Unicode code points), in order.

    A word that a third of the texts have is no evidence, and is not marked.
    """
    wanted = {span.stem for span in spans(title) if idf(span.term, table) >= TELLING_IDF}
    out: list[tuple[int, int]] = []
    for span in spans(body):
        if span.stem not in wanted:
            continue
        if out and span.start <= out[-1][1]:  # pairs of characters overlap
            out[-1] = (out[-1][0], span.stop)
        else:
            out.append((span.start, span.stop))
    return out
