"""The scorer: an Arrow batch of titles and bodies goes in, the same rows with their verdicts come out.

A verdict is a function of the row and of the model. Every front door calls `Scorer`, and nothing else computes a verdict.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar, overload

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mismatch.errors import ModelError
from mismatch.features.overlap_features import FEATURE_NAMES
from mismatch.judging import adaptation
from mismatch.judging.comparison import Column, Compared, compare, prepared
from mismatch.judging.explanation import Explanation, explain
from mismatch.judging.frames import Pair, Row, appended, at_hand, pairs_table, text_or_none, with_columns
from mismatch.judging.progress import counting
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
Frame = TypeVar("Frame")
"""a table of any kind (pandas, polars, DuckDB, pyarrow)"""


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
        self.keywords, self.thorough, self.paragraphs = explain, thorough, paragraphs
        self.schema = pa.schema([*ADDED_SCHEMA, *KEYWORD_FIELDS]) if explain else ADDED_SCHEMA

    def __repr__(self) -> str:
        options = [name for name in ("keywords", "thorough", "paragraphs") if getattr(self, name)]
        return f"Scorer({', '.join([repr(self.model), *(f'{name}=True' for name in options)])})"

    def with_model(self, model: Model) -> Scorer:
        """A scorer with another model and the same options."""
        return Scorer(model, explain=self.keywords, thorough=self.thorough, paragraphs=self.paragraphs)

    def explain(self, title: str | None, body: str | None, source: str | None = None) -> Explanation:
        """One article in words: the verdict, and which terms of the title are in the body, where, and which are not.

        Returns
        -------
        Explanation
            `print` shows it as text, a notebook as a small page, and `as_dict` gives plain values.

        Examples
        --------
        >>> print(mismatch.load().explain("KXIP vs KKR Live Score", "Speaking to reporters ..."))   # doctest: +SKIP
        """
        texts = {"title": title, "body": body, "source": source}
        return explain(self, *(text_or_none(text, name) for name, text in texts.items()))

    def adapt(
        self, pairs: Any, *, title: str | None = None, body: str | None = None, source: str | None = None
    ) -> Scorer:  # fmt: skip
        """A scorer that is adapted to the stream that some pairs are drawn from; no labels are needed.

        It learns how titles and bodies of the stream go together, and what the titles of each source share, such as the name
        of a site (see `judging.adaptation`). Where fewer than 30 different pairs can be judged, the model stays as it is.

        Parameters
        ----------
        pairs
            As `score` takes them.
        title, body, source
            Names of columns; by default the usual names are tried.
        """
        return self._adapted(pairs_table(pairs, title=title, body=body, source=source))

    def save(self, path: str | Path) -> None:
        """Writes the model, with what it was adapted to, to one file.

        Raises
        ------
        UnwrittenModelError
            If the file cannot be written.
        """
        save_model(self.model, path)

    def compare(self, titles: Column, bodies: Column, sources: Column | None = None) -> Compared:
        """The numbers that the verdicts of a batch are made of."""
        return compare(self.model, titles, bodies, sources, thorough=self.thorough)

    def prepared(self, title: str | None, body: str | None, source: str | None = None) -> tuple[str, str]:
        """Title and body of one pair as they are compared."""
        columns = [_text_column([text]) for text in (title, body, source)]
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
        if self.keywords:
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
        self, batch: pa.RecordBatch, *, title: str | None = None, body: str | None = None, source: str | None = None
    ) -> pa.RecordBatch:
        """The batch with the verdict columns added; columns of those names that it had are replaced.

        Raises
        ------
        InputError
            If a column is missing or is not text.
        """
        pairs = pairs_table(batch, title=title, body=body, source=source)
        added = self.added_columns(*_columns(pairs))
        kept = [name for name in batch.schema.names if name not in self.schema.names]
        fields = [batch.schema.field(name) for name in kept] + list(self.schema)
        return pa.RecordBatch.from_arrays(
            [batch.column(name) for name in kept] + added.columns, schema=pa.schema(fields, batch.schema.metadata)
        )

    def score_table(
        self, table: pa.Table, *, title: str | None = None, body: str | None = None, source: str | None = None
    ) -> pa.Table:
        """The table with the verdict columns added, on all cores, by the model as it is."""
        return appended(table, self._added(pairs_table(table, title=title, body=body, source=source)))

    @overload
    def score(
        self, pairs: Sequence[Pair] | Sequence[Row] | Iterator[Pair] | NDArray[Any], *, title: str | None = None,
        body: str | None = None, source: str | None = None, adapt: bool | None = None, progress: bool = False,
    ) -> list[Verdict]: ...  # fmt: skip

    @overload
    def score(
        self, pairs: Frame, *, title: str | None = None, body: str | None = None, source: str | None = None,
        adapt: bool | None = None, progress: bool = False,
    ) -> Frame: ...  # fmt: skip

    def score(
        self, pairs: Any, *, title: str | None = None, body: str | None = None, source: str | None = None,
        adapt: bool | None = None, progress: bool = False,
    ) -> Any:  # fmt: skip
        """Judges pairs, as `mismatch score` does.

        Parameters
        ----------
        pairs
            A sequence of (title, body) or of dictionaries, or a data frame, lazy frame, relation or Arrow table.
        title, body, source
            Names of columns; by default the usual names are tried, as on the command line.
        adapt
            Whether the model is first adapted to these pairs (see `adapt`); by default a model that was adapted to a feed
            already is used as it is. False makes the verdict on a pair independent of the others.
        progress
            Show a progress bar on standard error.

        Returns
        -------
        list of Verdict for a sequence; a table with the verdict columns added for a table, of the same kind (pandas,
        polars, DuckDB, pyarrow; an Arrow table for whatever else exposes the Arrow C stream).

        Raises
        ------
        InputError
            If a column is missing or is not text; the message lists the columns that there are.
        """
        held = at_hand(pairs)
        table = pairs_table(held, title=title, body=body, source=source)
        scorer = self
        if adaptation.is_wanted(adapt, self.model):
            scorer = self._adapted(table)
        added = scorer._added(table, progress=progress)
        return verdicts_of(added) if isinstance(held, list) else with_columns(pairs, held, added)

    def verdicts(
        self, titles: Sequence[str | None], bodies: Sequence[str | None], sources: Sequence[str | None] | None = None
    ) -> list[Verdict]:
        """The verdicts on articles as they come, by the model as it is."""
        columns = [None if texts is None else _text_column(texts) for texts in (titles, bodies, sources)]
        return verdicts_of(pa.Table.from_batches([self.added_columns(*columns)]))

    def _added(self, pairs: pa.Table, *, progress: bool = False) -> pa.Table:
        """The verdict columns of a table of pairs, on all cores."""
        batches = pairs.to_batches(max_chunksize=BATCH_PAIRS)
        with ThreadPoolExecutor(os.cpu_count()) as pool, counting("judging", pairs.num_rows, shown=progress) as tell:
            added = []
            for columns in pool.map(lambda batch: self.added_columns(*_columns(batch)), batches):
                added.append(columns)
                tell(columns.num_rows)
        return pa.Table.from_batches(added, self.schema)

    def _adapted(self, pairs: pa.Table) -> Scorer:
        if pairs.num_rows < adaptation.MIN_PAIRS:
            return self
        model = adaptation.adapt(self.model, adaptation.drawn_evenly(pairs)).model
        return self if model is self.model else self.with_model(model)


def _text_column(texts: Sequence[str | None]) -> pa.Array:
    return pa.array([text_or_none(text, i) for i, text in enumerate(texts)], pa.large_string())


def _columns(pairs: pa.Table | pa.RecordBatch) -> tuple[Column, Column, Column | None]:
    return pairs["title"], pairs["body"], pairs["source"] if "source" in pairs.schema.names else None


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
