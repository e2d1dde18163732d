"""How long the page needs for a file of 100,000 rows in a real browser, beyond the scoring itself.

    python -m benchmarks.page_rows [--rows 100000] [--body-bytes 2500]

Starts `mismatch serve`; chromium drops the file onto its page, filters, searches, sorts, scrolls, decides and
downloads. Each time counts from the click to the frame in which the table shows it. Scoring has ended when the
service's counter of judged rows says so. Made-up articles, three in a hundred with another's body. Needs playwright
and chromium.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

from benchmarks import running, synthetic
from benchmarks.results import Result, Table, met

MOST_SECONDS = 10.0
"""that showing, filtering and downloading may take together"""
PROJECT = Path(__file__).parent.parent
_SOURCES, _STRAY_EVERY = 300, 33
_SHOWN = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


def write_rows(path: Path, n: int, body_bytes: int) -> None:
    """JSON lines with id, source, title and body."""
    import pyarrow as pa

    lines = (PROJECT / "training_data" / "articles" / "en.jsonl").read_text("utf-8").splitlines()
    sentences = synthetic.sentences_of(pa.chunked_array([[json.loads(line)["body"] for line in lines]]))
    body = ""
    with path.open("wb") as file:
        for i, line in enumerate(synthetic.articles(sentences, n, body_bytes)):
            row = orjson.loads(line)
            before, body = body, row["body"]
            if i % _STRAY_EVERY == _STRAY_EVERY - 1:
                row["body"] = before
            file.write(orjson.dumps({**row, "source": f"paper{i * 7 % _SOURCES}.example"}) + b"\n")


class _Scored(threading.Thread):
    """Waits until the service has judged so many rows more, and notes when."""

    def __init__(self, port: int, rows: int) -> None:
        super().__init__(daemon=True)
        self._port, self._until = port, self._judged(port) + rows
        self.at = 0.0

    def run(self) -> None:
        while self._judged(self._port) < self._until:
            time.sleep(0.02)
        self.at = time.perf_counter()

    @staticmethod
    def _judged(port: int) -> float:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
            return float(re.search(rb"^mismatch_rows_total ([0-9.e+]+)", answer.read(), re.MULTILINE)[1])  # type: ignore[index]


class _Page:
    """The page with the file, and a watch."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.times: list[tuple[str, float]] = []

    def timed(self, name: str, act: Callable[[], Any]) -> float:
        begin = time.perf_counter()
        act()
        self.page.evaluate(_SHOWN)
        self.times.append((name, time.perf_counter() - begin))
        return self.times[-1][1]

    def shown(self, words: str) -> None:
        self.page.locator("#rows-caption", has_text=re.compile(words)).wait_for()

    def downloaded(self, button: str) -> Callable[[], None]:
        def act() -> None:
            with self.page.expect_download() as download:
                self.page.get_by_role("button", name=button).click()
            download.value.path()

        return act


