"""A look at all of a file without reading all of it: runs of neighbouring rows, evenly spaced.

A file of text is sought in by bytes, and a run begins behind the next line break: in CSV only where it is sure that this
break stands outside of quotes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from mismatch.records.columns import Columns
from mismatch.records.compression import BOM
from mismatch.records.formats.delimited import DelimitedChunk
from mismatch.records.formats.delimited_records import records_of
from mismatch.records.formats.json_lines import JsonChunk
from mismatch.records.stores.stored_file import Place

_LINE_BREAK = re.compile(rb"\r\n?|\n")


class Runs(NamedTuple):
    """How much to look at."""

    number: int
    rows: int
    """of a run, at most"""
    n_bytes: int
    """of a run in a file of text; what is incomplete at its ends is left out"""

    @property
    def total_bytes(self) -> int:
        return self.number * self.n_bytes


def offsets_in(sizes: Sequence[int], runs: Runs) -> list[list[int]]:
    """Where the runs begin in files of these sizes, spread evenly over all of them: offsets in each file."""
    ends = np.cumsum(sizes)
    total = int(ends[-1])
    last = total - runs.n_bytes if total > runs.total_bytes else total - 1  # of small files the last one has its share too
    places = np.linspace(0, max(0, last), runs.number).astype(np.int64)
    files = np.minimum(np.searchsorted(ends, places, side="right"), len(sizes) - 1)
    offsets: list[list[int]] = [[] for _ in sizes]
    for file, place in zip(files.tolist(), places.tolist(), strict=True):
        offsets[file].append(min(place - int(ends[file]) + sizes[file], max(0, sizes[file] - runs.n_bytes)))
    return offsets


def runs_of_lines(path: Place, columns: Columns, offsets: Sequence[int], runs: Runs) -> list[pa.RecordBatch] | None:
    """The pairs of runs of JSON lines; None where lines are so long that most runs hold no whole one."""
    found = []
    for data, begins, ends in _stretches(path, offsets, runs.n_bytes):
        start = 0 if begins else data.find(b"\n") + 1
        end = len(data) if ends else data.rfind(b"\n") + 1
        if (begins or start) and end > start:
            found.append(JsonChunk(str(path), data[start:end], columns).decode().pairs[: runs.rows])
    return found if 2 * len(found) >= len(set(offsets)) else None


def runs_of_records(
    path: Place, header: list[str], columns: Columns, delimiter: str, offsets: Sequence[int], runs: Runs
) -> list[pa.RecordBatch] | None:
    """The pairs of runs of CSV records; None where it is not sure where a record begins, or most runs hold no whole one."""
    found = []
    for data, begins, ends in _stretches(path, offsets, runs.n_bytes):
        start = 0 if begins else sure_start(data, delimiter)
        if start is None:
            return None
        data = data[start:]
        spans = records_of(data, delimiter, ends)
        if begins:
            spans = spans.part(1)  # the header left out
        elif b'"' not in data and (spans.fields != len(header)).any():
            return None
        if len(spans.starts):
            chunk = DelimitedChunk(str(path), data, header, columns, delimiter, spans.part(0, runs.rows))
            found.append(chunk.decode().pairs)
    return found if 2 * len(found) >= len(set(offsets)) else None


def sure_start(data: bytes, delimiter: str) -> int | None:
    """Where the first record begins in a stretch from the middle of a CSV file; None where that is not sure.

    A stretch that begins inside quotes cannot be read as one that begins outside, nor the other way round: either way round,
    quotes would stand in the middle of a field. Where both can be read, or none can, nothing is sure.
    """
    parts = data.split(b'"')
    first_outside = [first for first in (0, 1) if _quotes_fit(parts, first, delimiter.encode())]
    if len(parts) == 1:
        first_outside = [0]  # the caller counts the fields
    if len(first_outside) != 1:
        return None
    at = 0
    for i, part in enumerate(parts):
        if i % 2 == first_outside[0] and (line_break := _LINE_BREAK.search(part)):
            return at + line_break.end()
        at += len(part) + 1
    return None


def _quotes_fit(parts: list[bytes], first: int, delimiter: bytes) -> bool:
    """Whether every quote stands at an end of a field, if the parts `first`, `first` + 2, … between quotes are outside."""
    around = (delimiter, b"\n", b"\r")
    for i in range(first, len(parts), 2):
        part = parts[i]
        if not part and 0 < i < len(parts) - 1:
            continue  # a quote in a quoted field, written twice
        if part and i > 0 and not part.startswith(around):
            return False
        if part and i < len(parts) - 1 and not part.endswith(around):
            return False
    return True


def texts_only(columns: Columns) -> Columns:
    """The columns of which a look is taken: title, body and source."""
    return replace(columns, id=None, topic=None, label=None)


def _stretches(path: Place, offsets: Sequence[int], n_bytes: int) -> list[tuple[bytes, bool, bool]]:
    """Bytes of a file from each offset on, whether they begin it, and whether they end it."""
    stretches, size = [], path.stat().st_size
    with path.open("rb", buffering=0) as file:
        for offset in sorted(set(offsets)):
            file.seek(offset)
            data = file.read(n_bytes)
            ends = offset + len(data) >= size
            stretches.append((data.removeprefix(BOM) if not offset else data, not offset, ends))
    return stretches
