"""Where the starter model lies: inside the installed package, or in `models/` of a checkout."""

from __future__ import annotations

from pathlib import Path

from mismatch.errors import ModelError
from mismatch.records.stores.stored_file import Place, place_of

_PLACES = (
    Path(__file__).parent.parent / "models" / "starter.joblib",
    Path(__file__).parent.parent.parent / "models" / "starter.joblib",
)


def starter_path() -> Path:
    """The path of the starter model.

    Raises
    ------
    ModelError
        If this installation has none.
    """
    for place in _PLACES:
        if place.is_file():
            return place
    raise ModelError("this installation has no starter model; install the package again, or name a model with --model")


def model_path(model: str | Place) -> Place:
    """The place of a model named on a command line: `starter`, or a file here or in a store."""
    return starter_path() if str(model) == "starter" else place_of(model)
