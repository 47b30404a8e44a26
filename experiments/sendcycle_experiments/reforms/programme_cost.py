"""What somebody decides to spend on reforms, before any run: posts, grants, places and programmes, month by month.

What follows from reforms (top-ups, placements, casework, appeals, transport) is a result of runs and not in here, nor
are transfers between governments (the block, deficit grants). Prices are those of 2026-27, posts are counted as if all
were filled when they are paid for, units of cost are the declared values.
"""

from functools import cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sendcycle import NO_CHANGE, Parameters, Scenario
from sendcycle.calendar import BURN_IN_MONTHS, N_MONTHS, month_index, month_label
from sendcycle.errors import ScenarioError
from sendcycle.inputs.drivers import drivers
from sendcycle.inputs.reforms import PAYERS

PRICES_OF = "2026-09"
FIRST_YEAR = 2014
MODEL_PAYS = ("posts", "grants", "places")
ROUNDING = 1e-9  # share of a budget; adding up months leaves errors far below it
PUPILS = 8.4e6  # in state-funded schools in 2025, rounded; grants a pupil of any year are counted with it


def price_level() -> NDArray[np.float64]:
    """Return the price level of every month from September 2014, over that of `PRICES_OF`, shape (N_MONTHS,)."""
    index = _driver("price_index")
    return np.asarray(index / index[month_index(PRICES_OF)])


@cache
def _driver(name: str) -> NDArray[np.float64]:
    return np.asarray(drivers(Parameters(), N_MONTHS)[name])[BURN_IN_MONTHS:]


def programme_money(scenario: Scenario, n_months: int = N_MONTHS) -> pd.DataFrame:
    """Return the discretionary money of a scenario, million pounds a month at prices of 2026-27.

    Returns
    -------
    pandas.DataFrame
        A row a month (label YYYY-MM), columns `posts`, `grants`, `places` (paid by the model), and the payers of costs
        beside it.
    """
    p = Parameters()
    table, before = scenario.table(p, n_months), NO_CHANGE.table(p, n_months)

    def added(name: str) -> NDArray[np.float64]:
        return np.asarray(table[name] - before[name], dtype=float)

    million = 1.0 / price_level()[0] / 12.0 / 1e6  # of pounds a year at 2014-15 prices
    pay = float(_driver("pay_index")[month_index(PRICES_OF)]) / 12.0 / 1e6
    places = added("unit_places_extra") * p["cost_new_unit_place_gbp"]
    places += added("special_places_extra") * p["cost_new_place_gbp"]
    spent = {
        "posts": added("specialists_extra") * p["cost_specialist_gbp"] * pay,
        "grants": (added("support_grant_gbp") + added("inclusion_grant_gbp_per_pupil") * PUPILS) * million,
        "places": places * million,
    } | {payer: np.zeros(n_months) for payer in PAYERS}
    for reform in scenario.reforms:
        for cost in reform.costs:
            first, last = cost.window(n_months)
            spent[cost.payer][first:last] += cost.million_gbp / 12.0
    return pd.DataFrame(spent, index=[month_label(month) for month in range(n_months)]).rename_axis("month")


def beside_the_model(scenario: Scenario) -> pd.DataFrame:
    """Return what reforms cost beside what the model pays itself, million nominal pounds.

    Returns
    -------
    pandas.DataFrame
        A row a financial year, by the year in which it begins, a column a payer.
    """
    money = programme_money(scenario)[list(PAYERS)]
    begins = np.asarray([int(label[:4]) - (int(label[5:]) < 4) for label in money.index])
    return money.mul(price_level(), axis=0).groupby(begins).sum().rename_axis("year")


def mid_year_prices(years: "pd.Series[int] | pd.Index[int]") -> NDArray[np.float64]:
    """Return the price level in the middle of financial years, over that of 2026-27."""
    octobers = 12 * (np.asarray(years) - FIRST_YEAR) + 1  # months from September 2014
    return np.asarray(price_level()[np.minimum(octobers, N_MONTHS - 1)])


def check_budget(scenario: Scenario, budget: float) -> None:
    """Refuse a scenario whose discretionary money is more than `budget`, million pounds at prices of 2026-27.

    Raises
    ------
    ScenarioError
        With the excess, and where most of the money goes.
    """
    total = programme_money(scenario).sum()
    excess = total.sum() - budget
    if excess > ROUNDING * budget:
        largest = str(total.idxmax())
        raise ScenarioError(
            f"'budget_million_gbp' of {_in_figures(budget)} is exceeded by {_in_figures(excess)}: most goes to "
            f"{largest} ({_in_figures(total[largest])}); start later, end earlier, or raise the budget."
        )


def _in_figures(million_gbp: float) -> str:
    """Return money in whole millions, or less than a hundred of them in three figures."""
    return f"{million_gbp:,.0f}" if million_gbp >= 100.0 else f"{million_gbp:.3g}"
