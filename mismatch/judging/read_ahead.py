"""Reading in a thread of its own, a little ahead: what was judged of a slow stream is written while more is awaited.

The queue in between is short, so that whoever takes the output slowly slows the reading down too.
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from mismatch.records.blocks import Chunk

AHEAD = 2
"""chunks that are read and not yet taken"""
_Out = TypeVar("_Out")


class ReadAhead(Iterator[Chunk]):
    """The same chunks, which come from a thread; an error of theirs is raised where they are taken."""

    def __init__(self, chunks: Iterator[Chunk]) -> None:
        self._queue: queue.Queue[Chunk | BaseException | None] = queue.Queue(AHEAD)
        self._returned: deque[Chunk] = deque()
        self._ended = False
        threading.Thread(target=self._read, args=(chunks,), name="reading", daemon=True).start()

    def __next__(self) -> Chunk:
        chunk = self.within(None)
        if chunk is None:
            raise StopIteration
        return chunk

    def within(self, seconds: float | None) -> Chunk | None:
        """The next chunk, if it comes within so many seconds (None: whenever it comes); None if not, or at the end."""
        if self._returned:
            return self._returned.popleft()
        if self._ended:
            return None
        try:
            item = self._queue.get(timeout=seconds) if seconds is None or seconds > 0 else self._queue.get_nowait()
        except queue.Empty:
            return None
        if isinstance(item, BaseException):
            self._ended = True
            raise item
        self._ended = item is None
        return item

    @property
    def ended(self) -> bool:
        """Whether all chunks have been taken."""
        return self._ended and not self._returned

    def give_back(self, chunks: list[Chunk]) -> None:
        """Chunks to be taken again, before all others."""
        self._returned.extendleft(reversed(chunks))

    def _read(self, chunks: Iterator[Chunk]) -> None:
        try:
            for chunk in chunks:
                self._queue.put(chunk)
            self._queue.put(None)
        except BaseException as error:  # whatever it is belongs to the thread that takes the chunks
            self._queue.put(error)


def as_they_come(pool: ThreadPoolExecutor, work: Callable[[Chunk], _Out], chunks: ReadAhead, ahead: int) -> Iterator[_Out]:
    """What worker threads make of each chunk, in order and as soon as it is made; at most `ahead` + 1 are under way."""
    waiting: deque[Future[_Out]] = deque()
    try:
        while not chunks.ended or waiting:
            chunk = chunks.within(0 if waiting else None)
            if chunk is not None:
                waiting.append(pool.submit(work, chunk))
                if len(waiting) <= ahead:
                    continue
            if waiting:
                yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()
