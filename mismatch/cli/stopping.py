"""SIGTERM and SIGHUP: what is half-written is removed, or what was read is finished first, whichever a command asks for."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from mismatch.judging.tally import Tally
    from mismatch.records.reading import Reader

TERMINATED = 128 + 15
"""exit code, as the shell has it for a command that SIGTERM ended: not 0, for the end of the input was not reached"""
TWICE = 1.0
"""seconds within which a second signal is the same one again: `timeout` sends it to the process, and to its group"""
_first = -TWICE
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
def finishing(reader: Reader) -> Iterator[None]:
    """Inside, the first signal stops the streams that are read, so that what has come of them is finished; a second does not
    wait. Where only files are read, the end of the input can be had by reading them again, and nothing is finished."""
    global _finish
    _finish = reader.stop if reader.is_live else None
    try:
        yield
    finally:
        _finish = None


def end_if_stopped(reader: Reader, tally: Tally) -> None:
    """Ends the process where a signal has stopped a stream; what came of it is written."""
    if reader.stopped:
        from mismatch.report.console import say

        rows = "1 row" if tally.rows == 1 else f"{tally.rows:,} rows"
        say(f"terminated before the end of the stream; {rows} had come, are judged, and written whole")
        raise typer.Exit(TERMINATED)


def _on_signal(number: int, frame: Any) -> None:
    global _finish, _first
    before, _first = _first, time.monotonic()
    finish, _finish = _finish, None
    if finish is not None:
        finish()
    elif _first - before > TWICE:
        raise Terminated
