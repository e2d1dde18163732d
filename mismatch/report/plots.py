"""The plots of a report, as SVG that takes its colours from the page.

Matplotlib gets stand-in colours, and the finished SVG the page's variables in their place, so that one picture serves a
light page, a dark one and paper. No text from outside goes into a plot.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mismatch.evaluation.measures import FALSE_FLAG_RATES, Bin, Curve, proportion_interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK, FAINT, FIRST, SECOND = "#010203", "#020304", "#030405", "#040506"
_VARIABLES = {INK: "var(--ink)", FAINT: "var(--line)", FIRST: "var(--first)", SECOND: "var(--second)"}
SIZE = (5.2, 3.7)
_STYLE: dict[str, Any] = {
    "svg.fonttype": "none", "font.size": 10, "axes.edgecolor": INK, "axes.labelcolor": INK, "text.color": INK,
    "xtick.color": INK, "ytick.color": INK, "axes.grid": True, "grid.color": FAINT, "grid.linewidth": 0.7,
    "axes.spines.top": False, "axes.spines.right": False, "legend.frameon": False, "axes.axisbelow": True,
}  # fmt: skip
_OWN_NUMBERS = re.compile(r' id="[A-Za-z0-9_.]+_\d+"')
_FONTS = re.compile(r"font: ?([0-9.]+)px[^;\"]*")


def recall_curve(curves: Sequence[tuple[str, Curve]], own: Sequence[tuple[float, float]], n_matched: int) -> str:
    """Recall against the false-flag rate on a log axis, with each model's own cut; names must be our own words."""
    floor = min(5e-4, max(1e-5, 0.5 / n_matched))

    def draw(axes: Axes) -> None:
        for rate in FALSE_FLAG_RATES:
            axes.axvline(rate, color=FAINT, linewidth=1.2)
        for (name, of), point, colour, dash in zip(curves, own, (FIRST, SECOND), ("-", "--"), strict=False):
            x = np.maximum(of.false_flags, floor)
            axes.step(x, of.recall, where="post", color=colour, linestyle=dash, linewidth=2, label=name)
            cut = f"{name}: its cut" if len(curves) > 1 else "the model's cut"
            axes.plot(max(point[0], floor), point[1], "o", color=colour, markersize=7, label=cut)
        axes.set_xscale("log")
        axes.set_xlim(floor, 1)
        axes.set_ylim(0, 1.02)
        ticks = [t for t in (1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0) if t >= floor]
        axes.set_xticks(ticks, [f"{100 * t:g} %" for t in ticks])
        axes.minorticks_off()
        _percent_axis(axes, "y")
        axes.set_xlabel("matched pairs flagged")
        axes.set_ylabel("mismatches found")
        axes.legend(loc="lower right")

    return svg("recall", "Mismatches found against matched pairs flagged, logarithmic", draw)


def reliability_diagram(bins: Sequence[tuple[str, Sequence[Bin]]]) -> str:
    """Observed share of mismatches against the predicted probability, at even odds; larger dots stand for more pairs.

    The bars are 95 % intervals of the observed share, for as many pairs as the bin has.
    """

    def draw(axes: Axes) -> None:
        axes.plot([0, 1], [0, 1], color=INK, linewidth=1, linestyle=":")
        for (name, some), colour, mark in zip(bins, (FIRST, SECOND), ("o", "s"), strict=False):
            x, y = [b.predicted for b in some], [b.observed for b in some]
            sizes = [12 + 300 * b.weight for b in some]
            low, high = proportion_interval([b.observed * b.pairs for b in some], [b.pairs for b in some])
            axes.vlines(x, low, high, color=colour, alpha=0.45, linewidth=1.4)
            axes.plot(x, y, color=colour, linewidth=1.2)
            axes.scatter(x, y, s=sizes, color=colour, marker=mark, alpha=0.75, linewidth=0, label=name)
        axes.set_xlim(-0.03, 1.03)
        axes.set_ylim(-0.03, 1.03)
        _percent_axis(axes, "both")
        axes.set_xlabel("predicted probability of a mismatch")
        axes.set_ylabel("share that are mismatches")
        if len(bins) > 1:
            axes.legend(loc="lower right", markerscale=0.6)

    return svg("reliability", "Reliability diagram: predicted probability against observed share", draw)


