"""Forecasts from an ensemble, and how they do beside simple ones: rolling origins, errors and coverage.

An origin is a January: what was complete by then is known, nothing later. The settlement of the next financial year
had been announced, so it is known too; from then on it follows spending in the model. Drivers from outside that lie
behind the origin, such as prices and the pandemic's closures, enter as they were: this is said where results are shown.

A figure is predicted as the model's, times how far the member was off when last seen. That error wanders on: each year
adds an innovation of the size that the declared discrepancy has in calibration, and none is forgotten, which is a
choice (in calibration errors fade). Percentages wander in logits.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sendcycle import Change, Reform, Scenario
from sendcycle.inputs.drivers import last_measured_recognition, recognition
from sendcycle.outputs.observables import declared as declared_observables
from sendcycle_experiments.calibration.patterns import NationPattern, complete_by, nation_patterns
from sendcycle_experiments.calibration.smoother import MEMORY

DRAWS = 20  # of the wandering error, for every member
LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
NAIVE = ("last_growth", "linear", "smoothing", "markov")
YEARS_OF_TREND = 5
INFLATION = 0.02
Matrix = NDArray[np.float64]


def as_known(origin: str, *, recognition_held: bool = False) -> Scenario:
    """Return the scenario in which the settlement is known only as far as it was announced by a January, "YYYY-01".

    With `recognition_held`, recognition of autism and ADHD stays what it was in the year before; otherwise it goes on
    as it was measured, like all other drivers from outside.
    """
    year = int(origin[:4])
    reforms = [Reform("unknown_settlement", (Change("use_published_settlement", 0.0, f"{year + 1}-04"),))]
    if recognition_held:
        index = measured_recognition()
        kept = np.log(index[year - 1])
        no_growth = Change("recognition_growth", 0.0, f"{year}-01")
        # recognition acts as a power: its exponent takes back, year by year, what the index has grown
        changes = tuple(
            Change("elasticity_recognition", float(kept / np.log(index[y])), f"{y}-01",
                   f"{y + 1}-01" if y < index.index[-1] else None, how="times")
            for y in range(year, int(index.index[-1]) + 1)
        )  # fmt: skip
        reforms.append(Reform("recognition_held", (*changes, no_growth)))
    return Scenario(f"as_known_{origin}{'_held' if recognition_held else ''}", tuple(reforms))


def measured_recognition() -> "pd.Series[float]":
    """Return the index of recognition by year, up to the last that was measured."""
    return recognition().loc[: last_measured_recognition(), "index"]


def split(pattern: NationPattern, origin: str, end: str) -> tuple["pd.Series[float]", "pd.Series[float]"]:
    """Return the published figures of a series that were complete by the origin, and those after it up to `end`."""
    known, all_of_it = (complete_by(pattern.name, month) for month in (origin, end))
    later = all_of_it[~all_of_it.index.isin(known.index)]
    return known[known.index >= pattern.first_year], later[later.index >= pattern.first_year]


# ---------------------------------------------------------------------- the model


def predictive(
    pattern: NationPattern, members: pd.DataFrame, known: "pd.Series[float]", years: Sequence[int], seed: int
) -> Matrix:
    """Return draws of a series, shape (draws, years), in the unit of the series.

    Errors of figures and of the model are those of the pattern, as patterns.toml declares them.

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
    percent = declared_observables().observables[pattern.name].unit == "percent"
    rng = np.random.default_rng([seed, *pattern.name.encode()])
    scores = _scores(members.to_numpy(dtype=float), percent)
    place = {int(year): k for k, year in enumerate(members.columns)}
    value = float(known.iloc[-1])
    per_log = 100.0 / (100.0 - min(value, 99.0)) if percent else 1.0  # a step in logits for a step in logarithms
    ahead = np.asarray(years) - last
    step = pattern.discrepancy * np.sqrt(1.0 - MEMORY**2)
    wander = rng.standard_normal((DRAWS, len(members), int(ahead.max()))).cumsum(axis=2) * step
    errors = rng.standard_normal((DRAWS, len(members), len(years) + 1)) * pattern.error
    seen = errors[:, :, :-1] - errors[:, :, -1:]  # of the figure that is predicted, and of the last that is known
    off = _scores(np.asarray([value]), percent) - scores[:, place[last]]
    mean = scores[:, [place[int(year)] for year in years]] + off[:, None]
    found = (mean[None] + (wander[:, :, ahead - 1] + seen) * per_log).reshape(-1, len(years))
    return np.asarray(100.0 / (1.0 + np.exp(-found)) if percent else np.exp(found))


