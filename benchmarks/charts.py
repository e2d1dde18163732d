"""The plots of the benchmarks as SVG files; the same figures give the same bytes."""

from __future__ import annotations

import io
import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.results import Plot

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = ("#1f5fa8", "#c8661f", "#4a8c5c", "#8a5a9e", "#7a7a7a", "#b03a48", "#2a9d9d")
_STYLE: dict[str, Any] = {
    "svg.fonttype": "none", "font.size": 10, "font.family": "sans-serif", "axes.grid": True, "grid.color": "#dddddd",
    "axes.spines.top": False, "axes.spines.right": False, "legend.frameon": False, "axes.axisbelow": True,
}  # fmt: skip


def draw(plot: Plot, folder: Path) -> Path:
    """Writes `plot` to folder/NAME.svg."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    style: Any = {**_STYLE, "svg.hashsalt": plot.name}
    with rc_context(style):
        height = 1.6 + 0.24 * len(plot.labels) * max(1, len(plot.series)) ** 0.6 if plot.kind == "bars" else 4.2
        figure = Figure(figsize=(7.2, height), layout="constrained", facecolor="white")
        axes = figure.add_subplot()
        (_bars if plot.kind == "bars" else _lines)(axes, plot)
        axes.set_title(plot.title, loc="left", fontsize=11)
        out = io.StringIO()
        FigureCanvasSVG(figure).print_svg(out, metadata={"Date": None, "Creator": None})
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{plot.name}.svg"
    path.write_text(re.sub(r"[ \t]+\n", "\n", out.getvalue()), encoding="utf-8")
    return path


def _bars(axes: Axes, plot: Plot) -> None:
    thickness = 0.8 / max(1, len(plot.series))
    for k, (name, values) in enumerate(plot.series.items()):
        known = [(i, v) for i, v in enumerate(values) if v is not None]
        places = [i + (k + 0.5) * thickness - 0.4 for i, _ in known]
        lengths = [v for _, v in known]
        axes.barh(places, lengths, thickness * 0.92, label=name, color=COLOURS[k % len(COLOURS)])
        if len(plot.series) == 1:
            for place, length in zip(places, lengths, strict=True):
                axes.annotate(
                    _words(length, plot.percent),
                    (length, place),
                    (3, 0),
                    textcoords="offset points",
                    va="center",
                    fontsize=8,
                )
    axes.set_yticks(range(len(plot.labels)), plot.labels)
    axes.set_ylim(len(plot.labels) - 0.5, -0.5)
    axes.grid(visible=False, axis="y")
    axes.set_xlabel(plot.axis)
    if plot.logarithmic:
        axes.set_xscale("log")
        least = min(v for values in plot.series.values() for v in values if v)
        axes.set_xlim(left=10 ** math.floor(math.log10(least)))
        axes.minorticks_off()
    _formats(axes, plot, "x")
    if len(plot.series) > 1:
        axes.legend(loc="upper left", bbox_to_anchor=(1, 1), fontsize=9)


def _lines(axes: Axes, plot: Plot) -> None:
    for k, (name, points) in enumerate(plot.points.items()):
        x, y = [p[0] for p in points], [p[1] for p in points]
        axes.plot(x, y, "o-", color=COLOURS[k % len(COLOURS)], markersize=4, linewidth=1.6, label=name)
    if "x" in plot.logarithmic:
        axes.set_xscale("log")
        places = sorted({p[0] for points in plot.points.values() for p in points})
        if len(places) <= 8:
            axes.set_xticks(places, [f"{p:,.0f}" for p in places])
            axes.minorticks_off()
    if "y" in plot.logarithmic:
        axes.set_yscale("log")
    else:
        axes.set_ylim(bottom=0, top=1.02 if plot.percent else None)
    axes.set_xlabel(plot.across)
    axes.set_ylabel(plot.axis)
    _formats(axes, plot, "y")
    if len(plot.points) > 1:
        axes.legend(fontsize=9)


def _formats(axes: Axes, plot: Plot, which: str) -> None:
    from matplotlib.ticker import FuncFormatter

    formatter = FuncFormatter(lambda value, _: _words(value, plot.percent))
    (axes.xaxis if which == "x" else axes.yaxis).set_major_formatter(formatter)


def _words(value: float, percent: bool) -> str:
    if percent:
        return f"{100 * value:.3g} %"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
