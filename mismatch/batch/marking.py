"""Reasons that other rows have shown, added to the rows that were judged or that carry their verdicts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mismatch.judging.verdicts import Judged


def with_reasons(judged: Judged, codes: Sequence[str], bits: NDArray[np.uint8]) -> Judged:
    """What was judged, with further reasons behind those that it has; verdicts and probabilities stay.

    Parameters
    ----------
    codes
        At most eight reason codes.
    bits : shape (n_rows,)
        A bit for each of `codes`: whether the row gets it.
    """
    rows = np.flatnonzero(bits)
    if not len(rows):
        return judged
    place = judged.columns.schema.get_field_index("mismatch_reasons")
    reasons = judged.columns.column(place).to_pylist()
    for row in rows.tolist():
        known = reasons[row] or []
        reasons[row] = known + [code for k, code in enumerate(codes) if bits[row] >> k & 1 and code not in known]
    columns = list(judged.columns.columns)
    columns[place] = pa.array(reasons, judged.columns.schema.field(place).type)
    return Judged(judged.numbers, pa.RecordBatch.from_arrays(columns, schema=judged.columns.schema))
