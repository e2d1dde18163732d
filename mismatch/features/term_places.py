"""Where the terms of a title stand in a text, for whoever shows the text with them marked."""

from __future__ import annotations

from mismatch.features.function_words import is_function_word
from mismatch.features.keywords import TELLING_IDF, idf, spans
from mismatch.terms.lexicon import LookupTable


def term_places(title: str, text: str, table: LookupTable) -> list[tuple[int, int]]:
    """Where telling terms of the title stand in the text: (start, stop) in characters (Unicode code points), in order.

    A word that a third of the texts have is no evidence, and is left out, as are other function words.
    """
    telling = (span for span in spans(title) if idf(span.term, table) >= TELLING_IDF)
    wanted = {span.stem for span in telling if not is_function_word(span.term)}
    out: list[tuple[int, int]] = []
    for span in spans(text):
        if span.stem not in wanted or is_function_word(span.term):
            continue
        if out and span.start <= out[-1][1]:  # pairs of characters overlap
            out[-1] = (out[-1][0], span.stop)
        else:
            out.append((span.start, span.stop))
    return out
