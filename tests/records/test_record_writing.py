"""Sinks: whole files or none, any format to any other, full disks, closed pipes, interrupts."""

from __future__ import annotations

import gc
import gzip
import io
import json
import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from reading_and_scoring import blocks_of, convert, json_rows, pairs_of, verdicts

from mismatch.errors import InputError
from mismatch.records.blocks import Reject
from mismatch.records.known_formats import BY_SUFFIX, WRITTEN
from mismatch.records.output.output_file import OutputFile
from mismatch.records.output.writing import open_sink, output_format
from mismatch.records.quarantine import Quarantine
from mismatch.records.reading import Reader

ROWS = [{"title": f"t{i} é", "body": 'b,"q"\n', "id": str(i)} for i in range(5)]
NAMES = [suffix[1:] for suffix, kind in BY_SUFFIX.items() if kind in WRITTEN]
FORMATS = [*NAMES, "jsonl.gz", "csv.zst", "json.zst", "jsonl.bz2", "csv.xz"]


@pytest.mark.parametrize("first", FORMATS)
@pytest.mark.parametrize("second", FORMATS)
def test_any_input_to_any_output(write: Any, tmp_path: Path, first: str, second: str) -> None:
    start = write("start.jsonl", ROWS)
    assert convert(start, tmp_path / f"one.{first}") == 5
    assert convert(tmp_path / f"one.{first}", tmp_path / f"two.{second}") == 5
    pairs = [(row["title"], row["body"]) for row in ROWS]
    assert pairs_of(tmp_path / f"two.{second}") == pairs
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(["start.jsonl", f"one.{first}", f"two.{second}"])


@pytest.mark.parametrize("first", ["jsonl", "csv", "parquet"])
@pytest.mark.parametrize("second", ["jsonl", "json", "csv", "parquet", "arrow"])
def test_only_writes_the_id_and_the_added_columns(write: Any, tmp_path: Path, first: str, second: str) -> None:
    start = write("start.jsonl", ROWS)
    convert(start, tmp_path / f"one.{first}")
    convert(tmp_path / f"one.{first}", tmp_path / f"two.{second}", only=True)
    if second in ("jsonl", "json"):
        text = (tmp_path / f"two.{second}").read_text()
        rows = json.loads(text) if second == "json" else [json.loads(line) for line in text.splitlines()]
        assert [row["id"] for row in rows] == list("01234") and set(rows[0]) == {
            "id",
            *verdicts(1).schema.names,
        }
    bare = write("bare.jsonl", [{"title": "a", "body": "b"}])
    convert(bare, tmp_path / f"three.{second}", only=True)


def test_the_format_comes_from_the_name() -> None:
    assert output_format("a/b.csv.gz") == "csv" and output_format("x.feather") == "arrow"
    assert output_format("-", "parquet") == "parquet" and output_format("a.txt") == "jsonl"


def test_a_missing_folder_or_a_folder_in_place_of_a_file_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist; create it first"):
        open_sink(tmp_path / "no" / "o.jsonl")
    with pytest.raises(InputError, match="is a folder"):
        open_sink(tmp_path)
    with pytest.raises(InputError, match="unknown format"):
        open_sink(tmp_path / "o.jsonl", format="xml")
    assert list(tmp_path.iterdir()) == []


