"""Ends processes that take too long by the clock: one thread for all of them, and none while there is nothing to watch."""

from __future__ import annotations

import subprocess
import threading
import time

_EVERY = 0.2
"""seconds"""


class Watch:
    """Processes and the times at which they are ended. Safe to use from several threads."""

    def __init__(self) -> None:
        self._ends: dict[subprocess.Popen[bytes], float] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def begin(self, process: subprocess.Popen[bytes], seconds: float) -> None:
        """Gives a process so much time from now on."""
        with self._lock:
            self._ends[process] = time.monotonic() + seconds
            if self._thread is None:
                self._thread = threading.Thread(target=self._look, name="watch over pages", daemon=True)
                self._thread.start()

    def end(self, process: subprocess.Popen[bytes]) -> bool:
        """Takes that back; whether it came too late."""
        with self._lock:
            return self._ends.pop(process, None) is None

    def _look(self) -> None:
        while True:
            time.sleep(_EVERY)
            with self._lock:
                now = time.monotonic()
                for process in [process for process, end in self._ends.items() if end <= now]:
                    process.kill()
                    del self._ends[process]
                if not self._ends:
                    self._thread = None
                    return
