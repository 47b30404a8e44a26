"""e01: the baseline from 2014 to 2040 without reform, as fan charts beside the published series.

Two things spread here. Stochastic variability: the same parameters, other random draws and other neighbourhoods. And
parameter uncertainty: every parameter with a prior drawn from the tenth of its prior around its default. That width is
a convention, not a posterior: it shows how fast small uncertainties add up, until calibration says what the data allow.
"""

import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from sendcycle.errors import ResultsError
from sendcycle.inputs.parameters import Parameter, Prior, declared
from sendcycle.inputs.published import of_observable
from sendcycle.outputs import observables
from sendcycle.outputs.observables import Observable
from sendcycle_experiments.figures.style import COLOURS, FACTORS, LAST_POINT, position, save_figure, style_axes
from sendcycle_experiments.studies.registry import BaselineFan
from sendcycle_experiments.studies.study import Context, Findings
from sendcycle_experiments.sweeps.columns import write_outcomes
from sendcycle_experiments.sweeps.designs import Design, shares_of
from sendcycle_experiments.sweeps.manifests import reporting
from sendcycle_experiments.sweeps.store import FAILURES, Store

NAMES = (
    "plans_in_force", "requests", "new_plans", "within_20_weeks", "pupils_sen_support", "appeals_registered",
    "high_needs_spending", "cumulative_balance", "plans_in_special_share", "unmet_need_share", "confidence",
    "psychologist_hours_statutory",
)  # fmt: skip
WIDTH = 0.1  # share of each prior, around the default, within which parameters are drawn
LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
SHORTER = {  # titles of panels whose label is too long
    "cumulative_balance": "Balance of the high-needs block",
    "psychologist_hours_statutory": "Psychologists’ statutory hours",
}
CHANCE, NUMBERS = "chance", "numbers"
TABLE = "fan.csv"
FIGURE = ("fan.pdf", "fan.png")
FOOTNOTE = (
    "Parameter uncertainty: every parameter with a prior is drawn from the tenth of its prior around its default, with "
    "the same random draws.\nThat width is a convention, not a posterior: the bands are no forecast intervals. "
    "After the last point the lines show what the assumptions imply if nothing changes."
)


def around_default(parameter: Parameter, width: float = WIDTH) -> Prior:
    """Return the part of a parameter's prior that lies within half of `width`, a share of it, around its default."""
    prior = parameter.prior
    middle = float(shares_of(prior, np.asarray([parameter.default]))[0])
    low = float(np.clip(middle - width / 2.0, 0.0, 1.0 - width))
    return Prior("uniform", prior.quantile(low), prior.quantile(low + width))


def run(sizes: BaselineFan, context: Context) -> Findings:
    """Run both designs, and write the table, the figure and the manifest."""
    stores = {spread: context.sweep(design, design.name) for spread, design in designs(sizes).items()}
    write_report(stores, context.folder)
    return Findings((), "fan charts, their table and the runs")


def designs(sizes: BaselineFan) -> dict[str, Design]:
    """Return the two designs: `CHANCE` at the defaults, and `NUMBERS` with every parameter that has a prior drawn.

    All runs of the second share one seed, so that stochastic variability does not widen its bands.
    """
    common: dict[str, Any] = {
        "outcomes": NAMES, "years": sizes.years, "scale": sizes.scale, "until": sizes.until, "seed": sizes.seed,
    }  # fmt: skip
    drawn = {name: around_default(p) for name, p in declared().items() if p.prior.dist != "none" and p.kind == "real"}
    return {
        CHANCE: Design(f"e01_{CHANCE}", sampler="defaults", replicates=sizes.replicates, **common),
        NUMBERS: Design(f"e01_{NUMBERS}", drawn, n=sizes.n, **common),
    }


def fan(stores: dict[str, Store]) -> pd.DataFrame:
    """Return, by what spreads, outcome and year, quantiles over runs and the published value.

    Returns
    -------
    pandas.DataFrame
        Columns `spread`, `outcome`, `year`, `runs`, `q05` to `q95` (see `LEVELS`), `published` (NaN where there is
        none up to January 2025).

    Raises
    ------
    ResultsError
        If every run of a design failed.
    """
    tables = []
    for spread, store in stores.items():
        if store.outcomes().empty:
            raise ResultsError(f"every run of '{spread}' failed; {store.folder / FAILURES} says with what error.")
        long = store.outcomes().melt(id_vars=["run", "year"], var_name="outcome").dropna(subset="value")
        by = long.groupby(["outcome", "year"])["value"]
        table = by.quantile(np.asarray(LEVELS)).unstack()
        table.columns = pd.Index([f"q{round(100 * level):02d}" for level in LEVELS])
        tables.append(table.assign(runs=by.size(), spread=spread).reset_index())
    points = pd.concat([published_points(name) for name in NAMES])
    merged = pd.concat(tables, ignore_index=True).merge(points, on=["outcome", "year"], how="left")
    columns = ["spread", "outcome", "year", "runs", *[c for c in map(str, merged) if c.startswith("q")], "published"]
    return merged[columns]


