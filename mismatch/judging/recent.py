"""A scorer for a front door where articles come in one after the other: adapted to the last some thousand of them."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence

import pyarrow as pa

from mismatch.judging.adaptation import MAX_DRAWN, adapt, expecting
from mismatch.judging.scorer import Scorer

ADAPT_EVERY = 1000
"""articles after which the scorer is adapted, and adapted anew"""
Article = tuple[str | None, str | None, str | None]
"""title, body and source"""


class RecentArticles:
    """Keeps the last articles and adapts a scorer to them from time to time. Safe to use from several threads.

    Verdicts change when the scorer does: this is for feeds that nobody can look at beforehand.
    """

    def __init__(self, scorer: Scorer, every: int = ADAPT_EVERY) -> None:
        self._base, self._every = scorer, every
        self._recent: deque[Article] = deque(maxlen=MAX_DRAWN)
        self._new = 0
        self._lock = threading.Lock()

    def add(self, articles: Sequence[Article]) -> Scorer | None:
        """Remembers articles that were judged; returns a scorer adapted anew when it is time for one, else None."""
        with self._lock:
            self._recent.extend(articles)
            self._new += len(articles)
            if self._new < self._every:
                return None
            self._new = 0
            columns = zip(*self._recent, strict=True)
        texts = [pa.array(column, pa.large_string()) for column in columns]
        model = adapt(self._base.model, pa.table(texts, names=["title", "body", "source"])).model
        return None if model is self._base.model else self._base.with_model(expecting(model))
