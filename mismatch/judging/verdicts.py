"""What comes out: the verdict on one pair, and the columns that are added to many."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mismatch.screening import screening
from mismatch.screening.reasons import REASONS_TO_DOUBT, VERDICT_SENTENCES, likelihood, sentences

VERDICTS = ("match", "mismatch", "unsure", "unscorable")
MATCH, MISMATCH, UNSURE, UNSCORABLE = range(4)
REASONS = (*screening.REASONS, *REASONS_TO_DOUBT)
"""reason codes by number, 0 for none"""
ADDED_SCHEMA = pa.schema(
    [
        ("mismatch_verdict", pa.string()),
        ("mismatch_probability", pa.float64()),
        ("mismatch_reasons", pa.list_(pa.string())),
        ("title_topic", pa.string()),
        ("body_topic", pa.string()),
    ]
)
KEYWORD_FIELDS = (
    pa.field("title_keywords", pa.list_(pa.string())),
    pa.field("body_keywords", pa.list_(pa.string())),
)


@dataclass(frozen=True)
class Verdict:
    """The verdict on one pair."""

    verdict: str
    """match, mismatch, unsure or unscorable"""
    probability: float | None
    """calibrated probability that title and body do not belong together; None when unscorable"""
    reasons: tuple[str, ...]
    title_topic: str | None
    body_topic: str | None

    def __str__(self) -> str:
        if self.probability is None:
            words = [f"{self.verdict}: {VERDICT_SENTENCES[self.verdict]}"]
        else:
            words = [f"{self.verdict}: {likelihood(self.probability)} a mismatch (probability {self.probability:.3f})."]
        return " ".join([*words, *sentences(self.reasons)])


class Judged(NamedTuple):
    """A batch that was judged."""

    numbers: NDArray[np.int8]
    """the verdicts as numbers into `VERDICTS`, shape (n_rows,)"""
    columns: pa.RecordBatch
    """the columns that are added"""


def verdicts_of(table: pa.Table) -> list[Verdict]:
    """The verdict columns of a table as one `Verdict` a row."""
    rows = zip(*(table[name].to_pylist() for name in ADDED_SCHEMA.names), strict=True)
    return [Verdict(verdict, probability, tuple(reasons), *topics) for verdict, probability, reasons, *topics in rows]


def named(numbers: NDArray[Any], names: tuple[str, ...]) -> pa.Array:
    """Names by number, null for negative numbers."""
    indices = pa.array(numbers.astype(np.int32), mask=numbers < 0)
    return pa.DictionaryArray.from_arrays(indices, pa.array(names, pa.string())).cast(pa.string())


def reason_lists(numbers: NDArray[np.int8]) -> pa.Array:
    """A list for each row of the reasons that are not 0, in their order; `numbers` has shape (n_rows, n_reasons)."""
    given = numbers > 0
    offsets = np.zeros(len(numbers) + 1, np.int32)
    np.cumsum(given.sum(axis=1), out=offsets[1:])
    return pa.ListArray.from_arrays(pa.array(offsets), named(numbers[given], REASONS))
