"""What can be chosen in training."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TrainingSettings:
    """What can be chosen in training; the model card keeps it."""

    max_false_flags: float = 0.005
    """share of matched pairs that the cut may flag"""
    confidence: float = 0.95
    """of the promise that it flags no more"""
    max_unsure: float = 0.03
    """share of matched pairs on which the model may abstain"""
    prior: float = 0.01
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
