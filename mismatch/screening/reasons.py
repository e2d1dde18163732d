"""The words for what is found: every reason code, every verdict and every degree of certainty, each once.

The command line, the reports, the service and its page take them from here. A new reason is a code with its sentence in one
of the three tables below; the code that gives it looks up its number in the table, or names it.
"""

from __future__ import annotations

_BOILERPLATE_KINDS = {
    "consent": "a cookie notice",
    "paywall": "a paywall notice",
    "script_required": "a request to switch on JavaScript",
    "blocked": "a notice that the visitor was blocked",
    "not_found": "a “not found” page",
    "navigation": "menus and links",
}
"""in the order of `boilerplate.KINDS`, whose numbers the model gives"""

REASONS_TO_REFUSE: dict[str, str] = {
    "title_missing": "There is no title.",
    "body_missing": "There is no body.",
    "body_too_short": "The body is too short to judge.",
    "title_generic": "Nothing in the title can be checked against a body.",
    "script_differs": "Title and body are in different writing systems.",
    "language_differs": "Title and body are in different languages.",
    **{f"body_boilerplate:{kind}": f"The body is no article but {what}." for kind, what in _BOILERPLATE_KINDS.items()},
}
"""why a pair gets no verdict (`screening`), each code with its sentence"""

REASONS_TO_DOUBT: dict[str, str] = {
    "topic_mismatch": "The title and the body have different topics.",
    "no_shared_terms": "No term of the title is in the body.",
    "weak_overlap": "Few of the title's telling terms are in the body.",
    "foreign_paragraph": "A paragraph of the body seems to belong to another article.",
}
"""what speaks against a pair that was judged, each code with its sentence"""

REASONS_OF_BATCHES: dict[str, str] = {
    "repeated_body": "The same body stands under other titles too.",
    "repeated_title": "The same title stands over other bodies too.",
    "shifted": "The titles and bodies of these rows are off by some rows.",
}
"""what only a whole batch can show (`batch`), each code with its sentence"""

REASONS = {**REASONS_TO_REFUSE, **REASONS_TO_DOUBT, **REASONS_OF_BATCHES}
"""all reason codes, each with its sentence"""

VERDICT_SENTENCES = {
    "match": "The title belongs to the body.",
    "mismatch": "The title is about something else than the body.",
    "unsure": "The title may be about something else than the body; the model abstains.",
    "unscorable": "No fair judgement is possible.",
}
"""every verdict with its sentence"""

LIKELIHOODS: tuple[tuple[float, str], ...] = (
    (0.95, "almost certainly"),
    (0.5, "probably"),
    (0.1, "hard to say"),
    (0.05, "probably not"),
    (0.0, "almost certainly not"),
)
"""whether it is a mismatch, in words, each from its probability upwards; 0.5 and 0.1 are the borders of the verdicts"""


def likelihood(probability: float | None) -> str:
    """Whether it is a mismatch, in words, from its probability."""
    if probability is None:
        return "not known"
    return next((words for at_least, words in LIKELIHOODS if probability >= at_least), LIKELIHOODS[-1][1])


def sentences(reasons: list[str] | tuple[str, ...]) -> list[str]:
    """Reason codes as sentences; a code of a newer version, which is not known here, stays as it is."""
    return [REASONS.get(code, code) for code in reasons]
