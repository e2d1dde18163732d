"""`mismatch serve`: hands its arguments to the service, which has options of its own."""

from __future__ import annotations

import typer


def serve(context: typer.Context) -> None:
    """HTTP service and web page: POST /score, POST /explain, a page at /, the manual at /docs."""
    from mismatch.serve.command import app as service

    service(context.args, prog_name="mismatch serve", standalone_mode=False)
