"""The scorer: an Arrow batch of titles and bodies goes in, the same rows with their verdicts come out.

A verdict is a function of the row and of the model. Every front door calls `Scorer`, and nothing else computes a verdict.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mismatch.errors import ModelError
from mismatch.features.overlap_features import FEATURE_NAMES
from mismatch.judging import adaptation
from mismatch.judging.comparison import Column, Compared, compare, prepared
from mismatch.judging.frames import arrow_table, is_pairs, judged_part, pairs_table, source_column, with_columns
from mismatch.judging.verdicts import (
    ADDED_SCHEMA,
    KEYWORD_FIELDS,
    MISMATCH,
    REASONS,
    UNSCORABLE,
    UNSURE,
    VERDICTS,
    Judged,
    Verdict,
    named,
    reason_lists,
    verdicts_of,
)
from mismatch.model.calibration import FLAG_FROM, UNSURE_FROM
from mismatch.model.model import Model
from mismatch.model.model_file import load_model, save_model
from mismatch.model.starter import model_path
from mismatch.terms.text_buffers import texts_of

_HITS = FEATURE_NAMES.index("hits")
BATCH_PAIRS = 4096


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
        self.model = model
        self.explain, self.thorough, self.paragraphs = explain, thorough, paragraphs
        self.schema = pa.schema([*ADDED_SCHEMA, *KEYWORD_FIELDS]) if explain else ADDED_SCHEMA

    def with_model(self, model: Model) -> Scorer:
        """A scorer with another model and the same options."""
        return Scorer(model, explain=self.explain, thorough=self.thorough, paragraphs=self.paragraphs)

    def adapt(self, pairs: Any, *, title: str = "title", body: str = "body", source: str | None = None) -> Scorer:
        """A scorer that is adapted to the stream that some pairs are drawn from; no labels are needed.

        It learns how titles and bodies of the stream go together, and what the titles of each source share, such as the name
        of a site (see `judging.adaptation`). Where fewer than 30 different pairs can be judged, the model stays as it is.

        Parameters
        ----------
        pairs
            As `score` takes them.
        source
            Name of the column of sources; by default the usual names are tried.
        """
        return self._adapted(
            arrow_table(judged_part(pairs, title, body, source), title=title, body=body), title, body, source
        )

    def save(self, path: str | Path) -> None:
        """Writes the model, with what it was adapted to, to one file.

        Raises
        ------
        ModelError
            If the file cannot be written.
        """
        save_model(self.model, path)

    def compare(self, titles: Column, bodies: Column, sources: Column | None = None) -> Compared:
        """The numbers that the verdicts of a batch are made of."""
        return compare(self.model, titles, bodies, sources, thorough=self.thorough)

    def prepared(self, title: str | None, body: str | None, source: str | None = None) -> tuple[str, str]:
        """Title and body of one pair as they are compared."""
        columns = [pa.array([text], pa.large_string()) for text in (title, body, source)]
        texts = prepared(self.model, *columns)
        return texts_of(texts.titles)[0] or "", texts_of(texts.bodies)[0] or ""

    def added_columns(self, titles: Column, bodies: Column, sources: Column | None = None) -> pa.RecordBatch:
        """The verdict columns (`schema`) of a batch, row by row, as `judge` gives them."""
        return self.judge(titles, bodies, sources).columns

    def judge(self, titles: Column, bodies: Column, sources: Column | None = None) -> Judged:
        """Judges a batch, row by row. Releases the GIL for nearly all of its time.

        Parameters
        ----------
        titles, bodies : Arrow text of one length
        sources : Arrow text of that length, optional
            Where each article comes from: what the titles of a source share is cut from them, if the model knows it.
        """
        compared = self.compare(titles, bodies, sources)
        calibration, refused, n = self.model.calibration, compared.refused, len(compared.refused)
        probability = calibration.probability(compared.log_odds)
        verdicts = np.zeros(n, np.int8)
        with np.errstate(invalid="ignore"):
            verdicts[probability >= UNSURE_FROM] = UNSURE
            verdicts[(probability >= FLAG_FROM) & (compared.log_odds > calibration.cut)] = MISMATCH
        verdicts[refused > 0] = UNSCORABLE
        title_topics, body_topics, differ = self._topics(compared.vectors, n)
        reasons = reason_lists(self._reasons(compared, verdicts, differ))
        columns = [
            named(verdicts, VERDICTS),
            pa.array(probability, pa.float64(), mask=refused > 0),
            reasons,
            title_topics,
            body_topics,
        ]
        if self.explain:
            from mismatch.features.keywords import keywords

            columns += [
                pa.array([keywords(text or "", self.model.lexicon) for text in texts_of(side)], pa.list_(pa.string()))
                for side in compared.texts
            ]
        return Judged(verdicts, pa.RecordBatch.from_arrays(columns, schema=self.schema))

    def _reasons(self, compared: Compared, verdicts: NDArray[np.int8], topics_differ: NDArray[np.bool_]) -> NDArray[np.int8]:
        """Up to four reasons a row as numbers into `REASONS`, shape (n_rows, 4), most telling first, 0 for none."""
        doubtful = (verdicts == MISMATCH) | (verdicts == UNSURE)
        reasons = np.zeros((len(verdicts), 4), np.int8)
        reasons[doubtful & topics_differ, 0] = REASONS.index("topic_mismatch")
        reasons[:, 1] = compared.refused
        reasons[doubtful, 1] = REASONS.index("weak_overlap")
        reasons[doubtful & (compared.features[:, _HITS] == 0), 1] = REASONS.index("no_shared_terms")
        reasons[:, 3] = compared.abroad
        if self.paragraphs and self.model.paragraphs is not None:
            foreign = self.model.paragraphs.foreign(*compared.texts, self.model.lexicon)
            reasons[foreign & (compared.refused == 0), 2] = REASONS.index("foreign_paragraph")
        return reasons

    def _topics(self, vectors: NDArray[np.float32], n: int) -> tuple[pa.Array, pa.Array, NDArray[np.bool_]]:
        """The topics of titles and bodies, and where they are known and differ."""
        topics = self.model.topics
        if topics is None or not vectors.size:
            return pa.nulls(n, pa.string()), pa.nulls(n, pa.string()), np.zeros(n, bool)
        title_topics = topics.name(vectors[:, 0], topics.title_threshold)
        body_topics = topics.name(vectors[:, 1], topics.body_threshold)
        names = [named(numbers, topics.names) for numbers in (title_topics, body_topics)]
        return names[0], names[1], topics.differ(title_topics, body_topics)

    def score_batch(
        self, batch: pa.RecordBatch, *, title: str = "title", body: str = "body", source: str | None = None
    ) -> pa.RecordBatch:
        """The batch with the verdict columns added; columns of those names that it had are replaced.

        Raises
        ------
        InputError
            If a column is missing or is not text.
        """
        pairs = pairs_table(batch.select([n for n in (title, body) if n in batch.schema.names]), title=title, body=body)
        added = self.added_columns(pairs[title], pairs[body], source_column(batch, source))
        kept = [name for name in batch.schema.names if name not in self.schema.names]
        fields = [batch.schema.field(name) for name in kept] + list(self.schema)
        return pa.RecordBatch.from_arrays(
            [batch.column(name) for name in kept] + added.columns, schema=pa.schema(fields, batch.schema.metadata)
        )

    def score_table(
        self, table: pa.Table, *, title: str = "title", body: str = "body", source: str | None = None
    ) -> pa.Table:
        """The table with the verdict columns added, on all cores, by the model as it is."""
        if not table.num_rows:
            empty = pa.RecordBatch.from_arrays([pa.array([], f.type) for f in table.schema], schema=table.schema)
            return pa.Table.from_batches([self.score_batch(empty, title=title, body=body, source=source)])
        batches = table.to_batches(max_chunksize=BATCH_PAIRS)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            scored = pool.map(lambda b: self.score_batch(b, title=title, body=body, source=source), batches)
            return pa.Table.from_batches(scored)

    def score(
        self, pairs: Any, *, title: str = "title", body: str = "body", source: str | None = None, adapt: bool | None = None
    ) -> Any:
        """Judges pairs, as `mismatch score` does.

        Parameters
        ----------
        pairs
            A sequence of (title, body), or a data frame or Arrow table with a title and a body column.
        source
            Name of the column of sources; by default the usual names are tried.
        adapt
            Whether the model is first adapted to these pairs (see `adapt`); by default a model that was adapted to a feed
            already is used as it is. False makes the verdict on a pair independent of the others.

        Returns
        -------
        list of Verdict for a sequence; a table with the verdict columns added for a table, of the same kind (pandas,
        polars, DuckDB, pyarrow; an Arrow table for whatever else exposes the Arrow C stream).
        """
        table = arrow_table(judged_part(pairs, title, body, source), title=title, body=body)
        scorer = self
        if adapt or (adapt is None and not self.model.is_adapted):
            scorer = self._adapted(table, title, body, source)
        scored = scorer.score_table(table, title=title, body=body, source=source)
        return verdicts_of(scored) if is_pairs(pairs) else with_columns(pairs, scored, self.schema.names)

    def verdicts(
        self, titles: Sequence[str | None], bodies: Sequence[str | None], sources: Sequence[str | None] | None = None
    ) -> list[Verdict]:
        """The verdicts on articles as they come, by the model as it is."""
        columns = [None if texts is None else pa.array(texts, pa.large_string()) for texts in (titles, bodies, sources)]
        return verdicts_of(pa.Table.from_batches([self.added_columns(*columns)]))

    def _adapted(self, table: pa.Table, title: str, body: str, source: str | None) -> Scorer:
        if table.num_rows < adaptation.MIN_PAIRS:
            return self
        drawn = adaptation.drawn_evenly(table)
        pairs = pairs_table(drawn, title=title, body=body)
        columns = {"title": pairs[title], "body": pairs[body]}
        if (sources := source_column(pairs, source)) is not None:
            columns["source"] = sources
        model = adaptation.adapt(self.model, pa.table(columns)).model
        return self if model is self.model else self.with_model(model)


def load(
    model: str | Path = "starter", *, explain: bool = False, thorough: bool = False, paragraphs: bool = False,
    sha256: str | None = None,
) -> Scorer:  # fmt: skip
    """A scorer with the starter model, or with the model in a file.

    Parameters
    ----------
    sha256
        The SHA-256 that the file must have, in hexadecimal digits, as `sha256sum` prints it.

    Raises
    ------
    ModelError
        If the file is not a usable model, is another than that digest says, or lacks a part that is asked for.
    """
    return Scorer(load_model(model_path(model), sha256=sha256), explain=explain, thorough=thorough, paragraphs=paragraphs)