def published_points(name: str) -> pd.DataFrame:
    """Return the published years of an observable up to January 2025: `outcome`, `year`, `published` in its unit."""
    observable = observables.declared().observables[name]
    series = of_observable(observable)
    series = series[position(observable, series.index) <= LAST_POINT + 1e-6]
    return pd.DataFrame({"outcome": name, "year": series.index.astype(int), "published": series.to_numpy()})


def write_report(stores: dict[str, Store], folder: Path) -> pd.DataFrame:
    """Write `fan.csv`, the figure and a manifest; return the table."""
    table = fan(stores)
    manifests = {name: store.manifest() for name, store in stores.items()}
    words = ", ".join(f"{name} code {manifest['model']['code'][:12]}" for name, manifest in manifests.items())
    design = manifests[NUMBERS]["design"]
    with reporting(folder, {"runs": manifests}):
        write_outcomes(table, folder / TABLE, float_format="%.6g")
        failed = sum(manifest["failed"] for manifest in manifests.values())
        sample = f"{100 * design['scale']:g} % of England" + f"; {failed} runs failed and are left out" * (failed > 0)
        figure = fan_charts(table, sample)
        save_figure(figure, [folder / name for name in FIGURE], "sendcycle e01: baseline fan", words)
    return table


def fan_charts(table: pd.DataFrame, sample: str) -> Figure:
    """Return a panel an outcome: medians, bands of 50 and 90 % of runs, and published points."""
    known = observables.declared().observables
    figure = Figure(figsize=(16.5, 11.7))
    figure.subplots_adjust(left=0.045, right=0.985, top=0.87, bottom=0.095, wspace=0.2, hspace=0.32)
    for ax, name in zip(figure.subplots(3, 4).flat, NAMES, strict=True):
        _draw(ax, table[table["outcome"] == name], known[name])
    last = int(table["year"].max())
    figure.suptitle(
        f"England’s special-needs system, 2014 to {last}, no reform: how far runs spread", x=0.045, y=0.98, ha="left",
        fontsize=17, fontweight="bold",
    )  # fmt: skip
    runs = table.groupby("spread")["runs"].max()
    keys = [
        Line2D([], [], color=COLOURS[0], linewidth=2, label="median, stochastic variability"),
        Line2D([], [], color=COLOURS[1], linewidth=2, label="median, parameter uncertainty"),
        Patch(color=COLOURS[0], alpha=0.45, label=f"90 % of {runs[CHANCE]} runs: stochastic variability"),
        Patch(color=COLOURS[1], alpha=0.35, label=f"50 % and 90 % of {runs[NUMBERS]} runs: parameter uncertainty"),
        Line2D([], [], color="0.15", marker="o", linestyle="none", label="published, to January 2025"),
    ]
    figure.legend(
        handles=keys, loc="upper left", bbox_to_anchor=(0.04, 0.958), ncols=len(keys), frameon=False, fontsize=11
    )
    figure.text(0.045, 0.022, f"{sample}. {FOOTNOTE}", fontsize=9.5, color="0.25", linespacing=1.5)
    return figure


def _title(name: str, label: str) -> str:
    label = SHORTER.get(name, label)
    return textwrap.shorten(label[:1].upper() + label[1:], 38, placeholder=" …")


def _draw(ax: Axes, table: pd.DataFrame, observable: Observable) -> None:
    factor, unit = FACTORS[observable.name]
    for spread, colour, bands in (
        (NUMBERS, COLOURS[1], (("q05", "q95", 0.2), ("q25", "q75", 0.25))),
        (CHANCE, COLOURS[0], (("q05", "q95", 0.45),)),
    ):
        rows = table[table["spread"] == spread].sort_values("year")
        x = position(observable, rows["year"])
        for low, high, alpha in bands:
            ax.fill_between(x, rows[low] * factor, rows[high] * factor, color=colour, alpha=alpha, linewidth=0)
        ax.plot(x, rows["q50"] * factor, color=colour, linewidth=1.8)
    ax.plot(x, rows["published"] * factor, linestyle="none", marker="o", markersize=4.5, color="0.15")
    ax.set_xlim(2013.8, float(table["year"].max()) + 1.2)
    ax.axvline(LAST_POINT, color="0.7", linewidth=0.8, linestyle=":")
    if (table["q05"] < 0.0).any():
        ax.axhline(0.0, color="0.4", linewidth=0.8)
    else:
        ax.set_ylim(bottom=0.0)
    ax.set_title(_title(observable.name, observable.label), loc="left", fontsize=11, fontweight="bold")
    ax.set_ylabel(unit, fontsize=10)
    style_axes(ax)