def predicted_quantiles(
    pattern: NationPattern, members: pd.DataFrame, known: "pd.Series[float]", years: Sequence[int], seed: int
) -> Matrix | None:
    """Return quantiles of `predictive`, shape (LEVELS, years), over members that have a figure in every year.

    None if no member has, as in samples too small for anything of the kind to happen every year.
    """
    whole = members.dropna(subset=[int(known.index[-1]), *years])
    if whole.empty or not years:
        return None
    return np.asarray(np.quantile(predictive(pattern, whole, known, years, seed), LEVELS, axis=0))


def named(quantiles: Matrix) -> dict[str, float]:
    """Return quantiles at `LEVELS` under the names that tables give them, q05 to q95."""
    return {f"q{round(100 * level):02d}": float(value) for level, value in zip(LEVELS, quantiles, strict=True)}


def by_year(wide: pd.DataFrame) -> pd.DataFrame:
    """Return quantiles over rows at `LEVELS`, q05 to q95, of every column, a year; years without figures are gone."""
    table = wide.dropna(axis=1, how="all").quantile(list(LEVELS)).T
    table.columns = pd.Index([f"q{round(100 * level):02d}" for level in LEVELS])
    return table.rename_axis("year").reset_index()


def _scores(values: Matrix, percent: bool) -> Matrix:
    """Return logarithms of amounts, and logits of percentages, which cannot pass 100."""
    if percent:
        share = np.clip(values / 100.0, 1e-4, 1.0 - 1e-4)
        return np.asarray(np.log(share / (1.0 - share)))
    return np.asarray(np.log(np.maximum(values, 1e-9)))


# ---------------------------------------------------------------------- simple forecasts


def naive(
    name: str, method: str, known: "pd.Series[float]", years: Sequence[int], others: dict[str, "pd.Series[float]"]
) -> Matrix:
    """Return a simple forecast of a series, shape (years,), in the unit of the series.

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
    return _markov(name, known, years, others)


def capped(name: str, values: Matrix) -> Matrix:
    """Return a forecast in which no percentage passes 100."""
    return np.minimum(values, 100.0) if declared_observables().observables[name].unit == "percent" else values


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


def _markov(
    name: str, known: "pd.Series[float]", years: Sequence[int], others: dict[str, "pd.Series[float]"]
) -> Matrix:
    """Return joiners, movers and leavers: plans of every January, known and carried on, and what goes with them."""
    plans, new = others["plans_in_force"], others["new_plans"]
    followed = [year for year in new.index if year in plans.index and year + 1 in plans.index]
    left = float(np.mean([1.0 - (plans[year + 1] - new[year]) / plans[year] for year in followed[-3:]]))
    stock = dict(zip(map(int, plans.index), map(float, plans), strict=True))
    for year in range(int(plans.index[-1]) + 1, max(years) + 2):
        stock[year] = stock[year - 1] * (1.0 - left) + float(new.iloc[-1])
    observable = declared_observables().observables[name]
    money = observable.unit == "million pounds"
    if not money and name not in ("plans_in_force", "pupils_with_plan", "plans_ceased"):
        return np.full(len(years), float(known.iloc[-1]))
    in_year = 1 if observable.yearly == "financial" else 0  # a financial year holds the January of the next
    last = int(known.index[-1])
    grown = np.asarray([stock[year + in_year] / stock[last + in_year] for year in years])
    prices = (1.0 + INFLATION) ** (np.asarray(years) - last) if money else 1.0
    return np.asarray(float(known.iloc[-1]) * grown * prices)


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
    known = {p.name: complete_by(p.name, origin) for p in nation_patterns()}
    rows: list[dict[str, Any]] = []
    for pattern in nation_patterns():
        if not pattern.predicted:
            continue
        seen, held = split(pattern, origin, end)
        if len(seen) < 2 or held.empty:
            continue
        years = [int(year) for year in held.index]
        wide = runs.pivot(index="point", columns="year", values=pattern.name)
        quantiles = predicted_quantiles(pattern, wide, seen, years, seed)
        if quantiles is None:
            continue
        simple = {m: capped(pattern.name, naive(pattern.name, m, known[pattern.name], years, known)) for m in NAIVE}
        for k, year in enumerate(years):
            row = {"origin": origin, "pattern": pattern.name, "headline": pattern.headline, "year": year}
            row |= {"published": float(held.loc[year]), "last": float(seen.iloc[-1])}
            rows.append(row | named(quantiles[:, k]) | {method: float(values[k]) for method, values in simple.items()})
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
