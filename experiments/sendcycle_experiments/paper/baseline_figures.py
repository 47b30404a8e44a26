"""Figures of the baseline: one run beside published figures, the spread of runs, scales."""

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from sendcycle_experiments.figures.style import PALETTE, legend_above, shown_unit, small_multiples, style_years
from sendcycle_experiments.paper.drawing import (
    HEADLINES,
    PUBLISHED,
    TABLED_YEARS,
    FigureWithCaption,
    draw_bands,
    draw_published,
    in_words,
    tabled_years,
    times_of,
    with_units,
)
from sendcycle_experiments.sweeps.stored_results import StoredResults


def draw_baseline(stored: StoredResults) -> FigureWithCaption:
    """One run of all England beside what was published."""
    years = stored.table("yearly.csv").set_index("year")
    figure, axes = small_multiples(HEADLINES, 4, 42.0)
    for ax, name in zip(axes, HEADLINES, strict=True):
        line = years[name].dropna()
        ax.plot(times_of(name, line.index), shown_unit(name)[0] * line, color=PALETTE[0])
        draw_published(ax, name)
        style_years(ax)
    manifest = stored.manifest()
    legend_above(figure, [Line2D([], [], color=PALETTE[0], label="model"), PUBLISHED])
    caption = (
        f"One run of {100 * manifest.get('scale', 1.0):g} % of England, scenario "
        f"{in_words(manifest.get('scenario', {}).get('name', 'unknown'))}, "
        f"{manifest.get('parameters_of', 'unknown parameters')}, seed {manifest.get('seed', 'unknown')}, beside "
        "published figures (dots, to January 2025). One run, no band."
    )
    table = years.loc[years.index.isin((2015, *TABLED_YEARS)), list(HEADLINES)].T
    table = table.add_prefix("in_").rename_axis("series").reset_index()
    return FigureWithCaption(figure, caption, with_units(table, "series"), "The run of the figure in single years.")


def draw_fan(stored: StoredResults) -> FigureWithCaption:
    """How far runs spread by chance, and by small uncertainty about every parameter."""
    table = stored.table("fan.csv")
    names = [name for name in HEADLINES if name in set(table["outcome"])]
    figure, axes = small_multiples(names, 4, 42.0)
    for ax, name in zip(axes, names, strict=True):
        for spread, colour in (("numbers", PALETTE[1]), ("chance", PALETTE[0])):
            rows = table[(table["outcome"] == name) & (table["spread"] == spread)]
            draw_bands(ax, name, rows, colour, inner=False)
        draw_published(ax, name)
        style_years(ax)
    runs = table.groupby("spread")["runs"].max()
    legend_above(figure, [
        Patch(color=PALETTE[0], alpha=0.3, label=f"stochastic variability, {runs['chance']} runs"),
        Patch(color=PALETTE[1], alpha=0.3, label=f"parameter uncertainty, {runs['numbers']} runs"), PUBLISHED,
    ])  # fmt: skip
    caption = (
        f"Median and 90 % of {runs['chance']} runs that differ by their random draws alone, and of {runs['numbers']} "
        "whose every parameter is drawn from the tenth of its prior around its default. A convention, no forecast "
        "interval."
    )
    shown = tabled_years(table, ("spread", "outcome", "year", "q05", "q50", "q95", "published"), "outcome")
    return FigureWithCaption(figure, caption, shown, "Quantiles over runs, by what differs between them.")


def draw_scales(stored: StoredResults) -> FigureWithCaption:
    """How far results of smaller samples are from full scale."""
    table = stored.table("scales.csv")
    outcomes = [name for name in table["outcome"].unique()]
    figure, axes = small_multiples(outcomes, 3, 42.0)
    for ax, name in zip(axes, outcomes, strict=True):
        for k, (year, rows) in enumerate(table[table["outcome"] == name].groupby("year")):
            rows = rows.sort_values("scale")
            error = rows["sd"] / np.sqrt(rows["replicates"])
            factor = shown_unit(name)[0]
            ax.errorbar(100.0 * rows["scale"], factor * rows["mean"], yerr=factor * 2.0 * error,
                        color=PALETTE[k], marker="o", capsize=1.5, linewidth=0.8, label=str(year))  # fmt: skip
        ax.set_xscale("log")
        ax.set_xticks([0.2, 1.0, 10.0, 100.0], ["0.2", "1", "10", "100"])
        ax.minorticks_off()
        ax.set_xlabel("percent of England")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper left", ncols=len(labels))
    caption = (
        "Means over replicates by share of England simulated, with two standard errors; numbers of replicates are in "
        "the table."
    )
    return FigureWithCaption(
        figure, caption, with_units(table, "outcome"), "Means and standard deviations by share of England."
    )
