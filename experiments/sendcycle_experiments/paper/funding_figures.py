"""Figures of funding: ways of funding moderate needs, and what is paid twice."""

import numpy as np

from sendcycle.errors import ResultsError
from sendcycle_experiments.figures.style import DOUBLE, PALETTE, SINGLE, empty_figure
from sendcycle_experiments.paper.drawing import FigureWithCaption, draw_intervals, in_words
from sendcycle_experiments.studies.e06_funding import LOOKED_AT, MODELS
from sendcycle_experiments.sweeps.stored_results import StoredResults


def draw_funding(stored: StoredResults) -> FigureWithCaption:
    """Who gains and loses by how moderate needs are funded."""
    groups = stored.table("groups.csv")
    rows = groups[
        (groups["by"].isin(["kind", "disadvantage"]) & (groups["measure"] == "unmet"))
        | (groups["by"].isin(["school", "authority"]) & (groups["measure"] == "coverage"))
    ].copy()
    names = list(dict.fromkeys(zip(rows["by"], rows["group"], strict=True)))
    figure = empty_figure(DOUBLE, 66.0)
    axes = figure.subplots(1, len(MODELS) - 1, sharex=True, sharey=True)
    for ax, model in zip(axes, MODELS[1:], strict=True):
        here = rows[rows["reform_scenario"] == model]
        y = [names.index(name) for name in zip(here["by"], here["group"], strict=True)]
        better = np.where(here["measure"] == "unmet", -1.0, 1.0)
        turned = here.assign(**{c: better * here[c] for c in ("median", "q05", "q95")})
        draw_intervals(ax, y, turned, PALETTE[0])
        ax.axvline(0.0, color="0.3", linewidth=0.6)
        ax.set_title(model.removeprefix("funding_").replace("_", " "))
        ax.set_xlabel("percentage points")
    plain = {
        "second": "schools: second quarter", "third": "schools: third quarter",
        "second quarter": "authorities: second quarter", "third quarter": "authorities: third quarter",
    }  # fmt: skip
    axes[0].set_yticks(range(len(names)), [plain.get(name[1], name[1]) for name in names])
    axes[0].set_ylim(len(names) - 0.5, -0.5)
    caption = (
        f"January {LOOKED_AT} against no change under four ways of funding moderate needs, which cost the same on "
        f"their first day: median and 90 % of {stored.members()} members, same draws; right is better. Need met of "
        "children under 16 by kind of need and free school meals; what schools meet by their own means (coverage), "
        "in quarters of schools by load of need and of authorities by plans a pupil."
    )
    said = (
        "What was found elsewhere about ways of funding, beside what comes out here: percentage points against no "
        "change, median, 5th and 95th percentile over members."
    )
    return FigureWithCaption(figure, caption, stored.table("beside_evidence.csv"), said)


def draw_double_funding(stored: StoredResults) -> FigureWithCaption:
    """What is paid twice, year by year."""
    table = stored.table("extra_cost.csv")
    if "prices" not in table:
        raise ResultsError(f"{stored.folder} was made by an earlier version: run experiment e07 again.")
    table = table[table["prices"] == "real"]
    figure = empty_figure(SINGLE, 62.0)
    ax = figure.subplots()
    names = list(table["reform_scenario"].unique())
    first = ("white_paper_2026", "groups_paper_order")
    for k, name in enumerate(sorted(names, key=lambda n: (n not in first, n))):
        rows = table[table["reform_scenario"] == name].sort_values("year")
        x = rows["year"] + 0.75
        if name in first:
            ax.fill_between(x, rows["q05"] / 1e3, rows["q95"] / 1e3, color=PALETTE[k], alpha=0.15, linewidth=0)
        style = "-" if name in first else ("--", ":", "-.")[k % 3]
        ax.plot(x, rows["q50"] / 1e3, color=PALETTE[k], linestyle=style, label=in_words(name))
    ax.axhline(0.0, color="0.3", linewidth=0.6)
    ax.set_ylabel("extra public cost a year,\n£ billion, 2026-27 prices")
    figure.legend(loc="outside upper left", ncols=2)
    caption = (
        "Extra public cost against no change by financial year, all payers, prices of 2026-27: medians over "
        f"{stored.members()} members on the same draws, and 90 % of them for the white paper and the paper's order. "
        "Most effects are assumed."
    )
    shown = stored.table("double_funding.csv")
    shown = shown[(shown["payer"] == "total") & (shown["prices"] == "real")].drop(columns=["payer", "prices"])
    said = (
        "Extra public cost against no change, all payers, £ million at prices of 2026-27: largest of a year, "
        "cumulated to March 2040, median year of break-even, share of members in which that never comes, and pounds "
        "a child-year of unmet need avoided."
    )
    return FigureWithCaption(figure, caption, shown.reset_index(drop=True), said)
