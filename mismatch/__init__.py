"""Catches articles whose headline belongs to another story."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mismatch.classifier import MismatchClassifier
    from mismatch.errors import InputError, MismatchError, ModelError
    from mismatch.judging.scorer import Scorer, load
    from mismatch.judging.verdicts import Verdict

__version__ = "0.1.0"
__all__ = ["InputError", "MismatchClassifier", "MismatchError", "ModelError", "Scorer", "Verdict", "load"]

_HOMES = {
    "InputError": "errors",
    "MismatchClassifier": "classifier",
    "MismatchError": "errors",
    "ModelError": "errors",
    "Scorer": "judging.scorer",
    "Verdict": "judging.verdicts",
    "load": "judging.scorer",
}


def __getattr__(name: str) -> Any:  # imports on first use: `mismatch --help` must not wait for numba
    if name not in _HOMES:
        raise AttributeError(f"module 'mismatch' has no attribute {name!r}")
    return getattr(import_module(f"mismatch.{_HOMES[name]}"), name)
