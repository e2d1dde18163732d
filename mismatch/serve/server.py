"""The running service: its socket, its signals, and uvicorn, from the start to the last answer."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import importlib.util
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Generator

import uvicorn

from mismatch.errors import InputError
from mismatch.records.memory import give_back, keep_no_large_blocks
from mismatch.records.output.outside_text import safe
from mismatch.report.console import say
from mismatch.serve.application.api import build
from mismatch.serve.application.front import Front
from mismatch.serve.application.loaded import LoadedModel, ModelInUse
from mismatch.serve.application.slow_lane import SlowLane
from mismatch.serve.metrics import Metrics
from mismatch.serve.opening import ReviewSettings, open_desk
from mismatch.serve.protocol import bounded_protocol
from mismatch.serve.settings import ServiceSettings, is_loopback

STOP_SECONDS = 30
"""for requests at work to end once no new ones are taken; as long as the longest answer may take by default"""
_GRACE_SECONDS = 1.0
"""for threads to end once nobody waits for what they do"""
_TICKS_OF_REST = 50
"""tenths of a second between two looks at whether memory can be given back; what large requests took stays resident else"""
_BACKLOG = 2048
_SWITCH_SECONDS = 0.001  # how long a judging thread may keep the event loop from the interpreter


def run(settings: ServiceSettings, reviewed: ReviewSettings | None = None) -> None:
    """Serves until SIGTERM or SIGINT, with a review where one is asked for; SIGHUP reads the model again.

    Raises
    ------
    InputError
        If the address cannot be listened on, or there is nothing to review.
    ModelError
        If the model cannot be used.
    """
    keep_no_large_blocks()
    with _listening(settings) as listener:
        model = ModelInUse(settings.model, sha256=settings.model_sha256, adapt=settings.adapt)
        metrics, lane = Metrics(), SlowLane(settings)
        metrics.model(model.current.name, model.current.digest)
        desk = open_desk(reviewed, model.current.scorer, quiet=settings.quiet) if reviewed is not None else None
        front = Front(settings, model, metrics, build(settings, model, metrics, lane, lambda: front.stopping, desk))
        sys.setswitchinterval(_SWITCH_SECONDS)
        gc.collect()
        gc.freeze()  # what is loaded by now stays: looking through it again and again would stall requests
        try:
            _Server(settings, front, model, metrics, listener, desk is not None).run(sockets=[listener])
        finally:
            front.close()
            lane.close()
            if desk is not None:
                desk.close()
    say("stopped", quiet=settings.quiet)
    leave()


def leave() -> None:
    """Ends the process where threads are still at work: Python would wait for them, and nobody else does."""
    end = time.monotonic() + _GRACE_SECONDS
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join(max(0.0, end - time.monotonic()))
            if thread.is_alive():
                _end_process()


def leave_after(seconds: float) -> None:
    """Ends the process when it has not ended by itself, whatever its threads do."""
    timer = threading.Timer(seconds, _end_process)
    timer.daemon = True
    timer.start()
    if hasattr(signal, "setitimer"):  # the system ends it where a thread lets no other run
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, seconds + _GRACE_SECONDS)


def _end_process() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()
    os._exit(0)


class _Server(uvicorn.Server):
    """uvicorn with our signals in place of its own, which end the process with the signal instead of with 0."""

    def __init__(
        self, settings: ServiceSettings, front: Front, model: ModelInUse, metrics: Metrics, listener: socket.socket,
        reviews: bool,
    ) -> None:  # fmt: skip
        super().__init__(_config(settings, front))
        self._settings, self._front, self._model, self._metrics = settings, front, model, metrics
        self._listener, self._reviews = listener, reviews

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        loop = asyncio.get_running_loop()
        try:
            loop.add_signal_handler(signal.SIGHUP, lambda: loop.create_task(self._reload()))
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, self._stop)
        except (NotImplementedError, AttributeError):  # Windows
            with super().capture_signals():
                self._greet()
                yield
            return
        self._greet()  # from here on a signal does what it should
        yield

    async def on_tick(self, counter: int) -> bool:
        """Called ten times a second."""
        if counter % _TICKS_OF_REST == 0 and self._front.rests():
            await asyncio.get_running_loop().run_in_executor(None, give_back)
        return await super().on_tick(counter)

    def _greet(self) -> None:
        host, port = self._listener.getsockname()[:2]
        url = f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
        say(f"serving on {url} with the model {_named(self._model.current)}", quiet=self._settings.quiet)
        if self._reviews:
            say(f"the review is at {url}review", quiet=self._settings.quiet)
        if not is_loopback(self._settings.host) and self._settings.token is None:
            say("warning: anyone who reaches this address can use the service (--insecure)")

    async def _reload(self) -> None:
        problem = await self._model.reload()
        self._metrics.reloaded(problem is None)
        self._metrics.model(self._model.current.name, self._model.current.digest)
        if problem is None:
            say(f"model read again: {_named(self._model.current)}", quiet=self._settings.quiet)
        else:
            say(f"mismatch: the model was not read again: {safe(problem, 300)}")

    def _stop(self) -> None:
        if self._front.stopping:  # the second signal does not wait
            self.should_exit = self.force_exit = True
            return
        self._front.stopping = True
        say("stopping: requests at work are answered first", quiet=self._settings.quiet)
        leave_after(self._settings.drain_seconds + STOP_SECONDS + _GRACE_SECONDS)
        asyncio.get_running_loop().call_later(self._settings.drain_seconds, self._exit)

    def _exit(self) -> None:
        self.should_exit = True


def _config(settings: ServiceSettings, front: Front) -> uvicorn.Config:
    """uvicorn with the limits that it offers; those on bodies, rows and time are ours."""
    return uvicorn.Config(
        front,
        http=bounded_protocol(settings),
        loop="uvloop" if importlib.util.find_spec("uvloop") else "auto",
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=_BACKLOG,
        limit_concurrency=settings.max_connections + 1,  # it refuses from this number on
        timeout_keep_alive=settings.idle_seconds,
        timeout_graceful_shutdown=STOP_SECONDS,
    )


def _listening(settings: ServiceSettings) -> socket.socket:
    """A bound socket."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(_BACKLOG)
        except OSError:
            listener.close()
            raise
    except OSError as error:
        why = f"{settings.host}:{settings.port}: cannot be listened on ({error.strerror or error})"
        raise InputError(f"{why}; choose another --port or --host") from error
    return listener


def _named(loaded: LoadedModel) -> str:
    return f"{safe(loaded.name, 60)} ({loaded.digest[:12]})"