def score_distributions(log_odds: NDArray[np.float64], labels: NDArray[np.int64], cut: float, unsure_cut: float) -> str:
    """Histograms of the scores of matched pairs and mismatches, with the cut and the band of abstention."""

    def draw(axes: Axes) -> None:
        low, high = np.quantile(log_odds, [0.001, 0.999])
        low, high = min(float(low), unsure_cut) - 0.5, max(float(high), cut) + 0.5
        edges = np.linspace(low, high, 50)
        for label, name, colour in ((0, "matched", FIRST), (1, "mismatched", SECOND)):
            values = np.clip(log_odds[labels == label], low, high)
            axes.hist(
                values, edges.tolist(), weights=np.full(len(values), 1 / len(values)), color=colour, alpha=0.55, label=name
            )
        if unsure_cut < cut:
            axes.axvspan(unsure_cut, cut, color=FAINT, alpha=0.5, linewidth=0, label="unsure")
        axes.axvline(cut, color=INK, linewidth=1.4, linestyle="--", label="cut")
        _percent_axis(axes, "y")
        axes.set_xlabel("score (log-odds of a mismatch)")
        axes.set_ylabel("share of its class")
        axes.legend(loc="upper center", ncols=2)
        axes.set_ylim(top=1.28 * axes.get_ylim()[1])

    return svg("scores", "Distribution of the scores of matched pairs and of mismatches", draw)


def precision_by_prevalence(own: Sequence[tuple[str, float, float]], prior: float) -> str:
    """Precision of each model's own cut (name, false-flag rate, recall) against the share of mismatches in the stream."""

    def draw(axes: Axes) -> None:
        share = np.geomspace(1e-4, 0.5, 200)
        for (name, false_flags, recall), colour, dash in zip(own, (FIRST, SECOND), ("-", "--"), strict=False):
            flagged = share * recall + (1 - share) * false_flags
            right = np.divide(share * recall, flagged, where=flagged > 0, out=np.full(200, np.nan))
            axes.plot(share, right, color=colour, linestyle=dash, linewidth=2, label=name)
        axes.axvline(prior, color=INK, linewidth=1, linestyle=":", label=f"expected: {100 * prior:g} %")
        axes.set_xscale("log")
        axes.set_ylim(0, 1.02)
        ticks = [1e-4, 1e-3, 1e-2, 0.1, 0.5]
        axes.set_xticks(ticks, [f"{100 * t:g} %" for t in ticks])
        axes.minorticks_off()
        _percent_axis(axes, "y")
        axes.set_xlabel("mismatches in the stream")
        axes.set_ylabel("flags that are right")
        axes.legend(loc="lower right")

    return svg("precision", "Precision against the share of mismatches in the stream", draw)


def _percent_axis(axes: Axes, which: str) -> None:
    from matplotlib.ticker import FuncFormatter

    words = FuncFormatter(lambda value, _: f"{100 * value:.4g} %")
    if which in ("x", "both"):
        axes.xaxis.set_major_formatter(words)
    axes.yaxis.set_major_formatter(words)


def svg(name: str, description: str, draw: Callable[[Axes], None], size: tuple[float, float] = SIZE) -> str:
    """The picture as an inline SVG element; the same input gives the same bytes.

    Parameters
    ----------
    name : tells the picture from others of the page. description : read out in place of it; our own words. size : in inches.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    style: Any = {**_STYLE, "svg.hashsalt": name}
    with rc_context(style):
        figure = Figure(figsize=size, layout="constrained")
        figure.patch.set_visible(False)
        axes = figure.add_subplot()
        axes.patch.set_visible(False)
        draw(axes)
        out = io.StringIO()
        FigureCanvasSVG(figure).print_svg(out, metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    picture = out.getvalue()
    head, rest = picture[picture.index("<svg") :].split(">", 1)
    box = re.search(r'viewBox="[^"]*"', head)
    picture = f'<svg {box.group() if box else ""} role="img" aria-label="{description}" xmlns:xlink="http://www.w3.org/1999/xlink">{rest}'
    for stand_in, variable in _VARIABLES.items():
        picture = picture.replace(stand_in, variable)
    picture = _FONTS.sub(r"font: \1px system-ui, sans-serif", picture)
    return _OWN_NUMBERS.sub("", re.sub(r"<metadata>.*?</metadata>\s*", "", picture, flags=re.DOTALL))
