"""Micro-batches: articles that arrive together are judged in one pass of the scorer, in a worker thread."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from mismatch.serve.application.articles import Article
from mismatch.serve.application.loaded import ModelInUse
from mismatch.serve.metrics import Metrics
from mismatch.serve.problems import busy
from mismatch.serve.settings import ServiceSettings

MAX_BATCH = 256
"""articles in one pass, from which on a larger batch saves nothing more an article"""
MAX_WAITING = 20_000
"""articles; several seconds of work, after which who asks should hear that it is too much"""
BATCH_WAIT = 0.001
"""seconds; as long as the pass takes that it saves"""
Row = dict[str, Any]
"""the verdict columns of one article"""


@dataclass(slots=True)
class _Job:
    articles: list[Article]
    answer: asyncio.Future[list[Row]]


class Batcher:
    """Collects jobs and hands them to worker threads. To be used from the event loop's thread only.

    The first job of a batch waits `BATCH_WAIT` seconds for others; while all threads are at work, what arrives piles up
    and makes the next batch larger.
    """

    def __init__(self, model: ModelInUse, settings: ServiceSettings, metrics: Metrics) -> None:
        self._model, self._metrics = model, metrics
        self._pool = ThreadPoolExecutor(settings.threads, "judge")
        self._idle = settings.threads
        self._jobs: deque[_Job] = deque()
        self._due = False
        self.waiting = 0

    def submit(self, articles: list[Article]) -> asyncio.Future[list[Row]]:
        """The verdict columns of these articles, to be awaited.

        Raises
        ------
        Problem
            503 when too many articles wait already.
        """
        if self.waiting + len(articles) > MAX_WAITING:
            raise busy(f"{self.waiting:,} articles are waiting to be judged")
        loop = asyncio.get_running_loop()
        job = _Job(articles, loop.create_future())
        self._jobs.append(job)
        self.waiting += len(articles)
        if self._idle and not self._due:
            self._due = True
            loop.call_later(BATCH_WAIT, self._dispatch)
        elif self._idle and self.waiting >= MAX_BATCH:
            self._dispatch()
        return job.answer

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _dispatch(self) -> None:
        self._due = False
        while self._idle and self._jobs:
            jobs, rows = [], 0
            while self._jobs and rows < MAX_BATCH:
                job = self._jobs.popleft()
                self.waiting -= len(job.articles)
                if not job.answer.done():  # done: it was given up
                    jobs.append(job)
                    rows += len(job.articles)
            if jobs:
                self._idle -= 1
                work = asyncio.get_running_loop().run_in_executor(self._pool, _verdicts_of, self._model, jobs)
                work.add_done_callback(lambda done, jobs=jobs: self._finish(jobs, done))  # type: ignore[misc]
        self._metrics.waiting.set(self.waiting)

    def _finish(self, jobs: list[_Job], done: asyncio.Future[list[Row]]) -> None:
        self._idle += 1
        error = done.exception()
        if error is not None:
            for job in jobs:
                if not job.answer.done():
                    job.answer.set_exception(error)
        else:
            rows, at = done.result(), 0
            for job in jobs:
                n = len(job.articles)
                if not job.answer.done():
                    job.answer.set_result(rows[at : at + n])
                at += n
            self._metrics.judged(Counter(row["mismatch_verdict"] for row in rows))
        if self._jobs and not self._due:
            self._dispatch()


def _verdicts_of(model: ModelInUse, jobs: list[_Job]) -> list[Row]:
    articles = [article for job in jobs for article in job.articles]
    columns = (pa.array(texts, pa.large_string()) for texts in zip(*articles, strict=True))
    rows = model.current.scorer.added_columns(*columns).to_pylist()
    model.learn_from(articles)
    return rows
