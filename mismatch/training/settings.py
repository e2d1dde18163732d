"""What can be chosen in training."""

from __future__ import annotations

from dataclasses import dataclass

from mismatch.model import defaults


@dataclass(frozen=True)
class TrainingSettings:
    """What can be chosen in training; the model card keeps it."""

    max_false_flags: float = defaults.MAX_FALSE_FLAGS
    """share of matched pairs that the cut may flag"""
    confidence: float = defaults.CONFIDENCE
    """of the promise that it flags no more"""
    """share of matched pairs on which the model may abstain"""
    prior: float | None = None
    """share of mismatches expected in what will be scored"""
    n_folds: int = 5
    seed: int = 0
    max_terms: int = 1 << 18
    """terms of the lexicon, and as many stems"""
    hard_share: float = 0.1
    """hard swaps of each kind (one topic, one source, one neighbourhood) for one matched pair"""
    portable: bool = False
    """Fit the forest for other archives than this one: bodies are also shown in part and without vectors, and similarities
    of whole texts, which say less about other archives than about the one they were learned from, are left out."""
