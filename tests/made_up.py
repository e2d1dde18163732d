"""Made-up articles, each with its own words, for tests of what only a batch can show."""

from __future__ import annotations

import random
from typing import Any

_SYLLABLES = ["ka", "lo", "mi", "ter", "vun", "sha", "re", "pol", "din", "bra", "eck", "oma", "ilt", "ura", "fen", "gos"]


def words(rng: random.Random, n: int) -> list[str]:
    """So many made-up words."""
    return ["".join(rng.choice(_SYLLABLES) for _ in range(rng.randint(2, 4))) for _ in range(n)]


def articles(n: int, seed: int = 0, length: int = 120) -> list[dict[str, Any]]:
    """Rows with a title whose words stand in the body."""
    rng, rows = random.Random(seed), []
    for i in range(n):
        title = words(rng, 6)
        body = words(rng, length)
        for word in title:
            body[rng.randrange(length)] = word
        rows.append(
            {"id": f"a{i}", "title": " ".join(title).capitalize(), "body": " ".join(body), "source": f"s{i % 4}.example"}
        )
    return rows


def retouched(rng: random.Random, text: str, changes: int) -> str:
    """The text with some words changed."""
    parts = text.split()
    for place in rng.sample(range(len(parts)), changes):
        parts[place] = words(rng, 1)[0]
    return " ".join(parts)
