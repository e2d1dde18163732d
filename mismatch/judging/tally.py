"""What came through a stream, counted, with the likeliest mismatches kept to be shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from mismatch.judging.source_names import source_key
from mismatch.judging.verdicts import MISMATCH, UNSURE, VERDICTS, Judged

if TYPE_CHECKING:
    from mismatch.records.blocks import Block

MAX_SOURCES = 10_000
OTHER_SOURCES = "(other sources)"
NO_SOURCE = "(none)"
MAX_EXAMPLES = 20
_TITLE_KEPT, _BODY_KEPT = 200, 20_000
"""characters"""


@dataclass(frozen=True)
class Example:
    """A flagged or unsure row, kept to be shown."""

    origin: str
    row: int
    """counted from 1 through all that was judged, as `mismatch explain --row` counts: without rejected rows"""
    line: int
    """its line or row in its file"""
    title: str
    probability: float
    reasons: tuple[str, ...]
    source: str | None = None
    body: str = ""
    """its beginning; of an unsure row nothing"""


@dataclass
class Tally:
    """What came through, counted."""

    rows: int = 0
    rejected: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    by_source: dict[str, Counter[str]] = field(default_factory=dict)
    """by the spelling that came first"""
    spelled: dict[str, str] = field(default_factory=dict)
    """that spelling, by what all spellings of a source share"""
    examples: list[Example] = field(default_factory=list)
    """the flagged rows that are likeliest mismatches"""
    doubtful: list[Example] = field(default_factory=list)
    """the same of the unsure rows"""

    @property
    def flagged(self) -> int:
        return self.verdicts["mismatch"]

    @property
    def flagged_share(self) -> float:
        return self.flagged / self.rows if self.rows else 0.0

    def add(self, part: Tally) -> None:
        """Adds what came after it."""
        self.examples = _likeliest(self.examples + _moved(part.examples, self.rows))
        self.doubtful = _likeliest(self.doubtful + _moved(part.doubtful, self.rows))
        self.rows += part.rows
        self.rejected += part.rejected
        self.verdicts.update(part.verdicts)
        self.reasons.update(part.reasons)
        for source, counts in part.by_source.items():
            self.add_source(source, counts)

    def add_source(self, name: str, counts: Mapping[str, int]) -> None:
        """Rows of a source, by verdict. Spellings that differ in case or blanks are one source."""
        key = source_key(name)
        if key not in self.spelled:
            if len(self.by_source) >= MAX_SOURCES or name == OTHER_SOURCES:
                self.by_source.setdefault(OTHER_SOURCES, Counter()).update(counts)
                return
            self.spelled[key] = name
        self.by_source.setdefault(self.spelled[key], Counter()).update(counts)

    def to_plain(self) -> dict[str, Any]:
        """Plain values, from which `from_plain` makes the same tally."""
        plain: dict[str, Any] = {
            "rows": self.rows,
            "rejected": self.rejected,
            "verdicts": dict(self.verdicts),
            "reasons": dict(self.reasons),
        }
        if self.by_source:
            plain["by_source"] = {source: dict(counts) for source, counts in self.by_source.items()}
        for name in ("examples", "doubtful"):
            if examples := getattr(self, name):
                plain[name] = [vars(example) for example in examples]
        return plain

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> Tally:
        """The tally that gave these values.

        Raises
        ------
        KeyError, TypeError, ValueError
            They are not those of a tally.
        """
        examples, doubtful = (
            [Example(**{**example, "reasons": tuple(example["reasons"])}) for example in plain.get(name, [])]
            for name in ("examples", "doubtful")
        )
        counts = Counter(plain["verdicts"]), Counter(plain["reasons"])
        tally = cls(int(plain["rows"]), int(plain["rejected"]), *counts, examples=examples, doubtful=doubtful)
        for source, of_source in plain.get("by_source", {}).items():
            tally.add_source(source, Counter(of_source))
        return tally


def _moved(examples: list[Example], rows: int) -> list[Example]:
    """With so many rows before them."""
    return [replace(example, row=example.row + rows) for example in examples]


def _likeliest(examples: list[Example]) -> list[Example]:
    return sorted(examples, key=lambda example: -example.probability)[:MAX_EXAMPLES]


def counted(block: Block, judged: Judged, by_source: bool) -> Tally:
    """The rows of a block, counted; its sources and its likeliest mismatches too, if `by_source`."""
    tally = Tally(rows=len(block), rejected=len(block.rejects))
    tally.verdicts.update(_counts(judged.numbers))
    for item in pc.value_counts(judged.columns.column("mismatch_reasons").flatten()).to_pylist():
        tally.reasons[item["values"]] += item["counts"]
    if by_source and len(block):
        sources = pc.fill_null(block.pairs.column("source"), NO_SOURCE).dictionary_encode()
        rows = sources.indices.to_numpy()
        names = [name or NO_SOURCE for name in sources.dictionary.to_pylist()]
        counts = np.bincount(rows * len(VERDICTS) + judged.numbers, minlength=len(names) * len(VERDICTS))
        for name, of_source in zip(names, counts.reshape(-1, len(VERDICTS)), strict=True):
            found = {verdict: int(n) for verdict, n in zip(VERDICTS, of_source, strict=True) if n}
            tally.add_source(name.strip() or NO_SOURCE, found)
        tally.examples.extend(_examples(block, judged, MISMATCH))
        tally.doubtful.extend(_examples(block, judged, UNSURE))
    return tally


def _counts(numbers: NDArray[np.int8]) -> dict[str, int]:
    counts = np.bincount(numbers, minlength=len(VERDICTS)).tolist()
    return {verdict: n for verdict, n in zip(VERDICTS, counts, strict=True) if n}


def _examples(block: Block, judged: Judged, verdict: int) -> list[Example]:
    """Of the rows with a verdict, those that are likeliest mismatches."""
    flagged = np.flatnonzero(judged.numbers == verdict)
    probability = judged.columns.column("mismatch_probability").to_numpy(zero_copy_only=False)
    out = []
    for i in flagged[np.argsort(-probability[flagged], kind="stable")][:MAX_EXAMPLES].tolist():
        row = block.pairs.slice(i, 1)
        title = pc.utf8_slice_codeunits(row.column("title"), 0, _TITLE_KEPT)[0].as_py() or ""
        body = pc.utf8_slice_codeunits(row.column("body"), 0, _BODY_KEPT)[0].as_py() or "" if verdict == MISMATCH else ""
        source = row.column("source")[0].as_py()
        reasons = tuple(judged.columns.column("mismatch_reasons")[i].as_py())
        line = int(block.row_numbers[i])
        out.append(Example(block.origin, i + 1, line, title, float(probability[i]), reasons, source, body))
    return out
