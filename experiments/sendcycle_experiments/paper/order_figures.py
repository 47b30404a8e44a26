"""Figures of the order of reforms: orders, rival structures, the front of cost and unmet need."""

import textwrap

from sendcycle_experiments.figures.style import (
    DOUBLE,
    PALETTE,
    SINGLE,
    empty_figure,
    legend_above,
    shown_unit,
    title_of,
)
from sendcycle_experiments.paper.drawing import FigureWithCaption, difference_unit, draw_intervals, in_words
from sendcycle_experiments.studies.e05_sequencing.orders import MEAN
from sendcycle_experiments.studies.e05_sequencing.report import draw as draw_order_panels
from sendcycle_experiments.sweeps.stored_results import StoredResults


def draw_orders(stored: StoredResults) -> FigureWithCaption:
    """Whether the order of reform matters."""
    tables = {name: stored.table(f"{name}.csv") for name in ("variance", "regret", "precedence")}
    arm = str(tables["variance"]["arm"].iloc[0])
    tables = {name: table[table["arm"] == arm] for name, table in tables.items()}
    figure = empty_figure(DOUBLE, 74.0)
    axes = figure.subplots(1, 3, width_ratios=(1.0, 0.8, 1.15))
    draw_order_panels(axes, tables)
    legend_above(figure, axes[1].get_legend_handles_labels()[0])
    caption = (
        f"Means of 2026 to 2039 over {stored.members()} members of the calibrated ensemble, "
        f"{tables['regret']['order'].nunique()} orders of five groups of reforms a year apart "
        f"({in_words(arm)}). Left: spread (standard deviation) between orders over that between choices of "
        "groups. Middle: mean regret of orders. Right: what putting the row before the column changes in unmet need "
        "beyond what start dates alone give; the darkest colour is the spread between orders. Most sizes of effects "
        "are assumed."
    )
    said = (
        "By arm and outcome: spread between orders over that between choices, share of the variance between orders "
        "that start dates explain, best order, regret of the paper's, and how orders that agree with the paper "
        "differ from reversed orders."
    )
    return FigureWithCaption(figure, caption, stored.table("summary.csv"), said)


def draw_order_structures(stored: StoredResults) -> FigureWithCaption:
    """How orders that agree with the paper differ from reversed orders, structure by structure."""
    table = stored.table("claim_rivals.csv")
    table = table[table["when"] == MEAN]
    structures = list(table["structure"].unique())
    shown = ("unmet_need_share", "confidence", "plans_in_force", "public_cost")
    figure = empty_figure(DOUBLE, 46.0)
    axes = figure.subplots(1, len(shown), sharey=True)
    for ax, outcome in zip(axes, shown, strict=True):
        factor, words = shown_unit(outcome)
        rows = table[table["outcome"] == outcome].set_index("structure").loc[structures]
        draw_intervals(ax, range(len(rows)), rows.assign(median=rows["difference"]), PALETTE[0], factor=factor)
        ax.axvline(0.0, color="0.3", linewidth=0.6)
        ax.set_title(title_of(outcome))
        ax.set_xlabel(textwrap.fill(difference_unit(words), 22))
    axes[0].set_yticks(range(len(structures)), [in_words(name) for name in structures])
    axes[0].set_ylim(len(structures) - 0.5, -0.5)
    caption = (
        "Orders that put people, capacity and school funding before accountability and statute, against those that "
        "turn this round, under the model and under rival structures that fit published figures about as well; means "
        "of 2026 to 2039, median and 90 % of the members of each structure, same draws."
    )
    said = (
        "The same for all outcomes, in their own units: difference, 5th and 95th percentile, share of members below 0."
    )
    return FigureWithCaption(figure, caption, table.drop(columns="when").reset_index(drop=True), said)


def draw_front(stored: StoredResults) -> FigureWithCaption:
    """Money against unmet need over all dates of the groups that the search has tried."""
    table = stored.table("front.csv").sort_values("cost")
    groups = [name for name in table if name not in ("cost", "unmet", "front")]
    best = table[table["front"]]
    never = table[(table[groups] == "never").all(axis=1)]
    figure = empty_figure(SINGLE, 66.0)
    ax = figure.subplots()
    ax.plot(table["cost"], table["unmet"], "o", color="0.8", markersize=2.2, label=f"{len(table)} sets of dates")
    ax.plot(best["cost"], best["unmet"], "o-", color=PALETTE[0], markersize=3.4, label="Pareto-efficient")
    ax.plot(never["cost"], never["unmet"], "s", color=PALETTE[1], markersize=4.0, label="no reform")
    ax.set_xlabel("public cost of 2026 to 2039, £ billion, 2026-27 prices")
    ax.set_ylabel("unmet need, mean, percent")
    figure.legend(loc="outside upper left", ncols=2)
    caption = (
        "Public cost and unmet need under every set of starts of five groups of reforms that a search has tried (each "
        "September from 2026 to 2031, or never), means over the same members on the same draws; line: sets that no "
        "other one beats in both. Most sizes of effects are assumed."
    )
    said = "Sets of dates on the front: start of each group, public cost (£ billion) and unmet need (percent)."
    return FigureWithCaption(figure, caption, best.drop(columns="front").reset_index(drop=True), said)
