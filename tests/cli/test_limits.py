"""`--limit`: the bounds on an input, each refusal a rejected row with its reason or one line."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest

from mismatch.errors import InputError
from mismatch.records.bounds import Bounds, with_limits
from mismatch.records.quarantine import Quarantine
from mismatch.records.reading import Reader

ROW = {"title": "A title of some words", "body": "A body of some words. " * 20}


def test_limits_are_read_with_their_units() -> None:
    assert with_limits([]) == Bounds()
    bounds = with_limits(["row=64MB", "depth=10", "rejected=1.5 GB", "columns=7"])
    assert (bounds.row, bounds.depth, bounds.rejected, bounds.columns) == (64_000_000, 10, 1_500_000_000, 7)


@pytest.mark.parametrize("text", ["row", "lines=3", "row=", "row=-1", "row=0", "row=many", "depth=800", "ratio=1e3"])
def test_a_limit_that_is_none_is_wrong_usage(text: str) -> None:
    with pytest.raises(InputError, match="--limit " + text):
        with_limits([text])


def test_a_row_above_a_limit_is_rejected_with_its_reason(
    tmp_path: Path, write_rows: Any, invoke: Callable[..., Any], model_path: Path
) -> None:
    deep = {**ROW, "deep": [[[1]]]}
    source = write_rows(tmp_path / "a.jsonl", [ROW, {**ROW, "body": "long " * 1000}, deep, ROW])
    kept = tmp_path / "rejected.jsonl"
    limits = ["--limit", "row=2kB", "--limit", "depth=3"]
    done = invoke("score", source, "--model", model_path, *limits, "--rejected", kept)
    assert done.code == 0 and len(done.rows) == 2
    reasons = [json.loads(line)["reason"] for line in kept.read_text().splitlines()]
    assert reasons == ["longer than 2,000 bytes", "nested deeper than 3 levels"]
    assert invoke("score", source, "--model", model_path).out.count(b"\n") == 4
    assert invoke("gate", source, "--model", model_path, "--limit", "rows=1").code == 2


def test_a_small_file_that_becomes_gigabytes_is_refused_in_one_line(
    tmp_path: Path, invoke: Callable[..., Any], model_path: Path
) -> None:
    path, kept = tmp_path / "zeros.jsonl.gz", tmp_path / "rejected.jsonl"
    with gzip.open(path, "wb") as file:
        file.write(json.dumps(ROW).encode() + b"\n")
        for _ in range(40):
            file.write(bytes(1 << 20))
    done = invoke("score", path, "--model", model_path, "--rejected", kept)
    assert done.code == 2 and not kept.exists()
    assert "becomes more than 250 times its size (--limit ratio=NUMBER allows more)" in done.said[-1]
    allowed = invoke("score", path, "--model", model_path, "--limit", "ratio=2000", "--rejected", kept)
    assert allowed.code == 0 and len(allowed.rows) == 1


def test_rows_of_nothing_count_for_what_they_take(tmp_path: Path, invoke: Callable[..., Any], model_path: Path) -> None:
    path, out = tmp_path / "empties.jsonl.gz", tmp_path / "out.jsonl"
    path.write_bytes(gzip.compress(b"{}\n" * 600_000))  # 1.8 MB, and 60 MB of output
    done = invoke("score", path, "--model", model_path, "--out", out)
    assert (done.code, out.exists()) == (2, False)
    assert "becomes more than 250 times its size" in done.said[-1]


@pytest.mark.parametrize("form", ["jsonl", "json", "csv"])
def test_an_input_that_is_stopped_where_it_is_first_looked_at_ends(
    tmp_path: Path, invoke: Callable[..., Any], model_path: Path, form: str
) -> None:
    path = tmp_path / f"a.{form}.gz"
    path.write_bytes(gzip.compress(b"title,body\na,b\n" * 2000 if form == "csv" else b"{}\n" * 2000))
    done = invoke("score", path, "--model", model_path, "--limit", "decompressed=2kB")
    assert (done.code, "becomes more than 2,000 bytes" in done.err) == (2, True)


def test_lists_of_600_levels_are_text(tmp_path: Path, invoke: Callable[..., Any], model_path: Path) -> None:
    deep, source = "[" * 600 + '"A title of some words"' + "]" * 600, tmp_path / "a.jsonl"
    body = json.dumps(ROW["body"])
    source.write_text(f'{{"title": {deep}, "body": {body}, "id": {deep}}}\n')
    plain = invoke("score", source, "--model", model_path, "--title", "title", "--no-adapt")
    assert plain.code == 0 and plain.out.startswith(f'{{"title": {deep}, "body": {body}, "id": {deep},'.encode())
    assert plain.rows[0]["mismatch_verdict"] != "unscorable"
    out = tmp_path / "o.parquet"
    assert invoke("score", source, "--model", model_path, "--only", "--id", "id", "--out", out).code == 0
    assert pa.parquet.read_table(out)["id"].to_pylist() == [deep]


def test_rejected_rows_are_kept_up_to_a_limit_and_all_are_listed(tmp_path: Path) -> None:
    source, kept = tmp_path / "a.jsonl", tmp_path / "rejected.jsonl"
    lines = [json.dumps(ROW), "\0" * 500, "x" * 90, "\0" * 500, "short"]
    source.write_text("\n".join(lines) + "\n")
    with Quarantine(kept, 2000) as quarantine:
        for chunk in Reader([source]):
            quarantine.extend(chunk.decode().rejects)
    found = [json.loads(line) for line in kept.read_text().splitlines()]
    assert [row["line"] for row in found] == [2, 3, 4, 5]
    assert [row["raw"] for row in found] == [None, "x" * 90, None, "short"]


def test_a_key_in_every_row_makes_no_column_of_each(tmp_path: Path, invoke: Callable[..., Any], model_path: Path) -> None:
    source, out = tmp_path / "a.jsonl", tmp_path / "o.parquet"
    source.write_text("".join(json.dumps({**ROW, f"k{i}": i}) + "\n" for i in range(3000)))
    assert invoke("score", source, "--model", model_path, "--no-adapt", "--out", out).code == 0
    table = pa.parquet.read_table(out)
    assert table.num_rows == 3000 and table.num_columns < 600
    found = [
        json.loads(row["other_fields"]) if row["other_fields"] else {key: row[key] for key in row if key == f"k{i}"}
        for i, row in enumerate(table.to_pylist())
    ]
    assert found == [{f"k{i}": i} for i in range(3000)]


@pytest.mark.parametrize("target", ["jsonl", "csv", "parquet"])
def test_integers_of_any_length_stay_as_they_are_written(
    tmp_path: Path, invoke: Callable[..., Any], model_path: Path, target: str
) -> None:
    digits, source, out = "7" * 5000, tmp_path / "a.jsonl", tmp_path / f"o.{target}"
    wide = ", ".join(f'"k{i}": {i}' for i in range(2500))
    row = json.dumps(ROW)[:-1]
    source.write_text(f'{row}, "n": {digits}}}\n{row}, "mismatch_verdict": "x", {wide}, "n": {digits}}}\n')
    done = invoke("score", source, "--model", model_path, "--out", out)
    assert done.code == 0, done.err
    raw = out.read_bytes()
    if target == "parquet":
        rows = pa.parquet.read_table(out).to_pylist()
        assert rows[0]["n"] == digits and digits in str(rows[1])
    else:
        assert raw.count(digits.encode()) == 2
