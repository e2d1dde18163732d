"""Starting and stopping: the socket, the signals, uvicorn."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import socket
import sys
from collections.abc import Generator
from typing import Any

from mismatch.errors import InputError
from mismatch.report.console import safe, say
from mismatch.serve.extras import require_serve
from mismatch.serve.settings import Settings, is_loopback

_BACKLOG = 2048
_SWITCH_SECONDS = 0.001  # how long a judging thread may keep the event loop from the interpreter


def run(settings: Settings) -> None:
    """Serves until SIGTERM or SIGINT; SIGHUP reads the model again.

    Raises
    ------
    MissingExtraError
        If the packages of the extra `serve` are not installed.
    InputError
        If the address cannot be listened on.
    ModelError
        If the model cannot be used.
    """
    require_serve()
    import uvicorn

    from mismatch.serve.application.api import build
    from mismatch.serve.application.front import Front
    from mismatch.serve.application.loaded import ModelInUse
    from mismatch.serve.application.slow_lane import SlowLane
    from mismatch.serve.metrics import Metrics
    from mismatch.serve.protocol import bounded_protocol

    with _listening(settings) as listener:
        model, metrics, lane = ModelInUse(settings.model), Metrics(), SlowLane(settings)
        metrics.model(model.current.name, model.current.digest)
        front = Front(settings, model, metrics, build(settings, model, metrics, lane, lambda: front.stopping))

        class Service(uvicorn.Server):
            @contextlib.contextmanager
            def capture_signals(self) -> Generator[None, None, None]:
                """Ours in place of uvicorn's, which end the process with the signal instead of with 0."""
                loop = asyncio.get_running_loop()
                try:
                    loop.add_signal_handler(signal.SIGHUP, lambda: loop.create_task(reload()))
                    for number in (signal.SIGTERM, signal.SIGINT):
                        loop.add_signal_handler(number, self._stop)
                except (NotImplementedError, AttributeError):  # Windows
                    with super().capture_signals():
                        greet()
                        yield
                    return
                greet()  # from here on a signal does what it should
                yield

            def _stop(self) -> None:
                if front.stopping:
                    self.should_exit = self.force_exit = True
                    return
                front.stopping = True
                say("stopping: requests at work are answered first", quiet=settings.quiet)
                asyncio.get_running_loop().call_later(settings.drain_seconds, self._exit)

            def _exit(self) -> None:
                self.should_exit = True

        async def reload() -> None:
            problem = await model.reload()
            metrics.reloaded(problem is None)
            metrics.model(model.current.name, model.current.digest)
            if problem is None:
                say(f"model read again: {_named(model.current)}", quiet=settings.quiet)
            else:
                say(f"mismatch: the model was not read again: {safe(problem, 300)}")

        def greet() -> None:
            host, port = listener.getsockname()[:2]
            say(f"serving on {_url(host, port)} with the model {_named(model.current)}", quiet=settings.quiet)
            if not is_loopback(settings.host) and settings.token is None:
                say("warning: anyone who reaches this address can use the service (--insecure)")

        config = uvicorn.Config(
            front, http=bounded_protocol(settings), ws="none", lifespan="off", loop=_loop(), log_config=None,
            log_level="critical", access_log=False, server_header=False, proxy_headers=False, backlog=_BACKLOG,
            timeout_keep_alive=settings.idle_seconds,  # type: ignore[arg-type]
            timeout_graceful_shutdown=settings.stop_seconds,  # type: ignore[arg-type]
        )  # fmt: skip
        sys.setswitchinterval(_SWITCH_SECONDS)
        gc.collect()
        gc.freeze()  # what is loaded by now stays: looking through it again and again would stall requests
        try:
            Service(config).run(sockets=[listener])
        finally:
            front.close()
            lane.close()
    say("stopped", quiet=settings.quiet)


def _listening(settings: Settings) -> socket.socket:
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


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def _named(loaded: Any) -> str:
    return f"{safe(loaded.name, 60)} ({loaded.digest[:12]})"


def _loop() -> Any:
    import importlib.util

    return "uvloop" if importlib.util.find_spec("uvloop") else "auto"
