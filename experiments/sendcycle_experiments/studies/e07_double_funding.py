"""e07: while a new system is paid for, so is the old one; how much that is at its peak, and when it is paid back.

Net extra cost is all public cost under a scenario less that under no change, of the same member on the same draws, by
financial year: every line of spending of the model and what reforms cost beside it. Transfers between governments (the
block, deficit grants, balances) are nobody's cost or saving and are left out. Real pounds are those of 2026-27.
The groups of reforms of e05 are run in the paper's order, reversed, all at once, and in the paper's order without
the statutory ones, with the same money in each, which lasts eight years; the white paper has its own dates, money and
length of notice.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from sendcycle import Scenario
from sendcycle.state.records import LINES_INSIDE
from sendcycle_experiments.analysis.comparison import complete, design
from sendcycle_experiments.figures.style import COLOURS, save_figure, style_axes
from sendcycle_experiments.reforms.programme_cost import beside_the_model, mid_year_prices
from sendcycle_experiments.reforms.scenario_files import read_scenario
from sendcycle_experiments.studies.e05_sequencing.orders import PAPER, SLOTS, scenario_of
from sendcycle_experiments.studies.registry import DoubleFunding
from sendcycle_experiments.studies.study import Context, Findings
from sendcycle_experiments.sweeps.csv_files import write_csv
from sendcycle_experiments.sweeps.manifests import reporting
from sendcycle_experiments.sweeps.store import Store

PAGE = ("double_funding.pdf", "double_funding.png")
DISCOUNT = 0.035  # HM Treasury's Green Book
FIRST, LAST = 2026, 2039  # financial years whose costs are counted
PAYERS_OF_LINES = {
    "high-needs block": tuple(f"spend_{line}" for line in LINES_INSIDE),
    "authorities": ("spend_assessment_and_casework", "spend_tribunal_and_mediation", "spend_transport"),
    "government": ("spend_capital", "spend_programmes"),
    "schools": ("spend_notional_sen",),
}
LINES_OF = (*((colour, "-") for colour in COLOURS), ("0.25", "--"))  # colour and style, one a scenario
BANDS = 2  # scenarios drawn with their band
SHOWN = ("reform_scenario", "peak", "peak_year", "cumulated", "break_even", "never", "gbp_per_child_year")
PRICES = ("nominal", "real", "discounted")


def compared() -> list[Scenario]:
    """Return what is compared, no change first: the white paper, and the groups of e05 with the same money."""
    without = {group: slot for group, slot in zip(PAPER, SLOTS, strict=True) if group != "statute"}
    dates = {
        "groups_paper_order": dict(zip(PAPER, SLOTS, strict=True)),
        "groups_reversed": dict(zip(PAPER[::-1], SLOTS, strict=True)),
        "groups_at_once": dict.fromkeys(PAPER, SLOTS[0]),
        "groups_without_statute": without,
    }
    found = [read_scenario("no_change"), read_scenario("white_paper_2026")]
    return [*found, *(scenario_of(starts, "equal_money", name) for name, starts in dates.items())]


def extra_costs(store: Store, scenarios: Sequence[Scenario]) -> pd.DataFrame:
    """Return net extra cost against the first scenario.

    Returns
    -------
    pandas.DataFrame
        Columns `point`, `reform_scenario`, `year` (in which the financial year begins), a column a payer of
        `PAYERS_OF_LINES`, `total`, in million nominal pounds, and `unmet_avoided`, child-years of unmet need avoided in
        the calendar year.

    Raises
    ------
    ResultsError
        If a run is missing or has failed.
    """
    table = complete(store, scenarios)
    table = table[(table["year"] >= FIRST) & (table["year"] <= LAST)]
    beside = pd.concat({s.name: beside_the_model(s) for s in scenarios}, names=["reform_scenario"])
    costs = table[["point", "reform_scenario", "year"]].join(beside, on=["reform_scenario", "year"]).fillna(0.0)
    for payer, lines in PAYERS_OF_LINES.items():
        costs[payer] = table[list(lines)].sum(axis=1, skipna=False) + costs.get(payer, 0.0)
    costs["unmet"] = table["unmet_need"]
    by_case = costs.set_index(["point", "year"])
    paid = {s.name: by_case[by_case["reform_scenario"] == s.name].drop(columns="reform_scenario") for s in scenarios}
    base = paid[scenarios[0].name]
    gaps = [(paid[s.name] - base).assign(reform_scenario=s.name).reset_index() for s in scenarios[1:]]
    found = pd.concat(gaps, ignore_index=True)
    found["total"] = found[list(PAYERS_OF_LINES)].sum(axis=1, skipna=False)
    found["unmet_avoided"] = -found.pop("unmet")
    return found


def price_levels(years: "pd.Series[int]", prices: str) -> NDArray[np.float64]:
    """Return by what nominal pounds of financial years are divided: 1, the price level, or that and the discount."""
    if prices == "nominal":
        return np.ones(len(years))
    level = mid_year_prices(years)
    return level * (1.0 + DISCOUNT) ** (years.to_numpy() - FIRST) if prices == "discounted" else level


def break_even(extra: NDArray[np.float64], years: NDArray[np.int64]) -> float:
    """Return the first year from whose end on the cumulated extra cost is at or below zero; NaN if that does not come.

    A scenario that never costs more has broken even in the year before the first.
    """
    above = np.flatnonzero(np.cumsum(extra) > 0.0)
    if not len(above):
        return float(years[0] - 1)
    return float(years[above[-1] + 1]) if above[-1] + 1 < len(years) else np.nan


def reported(extra: pd.DataFrame) -> pd.DataFrame:
    """Return when and how much is paid twice, by scenario, payer and prices.

    Parameters
    ----------
    extra
        As `extra_costs` returns it.

    Returns
    -------
    pandas.DataFrame
        Columns `reform_scenario`, `payer` ("total" for all), `prices`, in million pounds `peak` (median over members of
        the largest extra cost of a year) with `peak_q05`, `peak_q95` and `peak_year` (median), `years_above` (median
        number of years with extra cost), `cumulated` with `cumulated_q05` and `cumulated_q95` (to the last year),
        `break_even` (median financial year; members in which it does not come count as later than all others, and it is
        NaN if they are half or more), `never` (share of members in which it does not come by the last year), and, for
        all payers, `gbp_per_child_year` (cumulated over child-years of unmet need avoided, median over the members that
        avoid any).
    """
    rows = []
    for (scenario, prices), payer in (
        ((scenario, prices), payer)
        for scenario in extra["reform_scenario"].unique()
        for prices in PRICES
        for payer in ("total", *PAYERS_OF_LINES)
    ):
        part = extra[extra["reform_scenario"] == scenario].sort_values(["point", "year"])
        values = part.assign(paid=part[payer] / price_levels(part["year"], prices))
        wide = values.pivot(index="point", columns="year", values="paid")
        years, paid = wide.columns.to_numpy(), wide.to_numpy()
        even = np.asarray([break_even(row, years) for row in paid])
        middle = float(np.median(np.where(np.isnan(even), np.inf, even)))
        peak, sums = paid.max(axis=1), paid.sum(axis=1)
        avoided = part.groupby("point")["unmet_avoided"].sum().reindex(wide.index).to_numpy()
        each = np.where(avoided > 0.0, 1e6 * sums / np.where(avoided > 0.0, avoided, 1.0), np.nan)
        rows.append({
            "reform_scenario": scenario, "payer": payer, "prices": prices, "peak": np.median(peak),
            "peak_q05": np.quantile(peak, 0.05), "peak_q95": np.quantile(peak, 0.95),
            "peak_year": np.median(years[paid.argmax(axis=1)]), "years_above": np.median((paid > 0.0).sum(axis=1)),
            "cumulated": np.median(sums), "cumulated_q05": np.quantile(sums, 0.05),
            "cumulated_q95": np.quantile(sums, 0.95),
            "break_even": middle if np.isfinite(middle) else np.nan, "never": np.isnan(even).mean(),
            "gbp_per_child_year": np.nanmedian(each) if payer == "total" and np.isfinite(each).any() else np.nan,
        })  # fmt: skip
    return pd.DataFrame(rows)


def bands(extra: pd.DataFrame) -> pd.DataFrame:
    """Return `reform_scenario`, `prices`, `year` and the 5th, 50th and 95th percentile, million pounds."""
    tables = []
    for prices in PRICES:
        paid = extra.assign(total=extra["total"] / price_levels(extra["year"], prices), prices=prices)
        totals = paid.groupby(["reform_scenario", "prices", "year"])["total"]
        tables.append(totals.quantile(np.asarray([0.05, 0.5, 0.95])).unstack())
    return pd.concat(tables).set_axis(["q05", "q50", "q95"], axis=1).reset_index()


def run(sizes: DoubleFunding, context: Context) -> Findings:
    """Run the scenarios over the ensemble, and write tables, the figure and the manifest."""
    ensemble, folder, scenarios = context.ensemble().first(sizes.members), context.folder, compared()
    store = context.sweep(design(scenarios, ensemble.with_reforms(), scale=sizes.scale), "runs")
    extra = extra_costs(store, scenarios)
    table = reported(extra)
    by_year = bands(extra)
    about = {"ensemble": ensemble.name, "members": len(ensemble.members), **store.manifest()}
    with reporting(folder, about):
        write_csv(table, folder / "double_funding.csv", index=False, float_format="%.5g")
        write_csv(by_year, folder / "extra_cost.csv", index=False, float_format="%.5g")
        page = figure(extra, len(ensemble.members))
        save_figure(page, [folder / name for name in PAGE], "sendcycle e07: double funding", ensemble.name)
    short = table[(table["payer"] == "total") & (table["prices"] == "real")]
    return Findings((short[list(SHOWN)],), "tables, the figure and runs")


def figure(extra: pd.DataFrame, members: int) -> Figure:
    """Return two panels: extra cost of each year, and cumulated, real pounds, medians and 90 % of the members."""
    page = Figure(figsize=(12.0, 5.6))
    page.subplots_adjust(left=0.07, right=0.985, top=0.8, bottom=0.13, wspace=0.2)
    axes = page.subplots(1, 2)
    for k, scenario in enumerate(extra["reform_scenario"].unique()):
        part = extra[extra["reform_scenario"] == scenario].sort_values(["point", "year"])
        real = part.assign(paid=part["total"] / price_levels(part["year"], "real") / 1000.0)
        wide = real.pivot(index="point", columns="year", values="paid")
        for ax, values in zip(axes, (wide, wide.cumsum(axis=1)), strict=True):
            x = values.columns.to_numpy() + 0.75  # the middle of the financial year
            low, middle, high = np.quantile(values, (0.05, 0.5, 0.95), axis=0)
            if k < BANDS:  # more of them would cover each other
                ax.fill_between(x, low, high, color=LINES_OF[k][0], alpha=0.12, linewidth=0)
            colour, style = LINES_OF[k]
            ax.plot(x, middle, color=colour, linewidth=1.8, linestyle=style, label=scenario.replace("_", " "))
    for ax, title in zip(axes, ("Extra public cost of the year", "Cumulated"), strict=True):
        ax.axhline(0.0, color="0.3", linewidth=1.0)
        ax.set_title(title, loc="left", fontsize=11, fontweight="bold")
        ax.set_ylabel("£ billion, prices of 2026-27", fontsize=9.5)
        style_axes(ax)
    axes[0].legend(frameon=False, fontsize=9)
    page.suptitle("Paying for two systems at once", x=0.07, y=0.97, ha="left", fontsize=16, fontweight="bold")
    text = (
        f"Against no change on the same draws; median, and of the first two 90 % of {members} members. "
        "Most effects are assumed."
    )
    page.text(0.07, 0.87, text, fontsize=10, color="0.25")
    return page
