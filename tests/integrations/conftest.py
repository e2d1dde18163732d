"""Fixtures for the tests of integrations."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cluster
import pyarrow as pa
import pytest
from stories import rows

import mismatch
from mismatch import Scorer
from mismatch.model.model_file import save_model
from mismatch.training.recipe import train


@pytest.fixture(scope="session")
def judge_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model trained on made-up articles."""
    path = tmp_path_factory.mktemp("model") / "stories.joblib"
    save_model(train(pa.Table.from_pylist(rows(240))).model, path)
    return path


@pytest.fixture(scope="session")
def judge(judge_path: Path) -> Scorer:
    return mismatch.load(judge_path)


@pytest.fixture(scope="package")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A session on a cluster of two workers."""
    yield from cluster.started(tmp_path_factory.mktemp("spark"))
