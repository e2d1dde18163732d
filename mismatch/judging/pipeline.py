"""Reading, judging and writing at once: chunks pass through worker threads and come out in their order."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from mismatch.judging import adaptation
from mismatch.judging.read_ahead import ReadAhead, as_they_come
from mismatch.judging.scorer import Scorer
from mismatch.judging.tally import Tally, counted
from mismatch.judging.title_choice import judged_block
from mismatch.judging.verdicts import VERDICTS, Judged
from mismatch.records.drawing import Runs
from mismatch.records.output.cell_text import Unwritable
from mismatch.records.output.left_out import without_rows
from mismatch.records.short_texts import kept

if TYPE_CHECKING:
    from mismatch.records.blocks import Block, Chunk, Reject
    from mismatch.records.output.encoding import Encoded, Encoder
    from mismatch.records.output.writing import Sink
    from mismatch.records.quarantine import Quarantine
    from mismatch.records.reading import Reader

FLAGGED = frozenset({"mismatch"})
NOT_FLAGGED = frozenset(VERDICTS) - FLAGGED
FIRST_CHUNKS = 4
"""chunks that a model is adapted to, of what cannot be sought in; of a stream, whose rows should come out soon, it is one"""
FIRST_BYTES, FIRST_SECONDS = 4 << 20, 2.0
"""titles and bodies that a model is adapted to of a pipe, and how long they are waited for from the first row on"""
RUNS = Runs(adaptation.MAX_DRAWN // adaptation.RUN_ROWS, adaptation.RUN_ROWS, 1 << 18)
"""rows from all over longer files that a model is adapted to"""
_ADAPTED_SCHEMA = pa.schema([(name, pa.large_string()) for name in ("title", "body", "source")])
Judging = Callable[[Scorer, "Block"], "tuple[Block, Judged]"]
"""a block and its verdicts, as `judged_block` gives them; any thread may call it"""
Revision = Callable[["Block", Judged], Judged]
"""makes of a block and its verdicts those that count, by what is known of its rows besides; any thread may call it"""
_In = TypeVar("_In")
_Out = TypeVar("_Out")


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
    seen: tuple[Block, Judged] | None


def run(
    reader: Reader, scorer: Scorer, routes: Sequence[Route], quarantine: Quarantine, *,
    chunks: Iterator[Chunk] | None = None, threads: int | None = None, by_source: bool = False,
    on_progress: Callable[[Tally, int], None] | None = None, judge: Judging = judged_block,
    see: Callable[[Block, Judged], None] | None = None,
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
    judge
        How a block gets its verdicts, where more is known of the rows than the scorer sees (see `revised`).
    see
        Called with each block and its verdicts, in their order.
    """
    workers = threads or os.cpu_count() or 1
    total = Tally()
    if chunks is None:
        chunks = ReadAhead(iter(reader)) if reader.is_live else iter(reader)

    def work(chunk: Chunk) -> _Done:
        block, judged, encoded = judged_and_encoded(
            scorer, chunk.decode(), [(route.sink.encoder, route.verdicts) for route in routes], judge
        )
        seen = None if see is None else (block, judged)
        return _Done(encoded, counted(block, judged, by_source), block.rejects, seen)

    with ThreadPoolExecutor(workers) as pool:
        live = isinstance(chunks, ReadAhead)
        ordered = (
            as_they_come(pool, work, chunks, workers)
            if isinstance(chunks, ReadAhead)
            else in_order(pool, work, chunks, workers + 1)
        )
        for done in ordered:
            for route, encoded in zip(routes, done.encoded, strict=True):
                route.sink.write(encoded)
                if live:
                    route.sink.flush()
            quarantine.extend(done.rejects)
            total.add(done.tally)
            if see is not None and done.seen is not None:
                see(*done.seen)
            if on_progress is not None:
                on_progress(total, reader.bytes_read)
    return total


def revised(judge: Judging, *revisions: Revision) -> Judging:
    """Judges as `judge` does, and then revises the verdicts, one revision after the other."""

    def judging(scorer: Scorer, block: Block) -> tuple[Block, Judged]:
        shown, judged = judge(scorer, block)
        for revision in revisions:
            judged = revision(shown, judged)
        return shown, judged

    return judging


