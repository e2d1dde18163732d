"""The traces of all rows of a batch, on disk: memory holds one column at a time, and of the texts nothing."""

from __future__ import annotations

import tempfile
from bisect import bisect_right
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from mismatch.batch.traces import BANDS, TITLE_STEMS, Traces
from mismatch.compiling.kernels import read_only
from mismatch.records.blocks import Block
from mismatch.records.left_behind import scratch_prefix
from mismatch.records.scratch import scratch_room, write_all
from mismatch.terms.near_duplicates import SKETCH_BINS

TITLE_SHOWN = 200
_SHOWN_SCHEMA = pa.schema([("id", pa.large_string()), ("title", pa.large_string())])
_COLUMNS: dict[str, tuple[Any, int]] = {
    "title_keys": (np.uint64, 1), "body_keys": (np.uint64, 1), "lengths": (np.uint32, 1), "found": (np.uint32, 1),
    "stems": (np.uint32, TITLE_STEMS), "bins": (np.uint8, SKETCH_BINS), "row_numbers": (np.int64, 1),
    **{f"band_{band}": (np.uint32, 1) for band in range(BANDS)},
}  # fmt: skip
"""type and width of each; a file each"""
STEM_SLOTS = 1 << 22


class Shown(NamedTuple):
    """How a row is shown: where it stands, and what the user calls it."""

    row: int
    """counted from 1 in the order of the input"""
    origin: str
    row_in_file: int
    id: str | None
    title: str


class TraceStore:
    """Collects traces block by block, and gives them back by column. A context manager: its files go when it closes."""

    def __init__(self) -> None:
        self.n = 0
        self.origins: list[str] = []
        self._starts: list[int] = []
        """the first row of each stretch of one origin"""
        self._batch_starts: list[int] = []
        self._title_stems = np.zeros(STEM_SLOTS, np.uint32)
        """in how many titles each stem stands, stems that share a slot counted together"""
        self._open = ExitStack()
        with scratch_room():
            self._folder = Path(self._open.enter_context(tempfile.TemporaryDirectory(prefix=scratch_prefix())))
            self._files = {name: self._open.enter_context((self._folder / name).open("wb", 0)) for name in _COLUMNS}
            self._shown = self._open.enter_context(pa.ipc.new_file(str(self._folder / "shown"), _SHOWN_SCHEMA))

    def __enter__(self) -> TraceStore:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        with suppress(*([] if kind is None else [OSError])):  # a file that could not be written cannot be ended either
            self._open.close()

    def add(self, block: Block, traces: Traces) -> None:
        """The next rows, in the order of the input.

        Raises
        ------
        InputError
            There is no room on the disk.
        """
        if not len(block):
            return
        if not self.origins or self.origins[-1] != block.origin:
            self.origins.append(block.origin)
            self._starts.append(self.n)
        columns = {**traces._asdict(), "row_numbers": np.asarray(block.row_numbers, np.int64)}
        columns |= {f"band_{band}": traces.bands[:, band] for band in range(BANDS)}
        with scratch_room():
            for name, file in self._files.items():
                write_all(file, np.ascontiguousarray(columns[name], _COLUMNS[name][0]).data)
        slots, counts = np.unique(traces.stems[traces.stems > 0] % STEM_SLOTS, return_counts=True)
        self._title_stems[slots] += counts.astype(np.uint32)
        titles = pc.utf8_slice_codeunits(block.pairs.column("title"), 0, TITLE_SHOWN)
        shown = [block.pairs.column("id").cast(pa.large_string()), titles.cast(pa.large_string())]
        with scratch_room():
            self._shown.write_batch(pa.RecordBatch.from_arrays(shown, schema=_SHOWN_SCHEMA))
        self._batch_starts.append(self.n)
        self.n += len(block)

    def finish(self) -> None:
        """All rows are there: from now on columns can be read."""
        with scratch_room():
            self._shown.close()
        self._texts = pa.ipc.open_file(self._open.enter_context(pa.memory_map(str(self._folder / "shown"))))
        self._numbers = self.mapped("row_numbers") if self.n else np.empty(0, np.int64)

    def column(self, name: str) -> NDArray[Any]:
        """A column in memory, shape (n_rows,)."""
        return np.fromfile(self._folder / name, _COLUMNS[name][0], self.n)

    def mapped(self, name: str) -> NDArray[Any]:
        """A column as the file has it, read where it is looked at; shape (n_rows,) or (n_rows, width)."""
        kind, width = _COLUMNS[name]
        shape = (self.n,) if width == 1 else (self.n, width)
        return read_only(np.memmap(self._folder / name, kind, "r", shape=shape).view(np.ndarray))

    def stem_weights(self) -> NDArray[np.float32]:
        """How telling a title's stem is, by slot (the stem modulo their number): log of the titles for each that has it."""
        return weights_of(self._title_stems, self.n)

    def shown(self, rows: list[int]) -> list[Shown]:
        """Some rows, as they are shown."""
        out = []
        for row in rows:
            place = bisect_right(self._batch_starts, row) - 1
            batch, at = self._texts.get_batch(place), row - self._batch_starts[place]
            origin = self.origins[bisect_right(self._starts, row) - 1]
            identity, title = (batch.column(k)[at].as_py() for k in range(2))
            out.append(Shown(row + 1, origin, int(self._numbers[row]), identity, title or ""))
        return out

    def by_origin(self, rows: NDArray[np.int64]) -> dict[str, list[NDArray[np.int64]]]:
        """Rows, ascending, by the input they stand in: for each origin, stretch by stretch, places among `rows`."""
        found: dict[str, list[NDArray[np.int64]]] = {}
        bounds = np.searchsorted(rows, [*self._starts, self.n])
        for origin, start, stop in zip(self.origins, bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
            if stop > start:
                found.setdefault(origin, []).append(np.arange(start, stop))
        return found


def weights_of(titles: NDArray[np.uint32], n_titles: int) -> NDArray[np.float32]:
    """How telling the stems of titles are, by slot, from the number of titles that each slot stands in."""
    return np.log((n_titles + 1) / np.maximum(titles, 1)).astype(np.float32)
