"""The figure page: small multiples of the model's lines with the published points."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from sendcycle.outputs import observables
from sendcycle.outputs.results import Result, manifest_id
from sendcycle_experiments.figures.panels import PANELS, Line, Panel
from sendcycle_experiments.figures.style import COLOURS, LAST_POINT, position, save_figure, style_axes

MARKERS = ("o", "s", "^", "D")
PAGE_NAMES = ("overview.pdf", "overview.png")
FOOTNOTE = (
    "Points: published statistics for England, up to January 2025 (DfE: SEN2 returns, school census, allocations; "
    "MoJ: tribunal statistics; spending is derived from allocations and deficits); sources in docs/data.md.\n"
    "Lines: one run of the model; flows by year, placed in its middle, stocks by month. What follows the last point is "
    "what the model’s assumptions imply under this scenario. It is not a forecast."
)


def published_points(result: Result, name: str) -> tuple["np.ndarray[Any, Any]", "np.ndarray[Any, Any]"]:
    """Return the times and values of the published counterpart of an observable; empty if it has none."""
    table = result.beside_published()
    table = table[table["observable"] == name]
    x = position(observables.declared().observables[name], table["year"])
    shown = x <= min(LAST_POINT, _end(result)) + 1e-6
    return x[shown], table["published"].to_numpy(dtype=float)[shown]


def model_line(result: Result, line: Line) -> tuple["np.ndarray[Any, Any]", "np.ndarray[Any, Any]"]:
    """Return the times and values of the model's line, in the observable's own unit."""
    if line.yearly:
        years = result.yearly()[line.observable].dropna()
        return position(observables.declared().observables[line.observable], years.index), years.to_numpy(dtype=float)
    return _month_ends(result), result.national[line.observable].to_numpy(dtype=float)


def _month_ends(result: Result) -> "np.ndarray[Any, Any]":
    months = pd.DatetimeIndex(result.national.index)
    return np.asarray(months.year + months.month / 12)


def _end(result: Result) -> float:
    return float(_month_ends(result)[-1])


def baseline_page(result: Result) -> Figure:
    """Return the page: one panel a subject, lines from the model, points from the published statistics."""
    figure = Figure(figsize=(16.5, 11.7))
    axes = figure.subplots(3, 4)
    figure.subplots_adjust(left=0.045, right=0.985, top=0.855, bottom=0.1, wspace=0.2, hspace=0.3)
    for ax, panel in zip(axes.flat, PANELS, strict=True):
        _draw(ax, result, panel)
    last = pd.Timestamp(result.national.index[-1])
    figure.suptitle(
        f"England’s special-needs system, September 2014 to {last:%B %Y}: the model beside the published statistics",
        x=0.045, y=0.98, ha="left", fontsize=17, fontweight="bold",
    )  # fmt: skip
    figure.text(0.045, 0.934, _provenance(result.manifest), fontsize=11, color="0.25")
    figure.text(0.045, 0.022, FOOTNOTE, fontsize=9.5, color="0.25", linespacing=1.5)
    keys: list[Line2D | Patch] = [
        Line2D([], [], color="0.2", linewidth=2, label="model"),
        Line2D([], [], color="0.2", marker="o", linestyle="none", label="published"),
    ]
    if _end(result) > LAST_POINT:
        keys.append(Patch(color="0.94", label="after the last published point"))
    figure.legend(
        handles=keys, loc="upper right", bbox_to_anchor=(0.991, 0.925), ncols=len(keys), frameon=False, fontsize=11
    )
    return figure


def _draw(ax: Axes, result: Result, panel: Panel) -> None:
    keys: list[Line2D] = []
    for line, colour, marker in zip(panel.lines, COLOURS, MARKERS, strict=False):
        x, values = model_line(result, line)
        base = values[0] if panel.as_index and len(values) else 1.0
        ax.plot(x, values * line.factor / base, color=colour, linewidth=1.8)
        x, values = (np.empty(0), np.empty(0)) if panel.as_index else published_points(result, line.observable)
        point: dict[str, Any] = {
            "marker": marker if len(x) else "",
            "markersize": 5.5,
            "markeredgecolor": "white",
            "color": colour,
        }
        ax.plot(x, values * line.factor, linestyle="none", markeredgewidth=0.5, **point)
        keys.append(Line2D([], [], linewidth=1.8, label=line.label, markeredgewidth=0.5, **point))
    ax.set_title(panel.title, loc="left", fontsize=12, fontweight="bold")
    ax.set_ylabel(panel.unit, fontsize=10)
    _frame(ax, result, panel)
    if len(panel.lines) > 1:
        ax.legend(handles=keys, loc="best", fontsize=8.5, framealpha=0.8, edgecolor="none", handlelength=1.6)


def _frame(ax: Axes, result: Result, panel: Panel) -> None:
    """Set limits and ticks: from zero, with room above for the legend."""
    end = _end(result)
    ax.set_xlim(2013.8, end + 0.2)
    if end > LAST_POINT:
        ax.axvspan(LAST_POINT, end + 0.2, color="0.94", zorder=0)
    if panel.signed:
        ax.axhline(0.0, color="0.4", linewidth=0.8)
    else:
        legend = 0.12 * len(panel.lines) if len(panel.lines) > 1 else 0.03  # of the height, so that no point is hidden
        ax.set_ylim(0.0, ax.get_ylim()[1] * (1.0 + legend) if panel.high is None else panel.high)
    ax.tick_params(labelsize=10)
    style_axes(ax)


def _provenance(manifest: Mapping[str, Any]) -> str:
    commit, _, dirty = str(manifest.get("commit") or "").partition("-")
    changed = manifest["parameters_changed"]
    return "   ·   ".join(
        [
            f"scenario {manifest['scenario']['name'][:60]}",
            manifest.get("parameters_of") or _changes(changed),
            f"{100 * manifest['scale']:g} % of England",
            f"seed {manifest['seed']}",
            f"code {commit[:7]}{' with changes' if dirty else ''}" if commit else "code without a commit",
            f"run {manifest_id(manifest)}",
        ]
    )


def _changes(changed: Mapping[str, float]) -> str:
    """Return which parameters were changed, if there is room for all of them."""
    words = ", ".join(f"{name} = {value:g}" for name, value in changed.items())
    return words if 0 < len(words) <= 70 else f"{len(changed)} parameter{'s' * (len(changed) != 1)} changed"


def save_page(figure: Figure, folder: Path, manifest: Mapping[str, Any]) -> None:
    """Save the page as PDF and PNG, with the run's name and its provenance in the files' metadata."""
    title, subject = "sendcycle: the model beside the published statistics", f"run {manifest_id(manifest)}"
    save_figure(figure, [folder / name for name in PAGE_NAMES], title, subject, _provenance(manifest))
