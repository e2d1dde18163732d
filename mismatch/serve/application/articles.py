"""Articles out of a JSON body: one object, or a list of them."""

from __future__ import annotations

from typing import Any, NamedTuple

import orjson

from mismatch.errors import InputError
from mismatch.judging.pair_columns import named_source
from mismatch.records.columns import ColumnChoice, find_columns
from mismatch.serve.problems import Problem

Text = str | None
_USUAL = ColumnChoice()


def parse_json(body: bytes) -> Any:
    """The value of a JSON body; Problem 400 when it is none."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Problem(400, f"the body is not JSON: {error}") from None


class Article(NamedTuple):
    """What is judged of one article."""

    title: Text
    body: Text
    source: Text = None


def article_of(article: Any, where: str = "the body") -> Article:
    """Title, body and, where it is named, source of one article, under the usual names; null stands for a missing text.

    Raises
    ------
    Problem
        422 when it is no object, has no title or body field, or one of them is not text.
    """
    if type(article) is not dict:
        raise Problem(422, f"{where} is not an object with a title and a body")
    try:
        title, body = article["title"], article["body"]
    except KeyError:
        try:
            columns = find_columns(list(article), _USUAL, where)
        except InputError:
            fields = ", ".join(repr(name[:40]) for name in list(article)[:10]) or "none"
            raise Problem(422, f"{where} needs the fields title and body; its fields: {fields}") from None
        title, body = article[columns.title], article[columns.body]
    for name, text in (("title", title), ("body", body)):
        if text is not None and type(text) is not str:
            raise Problem(422, f"{where}: the {name} is {_KINDS.get(type(text), 'a number')}, not text or null")
    named = named_source(list(article))
    source = article[named] if named is not None else None
    return Article(title, body, source if type(source) is str else None)


def articles_of(articles: list[Any], limit: int) -> list[Article]:
    """A list of articles; Problem 422 when it is longer than `limit` or one is not an article."""
    if len(articles) > limit:
        raise Problem(422, f"the list has {len(articles):,} articles, at most {limit:,} are taken; send JSON lines instead")
    return [article_of(article, f"article {i}") for i, article in enumerate(articles, 1)]


def with_id(article: dict[str, Any], row: dict[str, Any]) -> dict[str, Any]:
    """The verdict columns, behind the article's id where it has one."""
    given = article.get("id")
    return {"id": given, **row} if type(given) in (str, int) else row  # true and false are integers to isinstance


_KINDS = {list: "a list", dict: "an object", bool: "true or false"}
