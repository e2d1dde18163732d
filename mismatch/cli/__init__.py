"""The command line: parses, calls, prints. Here the commands are put together; each lives in the module it is imported from.

Importing this package imports nothing heavy, so that `--help` answers at once: what a command needs, it imports itself.
"""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from mismatch.cli import first_start
from mismatch.cli.compiling import compile_
from mismatch.cli.empty_values import Command
from mismatch.cli.exit_codes import Commands, run
from mismatch.cli.judging import evaluate, explain
from mismatch.cli.models import info
from mismatch.cli.repairing import repair
from mismatch.cli.repeating import repeats
from mismatch.cli.reviewing import review
from mismatch.cli.scoring import gate, score
from mismatch.cli.serving import serve
from mismatch.cli.source_ranking import sources
from mismatch.cli.training import calibrate, train

__all__ = ["app", "main"]

app = typer.Typer(
    name="mismatch",
    cls=Commands,
    help="Catches articles whose headline belongs to another story.",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def _top(
    context: typer.Context, version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False
) -> None:
    if version:
        from mismatch import __version__

        typer.echo(__version__)
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(2)


for _command in (train, score, gate, explain, evaluate, calibrate, repair, repeats, sources, review):
    app.command(cls=Command)(_command)
app.command(add_help_option=False, context_settings={"ignore_unknown_options": True, "allow_extra_args": True})(serve)
app.command()(info)
app.command("compile")(compile_)


def main() -> None:
    """Runs the command line; every expected error is one line on standard error and an exit code."""
    first_start.watch()
    # what a large page took is given back at once; the small arrays of a service come faster from Arrow's own pool
    if sys.argv[1:2] != ["serve"]:
        os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    run(app, "mismatch")
