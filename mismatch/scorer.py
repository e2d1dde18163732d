"""The one way through: an Arrow batch of titles and bodies goes in, the same rows with their verdicts come out."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mismatch import screening
from mismatch.frames import arrow_table, is_pairs, judged_part, pairs_table, with_columns
from mismatch.head import score_pairs
from mismatch.model import Model
from mismatch.model_file import load_model
from mismatch.overlap import FEATURE_NAMES
from mismatch.starter import model_path
from mismatch.tokens import text_buffers

VERDICTS = ("match", "mismatch", "unsure", "unscorable")
ADDED_SCHEMA = pa.schema(
    [
        ("mismatch_verdict", pa.string()),
        ("mismatch_probability", pa.float64()),
        ("mismatch_reasons", pa.list_(pa.string())),
        ("title_topic", pa.string()),
        ("body_topic", pa.string()),
    ]
)
_MATCH, _MISMATCH, _UNSURE, _UNSCORABLE = range(4)
_REASONS = (*screening.REASONS, "no_shared_terms", "weak_overlap")
_HITS = FEATURE_NAMES.index("hits")
BATCH_PAIRS = 4096


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


class Scorer:
    """Judges pairs with a model. Safe to use from several threads.

    Examples
    --------
    >>> import mismatch
    >>> scorer = mismatch.load()                                            # doctest: +SKIP
    >>> scorer.score([("KXIP vs KKR Live Score", "Speaking to reporters ...")])[0].verdict   # doctest: +SKIP
    'mismatch'
    """

    def __init__(self, model: Model) -> None:
        self.model = model

    def added_columns(self, titles: pa.Array, bodies: pa.Array) -> pa.RecordBatch:
        """The verdict columns (`ADDED_SCHEMA`) of a batch, row by row. Releases the GIL for nearly all of its time."""
        title_text, body_text = text_buffers(titles), text_buffers(bodies)
        wanted = screening.has_text(title_text, body_text)
        log_odds, features = score_pairs(title_text, body_text, wanted, self.model.lexicon, self.model.forest)
        refused = screening.screen(title_text, body_text, features)
        calibration = self.model.calibration
        verdicts = np.zeros(len(log_odds), np.int8)
        with np.errstate(invalid="ignore"):
            verdicts[log_odds > calibration.unsure_cut] = _UNSURE
            verdicts[log_odds > calibration.cut] = _MISMATCH
        verdicts[refused > 0] = _UNSCORABLE
        probability = calibration.probability(log_odds)
        reasons = refused.astype(np.int8)
        doubtful = (verdicts == _MISMATCH) | (verdicts == _UNSURE)
        reasons[doubtful] = _REASONS.index("weak_overlap")
        reasons[doubtful & (features[:, _HITS] == 0)] = _REASONS.index("no_shared_terms")
        nothing = pa.nulls(len(log_odds), pa.string())
        return pa.RecordBatch.from_arrays(
            [
                _names(verdicts, VERDICTS),
                pa.array(probability, pa.float64(), mask=refused > 0),
                _reason_lists(reasons),
                nothing,
                nothing,
            ],
            schema=ADDED_SCHEMA,
        )

    def score_batch(self, batch: pa.RecordBatch, *, title: str = "title", body: str = "body") -> pa.RecordBatch:
        """The batch with the verdict columns added; columns of those names that it had are replaced.

        Raises
        ------
        InputError
            If a column is missing or is not text.
        """
        pairs = pairs_table(batch.select([n for n in (title, body) if n in batch.schema.names]), title=title, body=body)
        added = self.added_columns(pairs[title].combine_chunks(), pairs[body].combine_chunks())
        kept = [name for name in batch.schema.names if name not in ADDED_SCHEMA.names]
        fields = [batch.schema.field(name) for name in kept] + list(ADDED_SCHEMA)
        return pa.RecordBatch.from_arrays(
            [batch.column(name) for name in kept] + added.columns, schema=pa.schema(fields, batch.schema.metadata)
        )

    def score_table(self, table: pa.Table, *, title: str = "title", body: str = "body") -> pa.Table:
        """The table with the verdict columns added, on all cores."""
        if not table.num_rows:
            empty = pa.RecordBatch.from_arrays([pa.array([], f.type) for f in table.schema], schema=table.schema)
            return pa.Table.from_batches([self.score_batch(empty, title=title, body=body)])
        batches = table.to_batches(max_chunksize=BATCH_PAIRS)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            return pa.Table.from_batches(pool.map(lambda b: self.score_batch(b, title=title, body=body), batches))

    def score(self, pairs: Any, *, title: str = "title", body: str = "body") -> Any:
        """Judges pairs.

        Parameters
        ----------
        pairs
            A sequence of (title, body), or a data frame or Arrow table with a title and a body column.

        Returns
        -------
        list of Verdict for a sequence; a table with the verdict columns added for a table, of the same kind (pandas,
        polars, DuckDB, pyarrow; an Arrow table for whatever else exposes the Arrow C stream).
        """
        table = arrow_table(judged_part(pairs, title=title, body=body), title=title, body=body)
        scored = self.score_table(table, title=title, body=body)
        if not is_pairs(pairs):
            return with_columns(pairs, scored, ADDED_SCHEMA.names)
        rows = scored.select(ADDED_SCHEMA.names).to_pylist()
        return [
            Verdict(
                row["mismatch_verdict"], row["mismatch_probability"], tuple(row["mismatch_reasons"]),
                row["title_topic"], row["body_topic"],
            )
            for row in rows
        ]  # fmt: skip


def load(model: str | Path = "starter") -> Scorer:
    """A scorer with the starter model, or with the model in a file.

    Raises
    ------
    ModelError
        If the file is not a usable model.
    """
    return Scorer(load_model(model_path(model)))


def _names(numbers: NDArray[np.int8], names: tuple[str, ...]) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(numbers), pa.array(names)).cast(pa.string())


def _reason_lists(numbers: NDArray[np.int8]) -> pa.Array:
    """Lists of no reason (number 0) or one."""
    offsets = np.zeros(len(numbers) + 1, np.int32)
    np.cumsum(numbers > 0, out=offsets[1:])
    return pa.ListArray.from_arrays(pa.array(offsets), _names(numbers[numbers > 0], _REASONS))
