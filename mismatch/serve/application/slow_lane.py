"""Threads of their own for explanations and HTML files, which take long and must not hold up scoring."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from mismatch.serve.problems import Problem, busy
from mismatch.serve.settings import ServiceSettings

T = TypeVar("T")
MAX_AT_WORK = 16
"""at work or waiting; the last of them still gets its answer in a few seconds"""


class SlowLane:
    """A few threads for files, one for explanations, and a bounded queue before them.

    An explanation is made in Python, word by word: a second one beside it would end no sooner, and take as much memory.
    """

    def __init__(self, settings: ServiceSettings) -> None:
        self._files, self._explanations = ThreadPoolExecutor(settings.threads, "file"), ThreadPoolExecutor(1, "explain")
        self._seconds = settings.work_seconds
        self._at_work = 0

    async def parse(self, work: Callable[[], T]) -> T:
        """What `work` on a file returns (see `_run`)."""
        return await self._run(self._files, work)

    async def explain(self, work: Callable[[], T]) -> T:
        """The explanation that `work` returns (see `_run`)."""
        return await self._run(self._explanations, work)

    async def _run(self, pool: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        """What `work` returns.

        Raises
        ------
        Problem
            503 when too many wait, 504 when it took too long (the thread then ends in its own time, and counts until it
            has).
        """
        if self._at_work >= MAX_AT_WORK:
            raise busy(f"{self._at_work} explanations and files are at work")
        self._at_work += 1
        future = asyncio.get_running_loop().run_in_executor(pool, work)
        future.add_done_callback(self._done)
        try:
            async with asyncio.timeout(self._seconds):
                return await asyncio.shield(future)
        except TimeoutError:
            future.cancel()  # has an effect while it waits for a thread
            raise Problem(504, f"there was no answer within {self._seconds:g} seconds") from None

    def close(self) -> None:
        for pool in (self._files, self._explanations):
            pool.shutdown(wait=False, cancel_futures=True)

    def _done(self, future: asyncio.Future[T]) -> None:
        self._at_work -= 1
        if not future.cancelled():
            future.exception()
