"""The Scrapy pipeline in real crawls of a site on this machine."""

from __future__ import annotations

import html
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from stories import rows

from mismatch import Scorer
from mismatch.errors import ModelError

pytest.importorskip("scrapy", reason="Scrapy is not installed (extra: scrapy)")
pytest.importorskip("attrs", reason="attrs is not installed")

PAGES = rows(240, wrong_every=12)
PIPELINE = "mismatch.integrations.scrapy.MismatchPipeline"


class _Site(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        name = self.path.strip("/")
        if not name:
            links = "".join(f'<a href="/{page["id"]}">{page["id"]}</a>' for page in PAGES)
            content = f"<html><body>{links}</body></html>"
        else:
            page = PAGES[int(name.split("/")[0])]
            halves = page["body"].partition(". ")
            paragraphs = "".join(f"<p>{html.escape(half)}</p>" for half in (halves[0] + ".", halves[2]))
            content = f"<html><body><h1>{html.escape(page['title'])}</h1>{paragraphs}</body></html>"
        data = content.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def stray_pages(judge: Scorer) -> set[int]:
    verdicts = judge.score([(page["title"], page["body"]) for page in PAGES])
    flagged = {page["id"] for page, verdict in zip(PAGES, verdicts, strict=True) if verdict.verdict == "mismatch"}
    assert len(flagged) >= 10  # else these tests would say nothing
    return flagged


@pytest.fixture
def crawl(site: str, judge_path: Path, tmp_path: Path) -> Any:
    """Crawls with some settings; returns stats, items by page, items without a page, and the log."""

    def _crawl(kind: str = "dict", pipeline: str = PIPELINE, **settings: Any) -> tuple[Any, ...]:
        feed, stats = tmp_path / "items.jsonl", tmp_path / "stats.json"
        settings = {
            "ITEM_PIPELINES": {pipeline: 300, "newsroom.Clock": 800},
            "MISMATCH_MODEL": str(judge_path),
            "FEEDS": {str(feed): {"format": "jsonlines", "overwrite": True}},
            **settings,
        }
        folder = Path(__file__).parent
        path = os.pathsep.join([str(folder), str(folder.parent.parent), os.environ.get("PYTHONPATH", "")])
        command = [sys.executable, str(folder / "newsroom.py"), site, str(stats), json.dumps(settings), kind]
        environment = {**os.environ, "PYTHONPATH": path, "no_proxy": "*"}
        run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
        assert run.returncode == 0, run.stderr
        items = [json.loads(line) for line in feed.read_text().splitlines()] if feed.exists() else []
        pages = {int(item["url"].rsplit("/", 1)[1]): item for item in items if item["url"].startswith("http")}
        others = {item["url"]: item for item in items if not item["url"].startswith("http")}
        assert len(items) == len(pages) + len(others), "an item came out twice"
        return json.loads(stats.read_text()), pages, others, run.stderr

    return _crawl


def test_strays_are_dropped_and_counted_and_nothing_else_is_lost(crawl: Any, stray_pages: set[int]) -> None:
    stats, pages, others, log = crawl()
    assert set(pages) == {page["id"] for page in PAGES} - stray_pages
    assert stats["mismatch/flagged"] == stats["item_dropped_count"] == len(stray_pages)
    assert stats["mismatch/flagged/spider/newsroom"] == len(stray_pages)
    assert sum(count for name, count in stats.items() if name.startswith("mismatch/flagged/reason/")) >= len(stray_pages)
    assert sum(count for name, count in stats.items() if name.startswith("mismatch/verdict/")) == len(PAGES) + 1
    assert all(item["mismatch_verdict"] != "mismatch" for item in pages.values())
    assert others["no article at all"] == {"url": "no article at all"}
    assert others["no body"]["mismatch_verdict"] == "unscorable"
    assert others["no body"]["mismatch_probability"] is None
    assert stats["mismatch/skipped"] == 1
    assert stats["slowest"] < 1
    assert "Traceback" not in log


def test_strays_can_be_tagged_instead(crawl: Any, stray_pages: set[int]) -> None:
    stats, pages, _, _ = crawl(MISMATCH_ACTION="tag")
    assert len(pages) == len(PAGES)
    assert {i for i, item in pages.items() if item["mismatch_verdict"] == "mismatch"} == stray_pages
    assert stats["mismatch/flagged"] == len(stray_pages)
    assert all(item["mismatch_reasons"] for i, item in pages.items() if i in stray_pages)


def test_strays_can_be_sent_to_a_second_feed(crawl: Any, stray_pages: set[int], tmp_path: Path) -> None:
    _, pages, _, _ = crawl(kind="attrs", MISMATCH_ACTION="feed", MISMATCH_FEED="strays/%(name)s.jsonl")
    strays = [json.loads(line) for line in (tmp_path / "strays" / "newsroom.jsonl").read_text().splitlines()]
    assert {int(item["url"].rsplit("/", 1)[1]) for item in strays} == stray_pages
    assert set(pages) == {page["id"] for page in PAGES} - stray_pages
    assert all(item["mismatch_verdict"] == "mismatch" and item["title"] for item in strays)


def test_a_second_feed_that_cannot_be_written_loses_nothing(crawl: Any, stray_pages: set[int]) -> None:
    stats, pages, _, log = crawl(MISMATCH_ACTION="feed", MISMATCH_FEED="/dev/full")
    assert len(pages) == len(PAGES)
    assert stats["mismatch/feed_errors"] == len(stray_pages)
    assert "/dev/full cannot be written" in log


def test_items_of_every_kind_are_judged(crawl: Any, stray_pages: set[int]) -> None:
    stats, pages, _, _ = crawl(kind="mixed")
    assert set(pages) == {page["id"] for page in PAGES} - stray_pages
    kinds = ("dict", "item", "bare", "dataclass", "attrs")  # page i has the kind i modulo 5
    tagged = {kind: {"mismatch_verdict" in pages[i] for i in pages if i % 5 == k} for k, kind in enumerate(kinds)}
    assert tagged == {"dict": {True}, "item": {True}, "dataclass": {True}, "bare": {False}, "attrs": {False}}
    assert stats["mismatch/untagged"] == len(PAGES) * 2 // 5  # no room for a verdict in them


@pytest.mark.parametrize("reactor", ["asyncioreactor.AsyncioSelectorReactor", "selectreactor.SelectReactor"])
def test_both_reactors_will_do(crawl: Any, stray_pages: set[int], reactor: str) -> None:
    _, pages, _, _ = crawl(TWISTED_REACTOR=f"twisted.internet.{reactor}", MISMATCH_BATCH_ITEMS=7)
    assert set(pages) == {page["id"] for page in PAGES} - stray_pages


def test_a_spider_that_is_closed_early_gives_up_its_waiting_items(crawl: Any) -> None:
    stats, pages, _, _ = crawl(CLOSESPIDER_ITEMCOUNT=20, MISMATCH_MAX_WAIT=1)  # every article is either out or dropped
    assert stats["finish_reason"] == "closespider_itemcount"
    assert stats["item_scraped_count"] + stats["item_dropped_count"] == len(pages) + 2 + stats["mismatch/flagged"]
    assert stats["response_received_count"] - 1 == len(pages) + stats["mismatch/flagged"]


def test_an_article_that_cannot_be_judged_goes_on_and_the_others_are_judged(crawl: Any, stray_pages: set[int]) -> None:
    stats, pages, _, log = crawl(pipeline="newsroom.Stumbling")
    juniper = {page["id"] for page in PAGES if "Juniper" in page["title"]}
    assert set(pages) == {page["id"] for page in PAGES} - (stray_pages - juniper)
    assert stats["mismatch/errors"] == len(juniper)
    assert all("mismatch_verdict" not in pages[i] for i in juniper)
    assert "goes on without a verdict" in log


def test_a_wrong_setting_stops_the_crawl_before_it_begins(crawl: Any) -> None:
    _, pages, _, log = crawl(MISMATCH_ACTION="delete")
    assert not pages
    assert "MISMATCH_ACTION is 'delete'; it must be one of drop, tag, feed" in log


def test_a_model_with_another_digest_is_not_taken(judge_path: Path) -> None:
    from scrapy.utils.test import get_crawler

    from mismatch.integrations.scrapy import MismatchPipeline

    settings = {"MISMATCH_MODEL": str(judge_path), "MISMATCH_MODEL_SHA256": "0" * 64}
    with pytest.raises(ModelError, match="its SHA-256 is"):
        MismatchPipeline(get_crawler(settings_dict=settings))