def judged_and_encoded(
    scorer: Scorer, block: Block, outputs: Sequence[tuple[Encoder, frozenset[str]]], judge: Judging = judged_block
) -> tuple[Block, Judged, list[Encoded]]:
    """A block judged and encoded for each output, with the verdicts it takes; rows that one cannot hold are rejected."""
    while True:
        shown, judged = judge(scorer, block)
        try:
            return shown, judged, [
                encoder.encode(shown, judged.columns, masked(judged, verdicts)) for encoder, verdicts in outputs
            ]  # fmt: skip
        except Unwritable as error:
            block = without_rows(block, error.rows)


@dataclass
class Decoded:
    """A chunk that has been parsed already."""

    origin: str
    block: Block

    def decode(self) -> Block:
        return self.block


def adapted(reader: Reader, scorer: Scorer, *, adapt: bool | None = None) -> tuple[Scorer, Iterator[Chunk], str]:
    """The scorer adapted to the input, all chunks of the reader, and one line that says what was done.

    It is adapted to all of a short input, to rows drawn evenly from all of one that can be sought in, else to its beginning.
    Of a stream that comes slowly that is what comes in the first seconds, unless `adapt` is True: then enough is waited for.

    Parameters
    ----------
    adapt
        By default a model that was adapted to a feed already is used as it is.
    """
    chunks = ReadAhead(iter(reader)) if reader.is_live else iter(reader)
    if adapt is False:
        return scorer, chunks, "the model is used as it is (--no-adapt)"
    if adapt is None and scorer.model.is_adapted:
        return scorer, chunks, "the model is used as it is (adapted to a feed already; --adapt adapts it again)"
    if isinstance(chunks, ReadAhead):
        return _adapted_to_beginning(scorer, chunks, None if adapt else FIRST_SECONDS)
    is_short = reader.is_text_of_at_most(RUNS.total_bytes)
    batches, first = None if is_short else reader.drawn_evenly(RUNS), []
    if batches is None:
        n_first = None if is_short else FIRST_CHUNKS if reader.bytes_total is not None else 1
        first = [chunk.decode() for chunk in islice(chunks, n_first)]
        batches = [block.pairs for block in first]
    batches = [kept(pairs.select(_ADAPTED_SCHEMA.names)).cast(_ADAPTED_SCHEMA) for pairs in batches]
    pairs = adaptation.drawn_evenly(pa.Table.from_batches(batches, _ADAPTED_SCHEMA))
    model, words, _ = adaptation.adapt(scorer.model, pairs)
    if model is not scorer.model:
        scorer = scorer.with_model(model)
    return scorer, chain((Decoded(block.origin, block) for block in first), chunks), words


def _adapted_to_beginning(scorer: Scorer, chunks: ReadAhead, seconds: float | None) -> tuple[Scorer, Iterator[Chunk], str]:
    """The scorer adapted to what comes of a stream first: so many bytes, or what comes within seconds of its first row."""
    first: list[Chunk] = []
    table: list[pa.RecordBatch] = []
    until, size, rows = None, 0, 0
    while size < FIRST_BYTES and rows < adaptation.MAX_DRAWN:
        chunk = chunks.within(None if until is None else max(0.0, until - time.monotonic()))
        if chunk is None:
            break
        block = chunk.decode()
        first.append(Decoded(block.origin, block))
        pairs = kept(block.pairs.select(_ADAPTED_SCHEMA.names)).cast(_ADAPTED_SCHEMA)
        ends = size + np.cumsum(pc.add(_bytes_of(pairs["title"]), _bytes_of(pairs["body"])).to_numpy(zero_copy_only=False))
        table.append(pairs[: int(np.searchsorted(ends, FIRST_BYTES)) + 1])
        size, rows = int(ends[-1]) if len(ends) else size, rows + len(pairs)
        if until is None and rows and seconds is not None:
            until = time.monotonic() + seconds
    model, words, _ = adaptation.adapt(scorer.model, pa.Table.from_batches(table, _ADAPTED_SCHEMA)[: adaptation.MAX_DRAWN])
    if seconds is not None and not chunks.ended and size < FIRST_BYTES and rows < adaptation.MAX_DRAWN:
        words += f"; that is what came within {seconds:g} s, --adapt waits for more"
    chunks.give_back(first)
    return scorer if model is scorer.model else scorer.with_model(model), chunks, words


def _bytes_of(column: pa.Array) -> pa.Array:
    return pc.fill_null(pc.binary_length(column), 0)


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


def masked(judged: Judged, verdicts: frozenset[str]) -> NDArray[np.bool_] | None:
    """Which rows have one of the verdicts; None for all of them."""
    if len(verdicts) == len(VERDICTS):
        return None
    return np.array([verdict in verdicts for verdict in VERDICTS])[judged.numbers]
