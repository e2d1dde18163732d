"""Scrapy item pipeline: every item gets a verdict before it reaches the feeds; strays are dropped, tagged or set aside.

One line of settings switches it on::

    ITEM_PIPELINES = {"mismatch.integrations.scrapy.MismatchPipeline": 300}

Items wait at most `MISMATCH_MAX_WAIT` seconds for others to be judged with. No item is lost: what cannot be judged goes on
as it came, and is counted.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from time import strftime
from typing import TYPE_CHECKING, Any, Self

from mismatch.errors import InputError, MissingExtraError
from mismatch.integrations.fields import added_fields, named_field, text_of
from mismatch.judging.recent import RecentArticles
from mismatch.judging.scorer import Scorer, load
from mismatch.judging.verdicts import Verdict

try:
    from itemadapter import ItemAdapter
    from scrapy.exceptions import DropItem
    from scrapy.exporters import JsonLinesItemExporter
    from scrapy.utils.asyncio import CallLaterResult, call_later, run_in_thread
    from scrapy.utils.defer import deferred_from_coro, maybe_deferred_to_future
    from twisted.internet.defer import Deferred, DeferredList
except ImportError as error:
    raise MissingExtraError("this needs Scrapy 2.15 or newer", "scrapy") from error

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

ACTIONS = ("drop", "tag", "feed")
_logger = logging.getLogger(__name__)


class StrayHeadline(DropItem):
    """Raised for an item whose headline belongs to another story; `verdict` says why."""

    def __init__(self, verdict: Verdict) -> None:
        reasons = ", ".join(verdict.reasons)
        super().__init__(f"headline belongs to another story (probability {verdict.probability:.2f}, {reasons})")
        self.verdict = verdict


_Article = tuple[str | None, str | None, str | None]
"""title, body and source"""


class MismatchPipeline:
    """Judges items. Settings:

    ===================== =========================================================================================
    MISMATCH_ACTION       what becomes of `mismatch` items: "drop" (default; `DropItem`), "tag" (they go on, with the
                          verdict in their fields), "feed" (written to MISMATCH_FEED, then dropped)
    MISMATCH_FEED         JSON lines file of "feed"; it is appended to; %(name)s is the spider, %(time)s the start
    MISMATCH_MODEL        a model file, or "starter" (default)
    MISMATCH_MODEL_SHA256 the SHA-256 that the model's file must have
    MISMATCH_TITLE, _BODY names of the fields; by default the usual ones (title, headline; body, text, content, ...)
    MISMATCH_ADAPT        True adapts the model to the last 4,096 items, after each 1,000 (False)
    MISMATCH_BATCH_ITEMS  items judged at once, at most (256)
    MISMATCH_MAX_WAIT     seconds an item waits for others, at most (0.1)
    ===================== =========================================================================================

    The verdict is written to the fields `mismatch_verdict`, `mismatch_probability`, ... of every item that has room for
    them: dictionaries always, other items if they declare the fields.
    """

    def __init__(self, crawler: Crawler) -> None:
        settings = crawler.settings
        self._crawler = crawler
        self._action = settings.get("MISMATCH_ACTION", "drop")
        if self._action not in ACTIONS:
            raise InputError(f"MISMATCH_ACTION is {self._action!r}; it must be one of {', '.join(ACTIONS)}")
        self._feed_path = settings.get("MISMATCH_FEED")
        if (self._action == "feed") != (self._feed_path is not None):
            raise InputError('MISMATCH_ACTION = "feed" and MISMATCH_FEED = "FILE" belong together; set both or neither')
        self._title, self._body = settings.get("MISMATCH_TITLE"), settings.get("MISMATCH_BODY")
        self._feed: _Feed | None = None
        self._batches = _Batches(
            self._judge, settings.getint("MISMATCH_BATCH_ITEMS", 256), settings.getfloat("MISMATCH_MAX_WAIT", 0.1)
        )
        self.scorer = load(settings.get("MISMATCH_MODEL", "starter"), sha256=settings.get("MISMATCH_MODEL_SHA256"))
        self.scorer.verdicts(["compiles"], ["before the first item comes"])
        self._recent = RecentArticles(self.scorer) if settings.getbool("MISMATCH_ADAPT") else None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def open_spider(self) -> None:
        if self._action == "feed":
            self._feed = _Feed(str(self._feed_path), self._spider_name)

    async def process_item(self, item: Any) -> Any:
        """The item with its verdict; raises `StrayHeadline` (a `DropItem`) for a mismatch, unless it is to be tagged."""
        if not ItemAdapter.is_item(item):
            return item
        adapter = ItemAdapter(item)
        names = list(adapter.field_names())
        title, body = named_field("title", names, self._title), named_field("body", names, self._body)
        if title is None and body is None:
            self._count("skipped")
            return item
        fields = (title, body, named_field("source", names))
        texts = tuple(text_of(adapter.get(name)) if name is not None else None for name in fields)
        verdict = await self._batches.verdict(texts)
        if verdict is None:
            self._count("errors")
            return item
        self._count(f"verdict/{verdict.verdict}")
        self._tag(adapter, verdict)
        if verdict.verdict != "mismatch":
            return item
        self._count("flagged", f"flagged/spider/{self._spider_name}", *(f"flagged/reason/{r}" for r in verdict.reasons))
        if self._action == "tag" or (self._feed is not None and not self._set_aside(adapter, verdict)):
            return item
        raise StrayHeadline(verdict)

    async def close_spider(self) -> None:
        await self._batches.finish()
        if self._feed is not None:
            self._feed.close()

    @property
    def _spider_name(self) -> str:
        return self._crawler.spider.name if self._crawler.spider is not None else ""

    def _judge(self, articles: list[_Article]) -> list[Verdict | None]:
        """Verdicts, None where judging failed; runs in a thread."""
        verdicts = _judged(self.scorer, articles)
        if self._recent is not None and (adapted := self._recent.add(articles)) is not None:
            self.scorer = adapted
        return verdicts

    def _count(self, *names: str) -> None:
        for name in names:
            self._crawler.stats.inc_value(f"mismatch/{name}")

    def _tag(self, adapter: ItemAdapter, verdict: Verdict) -> None:
        for name, value in added_fields(verdict).items():
            try:
                adapter[name] = value
            except (KeyError, AttributeError, TypeError):  # not declared, or frozen
                if name == "mismatch_verdict":
                    self._count("untagged")

    def _set_aside(self, adapter: ItemAdapter, verdict: Verdict) -> bool:
        """Writes a stray to its feed; False if that failed, so that the item is not dropped."""
        assert self._feed is not None
        try:
            self._feed.write({**adapter.asdict(), **added_fields(verdict)})
        except (OSError, TypeError, ValueError) as error:
            self._count("feed_errors")
            _logger.error("%s cannot be written (%s); the stray item goes on to the other feeds", self._feed_path, error)
            return False
        return True


def _judged(scorer: Scorer, articles: list[_Article]) -> list[Verdict | None]:
    try:
        titles, bodies, sources = zip(*articles, strict=True)
        return list(scorer.verdicts(titles, bodies, sources))
    except Exception:  # whatever it is, no item may be lost for it
        if len(articles) > 1:
            return [verdict for article in articles for verdict in _judged(scorer, [article])]
        _logger.exception("an item could not be judged; it goes on without a verdict")
        return [None]


class _Batches:
    """Collects pairs until there are enough or the first has waited long enough, and judges them in a thread."""

    def __init__(self, judge: Callable[[list[Any]], list[Verdict | None]], limit: int, max_wait: float) -> None:
        if limit < 1 or not 0 <= max_wait <= 1:
            raise InputError("MISMATCH_BATCH_ITEMS must be at least 1, MISMATCH_MAX_WAIT between 0 and 1 second")
        self._judge, self._limit, self._max_wait = judge, limit, max_wait
        self._waiting: list[tuple[Any, Deferred[Verdict | None]]] = []
        self._timer: CallLaterResult | None = None
        self._running: set[Deferred[None]] = set()

    async def verdict(self, pair: Any) -> Verdict | None:
        done: Deferred[Verdict | None] = Deferred()
        self._waiting.append((pair, done))
        if len(self._waiting) >= self._limit:
            self._start()
        elif self._timer is None:
            self._timer = call_later(self._max_wait, self._start)
        return await maybe_deferred_to_future(done)

    async def finish(self) -> None:
        self._start()
        await maybe_deferred_to_future(DeferredList(list(self._running)))

    def _start(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        batch, self._waiting = self._waiting, []
        if batch:
            running = deferred_from_coro(self._run(batch))
            self._running.add(running)
            running.addBoth(lambda _: self._running.discard(running))

    async def _run(self, batch: list[tuple[Any, Deferred[Verdict | None]]]) -> None:
        verdicts: list[Verdict | None] = [None] * len(batch)
        try:
            verdicts = await run_in_thread(self._judge, [pair for pair, _ in batch])
        finally:
            for (_, done), verdict in zip(batch, verdicts, strict=True):
                done.callback(verdict)


class _Feed:
    """Where strays are set aside: JSON lines, one flushed line an item."""

    def __init__(self, path: str, spider: str) -> None:
        named = path.replace("%(name)s", spider).replace("%(time)s", strftime("%Y-%m-%dT%H-%M-%S"))
        try:
            Path(named).parent.mkdir(parents=True, exist_ok=True)
            self._file = open(named, "ab")  # noqa: SIM115 (open as long as the spider)
        except OSError as error:
            raise InputError(f"{named}: cannot be written ({error.strerror}); see MISMATCH_FEED") from error
        self._exporter = JsonLinesItemExporter(self._file, encoding="utf-8")  # type: ignore[arg-type]  # any binary file

    def write(self, fields: dict[str, Any]) -> None:
        self._exporter.export_item(fields)
        self._file.flush()

    def close(self) -> None:
        self._file.close()
