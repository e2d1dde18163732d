"""The model in use: loaded at the start, replaced whole by `reload` while requests go on."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass, replace

import pyarrow as pa

from mismatch.errors import MismatchError
from mismatch.judging.recent import RecentArticles
from mismatch.judging.scorer import Scorer, load
from mismatch.model.starter import model_path
from mismatch.serve.application.articles import Article

_WARM_UP = ("A title to warm up", "A body of more than a dozen terms, so that compiled code is there before anyone waits.")


@dataclass(frozen=True)
class LoadedModel:
    """A scorer and where it came from."""

    scorer: Scorer
    name: str
    digest: str
    """SHA-256 of the model's file"""


def load_and_warm(model: str, sha256: str | None = None) -> LoadedModel:
    """Loads a model, the one whose file has this SHA-256, and judges one pair with it.

    Raises
    ------
    ModelError
        If the file is not a usable model.
    """
    scorer, path = load(model, sha256=sha256), model_path(model)
    title, body = (pa.array([text], pa.large_string()) for text in _WARM_UP)
    scorer.added_columns(title, body)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return LoadedModel(scorer, str(scorer.model.card.get("name") or path.stem), digest)


class ModelInUse:
    """Holds the model. A request takes `current` once, so that a reload never mixes two models in one answer."""

    def __init__(self, model: str, *, sha256: str | None = None, adapt: bool = False) -> None:
        """
        Parameters
        ----------
        sha256
            That the model's file must have, now and whenever it is read again.
        adapt
            Whether the model is adapted to the last articles from time to time.
        """
        self._model, self._sha256, self._adapts = model, sha256, adapt
        self._lock = asyncio.Lock()
        self._take(load_and_warm(model, sha256))

    def _take(self, loaded: LoadedModel) -> None:
        self.current = loaded
        self._recent = RecentArticles(loaded.scorer) if self._adapts else None

    def learn_from(self, articles: list[Article]) -> None:
        """Remembers articles that were judged, where the model is adapted to them; any thread may call it."""
        recent = self._recent
        if recent is not None and (adapted := recent.add(articles)) is not None and recent is self._recent:
            self.current = replace(self.current, scorer=adapted)

    async def reload(self) -> str | None:
        """Reads the file again; returns None, or why the model before stays in use."""
        async with self._lock:
            try:
                self._take(await asyncio.to_thread(load_and_warm, self._model, self._sha256))
            except (MismatchError, OSError) as error:
                return str(error)
        return None
