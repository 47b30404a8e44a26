"""Predictions that can be checked: England after January 2025, and the authorities whose later rows are kept back.

Nothing published after the seal enters here. The file is dated, and says which state of the model and which ensemble
it comes from, so that it can be scored against what happens.
"""

import numpy as np
import pandas as pd

from sendcycle import Parameters, simulate
from sendcycle.outputs.results import Result
from sendcycle.start.population import authority_rows
from sendcycle_experiments.calibration.ensembles import Ensemble
from sendcycle_experiments.calibration.forecasting import DRAWS, LEVELS, Matrix, named, predicted_quantiles, split
from sendcycle_experiments.calibration.patterns import SEAL, complete_by, nation_patterns
from sendcycle_experiments.calibration.validation import authority_years, published_authorities

YEARS_OF_AUTHORITIES = (2023, 2024, 2025)
SERIES = ("plans", "requests", "new_plans", "refused", "on_time")
OF_ENGLAND = {
    "plans": "plans_in_force", "requests": "requests", "new_plans": "new_plans", "refused": "requests_refused_share",
    "on_time": "within_20_weeks",
}  # fmt: skip
FITTED_FROM = 2016  # requests were not collected before


def of_england(runs: pd.DataFrame, last_year: int, seed: int = 0) -> pd.DataFrame:
    """Return quantiles of every series of England for the years after the seal, and the last published figure.

    Parameters
    ----------
    runs
        What members gave: columns `point`, `year` and the series.

    Returns
    -------
    pandas.DataFrame
        Columns `pattern`, `year`, `last_year`, `last_published`, `q05` to `q95`.
    """
    rows = []
    for pattern in nation_patterns():
        if not pattern.predicted:
            continue
        known, _ = split(pattern, SEAL, SEAL)
        wide = runs.pivot(index="point", columns="year", values=pattern.name)
        years = [year for year in range(int(known.index[-1]) + 1, last_year + 1) if wide[year].notna().any()]
        quantiles = predicted_quantiles(pattern, wide, known, years, seed)
        if quantiles is None:
            continue
        for k, year in enumerate(years):
            row = {"pattern": pattern.name, "year": year, "last_year": int(known.index[-1])}
            row |= {"last_published": float(known.iloc[-1])}
            rows.append(row | named(quantiles[:, k]))
    return pd.DataFrame(rows)


def held_back() -> list[str]:
    """Return the codes of the 50 authorities of which nothing after 2022 is published here."""
    table = published_authorities().reset_index()
    return sorted(set(authority_rows()["la_code"]) - set(table.loc[table["year"] > 2022, "la_code"]))


def member_run(ensemble: Ensemble, member: int, scale: float = 1.0, until: str = "2025-12") -> Result:
    """Return a run of a member, with draws of its own."""
    return simulate(Parameters(**ensemble.values(member)), seed=1000 + member, scale=scale, until=until)


def of_authorities(tables: list[pd.DataFrame], codes: list[str], seed: int = 0) -> pd.DataFrame:
    """Return quantiles for authorities in the years that are kept back.

    The model says how the nation goes on; how far an authority then stands from the nation follows from how far it
    stood in 2022, as such distances did between earlier published years (`how_distances_go_on`). An authority without
    a figure of 2022 is expected at the nation's level, as unsure as authorities differ.

    Parameters
    ----------
    tables
        Of each run what `local_years` gives.

    Returns
    -------
    pandas.DataFrame
        Columns `la_code`, `series`, `year`, `last_published` (2022, NaN if none), `q05` to `q95`.
    """
    published, people = _published_local(), _people()
    rng = np.random.default_rng(seed)
    rows = []
    for series in SERIES:
        last = _distances(published[series], series, people)[2022]
        level = _national(published[series], series, people)[2022]
        paths = [_national(table[series], series, people) for table in tables]
        for year in YEARS_OF_AUTHORITIES:
            kept, spread = how_distances_go_on(published[series], series, people, year - 2022)
            moved = np.asarray([path[year] - path[2022] for path in paths])
            for code in codes:
                there = float(last.get(code, np.nan))
                unknown = not np.isfinite(there)
                middle = level + (0.0 if unknown else kept * there)
                noise = rng.standard_normal((DRAWS, len(moved))) * (float(last.std()) if unknown else spread)
                draws = _unscored(series, middle + moved + noise, people.get(code, np.nan))
                value = float(published[series].get((code, 2022), np.nan))
                row = {"la_code": code, "series": series, "year": year, "last_published": value}
                rows.append(row | named(np.quantile(draws, LEVELS)))
    return pd.DataFrame(rows)


