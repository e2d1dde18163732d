"""Whether the packages of the extra are there, said in one line when they are not."""

from __future__ import annotations

import importlib.util

from mismatch.errors import MissingExtraError

_SERVE = ("fastapi", "uvicorn", "httptools", "orjson", "prometheus_client")


def require_serve() -> None:
    """Raises MissingExtraError naming what is missing for the service."""
    missing = [name for name in _SERVE if not _is_installed(name)]
    if missing:
        raise MissingExtraError(f'the service needs {", ".join(missing)}: pip install "headline-mismatch[serve]"')


def _is_installed(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False
