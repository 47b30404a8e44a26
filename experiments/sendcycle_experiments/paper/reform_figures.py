"""Figures of reforms: scenarios compared, their differences, the priorities one by one."""

import textwrap
from collections.abc import Sequence
from typing import Any

import pandas as pd
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from sendcycle_experiments.analysis.comparison import REPORTED, with_ends
from sendcycle_experiments.figures.style import (
    DOUBLE,
    PALETTE,
    empty_figure,
    legend_above,
    shown_unit,
    small_multiples,
    title_of,
)
from sendcycle_experiments.paper.drawing import (
    PUBLISHED,
    FigureWithCaption,
    difference_unit,
    draw_intervals,
    draw_medians,
    in_words,
    times_of,
    with_units,
)
from sendcycle_experiments.studies.e09_priorities import SHOWN, YEAR, titles
from sendcycle_experiments.sweeps.stored_results import StoredResults

COMPARED = (
    "plans_in_force", "requests", "appeals_registered", "pupils_sen_support", "unmet_need_share", "confidence",
    "high_needs_spending", "public_cost_since_2026",
)  # fmt: skip


def draw_scenarios(stored: StoredResults) -> FigureWithCaption:
    """Scenarios over the calibrated ensemble on the same draws."""
    levels, gaps = stored.table("levels.csv"), stored.table("compare.csv")
    names = tuple(name for name in COMPARED if name in set(levels["outcome"]))
    compared = list(levels["reform_scenario"].unique())
    colours = dict(zip(compared, ("0.25", *PALETTE), strict=False))
    figure, axes = small_multiples(names, 4, 42.0)
    for ax, name in zip(axes, names, strict=True):
        draw_medians(ax, name, levels[levels["outcome"] == name], "reform_scenario", colours)
    legend_above(figure, [
        *(Line2D([], [], color=colours[name], label=in_words(name)) for name in compared),
        Patch(color="0.5", alpha=0.25, label=f"90 %, {in_words(compared[0])}"), PUBLISHED,
    ])  # fmt: skip
    n = stored.manifest().get("design", {}).get("n", "")
    caption = (
        f"Medians over {n} members of the calibrated ensemble, one run each on the same random draws; grey: 90 % of "
        f"members under {in_words(compared[0])}. Sizes of most reforms' effects are assumptions."
    )
    said = f"Differences from {in_words(compared[0])} over {n} members, in the units of the figure."
    return FigureWithCaption(figure, caption, tabled_differences(gaps, names), said)


def draw_differences(stored: StoredResults) -> FigureWithCaption:
    """What scenarios change, year by year, against the first."""
    gaps, levels = stored.table("compare.csv"), stored.table("levels.csv")
    base = str(levels["reform_scenario"].iloc[0])
    names = tuple(name for name in COMPARED if name in set(gaps["outcome"]))
    compared = list(gaps["reform_scenario"].unique())
    first = gaps.loc[gaps["median"].ne(0.0) | gaps["q05"].ne(0.0) | gaps["q95"].ne(0.0), "year"].min()
    figure, axes = small_multiples(names, 4, 42.0)
    for ax, name in zip(axes, names, strict=True):
        factor, words = shown_unit(name)
        for k, scenario in enumerate(compared):
            rows = gaps[(gaps["outcome"] == name) & (gaps["reform_scenario"] == scenario) & (gaps["year"] >= first - 1)]
            rows = rows.sort_values("year")
            x = times_of(name, rows["year"])
            ax.fill_between(x, factor * rows["q05"], factor * rows["q95"], color=PALETTE[k], alpha=0.15, linewidth=0)
            ax.plot(x, factor * rows["median"], color=PALETTE[k])
        ax.axhline(0.0, color="0.4", linewidth=0.6)
        ax.set_ylabel(difference_unit(words))
        ax.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    legend_above(figure, [
        *(Line2D([], [], color=PALETTE[k], label=in_words(name)) for k, name in enumerate(compared)),
        Patch(color="0.5", alpha=0.25, label="90 % of members"),
    ])  # fmt: skip
    n = stored.manifest().get("design", {}).get("n", "")
    caption = (
        f"Difference from {in_words(base)}, member by member on the same random draws: median and 90 % of {n} "
        "members of the calibrated ensemble. Where a band holds 0 it is not sure which way. Sizes of most reforms' "
        "effects are assumptions."
    )
    said = f"Differences from {in_words(base)} over {n} members, in the units of the figure."
    return FigureWithCaption(figure, caption, tabled_differences(gaps, names), said)


