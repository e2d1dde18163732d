"""The command in a real pseudo-terminal, and what stands on its screen, as a terminal emulator has it."""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import struct
import termios
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import pyte
from warm import start

ROOT = Path(__file__).parent.parent.parent


class Terminal:
    """`mismatch` with these arguments in a terminal of this size. A context manager."""

    def __init__(
        self, *arguments: Any, columns: int = 80, lines: int = 24, env: dict[str, str] | None = None, folder: Path = ROOT
    ) -> None:
        self._screen, self._lock = pyte.Screen(columns, lines), threading.Lock()
        self._stream = pyte.ByteStream(self._screen)
        self.raw = b""
        self._ours, theirs = pty.openpty()
        _resize(theirs, columns, lines)
        python_path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
        names = {"TERM": "xterm-256color", "PYTHONPATH": python_path, **(env or {})}
        kept = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "NO_COLOR")}
        streams, environment = (theirs, theirs, theirs), {**kept, **names}
        self.process = start(list(map(str, arguments)), streams, folder=folder, environment=environment, terminal=True)
        os.close(theirs)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)
        self._reader.join(10)
        os.close(self._ours)

    @property
    def lines(self) -> list[str]:
        """What stands on the screen."""
        with self._lock:
            return [line.rstrip() for line in self._screen.display]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def marked(self) -> str:
        """The characters on the screen that are underlined, in order."""
        with self._lock:
            rows, columns = range(self._screen.lines), range(self._screen.columns)
            cells = [self._screen.buffer[y][x] for y in rows for x in columns]
        return "".join(cell.data if cell.underscore else " " for cell in cells)

    def stacked(self) -> list[int]:
        """How many characters stand in each place of the screen."""
        with self._lock:
            places = [(y, x) for y in range(self._screen.lines) for x in range(self._screen.columns)]
            return [len(self._screen.buffer[y][x].data) for y, x in places]

    def press(self, keys: str | bytes) -> None:
        os.write(self._ours, keys.encode() if isinstance(keys, str) else keys)

    def shows(self, words: str, seconds: float = 60) -> None:
        """Waits until these words stand on the screen, whatever lines they are in."""
        end = time.monotonic() + seconds
        while " ".join(words.split()) not in " ".join(self.text.split()):
            assert time.monotonic() < end, f"{words!r} is not on the screen:\n{self.text}"
            time.sleep(0.02)

    def settles(self) -> None:
        """Waits until nothing more is written."""
        before = -1
        while before != len(self.raw):
            before = len(self.raw)
            time.sleep(0.15)

    def resize(self, columns: int, lines: int) -> None:
        with self._lock:
            self._screen.resize(lines, columns)
            self._screen.reset()
        _resize(self._ours, columns, lines)

    def kill(self) -> None:
        """As a crash would end it."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def ended(self, seconds: float = 20) -> int:
        """The exit code."""
        code = self.process.wait(seconds)
        self._reader.join(10)
        return code

    def _read(self) -> None:
        with suppress(OSError):  # the other side is closed
            while data := os.read(self._ours, 1 << 16):
                with self._lock:
                    self.raw += data
                    self._stream.feed(data)


def _resize(number: int, columns: int, lines: int) -> None:
    fcntl.ioctl(number, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
