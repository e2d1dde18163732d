"""CSV as Python's `csv` reads it, whatever the size of the stretches it arrives in, in a time that grows with its length."""

from __future__ import annotations

import csv
import io
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reading_and_scoring import blocks_of, pairs_of, rejects_of

from mismatch.errors import InputError
from mismatch.records.bounds import MOST_ROWS, Bounds
from mismatch.records.formats.delimited_records import UNCLOSED, UNCLOSED_AT_END, RecordCutter

_PIECES = ['"', '""', ",", "\n", "\r", "\r\n", "a", "bc", "\0", "é", "\ufeff", " ", 'a"b,"c', '"x\ny"']
text_of_pieces = st.lists(st.sampled_from(_PIECES), max_size=40).map("".join)


def cells_of(path: Path, **options: Any) -> list[list[str]]:
    return [list(row.values()) for block in blocks_of(path, **options) for row in block.rows.to_pylist()]


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=text_of_pieces, chunk_bytes=st.sampled_from([1, 2, 7, 1 << 20]))
def test_cells_are_what_the_csv_module_reads(tmp_path: Path, body: str, chunk_bytes: int) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"title,body,x\n" + body.encode())
    if any("a quote is not closed" in reject.reason for reject in rejects_of(path)):
        return  # there Python reads on to the end of the file, where here the line is rejected
    wanted = [row for row in csv.reader(io.StringIO(body, newline="")) if row]
    assert cells_of(path, chunk_bytes=chunk_bytes) == [row for row in wanted if len(row) == 3]
    assert len(rejects_of(path, chunk_bytes=chunk_bytes)) == sum(len(row) != 3 for row in wanted)


def slow_records(data: bytes, limit: int) -> list[tuple[int, int, int]]:
    """Start, end and number of fields of each record, every one followed from its beginning."""
    found, at = [], 0
    while at < len(data):
        i, count, quoted, start_of_field = at, 1, False, True
        while i < len(data):
            c = data[i : i + 1]
            if quoted:
                if c == b'"' and data[i + 1 : i + 2] == b'"':
                    i += 1
                elif c == b'"':
                    quoted = False
            elif c in (b"\n", b"\r"):
                break
            elif c == b'"' and start_of_field:
                quoted = True
            start_of_field = not quoted and c == b","
            count += start_of_field
            i += 1
        if (i < len(data) or not quoted) and i - at <= limit:
            if i > at:
                found.append((at, i, count))
            at = i + (2 if data[i : i + 2] == b"\r\n" else 1)
            continue
        line_end = data.find(b"\n", at)
        line_end = len(data) if line_end < 0 else line_end
        if line_end - at > limit:
            found.append((at, line_end, 0))
        else:
            why = UNCLOSED_AT_END if i == len(data) and len(data) - at <= limit else UNCLOSED
            found.append((at, line_end - data[at:line_end].endswith(b"\r"), why))
        at = line_end + 1
    return found


def cut_in_stretches(data: bytes, limit: int, chunk_bytes: int) -> list[tuple[int, int, int]]:
    """The same by the compiled pass, as `delimited_chunks` drives it."""
    cutter, found, base, carried, at = RecordCutter(",", limit), [], 0, b"", 0
    begins = [*range(0, len(data), chunk_bytes), len(data)]
    for begin in begins:
        carried += data[begin : begin + chunk_bytes]
        final = begin == len(data)
        at = 0
        while at < len(carried):
            cut = cutter.cut(carried, at, final)
            found += [(int(a) + base, int(b) + base, int(n)) for a, b, _, n in zip(*cut.spans, strict=True)]
            at = cut.rest
            if not cut.is_too_long:
                break
            end = carried.find(b"\n", at)
            if end < 0:  # the whole line is needed to say where it ends
                break
            found.append((at + base, end + base, 0))
            at = end + 1
            cutter.line += 1
        if final and at < len(carried):
            found.append((at + base, len(data), 0))
        carried, base = carried[at:], base + at
        cutter.drop(at)
    return found


@settings(max_examples=300, deadline=None, derandomize=True)
@given(body=text_of_pieces, limit=st.sampled_from([3, 10, 25, 1000]), chunk_bytes=st.sampled_from([1, 2, 5, 16, 1000]))
def test_records_are_those_of_a_slow_twin_however_they_are_cut(body: str, limit: int, chunk_bytes: int) -> None:
    data = body.encode()
    assert cut_in_stretches(data, limit, chunk_bytes) == slow_records(data, limit)


@pytest.mark.parametrize("piece", ['a"b,"c', 'a"b,"c\n', '"', '",\n', 'x,"\n', '"a\n""', 'x,"open\n' + 5 * "short,row\n"])
def test_quotes_that_never_close_take_a_time_that_grows_with_the_length(tmp_path: Path, piece: str) -> None:
    path, seconds = tmp_path / "a.csv", []
    for n_bytes in (1 << 14, 1 << 20):
        path.write_bytes(b"title,body\n" + piece.encode() * (n_bytes // len(piece)))
        begin = time.process_time()
        blocks_of(path, chunk_bytes=1 << 17)
        seconds.append(time.process_time() - begin)
    assert seconds[1] < 3  # it was a minute and more


def test_a_line_of_many_quotes_before_one_that_closes_them_all(tmp_path: Path) -> None:
    lines = b'a"b,"c\n' * 100_000
    path = tmp_path / "a.csv"
    path.write_bytes(b"title,body\n" + lines + b"y" * 300_000 + b'"\n')
    begin = time.process_time()
    rejects = rejects_of(path, chunk_bytes=1 << 17, max_line_bytes=200_000)
    assert time.process_time() - begin < 5
    assert len(rejects) == 100_001


def test_a_byte_order_mark_inside_stays_and_so_does_one_at_the_edge_of_a_stretch(write: Any) -> None:
    path = write("a.csv", "\ufefftitle,body\n\ufeffa,b\nc,\ufeffd\n")
    for chunk_bytes in (1, 4, 1000):
        assert pairs_of(path, chunk_bytes=chunk_bytes) == [("\ufeffa", "b"), ("c", "\ufeffd")]


def test_very_many_columns_are_refused_in_one_line(write: Any) -> None:
    path = write("a.csv", "title,body" + "," * 5000 + "\na,b" + "," * 5000 + "\n")
    with pytest.raises(InputError, match=r"5,002 columns; --limit columns=NUMBER allows more"):
        blocks_of(path)
    assert pairs_of(path, bounds=Bounds(columns=6000)) == [("a", "b")]


def test_very_many_short_rows_come_in_stretches_of_bounded_number(write: Any) -> None:
    path = write("a.csv", "title,body\n" + "a,b\n" * 150_000)
    blocks = blocks_of(path)
    assert sum(map(len, blocks)) == 150_000 and max(map(len, blocks)) <= MOST_ROWS
    assert [n for block in blocks for n in block.row_numbers.tolist()] == list(range(2, 150_002))
