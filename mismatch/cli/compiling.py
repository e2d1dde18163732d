"""`mismatch compile`: everything that a first start would compile, now."""

from __future__ import annotations

import sys

import typer

from mismatch.cli.first_start import cores, start_exercises
from mismatch.cli.options import Quiet
from mismatch.errors import InputError


def compile_(quiet: Quiet = False) -> None:
    """Compiles for this machine now, on all cores, so that no later start has to: for images, clusters and CI.

    Example: mismatch compile
    """
    from time import monotonic

    from mismatch.cli.exercises import EXERCISES
    from mismatch.compiling.stored import can_be_kept, folders
    from mismatch.compiling.watching import watchers
    from mismatch.report.console import say

    watchers.clear()
    if not can_be_kept():
        places = " or ".join(str(folder) for folder in folders())
        raise InputError(
            f"compiled code cannot be kept: {places} cannot be written to; set NUMBA_CACHE_DIR to a folder that can"
        )
    say("compiling for this machine", quiet=quiet)
    begin, names = monotonic(), tuple(EXERCISES)
    most = min(cores(), len(names))
    # each process does everything, beginning elsewhere: what another has done or is doing is loaded, not done again
    starts = [k * len(names) // most for k in range(most)]
    helpers = [start_exercises(names[start:] + names[:start]) for start in starts]
    codes = [helper.wait() for helper in helpers]
    if any(codes):
        sys.stderr.write("mismatch: not everything could be compiled; what is missing is compiled when it is needed\n")
        raise typer.Exit(1)
    say(f"done in {monotonic() - begin:.0f} s", quiet=quiet)
