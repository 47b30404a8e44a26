"""Predictions that can be checked: England after January 2025, and the authorities whose later rows are kept back.

Nothing published after the seal enters here. The file is dated, and says which state of the model and which ensemble
it comes from, so that it can be scored against what happens.
"""

import numpy as np
import pandas as pd

from experiments.ensembles import Ensemble
from experiments.forecasting import DRAWS, LEVELS, Matrix, predictive, split
from experiments.patterns import nation_patterns
from experiments.validation import authority_years, published_authorities
from model import Parameters, simulate
from model.population import authority_rows
from model.results import Result

SEAL = "2025-01"
YEARS_OF_AUTHORITIES = (2023, 2024, 2025)
KEPT_A_YEAR = {"plans": 1.0, "refused": 0.75, "on_time": 0.75, "requests": 0.75, "new_plans": 0.75}
CHANCE = {"plans": 0.03, "refused": 0.35, "on_time": 0.35, "requests": 0.15, "new_plans": 0.2}  # log or logit, a year


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
        known, _ = split(pattern, SEAL, SEAL)
        wide = runs.pivot(index="point", columns="year", values=pattern.name)
        years = [year for year in range(int(known.index[-1]) + 1, last_year + 1) if wide[year].notna().any()]
        whole = wide.dropna(subset=[int(known.index[-1]), *years])
        if whole.empty or not years:
            continue  # in samples too small for anything of the kind to happen every year
        draws = predictive(pattern, whole, known, years, seed)
        quantiles = np.quantile(draws, LEVELS, axis=0)
        for k, year in enumerate(years):
            row = {"pattern": pattern.name, "year": year, "last_year": int(known.index[-1])}
            row |= {"last_published": float(known.iloc[-1])}
            rows.append(row | _named(quantiles[:, k]))
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

    Parameters
    ----------
    tables
        Of each run what `local_years` gives.

    Returns
    -------
    pandas.DataFrame
        Columns `la_code`, `series`, `year`, `last_published` (2022, NaN if none), `q05` to `q95`. An authority's
        distance from the model in 2022 is kept for plans, and fades for what its practice decides.
    """
    published = _published_local()
    rng = np.random.default_rng(seed)
    rows = []
    for code in codes:
        for series, kept in KEPT_A_YEAR.items():
            last = float(published[series].get((code, 2022), np.nan))
            there = np.asarray([table[series].get((code, 2022), np.nan) for table in tables], dtype=float)
            off = _scored(series, last) - _scored(series, there)
            for year in YEARS_OF_AUTHORITIES:
                ahead = year - 2022
                model = np.asarray([table[series].get((code, year), np.nan) for table in tables], dtype=float)
                noise = rng.standard_normal((DRAWS, len(model))) * CHANCE[series] * np.sqrt(ahead)
                moved = np.where(np.isfinite(off), off, 0.0) * kept**ahead
                draws = _unscored(series, _scored(series, model) + moved + noise)
                draws = draws[np.isfinite(draws)]
                if len(draws):
                    row = {"la_code": code, "series": series, "year": year, "last_published": last}
                    rows.append(row | _named(np.quantile(draws, LEVELS)))
    return pd.DataFrame(rows)


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


def _scored(series: str, values: Matrix | float) -> Matrix:
    if series in ("refused", "on_time"):
        share = np.clip(np.asarray(values, dtype=float), 0.01, 0.99)
        return np.asarray(np.log(share / (1.0 - share)))
    return np.asarray(np.log(np.maximum(np.asarray(values, dtype=float), 0.5)))


def _unscored(series: str, scores: Matrix) -> Matrix:
    return np.asarray(1.0 / (1.0 + np.exp(-scores)) if series in ("refused", "on_time") else np.exp(scores))


def _named(quantiles: Matrix) -> dict[str, float]:
    return {f"q{round(100 * level):02d}": float(value) for level, value in zip(LEVELS, quantiles, strict=True)}
