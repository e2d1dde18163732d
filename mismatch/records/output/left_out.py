"""A block without the rows that an output cannot hold: they are rejected, and the others go on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa

from mismatch.records.blocks import Block, JsonLines, Reject
from mismatch.records.formats.checked_columns import rows_taken
from mismatch.records.formats.columnar_rows import raw_row


def without_rows(block: Block, reasons: dict[int, str]) -> Block:
    """The block without the rows in `reasons`, which are among its rejects, each with its reason."""
    kept = np.setdiff1d(np.arange(len(block)), np.array(list(reasons), np.int64))
    rows: JsonLines | pa.RecordBatch
    if isinstance(block.rows, JsonLines):
        lines = block.rows
        raw = {i: lines.line(i) for i in reasons}
        rows = replace(lines, starts=lines.starts[kept], ends=lines.ends[kept])
    else:
        raw = {i: repr(raw_row(block.rows, i)).encode("utf-8", "replace") for i in reasons}
        rows = rows_taken(block.rows, kept)
    more = [Reject(block.origin, int(block.row_numbers[i]), reasons[i], raw[i]) for i in reasons]
    rejects = sorted([*block.rejects, *more], key=lambda reject: reject.line)
    candidates = None if block.candidates is None else block.candidates.take(pa.array(kept))
    return replace(
        block, pairs=rows_taken(block.pairs, kept), rows=rows, row_numbers=block.row_numbers[kept], rejects=rejects,
        candidates=candidates,
    )  # fmt: skip
