"""Does it look like England? Every pattern at its level, scored for a run or an ensemble.

The nation over time is scored by the median over members; spread between authorities and gradients between children
are read from runs at full scale, because a sample of neighbourhoods adds a spread of its own.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sendcycle.errors import ResultsError
from sendcycle.inputs.data_files import data_file
from sendcycle.inputs.published import published_series
from sendcycle.outputs.results import Result
from sendcycle_experiments.calibration.patterns import SEAL, complete_by, declared_patterns, nation_patterns
from sendcycle_experiments.sweeps.csv_files import write_csv
from sendcycle_experiments.sweeps.manifests import reporting

GOOD_FIT = 0.05  # median absolute relative error of a headline series


def nation_scores(years: pd.DataFrame, until: str) -> pd.DataFrame:
    """Return how far the series of England are from the published ones.

    Parameters
    ----------
    years
        A row a year (index), a column an observable: the median over members, or one run.
    until
        Month, YYYY-MM: figures that were complete by then count.

    Returns
    -------
    pandas.DataFrame
        A row a pattern: `level`, `pattern`, `headline`, `figures`, `error` (median absolute relative), `bias` (median
        relative), `standardised` (root mean square of the errors over what is allowed), `met` (headlines: `error` at
        most 5 %; else NaN).
    """
    rows = []
    for pattern in nation_patterns():
        series = complete_by(pattern.name, until)
        counted = [year for year in series.index if year >= pattern.first_year and year in years.index]
        relative = (years.loc[counted, pattern.name] / series.loc[counted] - 1.0).to_numpy(dtype=float)
        allowed = np.hypot(pattern.error, pattern.discrepancy)
        standardised = float(np.sqrt(np.mean((np.log1p(relative) / allowed) ** 2)))
        error, bias = float(np.median(np.abs(relative))), float(np.median(relative))
        met = error <= GOOD_FIT if pattern.headline else np.nan
        rows.append(("nation", pattern.name, pattern.headline, len(counted), error, bias, standardised, met))
    columns = ["level", "pattern", "headline", "figures", "error", "bias", "standardised", "met"]
    return pd.DataFrame(rows, columns=columns)


# ---------------------------------------------------------------------- authorities


def published_authorities() -> pd.DataFrame:
    """Return the published rows of authorities, indexed by code and year; columns as docs/data.md says."""
    with data_file("authorities.csv").open(encoding="utf-8") as handle:
        return pd.read_csv(handle).set_index(["la_code", "year"])


def authority_years(result: Result) -> pd.DataFrame:
    """Return, by authority and year, plans in January, and of calendar years what is refused and within 20 weeks.

    Returns
    -------
    pandas.DataFrame
        Index `la_code`, `year`; columns `plans` (number), `refused` (share of requests, 0 to 1) and `on_time` (percent
        of new plans).
    """
    table = result.authorities.assign(
        year=result.authorities["month"].dt.year,
        on_time=result.authorities["within_20_weeks"] * result.authorities["new_plans"],
    )
    january = table[table["month"].dt.month == 1].set_index(["la_code", "year"])["plans_in_force"]
    flows = table.groupby(["la_code", "year"])[["requests", "requests_refused", "new_plans", "on_time"]].sum()
    refused, on_time = flows["requests_refused"] / flows["requests"], flows["on_time"] / flows["new_plans"]
    return pd.DataFrame({"plans": january, "refused": refused, "on_time": on_time})


def _published_years() -> pd.DataFrame:
    table = published_authorities()
    return pd.DataFrame(
        {
            "plans": table["plans_in_force"],
            "refused": table["requests_refused"] / table["requests"],
            "on_time": table["within_20_weeks"],
        }
    )


def spread(values: pd.Series) -> float:
    """Return the coefficient of variation."""
    values = values[np.isfinite(values)]
    return float(values.std() / values.mean())


def authority_scores(result: Result) -> pd.DataFrame:
    """Return spreads between authorities and the correlation of growth, modelled and published.

    Returns
    -------
    pandas.DataFrame
        Columns `level`, `pattern`, `year`, `model`, `published`, `met` (as near to the published spread as declared;
        growth correlated at the declared least; of gradients, within twice the declared errors).
    """
    modelled, published = authority_years(result), _published_years()
    with data_file("authorities_start.csv").open(encoding="utf-8") as handle:
        people = pd.read_csv(handle).set_index("la_code")["population_2_to_18"]
    kinds = {"plan_rate_spread": "plans", "refusal_spread": "refused", "timeliness_spread": "on_time"}
    rows = []
    for pattern, entry in declared_patterns()["authorities"].items():
        for year in entry["years"]:
            if pattern == "growth_correlation":
                grown = [np.log(t["plans"].xs(year, level="year") / t["plans"].xs(2015, level="year")) for t in
                         (modelled, published)]  # fmt: skip
                both = pd.concat([pd.Series(one) for one in grown], axis=1, keys=("model", "published")).dropna()
                value = float(both["model"].corr(both["published"]))
                rows.append(("authorities", pattern, year, value, np.nan))
                continue
            both = pd.concat(
                [t[kinds[pattern]].xs(year, level="year") for t in (modelled, published)], axis=1,
                keys=("model", "published"),
            ).dropna()  # fmt: skip
            if pattern == "plan_rate_spread":
                both = both.div(people, axis=0).dropna()
            model, there = spread(both["model"]), spread(both["published"])
            rows.append(("authorities", pattern, year, model, there))
    return _with_met(pd.DataFrame(rows, columns=["level", "pattern", "year", "model", "published"]))


def _with_met(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with a column `met`: whether the model is as near to the published figure as declared."""
    met = []
    row: Any
    for row in table.itertuples():
        entry = declared_patterns()[str(row.level)][str(row.pattern)]
        if "least" in entry:
            met.append(bool(row.model >= entry["least"]))
        elif "within" in entry:
            met.append(bool(abs(row.model / row.published - 1.0) <= entry["within"]))
        else:
            allowed = 2.0 * np.hypot(entry["error"], entry["discrepancy"])
            met.append(bool(abs(np.log(row.model / row.published)) <= allowed))
    return table.assign(met=met)


