"""What figures of papers share: a figure with its caption and table, bands, medians, published points, intervals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sendcycle_experiments.analysis.comparison import unit_of
from sendcycle_experiments.figures.style import observable_named, position, published_dots, shown_unit, style_years

HEADLINES = (
    "plans_in_force", "requests", "new_plans", "within_20_weeks", "pupils_sen_support", "appeals_registered",
    "high_needs_spending", "cumulative_balance",
)  # fmt: skip
TABLED_YEARS = (2020, 2025, 2030, 2035, 2040)  # of tables of time series
FIRST_POINT = 2014.0  # earlier published figures are not shown
MIDDLE_OF_FINANCIAL_YEAR = 0.75  # of the year in which it begins, rounded to quarters
PUBLISHED = Line2D([], [], color="0.1", marker="o", markersize=3, linestyle="none", label="published, to January 2025")


@dataclass(frozen=True)
class FigureWithCaption:
    """A figure, what it shows in words (with bands and numbers of runs), its table, and what stands in that."""

    figure: Figure
    caption: str
    table: pd.DataFrame
    table_caption: str


def draw_published(ax: Axes, name: str) -> None:
    """Draw the published points of an outcome, as far as they may be shown."""
    observable = observable_named(name)
    if observable is None:
        return
    x, y = published_dots(observable, FIRST_POINT)
    ax.plot(x, shown_unit(name)[0] * y, "o", color="0.1", zorder=5)


def times_of(name: str, years: "pd.Series[Any] | pd.Index[Any]") -> "np.ndarray[Any, Any]":
    """Return where figures of years stand; financial years for what is no observable."""
    observable = observable_named(name)
    if observable is None:
        return np.asarray(years, dtype=float) + MIDDLE_OF_FINANCIAL_YEAR
    return position(observable, years)


def draw_bands(
    ax: Axes, name: str, rows: pd.DataFrame, colour: str, *, inner: bool = True, middle: bool = True
) -> None:
    """Draw the median over runs, and 90 % of them and, if `inner`, 50 %."""
    rows = rows.sort_values("year")
    x, factor = times_of(name, rows["year"]), shown_unit(name)[0]
    ax.fill_between(x, factor * rows["q05"], factor * rows["q95"], color=colour, alpha=0.18, linewidth=0)
    if inner:
        ax.fill_between(x, factor * rows["q25"], factor * rows["q75"], color=colour, alpha=0.3, linewidth=0)
    if middle:
        ax.plot(x, factor * rows["q50"], color=colour)


def draw_medians(ax: Axes, name: str, table: pd.DataFrame, by: str, colours: Mapping[str, str]) -> None:
    """Draw the medians of all that the column `by` names, 90 % of the first, and published points."""
    for k, (which, colour) in enumerate(colours.items()):
        rows = table[table[by] == which].sort_values("year")
        if k == 0:
            draw_bands(ax, name, rows, "0.5", inner=False, middle=False)
        ax.plot(times_of(name, rows["year"]), shown_unit(name)[0] * rows["q50"], color=colour)
    draw_published(ax, name)
    style_years(ax)


def draw_intervals(
    ax: Axes, y: Sequence[float], rows: pd.DataFrame, colour: str, marker: str = "o", factor: float = 1.0
) -> None:
    """Draw medians with the 5th to 95th percentile over members."""
    ends = np.sort(factor * rows[["q05", "q95"]].to_numpy(dtype=float), axis=1)
    ax.hlines(y, ends[:, 0], ends[:, 1], color=colour, linewidth=1.1, alpha=0.55)
    ax.plot(factor * rows["median"].to_numpy(dtype=float), y, marker, color=colour)


def tabled_years(table: pd.DataFrame, columns: Sequence[str], name: str) -> pd.DataFrame:
    """Return the years that are tabled, with the unit of the outcome that the column `name` names."""
    return with_units(table.loc[table["year"].isin(TABLED_YEARS), list(columns)].reset_index(drop=True), name)


def with_units(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return a table with the unit of each row's outcome behind the column that names it."""
    units = {outcome: unit_of(str(outcome)) for outcome in table[name].unique()}
    found = table.drop(columns=["unit", "prices", "period"], errors="ignore")
    found.insert(list(found.columns).index(name) + 1, "unit", table[name].map(units))
    return found


def in_words(name: object) -> str:
    """Return a name as words."""
    return str(name).replace("_", " ")


def difference_unit(words: str) -> str:
    """Return the unit of a difference between two figures in a unit: percentage points for percent."""
    return words.replace("percent", "percentage points")
