"""What comes from outside the model: prices, the settlement, recognition, the pandemic, the law's phase-in.

These are the only series with a date in them. Each is published, or says that it is an assumption (`docs/data.md`).
"""

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sendcycle.calendar import BURN_IN_MONTHS, calendar_year, financial_year, month_index, month_of_year, school_year
from sendcycle.inputs.data_files import data_file
from sendcycle.inputs.parameters import Parameters
from sendcycle.state.records import DriverRecord
from sendcycle.units import MONTHS_PER_YEAR

# Share of the month in which schools were closed to most pupils. They closed on 20 March 2020, took back some year
# groups from 1 June, closed again on 5 January 2021 and opened on 8 March (Department for Education). Closed days over
# days of the month, rounded; what counts for June and July 2020, when some were back, is an assumption.
CLOSURES = {
    "2020-03": 0.4, "2020-04": 1.0, "2020-05": 1.0, "2020-06": 0.7, "2020-07": 0.5,
    "2021-01": 0.9, "2021-02": 1.0, "2021-03": 0.25,
}  # fmt: skip
ACT_YEAR = 2014  # part 3 of the Children and Families Act 2014 has been in force since 1 September 2014
TRANSFER_END = "2018-03"  # by when statements had to be reviewed for transfer: the Act's transitional order
FADE = 0.9  # growth of recognition after the last measured year slows by a tenth each year, an assumption
JUNE_2014 = -3  # model month; the published population by age is that of mid-2014


@cache
def _series(table: str, name: str | None, column: str = "value") -> "pd.Series[float]":
    """Return one published series by starting year."""
    with data_file(table).open(encoding="utf-8") as handle:
        frame = pd.read_csv(handle)
    if name is not None:
        frame = frame[frame["series"] == name]
    years = frame["year"].astype(str).str[:4].astype(int)
    return pd.Series(frame[column].to_numpy(dtype=float), index=years)


def recognition() -> pd.DataFrame:
    """Return the measured trend in recognition: columns of `recognition.csv`, by calendar year."""
    with data_file("recognition.csv").open(encoding="utf-8") as handle:
        return pd.read_csv(handle).set_index("year")


@cache
def last_measured_recognition() -> int:
    """Return the last year for which recognition was measured."""
    table = recognition()
    return int(table.index[table["status"] == "observed"].max())


def _by_year(series: "pd.Series[float]", years: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return a series for each year, held at its ends."""
    clipped = np.clip(years, series.index.min(), series.index.max())
    return np.asarray(series.reindex(clipped), dtype=float)


def drivers(parameters: Parameters, n_months: int) -> NDArray[Any]:
    """Return a `DriverRecord` for each month, shape (BURN_IN_MONTHS + n_months,), from the burn-in's first on.

    Sources are in docs/data.md.
    """
    t = np.arange(-BURN_IN_MONTHS, n_months)
    inside = np.maximum(t, 0)
    money_year = np.asarray([financial_year(int(m)) for m in inside], dtype=np.int64)
    year = np.asarray([calendar_year(int(m)) for m in inside], dtype=np.int64)
    table = np.zeros(t.size, dtype=DriverRecord.dtype())
    table["month_of_year"] = month_of_year(t)
    table["price_index"] = _by_year(_series("prices.csv", "gdp_deflator"), money_year)
    table["inflation"][1:] = table["price_index"][1:] / table["price_index"][:-1] - 1.0
    table["pay_index"] = _by_year(_series("prices.csv", "school_costs"), money_year)
    table["school_funding"] = _by_year(_series("prices.csv", "schools_block_real_per_pupil"), money_year)
    block = _series("prices.csv", "high_needs_block_gbp")
    known = money_year <= block.index.max()
    table["settlement_gbp"][known] = block.reindex(money_year[known]).to_numpy(dtype=float)
    table["recognition"] = _by_year(_series("recognition.csv", None, "index"), year)
    since = np.maximum(year - last_measured_recognition(), 0)
    table["recognition_years"] = (1.0 - FADE**since) / (1.0 - FADE)
    for month, share in CLOSURES.items():
        table["closure"][t == month_index(month)] = share
    years_of_act = school_year(t) - ACT_YEAR
    table["act"] = np.select(
        [t < 0, years_of_act == 0, years_of_act == 1],
        [0.0, parameters["act_phase_2014"], parameters["act_phase_2015"]],
        default=1.0,
    )
    last_transfer = month_index(TRANSFER_END)
    table["transfers"][(t >= 0) & (t <= last_transfer)] = 1.0 / (last_transfer + 1)
    return table


@cache
def _demography() -> "tuple[pd.Series[float], pd.Series[float]]":
    """Return those alive at mid-2014 by age, and births by year."""
    with data_file("demography.csv").open(encoding="utf-8") as handle:
        frame = pd.read_csv(handle)
    alive = frame[frame["series"] == "population"].set_index("age")["value"]
    return alive, frame[frame["series"] == "births"].set_index("year")["value"]


def births_by_month(n_months: int, first: int) -> NDArray[np.float64]:
    """Return how many children are born in each month from `first` (negative) to n_months - 1.

    Those alive in 2014 are counted as published at mid-2014 by single year of age, so that earlier deaths and
    migration are in; later births come from the published and projected series (ONS, docs/data.md). Children of all
    England, shape (n_months - first,).
    """
    alive, births = _demography()
    months = np.arange(first, n_months)
    age = np.clip((JUNE_2014 - months) // MONTHS_PER_YEAR, 0, int(alive.index.max()))
    before = alive.reindex(age).to_numpy(dtype=float)
    year = np.clip(calendar_year(months), int(births.index.min()), int(births.index.max()))
    after = births.reindex(year).to_numpy(dtype=float)
    return np.asarray(np.where(months <= JUNE_2014, before, after) / MONTHS_PER_YEAR, dtype=float)
