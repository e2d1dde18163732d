"""Reports on a phone, in a real browser: nothing is wider than the screen, whatever the rows hold; tables become cards."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from browsing import NEEDS_CHROMIUM, chromium

pytest.importorskip("matplotlib")
pytest.importorskip("jinja2")
pytest.importorskip("playwright.sync_api")
pytestmark = NEEDS_CHROMIUM
Invoke = Callable[..., Any]
_WIDTH = 390
_LONG = "unbroken" * 40
_BEYOND = """width => [...document.querySelectorAll('body *')]
  .filter(e => !e.closest('svg, thead') && e.getBoundingClientRect().right > width + 1)
  .map(e => `${e.tagName} ${e.className} ${e.textContent.slice(0, 40)}`)"""


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory, articles: list[dict[str, str]]) -> Path:
    """Articles with long words everywhere, some bodies exchanged, and one body under many titles."""
    bodies = [row["body"] for row in articles]
    for i in range(0, 40, 8):
        bodies[i], bodies[i + 1] = bodies[i + 1], bodies[i]
    bodies[50:56] = [bodies[50]] * 6
    path = tmp_path_factory.mktemp("reports") / f"{_LONG[:100]}.jsonl"
    long = {"source": _LONG, "topic": _LONG, "id": _LONG}
    lines = [
        {**row, "body": body, "title": f"{row['title']} {_LONG if i % 5 == 0 else ''}", **(long if i % 2 else {})}
        for i, (row, body) in enumerate(zip(articles, bodies, strict=True))
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    return path


@pytest.fixture
def phone() -> Iterator[Any]:
    with chromium() as browser:
        yield browser.new_page(viewport={"width": _WIDTH, "height": 800})


def test_no_report_is_wider_than_a_phone(phone: Any, invoke: Invoke, tmp_path: Path, rows: Path, model_path: Path) -> None:
    commands = {
        "gate": ("gate", rows, "--model", model_path),
        "gate of a batch": ("gate", rows, "--batch", "--model", model_path),
        "evaluate": ("evaluate", rows, "--cost-miss", "10", "--model", model_path),
        "evaluate two": ("evaluate", rows, "--compare", model_path, "--model", model_path),
        "repair": ("repair", rows, "--out", tmp_path / "proposals.jsonl", "--model", model_path),
    }
    for name, command in commands.items():
        page = tmp_path / f"{name}.html"
        assert invoke(*command, "--report", page, "--quiet").code == 0, name
        phone.goto(page.as_uri())
        assert phone.evaluate("document.scrollingElement.scrollWidth") <= _WIDTH, name
        assert phone.evaluate(_BEYOND, _WIDTH) == [], name
        if (cells := phone.locator("tbody td[data-name]")).count():
            assert cells.first.evaluate("e => getComputedStyle(e, '::before').content").strip('"') != "none", name
        assert phone.get_by_role("table").count() == phone.locator("table").count(), name
        assert phone.get_by_role("row").count() == phone.locator("tr").count(), name
