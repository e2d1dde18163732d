"""Pages from templates: everything escaped, nothing loaded from anywhere, text from outside made inert."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mismatch.errors import MissingExtraError
from mismatch.records.output.outside_text import inert
from mismatch.report.percentages import percent_given, percent_measured
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
        inert=inert, percent=percent_measured, given=percent_given, count=count, likelihood=likelihood, sentences=sentences
    )
    return environment
