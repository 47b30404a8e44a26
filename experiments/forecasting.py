"""Forecasts from an ensemble, and how they do beside simple ones: rolling origins, errors and coverage.

An origin is a January: what was complete by then is known, nothing later. The settlement of the next financial year
had been announced, so it is known too; from then on it follows spending in the model. Drivers from outside that lie
behind the origin, such as prices and the pandemic's closures, enter as they were: this is said where results are shown.

A figure is predicted as the model's, times how far the member was off when last seen. That error wanders on: each year
adds an innovation of the size that the declared discrepancy has in calibration.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.calibration import MEMORY
from experiments.patterns import NationPattern, nation_patterns
from model import Change, Reform, Scenario
from model.calendar import month_index
from model.observables import declared as declared_observables
from model.observables import months_of
from model.published import of_observable

DRAWS = 20  # of the wandering error, for every member
LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
NAIVE = ("last_growth", "linear", "smoothing", "markov")
YEARS_OF_TREND = 5
INFLATION = 0.02
Matrix = NDArray[np.float64]


def as_known(origin: str) -> Scenario:
    """Return the scenario in which the settlement is known only as far as it was announced by a January."""
    start = f"{int(origin[:4]) + 1}-04"
    reform = Reform("unknown_settlement", (Change("use_published_settlement", 0.0, start),))
    return Scenario(f"as_known_{origin}", (reform,))


def split(pattern: NationPattern, origin: str, end: str) -> tuple["pd.Series[float]", "pd.Series[float]"]:
    """Return the published figures of a series that were complete by the origin, and those after it up to `end`."""
    observable = declared_observables().observables[pattern.name]
    series = of_observable(observable)
    series = series[series.index >= pattern.first_year]
    done = np.asarray([months_of(observable, int(year))[1] for year in series.index])
    last, stop = month_index(origin), month_index(end)
    return series[done <= last], series[(done > last) & (done <= stop)]


# ---------------------------------------------------------------------- the model


def predictive(
    pattern: NationPattern, members: pd.DataFrame, known: "pd.Series[float]", years: Sequence[int], seed: int
) -> Matrix:
    """Return draws of a series, shape (draws, years).

    Parameters
    ----------
    members
        A row a member, a column a year: what the model gives.
    known
        The published figures by the origin.
    years
        The years to be predicted, after the last that is known.
    """
    last = int(known.index[-1])
    rng = np.random.default_rng([seed, *pattern.name.encode()])
    logs = np.log(np.maximum(members.to_numpy(dtype=float), 1e-9))
    place = {int(year): k for k, year in enumerate(members.columns)}
    off = np.log(known.iloc[-1]) - logs[:, place[last]]
    ahead = np.asarray(years) - last
    step = pattern.discrepancy * np.sqrt(1.0 - MEMORY**2)
    wander = rng.standard_normal((DRAWS, len(members), int(ahead.max()))).cumsum(axis=2) * step
    seen = rng.standard_normal((DRAWS, len(members), len(years))) * pattern.error
    mean = logs[:, [place[int(year)] for year in years]] + off[:, None]
    return np.exp(mean[None] + wander[:, :, ahead - 1] + seen).reshape(-1, len(years))


# ---------------------------------------------------------------------- simple forecasts


def naive(
    name: str, method: str, known: "pd.Series[float]", years: Sequence[int], others: dict[str, "pd.Series[float]"]
) -> Matrix:
    """Return a simple forecast of a series.

    Parameters
    ----------
    method
        "last_growth" (last year's growth goes on), "linear" (trend of the last five years), "smoothing" (exponential,
        with a trend) or "markov" (joiners, movers and leavers at the last rates, as authorities use today: plans are
        carried on by last year's new plans and the mean share of the last three years that left; amounts of money stay
        what they are a plan at 2 % inflation; everything else stays as it was).
    others
        Known figures of all series.
    """
    ahead = np.asarray(years, dtype=float) - float(known.index[-1])
    last = float(known.iloc[-1])
    if method == "last_growth":
        if len(known) < 2:
            return np.full(len(ahead), last)
        growth = last / float(known.iloc[-2])
        return np.asarray(last * growth**ahead)
    if method == "linear":
        recent = known.iloc[-YEARS_OF_TREND:]
        if len(recent) < 2:
            return np.full(len(ahead), last)
        slope, level = np.polyfit(recent.index.to_numpy(dtype=float), recent.to_numpy(dtype=float), 1)
        return np.asarray(np.maximum(level + slope * np.asarray(years, dtype=float), 0.0))
    if method == "smoothing":
        return _smoothing(known, ahead)
    return _markov(name, known, ahead, others)


def _smoothing(known: "pd.Series[float]", ahead: Matrix) -> Matrix:
    import warnings

    from statsmodels.tsa.holtwinters import Holt

    if len(known) < 4:
        return np.full(len(ahead), float(known.iloc[-1]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = Holt(known.to_numpy(dtype=float), initialization_method="estimated").fit()
    path = np.asarray(fitted.forecast(int(ahead.max())), dtype=float)
    return np.asarray(np.maximum(path[ahead.astype(int) - 1], 0.0))


def _markov(name: str, known: "pd.Series[float]", ahead: Matrix, others: dict[str, "pd.Series[float]"]) -> Matrix:
    plans, new = others["plans_in_force"], others["new_plans"]
    followed = [year for year in new.index if year in plans.index and year + 1 in plans.index]
    left = [1.0 - (plans[year + 1] - new[year]) / plans[year] for year in followed[-3:]]
    path, stock = [1.0], float(plans.iloc[-1])
    for _ in range(int(ahead.max())):
        stock = stock * (1.0 - float(np.mean(left))) + float(new.iloc[-1])
        path.append(stock / float(plans.iloc[-1]))
    grown = np.asarray(path)[ahead.astype(int)]
    if name in ("plans_in_force", "pupils_with_plan", "plans_ceased"):
        return np.asarray(float(known.iloc[-1]) * grown)
    if declared_observables().observables[name].unit == "million pounds":
        return np.asarray(float(known.iloc[-1]) * grown * (1.0 + INFLATION) ** ahead)
    return np.full(len(ahead), float(known.iloc[-1]))


# ---------------------------------------------------------------------- the backtest


def backtest(runs: pd.DataFrame, origin: str, end: str, seed: int = 0) -> pd.DataFrame:
    """Return every held-out figure beside what the model and the simple forecasts said of it.

    Parameters
    ----------
    runs
        What members gave: columns `point`, `year` and the series.

    Returns
    -------
    pandas.DataFrame
        Columns `origin`, `pattern`, `headline`, `year`, `published`, `last` (the figure last known), quantiles `q05` to
        `q95` of the model's predictive distribution, and the simple forecasts.
    """
    known = {p.name: split(p, origin, end)[0] for p in nation_patterns()}
    rows: list[dict[str, Any]] = []
    for pattern in nation_patterns():
        seen, held = split(pattern, origin, end)
        if len(seen) < 2 or held.empty:
            continue
        years = [int(year) for year in held.index]
        wide = runs.pivot(index="point", columns="year", values=pattern.name).dropna(axis=0, how="all")
        whole = wide.dropna(axis=0, subset=[int(seen.index[-1]), *years])
        if whole.empty:
            continue  # in samples too small for anything of the kind to happen every year
        draws = predictive(pattern, whole, seen, years, seed)
        quantiles = np.quantile(draws, LEVELS, axis=0)
        simple = {method: naive(pattern.name, method, seen, years, known) for method in NAIVE}
        for k, year in enumerate(years):
            row = {"origin": origin, "pattern": pattern.name, "headline": pattern.headline, "year": year}
            row |= {"published": float(held.loc[year]), "last": float(seen.iloc[-1])}
            row |= {f"q{round(100 * level):02d}": float(quantiles[j, k]) for j, level in enumerate(LEVELS)}
            rows.append(row | {method: float(values[k]) for method, values in simple.items()})
    return pd.DataFrame(rows)


def scored(table: pd.DataFrame) -> pd.DataFrame:
    """Return, by origin and series, mean absolute relative errors of all forecasts, coverage, and who wins.

    Returns
    -------
    pandas.DataFrame
        Columns `origin`, `pattern`, `headline`, `figures`, `model`, the simple forecasts, `best_naive`, `wins` (the
        model is nearer than the best of them), `within_50`, `within_90` (share of held-out figures inside).
    """
    rows = []
    for (origin, pattern), part in table.groupby(["origin", "pattern"], sort=False):
        errors = {"model": _error(part["q50"], part["published"])}
        errors |= {method: _error(part[method], part["published"]) for method in NAIVE}
        best = min(NAIVE, key=lambda method: errors[method])
        inside = {
            f"within_{width}": float(part["published"].between(part[low], part[high]).mean())
            for width, low, high in ((50, "q25", "q75"), (90, "q05", "q95"))
        }
        rows.append(
            {"origin": origin, "pattern": pattern, "headline": bool(part["headline"].iloc[0]), "figures": len(part)}
            | errors | {"best_naive": best, "wins": errors["model"] < errors[best]} | inside
        )  # fmt: skip
    return pd.DataFrame(rows)


def _error(forecast: "pd.Series[float]", published: "pd.Series[float]") -> float:
    return float((forecast / published - 1.0).abs().mean())
