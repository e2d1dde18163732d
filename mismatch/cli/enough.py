"""Whether enough was read and judged to say anything of an input, and in one line why not, with the likeliest cause.

A gate that judged nothing has not passed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mismatch.judging.tally import Tally
    from mismatch.records.quarantine import Quarantine


@dataclass(frozen=True)
class Enough:
    """How little may have been read or judged."""

    min_rows: int = 0
    max_rejected: float = 1.0
    max_unscorable: float = 1.0
    """shares"""


def too_little(
    tally: Tally, quarantine: Quarantine, limits: Enough, *, inputs: Sequence[str], kept_in: Path | str | None
) -> str | None:
    """What is wrong with an input of which too little could be read or judged; None where enough was.

    Parameters
    ----------
    kept_in
        Where the rows are that could not be read.
    """
    from mismatch.records.unreadable import unreadable_in_words

    rows, refused = tally.rows, quarantine.count
    if refused and (not rows or refused > limits.max_rejected * (rows + refused)):
        return unreadable_in_words(quarantine, rows, limits.max_rejected) + kept(kept_in)
    names = ", ".join(inputs)
    if rows < limits.min_rows:
        if not rows:
            return f"{names}: there are no rows; --allow-empty lets an empty input pass"
        return f"{names}: there are only {_rows(rows)} (--min-rows {limits.min_rows:,})"
    unscorable = tally.verdicts["unscorable"]
    if unscorable > limits.max_unscorable * rows:
        return f"{names}: {_unscorable_in_words(tally, limits.max_unscorable)}"
    return None


def kept(kept_in: Path | str | None) -> str:
    """Where the rows are that could not be read, as the end of a sentence."""
    return f", kept in {kept_in}" if kept_in else "; --rejected FILE keeps what cannot be read"


def _rows(n: int) -> str:
    return "1 row" if n == 1 else f"{n:,} rows"


def _unscorable_in_words(tally: Tally, allowed: float) -> str:
    from mismatch.screening.reasons import REASONS, REASONS_TO_REFUSE

    n, rows = tally.verdicts["unscorable"], tally.rows
    code = max(REASONS_TO_REFUSE, key=lambda reason: tally.reasons[reason])
    sentence = REASONS[code][0].lower() + REASONS[code][1:].rstrip(".")
    cause = ""
    if code in ("title_missing", "body_missing"):
        side = code.partition("_")[0]
        cause = f"; likeliest cause: columns: the {side} has another name in these rows, name it with --{side} COLUMN"
    elif code == "body_too_short":
        cause = "; likeliest cause: columns: this is a summary and no body, name the right column with --body COLUMN"
    elif code.startswith("body_boilerplate"):
        cause = "; likeliest cause: the scraper was shown these pages in place of articles"
    elif code == "title_generic":
        cause = "; likeliest cause: columns: this is no title, name the right column with --title COLUMN"
    share = f"{n:,} of {_rows(rows)} ({100 * n / rows:.3g} %) cannot be judged (--max-unscorable {allowed:g})"
    return f"{share}, {tally.reasons[code]:,} of them because {sentence} ({code}){cause}"
