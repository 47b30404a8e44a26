"""Scenarios side by side over the calibrated ensemble, on the same random draws: what differs, and how surely."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from sendcycle import Scenario
from sendcycle.calendar import month_index, month_label
from sendcycle.errors import ResultsError
from sendcycle.outputs.columns import NONE
from sendcycle.outputs.observables import CASH
from sendcycle.outputs.observables import declared as declared_observables
from sendcycle.state.records import LINES
from sendcycle_experiments.analysis import at_a_glance
from sendcycle_experiments.analysis.evidence import LEVELS
from sendcycle_experiments.calibration.ensembles import Ensemble
from sendcycle_experiments.calibration.forecasting import by_year
from sendcycle_experiments.figures.style import FACTORS, PALETTE, position, published_dots, save_figure, style_axes
from sendcycle_experiments.reforms.library import SIZES
from sendcycle_experiments.reforms.programme_cost import beside_the_model, mid_year_prices, programme_money
from sendcycle_experiments.sweeps.columns import columns_of, insert_units, of_outcome, write_outcomes
from sendcycle_experiments.sweeps.csv_files import write_csv
from sendcycle_experiments.sweeps.designs import Design, DesignError
from sendcycle_experiments.sweeps.manifests import reporting
from sendcycle_experiments.sweeps.runner import ProgressCallback, labelled, sweep
from sendcycle_experiments.sweeps.store import Store

# All lines of spending and the programmes beside them, a financial year; million pounds at prices of 2026-27.
PUBLIC_COST = "public_cost"
SUMMED = "public_cost_since_2026"  # that, added up from 2026-27 on
SUMMED_FROM = 2026
REAL_BALANCE = "real_balance"  # the cumulative balance of the block at those prices
ADDED = (PUBLIC_COST, SUMMED, REAL_BALANCE)
OUTCOMES = (
    "plans_in_force", "requests", "appeals_registered", "high_needs_spending", "cumulative_balance", "unmet_need_share",
    "confidence", "within_20_weeks", "pupils_sen_support", "outcome_index", "unmet_need",
)  # fmt: skip
SPENDING = tuple(f"spend_{line}" for line in LINES)
SHOWN = OUTCOMES[:8]
IN_SHORT = ("plans_in_force", "unmet_need_share", "confidence", PUBLIC_COST)
REPORTED = (2030, 2035, 2039)
RUN = ("point", "replicate", "reform_scenario")
TABLE, LEVEL_TABLE, COSTS = "compare.csv", "levels.csv", "programme_money.csv"
PAGE, GLANCE = ("compare.pdf", "compare.png"), ("at_a_glance.pdf", "at_a_glance.png")


def design(
    scenarios: Sequence[Scenario], ensemble: Ensemble, *, scale: float = 0.01, until: str = "2040-08", seed: int = 0,
    more: Sequence[str] = (),
) -> Design:  # fmt: skip
    """Return the runs of a comparison: every member in every scenario, with draws that scenarios share.

    Recorded are `OUTCOMES`, all lines of spending, and `more`.

    Raises
    ------
    DesignError
        If two scenarios have the same name, or what is asked for makes no design.
    """
    if len({scenario.name for scenario in scenarios}) < len(scenarios):
        raise DesignError("two scenarios of a comparison have the same name.")
    years = tuple(range(2014, int(month_label(month_index(until))[:4]) + 1))
    recorded = tuple(dict.fromkeys((*OUTCOMES, *more, *SPENDING)))
    base = Design(
        "compare", outcomes=recorded, years=years, scenarios=tuple(scenarios), scale=scale, until=until,
        seed=seed, constants=ensemble.constants, own_seeds=True,
    )  # fmt: skip
    return ensemble.design(base)


def complete(store: Store, scenarios: Sequence[Scenario]) -> pd.DataFrame:
    """Return the table of a sweep whose members can be paired. Raises ResultsError if a run is missing or failed."""
    table = store.table()
    runs = table.groupby("reform_scenario")["run"].nunique()
    if len(runs) < len(scenarios) or runs.nunique() > 1:
        raise ResultsError(f"{store.folder}: some runs are missing or failed, so members cannot be paired.")
    return table


def outcomes_with_costs(store: Store, scenarios: Sequence[Scenario], more: Sequence[str] = ()) -> pd.DataFrame:
    """Return the outcomes of all runs, and what all of it costs the public.

    Returns
    -------
    pandas.DataFrame
        Columns `point`, `replicate`, `reform_scenario`, `year`, those of `OUTCOMES` and `more`, `PUBLIC_COST` (all
        lines of spending and what reforms cost beside them), `SUMMED` (that of all years from `SUMMED_FROM` on; empty
        where a year of them is not known) and `REAL_BALANCE`, million pounds at prices of 2026-27 of the financial
        year that begins in `year`.

    Raises
    ------
    ResultsError
        If a run is missing or has failed: what is compared must be complete.
    """
    table = complete(store, scenarios)
    beside = pd.concat({s.name: beside_the_model(s).sum(axis=1) for s in scenarios}, names=["reform_scenario"])
    table = table.join(beside.rename("beside"), on=["reform_scenario", "year"])
    level = mid_year_prices(table["year"])
    table[PUBLIC_COST] = (table[list(SPENDING)].sum(axis=1, skipna=False) + table["beside"].fillna(0.0)) / level
    table[REAL_BALANCE] = table["cumulative_balance"] / level
    table = table.sort_values("year", kind="stable")
    later = table[PUBLIC_COST].where(table["year"] >= SUMMED_FROM)
    table[SUMMED] = later.groupby([table[name] for name in RUN]).cumsum()
    found = dict.fromkeys((*RUN, "year", *OUTCOMES, *more, PUBLIC_COST, SUMMED, REAL_BALANCE))
    return table[list(found)].sort_index()


def outcomes_by_size(
    scenarios_of: Callable[[float], Sequence[Scenario]], ensemble: Ensemble, folder: Path, *, scale: float,
    until: str = "2040-08", seed: int = 0, more: Sequence[str] = (), scheduler: str | None = None,
    workers: int | None = None, progress: ProgressCallback | None = None,
) -> tuple[pd.DataFrame, dict[str, Any]]:  # fmt: skip
    """Run members in scenarios whose reforms have another size from member to member; return `outcomes_with_costs`.

    A third of the members is run with each of `SIZES`: how much reforms achieve is uncertain as the rest is. Resumes
    what the folder holds.

    Parameters
    ----------
    scenarios_of
        Returns the scenarios for a size.

    Returns
    -------
    table, manifests
        `point` counts the members of the ensemble; `size` says with what size each was run. Manifests by size.
    """
    tables, manifests = [], {}
    designs = designs_by_size(scenarios_of, ensemble, scale=scale, until=until, seed=seed, more=more)
    for k, (size, planned) in enumerate(designs.items()):
        name = f"size_{size:g}"
        store = sweep(
            planned, folder / name, resume=True, scheduler=scheduler, workers=workers,
            progress=labelled(progress, name),
        ).store  # fmt: skip
        table = outcomes_with_costs(store, planned.scenarios, more)
        tables.append(table.assign(point=table["point"] * len(SIZES) + k, size=size))
        manifests[name] = store.brief()
    return pd.concat(tables, ignore_index=True), manifests


def designs_by_size(
    scenarios_of: Callable[[float], Sequence[Scenario]], ensemble: Ensemble, *, scale: float, until: str = "2040-08",
    seed: int = 0, more: Sequence[str] = (),
) -> dict[float, Design]:  # fmt: skip
    """Return the runs of `outcomes_by_size`, by size: no two members have the same seed."""
    n = len(ensemble.members)
    return {
        size: design(
            scenarios_of(size), ensemble.every(len(SIZES), k), scale=scale, until=until, seed=seed + k * n, more=more
        )
        for k, size in enumerate(SIZES[:n])
    }


def differences(table: pd.DataFrame, first: str) -> pd.DataFrame:
    """Return differences from the first scenario, member by member on the same draws.

    Parameters
    ----------
    table
        As `outcomes_with_costs` returns it.

    Returns
    -------
    pandas.DataFrame
        Columns `reform_scenario`, `outcome`, `year`, `median`, `q05`, `q95` of the difference in the outcome's unit
        over members, `relative` (median of the difference over the size of the first scenario's figure), and `lower`
        (share of members in which it is lower than under the first scenario).
    """
    kept = table.drop(columns="size", errors="ignore")
    long = kept.melt(id_vars=["point", "replicate", "reform_scenario", "year"], var_name="outcome").dropna(
        subset="value"
    )
    base = long[long["reform_scenario"] == first].drop(columns="reform_scenario").rename(columns={"value": "base"})
    pairs = long[long["reform_scenario"] != first].merge(base, on=["point", "replicate", "year", "outcome"])
    pairs["gap"] = pairs["value"] - pairs["base"]
    pairs["relative"] = (pairs["gap"] / pairs["base"].abs()).where(pairs["base"] != 0.0)
    pairs["lower"] = pairs["gap"] < 0.0
    groups = pairs.groupby(["reform_scenario", "outcome", "year"], sort=False)
    found = groups["gap"].quantile(np.asarray(LEVELS)).unstack()
    found.columns = pd.Index(["q05", "median", "q95"])
    found = found.join(groups.agg(relative=("relative", "median"), lower=("lower", "mean"))).reset_index()
    return found[["reform_scenario", "outcome", "year", "median", "q05", "q95", "relative", "lower"]]


def levels(table: pd.DataFrame) -> pd.DataFrame:
    """Return quantiles over members of a table as `outcomes_with_costs` returns it.

    Returns
    -------
    pandas.DataFrame
        Columns `reform_scenario`, `outcome`, `year` and the quantiles `q05`, `q25`, `q50`, `q75` and `q95`, in the unit
        that `unit_of` gives.
    """
    rows = []
    for name in (*OUTCOMES, PUBLIC_COST, SUMMED):
        for scenario, part in table.groupby("reform_scenario", sort=False):
            wide = part.pivot(index=["point", "replicate"], columns="year", values=name)
            rows.append(by_year(wide).assign(reform_scenario=scenario, outcome=name))
    found = pd.concat(rows, ignore_index=True)
    return found[["reform_scenario", "outcome", *found.columns.drop(["reform_scenario", "outcome"])]]


def unit_of(outcome: str) -> str:
    """Return the unit in which an outcome is stored, with the price base of money that is not cash."""
    column = of_outcome(outcome)
    return column.unit if column.prices in (NONE, CASH) else f"{column.unit}, {column.prices}"


def summary(table: pd.DataFrame, names: Sequence[str], years: Sequence[int]) -> pd.DataFrame:
    """Return differences for the terminal: a row an outcome and year, a column a scenario, in the units of figures."""
    here = table[table["year"].isin(years) & table["outcome"].isin(names)]
    rows: dict[tuple[str, int], dict[str, str]] = {}
    row: Any
    for row in here.itertuples():
        factor, unit = FACTORS.get(row.outcome) or (1.0, unit_of(row.outcome))
        label = declared_observables().observables[row.outcome].label if row.outcome not in ADDED else row.outcome
        words = f"{label.replace('_', ' ')}, {'percentage points' if unit == 'percent' else unit}"
        cell = with_ends(*(abs(factor) * value for value in (row.median, row.q05, row.q95)))
        rows.setdefault((row.outcome, row.year), {"difference in": words, "year": str(row.year)})[
            row.reform_scenario
        ] = cell
    order = [(name, year) for name in names for year in sorted(years)]
    return pd.DataFrame([rows[at] for at in order if at in rows])


def with_ends(middle: float, low: float, high: float) -> str:
    """Return a difference with its interval in words, to three figures of the largest of the three."""
    largest = max(abs(middle), abs(low), abs(high))
    digits = 2 if largest == 0.0 else max(0, min(3, 2 - math.floor(math.log10(largest))))
    return f"{middle:+,.{digits}f} ({low:+,.{digits}f} to {high:+,.{digits}f})"


def figure(table: pd.DataFrame, scenarios: Sequence[str], members: int) -> Figure:
    """Return a panel an outcome: published points, medians of all scenarios, the band of the first."""
    page = Figure(figsize=(15.0, 8.6))
    page.subplots_adjust(left=0.05, right=0.985, top=0.85, bottom=0.09, wspace=0.24, hspace=0.32)
    palette = ("0.25", *PALETTE)
    styles = ("-", "--", "-.", ":")
    known = declared_observables().observables
    for ax, name in zip(page.subplots(2, 4).flat, SHOWN, strict=True):
        observable = known[name]
        factor, unit = FACTORS.get(name, (1.0, observable.unit))
        for k, scenario in enumerate(scenarios):
            rows = table[(table["outcome"] == name) & (table["reform_scenario"] == scenario)].sort_values("year")
            x = position(observable, rows["year"])
            if k == 0:
                ax.fill_between(x, factor * rows["q05"], factor * rows["q95"], color="0.88", linewidth=0)
            ax.plot(
                x, factor * rows["q50"], color=palette[k % len(palette)], linewidth=1.7,
                linestyle=styles[k // len(palette)], label=scenario.replace("_", " "),
            )  # fmt: skip
        x, y = published_dots(observable)
        ax.plot(x, factor * y, "o", color="0.1", markersize=3)
        if observable.unit != "pounds" and name != "cumulative_balance":
            ax.set_ylim(bottom=0.0)
        ax.set_title(observable.label[:1].upper() + observable.label[1:], loc="left", fontsize=10, fontweight="bold")
        ax.set_ylabel(unit, fontsize=9)
        style_axes(ax)
    page.suptitle("What reform changes, and what the model is sure of", x=0.05, y=0.975, ha="left", fontsize=16,
                  fontweight="bold")  # fmt: skip
    handles, labels = page.axes[0].get_legend_handles_labels()
    page.legend(handles, labels, loc="upper left", bbox_to_anchor=(0.045, 0.94), ncols=min(len(labels), 7),
                frameon=False, fontsize=10)  # fmt: skip
    words = (
        f"Medians over {members} members of the calibrated ensemble; grey: 90 % of the members under "
        f"{scenarios[0].replace('_', ' ')}. Same random draws in all scenarios. Sizes of most reforms are assumptions."
    )
    page.text(0.05, 0.02, words, fontsize=9.5, color="0.25")
    return page


def write_report(store: Store, scenarios: Sequence[Scenario], ensemble: Ensemble, folder: Path) -> pd.DataFrame:
    """Write differences, levels, programme money, both figures and a manifest; return the differences."""
    names = [scenario.name for scenario in scenarios]
    found = outcomes_with_costs(store, scenarios)
    table, quantiles = differences(found, names[0]), levels(found)
    money = pd.concat({s.name: programme_money(s) for s in scenarios}, names=["reform_scenario"])
    yearly = money.groupby(["reform_scenario", money.index.get_level_values("month").str[:4]], sort=False).sum()
    about = {"ensemble": ensemble.name, "about": ensemble.about, "scenarios": names, **store.manifest()}
    with reporting(folder, about):
        write_outcomes(table, folder / TABLE, float_format="%.6g")
        write_outcomes(quantiles, folder / LEVEL_TABLE, float_format="%.6g")
        yearly = yearly.rename_axis(["reform_scenario", "year"]).reset_index()
        money_of = columns_of(COSTS, ["posts"])["posts"]
        yearly = insert_units(yearly, "year", [money_of] * len(yearly))
        write_csv(yearly, folder / COSTS, index=False, float_format="%.4g")
        page = figure(quantiles, names, len(ensemble.members))
        save_figure(page, [folder / name for name in PAGE], "sendcycle: scenarios compared", ", ".join(names))
        for name in GLANCE:
            (folder / name).unlink(missing_ok=True)  # of an earlier comparison
        if (table["year"] == at_a_glance.YEAR).any():
            page = at_a_glance.figure(quantiles, table, names, len(ensemble.members))
            save_figure(page, [folder / name for name in GLANCE], "sendcycle: what reform may change", ", ".join(names))
    return table
