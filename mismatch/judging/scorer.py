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

from mismatch.errors import ModelError
from mismatch.features.cascade import score_pairs
from mismatch.features.overlap_features import FEATURE_NAMES
from mismatch.judging.frames import arrow_table, is_pairs, judged_part, pairs_table, with_columns
from mismatch.model.model import Model
from mismatch.model.model_file import load_model
from mismatch.model.starter import model_path
from mismatch.screening import screening
from mismatch.screening.reasons import REASONS_TO_DOUBT
from mismatch.terms.text_buffers import text_buffers

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
KEYWORD_FIELDS = (
    pa.field("title_keywords", pa.list_(pa.string())),
    pa.field("body_keywords", pa.list_(pa.string())),
)
_MATCH, _MISMATCH, _UNSURE, _UNSCORABLE = range(4)
_REASONS = (*screening.REASONS, *REASONS_TO_DOUBT)
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

    def __init__(self, model: Model, *, explain: bool = False, thorough: bool = False, paragraphs: bool = False) -> None:
        """
        Parameters
        ----------
        explain
            Add `title_keywords` and `body_keywords` too, what each is about in its own words. Far slower.
        thorough
            Read every body to its end, also where its beginning shows already that the title belongs to it.
        paragraphs
            Give the reason `foreign_paragraph` to bodies with a paragraph that fits neither the title nor the rest. The
            verdict does not change. Adds 0.3 to 0.9 ms a row.

        Raises
        ------
        ModelError
            If `paragraphs` and the model has no part for that.
        """
        if paragraphs and model.paragraphs is None:
            raise ModelError("this model cannot look for foreign paragraphs: it was trained without a base that can")
        self.paragraphs = paragraphs
        self.model = model
        self.explain = explain
        self.first_look = None if thorough else model.usable_first_look()
        self.schema = pa.schema([*ADDED_SCHEMA, *KEYWORD_FIELDS]) if explain else ADDED_SCHEMA

    def added_columns(self, titles: pa.Array, bodies: pa.Array) -> pa.RecordBatch:
        """The verdict columns (`schema`) of a batch, row by row. Releases the GIL for nearly all of its time."""
        title_text, body_text = text_buffers(titles), text_buffers(bodies)
        wanted = screening.has_text(title_text, body_text)
        model, n = self.model, len(wanted)
        size = model.lexicon.vectors.size if model.topics is not None and model.lexicon.vectors is not None else 0
        vectors = np.zeros((n, 2 if size else 0, size), np.float32)
        log_odds, features = score_pairs(
            title_text, body_text, wanted, model.lexicon, model.forest, vectors, self.first_look
        )
        refused = screening.screen(title_text, body_text, features, model.boilerplate)
        verdicts = np.zeros(n, np.int8)
        with np.errstate(invalid="ignore"):
            verdicts[log_odds > model.calibration.unsure_cut] = _UNSURE
            verdicts[log_odds > model.calibration.cut] = _MISMATCH
        verdicts[refused > 0] = _UNSCORABLE
        doubtful = (verdicts == _MISMATCH) | (verdicts == _UNSURE)
        title_topics, body_topics, differ = self._topics(vectors, n)
        reasons = np.zeros((n, 3), np.int8)
        reasons[doubtful & differ, 0] = _REASONS.index("topic_mismatch")
        reasons[:, 1] = refused
        reasons[doubtful, 1] = _REASONS.index("weak_overlap")
        reasons[doubtful & (features[:, _HITS] == 0), 1] = _REASONS.index("no_shared_terms")
        if self.paragraphs and model.paragraphs is not None:
            foreign = model.paragraphs.foreign(title_text, body_text, model.lexicon)
            reasons[foreign & (refused == 0), 2] = _REASONS.index("foreign_paragraph")
        probability = pa.array(model.calibration.probability(log_odds), pa.float64(), mask=refused > 0)
        columns = [_names(verdicts, VERDICTS), probability, _reason_lists(reasons), title_topics, body_topics]
        if self.explain:
            from mismatch.features.keywords import keywords

            columns += [
                pa.array([keywords(text or "", model.lexicon) for text in side.to_pylist()], pa.list_(pa.string()))
                for side in (titles, bodies)
            ]
        return pa.RecordBatch.from_arrays(columns, schema=self.schema)

    def _topics(self, vectors: NDArray[np.float32], n: int) -> tuple[pa.Array, pa.Array, NDArray[np.bool_]]:
        """The topics of titles and bodies, and where they are known and differ."""
        topics = self.model.topics
        if topics is None or not vectors.size:
            return pa.nulls(n, pa.string()), pa.nulls(n, pa.string()), np.zeros(n, bool)
        title_topics = topics.name(vectors[:, 0], topics.title_threshold)
        body_topics = topics.name(vectors[:, 1], topics.body_threshold)
        named = [_names(numbers, topics.names) for numbers in (title_topics, body_topics)]
        return named[0], named[1], topics.differ(title_topics, body_topics)

    def score_batch(self, batch: pa.RecordBatch, *, title: str = "title", body: str = "body") -> pa.RecordBatch:
        """The batch with the verdict columns added; columns of those names that it had are replaced.

        Raises
        ------
        InputError
            If a column is missing or is not text.
        """
        pairs = pairs_table(batch.select([n for n in (title, body) if n in batch.schema.names]), title=title, body=body)
        added = self.added_columns(pairs[title].combine_chunks(), pairs[body].combine_chunks())
        kept = [name for name in batch.schema.names if name not in self.schema.names]
        fields = [batch.schema.field(name) for name in kept] + list(self.schema)
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
            return with_columns(pairs, scored, self.schema.names)
        rows = scored.select(ADDED_SCHEMA.names).to_pylist()
        return [
            Verdict(
                row["mismatch_verdict"], row["mismatch_probability"], tuple(row["mismatch_reasons"]),
                row["title_topic"], row["body_topic"],
            )
            for row in rows
        ]  # fmt: skip


def load(
    model: str | Path = "starter", *, explain: bool = False, thorough: bool = False, paragraphs: bool = False
) -> Scorer:
    """A scorer with the starter model, or with the model in a file.

    Raises
    ------
    ModelError
        If the file is not a usable model, or lacks a part that is asked for.
    """
    return Scorer(load_model(model_path(model)), explain=explain, thorough=thorough, paragraphs=paragraphs)


def _names(numbers: NDArray[Any], names: tuple[str, ...]) -> pa.Array:
    """Names by number, null for negative numbers."""
    indices = pa.array(numbers.astype(np.int32), mask=numbers < 0)
    return pa.DictionaryArray.from_arrays(indices, pa.array(names, pa.string())).cast(pa.string())


def _reason_lists(numbers: NDArray[np.int8]) -> pa.Array:
    """A list for each row of the reasons that are not 0, in their order; `numbers` has shape (n_rows, n_reasons)."""
    given = numbers > 0
    offsets = np.zeros(len(numbers) + 1, np.int32)
    np.cumsum(given.sum(axis=1), out=offsets[1:])
    return pa.ListArray.from_arrays(pa.array(offsets), _names(numbers[given], _REASONS))
