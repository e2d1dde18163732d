"""A look at all of an input: runs of whole rows, evenly spaced, and from the beginning where nothing else is sure."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest

from mismatch.judging import adaptation
from mismatch.records.columns import Columns
from mismatch.records.drawing import Runs, offsets_in, runs_of_records, sure_start
from mismatch.records.reading import Reader

RUNS = Runs(16, 8, 4096)
N = 2000


def body_of(i: int, rng: np.random.Generator) -> str:
    """Text that a careless reader of CSV stumbles over: line breaks, quotes, as many commas as there are columns."""
    parts = ["plain words", 'He said "no, no" twice', "one, two", "\n", '"', ',"\n', "a,b\nc,d\n", "é中", "\r\n", ""]
    return f"body {i} " + " ".join(rng.choice(parts) for _ in range(rng.integers(1, 12)))


@pytest.fixture
def rows(rng: np.random.Generator) -> list[dict[str, str]]:
    """Sorted by source: four sources of 500 rows each."""
    return [{"source": f"paper{i // 500}", "title": f"title {i}", "body": body_of(i, rng)} for i in range(N)]


def written(rows: list[dict[str, str]], **options: Any) -> str:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]), **options)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def drawn(paths: list[Path], runs: Runs = RUNS) -> list[dict[str, str]] | None:
    batches = Reader([str(path) for path in paths]).drawn_evenly(runs)
    if batches is None:
        return None
    return [row for batch in batches for row in batch.select(["source", "title", "body"]).to_pylist()]


def content(rows: list[dict[str, str]], kind: str) -> str:
    if kind == "jsonl":
        return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    quoting = csv.QUOTE_ALL if kind == "quoted" else csv.QUOTE_MINIMAL
    line_end = "\n" if kind == "unix" else "\r\n"
    return written(rows, quoting=quoting, lineterminator=line_end)


@pytest.mark.parametrize("kind", ["jsonl", "csv", "unix", "quoted"])
def test_whole_rows_from_every_part_of_a_file(write: Any, rows: list[dict[str, str]], kind: str) -> None:
    path = write("rows.jsonl" if kind == "jsonl" else "rows.csv", content(rows, kind))
    found = drawn([path])
    assert found is not None
    given = {row["title"]: row for row in rows}
    assert all(row == given[row["title"]] for row in found)
    counts = Counter(row["source"] for row in found)
    assert set(counts) == {"paper0", "paper1", "paper2", "paper3"}
    assert max(counts.values()) < 2 * min(counts.values())
    assert found == drawn([path])


def test_no_stretch_of_a_csv_file_gives_a_broken_row(write: Any, rows: list[dict[str, str]]) -> None:
    path, given = write("rows.csv", content(rows[:200], "csv")), {row["title"]: row for row in rows}
    columns, sure = Columns("title", "body", "source", None, None, None), 0
    for offset in range(0, path.stat().st_size - 700, 3):
        runs = runs_of_records(path, ["source", "title", "body"], columns, ",", [offset], Runs(1, 50, 700))
        for batch in runs or []:
            sure += 1
            for row in batch.select(["source", "title", "body"]).to_pylist():
                assert row == given[row["title"]]
    assert sure > 100  # and not by never being sure


def test_what_can_be_read_both_ways_or_none_is_not_sure() -> None:
    assert sure_start(b'rest of a field\n1,"a\nb",c\n', ",") == len("rest of a field\n")
    assert sure_start(b'rest, of\na quoted field",c\n1,"d",e\n', ",") == len('rest, of\na quoted field",c\n')
    assert sure_start(b'x\n"",y\n', ",") is None or b'x\n"",y\n'[sure_start(b'x\n"",y\n', ",") or 0 :] == b'"",y\n'
    assert sure_start(b'a 5" nail, long\n1,2,3\n', ",") is None


def test_a_csv_file_with_stray_quotes_is_read_from_its_beginning(write: Any) -> None:
    lines = "".join(f'paper,title {i},a 5" nail\n' for i in range(3000))
    assert drawn([write("rows.csv", "source,title,body\n" + lines)]) is None


def test_ragged_lines_without_quotes_are_not_taken_for_records(write: Any) -> None:
    lines = "".join(f"paper,title {i}{', and more' * (i % 3)}\n" for i in range(3000))
    assert drawn([write("rows.csv", "source,title,body\n" + lines)]) is None


def test_files_give_rows_in_proportion_to_their_size(write: Any, rows: list[dict[str, str]]) -> None:
    paths = [write(f"in/{i}.jsonl", content(rows[500 * i : 500 * i + 500], "jsonl")) for i in range(3)]
    paths.append(write("in/3.jsonl.gz", gzip.compress(content(rows[1500:], "jsonl").encode())))
    sizes = [path.stat().st_size for path in paths]
    found = drawn([paths[0].parent])
    assert found is not None
    counts = Counter(row["source"] for row in found)
    for i, size in enumerate(sizes):
        assert counts[f"paper{i}"] == pytest.approx(len(found) * size / sum(sizes), abs=RUNS.rows)


def test_offsets_are_spread_over_all_files() -> None:
    offsets = offsets_in([100_000, 10, 300_000], RUNS)
    assert [len(of_file) for of_file in offsets] == [4, 0, 12]
    assert offsets[0][0] == 0 and offsets[2][-1] == 300_000 - RUNS.n_bytes


def test_each_of_some_small_files_has_its_share() -> None:
    counts = [len(of_file) for of_file in offsets_in([300, 300, 400], RUNS)]
    assert sum(counts) == RUNS.number and min(counts) > 0.2 * RUNS.number


def test_streams_compressed_files_and_arrays_have_a_beginning_only(write: Any, rows: list[dict[str, str]]) -> None:
    assert drawn([write("a.jsonl.gz", gzip.compress(content(rows, "jsonl").encode()))]) is None
    assert drawn([write("a.json", json.dumps(rows))]) is None
    assert Reader(["-"], format="jsonl", stdin=io.BytesIO(content(rows, "jsonl").encode())).drawn_evenly(RUNS) is None


def test_a_look_is_not_counted_as_reading(write: Any, rows: list[dict[str, str]]) -> None:
    path = write("in/a.jsonl.gz", gzip.compress(content(rows, "jsonl").encode()))
    write("in/b.jsonl", content(rows, "jsonl"))
    reader = Reader([str(path.parent)])
    assert reader.drawn_evenly(RUNS) and reader.bytes_read == 0
    assert sum(len(chunk.decode()) for chunk in reader) == 2 * N
    assert reader.bytes_read == reader.bytes_total


@pytest.mark.parametrize("kind", ["parquet", "groups", "arrow", "zstd"])
def test_a_file_in_columns_gives_the_rows_that_its_table_gives(tmp_path: Path, kind: str) -> None:
    n = 3 * adaptation.MAX_DRAWN
    table = pa.table({
        "title": [f"title {i}" for i in range(n)], "n": range(n), "body": [f"body {i}" for i in range(n)],
        "source": pa.array([f"paper{i // 1000}" for i in range(n)]).dictionary_encode(),
    })  # fmt: skip
    path = tmp_path / ("a.parquet" if kind in ("parquet", "groups") else "a.arrow")
    if path.suffix == ".parquet":
        pyarrow.parquet.write_table(table, path, row_group_size=4096 if kind == "groups" else n)
    else:
        pyarrow.feather.write_feather(table, path, compression=kind if kind == "zstd" else "uncompressed", chunksize=4096)
    runs = Runs(adaptation.MAX_DRAWN // adaptation.RUN_ROWS, adaptation.RUN_ROWS, 1)
    found = drawn([path], runs)
    assert found is not None
    expected = adaptation.drawn_evenly(table).select(["source", "title", "body"]).to_pylist()
    if kind == "parquet":
        assert found == expected
    else:  # a run ends with its group
        assert {row["title"] for row in found} <= {row["title"] for row in expected}
        assert len(found) > 0.97 * len(expected)


def test_of_row_groups_that_are_too_large_the_beginnings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mismatch.records.opening.LOOK_BYTES", 1)
    n = 60_000
    table = pa.table({"title": [f"title {i}" for i in range(n)], "body": ["words " * 20 + str(i) for i in range(n)]})
    pyarrow.parquet.write_table(table, tmp_path / "a.parquet", row_group_size=n // 3)
    batches = Reader([tmp_path / "a.parquet"]).drawn_evenly(Runs(9, 10, 1))
    assert batches is not None
    numbers = [int(title.split()[1]) for batch in batches for title in batch["title"].to_pylist()]
    assert [sum(n // 3 * i <= number < n // 3 * (i + 1) for number in numbers) for i in range(3)] == [30, 30, 30]
    assert all(number % (n // 3) < n // 6 for number in numbers)
