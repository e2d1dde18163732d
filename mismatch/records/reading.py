"""The one way in: `Reader` has every input opened and checked before any work, and hands out chunks in constant memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

from mismatch.errors import InputError
from mismatch.records.blocks import Block, Chunk, JsonLines, Reject
from mismatch.records.bounds import USUAL, Bounds
from mismatch.records.columns import ColumnChoice
from mismatch.records.drawing import Runs, offsets_in
from mismatch.records.formats.json_lines import JsonChunk
from mismatch.records.inputs import check_read_once, find_inputs
from mismatch.records.joining import Bodies, bodies_choice, joined, titles_choice
from mismatch.records.layout import Layout
from mismatch.records.opening import Opened, Opener
from mismatch.records.pages.inputs import PageOptions
from mismatch.records.partitions import partitions_of
from mismatch.records.whole_files import united

__all__ = ["Block", "Chunk", "JsonLines", "Reader", "Reject"]


class Reader:
    """Iterates over the chunks of all inputs, lazily and in order; each chunk decodes itself, in any thread.

    Parameters
    ----------
    inputs : files, globs, folders, `-` for standard input.
    format : overrides what the names say; for standard input None means: look at the first bytes.
    columns : the columns that the user named. layout : what the user said of delimiters, encodings and tables.
    bodies : a file that holds the bodies, where they are not in the inputs; rows are joined by their ids.
    stdin : read in place of standard input.
    chunk_bytes : size of a stretch of text, or of a batch.
    bounds : what an input may ask for. max_line_bytes : in place of its longest row; a longer one is rejected and
    never held in memory.
    pages : how HTML pages are read.

    Attributes
    ----------
    origins : names of the inputs in order. formats, columns : by origin. schema : of CSV and binary inputs
    that fit together, else None. notices : lines for standard error. problems : inputs that turned out
    damaged on the way (it grows while iterating). bytes_total (None with standard input or a pipe), bytes_read : for
    a progress bar.

    Raises
    ------
    InputError
        Before any work: a missing or unreadable file, an unknown format, a missing title or body column.
    """

    def __init__(
        self,
        inputs: Sequence[str | Path],
        *,
        format: str | None = None,
        columns: ColumnChoice = ColumnChoice(),
        layout: Layout = Layout(),
        bodies: str | Path | None = None,
        stdin: BinaryIO | None = None,
        chunk_bytes: int = 4 << 20,
        max_line_bytes: int | None = None,
        bounds: Bounds = USUAL,
        pages: PageOptions = PageOptions(),
    ) -> None:
        self._chunk_bytes = max(chunk_bytes, 1)
        self._bounds = bounds if max_line_bytes is None else replace(bounds, row=max_line_bytes)
        found = find_inputs(inputs, format)
        if bodies is not None:
            check_read_once([str(bodies), *(item.origin for item in found if item.is_stream)])
        self.origins = [item.origin for item in found]
        self._opener = Opener(
            choice=columns if bodies is None else titles_choice(columns), layout=layout, bounds=self._bounds, pages=pages,
            stdin=stdin, chunk_bytes=self._chunk_bytes,
            partitions=dict(zip(self.origins, partitions_of(self.origins), strict=True)),
        )  # fmt: skip
        self.notices, self.problems = self._opener.notices, self._opener.problems
        self._opened: list[Opened] = []
        for kind, neighbours in groupby(found, key=lambda item: item.format):
            items = list(neighbours)
            self._opened += [self._opener.open_pages(items)] if kind == "html" else map(self._opener.open, items)
        self.formats = {item.input.origin: item.format for item in self._opened}
        self.columns = {item.input.origin: item.columns for item in self._opened}
        sizes = [item.size for item in self._opened]
        self.bytes_total = None if None in sizes else sum(size or 0 for size in sizes)
        self.schema = united([item.schema for item in self._opened if not item.empty])
        self._note_columns()
        if bodies is not None and any(item.of_pages for item in self._opened):
            raise InputError(f"{bodies}: pages have their bodies with them; leave --bodies out")
        self._bodies = self._read_bodies(bodies, bodies_choice(columns)) if bodies is not None else None

    def __iter__(self) -> Iterator[Chunk]:
        for number in range(len(self._opened)):
            yield from self.chunks_of(number)

    def closing_words(self) -> str | None:
        """What is to be said of the inputs once all rows have been read."""
        return self._bodies.closing_words() if self._bodies is not None else None

    def _read_bodies(self, name: str | Path, choice: ColumnChoice) -> Bodies:
        """The index of the file of bodies. It is read before the inputs, and names its columns for itself."""
        reader = Reader([name], columns=choice, chunk_bytes=self._chunk_bytes, bounds=self._bounds)
        bodies = Bodies(str(name), reader)
        if reader.problems:
            raise InputError("; ".join(reader.problems) + ". Repair the file of bodies first.")
        self.notices += [*(f"{name}: {notice}" for notice in reader.notices), bodies.notice()]
        return bodies

    @property
    def bytes_read(self) -> int:
        """Of all inputs, as they are stored."""
        return self._opener.bytes_read

    def check_unchanged(self) -> None:
        """Before the inputs are read a second time by another reader.

        Raises
        ------
        InputError
            One has changed since this reader opened it.
        """
        self._opener.check_unchanged()

    def rewind(self) -> None:
        """As if nothing had been read yet; the inputs have to be files. What pages and files of bodies gave is kept."""
        self._opener.bytes_read, self.problems[:] = 0, []
        if self._bodies is not None:
            self._bodies.missing = 0

    @property
    def names(self) -> list[str]:
        """What is read as one: an input each, and for neighbouring pages the first of them."""
        return [item.input.origin for item in self._opened]

    def chunks_of(self, number: int) -> Iterator[Chunk]:
        """The chunks of one input, by its place among `names`; with the first, what cannot be read of the file of bodies."""
        chunks, bodies = self._opened[number].chunks(self._chunk_bytes), self._bodies
        if bodies is None:
            yield from chunks
            return
        if number == 0 and bodies.rejects:
            yield JsonChunk(bodies.name, b"", next(iter(self.columns.values())), rejects=list(bodies.rejects))
        yield from joined(chunks, bodies, self._chunk_bytes)

    @property
    def is_live(self) -> bool:
        """Whether an input comes through a pipe or from a terminal, perhaps slowly and without end."""
        return bool(self._opener.arrivals)

    @property
    def stopped(self) -> bool:
        """Whether a stream was stopped before its end."""
        return any(stream.stopped for stream in self._opener.arrivals)

    def stop(self) -> None:
        """Ends the streams where they are; what was read of them comes out still."""
        for stream in self._opener.arrivals:
            stream.stop()

    def is_text_of_at_most(self, n_bytes: int) -> bool:
        """Whether all inputs are files of text, not compressed, and together no longer."""
        if self.bytes_total is None or self.bytes_total > n_bytes:
            return False
        return all(item.is_plain_text or item.empty for item in self._opened)

    def drawn_evenly(self, runs: Runs) -> list[pa.RecordBatch] | None:
        """Pairs from all over the inputs, from each in proportion to its size; None where only a beginning can be had.

        That is a stream, titles whose bodies are in another file, and one input that cannot be sought in (it is compressed,
        in another encoding, or a JSON array); of several inputs, those give their share from their beginnings. What is
        looked at counts neither as read nor as damaged: it is read again. Only pages, which take long, are kept, and a
        stream of them gives its beginning.
        """
        if self._bodies is not None:
            return None
        items = [item for item in self._opened if not item.empty]
        if self.bytes_total is None and not all(item.of_pages for item in items):
            return None
        places = offsets_in([item.size or 0 for item in items], runs) if items else []
        counted = self.bytes_read, len(self.problems)
        found: list[pa.RecordBatch] = []
        for item, offsets in zip(items, places, strict=True):
            pairs = _sought(item, offsets, runs)
            if pairs is None and len(items) == 1:
                return None
            found += _first_pairs(item, len(offsets), runs) if pairs is None else pairs
        self._opener.bytes_read, self.problems[counted[1] :] = counted[0], []
        return found

    def _note_columns(self) -> None:
        """One notice for each choice of columns; it names the first file where files differ."""
        choices: dict[str, str] = {}
        for item in self._opened:
            if not item.empty and not item.of_pages:
                choices.setdefault(self.columns[item.input.origin].notice(), item.input.origin)
        for notice, origin in choices.items():
            self.notices.append(notice if len(choices) == 1 else f"{origin}: {notice}")


def _sought(item: Opened, offsets: list[int], runs: Runs) -> list[pa.RecordBatch] | None:
    """Pairs from these places of an input; None where it cannot be sought in."""
    if not offsets:
        return []
    try:
        return None if item.runs is None else item.runs(offsets, runs)
    except (OSError, pa.ArrowException):
        return None  # whoever reads it from its beginning says where it is damaged


def _first_pairs(item: Opened, n_runs: int, runs: Runs) -> Iterator[pa.RecordBatch]:
    """The pairs at the beginning of an input, about as many as `n_runs` runs would give."""
    rows, size = n_runs * runs.rows, 0
    for chunk in item.chunks(n_runs * runs.n_bytes):
        pairs = chunk.decode().pairs[:rows]
        yield pairs
        rows, size = rows - len(pairs), size + pairs.nbytes
        if not rows or size >= n_runs * runs.n_bytes:
            return
