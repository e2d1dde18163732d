"""JSON lines: the same values as json.loads, the line's own bytes in the output, nothing lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reading_and_scoring import VERDICTS, blocks_of, convert, json_rows, pairs_of, rejects_of, verdicts

from mismatch.records.columns import ColumnChoice
from mismatch.records.formats.json_lines import judge_line
from mismatch.records.formats.json_scan import OK, scan_rows
from mismatch.records.output.encoding import Encoder
from mismatch.records.output.writing import open_sink
from mismatch.records.reading import Reader

FIRST = b'{"title": "Rain stops play", "body": "It rained."}\n'

STRANGE = [
    b'{"title":"a\\"b\\\\c\\/d\\b\\f\\n\\r\\t","body":"\\u00e9\\u20ac"}',
    b'{"title":"\\u0000","body":"a\\u0000b"}',
    b'{"title":"\\ud83d\\ude00","body":"\\uD83D\\uDE00 and \xf0\x9f\x98\x80"}',
    b'{"x":{"title":"no","body":["no"]},"title":"yes","body":"b"}',
    b'{"n":123456789012345678901234567890,"f":1e400,"g":-0.0E-5,"title":"t","body":"b"}',
    b'{"title":"first","body":"b","title":"last"}',
    b'{"title":"first","body":"b","title":null}',
    b'{"body":"b"}',
    b"{}",
    b'{"title":null,"body":null}',
    b'{"\\u0074itle":"escaped","bod\\u0079":"b"}',
    b'{"t\\u00edtulo":"x","title":"t","body":"b"}',
    b' \t{ "title" : "t" , "body" : "b" } \t\r',
    b'{"title":"t","body":"b","x":' + b"[" * 400 + b"]" * 400 + b"}",
    b'{"title":"t","body":"b","x":' + b'{"a":' * 300 + b"1" + b"}" * 300 + b"}",
    b'{"title":"t","body":"b","x":[NaN,Infinity,-Infinity,true,false,null,0,-1.5e+3]}',
    b'{"title":"","body":"","":""}',
    b'{"title":"' + b"word " * 100_000 + b'","body":"b"}',
    ('{"title":"' + "日本語" * 50 + '","body":"' + "дом " * 99 + '"}').encode(),
    b'{"title":"\xef\xbf\xbd\xf4\x8f\xbf\xbf","body":"\\\\u0041"}',
    b"{" + b",".join(b'"k%d":%d' % (i, i) for i in range(3000)) + b',"title":"t","body":"b"}',
]

BROKEN = [
    b"null",
    b"[1, 2]",
    b'"text"',
    b"12.5",
    b"true",
    b"{",
    b"}",
    b"{} null {}",
    b'{"title":"a"}{"title":"b"}',
    b'{"title":"a","body":"b",}',
    b'{"title":"a" "body":"b"}',
    b'{"title":"a\x00b","body":"b"}',
    b'{"title":"a\tb","body":"b"}',
    b'{"title":"\xff","body":"b"}',
    b'{"title":"\xed\xa0\x80","body":"b"}',
    b'{"title":"a","body":"\xc3"}',
    b'{"title":"\\x41","body":"b"}',
    b'{"title":"\\u12","body":"b"}',
    b'{"title":"a","n":01}',
    b'{"title":"a","n":1.}',
    b'{"title":"a","n":.5}',
    b'{"title":"a","n":+1}',
    b'{"title":"a","n":[1,]}',
    b'{"title":"a","n":[1}',
    b"{'title':'a'}",
    b'{"title":"a","n":nul}',
    b'{"title":"a"} // note',
    b'{"title":"a"',
    b'{"title":[{"a":1}],"body":"b"}',
    b'{"title":"a","body":{"b":1}}',
    b"\x00\x00\x00",
    b'{"title":"t","x":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
]


def as_text(value: Any) -> str | None:
    return None if value is None else str(value)


@pytest.mark.parametrize("line", STRANGE, ids=lambda line: repr(line[:40]))
def test_strange_but_valid_json_has_the_values_of_json_loads(write: Any, line: bytes) -> None:
    expected = json.loads(line)
    path = write("a.jsonl", FIRST + line + b"\n" + FIRST)
    pairs = pairs_of(path)
    assert len(pairs) == 3
    assert pairs[1] == (as_text(expected.get("title")), as_text(expected.get("body")))


@pytest.mark.parametrize("line", BROKEN, ids=lambda line: repr(line[:40]))
def test_a_broken_line_is_rejected_with_its_number_and_its_bytes(write: Any, line: bytes) -> None:
    path = write("a.jsonl", FIRST + b"\n" + line + b"\r\n" + FIRST)
    [reject] = rejects_of(path)
    assert (reject.line, reject.raw) == (3, line)
    assert reject.reason and "\n" not in reject.reason
    assert len(pairs_of(path)) == 2


def test_half_a_surrogate_pair_becomes_a_replacement_character_and_leaves_the_line_as_it_is(
    write: Any, tmp_path: Path
) -> None:
    line = b'{"title":"a\\ud83d","body":"\\ude00\\ud83dz","\\ud83d":1}'
    path = write("a.jsonl", FIRST + line)
    assert pairs_of(path)[1] == ("a\ufffd", "\ufffd\ufffdz")
    convert(path, tmp_path / "out.jsonl")
    assert (tmp_path / "out.jsonl").read_bytes().splitlines()[1].startswith(line[:-1] + b",")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("1.50", "1.50"),
        ("-0", "-0"),
        ("12345678901234567890123", "12345678901234567890123"),
        ("true", "true"),
        ("1E5", "1E5"),
    ],
)
def test_a_number_or_boolean_as_title_is_its_own_text(write: Any, value: str, text: str) -> None:
    path = write("a.jsonl", FIRST + b'{"title": %s, "body": "b"}' % value.encode())
    assert pairs_of(path)[1] == (text, "b")


def test_a_list_without_text_as_title_is_rejected_in_words(write: Any) -> None:
    [reject] = rejects_of(write("a.jsonl", FIRST + b'{"title": [{"a": 1}], "body": "b"}'))
    assert reject.reason == "title is a list, not text"


def test_byte_order_mark_crlf_and_blank_lines(write: Any, tmp_path: Path) -> None:
    content = b'\xef\xbb\xbf{"title":"a","body":"b"}\r\n\r\n   \n{"title":"c","body":"d"}  \t'
    path = write("a.jsonl", content)
    [first] = blocks_of(path, chunk_bytes=1 << 20)[:1]
    assert pairs_of(path) == [("a", "b"), ("c", "d")]
    assert first.row_numbers.tolist() == [1]
    convert(path, tmp_path / "out.jsonl")
    lines = (tmp_path / "out.jsonl").read_bytes().splitlines()
    assert [line.startswith(b'{"title":') for line in lines] == [True, True]


def test_line_numbers_do_not_depend_on_the_size_of_chunks(write: Any) -> None:
    lines = [b'{"title":"t%d","body":"b"}' % i if i % 3 else b"" for i in range(50)]
    path = write("a.jsonl", b"\n".join(lines))
    expected = [i + 1 for i in range(50) if i % 3]
    for chunk_bytes in (1, 7, 64, 1000, 1 << 20):
        numbers = [int(n) for block in blocks_of(path, chunk_bytes=chunk_bytes) for n in block.row_numbers]
        assert numbers == expected


def test_the_output_line_is_the_input_line_with_the_columns_at_its_end(write: Any, tmp_path: Path) -> None:
    lines = [line for line in STRANGE if len(line) < 10_000]
    path = write("a.jsonl", FIRST + b"\n".join(lines) + b"\n")
    added = verdicts(len(lines) + 1).to_pylist()
    assert convert(path, tmp_path / "out.jsonl") == len(lines) + 1
    out = (tmp_path / "out.jsonl").read_bytes().split(b"\n")
    for line, written, columns in zip([FIRST, *lines], out, added, strict=False):
        own = line.rstrip()[:-1]
        assert written.startswith(own)
        row = json.loads(written)
        for name in VERDICTS.names:
            assert row[name] == columns[name]
        assert not written[len(own) :].startswith(b",") or line.strip() != b"{}"


def test_scored_again_the_old_columns_are_replaced_not_doubled(write: Any, tmp_path: Path) -> None:
    content = FIRST + b'{ "x" : 1 , "title":"a","t\\u00e9":[1, 2],"body":"b" }\n{"title":"c","z":1.0}\n'
    path = write("a.jsonl", content)
    convert(path, tmp_path / "one.jsonl")
    convert(tmp_path / "one.jsonl", tmp_path / "two.jsonl")
    assert (tmp_path / "two.jsonl").read_bytes() == (tmp_path / "one.jsonl").read_bytes()


def test_old_columns_in_the_middle_are_taken_out_and_other_bytes_stay(write: Any, tmp_path: Path) -> None:
    line = b'{"mismatch_verdict":"x", "title" : 1.0 ,"title_topic":{"a":"}"},"body":"b" , "mismatch_reason\\u0073":[] }'
    path = write("a.jsonl", b'{"title_topic":1}\n' + line + b"\n")
    convert(path, tmp_path / "out.jsonl", reader={"columns": ColumnChoice()})
    first, second = (tmp_path / "out.jsonl").read_bytes().splitlines()
    assert first.startswith(b'{"mismatch_verdict":"unsure"')
    assert second.startswith(b'{ "title" : 1.0 ,"body":"b" ,"mismatch_verdict":"match"')
    assert json.loads(second)["mismatch_reasons"] == ["weak_overlap"]


def test_numbers_are_written_as_they_are_and_what_is_none_as_null() -> None:
    from mismatch.records.output.fragments import json_fragments

    data, _ = json_fragments(pa.array([0.1234567890123, None, float("nan"), float("inf"), 1e-7]))
    assert data.tobytes() == b"0.1234567890123nullnullnull1e-7"


def test_a_mask_chooses_rows_and_only_leaves_out_the_user_columns(write: Any, tmp_path: Path) -> None:
    path = write("a.jsonl", [{"title": f"t{i}", "body": "b", "id": i} for i in range(6)])
    [block] = blocks_of(path)
    mask = np.array([True, False, False, True, False, True])
    encoder = Encoder("jsonl", only=True)
    rows = [json.loads(line) for line in encoder.encode(block, verdicts(6), mask).data.tobytes().splitlines()]
    assert [row["id"] for row in rows] == [0, 3, 5]
    assert set(rows[0]) == {"id", *VERDICTS.names}
    whole = Encoder("jsonl").encode(block, verdicts(6), ~mask)
    assert [json.loads(line)["title"] for line in whole.data.tobytes().splitlines()] == ["t1", "t2", "t4"]


def test_a_line_above_the_limit_is_rejected_and_streamed_to_the_quarantine(write: Any, tmp_path: Path) -> None:
    import base64

    from mismatch.records.quarantine import Quarantine

    long = b'{"title":"' + "é".encode() * 500_000 + b'","body":"b"}'
    wrong = b'{"title":"\xff' + b"x" * 900_000
    path = write("a.jsonl", FIRST + long + b"\n" + FIRST + wrong + b"\n" + FIRST + long)
    for chunk_bytes in (1000, 100_000, 4 << 20):
        options = {"chunk_bytes": chunk_bytes, "max_line_bytes": 200_000}
        with Quarantine(tmp_path / "q.jsonl") as quarantine:
            n = 0
            for block in blocks_of(path, **options):
                n += len(block)
                quarantine.extend(block.rejects)
        assert (n, quarantine.count) == (3, 3)
        rows = json_rows(tmp_path / "q.jsonl")
        assert [row["line"] for row in rows] == [2, 4, 6]
        assert rows[0]["raw"].encode() == long and rows[2]["raw"].encode() == long
        assert base64.b64decode(rows[1]["raw_base64"]) == wrong
        assert rows[0]["reason"] == "longer than 200,000 bytes"


good = st.builds(
    lambda title, body, more: json.dumps({"title": title, "body": body, **more}).encode(),
    st.one_of(st.none(), st.text(), st.integers(), st.booleans()),
    st.one_of(st.none(), st.text(max_size=80)),
    st.dictionaries(st.text(max_size=5), st.one_of(st.floats(), st.text(), st.lists(st.integers())), max_size=3),
)
raw_text = st.builds(
    lambda title: json.dumps({"title": title, "body": "b"}, ensure_ascii=False).encode(errors="surrogatepass"),
    st.text(),
)
cut = st.builds(lambda line, k: line[: k % (len(line) + 1)], good, st.integers(0, 200))
flipped = st.builds(
    lambda line, k, c: line[: k % len(line)] + bytes([c]) + line[k % len(line) + 1 :],
    good,
    st.integers(0, 500),
    st.integers(0, 255),
)
line_strategy = st.one_of(good, raw_text, cut, flipped, st.binary(max_size=30), st.sampled_from(STRANGE[:12] + BROKEN[:28]))


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=st.lists(line_strategy, max_size=12), chunk_bytes=st.sampled_from([1, 40, 300, 1 << 20]))
def test_rows_in_are_rows_out_and_rejected(tmp_path: Path, lines: list[bytes], chunk_bytes: int) -> None:
    path = tmp_path / "in.jsonl"
    path.write_bytes(FIRST + b"\n".join(line.replace(b"\n", b" ") for line in lines))
    expected: list[Any] = []
    physical = path.read_bytes().split(b"\n")
    for line in physical:
        text = line.rstrip(b" \t\r\n")
        if not text:
            continue
        value = judge_line(text)
        ok = not isinstance(value, str) and not any(isinstance(value.get(role), list | dict) for role in ("title", "body"))
        expected.append((value.get("title"), value.get("body")) if ok else None)
    rejected, pairs = 0, []
    reader = Reader([path], chunk_bytes=chunk_bytes)
    with open_sink(tmp_path / "out.jsonl") as sink:
        for chunk in reader:
            block = chunk.decode()
            rejected += len(block.rejects)
            pairs += zip(*(block.pairs.column(role).to_pylist() for role in ("title", "body")), strict=True)
            sink.write(sink.encoder.encode(block, verdicts(len(block))))
    kept = [pair for pair in expected if pair is not None]
    written = {True: "true", False: "false"}
    assert len(expected) == len(pairs) + rejected
    assert sink.count == len(pairs) == (tmp_path / "out.jsonl").read_bytes().count(b"\n")
    for (title, body), (t, b) in zip(kept, pairs, strict=True):
        for want, got in ((title, t), (body, b)):
            want = written.get(want, want) if isinstance(want, bool) else want
            if isinstance(want, str):
                want = want.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
            assert got == want


@settings(max_examples=300, deadline=None)
@given(line=line_strategy)
def test_the_scanner_vouches_only_for_what_json_loads_reads(line: bytes) -> None:
    data = np.frombuffer(line or b" ", dtype=np.uint8)
    table = scan_rows(data, np.array([0]), np.array([len(data)]), ["title"])
    value = judge_line(bytes(data))
    if table.status[0] == OK:
        assert isinstance(value, dict)
    else:
        assert isinstance(value, str)
