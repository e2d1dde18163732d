"""Every Arrow type, alone and inside of others, to every output: does any end a process, or lose a row?

`python -m benchmarks.arrow_types` makes columns of some 1,200 types, writes each to an Arrow file, and reads and writes that
to JSON lines, CSV, Parquet and Arrow, in a child process. It prints a table and ends with 1 when the process died, an error
came that is none of ours, or a row is missing.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

OUTPUTS = ("jsonl", "csv", "parquet", "arrow")
N = 6
_INDICES = pa.array([0, 1, 2, 3, None, 5], pa.int8())
_OFFSETS = pa.array([0, 1, 2, 2, 4, 5, 6], pa.int32())
_RUNS = pa.array([1, 2, 3, 4, 5, 6], pa.int32())
_CODES = pa.array([0, 1] * 3, pa.int8())
FEW = re.compile(r"int64|double|null|string_view|binary|fixed_size_binary\[0\]|timestamp\[ns\]|decimal32|uuid|interval")
"""the types that a test tries; views, nulls and what Python cannot hold are where libraries give way"""


def plain_columns() -> Iterator[pa.Array]:
    """A column of each type that holds no others, with the least and the largest values and a null."""
    for bits in (8, 16, 32, 64):
        yield pa.array([-(2 ** (bits - 1)), 2 ** (bits - 1) - 1, 0, None, 1, 2], getattr(pa, f"int{bits}")())
        yield pa.array([2**bits - 1, 0, 0, None, 1, 2], getattr(pa, f"uint{bits}")())
    yield pa.array(np.array([np.inf, np.nan, -0.0, 1, 2, 6e4], np.float16))
    for kind in (pa.float32(), pa.float64()):
        yield pa.array([float("inf"), float("nan"), -0.0, None, 1e30, 1e-45], kind)
    yield pa.array([True, False, None, True, True, False])
    yield pa.nulls(N)
    for kind in (pa.string(), pa.large_string(), pa.string_view()):
        yield pa.array(["a", 'é\n"' * 20, "=1+1", None, "", "x\0y"], kind)
    for kind in (pa.binary(), pa.large_binary(), pa.binary_view()):
        yield pa.array([b"a", b"\xff\xfe" * 20, b"", None, b"\0", b"=1"], kind)
    yield pa.array([b"abcd", b"\xff\xfe\0\0", b"    ", None, b"\0\0\0\0", b"=1+1"], pa.binary(4))
    yield pa.array([b"", b"", b"", None, b"", b""], pa.binary(0))
    wide, narrow = (pa.array([-(2 ** (b - 1)), 2 ** (b - 1) - 1, 0, None, 1, 2], f"int{b}") for b in (64, 32))
    for unit in ("s", "ms", "us", "ns"):
        for zone in (None, "UTC", "Not/AZone", "+25:99"):
            yield wide.view(pa.timestamp(unit, zone))
        yield wide.view(pa.duration(unit))
    yield from (narrow.view(kind) for kind in (pa.time32("s"), pa.time32("ms"), pa.date32()))
    yield from (wide.view(kind) for kind in (pa.time64("us"), pa.time64("ns"), pa.date64()))
    intervals = [pa.MonthDayNano([1, 2, 3]), pa.MonthDayNano([-(2**31), 2**31 - 1, 2**63 - 1])]
    yield pa.array([*intervals, None, *intervals, None])
    for decimal, digits in ((pa.decimal32, 9), (pa.decimal64, 18), (pa.decimal128, 38), (pa.decimal256, 76)):
        yield pa.array([Decimal("1.25"), Decimal("-1.00"), None, Decimal(0), Decimal(2), None], decimal(digits, 2))
        yield pa.array([Decimal(100), None, None, Decimal(0), None, None], decimal(digits, -2))
    yield pa.ExtensionArray.from_storage(pa.uuid(), pa.array([b"\xff" * 16, None] * 3, pa.binary(16)))
    yield pa.ExtensionArray.from_storage(pa.json_(pa.string_view()), pa.array(['{"a": 1}' * 3, None] * 3, pa.string_view()))
    yield pa.ExtensionArray.from_storage(pa.bool8(), pa.array([0, 1, None, 5, -1, 0], pa.int8()))
    yield pa.ExtensionArray.from_storage(pa.opaque(pa.binary(), "t", "v"), pa.array([b"a", b"\xff", None] * 2))


def wrapped(a: pa.Array) -> Iterator[Callable[[], pa.Array]]:
    """The ways to a column of others that hold this one; some are not there for some types."""
    dictionary = lambda of: lambda: pa.DictionaryArray.from_arrays(_INDICES, of())  # noqa: E731
    lists = lambda of: lambda: pa.ListArray.from_arrays(_OFFSETS, of())  # noqa: E731
    runs = lambda of: lambda: pa.RunEndEncodedArray.from_arrays(_RUNS, of())  # noqa: E731
    union = lambda: pa.UnionArray.from_sparse(_CODES, [a, pa.array(range(N))])  # noqa: E731
    struct = lambda: pa.StructArray.from_arrays([a, a], names=["p", "q.r"])  # noqa: E731
    plain = lambda: a  # noqa: E731
    yield from (plain, dictionary(plain), lists(plain), runs(plain), union, struct)
    yield from (lists(dictionary(plain)), dictionary(lists(plain)), dictionary(struct), lists(lists(plain)))
    yield from (lists(struct), runs(lists(plain)), lists(runs(plain)), lists(union), dictionary(runs(plain)))
    yield lambda: pa.LargeListArray.from_arrays(_OFFSETS.cast(pa.int64()), a)
    begins, sizes = pa.array([5, 0, 1, 1, 0, 2], pa.int32()), pa.array([1, 2, 0, 3, 6, 2], pa.int32())
    yield lambda: pa.ListViewArray.from_arrays(begins, sizes, a)
    yield lambda: pa.FixedSizeListArray.from_arrays(pa.concat_arrays([a, a]), 2)
    yield lambda: pa.MapArray.from_arrays(_OFFSETS, pa.array(list("abcdef")), a)
    yield lambda: pa.UnionArray.from_dense(_CODES, pa.array([0, 0, 1, 1, 2, 2], pa.int32()), [a, pa.array(range(N))])


def columns(only: re.Pattern[str] | None = None) -> Iterator[pa.Array]:
    """All of them, or those of the types that `only` finds."""
    for plain in plain_columns():
        if only is None or only.search(str(plain.type)):
            for way in wrapped(plain):
                with suppress(pa.ArrowException, TypeError, ValueError):  # there is no such type
                    yield way()
    yield pa.array([{}] * N, pa.struct([]))
    yield pa.array([[]] * N, pa.list_(pa.int8(), 0))
    yield pa.StructArray.from_arrays([pa.array(range(N))] * 2, names=["p", "p"])
    deep = pa.array(["a"] * N)
    for _ in range(100):
        deep = pa.ListArray.from_arrays(pa.array(range(N + 1), pa.int32()), deep)
    yield deep


def _rows_in(path: Path) -> int:
    if path.suffix == ".parquet":
        return int(pq.read_table(path).num_rows)
    if path.suffix == ".arrow":
        return int(pa.ipc.open_file(str(path)).read_all().num_rows)
    from mismatch.records.reading import Reader

    return sum(len(chunk.decode()) for chunk in Reader([path]))


def pass_through(column: pa.Array, folder: Path, output: str) -> str:
    """Reads a file with this column and writes it; returns how that went."""
    from mismatch.errors import InputError
    from mismatch.records.output.cell_text import Unwritable
    from mismatch.records.output.left_out import without_rows
    from mismatch.records.output.writing import open_sink
    from mismatch.records.reading import Reader

    source, out, rejected = folder / "in.arrow", folder / f"out.{output}", 0
    try:
        reader = Reader([source])
        with open_sink(out, schema=reader.schema) as sink:
            for chunk in reader:
                block = chunk.decode()
                added = pa.record_batch({"mismatch_verdict": pa.array(["match"] * len(block), pa.string())})
                try:
                    encoded = sink.encoder.encode(block, added)
                except Unwritable as error:
                    block = without_rows(block, error.rows)
                    encoded = sink.encoder.encode(block, added.slice(0, len(block)))
                rejected += len(block.rejects)
                sink.write(encoded)
    except InputError:
        return "refused"
    if reader.problems:
        return "refused"
    if not rejected and _rows_in(out) != N:
        return f"LOST: {_rows_in(out)} rows of {column.type}"
    return "rows rejected" if rejected else "all rows"


def _child(only: re.Pattern[str] | None) -> None:
    with tempfile.TemporaryDirectory() as name:
        for column in columns(only):
            table = pa.table({"title": ["a title"] * N, "body": ["a body"] * N, "x": column})
            try:
                with pa.ipc.new_file(f"{name}/in.arrow", table.schema) as writer:
                    writer.write_table(table)
            except pa.ArrowException:
                continue  # of this type there are no files
            for output in OUTPUTS:
                print(f"{column.type} to {output}", end="\t", flush=True)
                try:
                    print(pass_through(column, Path(name), output), flush=True)
                except Exception as error:
                    print(f"FAULT: {type(error).__name__}: {str(error)[:200]}".replace("\n", " "), flush=True)


def attempt(only: str = "") -> tuple[Counter[str], list[str]]:
    """How often it ended in which way, and what is wrong, for the types that a pattern finds ("few": `FEW`)."""
    done = subprocess.run([sys.executable, "-m", "benchmarks.arrow_types", "--child", only], capture_output=True, text=True)
    ends: Counter[str] = Counter()
    wrong = [] if done.returncode == 0 else [f"the process ended with {done.returncode}: {done.stderr[-300:]}"]
    for line in done.stdout.splitlines():
        what, _, end = line.partition("\t")
        ends[end.split(":")[0] or "DIED"] += 1
        if end.startswith(("FAULT", "LOST")) or not end:
            wrong.append(f"{what}: {end}")
    return ends, wrong


def main() -> None:
    if sys.argv[1:2] == ["--child"]:
        _child(FEW if sys.argv[2] == "few" else None)
        return
    ends, wrong = attempt()
    print("| types and outputs | all rows | some rejected | file refused | wrong |\n|---:|---:|---:|---:|---:|")
    counts = (ends.total(), ends["all rows"], ends["rows rejected"], ends["refused"], len(wrong))
    print(f"| {' | '.join(f'{n:,}' for n in counts)} |", *wrong, sep="\n")
    raise SystemExit(bool(wrong))


if __name__ == "__main__":
    main()
