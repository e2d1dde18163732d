"""Reading, judging and writing at once: chunks pass through worker threads and come out in their order."""

from __future__ import annotations

import os
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from mismatch.judging import adaptation
from mismatch.judging.scorer import Scorer
from mismatch.judging.title_choice import judged_block
from mismatch.judging.verdicts import MISMATCH, UNSURE, VERDICTS, Judged
from mismatch.records.drawing import Runs

if TYPE_CHECKING:
    from mismatch.records.blocks import Block, Chunk, Reject
    from mismatch.records.output.encoding import Encoded
    from mismatch.records.output.writing import Sink
    from mismatch.records.quarantine import Quarantine
    from mismatch.records.reading import Reader

FLAGGED = frozenset({"mismatch"})
NOT_FLAGGED = frozenset(VERDICTS) - FLAGGED
MAX_SOURCES = 10_000
FIRST_CHUNKS = 4
"""chunks that a model is adapted to, of what cannot be sought in; of a stream, whose rows should come out soon, it is one"""
RUNS = Runs(adaptation.MAX_DRAWN // adaptation.RUN_ROWS, adaptation.RUN_ROWS, 1 << 18)
"""rows from all over longer files that a model is adapted to"""
_ADAPTED_SCHEMA = pa.schema([(name, pa.large_string()) for name in ("title", "body", "source")])
OTHER_SOURCES = "(other sources)"
NO_SOURCE = "(none)"
MAX_EXAMPLES = 20
_BODY_KEPT = 20_000
_In = TypeVar("_In")
_Out = TypeVar("_Out")


@dataclass(frozen=True)
class Example:
    """A flagged or unsure row, kept to be shown."""

    origin: str
    row: int
    title: str
    probability: float
    reasons: tuple[str, ...]
    source: str | None = None
    body: str = ""
    """its beginning; of an unsure row nothing"""


@dataclass
class Tally:
    """What came through, counted."""

    rows: int = 0
    rejected: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    by_source: dict[str, Counter[str]] = field(default_factory=dict)
    examples: list[Example] = field(default_factory=list)
    """the flagged rows that are likeliest mismatches"""
    doubtful: list[Example] = field(default_factory=list)
    """the same of the unsure rows"""

    @property
    def flagged(self) -> int:
        return self.verdicts["mismatch"]

    @property
    def flagged_share(self) -> float:
        return self.flagged / self.rows if self.rows else 0.0

    def add(self, part: Tally) -> None:
        self.rows += part.rows
        self.rejected += part.rejected
        self.verdicts.update(part.verdicts)
        self.reasons.update(part.reasons)
        for source, counts in part.by_source.items():
            name = source if source in self.by_source or len(self.by_source) < MAX_SOURCES else OTHER_SOURCES
            self.by_source.setdefault(name, Counter()).update(counts)
        self.examples = _likeliest(self.examples + part.examples)
        self.doubtful = _likeliest(self.doubtful + part.doubtful)


def _likeliest(examples: list[Example]) -> list[Example]:
    return sorted(examples, key=lambda example: -example.probability)[:MAX_EXAMPLES]


@dataclass(frozen=True)
class Route:
    """An output and which verdicts it takes."""

    sink: Sink
    verdicts: frozenset[str] = frozenset(VERDICTS)


@dataclass(frozen=True)
class _Done:
    encoded: list[Encoded]
    tally: Tally
    rejects: list[Reject]


def run(
    reader: Reader, scorer: Scorer, routes: Sequence[Route], quarantine: Quarantine, *,
    chunks: Iterator[Chunk] | None = None, threads: int | None = None, by_source: bool = False,
    on_progress: Callable[[Tally, int], None] | None = None,
) -> Tally:  # fmt: skip
    """Judges everything that `reader` reads and writes it to the routes, in order, in constant memory.

    Parameters
    ----------
    chunks
        The chunks of the reader where it has been begun already (see `adapted`).
    threads
        Worker threads, by default one for each core.
    on_progress
        Called after each chunk with the tally so far and the bytes read.
    """
    workers = threads or os.cpu_count() or 1
    total = Tally()

    def work(chunk: Chunk) -> _Done:
        block, judged = judged_block(scorer, chunk.decode())
        encoded = [route.sink.encoder.encode(block, judged.columns, _mask(judged, route.verdicts)) for route in routes]
        return _Done(encoded, _counted(block, judged, by_source), block.rejects)

    with ThreadPoolExecutor(workers) as pool:
        for done in in_order(pool, work, iter(reader) if chunks is None else chunks, workers + 1):
            for route, encoded in zip(routes, done.encoded, strict=True):
                route.sink.write(encoded)
            quarantine.extend(done.rejects)
            total.add(done.tally)
            if on_progress is not None:
                on_progress(total, reader.bytes_read)
    return total


@dataclass
class _Decoded:
    """A chunk that has been parsed already."""

    origin: str
    block: Block

    def decode(self) -> Block:
        return self.block


def adapted(reader: Reader, scorer: Scorer, *, adapt: bool | None = None) -> tuple[Scorer, Iterator[Chunk], str]:
    """The scorer adapted to the input, all chunks of the reader, and one line that says what was done.

    It is adapted to all of a short input, to rows drawn evenly from all of one that can be sought in, else to its beginning.

    Parameters
    ----------
    adapt
        By default a model that was adapted to a feed already is used as it is.
    """
    chunks = iter(reader)
    if adapt is False:
        return scorer, chunks, "the model is used as it is (--no-adapt)"
    if adapt is None and scorer.model.is_adapted:
        return scorer, chunks, "the model is used as it is (adapted to a feed already; --adapt adapts it again)"
    is_short = reader.is_text_of_at_most(RUNS.total_bytes)
    batches, first = None if is_short else reader.drawn_evenly(RUNS), []
    if batches is None:
        n_first = None if is_short else FIRST_CHUNKS if reader.bytes_total is not None else 1
        first = [chunk.decode() for chunk in islice(chunks, n_first)]
        batches = [block.pairs for block in first]
    batches = [pairs.select(_ADAPTED_SCHEMA.names).cast(_ADAPTED_SCHEMA) for pairs in batches]
    pairs = adaptation.drawn_evenly(pa.Table.from_batches(batches, _ADAPTED_SCHEMA))
    model, words, _ = adaptation.adapt(scorer.model, pairs)
    if model is not scorer.model:
        scorer = scorer.with_model(model)
    return scorer, chain((_Decoded(block.origin, block) for block in first), chunks), words


def in_order(pool: ThreadPoolExecutor, work: Callable[[_In], _Out], items: Iterator[_In], ahead: int) -> Iterator[_Out]:
    """What worker threads make of each item, in the order of the items; at most `ahead` + 1 are in memory at once."""
    waiting: deque[Future[_Out]] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) > ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()


