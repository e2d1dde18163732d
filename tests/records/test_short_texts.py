"""How much of a text is looked at, and that rows are written as they came, whatever their length."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest

from mismatch.records.reading import Reader
from mismatch.records.short_texts import LONGEST_NAME, beginnings, names
from mismatch.records.tables import read_pairs


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.string_view()])
def test_the_beginning_of_a_text_ends_with_a_whole_character(kind: pa.DataType) -> None:
    texts = pa.array(["abc", None, "aéb", "日本", ""], kind)
    assert beginnings(texts, 2).to_pylist() == ["ab", None, "a", "", ""]
    assert beginnings(texts, 2).type == kind
    assert beginnings(texts, 5).to_pylist() == ["abc", None, "aéb", "日", ""]
    assert beginnings(texts, 6) is texts


def test_a_slice_of_an_array_is_cut_as_an_array_of_its_own() -> None:
    texts = pa.array(["x" * 100, "abcdef", None, "ab"])
    assert beginnings(texts[1:], 3).to_pylist() == ["abc", None, "ab"]
    assert beginnings(texts[1:], 6).to_pylist() == ["abcdef", None, "ab"]


def test_what_is_too_long_for_a_name_is_none() -> None:
    kept = "é" * (LONGEST_NAME // 2)
    assert names(pa.array([kept, kept + "x", None, "a"])).to_pylist() == [kept, None, None, "a"]


def test_a_row_with_a_long_id_and_source_is_read_without_them(tmp_path: Path) -> None:
    row = {"title": "A pier closes", "body": "The pier closes.", "id": "i" * 5000, "source": "s" * 5000, "topic": "t" * 5000}
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps(row) + "\n" + json.dumps({**row, "id": "1", "source": "s", "topic": "t"}) + "\n")
    table = read_pairs([path])
    assert [table[name].to_pylist() for name in ("id", "source", "topic")] == [[None, "1"], [None, "s"], [None, "t"]]
    (chunk,) = Reader([path])
    assert json.loads(chunk.decode().rows.line(0)) == row  # type: ignore[union-attr]
