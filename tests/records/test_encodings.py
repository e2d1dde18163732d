"""Tables in other encodings than UTF-8: which one it is, and what becomes of bytes that are none."""

from __future__ import annotations

import gzip
import io
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reading_and_scoring import convert, json_rows, pairs_of, rejects_of

from mismatch.errors import InputError
from mismatch.records.encodings import encoding_of
from mismatch.records.layout import Layout
from mismatch.records.reading import Reader

SENTENCES = {
    "cp1252": "Größere Schäden nach dem Unwetter in Köln: die Behörden rufen Bürger auf, zu Hause zu bleiben.",
    "mac_roman": "Les élèves du collège sont rentrés dès septembre, après un été où la forêt brûlait déjà près d’ici.",
    "cp850": "Größere Schäden nach dem Unwetter in Köln: die Behörden rufen Bürger auf, zu Hause zu bleiben.",
    "cp1250": "Příliš žluťoučký kůň úpěl ďábelské ódy, když řidič přejížděl přes úzký most v Brně.",
    "cp1254": "İstanbul'da kar yağışı nedeniyle okullar tatil edildi, ulaşım güçlükle sağlanıyor.",
    "cp1257": "Rīgas domes deputāti ceturtdien lēma par jaunu tiltu pār Daugavu, žurnālisti gaida ziņas.",
    "cp1251": "Правительство объявило о новых мерах поддержки малого бизнеса в регионах страны.",
    "koi8_r": "Правительство объявило о новых мерах поддержки малого бизнеса в регионах страны.",
    "cp1253": "Η κυβέρνηση ανακοίνωσε νέα μέτρα στήριξης για τις μικρές επιχειρήσεις της χώρας.",
    "cp1256": "أعلنت الحكومة عن إجراءات جديدة لدعم الشركات الصغيرة في مناطق البلاد المختلفة.",
    "gb18030": "政府宣布了支持全国各地小企业的新措施，专家认为这将有助于恢复经济增长。",
    "big5": "政府宣布了支持全國各地小企業的新措施，專家認為這將有助於恢復經濟成長。",
    "shift_jis": "政府は地方の中小企業を支援する新たな措置を発表し、専門家は景気回復につながるとみている。",
    "euc_jp": "政府は地方の中小企業を支援する新たな措置を発表し、専門家は景気回復につながるとみている。",
    "cp949": "정부는 지방 중소기업을 지원하는 새로운 조치를 발표했으며 전문가들은 경기 회복을 기대한다.",
}


@pytest.mark.parametrize("encoding", SENTENCES)
def test_a_table_is_read_in_the_encoding_it_is_written_in(write: Any, encoding: str) -> None:
    text = SENTENCES[encoding]
    path = write("a.csv", f'title,body\n"{text}","{text}"\nplain,ascii\n'.encode(encoding))
    assert pairs_of(path) == [(text, text), ("plain", "ascii")]
    reader = Reader([path])
    assert any("read as" in notice and "--encoding" in notice for notice in reader.notices)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig"])
def test_unicode_in_all_its_forms(write: Any, encoding: str) -> None:
    text = "title,body\nKöln,größer 日本 😀\n"
    mark = "\ufeff" if encoding.endswith("be") else ""
    assert pairs_of(write("a.csv", (mark + text).encode(encoding))) == [("Köln", "größer 日本 😀")]


def test_english_with_curly_quotes_is_windows_1252(write: Any) -> None:
    assert pairs_of(write("a.csv", "title,body\nIt’s over,“Yes” – he said\n".encode("cp1252"))) == [
        ("It’s over", "“Yes” – he said")
    ]


def test_letters_that_come_late_in_a_file_are_seen(write: Any) -> None:
    rows = ["plain,ascii text of some length\n"] * 20_000 + ["Köln,größer\n"] * 20_000
    path = write("a.csv", ("title,body\n" + "".join(rows)).encode("cp1252"))
    assert pairs_of(path)[-1] == ("Köln", "größer")


def test_a_damaged_row_among_good_utf8_is_rejected_alone(write: Any) -> None:
    path = write("a.csv", "title,body\nKöln,größer\n".encode() + b"K\xf6ln,x\n" + "Zürich,schöner\n".encode())
    assert pairs_of(path) == [("Köln", "größer"), ("Zürich", "schöner")]
    [reject] = rejects_of(path)
    assert (reject.line, reject.reason, reject.raw) == (3, "not valid UTF-8", b"K\xf6ln,x")


def test_bytes_that_the_encoding_does_not_have_cost_their_row(write: Any) -> None:
    content = b"title,body\nK\xf6ln,gr\xf6\xdfer\nbad \x81 byte,x\n" + "Zürich,schöner Brücken\n".encode("cp1252")
    path = write("a.csv", content)
    assert pairs_of(path) == [("Köln", "größer"), ("Zürich", "schöner Brücken")]
    [reject] = rejects_of(path)
    assert reject.line == 3 and b"bad \x81 byte" in reject.raw


