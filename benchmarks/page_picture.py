"""The picture of the service's page in the README: an article of the training data's scrapes, judged by the starter.

    python benchmarks/page_picture.py

Writes docs/images/page.png; needs playwright and chromium.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parent.parent
ARTICLE = "IPL 2014, KXIP v KKR"
"""the beginning of its title, in training_data/scrapes.jsonl"""


def main() -> None:
    lines = (ROOT / "training_data" / "scrapes.jsonl").read_text("utf-8").splitlines()
    row = next(row for row in map(json.loads, lines) if row["title"].startswith(ARTICLE))
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    command = [sys.executable, "-m", "mismatch.cli", "serve", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=ROOT) as server, sync_playwright() as play:
        try:
            port = re.search(r":(\d+)/", server.stderr.readline())[1]  # type: ignore[union-attr,index]
            page = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"]).new_page(
                viewport={"width": 1100, "height": 900}
            )
            page.goto(f"http://127.0.0.1:{port}/")
            page.get_by_label("Title", exact=True).fill(row["title"])
            page.get_by_label("Body", exact=True).fill(row["body"])
            page.get_by_role("button", name="Check").click()
            page.locator("#answer").wait_for(state="visible")
            page.evaluate("window.scrollTo(0, 0)")
            page.screenshot(path=ROOT / "docs" / "images" / "page.png", full_page=True)
        finally:
            server.terminate()


if __name__ == "__main__":
    main()
