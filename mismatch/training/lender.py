"""The base model, and what a new model may take from it.

A base that has learned from the very pairs that a model is trained on makes all of them look right. Where the pairs are
many, the model is then trained without the base's term vectors, forest and paragraphs; where they are few, the base's
forest is kept as it is. The lexicon may always stand behind the new one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mismatch.features.forest import Forest
from mismatch.model.across_languages import AcrossLanguages
from mismatch.model.model import Model
from mismatch.model.topics import TopicModel
from mismatch.paragraphs.paragraph_model import ParagraphModel
from mismatch.screening.boilerplate import BoilerplateModel
from mismatch.terms.lexicon import Lexicon, TermVectors
from mismatch.training.fingerprints import KNOWN_SHARE, share_known

MIN_PAIRS_ANEW = 2_000
"""pairs from which a model is trained without the vectors and the forest of a base that has learned from them"""
_FEW_PAIRS, _TRUST_OF_PAIRS = 1_000, 100
_SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class Lender:
    """What a base lends; nothing where there is no base."""

    base: Model | None
    known: float
    """share of the bodies that the base has learned from"""
    n_matched: int
    """matched pairs to learn from"""

    @classmethod
    def of(cls, base: Model | None, fingerprints: NDArray[np.uint32], n_matched: int) -> Lender:
        """
        Parameters
        ----------
        fingerprints : uint32 array of shape (n_used,)
            Of the bodies to learn from.
        """
        return cls(base, share_known(base.fingerprints, fingerprints) if base else 0.0, n_matched)

    @property
    def trusted(self) -> Model | None:
        """The base where it may lend more than its lexicon, topics and boilerplate."""
        return None if self.known > KNOWN_SHARE and self.n_matched >= MIN_PAIRS_ANEW else self.base

    @property
    def lexicon(self) -> Lexicon | None:
        return self.base.lexicon if self.base else None

    @property
    def vectors(self) -> TermVectors | None:
        return self.trusted.lexicon.vectors if self.trusted else None

    @property
    def forest(self) -> Forest | None:
        return self.trusted.forest if self.trusted else None

    @property
    def paragraphs(self) -> ParagraphModel | None:
        return self.trusted.paragraphs if self.trusted else None

    @property
    def boilerplate(self) -> BoilerplateModel | None:
        return self.base.boilerplate if self.base else None

    @property
    def anchors(self) -> NDArray[np.float32] | None:
        if self.base is None or self.base.anchors is None:
            return None
        anchors = self.base.anchors.copy()
        anchors[:, -1] = 0  # its topics do not count in the new model
        return anchors

    @property
    def fingerprints(self) -> NDArray[np.uint32] | None:
        return self.base.fingerprints if self.base else None

    def across_languages(self, lexicon: Lexicon, own_share: float) -> AcrossLanguages | None:
        """The base's way to compare texts in two languages, where both its vectors and its forest are taken as they are."""
        base = self.base
        if base is None or own_share or not _same(lexicon.vectors, base.lexicon.vectors):
            return None
        return base.across_languages

    def telling(self, vectors: TermVectors | None) -> TermVectors | None:
        """The vectors of terms that tell of topics what they do in the base."""
        return vectors if vectors is None else vectors.telling_like(self.base.lexicon.vectors if self.base else None)

    def topics(self, lexicon: Lexicon) -> TopicModel | None:
        """The base's topics over the vectors of another lexicon. They name topics and do not count: the head is new."""
        base = self.base
        if base is None or base.topics is None or base.lexicon.vectors is None or lexicon.vectors is None:
            return None
        return replace(base.topics.over(lexicon.vectors, base.lexicon.vectors), agreement_weights=(0.0, 0.0))

    @property
    def own_shares(self) -> tuple[float, ...]:
        """The parts, from 0 to 1, that the new forest may have beside the base's.

        A forest of few pairs tells these apart with ease, and others badly: it never stands alone.
        """
        if self.known > KNOWN_SHARE:
            return (0.0,)
        most = 1.0 if self.n_matched >= _FEW_PAIRS else self.n_matched / (self.n_matched + _TRUST_OF_PAIRS)
        return tuple(share for share in _SHARES if share <= most)


def _same(some: TermVectors | None, other: TermVectors | None) -> bool:
    """Whether these are the same vectors; what their terms tell of topics does not matter."""
    return some is not None and other is not None and some.codes is other.codes
