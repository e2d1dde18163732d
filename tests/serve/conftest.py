"""Fixtures for the tests of the service."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi")
pytest.importorskip("uvicorn")

from browsing import chromium
from served import Service


@pytest.fixture(scope="session")
def service(model_path: Path) -> Iterator[Service]:
    """One service with the default settings, for all tests that leave it running."""
    with Service("--model", model_path) as running:
        yield running


@pytest.fixture
def start(model_path: Path) -> Iterator[Callable[..., Service]]:
    """Starts services of a test's own; they are stopped at its end."""
    with ExitStack() as stack:

        def _start(*options: Any, **more: Any) -> Service:
            return stack.enter_context(Service("--model", model_path, *options, **more))

        yield _start


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as opened:
        yield opened
