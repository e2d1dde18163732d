"""What a trained model is made of. `model_file` writes and reads it, `judging.scorer` judges with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mismatch.features.cascade import FirstLook
from mismatch.features.forest import Forest
from mismatch.model.across_languages import AcrossLanguages
from mismatch.model.calibration import Calibration
from mismatch.model.stream_profile import StreamProfile
from mismatch.model.topics import TopicModel
from mismatch.paragraphs.paragraph_model import ParagraphModel
from mismatch.screening.boilerplate import BoilerplateModel
from mismatch.terms.lexicon import Lexicon


@dataclass(frozen=True)
class Model:
    """A trained model. A scorer has it as `model`; its `repr` says what it was trained on."""

    lexicon: Lexicon
    forest: Forest
    calibration: Calibration
    card: dict[str, Any] = field(default_factory=dict)
    """the model card: plain dictionaries, lists, strings and numbers"""
    first_look: FirstLook | None = None
    """without it every body is read to its end"""
    topics: TopicModel | None = None
    boilerplate: BoilerplateModel | None = None
    paragraphs: ParagraphModel | None = None
    """without it foreign paragraphs cannot be looked for"""
    fingerprints: NDArray[np.uint32] | None = None
    """of bodies it learned from, ascending (see `training.fingerprints`); shape (n_kept,)"""
    stream: StreamProfile | None = None
    """what a stream has taught it"""
    anchors: NDArray[np.float32] | None = None
    """features of matched pairs of several archives, those of their grams, and what their topics add to the log-odds, shape
    (n_anchors, N_FEATURES + 4); without them it cannot be adapted to more than the habits of titles"""
    across_languages: AcrossLanguages | None = None
    """without it a title in another language than its body is refused"""

    def __repr__(self) -> str:
        """The name, what it learned from, and whether it was adapted: its arrays would fill screens."""
        name, pairs = self.card.get("name") or "model without a name", self.card.get("pairs")
        parts = [repr(str(name))]
        if isinstance(pairs, dict) and isinstance(pairs.get("used"), int):
            parts.append(f"trained on {pairs['used']:,} pairs")
        if self.stream is not None and self.is_adapted:
            parts.append(f"adapted to {self.stream.n_pairs:,} rows")
        if self.topics is not None:
            parts.append(f"{len(self.topics.names)} topics")
        return f"<Model {', '.join(parts)}>"

    @property
    def is_adapted(self) -> bool:
        """Whether it was adapted to a feed."""
        return self.stream is not None and self.stream.n_pairs > 0

    def usable_first_look(self) -> FirstLook | None:
        """The first look, such that it clears nothing that the cuts would not, wherever they have been moved to."""
        if self.first_look is None or (self.stream is not None and self.stream.ratio is not None):
            return self.first_look  # an adapted model's cuts are on another scale; adapting has lowered its first look
        return self.first_look.below(self.calibration.unsure_cut)
