"""Pages from templates: everything escaped, nothing loaded from anywhere, text from outside made inert."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mismatch.errors import MissingExtraError
from mismatch.records.output.outside_text import inert
from mismatch.screening.reasons import likelihood, sentences

if TYPE_CHECKING:
    from jinja2 import Environment

_PACKAGES = ("jinja2", "matplotlib")


def require_report() -> None:
    """Raises MissingExtraError naming what is missing for a report; imports nothing."""
    missing = [name for name in _PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise MissingExtraError(f"a report needs {' and '.join(missing)}", "report")


def render(template: str, **context: Any) -> str:
    """The page of a template in `templates/`."""
    return _environment().get_template(template).render(**context)


def percent(share: float | None, digits: int | None = None) -> str:
    """A share as a percentage with three digits that count; a dash for what is not known."""
    if share is None or share != share:
        return "–"
    value = 100 * share
    if digits is None:
        digits = 1 if abs(value) >= 10 else 2
    return f"{value:.{digits}f}\u00a0%"


def given(share: float) -> str:
    """A share that somebody chose, as a percentage without further digits."""
    return f"{100 * share:.6g}\u00a0%"


def count(n: int) -> str:
    return f"{n:,}"


def _environment() -> Environment:
    require_report()
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters.update(
        inert=inert, percent=percent, given=given, count=count, likelihood=likelihood, sentences=sentences
    )
    return environment
