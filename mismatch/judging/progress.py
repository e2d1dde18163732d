"""A progress bar for whoever asks for one in Python; on standard error, in a terminal or a notebook."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def counting(words: str, total: int, *, shown: bool) -> Iterator[Callable[[int], None]]:
    """A bar that is moved on by so many rows at each call; without `shown` nothing is written."""
    if not shown:
        yield lambda rows: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(file=sys.stderr)) as bars:
        task = bars.add_task(words, total=total)
        yield lambda rows: bars.advance(task, rows)


@contextmanager
def steps(first: str, *, shown: bool) -> Iterator[Callable[[str], None]]:
    """Says which step has begun, and how long each took; without `shown` nothing is written."""
    if not shown:
        yield lambda words: None
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    with Progress(
        SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), console=Console(file=sys.stderr)
    ) as bars:
        now = [bars.add_task(first, total=1)]

        def tell(words: str) -> None:
            bars.update(now[0], completed=1)
            now[0] = bars.add_task(words, total=1)

        yield tell
        bars.update(now[0], completed=1)
