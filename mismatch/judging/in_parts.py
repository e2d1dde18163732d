"""Judging into a folder of parts: what an earlier run has completed is not done again.

A part ends with its input, or where it holds so many rows and more follow. Where it ends depends on the rows alone, so that
the parts of a run that was killed and begun again are those of a run that was not.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from mismatch.errors import InputError
from mismatch.judging.pipeline import Decoded, Judging, in_order, judged_and_encoded, masked
from mismatch.judging.scorer import Scorer
from mismatch.judging.tally import Tally, counted
from mismatch.judging.title_choice import judged_block
from mismatch.judging.verdicts import Judged
from mismatch.model.defaults import PART_ROWS
from mismatch.records.blocks import Block, Chunk
from mismatch.records.output.encoding import Encoded
from mismatch.records.parts.folder import Part, PartFolder
from mismatch.records.quarantine import Quarantine
from mismatch.records.reading import Reader

Kinds = Sequence[tuple[str, frozenset[str]]]
"""the kinds of parts, and which verdicts each takes"""


class _Piece(NamedTuple):
    """A chunk of an input, or its end."""

    of_input: int
    chunk: Chunk | None
    rows_done: int = 0
    """of this chunk, in an earlier run"""
    rejects_done: int = 0
    problems: tuple[str, ...] = ()
    """with the end of an input, what was wrong with it"""


@dataclass(frozen=True)
class _Done:
    piece: _Piece
    block: Block
    judged: Judged
    encoded: list[Encoded] | None
    """the whole block, for each kind; None where some of it was done before"""


class _Position(NamedTuple):
    """Where an earlier run came to."""

    of_input: int = 0
    part: int = 0
    rows: int = 0
    rejects: int = 0


def run_in_parts(
    reader: Reader, scorer: Scorer, folder: PartFolder, kinds: Kinds, *, part_rows: int = PART_ROWS,
    threads: int | None = None, by_source: bool = False, on_progress: Callable[[Tally, int], None] | None = None,
    judge: Judging = judged_block,
) -> tuple[Tally, Quarantine]:  # fmt: skip
    """Judges what is not done yet of everything that `reader` reads; returns the counts of all parts, earlier ones too.

    Parameters
    ----------
    judge
        How a block gets its verdicts (see `pipeline.run`); the same in each run, or parts that are made again differ.

    Raises
    ------
    InputError
        An input is damaged, or was changed while it was read; its last part is not written then.
    """
    workers = threads or os.cpu_count() or 1
    writer = _Writer(reader, folder, kinds, part_rows, by_source)
    encoders = [folder.encoder() for _ in kinds]

    def work(piece: _Piece) -> _Piece | _Done:
        if piece.chunk is None:
            return piece
        outputs = [(encoder, verdicts) for encoder, (_, verdicts) in zip(encoders, kinds, strict=True)]
        block, judged, whole = judged_and_encoded(scorer, piece.chunk.decode(), outputs, judge)
        encoded = whole if not piece.rows_done and not piece.rejects_done else None
        return _Done(piece, block, judged, encoded)

    try:
        with ThreadPoolExecutor(workers) as pool:
            for done in in_order(pool, work, _pieces(reader, writer.begins_at), workers + 1):
                if isinstance(done, _Done):
                    writer.add(done)
                else:
                    writer.end_input(done)
                if on_progress is not None:
                    on_progress(writer.total, reader.bytes_read)
    finally:
        writer.discard()
    return writer.total, writer.refused


def _pieces(reader: Reader, begin: _Position) -> Iterator[_Piece]:
    for of_input in range(begin.of_input, len(reader.names)):
        rows, rejects = (begin.rows, begin.rejects) if of_input == begin.of_input else (0, 0)
        n_problems = len(reader.problems)
        for chunk in reader.chunks_of(of_input):
            if not rows and not rejects:
                yield _Piece(of_input, chunk)
                continue
            block = chunk.decode()
            rows_done, rejects_done = min(rows, len(block)), min(rejects, len(block.rejects))
            rows, rejects = rows - rows_done, rejects - rejects_done
            if rows_done < len(block) or rejects_done < len(block.rejects):
                yield _Piece(of_input, Decoded(block.origin, block), rows_done, rejects_done)
        yield _Piece(of_input, None, problems=tuple(reader.problems[n_problems:]))


class _Writer:
    """Cuts what was judged into parts, and counts it."""

    def __init__(self, reader: Reader, folder: PartFolder, kinds: Kinds, part_rows: int, by_source: bool) -> None:
        self._reader, self._folder, self._kinds = reader, folder, kinds
        self._part_rows, self._by_source = part_rows, by_source
        self.total, self.refused = Tally(), Quarantine(None)
        self._encoders = [folder.encoder() for _ in kinds]
        position = _Position()
        for line in folder.manifest.parts:
            self.total.add(Tally.from_plain(line["tally"]))
            self.refused.add_counted(line["refused"])
            of_input, rows, rejects = line["input"], line["tally"]["rows"], line["rejected"]
            if of_input == position.of_input:
                rows, rejects = rows + position.rows, rejects + position.rejects
            position = _Position(of_input, line["part"] + 1, rows, rejects)
            if line["last"]:
                position = _Position(of_input + 1)
        self.begins_at = position
        self._input, self._number = position.of_input, position.part
        self._part: Part | None = None
        self._tally = Tally()

    def add(self, done: _Done) -> None:
        """The rows and the rejects of a block, in as many parts as they take."""
        block, rejects, begin = done.block, done.block.rejects[done.piece.rejects_done :], done.piece.rows_done
        while begin < len(block) or rejects:
            if self._tally.rows >= self._part_rows:
                self._close(last=False)
            end = min(len(block), begin + self._part_rows - self._tally.rows)
            now, rejects_later = rejects, []
            if end < len(block):
                line = int(block.row_numbers[end - 1])
                now = [reject for reject in rejects if reject.line <= line]
                rejects_later = rejects[len(now) :]
            whole = done.encoded if (begin, end) == (0, len(block)) else None
            self._write(done, begin, end, now, whole)
            begin, rejects = end, rejects_later

    def end_input(self, piece: _Piece) -> None:
        """Completes the last part of an input; one without any row gets a line in the manifest, and no file."""
        if piece.problems:
            raise InputError("; ".join(piece.problems) + ". Repair the input, or leave it out; --restart begins anew")
        self._close(last=True)
        self._input, self._number = piece.of_input + 1, 0

    def discard(self) -> None:
        """Leaves nothing behind of a part that is not complete."""
        if self._part is not None:
            self._part.discard()
            self._part = None

    def _write(self, done: _Done, begin: int, end: int, rejects: list, encoded: list[Encoded] | None) -> None:
        part = self._open()
        block, judged, n = done.block, done.judged, end - begin
        if encoded is None:
            wanted = np.zeros(len(block), bool)
            wanted[begin:end] = True
            encoded = []
            for encoder, (_, verdicts) in zip(self._encoders, self._kinds, strict=True):
                of_kind = masked(judged, verdicts)
                encoded.append(
                    encoder.encode(block, judged.columns, wanted if of_kind is None else wanted & of_kind)
                )  # fmt: skip
        for (kind, _), rows in zip(self._kinds, encoded, strict=True):
            part.write(kind, rows)
        some = replace(block, pairs=block.pairs.slice(begin, n), row_numbers=block.row_numbers[begin:end], rejects=rejects)
        self._tally.add(counted(some, Judged(judged.numbers[begin:end], judged.columns.slice(begin, n)), self._by_source))
        part.reject(rejects)

    def _open(self) -> Part:
        if self._part is None:
            self._part = self._folder.part(self._number, self._input, self._reader.names[self._input])
        return self._part

    def _close(self, *, last: bool) -> None:
        part, tally = self._open(), self._tally
        self.total.add(tally)
        refused = part.refused
        self.refused.add_counted(refused)
        for name in ("examples", "doubtful"):  # what was pushed out by others need not be kept
            kept = {(example.origin, example.line) for example in getattr(self.total, name)}
            setattr(tally, name, [example for example in getattr(tally, name) if (example.origin, example.line) in kept])
        files = part.commit()
        self._folder.manifest.add({
            "input": self._input, "part": self._number, "file": self._reader.names[self._input], "last": last,
            "rows_in": tally.rows + tally.rejected, "rejected": tally.rejected,
            "files": files, "tally": tally.to_plain(), "refused": refused,
        })  # fmt: skip
        self._part, self._tally, self._number = None, Tally(), self._number + 1
