"""Archives of any size, put together when a benchmark runs: real articles with sentences exchanged and words replaced."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

import orjson
import pyarrow as pa

KEPT_SENTENCES = 0.5
"""share of an article's own sentences that stay in place; the others come from anywhere in the corpus"""
REPLACED_WORDS = 8
"""different words of an article that are replaced, in title and body alike"""
NEW_WORDS = 0.2
"""share of them replaced by a word that is put together of two halves, so that the vocabulary grows with the archive"""
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
_WORD = re.compile(r"[^\W\d_]{4,}")


def enlarged(articles: pa.Table, n: int, *, body_bytes: int | None = None, seed: int = 0) -> Iterator[bytes]:
    """JSON lines with id, title, body and source: `n` pairs that belong together, no two of them the same.

    Parameters
    ----------
    articles
        Columns title, body and source; every article serves n / n_articles times.
    body_bytes
        About how long bodies are, in characters; by default each is about as long as the one that it was made of.
    """
    rng = random.Random(seed)
    rows = [row for row in articles.select(["title", "body", "source"]).to_pylist() if row["title"] and row["body"]]
    own = [_SENTENCE_END.split(row["body"]) for row in rows]
    anywhere = [sentence for sentences in own for sentence in sentences]
    words = [word for sentence in anywhere[:: max(1, len(anywhere) // 50_000)] for word in _WORD.findall(sentence)]
    order: list[int] = []
    for i in range(n):
        if not order:
            order = rng.sample(range(len(rows)), len(rows))
        k = order.pop()
        body = " ".join(_sentences(own[k], anywhere, body_bytes, rng))
        title = rows[k]["title"]
        for word in _replaced(title, body, rng):
            other = _other(words, rng)
            title, body = title.replace(word, other), body.replace(word, other)
        yield orjson.dumps({"id": str(i), "title": title, "body": body, "source": rows[k]["source"]}) + b"\n"


def _sentences(own: list[str], anywhere: list[str], body_bytes: int | None, rng: random.Random) -> Iterator[str]:
    wanted = body_bytes if body_bytes is not None else sum(map(len, own))
    size = k = 0
    while size < wanted:
        sentence = own[k] if k < len(own) and rng.random() < KEPT_SENTENCES else anywhere[int(rng.random() * len(anywhere))]
        yield sentence if body_bytes is None else sentence[: wanted - size]
        size, k = size + len(sentence) + 1, k + 1


def _replaced(title: str, body: str, rng: random.Random) -> list[str]:
    """One word of the title and some of the beginning of the body, which says most of what it is about."""
    in_title, in_body = _WORD.findall(title), _WORD.findall(body[:1500])
    chosen = rng.sample(in_title, 1) if len(in_title) > 2 else []
    return chosen + rng.sample(in_body, min(REPLACED_WORDS - 1, len(in_body)))


def _other(words: list[str], rng: random.Random) -> str:
    word = words[int(rng.random() * len(words))]
    if rng.random() >= NEW_WORDS:
        return word
    half = words[int(rng.random() * len(words))]
    return word[: len(word) // 2 + 1] + half[len(half) // 2 :]
