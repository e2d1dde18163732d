"""Model files whose contents somebody has changed who knows how to compute the digest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import pytest

from mismatch.model import model_file


@pytest.fixture
def forge(tmp_path: Path, model_path: Path) -> Callable[[Callable[[dict[str, Any]], Any]], Path]:
    """A model file after a change to its contents, its digest right."""

    def _forge(change: Callable[[dict[str, Any]], Any]) -> Path:
        contents = joblib.load(model_path)
        change(contents)
        contents["digest"] = model_file._digest(contents)
        path = tmp_path / "forged.joblib"
        joblib.dump(contents, path, compress=("zlib", 1), protocol=4)
        return path

    return _forge