def _mask(judged: Judged, verdicts: frozenset[str]) -> NDArray[np.bool_] | None:
    """Which rows have one of the verdicts; None for all of them."""
    if len(verdicts) == len(VERDICTS):
        return None
    return np.array([verdict in verdicts for verdict in VERDICTS])[judged.numbers]


def _counted(block: Block, judged: Judged, by_source: bool) -> Tally:
    tally = Tally(rows=len(block), rejected=len(block.rejects))
    tally.verdicts.update(_counts(judged.numbers))
    for item in pc.value_counts(judged.columns.column("mismatch_reasons").flatten()).to_pylist():
        tally.reasons[item["values"]] += item["counts"]
    if by_source and len(block):
        sources = pc.fill_null(block.pairs.column("source"), NO_SOURCE).dictionary_encode()
        rows = sources.indices.to_numpy()
        names = [name or NO_SOURCE for name in sources.dictionary.to_pylist()]
        counts = np.bincount(rows * len(VERDICTS) + judged.numbers, minlength=len(names) * len(VERDICTS))
        for name, of_source in zip(names, counts.reshape(-1, len(VERDICTS)), strict=True):
            found = {verdict: int(n) for verdict, n in zip(VERDICTS, of_source, strict=True) if n}
            tally.by_source.setdefault(name, Counter()).update(found)
        tally.examples.extend(_examples(block, judged, MISMATCH))
        tally.doubtful.extend(_examples(block, judged, UNSURE))
    return tally


def _counts(numbers: NDArray[np.int8]) -> dict[str, int]:
    counts = np.bincount(numbers, minlength=len(VERDICTS)).tolist()
    return {verdict: n for verdict, n in zip(VERDICTS, counts, strict=True) if n}


def _examples(block: Block, judged: Judged, verdict: int) -> list[Example]:
    """Of the rows with a verdict, those that are likeliest mismatches."""
    flagged = np.flatnonzero(judged.numbers == verdict)
    probability = judged.columns.column("mismatch_probability").to_numpy(zero_copy_only=False)
    out = []
    for i in flagged[np.argsort(-probability[flagged], kind="stable")][:MAX_EXAMPLES].tolist():
        title, body, source = (block.pairs.column(name)[i].as_py() for name in ("title", "body", "source"))
        reasons = tuple(judged.columns.column("mismatch_reasons")[i].as_py())
        example = Example(block.origin, int(block.row_numbers[i]), (title or "")[:200], float(probability[i]), reasons)
        kept = (body or "")[:_BODY_KEPT] if verdict == MISMATCH else ""
        out.append(replace(example, source=source, body=kept))
    return out
