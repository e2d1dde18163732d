"""Plants a paragraph of one article into another: what foreign paragraphs are learned from and measured on."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

MIN_WORDS = 30
MAX_WORDS = 150
_USUAL_WORDS = 15
"""a body whose lines have fewer in the median is wrapped, or a list: its lines are no paragraphs"""
_SENTENCE_END = re.compile(r"(?<=[.!?])[\"'”’»)]*\s+|(?<=[。！？।॥።])")
_LINE_ENDS = re.compile(r"[\r\n]+")


@dataclass(frozen=True)
class Planted:
    """A body with a paragraph that is not its own."""

    body: str
    start: int
    """first byte of the paragraph"""
    stop: int


def pieces(body: str) -> tuple[str, list[str]]:
    """The paragraphs of a body, or its sentences if it has no lines, and what stands between them."""
    if body.count("\n") >= 2:
        separator = "\n\n" if body.count("\n\n") * 3 > body.count("\n") else "\n"
        return separator, [part.strip() for part in _LINE_ENDS.split(body) if part.strip()]
    found, at = [], 0
    for end in _SENTENCE_END.finditer(body):
        found.append(body[at : end.end()].strip())
        at = end.end()
    return " ", [part for part in (*found, body[at:].strip()) if part]


def in_pieces(body: str) -> str:
    """The body as `planted` writes it, with nothing planted: what planted bodies are to be compared with."""
    separator, parts = pieces(body)
    return separator.join(parts)


def words(text: str) -> int:
    """Words between blanks, or half the characters of scripts that have none."""
    if text.isascii():
        return len(text.split())
    return max(len(text.split()), sum("\u3040" <= c <= "\u9fff" for c in text) // 2)


def paragraph(body: str, rng: random.Random) -> list[str] | None:
    """A paragraph of `MIN_WORDS` to `MAX_WORDS` words, or neighbouring sentences or lines of that size; None without any."""
    _, parts = pieces(body)
    sizes = [words(part) for part in parts]
    whole = [part for part, size in zip(parts, sizes, strict=True) if MIN_WORDS <= size <= MAX_WORDS]
    if whole and np.median(sizes) >= _USUAL_WORDS:
        return [rng.choice(whole)]
    for start in rng.sample(range(len(parts)), len(parts)):
        size = 0
        for stop in range(start, len(parts)):
            size += sizes[stop]
            if size >= MIN_WORDS:
                break
        if MIN_WORDS <= size <= MAX_WORDS:
            return parts[start : stop + 1]
    return None


def planted(body: str, donor: str, rng: random.Random, *, replace: bool = False) -> Planted | None:
    """The body with a paragraph of the donor put in at a random place, or in place of a paragraph.

    None if the donor has no paragraph, or the body is too short to have places.
    """
    separator, parts = pieces(body)
    foreign = paragraph(donor, rng)
    if foreign is None or len(parts) < 2:
        return None
    if replace:
        long = [i for i, part in enumerate(parts) if words(part) >= _USUAL_WORDS] or list(range(len(parts)))
        place = rng.choice(long)
        parts = parts[:place] + parts[place + 1 :]
    else:
        place = rng.randrange(len(parts) + 1)
    before, behind = separator.join(parts[:place]), separator.join(parts[place:])
    text = separator.join(foreign)
    start = len((before + separator if before else "").encode("utf-8", "replace"))
    whole = separator.join(part for part in (before, text, behind) if part)
    return Planted(whole, start, start + len(text.encode("utf-8", "replace")))


def shuffled(body: str, rng: random.Random) -> str | None:
    """The body with one of its own paragraphs moved to a random place; None if it has none."""
    separator, parts = pieces(body)
    own = paragraph(body, rng)
    if own is None:
        return None
    at = parts.index(own[0])
    rest = parts[:at] + parts[at + len(own) :]
    if len(rest) < 2:
        return None
    place = rng.randrange(len(rest) + 1)
    return separator.join(rest[:place] + own + rest[place:])


def random_donors(n: int, rng: random.Random) -> list[int | None]:
    """Another row for each row."""
    chosen = [rng.randrange(max(1, n - 1)) for _ in range(n)]
    return [d + (d >= i) if n > 1 else None for i, d in enumerate(chosen)]


def same_topic_donors(topics: Sequence[str | None], rng: random.Random) -> list[int | None]:
    """Another row of the same topic for each row, None where there is none."""
    rows: dict[str, list[int]] = {}
    for i, topic in enumerate(topics):
        if topic is not None:
            rows.setdefault(topic, []).append(i)
    out: list[int | None] = []
    for i, topic in enumerate(topics):
        others = rows.get(topic, []) if topic is not None else []
        if len(others) < 2:
            out.append(None)
            continue
        donor = rng.choice(others)
        while donor == i:
            donor = rng.choice(others)
        out.append(donor)
    return out