def check_of_authorities(tables: list[pd.DataFrame], seed: int = 0) -> pd.DataFrame:
    """Return how predictions of this kind do for the authorities whose rows after 2022 are published here.

    Those without a figure of 2021 and 2022 are left out, so that simple forecasts meet the same authorities.
    Predictions are made as for those kept back, from rows up to 2022 alone; the nation's path is that of the ensemble,
    which has seen the nation's figures up to the seal, as it has for those kept back.

    Returns
    -------
    pandas.DataFrame
        Columns `series`, `year`, `authorities`, `error` (median absolute relative), `error_unchanged` (of the figure of
        2022), `error_own_growth` (of last year's growth going on), `error_national_growth` (of what England published
        for the year over 2022: what the ensemble has seen), `within_50`, `within_90`.
    """
    published = _published_local()
    codes = sorted(set(authority_rows()["la_code"]) - set(held_back()))
    said = of_authorities(tables, codes, seed).set_index(["series", "year", "la_code"]).sort_index()
    rows = []
    for series in SERIES:
        wide = published[series].unstack("year").reindex(codes)
        for year in YEARS_OF_AUTHORITIES:
            if year not in wide:
                continue
            there = wide[year].where(wide[year] > 0.0)
            last, before = wide[2022], wide[2021]
            grown = last * (last / before) ** (year - 2022)
            grown = grown.clip(upper=1.0) if series in ("refused", "on_time") else grown
            england = complete_by(OF_ENGLAND[series], SEAL)
            with_england = last * (england[year] / england[2022]) if year in england else last * np.nan
            q = said.loc[(series, year), :].reindex(codes)
            usable = there.notna() & q["q50"].notna() & last.notna() & np.isfinite(grown)
            if not usable.any():
                continue
            errors = {
                name: float((forecast[usable] / there[usable] - 1.0).abs().median())
                for name, forecast in (
                    ("error", q["q50"]),
                    ("error_unchanged", last),
                    ("error_own_growth", grown),
                    ("error_national_growth", with_england),
                )
            }
            inside = {
                f"within_{width}": float(there[usable].between(q[low][usable], q[high][usable]).mean())
                for width, low, high in ((50, "q25", "q75"), (90, "q05", "q95"))
            }
            rows.append({"series": series, "year": year, "authorities": int(usable.sum())} | errors | inside)
    return pd.DataFrame(rows)


def how_distances_go_on(
    values: "pd.Series[float]", series: str, people: "pd.Series[float]", ahead: int
) -> tuple[float, float]:
    """Return which share of its distance from the nation an authority keeps after some years, and what is left over.

    A regression through the origin over all pairs of published years up to 2022, and the standard deviation of its
    residuals, both in logarithms of rates or in logits of shares.
    """
    table = _distances(values, series, people)
    first = [year for year in map(int, table.columns) if FITTED_FROM <= year <= 2022 - ahead and year + ahead in table]
    pairs = [(table[year], table[year + ahead]) for year in first]
    before = np.concatenate([one.to_numpy() for one, _ in pairs])
    after = np.concatenate([other.reindex(one.index).to_numpy() for one, other in pairs])
    both = np.isfinite(before) & np.isfinite(after)
    kept = float((before[both] @ after[both]) / (before[both] @ before[both]))
    return kept, float(np.std(after[both] - kept * before[both]))


def _people() -> "pd.Series[float]":
    rows = authority_rows()
    return pd.Series(rows["population_2_to_18"].to_numpy(dtype=float), index=list(rows["la_code"]))


def _rates(values: "pd.Series[float]", series: str, people: "pd.Series[float]") -> pd.DataFrame:
    """Return scores by authority (rows) and year (columns): logarithms of counts a child, or logits of shares."""
    wide = values.unstack("year")
    # The logarithm of a table is a table already, which NumPy's types do not say.
    if series in ("refused", "on_time"):
        share = wide.clip(0.01, 0.99)
        return pd.DataFrame(np.log(share / (1.0 - share)))
    return pd.DataFrame(np.log(wide.where(wide > 0.0).div(people, axis=0)))


def _national(values: "pd.Series[float]", series: str, people: "pd.Series[float]") -> "pd.Series[float]":
    """Return the median over authorities of a year's scores."""
    return _rates(values, series, people).replace([np.inf, -np.inf], np.nan).median()


def _distances(values: "pd.Series[float]", series: str, people: "pd.Series[float]") -> pd.DataFrame:
    rates = _rates(values, series, people).replace([np.inf, -np.inf], np.nan)
    return rates - rates.median()


def local_years(result: Result) -> pd.DataFrame:
    """Return by authority and year what is predicted: counts of the whole authority, and shares."""
    table = authority_years(result)
    monthly = result.authorities
    flows = monthly.assign(year=monthly["month"].dt.year).groupby(["la_code", "year"])[["requests", "new_plans"]].sum()
    return table.assign(on_time=table["on_time"] / 100.0).join(flows)


def _published_local() -> pd.DataFrame:
    table = published_authorities()
    return pd.DataFrame(
        {
            "plans": table["plans_in_force"], "refused": table["requests_refused"] / table["requests"],
            "on_time": table["within_20_weeks"] / 100.0, "requests": table["requests"], "new_plans": table["new_plans"],
        }
    )  # fmt: skip


def _unscored(series: str, scores: Matrix, people: float) -> Matrix:
    return np.asarray(1.0 / (1.0 + np.exp(-scores)) if series in ("refused", "on_time") else people * np.exp(scores))
