"""Archives of made-up stories: a title and its body share rare words of the story, and all of them share common ones."""

from __future__ import annotations

import random
from typing import NamedTuple

import pyarrow as pa

_SYLLABLES = ("ba", "ro", "li", "ten", "mus", "kar", "ve", "dol", "shi", "pran", "go", "net", "zu", "fel", "wom", "tri")
_COMMON = (
    "the", "city", "council", "said", "that", "a", "new", "plan", "for", "people", "and", "next", "year", "will", "be",
    "made", "after", "long", "talks",
)  # fmt: skip


class Archive(NamedTuple):
    titles: list[str | None]
    bodies: list[str | None]

    def table(self) -> pa.Table:
        columns = {"title": self.titles, "body": self.bodies}
        return pa.table({name: pa.array(texts, pa.large_string()) for name, texts in columns.items()})


def name(rng: random.Random) -> str:
    """A word that hardly any other story has."""
    return "".join(rng.choice(_SYLLABLES) for _ in range(rng.randint(3, 4)))


def archive(n: int, seed: int = 0, *, telling: float = 1.0) -> Archive:
    """Stories that have nothing to do with one another.

    Parameters
    ----------
    telling
        Share of the titles that have a word of their bodies; the others consist of common words.
    """
    rng = random.Random(seed)
    titles: list[str | None] = []
    bodies: list[str | None] = []
    for _ in range(n):
        names = [name(rng) for _ in range(5)]
        told = names[:3] if rng.random() < telling else []
        title = [*told, *(rng.choice(_COMMON) for _ in range(5 - len(told)))]
        body = [*names, *names[:2], *(rng.choice(_COMMON) for _ in range(40)), *(name(rng) for _ in range(10))]
        rng.shuffle(title)
        rng.shuffle(body)
        titles.append(" ".join(title).capitalize())
        bodies.append(" ".join(body).capitalize() + ".")
    return Archive(titles, bodies)


def turned(texts: list[str | None], first: int, stop: int, by: int) -> list[str | None]:
    """The texts of rows `first` to `stop`, from 0, moved `by` rows down within them; the last ones come round."""
    inside = texts[first:stop]
    by %= len(inside)
    return [*texts[:first], *inside[len(inside) - by :], *inside[: len(inside) - by], *texts[stop:]]