def _used(page: _Page, rows: int) -> dict[str, float]:
    """What somebody does with the rows; seconds by name."""
    at, whole = page.page, f"of {rows:,} rows"

    def filtered(label: str, option: dict[str, Any]) -> Callable[[], None]:
        def act() -> None:
            at.get_by_label(label, exact=True).select_option(**option)
            page.shown(whole)

        return act

    def searched() -> None:
        at.get_by_label("Search").fill("paper7.example")
        page.shown(f"^(?!{rows:,} ).* {whole}")

    def scrolled() -> None:
        for share in range(1, 21):
            at.locator("#scroller").evaluate(f"e => {{ e.scrollTop = e.scrollHeight * {share / 20}; return {_SHOWN}; }}")

    page.timed("filter by verdict", filtered("Verdict", {"label": "mismatch"}))
    page.timed("all verdicts", filtered("Verdict", {"label": "all"}))
    page.timed("filter by reason", filtered("Reason", {"index": 1}))
    page.timed("all reasons", filtered("Reason", {"label": "all"}))
    page.timed("filter by source", filtered("Source", {"label": "paper7.example"}))
    page.timed("all sources", filtered("Source", {"label": "all"}))
    page.timed("search (with the pause after typing)", searched)
    at.get_by_label("Search").fill("")
    page.shown(f"^{rows:,} {whole}")
    page.timed("sort by title", lambda: at.get_by_role("columnheader", name="Title").get_by_role("button").click())
    page.timed("sort by source", lambda: at.get_by_role("columnheader", name="Source").get_by_role("button").click())
    page.timed("flagged first", lambda: at.get_by_label("Order").select_option("flagged"))
    page.timed("scroll through all, in 20 steps", scrolled)
    at.locator("#table button.link").first.focus()
    at.keyboard.press("Home")
    page.timed("decide on 20 rows by keyboard", lambda: [at.keyboard.press("w") for _ in range(20)])
    page.timed("download the labels", page.downloaded("Download the labels"))
    page.timed("download as JSON lines", page.downloaded("Download as JSON lines"))
    page.timed("download as CSV", page.downloaded("Download as CSV"))
    return dict(page.times)


def run(given: argparse.Namespace) -> Result:
    from playwright.sync_api import sync_playwright

    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    command = [sys.executable, "-m", "mismatch.cli", "serve", "--port", "0", "--model", given.model]
    with (
        tempfile.TemporaryDirectory(prefix="mismatch-page-") as folder,
        subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=PROJECT) as server,
        sync_playwright() as play,
    ):
        try:
            path = Path(folder) / "rows.jsonl"
            write_rows(path, given.rows, given.body_bytes)
            port = int(re.search(r":(\d+)/", server.stderr.readline())[1])  # type: ignore[union-attr,index]
            browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            page = browser.new_context(accept_downloads=True).new_page()
            page.set_default_timeout(600_000)
            page.goto(f"http://127.0.0.1:{port}/")
            page.wait_for_load_state("networkidle")
            watched = _Page(page)

            def dropped() -> None:
                page.locator("#file").set_input_files(path)
                page.locator("#table tr").first.wait_for()

            begin, scored = time.perf_counter(), _Scored(port, given.rows)
            scored.start()
            whole = watched.timed("drop to shown", dropped)
            scored.join()
            seconds = _used(watched, given.rows)
            drawn = page.locator("#table tr").count()
            heap = page.evaluate("performance.memory?.usedJSHeapSize ?? 0") / 2**20
            browser.close()
        finally:
            server.terminate()
        size = path.stat().st_size / 2**20 if path.exists() else 0.0
    scoring = scored.at - begin
    beyond = whole - scoring
    asked = beyond + seconds["filter by verdict"] + seconds["download as JSON lines"]
    with_table = beyond + seconds["filter by verdict"] + seconds["download as CSV"]
    table = Table("The page with a large file", ["what", "seconds"])
    table.add("drop to the last row judged", f"{scoring:.2f}")
    table.add("last row judged to table shown", f"{beyond:.2f}")
    for name, value in list(seconds.items())[1:]:
        table.add(name, f"{value:.2f}")
    table.add("shown, filtered and downloaded as JSON lines", f"{asked:.2f}")
    table.add("shown, filtered and downloaded as CSV", f"{with_table:.2f}")
    table.add(f"both below {MOST_SECONDS:g} s", met(max(asked, with_table) < MOST_SECONDS))
    table.notes.append(f"{drawn} rows are drawn at the end; the page holds {heap:.0f} MB of JavaScript objects.")
    settings = {"rows": given.rows, "megabytes": round(size), "model": running.model_name(given)}
    return Result("page_rows", "A large file on the page", settings, [table])


if __name__ == "__main__":
    parser = running.options_of(__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--body-bytes", type=int, default=2500)
    running.start(parser, run, needs_corpora=False)
