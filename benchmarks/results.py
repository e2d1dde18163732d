"""What a benchmark hands back: tables, plots and settings, printed on the terminal, kept as JSON, written as Markdown."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import corpora

FOLDER = Path(__file__).parent / "measured"
Cell = str | int | float | None


@dataclass
class Table:
    """Rows of text; numbers are put into words by whoever measured them."""

    title: str
    columns: list[str]
    rows: list[list[str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, *cells: Cell) -> None:
        if len(cells) != len(self.columns):
            raise ValueError(f"{len(cells)} cells in a table of {len(self.columns)} columns")
        self.rows.append(["–" if cell is None else str(cell) for cell in cells])

    def markdown(self) -> str:
        lines = [f"### {self.title}", ""]
        lines += [_row(self.columns), _row(["---"] + ["---:"] * (len(self.columns) - 1))]
        lines += [_row(cells) for cells in self.rows]
        for note in self.notes:
            lines += ["", note]
        return "\n".join(lines)

    def print(self) -> None:
        from rich import box
        from rich.console import Console
        from rich.table import Table as Drawn
        from rich.text import Text

        drawn = Drawn(title=Text(self.title, "bold"), box=box.SIMPLE_HEAD, title_justify="left")
        for i, column in enumerate(self.columns):
            drawn.add_column(Text(column), justify="left" if not i else "right", no_wrap=not i)
        for cells in self.rows:
            drawn.add_row(*map(Text, cells))
        console = Console(highlight=False)
        if not console.is_terminal:
            console = Console(width=150, highlight=False)
        console.print(drawn)
        for note in self.notes:
            console.print(Text(note, "dim"))


@dataclass
class Plot:
    """Bars (one a label and series) or lines (points a series)."""

    name: str
    """of the file in docs/images, without ending"""
    title: str
    kind: str
    """bars or lines"""
    axis: str
    """what the values are; for lines "x against y" stands in `across`"""
    labels: list[str] = field(default_factory=list)
    series: dict[str, list[float | None]] = field(default_factory=dict)
    points: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    across: str = ""
    logarithmic: str = ""
    """axes with a logarithmic scale: "", "x", "y" or "xy", x the horizontal one"""
    percent: bool = False


@dataclass
class Result:
    """Everything one benchmark has measured."""

    name: str
    title: str
    settings: dict[str, Any]
    tables: list[Table] = field(default_factory=list)
    plots: list[Plot] = field(default_factory=list)
    machine: str = field(default_factory=corpora.machine)
    load_average: float = field(default_factory=lambda: round(os.getloadavg()[0], 1))
    """of the machine when the benchmark began; its own two processes not included"""

    def head(self) -> str:
        """The machine and the settings in one line each."""
        settings = ", ".join(f"{name} {value}" for name, value in self.settings.items() if value is not None)
        return f"{self.machine}; load average at the start {self.load_average}\n{settings}"

    def print(self) -> None:
        print(f"{self.title}\n{self.head()}\n", flush=True)
        for table in self.tables:
            table.print()

    def markdown(self) -> str:
        parts = [f"## {self.title}", f"`python -m benchmarks.{self.name}`  \n" + self.head().replace("\n", "  \n")]
        for table in self.tables:
            parts.append(table.markdown())
        for plot in self.plots:
            parts.append(f"![{plot.title}](images/{plot.name}.svg)")
        return "\n\n".join(parts)

    def save(self, folder: Path = FOLDER) -> Path:
        folder.mkdir(exist_ok=True)
        path = folder / f"{self.name}.json"
        path.write_text(json.dumps(asdict(self), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        return path


def load(name: str, folder: Path = FOLDER) -> Result:
    """A result that `Result.save` wrote."""
    values = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    values["tables"] = [Table(**table) for table in values["tables"]]
    values["plots"] = [Plot(**plot) for plot in values["plots"]]
    return Result(**values)


def share(value: float | None, digits: int = 1) -> str:
    """A share as a percentage."""
    return "–" if value is None or value != value else f"{100 * value:.{digits}f} %"


def met(good: bool) -> str:
    return "yes" if good else "no"


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
