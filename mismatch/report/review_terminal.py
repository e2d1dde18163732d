"""A review in a terminal: draws the row that is looked at, takes a key, and goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mismatch.batch.review.labels_file import LABELS
from mismatch.batch.review.session import Session
from mismatch.report.keyboard import DOWN, END, HOME, PAGE_DOWN, PAGE_UP, UP, Keyboard, keyboard
from mismatch.report.review_screen import WIDEST, key_lines, row_lines, status_line
from mismatch.report.review_texts import Shown

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from mismatch.batch.review.flagged import FlaggedRow

_WRAP_OFF, _WRAP_ON = "\x1b[?7l", "\x1b[?7h"
"""what is too long then ends at the edge"""
_LOOK_SECONDS = 0.25
"""between two looks at the size of the terminal"""
_MOVES = {UP: -1, DOWN: 1, "k": -1, "j": 1}
_PAGES = {PAGE_UP: -1, "b": -1, PAGE_DOWN: 1, " ": 1}
_LABELS = {"r": LABELS[0], "w": LABELS[1]}


class ReviewTerminal:
    """Shows the rows of a session until there are no more and the reviewer quits.

    Parameters
    ----------
    shown_of
        What is shown of a row.
    """

    def __init__(self, session: Session, shown_of: Callable[[FlaggedRow], Shown], console: Console) -> None:
        self._session, self._shown_of, self._console = session, shown_of, console
        self._first, self._room = 0, 1
        self._words = ""
        self._content: list[Text] = []

    def run(self) -> None:
        """Until the reviewer quits, or the terminal is gone."""
        with keyboard() as keys, _screen(self._console):
            try:
                while self._turn(keys):
                    pass
            except EOFError:
                return

    def _turn(self, keys: Keyboard) -> bool:
        """Shows one row until it is left; whether the review goes on."""
        row, self._first = self._session.row, 0
        shown = None if row is None else self._shown_of(row)
        size = None
        while True:
            if size != self._console.size:
                size = self._console.size
                self._content = self._end(size.width) if shown is None else row_lines(shown, min(size.width, WIDEST))
                self._draw(size.width, size.height)
            key = keys.key(_LOOK_SECONDS)
            if key is None:
                continue
            if key == "q":
                return False
            if self._did(key):
                return True
            self._scroll(key)
            self._draw(size.width, size.height)

    def _did(self, key: str) -> bool:
        """Whether the key has led to another row."""
        session, self._words = self._session, ""
        if key == "u":
            if session.undo():
                self._words = "undone"
                return True
            self._words = "nothing to undo"
        elif session.row is not None and key in _LABELS:
            session.decide(_LABELS[key])
            self._words = "kept: right" if key == "r" else "kept: wrong"
            return True
        elif session.row is not None and key == "s":
            session.skip()
            self._words = "skipped"
            return True
        return False

    def _scroll(self, key: str) -> None:
        last = max(0, len(self._content) - self._room)
        self._first += _MOVES.get(key, 0) + _PAGES.get(key, 0) * max(1, self._room - 1)
        self._first = 0 if key == HOME else last if key == END else min(max(0, self._first), last)

    def _draw(self, width: int, height: int) -> None:
        from rich.text import Text

        session = self._session
        number = min(session.total, session.decided + session.skipped + 1)
        words = status_line(number, session.total, session.decided, session.skipped)
        lines = [Text(f"{words} · {self._words}" if self._words else words, "dim")]
        at_end = session.row is None
        keys = key_lines(width, can_scroll=len(self._content) > height - 2, at_end=at_end)
        self._room = max(1, height - len(lines) - len(keys))
        self._first = min(self._first, max(0, len(self._content) - self._room))
        part = self._content[self._first : self._first + self._room]
        lines += [*part, *(Text("") for _ in range(self._room - len(part))), *keys]
        self._write(lines[:height])

    def _write(self, lines: list[Text]) -> None:
        """Each line at its place, emptied before: what the terminal takes for wider than it was counted moves no other."""
        with self._console.capture() as drawn:
            for line in lines:
                self._console.print(line, overflow="crop", no_wrap=True, crop=True)
        texts = drawn.get().split("\n")[: len(lines)]
        self._console.file.write("".join(f"\x1b[{y};1H\x1b[2K{text}" for y, text in enumerate(texts, 1)))
        self._console.file.flush()

    def _end(self, width: int) -> list[Text]:
        from rich.text import Text

        session = self._session
        words = f"All {session.total:,} rows are decided."
        if session.skipped:
            words = f"No more rows. What was skipped ({session.skipped:,}) comes again with the next review."
        return list(Text(words, "bold").wrap(self._console, width))


@contextmanager
def _screen(console: Console) -> Iterator[None]:
    with console.screen(hide_cursor=True):
        console.file.write(_WRAP_OFF)
        try:
            yield
        finally:
            console.file.write(_WRAP_ON)
            console.file.flush()
