"""e11: a dated forecast from the ensemble of the present, without reform, beside what others have published.

It is written so that it can be checked: England from 2025 on, and the authorities whose rows after 2022 are kept back.
"""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from sendcycle.calendar import month_index
from sendcycle.inputs.data_files import data_file
from sendcycle.inputs.published import of_observable
from sendcycle.outputs.observables import declared as declared_observables
from sendcycle_experiments.calibration.ensembles import Ensemble
from sendcycle_experiments.calibration.forecasting import LEVELS, by_year
from sendcycle_experiments.calibration.identifiability import posterior, what_unseen_parameters_decide
from sendcycle_experiments.figures.style import COLOURS, FACTORS, LAST_POINT, position, save_figure, style_axes
from sendcycle_experiments.studies import registry
from sendcycle_experiments.studies.e02_backtest import member_design
from sendcycle_experiments.studies.e11_forecast import predictions
from sendcycle_experiments.studies.study import Context, Findings
from sendcycle_experiments.sweeps.columns import with_prices, write_outcomes
from sendcycle_experiments.sweeps.csv_files import write_csv
from sendcycle_experiments.sweeps.designs import Design, DesignError
from sendcycle_experiments.sweeps.manifests import reporting
from sendcycle_experiments.sweeps.progress import steps_bar
from sendcycle_experiments.sweeps.store import Store

MORE = ("cumulative_balance", "cumulative_deficit", "pupils_with_plan_share", "unmet_need_share", "confidence")
TABLE, BESIDE, AUTHORITIES = "forecast.csv", "beside_others.csv", "authorities.csv"
CHECK, UNSEEN = "authorities_check.csv", "unseen.csv"
DECIDED = (("plans_in_force", 2035), ("requests", 2030), ("high_needs_spending", 2035), ("unmet_need_share", 2035))
STRONGEST = 15  # parameters shown of each outcome
PAGE = ("forecast.pdf", "forecast.png")
SHORTEST = "2026-03"  # a forecast holds a year of every series at least
SHOWN = (
    "plans_in_force", "requests", "new_plans", "pupils_sen_support", "within_20_weeks", "appeals_registered",
    "high_needs_spending", "cumulative_deficit",
)  # fmt: skip
SERIES_OF_OTHERS = {"high_needs_spend": "high_needs_spending"}


def run(sizes: registry.Forecast, context: Context) -> Findings:
    """Run the members, predict the authorities kept back if asked for, and write tables and the figure."""
    if month_index(sizes.until) < month_index(SHORTEST):
        raise DesignError(f"a forecast ends in {SHORTEST} or later, not in {sizes.until}.")
    whole = context.ensemble()
    chosen = whole.first(sizes.members)
    store = context.sweep(design(chosen, sizes.scale, sizes.until), "runs")
    local, check = predict_authorities(chosen, sizes.authorities)
    write_report(store, chosen, whole, context.folder, local, check)
    return Findings((), "forecast, what others say and the figure")


def predict_authorities(ensemble: Ensemble, members: int) -> tuple[pd.DataFrame | None, pd.DataFrame | None]:
    """Run members at full scale; return predictions of the authorities kept back, and a check on all others."""
    if not members:
        return None, None
    wanted = min(members, len(ensemble.members))
    tables = []
    with steps_bar("members at full scale") as advance:
        for k in range(wanted):
            tables.append(predictions.local_years(predictions.member_run(ensemble, k)))
            advance(k + 1, wanted)
    return predictions.of_authorities(tables, predictions.held_back()), predictions.check_of_authorities(tables)


def design(ensemble: Ensemble, scale: float, until: str) -> Design:
    """Return the runs of a forecast: every member once."""
    return member_design(ensemble, "forecast", until, scale, more=MORE)


def forecast(store: Store, last_year: int) -> pd.DataFrame:
    """Return quantiles of every series by year.

    Returns
    -------
    pandas.DataFrame
        Columns `pattern`, `year`, `last_year`, `last_published`, `q05` to `q95`. Series that were published start from
        their last figure (see `forecasting`); for the others, and for balances, quantiles are over members alone.
    """
    runs = store.table()
    rows = [predictions.of_england(runs, last_year)]
    for name in MORE:
        wide = runs.pivot(index="point", columns="year", values=name)
        table = by_year(wide).assign(pattern=name, last_year=np.nan, last_published=np.nan)
        rows.append(table[table["year"] >= 2025])
    columns = ["pattern", "year", "last_year", "last_published", *(f"q{round(100 * level):02d}" for level in LEVELS)]
    return pd.concat(rows, ignore_index=True)[columns]


def beside_others(table: pd.DataFrame) -> pd.DataFrame:
    """Return every published forecast of others with what the model says of that series and year.

    Columns `pattern` and `model_year` say with what it is compared: deficits at March of a year end the financial year
    that began the year before, and the million of DfE for the NAO is one of plans, not of pupils: it sets out "from
    518,000 plans in 2022/23", which is January 2023, and so ends in January 2033. CCN's spending "by the end of the
    Parliament" is that of 2028-29.
    """
    with data_file("forecasts.csv").open(encoding="utf-8") as handle:
        others = pd.read_csv(handle)
    plans = others["source"] == "DfE for NAO"
    others["pattern"] = others["series"].replace(SERIES_OF_OTHERS).mask(plans, "plans_in_force")
    of_parliament = others["source"].str.startswith("CCN") & (others["series"] == "high_needs_spend")
    shift = ((others["series"] == "cumulative_deficit") | of_parliament).astype(int)
    others["model_year"] = others["year"] - shift + plans.astype(int)
    renamed = table.rename(columns={"year": "model_year"})
    merged = others.merge(renamed, on=["pattern", "model_year"], how="left")
    columns = [
        "source",
        "made",
        "series",
        "year",
        "value",
        "unit",
        "pattern",
        "model_year",
        "q05",
        "q50",
        "q95",
        "note",
    ]
    return merged[columns]


