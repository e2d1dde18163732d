"""A batch written anew with the bodies where they belong: rows in their order, everything as it was but moved bodies, and
the verdicts that rows with another body carry.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from mismatch.batch.judged_anew import carried_verdicts, judged_anew
from mismatch.batch.moving import Value, as_json, body_of, with_bodies
from mismatch.batch.repair import Proposal, Repair
from mismatch.errors import InputError
from mismatch.judging.scorer import Scorer
from mismatch.judging.title_choice import with_best_titles
from mismatch.records.blocks import Block
from mismatch.records.output.cell_text import Unwritable
from mismatch.records.output.encoding import Encoded, Encoder
from mismatch.records.output.left_out import without_rows
from mismatch.records.output.output_file import OutputFile
from mismatch.records.output.writing import open_sink
from mismatch.records.quarantine import Quarantine
from mismatch.records.reading import Reader


@dataclass(frozen=True)
class Applied:
    """What was written."""

    rows: int
    changed: int
    left: int
    """rows whose body went to another row and that got none: they keep it. As many bodies stand in the log alone."""


def apply_repairs(
    readers: tuple[Reader, Reader], repair: Repair, out: str, log: str, format: str, quarantine: Quarantine, *,
    scorer: Scorer, safe_csv: bool = False, carried: bool = False,
) -> Applied:  # fmt: skip
    """Writes the batch with the proposed bodies in place, and a line in the log for every row that has changed.

    The line has the body that stood there before where that went to no other row, so that no text is lost. Bodies that move
    are held in memory.

    Parameters
    ----------
    readers
        Of the same input, which is read twice.
    quarantine
        Takes rows that the output cannot hold; what cannot be read is there already.
    scorer
        Adapted to the batch: that which chose among the titles of pages.
    carried
        The rows carry verdicts: those of rows with another body are made anew.

    Raises
    ------
    InputError
        The rows hold no body that could be moved, or are others than before.
    """
    wanted = {proposal.title_row: proposal for proposal in repair.proposals}
    moving = {proposal.body_row for proposal in repair.proposals}
    bodies = _bodies_at(readers[0], moving, scorer)
    rows = changed = 0
    with open_sink(out, format=format, schema=readers[1].schema, safe_csv=safe_csv) as sink, OutputFile(log) as changes:
        for first, block in _numbered(readers[1], scorer):
            here = {row - first: wanted[row] for row in range(first, first + len(block)) if row in wanted}
            new = {i: bodies[proposal.body_row] for i, proposal in here.items()}
            before = carried_verdicts(block, list(here)) if carried else {}
            moved = with_bodies(block, new)
            moved, verdicts = judged_anew(moved, new, scorer) if carried else (moved, {})
            encoded, left_out = _encoded(sink.encoder, moved, quarantine)
            sink.write(encoded)
            for i in sorted(here.keys() - left_out):
                body_before = None if first + i in moving else body_of(block, i)
                changes.write(_log_line(here[i], body_before, verdicts.get(i), before.get(i)))
                changed += 1
            rows += len(block)
        if rows != repair.n_rows:
            raise InputError(f"the input has changed while it was read: {repair.n_rows:,} rows, and then {rows:,}")
    return Applied(sink.count, changed, len(moving - set(wanted)))


def _numbered(reader: Reader, scorer: Scorer) -> Iterator[tuple[int, Block]]:
    """The blocks, each with the number of its first row."""
    first = 1
    for chunk in reader:
        block = with_best_titles(scorer, chunk.decode())
        yield first, block
        first += len(block)


def _bodies_at(reader: Reader, rows: set[int], scorer: Scorer) -> dict[int, Value]:
    found: dict[int, Value] = {}
    for first, block in _numbered(reader, scorer):
        for row in rows.intersection(range(first, first + len(block))):
            found[row] = body_of(block, row - first)
    return found


def _encoded(encoder: Encoder, block: Block, quarantine: Quarantine) -> tuple[Encoded, set[int]]:
    """The block as the output takes it, and which rows it cannot hold; these are rejected."""
    known = {id(reject) for reject in block.rejects}
    n, places = len(block), np.arange(len(block))
    while True:
        try:
            encoded = encoder.encode(block, _no_columns(len(block)))
            break
        except Unwritable as error:
            places = np.delete(places, list(error.rows))
            block = without_rows(block, error.rows)
    quarantine.extend(reject for reject in block.rejects if id(reject) not in known)
    return encoded, set(range(n)) - set(places.tolist())


def _no_columns(n: int) -> pa.RecordBatch:
    """A batch of n rows without a column."""
    return pa.RecordBatch.from_struct_array(pa.StructArray.from_arrays([], fields=[], mask=pa.array(np.zeros(n, bool))))


def _log_line(proposal: Proposal, before: Value | None, verdict: str | None, verdict_before: str | None) -> bytes:
    line = {
        "row": proposal.title_row, "id": proposal.title_id, "body_from_row": proposal.body_row,
        "body_from_id": proposal.body_id, "probability": round(proposal.probability, 4),
        "body_before": None if before is None else json.loads(as_json(before)),
        "verdict": verdict, "verdict_before": verdict_before,
    }  # fmt: skip
    known = {name: value for name, value in line.items() if value is not None}
    return json.dumps(known, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
