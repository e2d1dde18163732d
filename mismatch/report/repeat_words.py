"""What repeats in a batch, on a terminal: how many rows, and the largest clusters with examples."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mismatch.batch.repeats import KINDS, REPEATED_BODY
from mismatch.batch.told_apart import MAX_LEADERS
from mismatch.records.output.outside_text import safe
from mismatch.report.console import console

if TYPE_CHECKING:
    from mismatch.batch.repeats import Cluster, Repeats
    from mismatch.batch.trace_store import Shown

_SHOWN_CLUSTERS = 10
_SHOWN_EXAMPLES = 3


def print_repeats(repeats: Repeats, *, to_stderr: bool) -> None:
    """One line a kind, then the largest clusters of each with some of their rows."""
    from rich.markup import escape

    out = console(to_stderr=to_stderr)
    for kind in KINDS:
        clusters = repeats.of_kind(kind)
        out.print(f"[bold]{_heading(kind, clusters, repeats)}[/bold]", soft_wrap=True)
        for cluster in clusters[:_SHOWN_CLUSTERS]:
            out.print(f"  {_size(cluster)}")
            for example in cluster.examples[:_SHOWN_EXAMPLES]:
                where = escape(_place(example, len(repeats.origins) > 1))
                out.print(f"      {where}  {escape(safe(example.title, 70))}", soft_wrap=True)
        if len(clusters) > _SHOWN_CLUSTERS:
            out.print(f"  … and {len(clusters) - _SHOWN_CLUSTERS:,} more (--clusters FILE has all)")


def _heading(kind: str, clusters: list[Cluster], repeats: Repeats) -> str:
    what = "body stands under different titles" if kind == REPEATED_BODY else "title stands over different bodies"
    if not clusters:
        return f"No {what} in {repeats.n_rows:,} rows."
    many = "1 " if len(clusters) == 1 else f"{len(clusters):,} times one "
    return f"{many}{what} ({kind}): {repeats.count(kind):,} of {repeats.n_rows:,} rows."


def _size(cluster: Cluster) -> str:
    what = "titles" if cluster.kind == REPEATED_BODY else "bodies"
    least = "at least " if cluster.different == MAX_LEADERS else ""
    return f"{len(cluster.rows):,} rows, {least}{cluster.different} different {what}"


def _place(example: Shown, several_files: bool) -> str:
    where = f"{safe(example.origin, 60)}:{example.row_in_file}" if several_files else f"row {example.row:,}"
    return where if example.id is None else f"{where}  {safe(example.id, 40)}"
