"""Single keys from a terminal, without waiting for the return key."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from mismatch.errors import InputError

UP, DOWN, PAGE_UP, PAGE_DOWN, HOME, END = "up", "down", "page up", "page down", "home", "end"
_SEQUENCES = {
    b"[A": UP, b"OA": UP, b"[B": DOWN, b"OB": DOWN, b"[5~": PAGE_UP, b"[6~": PAGE_DOWN,
    b"[H": HOME, b"OH": HOME, b"[1~": HOME, b"[F": END, b"OF": END, b"[4~": END,
}  # fmt: skip
_ESCAPE_SECONDS = 0.05
"""within which the rest of a sequence follows its first byte"""


class Keyboard:
    """Keys as they are pressed: a character in lower case, or one of the names above; an unknown sequence is none."""

    def __init__(self, number: int) -> None:
        self._number = number

    def key(self, seconds: float) -> str | None:
        """The next key, None where none was pressed in time.

        Raises
        ------
        EOFError
            The terminal is gone.
        """
        if not self._ready(seconds):
            return None
        first = self._byte()
        if first == b"\x1b":
            return self._sequence()
        n_more = 0 if first < b"\xc0" else 1 if first < b"\xe0" else 2 if first < b"\xf0" else 3
        for _ in range(n_more):
            first += self._byte() if self._ready(_ESCAPE_SECONDS) else b""
        return first.decode("utf-8", "replace").lower()

    def _sequence(self) -> str | None:
        found = b""
        while len(found) < 16 and self._ready(_ESCAPE_SECONDS):
            found += self._byte()
            if len(found) > 1 and 0x40 <= found[-1] <= 0x7E:
                break
        return _SEQUENCES.get(found)

    def _byte(self) -> bytes:
        try:
            byte = os.read(self._number, 1)
        except OSError:  # a pseudo-terminal whose other side was closed
            byte = b""
        if not byte:
            raise EOFError
        return byte

    def _ready(self, seconds: float) -> bool:
        return bool(select.select([self._number], [], [], seconds)[0])


def check_terminal() -> None:
    """Raises InputError where there is no terminal to show rows on and to take keys from."""
    where = [name for name, stream in (("input", sys.stdin), ("output", sys.stdout)) if not stream.isatty()]
    if sys.platform == "win32":
        raise InputError("a review in the terminal needs Unix; use mismatch serve --review FILE and a browser")
    if where or os.environ.get("TERM", "dumb") == "dumb":
        what = f"standard {' and '.join(where)} is none" if where else "this one cannot place text (TERM)"
        raise InputError(f"a review needs a terminal, and {what}; use mismatch serve --review FILE and a browser")


@contextmanager
def keyboard() -> Iterator[Keyboard]:
    """The keyboard of the terminal; afterwards it is as it was before."""
    import termios
    import tty

    number = sys.stdin.fileno()
    before = termios.tcgetattr(number)
    try:
        tty.setcbreak(number, termios.TCSADRAIN)  # what was typed ahead counts, as it does in a shell
        yield Keyboard(number)
    finally:
        termios.tcsetattr(number, termios.TCSADRAIN, before)
