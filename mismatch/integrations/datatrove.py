"""datatrove filter: drops documents whose headline belongs to another story, with the reason, to an exclusion writer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mismatch.errors import InputError, MissingExtraError
from mismatch.integrations.fields import added_fields, field_text, text_of

try:
    from datatrove.data import Document
    from datatrove.pipeline.filters.base_filter import BaseFilter
    from datatrove.pipeline.writers.disk_base import DiskWriter
except ImportError as error:
    raise MissingExtraError("this needs datatrove", "datatrove") from error

if TYPE_CHECKING:
    from mismatch.judging.scorer import Scorer
    from mismatch.judging.verdicts import Verdict


class MismatchFilter(BaseFilter):
    """Drops documents whose title (in the metadata) and text do not belong together.

    The reason is `mismatch_` and the verdict's first reason (`mismatch_no_shared_terms`); every document judged gets the
    verdict columns in its metadata. A document that cannot be judged is kept: only `mismatch` is dropped, unless
    `drop` says otherwise.

    Parameters
    ----------
    model
        A model file, or "starter".
    title
        Key of the title in the metadata; by default the usual names (title, headline).
    drop
        The verdicts that are dropped.
    model_sha256
        The SHA-256 that the model's file must have.
    """

    name = "📰 Headline mismatch"

    def __init__(
        self, model: str | Path = "starter", title: str | None = None, drop: tuple[str, ...] = ("mismatch",),
        exclusion_writer: DiskWriter | None = None, batch_size: int = 256, model_sha256: str | None = None,
    ) -> None:  # fmt: skip
        from mismatch.judging.verdicts import VERDICTS

        if not set(drop) <= set(VERDICTS):
            raise InputError(f"drop={drop!r}: the verdicts are {', '.join(VERDICTS)}")
        super().__init__(exclusion_writer, batch_size)
        self.model, self.model_sha256, self.title, self.drop = model, model_sha256, title, drop
        self._scorer: Scorer | None = None

    def filter(self, doc: Document) -> bool | tuple[bool, str]:
        return self.filter_batch([doc])[0]

    def filter_batch(self, batch: list[Document]) -> list[bool | tuple[bool, str]]:
        titles, sources = (
            [field_text(doc.metadata, role, asked) for doc in batch]
            for role, asked in (("title", self.title), ("source", None))
        )
        verdicts = self._judges().verdicts(titles, [text_of(doc.text) for doc in batch], sources)
        return [self._decided(doc, verdict) for doc, verdict in zip(batch, verdicts, strict=True)]

    def _decided(self, doc: Document, verdict: Verdict) -> bool | tuple[bool, str]:
        doc.metadata.update(added_fields(verdict))
        self.stat_update(f"verdict_{verdict.verdict}")
        if verdict.verdict not in self.drop:
            return True
        return False, "_".join((verdict.verdict, *verdict.reasons[:1]))

    def _judges(self) -> Scorer:
        if self._scorer is None:  # in the process that does the work: a step is pickled to its workers
            from mismatch.judging.scorer import load

            self._scorer = load(self.model, sha256=self.model_sha256)
        return self._scorer

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_scorer": None}
