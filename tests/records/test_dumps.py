"""What crawlers, extractors and interfaces write, field for field, and text inside lists and objects."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from reading_and_scoring import blocks_of, convert, json_rows, pairs_of, rejects_of

from mismatch.errors import InputError
from mismatch.integrations.fields import text_of
from mismatch.records.columns import ColumnChoice
from mismatch.records.drawing import Runs
from mismatch.records.inner_text import text_inside
from mismatch.records.reading import Reader

DUMPS: dict[str, tuple[dict[str, Any], str]] = {
    "news-please": (
        {"authors": [], "date_publish": None, "description": "d", "filename": "f.json", "source_domain": "S",
         "maintext": "B", "title": "T", "title_page": None, "title_rss": None, "url": "u"},
        "title=title, body=maintext, source=source_domain, id=url",
    ),
    "fundus": (
        {"title": "T", "authors": ["a"], "topics": [], "free_access": True,
         "body": {"summary": [], "sections": [{"headline": [], "paragraphs": ["B"]}]}, "publisher": "S"},
        "title=title, body=body, source=publisher",
    ),
    "trafilatura": (
        {"title": "T", "author": None, "hostname": "S", "date": None, "fingerprint": "f", "id": None, "comments": "",
         "raw_text": "B", "text": "B", "source": "https://s.example/1", "source-hostname": "The S", "excerpt": "e"},
        "title=title, body=text, source=hostname, id=id",
    ),
    "newspaper4k": (
        {"url": "u", "language": "en", "title": "T", "text": "B", "summary": "s", "meta_site_name": "S"},
        "title=title, body=text, source=meta_site_name, id=url",
    ),
    "schema.org": (
        {"@context": "https://schema.org", "@type": "NewsArticle", "headline": "T", "articleBody": "B",
         "publisher": {"@type": "Organization", "name": "S"}, "url": "u"},
        "title=headline, body=articleBody, source=publisher, id=url",
    ),
    "newsapi": (
        {"source": {"id": None, "name": "S"}, "author": None, "title": "T", "description": "d", "url": "u", "content": "B"},
        "title=title, body=content, source=source, id=url",
    ),
    "mediastack": (
        {"author": None, "title": "T", "description": "B", "url": "u", "source": "S", "category": "general"},
        "title=title, body=description, source=source, id=url",
    ),
    "newsdata": (
        {"article_id": "i", "title": "T", "link": "u", "description": "d", "content": "B", "source_id": "S"},
        "title=title, body=content, source=source_id, id=article_id",
    ),
    "WordPress": (
        {"id": 7, "link": "u", "title": {"rendered": "T"}, "content": {"rendered": "B", "protected": False}},
        "title=title, body=content, id=id",
    ),
    "a feed parser": (
        {"title": "T", "link": "u", "summary": "s", "content": [{"type": "text/html", "language": None, "value": "B"}]},
        "title=title, body=content, id=link",
    ),
    "an item loader of Scrapy": ({"title": ["T"], "body": ["B"], "url": ["u"]}, "title=title, body=body, id=url"),
    "JSON Feed": ({"id": "i", "url": "u", "title": "T", "content_html": "B"}, "title=title, body=content_html, id=id"),
    "CC-News": ({"domain": "S", "title": "T", "description": "d", "url": "u", "text": "B"},
                "title=title, body=text, source=domain, id=url"),
    "The Guardian": ({"id": "i", "webTitle": "T", "fields": {"headline": "T", "body": "B", "publication": "x"}},
                     "title=fields.headline, body=fields.body, id=id"),
    "Elasticsearch": ({"_index": "x", "_id": "i", "_source": {"title": "T", "content": "B", "domain": "S"}},
                      "title=_source.title, body=_source.content, source=_source.domain"),
}  # fmt: skip


@pytest.mark.parametrize("what", DUMPS)
@pytest.mark.parametrize("name", ["a.jsonl", "a.json"])
def test_the_fields_of_a_dump_are_found(write: Any, what: str, name: str) -> None:
    row, columns = DUMPS[what]
    path = write(name, json.dumps(row) + "\n" if name == "a.jsonl" else json.dumps([row, row], indent=2))
    reader = Reader([path])
    assert reader.notices == [columns]
    [pair, *_] = [pair for chunk in reader for pair in chunk.decode().pairs.to_pylist()]
    assert (pair["title"], pair["body"]) == ("T", "B")
    assert pair["source"] in ("S", None) and (pair["source"] == "S") == ("source=" in columns)


def test_a_name_with_dots_reaches_into_objects(write: Any, tmp_path: Path) -> None:
    rows = [
        {"id": {"n": 1}, "article": {"title": "t", "text": {"plain": "b"}}},
        {"id": {"n": 2}, "article.title": "literal", "article": {"title": "no", "text": {"plain": "c"}}},
        {"id": {"n": 3}, "article": None},
        {"id": {"n": 4}, "article": "text"},
        {"id": {"n": 5}, "article": {"text": {"plain": 7}, "\\u0074itle": "x", "title": None}},
    ]
    choice = ColumnChoice(title="article.title", body="article.text.plain", id="id.n")
    path = write("a.jsonl", rows)
    assert pairs_of(path, columns=choice) == [("t", "b"), ("literal", "c"), (None, None), (None, None), (None, "7")]
    for name in ("o.jsonl", "o.csv", "o.parquet"):
        convert(path, tmp_path / name, reader={"columns": choice}, only=True)
    assert [row["id.n"] for row in json_rows(tmp_path / "o.jsonl")] == [1, 2, 3, 4, 5]
    assert pq.read_table(tmp_path / "o.parquet").column("id.n").to_pylist() == ["1", "2", "3", "4", "5"]
    with pytest.raises(InputError, match=r"no column 'article.headline'.*'article'"):
        Reader([path], columns=ColumnChoice(title="article.headline", body="article.text"))


def test_one_column_may_be_two_things(write: Any) -> None:
    path = write("a.jsonl", [{"title": "t", "body": "b"}])
    [block] = [block for block in blocks_of(path, columns=ColumnChoice(id="title", source="body")) if len(block)]
    [pair] = block.pairs.to_pylist()
    assert [pair[role] for role in ("title", "body", "source", "id")] == ["t", "b", "b", "t"]


def test_structs_of_parquet_and_arrow_are_reached_into(tmp_path: Path) -> None:
    articles = pa.array([{"title": "t", "text": ["b", "c"]}, None, {"title": None, "text": []}])
    table = pa.table({"id": [1, 2, 3], "article": articles, "site": [{"name": "S"}] * 3})
    pq.write_table(table, tmp_path / "a.parquet")
    for choice in (ColumnChoice(), ColumnChoice(title="article.title", body="article.text", source="site.name")):
        assert pairs_of(tmp_path / "a.parquet", columns=choice) == [("t", "b\nc"), (None, None), (None, None)]
    convert(tmp_path / "a.parquet", tmp_path / "o.jsonl")
    assert json_rows(tmp_path / "o.jsonl")[0]["article"] == {"title": "t", "text": ["b", "c"]}
    [drawn] = Reader([tmp_path / "a.parquet"], columns=choice).drawn_evenly(Runs(1, 9, 1 << 10)) or []
    assert drawn.column("title").to_pylist() == ["t", None, None]
    assert drawn.column("source").to_pylist() == ["S"] * 3


def test_a_column_named_with_a_dot_goes_before_a_field_of_a_struct(tmp_path: Path) -> None:
    table = pa.table({"a.title": ["literal"], "a": [{"title": "inside", "text": "b"}]})
    pq.write_table(table, tmp_path / "a.parquet")
    assert pairs_of(tmp_path / "a.parquet", columns=ColumnChoice(title="a.title", body="a.text")) == [("literal", "b")]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ('["a", "b"]', "a\nb"),
        ('[["a"], [["b", null]]]', "a\nb"),
        ("[1.50, 2]", "1.50\n2"),
        ('{"rendered": "a"}', "a"),
        ('[{"value": "a"}, {"value": "b"}]', "a\nb"),
        ("[]", None),
        ("{}", None),
        ('{"text": ""}', None),
        ("[" * 500 + '"deep"' + "]" * 500, "deep"),
    ],
)
def test_lists_and_objects_with_text_are_their_text(write: Any, value: str, text: str | None) -> None:
    path = write("a.jsonl", f'{{"title":"t","body":"b"}}\n{{"title":{value},"body":{value}}}\n')
    assert pairs_of(path)[1] == (text, text)


@pytest.mark.parametrize("value", ['{"width": 3}', '[{"width": 3}]', "[true]", "[" * 500 + '{"a":1}' + "]" * 500])
def test_what_holds_no_text_is_rejected_in_words(write: Any, value: str) -> None:
    path = write("a.jsonl", f'{{"title":"t","body":"b"}}\n{{"title":"t","body":{value}}}\n')
    [reject] = rejects_of(path)
    assert reject.line == 2 and reject.reason in ("body is a list, not text", "body is an object, not text")


def test_a_deep_list_as_id_is_its_text(write: Any, tmp_path: Path) -> None:
    deep = "[" * 500 + "1" + "]" * 500
    path = write("a.jsonl", f'{{"id":1,"title":"t","body":"b"}}\n{{"id":{deep},"title":"u","body":"c"}}\n')
    [block] = [block for block in blocks_of(path) if len(block)]
    assert block.pairs.column("id").to_pylist() == ["1", deep]
    convert(path, tmp_path / "o.jsonl", only=True)
    assert [row["id"] for row in json_rows(tmp_path / "o.jsonl")] == [1, json.loads(deep)], "as it is written"


def test_a_spider_and_a_file_take_the_same_text_from_a_field() -> None:
    for value in (["a", "b"], "a", None, [], {"rendered": "x"}, {"width": 1}, [["a"], ["b"]]):
        inside = text_inside(value) if isinstance(value, (list, dict)) else value
        assert text_of(value) == (inside or None)