# ---------------------------------------------------------------------- children


def children_scores(result: Result) -> pd.DataFrame:
    """Return gradients between children, modelled and published: columns as those of `authority_scores`.

    Odds are compared, because free school meals have become more frequent everywhere with transitional protection.
    `model` and `published` are odds of free school meals over those of all children.

    Raises
    ------
    ResultsError
        If the sample holds no pupils for a pattern.
    """
    table = result.breakdowns
    at_school = ("early_years", "mainstream", "unit", "state_special", "independent_special", "alternative")
    rows = []
    for pattern, entry in declared_patterns()["children"].items():
        some, every = (published_series(name) for name in entry["published"])
        for year in entry["years"]:
            january = table[table["month"].astype(str).str.startswith(f"{year}-01")]
            chosen = january[january["setting"].isin(at_school) & january["label"].isin(entry["labels"])]
            if chosen.empty:
                raise ResultsError(f"the sample holds no pupils for {pattern}: take a larger scale.")
            share = np.average(chosen["disadvantaged"].astype(float), weights=chosen["children"])
            model = share / (1.0 - share) / _odds_of_all()
            there = _odds(some[year]) / _odds(every[year])
            rows.append(("children", pattern, year, model, there))
    return _with_met(pd.DataFrame(rows, columns=["level", "pattern", "year", "model", "published"]))


def _odds(percent: float) -> float:
    return float(percent / (100.0 - percent))


def _odds_of_all() -> float:
    """Return the odds of free school meals of all children simulated, with and without need, as they were built."""
    with data_file("authorities_start.csv").open(encoding="utf-8") as handle:
        rows = pd.read_csv(handle)
    return _odds(float(np.average(rows["fsm_pct"], weights=rows["population_2_to_18"])))


def median_scores(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return the tables of `authority_scores` or `children_scores` of several members as one, of their medians."""
    by = pd.concat(tables).groupby(["level", "pattern", "year"], sort=False)
    return _with_met(by.agg(model=("model", "median"), published=("published", "first")).reset_index())


def write_report(results: Sequence[Result], folder: Path, name: str | None, scale: float) -> list[pd.DataFrame]:
    """Write `nation.csv`, `authorities.csv`, `children.csv` and a manifest; return the three tables.

    Spreads between authorities are left out below full scale. `name` is that of the ensemble whose members were run,
    None if the declared values were.
    """
    names = [pattern.name for pattern in nation_patterns()]
    years = [result.yearly(names) for result in results]
    middle = pd.concat(years).groupby(level=0).median()
    tables = {"nation": nation_scores(middle, SEAL), "children": median_scores([children_scores(r) for r in results])}
    if scale == 1.0:
        tables["authorities"] = median_scores([authority_scores(result) for result in results])
    run = [{key: result.manifest[key] for key in ("seed", "until")} for result in results]
    about = {"ensemble": name, "scale": scale, "members": len(results), "runs": run}
    with reporting(folder, about):
        for level, table in tables.items():
            write_csv(table, folder / f"{level}.csv", index=False, float_format="%.5g")
    return list(tables.values())
