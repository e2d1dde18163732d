"""Records of CSV and TSV: cut where quotes allow it, each byte looked at once, whatever the quotes do."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mismatch.compiling.kernels import kernel, part, read_only
from mismatch.records.bounds import MOST_ROWS
from mismatch.records.formats.lines import count_newlines

UNCLOSED, UNCLOSED_AT_END = -1, -2
"""in place of a number of fields: a line whose quote is not closed within the longest row, or before the file ends"""
NO_LIMIT = 1 << 62
_FIELD_START, _FIELD, _QUOTED = range(3)
_DONE, _TOO_LONG, _FULL = range(3)


@part
def _count_fields(buffer: np.ndarray, i: int, end: int, delimiter: int) -> int:
    count, state = 1, _FIELD_START
    while i < end:
        c = buffer[i]
        if state == _QUOTED:
            if c == 0x22:
                if i + 1 < end and buffer[i + 1] == 0x22:
                    i += 1
                else:
                    state = _FIELD
        elif c == delimiter:
            count += 1
            state = _FIELD_START
        elif c == 0x22 and state == _FIELD_START:
            state = _QUOTED
        else:
            state = _FIELD
        i += 1
    return count


@kernel
def find_records(
    buffer: np.ndarray, begin: int, delimiter: int, line: int, final: bool, limit: int, known: np.ndarray,
    starts: np.ndarray, ends: np.ndarray, numbers: np.ndarray, fields: np.ndarray,
) -> tuple[int, int, int, int]:  # fmt: skip
    """Fills start, end, line number and number of fields of each complete record that is not empty.

    Returns (records, where what was not read begins, its line, why it stopped). A quote counts only at the start of a
    field, as RFC 4180 and Python's `csv` have it; a line ends with LF, CRLF or CR. A record longer than `limit` is none: the
    quote in its first line counts as never closed, that line is given with `UNCLOSED` in place of a number of fields, and
    the next line begins anew. `final`: the buffer ends the file.

    known : int64[2], kept between calls: a place, and its line, up to which text in quotes is known to stay in quotes. A
        line that begins before it and ends in quotes need not be followed up to there once more, which would take a time
        that grows with the square where many such lines stand one after another.
    """
    rows, n = 0, len(buffer)
    run_end, run_line, run_closed = -1, 0, False  # how the text in quotes that was followed last has ended
    while begin < n and rows < len(starts):
        i, first, begin_line, count, state = begin, -1, line, 1, _FIELD_START
        stop, closed, jumped = n, False, False
        while i < n:
            c = buffer[i]
            if state == _QUOTED:
                if c == 0x22:
                    if i + 1 < n and buffer[i + 1] == 0x22:
                        i += 1
                    elif i + 1 == n and not final:
                        break
                    else:
                        state = _FIELD
                elif c == 0x0A:
                    line += 1
                    if first < 0:
                        first = i
                        if i < run_end:
                            stop, line, closed, jumped = run_end, run_line, run_closed, True
                            break
                    if i + 1 < known[0]:
                        i, line, jumped = known[0] - 1, known[1], True
                    else:
                        known[0], known[1] = i + 1, line
            elif c == 0x0A or c == 0x0D:
                if c == 0x0D and i + 1 == n and not final:
                    break
                stop, closed = i, True
                break
            elif c == delimiter:
                count += 1
                state = _FIELD_START
            elif c == 0x22 and state == _FIELD_START:
                state = _QUOTED
            else:
                state = _FIELD
            i += 1
        if final and not closed and state != _QUOTED:
            closed = True
        if first >= 0:
            run_end, run_line, run_closed = stop, line, closed
            if not closed:
                run_end = n + 1
        if closed and stop - begin <= limit:
            if stop > begin:
                starts[rows], ends[rows], numbers[rows] = begin, stop, begin_line
                fields[rows] = _count_fields(buffer, begin, stop, delimiter) if jumped else count
                rows += 1
            begin = stop + 1
            if stop + 1 < n and buffer[stop] == 0x0D and buffer[stop + 1] == 0x0A:
                begin += 1
            line += 1
            continue
        line = begin_line
        if not closed and not final and n - begin <= limit:
            return rows, begin, line, _DONE
        last = first if first >= 0 else n
        if last - begin > limit or (first < 0 and not final) or (closed and first < 0):
            return rows, begin, line, _TOO_LONG
        starts[rows], numbers[rows] = begin, line
        fields[rows] = UNCLOSED if closed or n - begin > limit else UNCLOSED_AT_END
        begin, line = last + 1, line + 1
        ends[rows] = last - 1 if last > starts[rows] and buffer[last - 1] == 0x0D else last
        rows += 1
    return rows, min(begin, n), line, _FULL if begin < n else _DONE


class Spans(NamedTuple):
    """Records in a buffer: four int64[n]."""

    starts: np.ndarray
    ends: np.ndarray
    lines: np.ndarray
    fields: np.ndarray

    def part(self, first: int, last: int | None = None) -> Spans:
        """The records from one to another."""
        return Spans(*(table[first:last] for table in self))


class Cut(NamedTuple):
    """What was cut off the beginning of a buffer."""

    spans: Spans
    rest: int
    """where the rest begins"""
    line: int
    """of the rest"""
    is_too_long: bool
    """the rest begins with a line that is too long"""
    is_full: bool
    """there may be more records in the rest"""


class RecordCutter:
    """Cuts a stream of text, stretch by stretch, into records."""

    def __init__(self, delimiter: str, limit: int = NO_LIMIT, line: int = 1) -> None:
        self._delimiter, self._limit, self.line = ord(delimiter), limit, line
        self._known = np.zeros(2, np.int64)

    def cut(self, data: bytes, at: int, final: bool) -> Cut:
        """The records from a place on, at most `MOST_ROWS`."""
        buffer = read_only(np.frombuffer(data, dtype=np.uint8))
        room = min(count_newlines(buffer) + data.count(b"\r") + 1, MOST_ROWS)
        tables = tuple(np.empty(room, np.int64) for _ in range(4))
        rows, rest, self.line, why = find_records(
            buffer, at, self._delimiter, self.line, final, self._limit, self._known, *tables
        )  # fmt: skip
        return Cut(Spans(*tables).part(0, rows), rest, self.line, why == _TOO_LONG, why == _FULL)

    def drop(self, n: int) -> None:
        """The stretch will begin `n` bytes later."""
        self._known[0] = max(0, self._known[0] - n)


def records_of(data: bytes, delimiter: str, final: bool) -> Spans:
    """All complete records of some text."""
    cutter, at, found = RecordCutter(delimiter), 0, []
    while True:
        cut = cutter.cut(data, at, final)
        found.append(cut.spans)
        at = cut.rest
        if not cut.is_full:
            return Spans(*(np.concatenate(tables) for tables in zip(*found, strict=True)))
