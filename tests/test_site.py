"""The documents as a site: each page of docs/ has its place in it, and it is built without a warning."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SITE = (ROOT / "mkdocs.yml").read_text("utf-8")


def test_every_page_has_its_place() -> None:
    pages = {path.name for path in (ROOT / "docs").glob("*.md")} | {"CONTRIBUTING.md", "CHANGELOG.md"}
    placed = re.findall(r"([\w-]+\.md)$", SITE[SITE.index("nav:") :], re.MULTILINE)
    assert sorted(placed) == sorted(pages)


def test_what_is_public_stands_in_the_reference() -> None:
    import mismatch

    reference = (ROOT / "docs" / "api.md").read_text("utf-8")
    assert [name for name in mismatch.__all__ if name not in reference] == []


@pytest.mark.skipif(importlib.util.find_spec("mkdocstrings") is None, reason="the group docs is not installed")
def test_the_site_is_built_without_a_broken_link(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site")],
        cwd=ROOT, capture_output=True, text=True, timeout=200, check=False,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Attributes" in (tmp_path / "site" / "api.html").read_text("utf-8")
