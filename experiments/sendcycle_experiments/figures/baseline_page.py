"""The figure page: small multiples of the model's lines with the published points."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from sendcycle.outputs import observables
from sendcycle.outputs.observables import LAST_MONTH_OF_YEAR, Observable
from sendcycle.outputs.results import Result, manifest_id

LAST_POINT = 2025 + 1 / 12  # end of January 2025: later observations are kept for validation and are never shown
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")  # Okabe and Ito's palette, safe for the colour-blind
MARKERS = ("o", "s", "^", "D")
PAGE_NAMES = ("overview.pdf", "overview.png")
FOOTNOTE = (
    "Points: published statistics for England, up to January 2025 (DfE: SEN2 returns, school census, allocations; "
    "MoJ: tribunal statistics; spending is derived from allocations and deficits); sources in docs/data.md.\n"
    "Lines: one run of the model; flows by year, placed in its middle, stocks by month. What follows the last point is "
    "what the model’s assumptions imply under this scenario. It is not a forecast."
)


@dataclass(frozen=True)
class Line:
    """One observable of a panel; `yearly` draws it by year in the published convention, else by month."""

    observable: str
    label: str
    yearly: bool = False
    factor: float = 1.0


@dataclass(frozen=True)
class Panel:
    """Lines that share an axis in `unit`; with `high` the axis ends there, with `signed` it may go below zero."""

    title: str
    unit: str
    lines: tuple[Line, ...]
    high: float | None = None
    signed: bool = False
    as_index: bool = False  # every line is divided by its value in September 2014


PANELS = (
    Panel("EHC plans in force", "thousand", (Line("plans_in_force", "plans", factor=1e-3),)),
    Panel(
        "Requests and new plans",
        "thousand a year",
        (
            Line("requests", "requests for assessment", yearly=True, factor=1e-3),
            Line("new_plans", "new plans", yearly=True, factor=1e-3),
        ),
    ),
    Panel("New plans within 20 weeks", "percent", (Line("within_20_weeks", "within 20 weeks", yearly=True),), high=100),
    Panel("Pupils on SEN support", "million", (Line("pupils_sen_support", "pupils", factor=1e-6),)),
    Panel(
        "Appeals",
        "thousand a year",
        (
            Line("appeals_registered", "registered", yearly=True, factor=1e-3),
            Line("appeals_decided", "decided", yearly=True, factor=1e-3),
        ),
    ),
    Panel(
        "High-needs spending and settlement",
        "£ billion a year, cash",
        (
            Line("high_needs_spending", "spending", yearly=True, factor=1e-3),
            Line("high_needs_funding", "settlement", yearly=True, factor=1e-3),
        ),
    ),
    Panel(
        "Balance carried forward",
        "£ billion, cash",
        (
            Line("cumulative_balance", "net balance, all authorities", factor=1e-3),
            Line("cumulative_deficit", "deficits of those in deficit", factor=-1e-3),
        ),
        signed=True,
    ),
    Panel(
        "Placements of plan holders",
        "percent of plans",
        (
            Line("plans_in_mainstream_share", "mainstream, units included"),
            Line("plans_in_special_share", "special schools"),
            Line("plans_in_further_education_share", "further education"),
            Line("plans_in_ap_share", "alternative provision"),
        ),
    ),
    Panel(
        "Support without a plan",
        "index, September 2014 = 1",
        (
            Line("support_hours_per_child", "psychologist hours per child on SEN support"),
            Line("school_coverage", "need covered by schools’ own means"),
            Line("inclusive_capacity", "inclusive skill of schools"),
        ),
        as_index=True,
    ),
    Panel(
        "Confidence and unmet need",
        "percent",
        (
            Line("confidence", "families’ confidence in mainstream", factor=100),
            Line("unmet_need_share", "need that is unmet"),
        ),
        high=100,
    ),
    Panel(
        "Work of educational psychologists",
        "million hours a year",
        (
            Line("psychologist_hours_statutory", "statutory", yearly=True, factor=1e-6),
            Line("psychologist_hours_early", "early, without a plan", yearly=True, factor=1e-6),
        ),
    ),
    Panel(
        "Waiting at month end",
        "thousand children",
        (
            Line("waiting_decision", "for the decision to assess", factor=1e-3),
            Line("waiting_psychologist", "for a psychologist", factor=1e-3),
            Line("waiting_draft", "for the plan to be written", factor=1e-3),
            Line("waiting_special", "for a specialist place", factor=1e-3),
        ),
    ),
)


# How each observable is shown: by what it is multiplied, and in which unit it then is.
# By what an outcome is multiplied to be shown, and its unit then.
FACTORS = {line.observable: (line.factor, panel.unit) for panel in PANELS for line in panel.lines if not panel.as_index}
FACTORS |= {
    "public_cost": (1e-3, "£ billion a year, 2026-27 prices"),
    "public_cost_since_2026": (1e-3, "£ billion, 2026-27 prices"),
    "real_balance": (1e-3, "£ billion, 2026-27 prices"),
}


def position(observable: Observable, years: "pd.Index[Any] | pd.Series[Any]") -> "np.ndarray[Any, Any]":
    """Return where on the time axis the figures of `years` belong: a level at its month's end, a sum in mid-year."""
    last = LAST_MONTH_OF_YEAR[observable.yearly] / 12
    into_next = 0.0 if last in (1 / 12, 1.0) else 1.0  # financial and school years end in the year after their name
    end = np.asarray(years, dtype=float) + last + into_next
    return end if observable.is_level else end - 0.5


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


def style_axes(ax: Axes) -> None:
    """Give a panel over years its ticks, light lines and no box."""
    ax.xaxis.set_major_locator(MaxNLocator(6, integer=True, steps=[1, 2, 5, 10]))
    ax.grid(axis="y", color="0.88", linewidth=0.7)
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)


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


def save_figure(figure: Figure, paths: Sequence[Path], title: str, subject: str, keywords: str = "") -> None:
    """Save a figure as PDF and PNG, the two `paths`, with what it is and where it came from in the files' metadata."""
    pdf, png = paths
    named = {"Title": title, "Subject": subject, "CreationDate": None}  # no date: the same file
    figure.savefig(pdf, metadata=named | ({"Keywords": keywords} if keywords else {}))
    words = "; ".join(filter(None, (subject, keywords)))
    figure.savefig(png, dpi=120, metadata={"Title": title, "Description": words})
