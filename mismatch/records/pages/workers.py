"""Worker processes that parse pages, within bounds of time and memory; one that ends its worker costs itself alone."""

from __future__ import annotations

import atexit
import contextlib
import json
import signal
import struct
import subprocess
import sys
import threading
from dataclasses import dataclass
from typing import Any, BinaryIO, NamedTuple, cast

from mismatch.records.pages.candidates import Candidate
from mismatch.records.pages.watch import Watch
from mismatch.records.pages.worker import ANSWER, REQUEST

_START = "import sys, json; path, *bounds = json.loads(sys.argv[1]); sys.path[:] = path; "
_START += "from mismatch.records.pages.worker import main; main(*bounds)"
_PATIENCE = 10
"""how many times the bound on processor time may pass by the clock where nothing else is said; so long waits a page that
does nothing at all"""
_PIPE_BYTES = 1 << 20
"""that wait in a pipe, where the kernel lets it: most pages go through in one piece"""


@dataclass(frozen=True)
class PageBounds:
    """What one page may take."""

    seconds: float = 30.0
    """of processor time"""
    clock_seconds: float | None = None
    """by the clock, starting and waiting for a processor included; None for ten times as many and ten more"""
    memory_bytes: int = 2 << 30
    """of address space of the process that parses it, about 0.3 GB of which the process has of its own"""
    most_bytes: int = 64 << 20
    """of the page itself"""

    @property
    def patience(self) -> float:
        """Seconds by the clock after which a page is given up."""
        return _PATIENCE * self.seconds + 10 if self.clock_seconds is None else self.clock_seconds


class Page(NamedTuple):
    """The bytes of a page and what is known of it: its address, and what the server declared."""

    data: bytes
    url: str | None = None
    charset: str | None = None
    content: str | None = None
    """Content-Encoding"""
    transfer: str | None = None
    """Transfer-Encoding"""


class Parsed(NamedTuple):
    """What became of a page."""

    candidates: list[Candidate]
    body: str
    site: str | None
    reason: str | None = None
    """why it could not be parsed; None where it was"""

    @property
    def title(self) -> str:
        """The likeliest title; empty where there is none."""
        return self.candidates[0].title if self.candidates else ""


class Workers:
    """Parses pages in processes that are started when they are needed and used again. Safe to use from several threads: each
    that calls has a process for itself."""

    def __init__(self, bounds: PageBounds = PageBounds()) -> None:
        self.bounds = bounds
        self._idle: list[_Worker] = []
        self._lock = threading.Lock()
        self._is_closed = False

    def parse(self, page: Page) -> Parsed:
        """What is found in a page; it never raises. Where a worker fails that has parsed others, a new one tries again."""
        if len(page.data) > self.bounds.most_bytes:
            return _refused(f"longer than {self.bounds.most_bytes:,} bytes")
        with self._lock:
            worker = self._idle.pop() if self._idle else None
        is_new = worker is None
        worker = worker or _Worker(self.bounds)
        answer = worker.ask(page)
        reason = answer.get("reason")
        if not worker.is_usable and not is_new and not worker.took_too_long:
            worker.end()
            worker = _Worker(self.bounds)
            answer = worker.ask(page)
            reason = answer.get("reason")
        if worker.is_usable and not self._is_closed:
            with self._lock:
                self._idle.append(worker)
        else:
            worker.end()
        if reason == "memory":
            reason = f"takes more than {self.bounds.memory_bytes:,} bytes of memory"
        if reason is not None:
            return _refused(reason)
        return Parsed([Candidate(*one) for one in answer["candidates"]], answer["body"], answer["site"])

    def close(self) -> None:
        """Ends the processes that have nothing to do; the others end with their page."""
        self._is_closed = True
        with self._lock:
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.end()


class _Worker:
    """One process."""

    def __init__(self, bounds: PageBounds) -> None:
        self._bounds = bounds
        given = json.dumps([sys.path, bounds.seconds, bounds.memory_bytes, bounds.most_bytes])
        self._process = subprocess.Popen(
            [sys.executable, "-c", _START, given],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        for pipe in (self._process.stdin, self._process.stdout):
            _widen(pipe)
        self._requests, self._answers = cast(BinaryIO, self._process.stdin), cast(BinaryIO, self._process.stdout)
        self.is_usable, self.took_too_long = True, False

    def ask(self, page: Page) -> dict[str, Any]:
        """The answer of the process, or the reason why there is none."""
        about = {name: value for name, value in zip(page._fields[1:], page[1:], strict=True) if value is not None}
        data = json.dumps(about).encode()
        _watch.begin(self._process, self._bounds.patience)
        try:
            self._requests.write(REQUEST.pack(len(data), len(page.data)) + data)
            self._requests.write(page.data)
            self._requests.flush()
            size = ANSWER.unpack(self._answers.read(ANSWER.size))[0]
            text = self._answers.read(size)
            answer: dict[str, Any] = json.loads(text)
        except (OSError, ValueError, struct.error):
            self.is_usable = False
            return {"reason": self._why_it_ended(by_the_watch=_watch.end(self._process))}
        self.is_usable = not _watch.end(self._process) and answer.get("reason") != "memory"
        return answer

    def _why_it_ended(self, by_the_watch: bool) -> str:
        code = self._process.wait()
        if by_the_watch or code == -getattr(signal, "SIGPROF", 0):
            self.took_too_long = True
            seconds = self._bounds.patience if by_the_watch and self._bounds.clock_seconds else self._bounds.seconds
            return f"takes longer than {seconds:g} seconds to parse"
        return f"ended the parser ({signal.Signals(-code).name if code < 0 else f'exit code {code}'})"

    def end(self) -> None:
        """Ends the process."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._requests, self._answers):
            with contextlib.suppress(OSError):
                pipe.close()


_watch = Watch()
_shared: dict[PageBounds, Workers] = {}
_shared_lock = threading.Lock()


def shared_workers(bounds: PageBounds = PageBounds()) -> Workers:
    """The workers of this process for pages within these bounds."""
    with _shared_lock:
        if bounds not in _shared:
            _shared[bounds] = Workers(bounds)
            atexit.register(_shared[bounds].close)
        return _shared[bounds]


def _widen(pipe: Any) -> None:
    with contextlib.suppress(ImportError, AttributeError, OSError):
        import fcntl

        fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, _PIPE_BYTES)


def _refused(reason: str) -> Parsed:
    return Parsed([], "", None, reason)
