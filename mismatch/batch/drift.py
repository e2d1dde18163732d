"""Whether a stream still is what its model was adapted to: what would change if the model were adapted again.

The model that is adapted anew to a sample of the stream judges it beside the model as it is; where verdicts differ, the
stream has drifted in a way that counts.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from mismatch.batch.source_ranking import jeffreys
from mismatch.judging.adaptation import adapt
from mismatch.judging.scorer import Scorer
from mismatch.judging.verdicts import UNSCORABLE

SAMPLE_ROWS = 1500
LONGEST = 1 << 16
"""bytes of a title and a body: longer pairs are not drawn, so that a sample takes 100 MB at most"""
HARMLESS = 0.01
"""share of the verdicts that may change between two samples of one stream"""
_SCHEMA = pa.schema([(name, pa.large_string()) for name in ("title", "body", "source")])


@dataclass(frozen=True)
class Drift:
    """How far a stream is from what its model was adapted to."""

    rows: int
    """of the sample, those that both models can judge"""
    changed: float
    """share of them whose verdict the model changes when it is adapted again"""
    changed_at_least: float
    share: float | None
    """estimated share of mismatches in the stream"""
    share_then: tuple[float, float] | None
    """interval of the share in what the model was adapted to"""

    @property
    def calibrate_again(self) -> bool:
        """Whether so many verdicts change that the model should be calibrated again."""
        return self.changed_at_least > HARMLESS

    def to_plain(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {**asdict(self), "calibrate_again": self.calibrate_again}


class SampledPairs:
    """An even sample of a stream, drawn as it passes (the rows with the smallest of random numbers)."""

    def __init__(self, rows: int = SAMPLE_ROWS, seed: int = 0) -> None:
        self._most, self._generator = rows, np.random.default_rng(seed)
        self._drawn: NDArray[np.float64] = np.empty(0)
        self._table = _SCHEMA.empty_table()

    def add(self, rows: pa.RecordBatch) -> None:
        """The next rows, with the columns `title`, `body` and `source`."""
        numbers = self._generator.random(rows.num_rows)
        limit = self._drawn.max() if len(self._drawn) >= self._most else 1.0
        sizes = sum(pc.binary_length(rows[name]).fill_null(0).to_numpy(zero_copy_only=False) for name in ("title", "body"))
        taken = np.flatnonzero((numbers < limit) & (sizes <= LONGEST))
        if not len(taken):
            return
        new = pa.Table.from_batches([rows.select(_SCHEMA.names).take(pa.array(taken)).cast(_SCHEMA)])
        drawn = np.concatenate([self._drawn, numbers[taken]])
        kept = np.sort(np.argsort(drawn, kind="stable")[: self._most])
        self._table = pa.concat_tables([self._table, new]).take(pa.array(kept)).combine_chunks()
        self._drawn = drawn[kept]

    @property
    def table(self) -> pa.Table:
        return self._table


def drift_of(scorer: Scorer, sample: pa.Table) -> Drift | None:
    """How far a sample is from what the scorer's model was adapted to; None where either shows too little.

    Parameters
    ----------
    sample
        Columns `title`, `body` and `source`.
    """
    model = scorer.model
    if not model.is_adapted or not sample.num_rows:
        return None
    again = adapt(model, sample)
    if not again.learned or again.model.stream is None:
        return None
    columns = [sample[name] for name in _SCHEMA.names]
    then, now = (one.judge(*columns).numbers for one in (scorer, scorer.with_model(again.model)))
    judged = (then != UNSCORABLE) & (now != UNSCORABLE)
    n, changed = int(judged.sum()), int((then != now)[judged].sum())
    if not n:
        return None
    low, _ = jeffreys(np.array([changed]), np.array([n]))
    share_then = model.stream.share_interval if model.stream is not None else None
    return Drift(n, changed / n, float(low[0]), again.model.stream.share, share_then)
