"""The plots, as SVG."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from benchmarks.part import Spread

# Text stays text, and the same figures give the same file.
mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "echo-conformance"})

WIDTH_IN = 9.0
BAR_IN = 0.32
MARGIN_IN = 1.4


def bars(path: Path, costs: Mapping[str, Spread], title: str, unit: str) -> None:
    """One bar a server, the cheapest on top, with the least and the most of the rounds."""
    ordered = sorted(costs.items(), key=lambda item: -item[1].median)
    figure = Figure(figsize=(WIDTH_IN, MARGIN_IN + BAR_IN * len(ordered)), layout="constrained")
    axes = figure.add_subplot()
    medians = [cost.median for _, cost in ordered]
    below = [cost.median - cost.low for _, cost in ordered]
    above = [cost.high - cost.median for _, cost in ordered]
    axes.barh([name for name, _ in ordered], medians, xerr=[below, above], color="#4878a8", ecolor="#333333")
    axes.set_xlim(left=0)
    axes.set_xlabel(unit)
    axes.set_title(title)
    axes.spines[["top", "right"]].set_visible(False)
    _save(figure, path)


def lines(path: Path, by_name: Mapping[str, Mapping[int, Spread]], title: str, x_unit: str, y_unit: str) -> None:
    """One line a server over a count, with a band from the least to the most of the rounds."""
    figure = Figure(figsize=(WIDTH_IN, 5.5), layout="constrained")
    axes = figure.add_subplot()
    for number, (name, levels) in enumerate(by_name.items()):
        color = f"C{number}"
        axes.plot(list(levels), [each.median for each in levels.values()], "o-", label=name, color=color, markersize=4)
        low, high = ([getattr(each, end) for each in levels.values()] for end in ("low", "high"))
        axes.fill_between(list(levels), low, high, color=color, alpha=0.12)
    axes.set_ylim(bottom=0)
    axes.set_xlabel(x_unit)
    axes.set_ylabel(y_unit)
    axes.set_title(title)
    axes.legend(fontsize="small", frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    _save(figure, path)


def _save(figure: Figure, path: Path) -> None:
    figure.savefig(path, metadata={"Date": None})
