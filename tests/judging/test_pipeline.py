"""Rows in are rows out plus rows rejected, in their order, whatever the lines are."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mismatch.judging import pipeline
from mismatch.judging import tally as tally_module
from mismatch.judging.scorer import Scorer
from mismatch.judging.verdicts import VERDICTS
from mismatch.records.output.writing import open_sink
from mismatch.records.quarantine import Quarantine
from mismatch.records.reading import Reader

TEXT = st.one_of(st.none(), st.text(max_size=30), st.sampled_from(["", "a cat on the mat " * 8, "\x1b[31m", "\0", "\ud83d"]))
VALUES = st.one_of(TEXT, st.integers(), st.floats(), st.booleans(), st.lists(st.integers(), max_size=2))
ROWS = st.dictionaries(st.sampled_from(["title", "body", "source", "n", "mismatch_verdict", "ä\n"]), VALUES).map(
    lambda row: json.dumps(row).encode()
)
GOOD = st.builds(lambda title, body: json.dumps({"title": title, "body": body}).encode(), st.text(), st.text())
ODD = st.sampled_from(
    [b"{}", b"[]", b"null", b"7", b'"text"', b"{", b'{"title": "a", "body": }', b"\xff\xfe", b"\0", b"}{", b"  {}  ",
     b'{"title": "a", "title": "b", "body": "c"}', b'{"title": NaN, "body": Infinity}', b'{"a": "\\ud800"}',
     b'\xef\xbb\xbf{"title": "a"}', b'{"title": "a"}\r', b"[" * 2000, b'{"title": {"a": {"b": []}}}', b'{"title": "\\u00']
)  # fmt: skip
LINES = st.lists(st.one_of(GOOD, ROWS, ODD, st.binary(max_size=20).map(lambda b: b.replace(b"\n", b" "))), max_size=12)
FIRST = b'{"title": "A cat", "body": "The cat sat."}'


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=LINES, chunk_bytes=st.sampled_from([1, 64, 1 << 20]), threads=st.sampled_from([1, 3]))
def test_every_line_comes_out_or_is_rejected(
    tmp_path: Path, scorer: Scorer, lines: list[bytes], chunk_bytes: int, threads: int
) -> None:
    lines = [FIRST, *lines]
    path, kept = tmp_path / "in.jsonl", tmp_path / "rejected.jsonl"
    path.write_bytes(b"\n".join(lines) + b"\n")
    whole, flagged = io.BytesIO(), io.BytesIO()
    reader = Reader([str(path)], chunk_bytes=chunk_bytes)
    with open_sink("-", stdout=whole) as all_rows, open_sink("-", stdout=flagged) as some, Quarantine(kept) as quarantine:
        routes = [pipeline.Route(all_rows), pipeline.Route(some, pipeline.FLAGGED)]
        tally = pipeline.run(reader, scorer, routes, quarantine, threads=threads, by_source=True)
    out = whole.getvalue().split(b"\n")[:-1]
    rejects = [json.loads(line) for line in kept.read_bytes().splitlines()]
    blank = sum(not line.strip(b" \t\r\n") for line in lines)
    assert tally.rows == len(out) == all_rows.count
    assert tally.rejected == len(rejects) == quarantine.count
    assert len(out) + len(rejects) + blank == len(lines)
    assert sum(tally.verdicts.values()) == tally.rows
    assert sum(counts.total() for counts in tally.by_source.values()) == tally.rows
    assert len(flagged.getvalue().splitlines()) == tally.flagged
    refused = {reject["line"] for reject in rejects}
    survivors = [line for i, line in enumerate(lines, 1) if line.strip(b" \t\r\n") and i not in refused]
    for given_line, line in zip(survivors, out, strict=True):
        row = json.loads(line)
        assert row["mismatch_verdict"] in VERDICTS
        if b"mismatch" not in given_line:  # but for columns that are replaced, the line stays as it was
            assert line.startswith(given_line.rstrip(b"} \t\r"))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cells=st.lists(st.lists(st.text(alphabet="ab,\"\t;'é\n\r =", max_size=8), min_size=1, max_size=4), max_size=8))
def test_every_csv_record_comes_out_or_is_rejected(tmp_path: Path, scorer: Scorer, cells: list[list[str]]) -> None:
    quoted = [",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in cells]
    path, out = tmp_path / "in.csv", tmp_path / "out.csv"
    path.write_text("\n".join(["title,body,n", *quoted]) + "\n", newline="")
    reader = Reader([str(path)])
    with open_sink(out, schema=reader.schema) as sink, Quarantine(None) as quarantine:
        tally = pipeline.run(reader, scorer, [pipeline.Route(sink)], quarantine, threads=1)
    assert tally.rows == sum(len(row) == 3 for row in cells)
    assert tally.rejected == sum(len(row) != 3 for row in cells)
    again = [batch for chunk in Reader([str(out)]) for batch in chunk.decode().pairs.to_pylist()]
    kept = [row for row in cells if len(row) == 3]
    assert [(row["title"] or "", row["body"] or "") for row in again] == [(row[0], row[1]) for row in kept]


def test_an_error_of_a_worker_ends_the_run_and_leaves_no_file(tmp_path: Path, pairs_file: Path, scorer: Scorer) -> None:
    class Broken(Scorer):
        def judge(self, *_: Any) -> Any:
            raise RuntimeError("broken")

    reader = Reader([str(pairs_file)], chunk_bytes=1000)
    with pytest.raises(RuntimeError, match="broken"), open_sink(tmp_path / "out.jsonl") as sink:
        pipeline.run(reader, Broken(scorer.model), [pipeline.Route(sink)], Quarantine(None))
    assert list(tmp_path.iterdir()) == []


def test_sources_beyond_the_limit_are_counted_together(
    tmp_path: Path, scorer: Scorer, monkeypatch: pytest.MonkeyPatch, write_rows: Any
) -> None:
    monkeypatch.setattr(tally_module, "MAX_SOURCES", 3)
    path = write_rows(tmp_path / "a.jsonl", [{"title": "a", "body": "b", "source": f"s{i % 10}"} for i in range(100)])
    tally = pipeline.run(Reader([str(path)]), scorer, [], Quarantine(None), by_source=True)
    assert len(tally.by_source) == 4
    assert tally.by_source[tally_module.OTHER_SOURCES].total() == 70
    assert sum(counts.total() for counts in tally.by_source.values()) == 100


def test_progress_is_told_and_reaches_the_end(pairs_file: Path, scorer: Scorer) -> None:
    seen: list[tuple[int, int]] = []
    reader = Reader([str(pairs_file)], chunk_bytes=2000)
    pipeline.run(reader, scorer, [], Quarantine(None), on_progress=lambda tally, n: seen.append((tally.rows, n)))
    assert [rows for rows, _ in seen] == sorted(rows for rows, _ in seen)
    assert seen[-1] == (64, reader.bytes_total)