def tabled_differences(gaps: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Return differences of the years that are tabled, in words: a row a scenario, outcome and year."""
    rows = []
    row: Any
    for row in gaps[gaps["outcome"].isin(names) & gaps["year"].isin(REPORTED)].itertuples():
        factor, words = shown_unit(row.outcome)
        low, high = sorted((factor * row.q05, factor * row.q95))
        rows.append({
            "reform_scenario": row.reform_scenario, "outcome": title_of(row.outcome), "year": row.year,
            "unit": difference_unit(words),
            "median_5th_to_95th_percentile": with_ends(factor * row.median, low, high),
            "percent_of_the_base": f"{100.0 * row.relative:+.1f}",
            "lower_in_percent_of_members": f"{100.0 * row.lower:.0f}",
        })  # fmt: skip
    return pd.DataFrame(rows)


def draw_priorities(stored: StoredResults) -> FigureWithCaption:
    """What each priority changes alone, and within the whole."""
    alone, left_out = stored.table("alone.csv"), stored.table("left_out.csv")
    names = titles()
    places = {part: k + (0.0 if part.isdigit() else 0.7) for k, part in enumerate(names)}
    figure = empty_figure(DOUBLE, 135.0)
    axes = figure.subplots(1, len(SHOWN), sharey=True)
    drawn = ((alone, "alone:", 1.0, -0.18, 0, "o"), (left_out, "without:", -1.0, 0.18, 1, "s"))
    for ax, outcome in zip(axes, SHOWN, strict=True):
        factor, words = shown_unit(outcome)
        for table, prefix, sign, shift, colour, marker in drawn:
            rows = table[(table["outcome"] == outcome) & (table["year"] == YEAR)]
            rows = rows[rows["reform_scenario"].str.startswith(prefix)]
            y = [places[name.removeprefix(prefix)] + shift for name in rows["reform_scenario"]]
            draw_intervals(ax, y, rows, PALETTE[colour], marker, sign * factor)
        ax.axvline(0.0, color="0.3", linewidth=0.6)
        ax.set_title(title_of(outcome))
        ax.set_xlabel(textwrap.fill(difference_unit(words), 18))
    axes[0].set_yticks(list(places.values()), [textwrap.fill(name, 56) for name in names.values()], fontsize=5.5)
    axes[0].set_ylim(max(places.values()) + 0.6, -0.6)
    legend_above(figure, [
        Line2D([], [], color=PALETTE[0], marker="o", label="alone, against no change"),
        Line2D([], [], color=PALETTE[1], marker="s", label="within the whole: what is lost without it"),
    ])  # fmt: skip
    caption = (
        f"What each part of the paper's programme changes in {YEAR}: median and 90 % of {stored.members()} "
        "members of the calibrated ensemble, same draws; sizes of effects vary between members from half to one and a "
        "half times what the library assumes."
    )
    shown = alone[(alone["year"] == YEAR) & alone["outcome"].isin(SHOWN)]
    columns = ["reform_scenario", "outcome", "median", "q05", "q95", "relative", "lower"]
    said = (
        f"Each part alone against no change in {YEAR}: median, 5th and 95th percentile over members, median relative "
        "difference, and share of members in which the figure is lower."
    )
    return FigureWithCaption(figure, caption, with_units(shown[columns].reset_index(drop=True), "outcome"), said)
