"""One style for all figures: colours, titles, units, the last published point, axes, saving.

Pages for a screen use `style_axes`; figures for papers are drawn within `journal_style`, at the width of a column.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from sendcycle.inputs.published import of_observable
from sendcycle.outputs import observables
from sendcycle.outputs.observables import LAST_MONTH_OF_YEAR, Observable
from sendcycle_experiments.figures.panels import PANELS

LAST_POINT = 2025 + 1 / 12  # end of January 2025: later observations are kept for validation and are never shown
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")  # Okabe and Ito's palette, safe for the colour-blind
PALETTE = (*COLOURS, "#E69F00", "#56B4E9", "#8C564B")
MM = 1.0 / 25.4  # inches
SINGLE, DOUBLE = 89.0 * MM, 183.0 * MM  # one and two columns of a journal
TYPE = 7.0  # points
SCREEN_DPI, PRINT_DPI = 120, 300
JOURNAL_RULES: dict[Any, Any] = {
    "font.size": TYPE, "axes.titlesize": TYPE, "axes.labelsize": TYPE - 0.5, "xtick.labelsize": TYPE - 1.0,
    "ytick.labelsize": TYPE - 1.0, "legend.fontsize": TYPE - 0.5, "axes.titleweight": "bold",
    "axes.titlelocation": "left", "axes.spines.top": False, "axes.spines.right": False, "axes.linewidth": 0.6,
    "xtick.major.width": 0.6, "ytick.major.width": 0.6, "xtick.major.size": 2.5, "ytick.major.size": 2.5,
    "lines.linewidth": 1.1, "lines.markersize": 2.6, "legend.frameon": False, "pdf.fonttype": 42,
}  # fmt: skip
# By what an outcome is multiplied to be shown, and its unit then.
FACTORS = {line.observable: (line.factor, panel.unit) for panel in PANELS for line in panel.lines if not panel.as_index}
FACTORS |= {
    "public_cost": (1e-3, "£ billion a year, 2026-27 prices"),
    "public_cost_since_2026": (1e-3, "£ billion, 2026-27 prices"),
    "real_balance": (1e-3, "£ billion, 2026-27 prices"),
}
SHORT_TITLES = {
    "plans_in_force": "EHC plans in force", "requests": "Requests", "new_plans": "New plans",
    "within_20_weeks": "Within 20 weeks", "pupils_sen_support": "Pupils on SEN support",
    "appeals_registered": "Appeals", "high_needs_spending": "High-needs spending",
    "cumulative_balance": "Cumulative balance", "cumulative_deficit": "Cumulative deficits",
    "plans_in_special_share": "Plans in special schools", "unmet_need_share": "Unmet need",
    "confidence": "Confidence", "psychologist_hours_statutory": "Psychologists’ statutory hours",
    "outcome_index": "Need met, by cost", "public_cost": "Public cost",
    "public_cost_since_2026": "Cost since 2026",
}  # fmt: skip


# ---------------------------------------------------------------------- words and units


def observable_named(name: str) -> Observable | None:
    """Return the declaration of an observable; None for what comparisons add to them."""
    return observables.declared().observables.get(name)


def title_of(name: str) -> str:
    """Return what a panel of an outcome is called."""
    observable = observable_named(name)
    label = SHORT_TITLES.get(name) or (observable.label if observable is not None else name.replace("_", " "))
    return label[:1].upper() + label[1:]


def shown_unit(name: str) -> tuple[float, str]:
    """Return by what an outcome is multiplied, and its unit then; deficits point upward."""
    observable = observable_named(name)
    factor, words = FACTORS.get(name, (1.0, observable.unit if observable is not None else ""))
    return abs(factor), words


# ---------------------------------------------------------------------- time


def position(
    observable: Observable, years: "pd.Index[Any] | pd.Series[Any] | np.ndarray[Any, Any]"
) -> "np.ndarray[Any, Any]":
    """Return where on the time axis the figures of `years` belong: a level at its month's end, a sum in mid-year."""
    last = LAST_MONTH_OF_YEAR[observable.yearly] / 12
    into_next = 0.0 if last in (1 / 12, 1.0) else 1.0  # financial and school years end in the year after their name
    end = np.asarray(years, dtype=float) + last + into_next
    return end if observable.is_level else end - 0.5