def what_is_not_seen(store: Store, ensemble: Ensemble, whole: Ensemble) -> pd.DataFrame:
    """Return the parameters that go with later outcomes over the members, and whether figures have narrowed them.

    Whether they have is read off the whole ensemble, of which those run are a part. Outcomes that lie after the end of
    the forecast are left out; columns are those of `identifiability.what_unseen_parameters_decide`.
    """
    wide = store.table().pivot(index="point", columns="year", values=[name for name, _ in DECIDED])
    wide = wide.reindex(range(len(ensemble.members)))  # a member whose run failed keeps its place
    there = [(name, year) for name, year in DECIDED if (name, year) in wide and wide[(name, year)].notna().any()]
    outcomes = pd.DataFrame({f"{name} {year}": wide[(name, year)] for name, year in there})
    seen = posterior(whole).set_index("parameter")["seen"]
    return what_unseen_parameters_decide(ensemble, outcomes, seen).groupby("outcome", sort=False).head(STRONGEST)


def write_report(
    store: Store, ensemble: Ensemble, whole: Ensemble, folder: Path, authorities: pd.DataFrame | None = None,
    check: pd.DataFrame | None = None,
) -> pd.DataFrame:  # fmt: skip
    """Write the forecast, what others say, predictions of authorities and their check, the figure and a manifest."""
    manifest = store.manifest()
    last_year = int(manifest["design"]["until"][:4])
    table = forecast(store, last_year)
    made = datetime.now(UTC).date().isoformat()
    about = {"made": made, "ensemble": ensemble.name, "about": ensemble.about, "runs": manifest["design"],
             "model": manifest["model"]}  # fmt: skip
    with reporting(folder, about):
        write_outcomes(table, folder / TABLE, by="pattern", float_format="%.6g")
        write_csv(with_prices(beside_others(table), "pattern"), folder / BESIDE, index=False, float_format="%.6g")
        for name, part, digits in ((AUTHORITIES, authorities, "%.6g"), (CHECK, check, "%.4g")):
            (folder / name).unlink(missing_ok=True)  # of an earlier forecast
            if part is not None:
                write_outcomes(part, folder / name, by="series", float_format=digits)
        write_csv(what_is_not_seen(store, ensemble, whole), folder / UNSEEN, index=False, float_format="%.4g")
        page = fans(table, made, ensemble)
        save_figure(page, [folder / name for name in PAGE], f"sendcycle: forecast made {made}", ensemble.name)
    return table


def fans(table: pd.DataFrame, made: str, ensemble: Ensemble) -> Figure:
    """Return a panel a series: published points, the forecast's bands, and what others have said."""
    known = declared_observables().observables
    others = beside_others(table)
    page = Figure(figsize=(15.0, 8.6))
    page.subplots_adjust(left=0.05, right=0.985, top=0.87, bottom=0.1, wspace=0.22, hspace=0.32)
    for ax, name in zip(page.subplots(2, 4).flat, SHOWN, strict=True):
        observable = known[name]
        rows = table[table["pattern"] == name].sort_values("year")
        factor, unit = FACTORS.get(name, (1.0, observable.unit))
        factor = abs(factor)  # deficits are shown upward here
        x = position(observable, rows["year"])
        ax.fill_between(x, factor * rows["q05"], factor * rows["q95"], color=COLOURS[0], alpha=0.2, linewidth=0)
        ax.fill_between(x, factor * rows["q25"], factor * rows["q75"], color=COLOURS[0], alpha=0.35, linewidth=0)
        ax.plot(x, factor * rows["q50"], color=COLOURS[0], linewidth=1.8)
        series = of_observable(observable)
        there = position(observable, series.index)
        ax.plot(
            there[there <= LAST_POINT + 1e-6],
            factor * series[there <= LAST_POINT + 1e-6],
            "o",
            color="0.15",
            markersize=4,
        )
        said = others[others["pattern"] == name]
        ax.plot(position(observable, said["model_year"]), factor * said["value"], "D", color=COLOURS[1], markersize=5)
        ax.set_ylim(bottom=0.0)
        ax.set_title(observable.label[:1].upper() + observable.label[1:], loc="left", fontsize=10, fontweight="bold")
        ax.set_ylabel(unit, fontsize=9)
        style_axes(ax)
    title = f"England’s special-needs system without reform: forecast made {made}"
    page.suptitle(title, x=0.05, y=0.98, ha="left", fontsize=16, fontweight="bold")
    keys = [
        Line2D([], [], color="0.15", marker="o", linestyle="none", label="published, to January 2025"),
        Line2D([], [], color=COLOURS[0], linewidth=1.8, label="median"),
        Patch(color=COLOURS[0], alpha=0.3, label=f"50 and 90 % of {len(ensemble.members)} members and errors"),
        Line2D([], [], color=COLOURS[1], marker="D", linestyle="none", label="forecasts of others"),
    ]
    page.legend(handles=keys, loc="upper left", bbox_to_anchor=(0.045, 0.95), ncols=4, frameon=False, fontsize=10)
    words = (
        f"Ensemble {ensemble.name}. No reform, announced or not, acts; the settlement follows spending after 2025-26. "
        "What the priors, the rules and the declared discrepancies do not hold is not in the bands."
    )
    page.text(0.05, 0.025, words, fontsize=9.5, color="0.25")
    return page
