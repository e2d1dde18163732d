"""Finding inputs, choosing columns, and every way in which an input can be wrong before any work."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from reading_and_scoring import blocks_of, convert, pairs_of

from mismatch.errors import InputError, MismatchError
from mismatch.records.columns import ColumnChoice, find_columns
from mismatch.records.inputs import find_inputs
from mismatch.records.known_formats import BY_SUFFIX, WRITTEN
from mismatch.records.quarantine import Quarantine
from mismatch.records.reading import Reader
from mismatch.records.tables import read_pairs

ROW = {"title": "t", "body": "b"}


def message(*inputs: Any, **options: Any) -> str:
    with pytest.raises(InputError) as caught:
        Reader([str(item) for item in inputs], **options)
    text = str(caught.value)
    assert "\n" not in text and caught.value.exit_code == 2 and isinstance(caught.value, MismatchError)
    return text


def test_a_folder_is_read_recursively_sorted_without_hidden_files_and_temporaries(write: Any, tmp_path: Path) -> None:
    for name in ("d/b.jsonl", "d/a/z.jsonl.gz", "d/c.csv", "d/.hidden.jsonl", "d/.git/x.jsonl", "d/note.txt"):
        write(name, b"")
    write("d/.c.jsonl.1-2.mismatch-tmp", b"")
    found = [Path(item.origin).relative_to(tmp_path / "d").as_posix() for item in find_inputs([tmp_path / "d"])]
    assert found == ["a/z.jsonl.gz", "b.jsonl", "c.csv"]


def test_a_glob_and_several_files(write: Any, tmp_path: Path) -> None:
    for name in ("b.jsonl", "a.jsonl", "c.ndjson"):
        write(name, [{"title": name, "body": "b"}])
    assert [t for t, _ in pairs_of(tmp_path / "*.jsonl", tmp_path / "c.ndjson")] == [
        "a.jsonl",
        "b.jsonl",
        "c.ndjson",
    ]


def test_wrong_inputs_say_what_and_where(write: Any, tmp_path: Path) -> None:
    assert "no such file" in message(tmp_path / "none.jsonl")
    assert "no file matches" in message(tmp_path / "*.jsonl")
    (tmp_path / "empty").mkdir()
    assert "holds no file that can be read" in message(tmp_path / "empty")
    assert "unknown format" in message(write("a.xyz", b""))
    assert "unknown format" in message(write("a.jsonl.zst.gz", b"")), "compressed twice"
    assert "unknown format 'xml'" in message(write("a.jsonl", [ROW]), format="xml")
    assert "no input" in message()
    assert "compressed parquet" in message(write("a.parquet.gz", b""))


def test_the_format_given_overrides_the_name(write: Any) -> None:
    assert pairs_of(write("a.txt", [ROW]), format="ndjson") == [("t", "b")]
    assert pairs_of(write("b.log.gz", gzip.compress(b"title\tbody\nt\tb\n")), format="tsv") == [("t", "b")]


def test_missing_columns_name_the_columns_there_are_and_the_flag(write: Any) -> None:
    path = write("a.jsonl", [{"caption": "x", "body": "b"}])
    text = message(path)
    assert "--title" in text and "'caption'" in text
    assert "--source" in message(path, columns=ColumnChoice(title="caption", source="site"))
    assert "--body" in message(write("a.csv", b"headline,n\nx,1\n"))
    table = pa.table({"headline": ["x"]})
    pq.write_table(table, path.with_suffix(".parquet"))
    assert "--body" in message(path.with_suffix(".parquet"))


def test_usual_names_in_any_case_and_the_notice(write: Any) -> None:
    path = write("a.jsonl", [{"URL": "u", "HeadLine": "x", "Text": "b", "domain": "s"}])
    reader = Reader([path])
    assert reader.notices == ["title=HeadLine, body=Text, source=domain, id=URL"]
    [chunk] = reader
    assert chunk.decode().pairs.to_pylist() == [
        {"title": "x", "body": "b", "source": "s", "id": "u", "topic": None, "label": None}
    ]
    assert reader.bytes_read == reader.bytes_total == path.stat().st_size


def test_title_wins_over_headline() -> None:
    assert find_columns(["headline", "title", "text", "body"], ColumnChoice(), "x").notice() == "title=title, body=body"


@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.csv", "a.tsv"])
@pytest.mark.parametrize("content", [b"", b"\n \n\t\r\n", b"\xef\xbb\xbf"])
def test_an_empty_file_has_no_rows_and_a_notice(write: Any, name: str, content: bytes) -> None:
    if name[-3:] in ("csv", "tsv") and content.strip() == b"" and content:
        content = b"\n\r\n"
    path = write(name, content)
    reader = Reader([path])
    assert sum(len(chunk.decode()) for chunk in reader) == 0
    assert reader.notices == [f"{path}: no rows"]


def test_a_file_without_one_readable_row_yields_only_rejects(write: Any) -> None:
    blocks = blocks_of(write("a.jsonl", b"oh\nno\n"))
    assert [len(block) for block in blocks] == [0]
    assert [reject.line for block in blocks for reject in block.rejects] == [1, 2]


def test_columns_that_turn_up_late_are_found(write: Any) -> None:
    rows = [{"body": "x" * 1000}] * 600 + [ROW]
    assert pairs_of(write("a.jsonl", rows))[-1] == ("t", "b")


@pytest.mark.parametrize(
    ("data", "format"),
    [
        (b'{"title":"t","body":"b"}\n', None),
        (b'[{"title":"t","body":"b"}]', None),
        (gzip.compress(b'{"title":"t","body":"b"}\n', mtime=0), None),
        (b"title,body\nt,b\n", "csv"),
    ],
)
def test_standard_input(data: bytes, format: str | None) -> None:
    reader = Reader(["-"], format=format, stdin=io.BytesIO(data))
    assert reader.bytes_total is None
    assert [row for chunk in reader for row in chunk.decode().pairs.column("title").to_pylist()] == ["t"]
    assert reader.bytes_read == len(data)


@pytest.mark.parametrize("suffix", [suffix for suffix, kind in BY_SUFFIX.items() if kind in WRITTEN])
def test_every_known_suffix_is_read_from_files_and_folders_and_said(write: Any, tmp_path: Path, suffix: str) -> None:
    convert(write("start.jsonl", [ROW]), tmp_path / f"one{suffix}")
    assert pairs_of(tmp_path / f"one{suffix}") == [("t", "b")]
    (tmp_path / "folder").mkdir()
    (tmp_path / f"one{suffix}").rename(tmp_path / "folder" / f"one{suffix.upper()}")
    assert pairs_of(tmp_path / "folder") == [("t", "b")]
    (tmp_path / "empty").mkdir()
    assert suffix in message(tmp_path / "empty").replace(",", " ").split()
    assert BY_SUFFIX[suffix] in message(write("a.xyz", b""))


@pytest.mark.parametrize("kind", ["parquet", "file", "stream"])
def test_binary_formats_from_standard_input(kind: str) -> None:
    table, sink = pa.table({"title": ["t"], "body": ["b"]}), io.BytesIO()
    if kind == "parquet":
        pq.write_table(table, sink)
    else:
        new = pa.ipc.new_file if kind == "file" else pa.ipc.new_stream
        with new(sink, table.schema) as writer:
            writer.write_table(table)
    reader = Reader(["-"], stdin=io.BytesIO(sink.getvalue()))
    assert sum(len(chunk.decode()) for chunk in reader) == 1


def test_read_pairs_puts_all_inputs_into_one_table(write: Any, tmp_path: Path) -> None:
    a = write("a.jsonl", json.dumps(ROW) + "\nbroken\n")
    b = write("b.csv", "headline,text,label\nx,y,match\n")
    quarantine = Quarantine(None)
    table = read_pairs([a, b], quarantine=quarantine)
    assert table.column_names == ["title", "body", "source", "id", "topic", "label"]
    assert table.column("title").to_pylist() == ["t", "x"] and table.column("label").to_pylist() == [
        None,
        "match",
    ]
    assert quarantine.count == 1 and quarantine.by_reason == {"not valid JSON": 1}
    assert read_pairs([write("e.jsonl", b"")]).num_rows == 0
