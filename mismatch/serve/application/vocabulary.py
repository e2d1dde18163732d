"""What a client needs to put answers into words: the tables that the package itself uses, as plain JSON values."""

from __future__ import annotations

from typing import Any

from mismatch.records.columns import USUAL_NAMES
from mismatch.records.inputs import BY_SUFFIX
from mismatch.screening.reasons import LIKELIHOODS, REASONS, VERDICT_SENTENCES
from mismatch.serve.application.stream import FORMATS


def vocabulary() -> dict[str, Any]:
    """Verdicts and reasons with their sentences, words for probabilities, usual names of columns, formats of streams."""
    return {
        "verdicts": VERDICT_SENTENCES,
        "reasons": REASONS,
        "likelihoods": [{"at_least": at_least, "words": words} for at_least, words in LIKELIHOODS],
        "columns": USUAL_NAMES,
        "content_types": _content_types(),
    }


def _content_types() -> dict[str, str]:
    """What a file is sent as, by the ending of its name."""
    first = {name: content_type.decode() for content_type, name in reversed(FORMATS.items())}
    return {suffix.lstrip("."): first[name] for suffix, name in BY_SUFFIX.items() if name in first}
