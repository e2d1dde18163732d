"""SIGTERM and SIGHUP: what is half-written is removed, or what was read is finished first, whichever a command asks for."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

TERMINATED = 128 + 15
"""exit code, as the shell has it for a command that SIGTERM ended: not 0, for the end of the input was not reached"""
_NUMBERS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))
_finish: Callable[[], None] | None = None


class Terminated(BaseException):
    """The process is to end now; like KeyboardInterrupt it passes through all `with` blocks, which remove what they began."""


@contextmanager
def watched() -> Iterator[None]:
    """Inside, a signal to end raises `Terminated`; one that the process was started to ignore (nohup) stays ignored."""
    before: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        for number in _NUMBERS:
            if signal.getsignal(number) is signal.SIG_DFL:
                before[number] = signal.signal(number, _on_signal)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def finishing(finish: Callable[[], None]) -> Iterator[None]:
    """Inside, the first signal calls `finish`, which has what was begun come to a good end; the second does not wait."""
    global _finish
    _finish = finish
    try:
        yield
    finally:
        _finish = None


def _on_signal(number: int, frame: Any) -> None:
    global _finish
    finish, _finish = _finish, None
    if finish is None:
        raise Terminated
    finish()
