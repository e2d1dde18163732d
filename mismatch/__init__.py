"""Catches articles whose headline belongs to another story."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mismatch.classifier import MismatchClassifier, swap_scorer
    from mismatch.errors import InputError, MismatchError, MissingExtraError, ModelError
    from mismatch.judging.explanation import Explanation
    from mismatch.judging.scorer import Scorer, load
    from mismatch.judging.verdicts import Verdict
    from mismatch.model.model import Model

__version__ = "0.1.0"
__all__ = [
    "Explanation", "InputError", "MismatchClassifier", "MismatchError", "MissingExtraError", "Model", "ModelError", "Scorer",
    "Verdict", "load", "swap_scorer",
]  # fmt: skip

_HOMES = {
    "Explanation": "judging.explanation",
    "InputError": "errors",
    "MismatchClassifier": "classifier",
    "MismatchError": "errors",
    "MissingExtraError": "errors",
    "Model": "model.model",
    "ModelError": "errors",
    "Scorer": "judging.scorer",
    "Verdict": "judging.verdicts",
    "load": "judging.scorer",
    "swap_scorer": "classifier",
}


def __getattr__(name: str) -> Any:  # imports on first use: `mismatch --help` must not wait for numba
    if name not in _HOMES:
        raise AttributeError(f"module 'mismatch' has no attribute {name!r}")
    return getattr(import_module(f"mismatch.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
