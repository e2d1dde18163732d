"""Training on archives of any size: terms are counted in every pair, everything else is learned from what fits into memory.

An archive is read once. As long as its pairs fit into memory they are only kept, and the model is that of `recipe.train`.
When there are too many, worker threads count the terms of each chunk, one large counter adds them up in the order of the
archive, and a sample of bounded size is drawn. Memory does not grow with the archive, and time grows in step with it.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from mismatch.judging.pipeline import in_order
from mismatch.records.blocks import PAIRS_SCHEMA
from mismatch.records.memory import give_back
from mismatch.records.short_texts import kept
from mismatch.screening.title_cleaning import clean_titles, learn_habits
from mismatch.terms.document_frequency import Counts, DocumentCounter
from mismatch.terms.text_buffers import TextBuffers, text_buffers
from mismatch.training.recipe import Training, train
from mismatch.training.sampling import Limits, Sample, text_sizes
from mismatch.training.usable import usable_pairs

if TYPE_CHECKING:
    from mismatch.records.blocks import Block, Chunk
    from mismatch.records.quarantine import Quarantine
    from mismatch.records.reading import Reader

LIMITS = Limits()
MAX_TERMS = 1 << 19
"""terms, and stems, whose counts in a larger archive are kept: the most frequent ones"""
MAX_LABELS = 100
"""different labels that are looked at; there are fewer that mean something"""
_SCHEMA = pa.schema([(column.name, pa.large_string()) for column in PAIRS_SCHEMA])


@dataclass(frozen=True)
class Labels:
    """The labels of all pairs of an archive, whether they are in the sample or not."""

    first_rows: dict[str, int] = field(default_factory=dict)
    """the first pair, from 0 on, with each label; in their order, at most `MAX_LABELS`"""
    missing: int = 0
    """pairs without a label"""


@dataclass(frozen=True)
class Archive:
    """Pairs to learn from: all of an archive, or a sample of it and what was counted in all of it."""

    table: pa.Table
    """columns title, body, source, id, topic, label, each in one piece"""
    rows: NDArray[np.int64]
    """which pairs of the archive these are, from 0 on; shape (n_sampled,)"""
    n_rows: int
    """pairs of the archive"""
    labels: Labels
    counts: tuple[Counts, Counts] | None = None
    """document frequencies of terms and of stems in all pairs with text; None where the table holds all pairs"""
    n_counted: int = 0
    """pairs with enough text to be counted"""

    @property
    def sampled(self) -> bool:
        return self.counts is not None


def read_archive(
    reader: Reader, quarantine: Quarantine | None = None, *, limits: Limits | None = None, seed: int = 0,
    threads: int | None = None, on_progress: Callable[[int, int], None] | None = None,
) -> Archive:  # fmt: skip
    """Reads everything once, in bounded memory.

    Parameters
    ----------
    quarantine
        Takes what cannot be read, and counts it.
    limits
        From where on an archive is sampled; by default `LIMITS`.
    seed
        Of the sample: the same pairs are drawn again, however many threads there are.
    on_progress
        Called after each chunk with the pairs and the bytes read so far.
    """
    limits = limits or LIMITS
    workers = threads or os.cpu_count() or 1
    whole: list[pa.RecordBatch] = []
    counting: _Counting | None = None
    labels, n_rows, n_bytes = Labels(), 0, 0

    def work(chunk: Chunk) -> tuple[Block, pa.RecordBatch, DocumentCounter | None]:
        block = chunk.decode()
        pairs = kept(block.pairs).cast(_SCHEMA)
        return block, pairs, counting.count(pairs) if counting else None

    with ThreadPoolExecutor(workers) as pool:
        for block, pairs, counted in in_order(pool, work, iter(reader), workers + 1):
            if quarantine is not None:
                quarantine.extend(block.rejects)
            labels = _with_labels_of(labels, pairs.column("label"), n_rows)
            n_rows += pairs.num_rows
            n_bytes += int(text_sizes(pairs).sum())
            if counting is None and not limits.hold(n_rows, n_bytes):  # what was kept so far is counted now
                counting = _Counting([*whole, pairs], limits, seed)
                for batch, part in zip(whole, in_order(pool, counting.count, iter(whole), workers + 1), strict=True):
                    counting.take(batch, part)
                whole = []
            if counting is None:
                whole.append(pairs)
            else:
                counting.take(pairs, counted or counting.count(pairs))
            if on_progress is not None:
                on_progress(n_rows, reader.bytes_read)
    if counting is not None:
        archive = counting.archive(labels)
    else:
        archive = Archive(pa.Table.from_batches(whole, _SCHEMA), np.arange(n_rows), n_rows, labels)
        whole.clear()
    give_back()  # what was free between the chunks: hundreds of megabytes, and training needs other ones
    return replace(archive, table=archive.table.combine_chunks())


class _Counting:
    """What is done with each batch of an archive that does not fit.

    The habits of its sources are learned from the titles of the first batches, as many as fit.
    """

    def __init__(self, first: list[pa.RecordBatch], limits: Limits, seed: int) -> None:
        table = pa.Table.from_batches(first, _SCHEMA)
        self._habits = learn_habits(table["title"], table["source"])
        self._counter = DocumentCounter()
        self._spare: deque[DocumentCounter] = deque()
        self._sample = Sample(limits, seed)

    def count(self, pairs: pa.RecordBatch) -> DocumentCounter:
        """The terms of some pairs, as the scorer sees them; any thread may call it."""
        titles = text_buffers(clean_titles(pairs.column("title"), pairs.column("source"), self._habits))
        bodies = text_buffers(pairs.column("body"))
        usable = usable_pairs(titles, bodies)
        try:
            counter = self._spare.pop()
        except IndexError:
            counter = DocumentCounter()
        counter.add(*(TextBuffers(t.data, t.offsets, t.valid & usable) for t in (titles, bodies)))
        counter.n_documents = int(usable.sum())
        return counter

    def take(self, pairs: pa.RecordBatch, counted: DocumentCounter) -> None:
        """In the order of the archive: what is forgotten when memory is full depends on it."""
        self._counter.absorb(counted)
        counted.clear()
        self._spare.append(counted)
        self._sample.add(pairs)

    def archive(self, labels: Labels) -> Archive:
        terms, stems = self._counter.counts()
        n_counted = self._counter.n_documents
        self._counter = DocumentCounter()  # its tables, and those of the small ones, are large
        self._spare.clear()
        table, rows = self._sample.take()
        counts = terms.frequent(MAX_TERMS), stems.frequent(MAX_TERMS)
        return Archive(table, rows, self._sample.n_seen, labels, counts, n_counted)


def train_archive(
    archive: Archive, *, labels: NDArray[np.int64] | None = None, card: dict[str, Any] | None = None, **options: Any
) -> Training:
    """Trains on an archive; rows, labels and scores are those of its table.

    Parameters
    ----------
    labels, card, options
        As `recipe.train` takes them.

    Raises
    ------
    MismatchError
        If there are too few different pairs, or only mismatches.
    """
    training = train(archive.table, labels=labels, card=card, counts=archive.counts, **options)
    if not archive.sampled:
        return training
    of_sample = {name: number for name, number in training.model.card["pairs"].items() if name != "given"}
    pairs = {"given": archive.n_rows, "counted": archive.n_counted, "sampled": len(archive.rows), **of_sample}
    return replace(training, model=replace(training.model, card={**training.model.card, "pairs": pairs}))


def _with_labels_of(labels: Labels, column: pa.Array, first_row: int) -> Labels:
    """The labels with those of the next pairs."""
    missing = labels.missing + column.null_count
    rows = dict(labels.first_rows)
    if column.null_count < len(column) and len(rows) < MAX_LABELS:
        for value in column.unique().drop_null().to_pylist()[:MAX_LABELS]:
            rows.setdefault(value, first_row + pc.index(column, value).as_py())
    return Labels(rows, missing)
