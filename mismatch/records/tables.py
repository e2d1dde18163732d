"""Everything in memory at once: the pairs of all inputs as one table, for training and evaluation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa

from mismatch.records.blocks import PAIRS_SCHEMA, Block
from mismatch.records.columns import ColumnChoice
from mismatch.records.quarantine import Quarantine
from mismatch.records.reading import Reader
from mismatch.records.short_texts import kept


def read_pairs(
    inputs: Sequence[str | Path],
    *,
    format: str | None = None,
    columns: ColumnChoice = ColumnChoice(),
    quarantine: Quarantine | None = None,
) -> pa.Table:
    """The columns title, body, source, id, topic and label of every readable row, as pa.large_string, null
    if absent; of titles and bodies that are too long for one, the beginning.

    Rows that cannot be read go to `quarantine`, which also counts them.

    Raises
    ------
    InputError
        As `Reader`.
    """
    return pairs_of(Reader(inputs, format=format, columns=columns), quarantine)


def pairs_of(
    reader: Reader, quarantine: Quarantine | None = None, change: Callable[[Block], Block] | None = None
) -> pa.Table:
    """All pairs that a reader gives, as `read_pairs`; `change` is applied to each block."""
    schema = pa.schema([(field.name, pa.large_string()) for field in PAIRS_SCHEMA])
    batches = []
    for chunk in reader:
        block = chunk.decode() if change is None else change(chunk.decode())
        batches.append(kept(block.pairs).cast(schema))
        if quarantine is not None:
            quarantine.extend(block.rejects)
    return pa.Table.from_batches(batches, schema)
