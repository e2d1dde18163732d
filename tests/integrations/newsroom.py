"""A Scrapy project in one file, run as a process of its own: crawls a site and writes its stats.

Usage: newsroom.py SITE STATS_FILE SETTINGS_JSON dict|attrs|mixed
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass, field
from typing import Any

import attrs
import scrapy
from scrapy.crawler import CrawlerProcess

from mismatch.integrations.scrapy import MismatchPipeline

STARTED: dict[str, float] = {}


class ArticleItem(scrapy.Item):
    url = scrapy.Field()
    title = scrapy.Field()
    body = scrapy.Field()
    mismatch_verdict = scrapy.Field()
    mismatch_reasons = scrapy.Field()


class BareItem(scrapy.Item):
    """Declares no field for a verdict."""

    url = scrapy.Field()
    headline = scrapy.Field()
    text = scrapy.Field()


@dataclass
class ArticleData:
    url: str
    title: str | None = None
    body: str | None = None
    mismatch_verdict: str | None = None
    mismatch_reasons: list[str] = field(default_factory=list)


@attrs.define(frozen=True)
class FrozenArticle:
    url: str
    title: str | None
    body: str | None


KINDS: dict[str, Any] = {
    "dict": dict,
    "item": ArticleItem,
    "bare": lambda url, title, body: BareItem(url=url, headline=title, text=body),
    "dataclass": ArticleData,
    "attrs": FrozenArticle,
}


class Newsroom(scrapy.Spider):
    name = "newsroom"
    kind = "dict"

    async def start(self):  # type: ignore[no-untyped-def]
        yield scrapy.Request(self.site)
        yield {"url": "no article at all"}
        yield {"url": "no body", "title": "Only a title here"}

    def parse(self, response):  # type: ignore[no-untyped-def]
        yield from response.follow_all(css="a", callback=self.parse_article)

    def parse_article(self, response):  # type: ignore[no-untyped-def]
        STARTED[response.url] = time.monotonic()
        title = response.css("h1::text").get()
        number = int(response.url.rsplit("/", 1)[1])
        kind = self.kind if self.kind != "mixed" else list(KINDS)[number % len(KINDS)]
        yield KINDS[kind](url=response.url, title=title, body=response.css("p::text").getall())


class Clock:
    """A pipeline behind the other: how long each item took."""

    @classmethod
    def from_crawler(cls, crawler):  # type: ignore[no-untyped-def]
        clock = cls()
        clock.stats = crawler.stats
        return clock

    def process_item(self, item):  # type: ignore[no-untyped-def]
        if took := time.monotonic() - STARTED.get(_url(item), time.monotonic()):
            self.stats.max_value("slowest", took)
        return item


class Stumbling(MismatchPipeline):
    """Fails on one article."""

    def _judge(self, articles):  # type: ignore[no-untyped-def]
        verdicts = self.scorer.verdicts

        class Scorer:
            def verdicts(self, titles, bodies, sources):  # type: ignore[no-untyped-def]
                if any("Juniper" in (title or "") for title in titles):
                    raise MemoryError("no")
                return verdicts(titles, bodies, sources)

        from mismatch.integrations.scrapy import _judged

        return _judged(Scorer(), articles)


def _url(item: Any) -> str:
    return item["url"] if isinstance(item, (dict, scrapy.Item)) else item.url


def main() -> None:
    site, stats_file, settings, kind = sys.argv[1:5]
    quiet = {"LOG_LEVEL": "INFO", "ROBOTSTXT_OBEY": False, "TELNETCONSOLE_ENABLED": False}
    process = CrawlerProcess({**quiet, **json.loads(settings)})
    crawler = process.create_crawler(Newsroom)
    process.crawl(crawler, site=site, kind=kind)
    process.start()
    with open(stats_file, "w") as file:
        json.dump(crawler.stats.get_stats(), file, default=str)


if __name__ == "__main__":
    main()
