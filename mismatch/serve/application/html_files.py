"""HTML files that are sent to the service: parsed in processes of their own, within bounds of time and memory."""

from __future__ import annotations

import importlib.util

from mismatch.records.pages.extraction import missing_extra
from mismatch.records.pages.workers import Page, PageBounds, Parsed, shared_workers
from mismatch.serve.problems import Problem
from mismatch.serve.settings import GIB, ServiceSettings

_NOT_HTML = "not HTML: "


def bounds_of(settings: ServiceSettings) -> PageBounds:
    """What one file may take: so much time that whoever sent it is told why it was refused before the answer is overdue."""
    return PageBounds(
        seconds=settings.work_seconds / 2, clock_seconds=0.8 * settings.work_seconds, memory_bytes=GIB,
        most_bytes=settings.max_body,
    )  # fmt: skip


def extracted(html: bytes, settings: ServiceSettings) -> Parsed:
    """Titles and body of a file.

    Raises
    ------
    Problem
        501 without the package that reads HTML; 422 for a file that is no HTML, or takes too long, or too much memory.
    """
    if importlib.util.find_spec("trafilatura") is None:
        raise Problem(501, str(missing_extra()))
    parsed = shared_workers(bounds_of(settings)).parse(Page(html))
    if parsed.reason is None:
        return parsed
    if parsed.reason.startswith(_NOT_HTML):
        raise Problem(422, f"the file is not HTML: {parsed.reason.removeprefix(_NOT_HTML)}")
    raise Problem(422, f"the file {parsed.reason}")
