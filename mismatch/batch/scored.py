"""The rows of a batch with their verdicts: the one place where batch commands get them.

Rows that carry verdict columns (the output of `mismatch score`) keep them; others are judged on the way, by the scorer
adapted to them as `score` adapts it. Rows come in the order of the input and are numbered from 1 through all inputs. A row
that cannot be read has no number: the numbers are those of `mismatch explain --row`, and of the rows that `mismatch score`
writes.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from mismatch.errors import InputError
from mismatch.judging import pipeline
from mismatch.judging.scorer import Scorer
from mismatch.judging.title_choice import judged_block
from mismatch.judging.verdicts import ADDED_SCHEMA, VERDICTS, Judged
from mismatch.records.blocks import Block, Chunk
from mismatch.records.carried import carried_columns
from mismatch.records.reading import Reader

SCHEMA = pa.schema(
    [
        ("row", pa.int64()),
        ("id", pa.string()),
        ("title", pa.string()),
        ("body", pa.string()),
        ("source", pa.string()),
        ("verdict", pa.int8()),
        ("probability", pa.float64()),
        ("reasons", pa.list_(pa.string())),
    ]
)
"""of the batches: row from 1; verdict as a number into `judging.verdicts.VERDICTS`; probability null where unscorable"""
VERDICT_COLUMNS = ("mismatch_verdict", "mismatch_probability", "mismatch_reasons")


class ScoredBlock(NamedTuple):
    """A run of rows with their verdicts."""

    rows: pa.RecordBatch
    """of `SCHEMA` (text is large_string in a block of more than 2 GiB)"""
    block: Block
    """the same rows as they were read, with where they stand in their file, and the rows that were rejected"""


class ScoredRows:
    """Iterates once over the scored rows of all inputs, in order, in constant memory.

    Parameters
    ----------
    adapt
        As `pipeline.adapted` takes it. To rows that carry verdicts no scorer is adapted.
    always_adapt
        Adapt to rows that carry verdicts too: for judging other pairs of them.

    Attributes
    ----------
    scorer : as adapted. words : one line that says what was done. carried : whether the rows carry their verdicts.

    Raises
    ------
    InputError
        Here or on the way: a verdict that is none, or rows with and rows without verdicts.
    """

    def __init__(
        self, reader: Reader, scorer: Scorer, *, adapt: bool | None = None, always_adapt: bool = False,
        threads: int | None = None,
    ) -> None:  # fmt: skip
        self._workers = threads or os.cpu_count() or 1
        chunks: Iterator[Chunk]
        can_look = reader.bytes_total is not None  # what cannot be read again is adapted to before anything is known of it
        self.carried = can_look and _carries_verdicts(reader)
        if self.carried and not always_adapt:
            self.scorer, chunks, self.words = scorer, iter(reader), "the verdicts are those that the rows carry"
        else:
            self.scorer, chunks, self.words = pipeline.adapted(reader, scorer, adapt=adapt)
        if not can_look:
            looked_at: list[Chunk] = []
            for chunk in chunks:
                block = chunk.decode()
                looked_at.append(pipeline.Decoded(block.origin, block))
                if len(block):
                    self.carried = _has_verdicts(block)
                    break
            chunks = chain(looked_at, chunks)
        self._chunks = chunks
        self._watching: list[Callable[[ScoredBlock], None]] = []

    def watch(self, see: Callable[[ScoredBlock], None]) -> None:
        """Has `see` called with each block before it is handed out."""
        self._watching.append(see)

    @property
    def chunks(self) -> Iterator[Chunk]:
        """The rows as they were read, for `pipeline.run` in place of iterating; `judge_of_carried` keeps their verdicts."""
        return self._chunks

    def __iter__(self) -> Iterator[ScoredBlock]:
        row = 1
        with ThreadPoolExecutor(self._workers) as pool:
            for block, verdicts in pipeline.in_order(pool, self._judged, self._chunks, self._workers + 1):
                texts = (block.pairs.column(name) for name in ("id", "title", "body", "source"))
                columns = [pa.array(np.arange(row, row + len(block))), *texts, *verdicts]
                scored = ScoredBlock(pa.RecordBatch.from_arrays(columns, names=SCHEMA.names), block)
                for see in self._watching:
                    see(scored)
                yield scored
                row += len(block)

    def _judged(self, chunk: Chunk) -> tuple[Block, list[pa.Array]]:
        block = chunk.decode()
        if self.carried:
            return block, _carried_verdicts(block)
        shown, judged = judged_block(self.scorer, block)
        columns = judged.columns
        numbers = pa.array(judged.numbers, pa.int8())
        return shown, [numbers, columns.column("mismatch_probability"), columns.column("mismatch_reasons")]


def judge_of_carried(scorer: Scorer, block: Block) -> tuple[Block, Judged]:
    """A block and the verdicts that its rows carry (a `pipeline.Judging`)."""
    columns = _carried_verdicts(block)
    numbers = columns[0].to_numpy(zero_copy_only=False)
    topics = [column.cast(pa.string()) for column in carried_columns(block, ADDED_SCHEMA.names[3:])]
    verdicts = pa.DictionaryArray.from_arrays(pa.array(numbers, pa.int8()), pa.array(VERDICTS)).cast(pa.string())
    return block, Judged(numbers, pa.RecordBatch.from_arrays([verdicts, *columns[1:], *topics], schema=ADDED_SCHEMA))


def _carries_verdicts(reader: Reader) -> bool:
    """Whether the first readable rows do; what is looked at counts neither as read nor as damaged."""
    found = False
    for chunk in reader:
        block = chunk.decode()
        if len(block):
            found = _has_verdicts(block)
            break
    reader.rewind()
    return found


def _has_verdicts(block: Block) -> bool:
    (verdicts,) = carried_columns(block, VERDICT_COLUMNS[:1])
    return verdicts.null_count < len(verdicts)


def _carried_verdicts(block: Block) -> list[pa.Array]:
    """Verdict number, probability and reasons of each row, as it carries them."""
    verdicts, probabilities, reasons = carried_columns(block, VERDICT_COLUMNS)
    numbers = pc.index_in(verdicts.cast(pa.string()), pa.array(VERDICTS))
    odd = numbers.is_null().to_numpy(zero_copy_only=False)
    if odd.any():
        at = int(np.flatnonzero(odd)[0])
        said = verdicts[at].as_py()
        what = "has no verdict, others have" if said is None else f"has the verdict {said[:40]!r}, not {', '.join(VERDICTS)}"
        raise InputError(f"{_place(block, at)} {what}. Score all rows anew, or remove the column mismatch_verdict.")
    values = _numbers(probabilities)
    unscorable = numbers.to_numpy() == VERDICTS.index("unscorable")
    wrong = ~unscorable & ~((values >= 0) & (values <= 1))
    if wrong.any():
        at = int(np.flatnonzero(wrong)[0])
        raise InputError(f"{_place(block, at)} has a verdict, but no mismatch_probability from 0 to 1. Score all rows anew.")
    return [
        numbers.cast(pa.int8()),
        pa.array(values, pa.float64(), mask=unscorable),
        pa.array([_listed(text) for text in reasons.to_pylist()], pa.list_(pa.string())),
    ]


def _place(block: Block, i: int) -> str:
    return f"{block.origin}: row {int(block.row_numbers[i]):,}"


def _numbers(texts: pa.Array) -> NDArray[np.float64]:
    """The numbers, NaN where there is none."""
    try:
        return texts.cast(pa.float64()).fill_null(np.nan).to_numpy(zero_copy_only=False)
    except pa.ArrowInvalid:
        return np.array([_number(text) for text in texts.to_pylist()], np.float64)


def _number(text: str | None) -> float:
    try:
        return float(text or "nan")
    except ValueError:
        return np.nan


def _listed(text: str | None) -> list[str]:
    """The codes of a list as JSON; what is none is an empty one."""
    try:
        codes = json.loads(text or "[]")
    except ValueError:
        return []
    return [code for code in codes if isinstance(code, str)] if isinstance(codes, list) else []
