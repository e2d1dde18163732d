"""Whether enough was read and judged to say anything of an input, and in one line why not, with the likeliest cause.

A gate that judged nothing has not passed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mismatch.model.defaults import MAX_UNSCORABLE

if TYPE_CHECKING:
    import pyarrow as pa

    from mismatch.batch.scored import ScoredBlock
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
        return f"{names}: {_unscorable_in_words(tally, f' (--max-unscorable {limits.max_unscorable:g})')}"
    return None


def counted(tally: Tally) -> Callable[[ScoredBlock], None]:
    """What counts the verdicts and reasons of blocks in a tally (for `ScoredRows.watch`)."""

    from mismatch.judging.verdicts import UNSCORABLE

    def see(block: ScoredBlock) -> None:
        verdicts, reasons = (block.rows.column(name) for name in ("verdict", "reasons"))
        tally.rows += len(verdicts)
        tally.verdicts["unscorable"] += verdicts.to_pylist().count(UNSCORABLE)
        tally.reasons.update(reasons.flatten().to_pylist())

    return see


def count_texts(tally: Tally, pairs: pa.RecordBatch) -> None:
    """Counts rows that have no title or no body, where none is judged."""
    import pyarrow.compute as pc

    has_title, has_body = (
        pc.fill_null(pc.greater(pc.utf8_length(pc.utf8_trim_whitespace(pairs.column(name))), 0), False)
        for name in ("title", "body")
    )
    n_titles, n_both = (pc.sum(has).as_py() or 0 for has in (has_title, pc.and_(has_title, has_body)))
    tally.rows += len(pairs)
    tally.verdicts["unscorable"] += len(pairs) - n_both
    tally.reasons.update({"title_missing": len(pairs) - n_titles, "body_missing": n_titles - n_both})


def say_unjudged(tally: Tally, inputs: Sequence[str]) -> None:
    """Says that most rows could not be judged, where it is so: nothing was found in them, and that means nothing."""
    from mismatch.report.console import say

    if tally.verdicts["unscorable"] > MAX_UNSCORABLE * tally.rows:
        say(f"{', '.join(inputs)}: {_unscorable_in_words(tally)}")


def kept(kept_in: Path | str | None) -> str:
    """Where the rows are that could not be read, as the end of a sentence."""
    return f", kept in {kept_in}" if kept_in else "; --rejected FILE keeps what cannot be read"


def _rows(n: int) -> str:
    return "1 row" if n == 1 else f"{n:,} rows"


def _unscorable_in_words(tally: Tally, limit: str = "") -> str:
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
    share = f"{n:,} of {_rows(rows)} ({100 * n / rows:.3g} %) cannot be judged{limit}"
    return f"{share}, {tally.reasons[code]:,} of them because {sentence} ({code}){cause}"