def test_an_odd_byte_at_the_end_of_utf16_is_rejected(write: Any) -> None:
    path = write("a.csv", "title,body\nKöln,größer\nlast,row".encode("utf-16") + b"x")
    assert pairs_of(path) == [("Köln", "größer")]
    assert [reject.line for reject in rejects_of(path)] == [3]


def test_the_encoding_that_is_named_is_taken_for_text_of_any_format(write: Any, tmp_path: Any) -> None:
    layout = Layout(encoding="latin-1")
    path = write("a.jsonl", '{"title":"Köln","body":"größer"}\n'.encode("latin-1"))
    assert pairs_of(path, layout=layout) == [("Köln", "größer")]
    convert(path, tmp_path / "o.jsonl", reader={"layout": layout})
    assert json_rows(tmp_path / "o.jsonl")[0]["title"] == "Köln"
    assert [r.reason[:14] for r in rejects_of(path)] == ["not valid UTF-"], "JSON is UTF-8 unless it is said not to be"
    plain = write("b.csv", "title,body\nKöln,x\n".encode())
    assert pairs_of(plain, layout=layout) == [("KÃ¶ln", "x")]
    assert pairs_of(plain, layout=Layout(encoding="UTF8")) == [("Köln", "x")]
    with pytest.raises(InputError, match="unknown encoding 'klingon'"):
        Layout(encoding="klingon")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig"])
@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "-"])
def test_json_in_every_form_of_unicode_is_told_by_itself(write: Any, encoding: str, name: str) -> None:
    rows = [{"title": "Köln 東京", "body": "größer"}, {"title": "😀", "body": "x"}]
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    array = json.dumps(rows, ensure_ascii=False)
    expected = [(row["title"], row["body"]) for row in rows]
    for text in (
        (array, json.dumps(rows, ensure_ascii=False, indent=1))
        if name == "a.json"
        else (lines, array)
        if name == "-"
        else (lines,)
    ):
        data = text.encode(encoding)
        reader = Reader(["-"], stdin=io.BytesIO(data)) if name == "-" else Reader([write(name, data)])
        pairs = [pair for chunk in reader for pair in chunk.decode().pairs.select(["title", "body"]).to_pylist()]
        assert [(pair["title"], pair["body"]) for pair in pairs] == expected


def test_a_compressed_table_and_one_from_standard_input(write: Any) -> None:
    data = ("title;body\n" + f"Köln;{SENTENCES['cp1252']}\n" * 3).encode("cp1252")
    assert pairs_of(write("a.csv.gz", gzip.compress(data)))[0] == ("Köln", SENTENCES["cp1252"])
    reader = Reader(["-"], format="csv", stdin=io.BytesIO(data))
    assert [t for chunk in reader for t in chunk.decode().pairs.column("title").to_pylist()] == ["Köln"] * 3


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        (gzip.compress(b"title,body\na,b\n", mtime=0), "add .gz"),
        (b"PK\x03\x04\x14\x00\x00\x00\x08\x00\xb6\xda", "--format xlsx"),
        (b"SQLite format 3\x00\x10\x00\x01\x01", "--format sqlite"),
        (b"PAR1\x15\x04\x15\xe0\x00\x00", "--format parquet"),
    ],
)
def test_what_is_no_text_is_not_guessed_at(write: Any, data: bytes, cause: str) -> None:
    with pytest.raises(InputError, match=cause):
        Reader([write("a.csv", data)])


def test_ascii_and_utf8_are_left_alone() -> None:
    assert encoding_of([b"title,body\na,b\n"]) is None
    assert encoding_of(["title,body\nKöln,größer\n".encode()]) is None
    assert encoding_of([b""]) is None


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    cells=st.lists(st.tuples(st.text(st.sampled_from(list('äß,"\nx€ 日😀')), max_size=8)), max_size=6),
    encoding=st.sampled_from(["utf-16", "utf-8", "gb18030"]),
    chunk_bytes=st.sampled_from([1, 7, 1 << 20]),
)
def test_any_text_survives_any_encoding_and_any_cut(
    tmp_path: Any, cells: list[tuple[str]], encoding: str, chunk_bytes: int
) -> None:
    path = tmp_path / "a.csv"
    rows = "".join('"{}",b\n'.format(cell.replace('"', '""')) for (cell,) in cells)
    path.write_bytes(f"title,body\n{rows}".encode(encoding))
    found = pairs_of(path, layout=Layout(encoding=encoding), chunk_bytes=chunk_bytes)
    assert found == [(cell or None, "b") for (cell,) in cells]