def test_an_output_that_is_let_go_before_it_is_used_leaves_nothing(tmp_path: Path) -> None:
    output = OutputFile(tmp_path / "out.jsonl")
    assert len(list(tmp_path.iterdir())) == 1
    del output
    gc.collect()
    assert list(tmp_path.iterdir()) == []
    with OutputFile(tmp_path / "out.jsonl") as output:
        output.write(b"{}\n")
    del output
    gc.collect()
    assert [path.name for path in tmp_path.iterdir()] == ["out.jsonl"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
@pytest.mark.parametrize("name", ["o.jsonl", "o.json", "o.csv", "o.parquet", "o.arrow", "o.jsonl.gz"])
def test_an_interrupt_leaves_nothing_and_the_old_file_as_it_was(
    write: Any, tmp_path: Path, name: str, error: type[BaseException]
) -> None:
    [block] = blocks_of(write("a.jsonl", ROWS))
    old = write(name, b"old")
    with pytest.raises(error), open_sink(old) as sink:  # noqa: PT012 (the whole of writing is the story)
        sink.write(sink.encoder.encode(block, verdicts(5)))
        assert old.read_bytes() == b"old"
        raise error
    assert old.read_bytes() == b"old"
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(["a.jsonl", name])


def test_the_output_may_be_the_input(write: Any) -> None:
    path = write("a.jsonl", ROWS)
    path.chmod(0o640)
    assert convert(path, path, reader={"chunk_bytes": 10}) == 5
    assert [row["title"] for row in json_rows(path)] == [row["title"] for row in ROWS]
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_link_stays_a_link(write: Any, tmp_path: Path) -> None:
    real, link = write("real.jsonl", b""), tmp_path / "link.jsonl"
    link.symlink_to(real)
    convert(write("a.jsonl", ROWS), link)
    assert link.is_symlink() and len(json_rows(real)) == 5


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
@pytest.mark.parametrize("format", ["jsonl", "json", "csv", "parquet", "arrow"])
def test_a_full_disk_names_the_file(write: Any, format: str) -> None:
    path = write("a.jsonl", ROWS)
    with pytest.raises(InputError, match=r"/dev/full: cannot be written .No space left on device"):
        convert(path, "/dev/full", format=format)


@pytest.mark.parametrize("format", ["jsonl", "json", "csv", "parquet", "arrow"])
def test_a_closed_pipe_surfaces_as_it_is(write: Any, format: str) -> None:
    read, written = os.pipe()
    os.close(read)
    with open(written, "wb", buffering=0) as pipe, pytest.raises(BrokenPipeError):
        convert(write("a.jsonl", ROWS), None, format=format, stdout=pipe)


@pytest.mark.parametrize("format", ["jsonl", "json", "csv", "tsv", "parquet", "arrow"])
def test_standard_output(write: Any, format: str) -> None:
    out = io.BytesIO()
    convert(write("a.jsonl", ROWS), "-", format=format, stdout=out)
    reader = Reader(["-"], format=format, stdin=io.BytesIO(out.getvalue()))
    assert sum(len(chunk.decode()) for chunk in reader) == 5


def test_no_rows_at_all(write: Any, tmp_path: Path) -> None:
    empty = write("a.jsonl", b"")
    for name in ("o.jsonl", "o.json", "o.csv", "o.parquet", "o.arrow"):
        assert convert(empty, tmp_path / name) == 0
        assert (tmp_path / name).exists()
    assert json.loads((tmp_path / "o.json").read_bytes()) == []


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_a_truncated_stream_delivers_what_comes_before_the_break(write: Any, tmp_path: Path, rng: Any, suffix: str) -> None:
    rows = [{"title": f"t{i}", "body": rng.bytes(30).hex()} for i in range(3000)]
    plain = write("plain.jsonl", rows)
    packed = tmp_path / f"a.jsonl{suffix}"
    with pa.CompressedOutputStream(str(packed), "gzip" if suffix == ".gz" else "zstd") as stream:
        stream.write(plain.read_bytes())
    packed.write_bytes(packed.read_bytes()[: packed.stat().st_size * 2 // 3])
    other = write("b.jsonl", ROWS)
    reader = Reader([packed, other])
    blocks = [chunk.decode() for chunk in reader]
    titles = [t for b in blocks for t in b.pairs.column("title").to_pylist()]
    n = len(titles) - 5
    assert n > 1000 and titles[:n] == [row["title"] for row in rows[:n]] and titles[n:] == [r["title"] for r in ROWS]
    assert reader.problems == [f"{packed}: the compressed stream ends early after line {n}"]
    rejects = [r for b in blocks for r in b.rejects]
    assert len(rejects) <= 1 and all(r.line == n + 1 and r.reason.startswith("incomplete") for r in rejects)
    if suffix == ".gz":
        import zlib

        whole = zlib.decompressobj(31).decompress(packed.read_bytes())
        assert whole.count(b"\n") == n


def test_bytes_that_are_no_gzip_are_refused_before_anything_is_read(write: Any) -> None:
    with pytest.raises(InputError, match=r"a\.jsonl\.gz: not compressed with gzip, as \.gz in its name or --format says"):
        Reader([write("a.jsonl.gz", b"hello, this is no gzip"), write("b.jsonl", ROWS)])


def test_damage_behind_the_beginning_of_a_gzip_is_a_problem_not_a_crash(write: Any) -> None:
    damaged = gzip.compress(b"hello", mtime=0)[:10] + b"\xff" * 30
    reader = Reader([write("a.jsonl.gz", damaged), write("b.jsonl", ROWS)])
    assert sum(len(chunk.decode()) for chunk in reader) == 5
    assert "the compressed stream is damaged after line 0" in reader.problems[0]


def test_several_gzip_members_are_one_stream(write: Any) -> None:
    one = gzip.compress(b'{"title":"a","body":"b"}\n')
    assert pairs_of(write("a.jsonl.gz", one * 3)) == [("a", "b")] * 3


def test_the_quarantine_keeps_raw_rows_and_counts_reasons(tmp_path: Path) -> None:
    path = tmp_path / "q.jsonl"
    with Quarantine(path) as quarantine:
        quarantine.add(Reject("a.jsonl", 3, "not valid JSON: x at character 7", b'{"a": "\xc3\xa9'))
        quarantine.extend([Reject("a.csv", 4, "2 fields where the header has 3", b"\xff,b")])
        assert not path.exists()
    assert quarantine.count == 2
    assert quarantine.by_reason == {"not valid JSON": 1, "wrong number of fields": 1}
    assert json_rows(path) == [
        {"file": "a.jsonl", "line": 3, "reason": "not valid JSON: x at character 7", "raw": '{"a": "é'},
        {"file": "a.csv", "line": 4, "reason": "2 fields where the header has 3", "raw_base64": "/yxi"},
    ]
    with pytest.raises(InputError), Quarantine(tmp_path / "no" / "q.jsonl"):
        pass
    with pytest.raises(KeyboardInterrupt), Quarantine(tmp_path / "r.jsonl"):
        raise KeyboardInterrupt
    assert [p.name for p in tmp_path.iterdir()] == ["q.jsonl"]


@pytest.mark.parametrize("threads", [2])
def test_blocks_may_be_decoded_and_encoded_in_threads(write: Any, tmp_path: Path, threads: int) -> None:
    from concurrent.futures import ThreadPoolExecutor

    path = write("a.jsonl", [{"title": f"t{i}", "body": "b" * (i % 50)} for i in range(2000)])
    with open_sink(tmp_path / "o.jsonl") as sink, ThreadPoolExecutor(threads) as pool:

        def work(chunk: Any) -> Any:
            block = chunk.decode()
            return sink.encoder.encode(block, verdicts(len(block)))

        for encoded in pool.map(work, Reader([path], chunk_bytes=1000)):
            sink.write(encoded)
    assert [row["title"] for row in json_rows(tmp_path / "o.jsonl")] == [f"t{i}" for i in range(2000)]
