"""What repairs say of verdicts: a title that fits another body of the batch far better than its own is on the wrong one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from mismatch.batch.repair import Proposal
from mismatch.judging.verdicts import MISMATCH, REASONS, VERDICTS, Judged, named
from mismatch.model.calibration import FLAG_FROM
from mismatch.records.blocks import Block

BETTER_ROW = pa.field("better_body_row", pa.int64())
"""the column that is added: the row of the body that a title belongs to, counted from 1 in the order of the input"""
_COLUMNS = {name: k for k, name in enumerate(("mismatch_verdict", "mismatch_probability", "mismatch_reasons"))}


class BetterBodies:
    """Revises the verdicts of a batch, block by block (`pipeline.judged_and_encoded`).

    A row whose title, or whose body, has a proposal is a mismatch at least as likely as the proposal is right. The others
    keep their verdicts.
    """

    def __init__(self, proposals: Sequence[Proposal]) -> None:
        self._better: dict[tuple[str, int], int] = {}
        self._probability: dict[tuple[str, int], float] = {}
        for proposal in proposals:
            self._better[proposal.title_place] = proposal.body_row
            for place in (proposal.title_place, proposal.body_place):
                self._probability[place] = max(proposal.probability, self._probability.get(place, 0.0))

    def __call__(self, block: Block, judged: Judged) -> Judged:
        """The verdicts with what is known of their rows, and the column `BETTER_ROW`."""
        places = [(block.origin, line) for line in block.row_numbers.tolist()]
        better = pa.array([self._better.get(place) for place in places], BETTER_ROW.type)
        found = [i for i, place in enumerate(places) if place in self._probability]
        columns = list(judged.columns.columns)
        numbers = judged.numbers
        if found:
            numbers = numbers.copy()
            probability = columns[_COLUMNS["mismatch_probability"]].to_pylist()
            reasons = columns[_COLUMNS["mismatch_reasons"]].to_pylist()
            for i in found:
                probability[i] = max(probability[i] or 0.0, self._probability[places[i]])
                if probability[i] >= FLAG_FROM and numbers[i] != MISMATCH:
                    numbers[i] = MISMATCH
                    reasons[i] = reasons[i] or [REASONS[REASONS.index("weak_overlap")]]
            columns[_COLUMNS["mismatch_verdict"]] = named(numbers, VERDICTS)
            columns[_COLUMNS["mismatch_probability"]] = pa.array(probability, pa.float64())
            columns[_COLUMNS["mismatch_reasons"]] = pa.array(reasons, pa.list_(pa.string()))
        schema = judged.columns.schema.append(BETTER_ROW)
        return Judged(np.asarray(numbers), pa.RecordBatch.from_arrays([*columns, better], schema=schema))
