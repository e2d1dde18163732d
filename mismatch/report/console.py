"""Words for a terminal: lines, a progress bar, a spinner."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Protocol

from mismatch.records.output.outside_text import safe

if TYPE_CHECKING:
    from rich.console import Console

    from mismatch.judging.tally import Tally


def say(words: str, *, quiet: bool = False) -> None:
    """A line of words on standard error; names of files and columns in it are made harmless."""
    if not quiet:
        with suppress(BrokenPipeError):  # nobody listens any more, which is no reason to stop, or not to
            sys.stderr.write(f"{safe(words, 2000)}\n")
            sys.stderr.flush()


def console(*, to_stderr: bool) -> Console:
    """A rich console; not on a terminal it is wide enough for tables and has no colours."""
    from rich.console import Console

    class Whole(Console):
        """rich would end the process with 1 once nobody reads on, which is the exit code of a gate that has failed."""

        def on_broken_pipe(self) -> None:
            if not to_stderr:
                raise BrokenPipeError
            self.quiet = True

    stream = sys.stderr if to_stderr else sys.stdout
    return Whole(file=stream, width=None if stream.isatty() else 110, highlight=False, soft_wrap=False)


class Progress(Protocol):
    def __call__(self, tally: Tally, bytes_read: int) -> None: ...


@contextmanager
def progress(total_bytes: int | None, *, quiet: bool) -> Iterator[Progress | None]:
    """A progress bar with rows a second and what is flagged so far, if standard error is a terminal."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    import time

    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    begin = time.monotonic()
    with Bars(
        TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn(),
        console=console(to_stderr=True), transient=True,
    ) as bars:  # fmt: skip
        task = bars.add_task("scoring", total=total_bytes)

        def update(tally: Tally, bytes_read: int) -> None:
            speed = tally.rows / max(1e-6, time.monotonic() - begin)
            words = f"{tally.rows:,} rows, {speed:,.0f} a second, {tally.flagged:,} flagged"
            bars.update(task, completed=bytes_read, description=words)

        yield update


@contextmanager
def spinner(*, quiet: bool) -> Iterator[_Teller]:
    """Tells what is being done, on standard error, if that is a terminal."""
    if quiet or not sys.stderr.isatty():
        yield lambda words: None
        return
    with console(to_stderr=True).status("reading") as status:
        yield lambda words: status.update(words)


class _Teller(Protocol):
    def __call__(self, words: str) -> None: ...


def summary(tally: Tally, *, paragraphs: bool = False) -> str:
    """One line that sums up a stream."""
    v = tally.verdicts
    words = (
        f"{tally.rows:,} rows: {v['match']:,} match, {v['mismatch']:,} mismatch ({tally.flagged_share:.2%}), "
        f"{v['unsure']:,} unsure, {v['unscorable']:,} unscorable"
    )
    if paragraphs:
        words += f"; {tally.reasons['foreign_paragraph']:,} with a foreign paragraph"
    return words + (f"; {tally.rejected:,} rejected" if tally.rejected else "")
