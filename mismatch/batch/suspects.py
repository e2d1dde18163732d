"""The rows of a batch that may be stray, and some that fit, kept aside while all rows pass by.

They lie in two files of the temporary folder that are mapped into memory: memory holds their titles, and of their bodies
only what is being read. A batch is read once, so that it may come through a pipe.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mismatch.batch.scored import ScoredBlock, ScoredRows
from mismatch.judging.scorer import Scorer
from mismatch.judging.verdicts import MATCH, UNSCORABLE
from mismatch.records.formats.mapped import Mapped
from mismatch.records.left_behind import scratch_prefix
from mismatch.records.quarantine import Quarantine
from mismatch.records.scratch import scratch_room
from mismatch.records.short_texts import kept
from mismatch.screening import screening

SUSPECT_FROM = 0.01
"""probability of a mismatch from which a row is a suspect"""
TIMES_LESS = 3
"""how many times less doubtful a row must have become for what it carries to be out of date; less is another adaptation"""
OF_LANGUAGES = 0.9
"""the same of a row that is unscorable since title and body differ in language or script"""
MOST_SUSPECTS = 1 << 19
"""their titles, and sixteen candidates of each, take under 4 GB"""
SUSPECTS_FOR_A_STRAY, SOME_SUSPECTS = 2.5, 300
"""suspects at most, for each stray row that the probabilities promise, and besides: the likeliest are taken"""
_BYTES_RESIDENT = 16 << 20
"""of the files, while they are read"""
SAMPLED = 400
"""rows that fit, to learn from"""
_KEPT_SCHEMA = pa.schema(
    [
        ("row", pa.int64()),
        *((name, pa.large_string()) for name in ("id", "title", "body", "source")),
        ("origin", pa.large_string()),
        ("line", pa.int64()),
        ("doubt", pa.float64()),
        ("is_sample", pa.bool_()),
    ]
)
LANGUAGE_REASONS = frozenset(screening.REASONS[number] for number in screening.OF_LANGUAGES)


@dataclass
class Suspects:
    """Rows that may be stray, then rows that fit, each in the order of the input: *places* count through them from 0."""

    table: pa.Table
    """of both files: some of its rows count, see `kept`"""
    kept: NDArray[np.int64]
    """which rows of the table the places are"""
    rows: NDArray[np.int64]
    """shape (n_places,): their numbers in the input, from 1"""
    doubt: NDArray[np.float64]
    """shape (n_places,): probability of a mismatch"""
    is_sample: NDArray[np.bool_]
    n_rows: int
    """of the batch"""
    n_rejected: int
    folder: tempfile.TemporaryDirectory[str]
    mapped: list[Mapped]
    """the files, whose pages are given back once they are read: they may be larger than memory"""

    def texts(self, name: str) -> pa.Array:
        """A column of short texts (id, title, source), place by place."""
        parts = [batch.column(name).take(pa.array(local)) for _, local, batch in self._parts()]
        return pa.concat_arrays(parts) if parts else pa.array([], pa.large_string())

    def places_in_files(self) -> list[tuple[str, int]]:
        """The file of each place, and its line or row there, counted from 1."""
        lines = [
            line for _, local, batch in self._parts() for line in batch.column("line").take(pa.array(local)).to_pylist()
        ]
        return list(zip(self.texts("origin").to_pylist(), lines, strict=True))

    def bodies(self) -> Iterator[tuple[NDArray[np.int64], pa.Array]]:
        """The bodies in stretches: their places, and the texts."""
        for places, local, batch in self._parts():
            yield places, batch.column("body").take(pa.array(local))

    def _parts(self) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], pa.RecordBatch]]:
        first = resident = 0
        for batch in self.table.to_batches():
            if resident > _BYTES_RESIDENT:
                self._give_back()
                resident = 0
            resident += batch.nbytes
            low, high = np.searchsorted(self.kept, [first, first + len(batch)])
            if high > low:
                yield np.arange(low, high), self.kept[low:high] - first, batch
            first += len(batch)
        self._give_back()

    def _give_back(self) -> None:
        for mapped in self.mapped:
            mapped.give_back()


def gather(scored: ScoredRows, quarantine: Quarantine) -> Suspects:
    """Reads all rows, and keeps the suspects and a sample of those that fit."""
    folder = tempfile.TemporaryDirectory(prefix=scratch_prefix())
    suspects_file, sample_file = (Path(folder.name) / f"{name}.arrow" for name in ("suspects", "sample"))
    sample, generator = _Sample(), np.random.default_rng(0)
    n_rows = n_rejected = 0
    total = 0.0
    with scratch_room(), _kept_in(suspects_file) as of_suspects, _kept_in(sample_file) as of_sample:
        for block in scored:
            quarantine.extend(block.block.rejects)
            n_rows, n_rejected = n_rows + len(block.rows), n_rejected + len(block.block.rejects)
            doubt = doubt_of(block)
            if scored.carried:
                _doubt_by_now(scored.scorer, block, doubt)
            total += float(doubt.sum())
            suspects = np.flatnonzero(doubt >= SUSPECT_FROM)
            if len(suspects):
                of_suspects.write_batch(_kept(block, suspects, doubt))
            fits = np.flatnonzero((block.rows.column("verdict").to_numpy() == MATCH) & (doubt < SUSPECT_FROM))
            drawn = fits[sample.drawn(generator.random(len(fits)))]
            if len(drawn):
                of_sample.write_batch(_kept(block, drawn, doubt, sampled=True))
    mapped = [Mapped(str(path)) for path in (suspects_file, sample_file)]
    tables = [pa.ipc.open_file(pa.BufferReader(one.buffer)).read_all() for one in mapped]
    table = pa.concat_tables(tables)
    doubt, rows = (table[name].to_numpy() for name in ("doubt", "row"))
    most = min(MOST_SUSPECTS, int(SUSPECTS_FOR_A_STRAY * total) + SOME_SUSPECTS)
    n_suspects = len(tables[0])
    likeliest = np.sort(np.argsort(-doubt[:n_suspects], kind="stable")[:most])
    kept = np.concatenate([likeliest, n_suspects + sample.places])
    return Suspects(table, kept, rows[kept], doubt[kept], kept >= n_suspects, n_rows, n_rejected, folder, mapped)


@contextmanager
def _kept_in(path: Path) -> Iterator[pa.RecordBatchWriter]:
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, _KEPT_SCHEMA) as writer:
        yield writer


def doubt_of(block: ScoredBlock) -> NDArray[np.float64]:
    """How likely each row is stray, from 0 to 1; 0 where nothing can be said."""
    probability = block.rows.column("probability").fill_null(0.0).to_numpy(zero_copy_only=False)
    unscorable = np.flatnonzero(block.rows.column("verdict").to_numpy() == UNSCORABLE)
    doubt = probability.astype(np.float64)
    reasons = block.rows.column("reasons").take(pa.array(unscorable)).to_pylist()
    doubt[unscorable] = [OF_LANGUAGES if LANGUAGE_REASONS & set(codes or ()) else 0.0 for codes in reasons]
    return doubt


def _doubt_by_now(scorer: Scorer, block: ScoredBlock, doubt: NDArray[np.float64]) -> None:
    """Judges rows anew that carry another verdict than match, and lowers the doubt of those that fit: their bodies were put
    back after they had been scored.
    """
    numbers = block.rows.column("verdict").to_numpy()
    doubtful = np.flatnonzero((numbers != MATCH) & (doubt >= SUSPECT_FROM))
    if not len(doubtful):
        return
    rows = block.rows.take(pa.array(doubtful))
    judged = scorer.judge(*(rows.column(name) for name in ("title", "body", "source")))
    probability = judged.columns.column("mismatch_probability").fill_null(1.0).to_numpy(zero_copy_only=False)
    fit = (judged.numbers == MATCH) & (TIMES_LESS * probability < doubt[doubtful])
    doubt[doubtful[fit]] = probability[fit]


def _kept(block: ScoredBlock, which: NDArray[np.int64], doubt: NDArray[np.float64], sampled: bool = False) -> pa.RecordBatch:
    taken = kept(block.rows.take(pa.array(which)))
    columns = [taken.column(name).cast(_KEPT_SCHEMA.field(name).type) for name in ("row", "id", "title", "body", "source")]
    columns.append(pa.array([block.block.origin] * len(which), pa.large_string()))
    columns.append(pa.array(block.block.row_numbers[which].astype(np.int64)))
    columns += [pa.array(doubt[which]), pa.array(np.full(len(which), sampled))]
    return pa.RecordBatch.from_arrays(columns, schema=_KEPT_SCHEMA)


class _Sample:
    """Which rows have the smallest keys, of all that were offered; what is drawn may fall out again later."""

    def __init__(self) -> None:
        self._keys = np.empty(0)
        self._places = np.empty(0, np.int64)
        self._n_drawn = 0

    def drawn(self, keys: NDArray[np.float64]) -> NDArray[np.int64]:
        """Which of some rows are among the smallest by now, ascending; they are numbered on from those drawn before."""
        full = len(self._keys) >= SAMPLED
        low = np.flatnonzero(keys < self._keys[-1]) if full else np.arange(len(keys))
        least = np.sort(low[np.argsort(keys[low], kind="stable")[:SAMPLED]])
        all_keys = np.concatenate([self._keys, keys[least]])
        all_places = np.concatenate([self._places, np.arange(self._n_drawn, self._n_drawn + len(least))])
        smallest = np.argsort(all_keys, kind="stable")[:SAMPLED]
        self._keys, self._places = all_keys[smallest], all_places[smallest]
        self._n_drawn += len(least)
        return least

    @property
    def places(self) -> NDArray[np.int64]:
        """The rows with the smallest keys of all, ascending, by their numbers among those drawn."""
        return np.sort(self._places)
