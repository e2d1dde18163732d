"""Articles of a wanted length, put together from the sentences of real ones when a benchmark runs."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import orjson
import pyarrow as pa

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


def sentences_of(bodies: pa.ChunkedArray, n_bodies: int = 3000) -> list[str]:
    """Sentences of the first bodies."""
    found = (s for body in bodies.slice(0, n_bodies).to_pylist() for s in _SENTENCE_END.split(body or ""))
    return [sentence for sentence in found if 20 <= len(sentence) <= 400]


def articles(sentences: list[str], n: int, body_bytes: int, seed: int = 0) -> Iterator[bytes]:
    """JSON lines: a sentence's first words as title, and a body of about `body_bytes` that begins with that sentence."""
    rng = np.random.default_rng(seed)
    mean = float(np.mean([len(s) for s in sentences])) + 1
    for i in range(n):
        chosen = rng.integers(len(sentences), size=int(body_bytes / mean * 1.5) + 2)
        body = " ".join(sentences[k] for k in chosen).encode()[:body_bytes].decode(errors="ignore")
        title = " ".join(sentences[chosen[0]].split()[:10])
        yield orjson.dumps({"id": str(i), "title": title, "body": body}) + b"\n"