def published_dots(observable: Observable, since: float = -np.inf) -> tuple["np.ndarray[Any, Any]", ...]:
    """Return times and values of the published figures from `since` to `LAST_POINT`, in the observable's own unit."""
    series = of_observable(observable)
    at = np.asarray(position(observable, series.index), dtype=float)
    shown = (at >= since) & (at <= LAST_POINT + 1e-6)
    return at[shown], series.to_numpy(dtype=float)[shown]


# ---------------------------------------------------------------------- pages for a screen


def style_axes(ax: Axes) -> None:
    """Give a panel over years its ticks, light lines and no box."""
    ax.xaxis.set_major_locator(MaxNLocator(6, integer=True, steps=[1, 2, 5, 10]))
    ax.grid(axis="y", color="0.88", linewidth=0.7)
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)


# ---------------------------------------------------------------------- figures for papers


@contextmanager
def journal_style() -> Iterator[None]:
    """Draw in the style of papers."""
    with mpl.rc_context(JOURNAL_RULES):
        yield


def empty_figure(width: float, height_mm: float) -> Figure:
    """Return a figure that lays itself out, `width` in inches."""
    return Figure(figsize=(width, height_mm * MM), layout="constrained")


def small_multiples(names: Sequence[str], columns: int, row_mm: float) -> tuple[Figure, list[Axes]]:
    """Return a figure with a panel an outcome, titled and with its unit."""
    rows = -(-len(names) // columns)
    figure = empty_figure(DOUBLE, row_mm * rows + 9.0)
    axes = list(figure.subplots(rows, columns, squeeze=False).flat)
    for ax in axes[len(names) :]:
        ax.set_visible(False)
    for ax, name in zip(axes, names, strict=False):
        ax.set_title(title_of(name))
        ax.set_ylabel(shown_unit(name)[1])
    return figure, axes[: len(names)]


def style_years(ax: Axes) -> None:
    """Give a panel over years its ticks, a line at the last published point, and zero at its foot unless it crosses."""
    ax.xaxis.set_major_locator(MaxNLocator(5, integer=True, steps=[1, 2, 5, 10]))
    ax.yaxis.set_major_locator(MaxNLocator(5))
    ax.axvline(LAST_POINT, color="0.75", linewidth=0.6, linestyle=(0, (2, 2)), zorder=0)
    if ax.dataLim.y0 >= 0.0:
        ax.set_ylim(0.0, 1.06 * ax.dataLim.y1 if ax.dataLim.y1 > 0.0 else None)
    else:
        ax.axhline(0.0, color="0.4", linewidth=0.6, zorder=1)


def legend_above(figure: Figure, handles: Sequence[Any]) -> None:
    """Put what lines and bands mean above the panels."""
    figure.legend(handles=list(handles), loc="outside upper left", ncols=len(handles), columnspacing=1.2,
                  handlelength=1.6)  # fmt: skip


# ---------------------------------------------------------------------- saving


def save_figure(
    figure: Figure, paths: Sequence[Path], title: str, subject: str, source: str = "", *, dpi: int = SCREEN_DPI
) -> None:
    """Save a figure as PDF and PNG, the two `paths`, with what it is and where it came from in the files' metadata.

    Made again from the same results, the files are the same.
    """
    pdf, png = paths
    named: Mapping[str, Any] = {"Title": title, "Subject": subject, "CreationDate": None}
    figure.savefig(pdf, metadata={**named, **({"Keywords": source} if source else {})})
    words = {"Title": title, "Description": subject, **({"Source": source} if source else {})}
    figure.savefig(png, dpi=dpi, metadata=words)
