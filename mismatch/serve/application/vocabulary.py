"""What a client needs to put answers into words: the tables that the package itself uses, as plain JSON values."""

from __future__ import annotations

from typing import Any

from mismatch.records.columns import USUAL_NAMES
from mismatch.records.known_formats import BY_SUFFIX, COMPRESSIONS
from mismatch.screening.reasons import LIKELIHOODS, REASONS, VERDICT_SENTENCES
from mismatch.serve.application.files import ANY_FILE
from mismatch.serve.application.stream import FORMATS


def vocabulary() -> dict[str, Any]:
    """Verdicts and reasons with their sentences, words for probabilities, usual names of columns, formats of files."""
    return {
        "verdicts": VERDICT_SENTENCES,
        "reasons": REASONS,
        "likelihoods": [{"at_least": at_least, "words": words} for at_least, words in LIKELIHOODS],
        "columns": USUAL_NAMES,
        "content_types": _content_types(),
    }


def _content_types() -> dict[str, str]:
    """What a file is sent as, by the ending of its name."""
    first = {name: content_type for content_type, name in reversed(FORMATS.items())}
    suffixes = {**BY_SUFFIX, **{known.suffix: "" for known in COMPRESSIONS}}
    return {suffix.lstrip("."): first.get(name, ANY_FILE).decode() for suffix, name in suffixes.items()}
