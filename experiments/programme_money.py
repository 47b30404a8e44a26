"""What somebody decides to spend on reforms, before any run: posts, grants, places and programmes, month by month.

What follows from reforms (top-ups, placements, casework, appeals, transport) is a result of runs and not in here, nor
are transfers between governments (the block, deficit grants). Prices are those of 2026-27, posts are counted as if all
were filled when they are paid for, units of cost are the declared defaults.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.reform_library import PAYERS, library
from model import Parameters, Scenario
from model.calendar import BURN_IN_MONTHS, N_MONTHS, month_index, month_label
from model.drivers import drivers
from model.errors import ScenarioError

PRICES_OF = "2026-09"
MODEL_PAYS = ("posts", "grants", "places")
PUPILS = 8.4e6  # in state-funded schools in 2025, rounded; grants a pupil of any year are counted with it


def price_level() -> NDArray[np.float64]:
    """Return the price level of every month from September 2014, over that of `PRICES_OF`, shape (N_MONTHS,)."""
    index = np.asarray(drivers(Parameters(), N_MONTHS)["price_index"])[BURN_IN_MONTHS:]
    return index / index[month_index(PRICES_OF)]


def programme_money(scenario: Scenario, n_months: int = N_MONTHS, lasts: int = N_MONTHS) -> pd.DataFrame:
    """Return the discretionary money of a scenario, million pounds a month at prices of 2026-27.

    Parameters
    ----------
    lasts
        Months after which costs beside the model end that otherwise would not.

    Returns
    -------
    pandas.DataFrame
        A row a month (label YYYY-MM), columns `posts`, `grants`, `places` (paid by the model), and the payers of costs
        beside it.
    """
    p = Parameters()
    table, before = scenario.table(p, n_months), Scenario("no_change").table(p, n_months)

    def added(name: str) -> NDArray[np.float64]:
        return np.asarray(table[name] - before[name], dtype=float)

    million = 1.0 / price_level()[0] / 12.0 / 1e6  # of pounds at 2014-15 prices a year
    spent = {
        "posts": added("specialists_extra") * p["cost_specialist_gbp"] * million,
        "grants": (added("support_grant_gbp") + added("inclusion_grant_gbp_per_pupil") * PUPILS) * million,
        "places": (
            added("unit_places_extra") * p["cost_new_unit_place_gbp"]
            + added("special_places_extra") * p["cost_new_place_gbp"]
        )
        * million,
    } | {payer: np.zeros(n_months) for payer in PAYERS}
    for reform in scenario.reforms:
        entry = library().get(reform.name)
        if entry is None:
            continue
        start = min(month_index(change.start) for change in reform.changes)
        for cost in entry.costs:
            last = start + (max(lasts, cost.after) if cost.until is None else cost.until)
            spent[cost.payer][start + cost.after : min(last, n_months)] += cost.million_gbp / 12.0
    return pd.DataFrame(spent, index=[month_label(month) for month in range(n_months)]).rename_axis("month")


def beside_the_model(scenario: Scenario, lasts: int = N_MONTHS) -> "pd.Series[float]":
    """Return what reforms cost beside what the model pays itself, million nominal pounds a financial year.

    Indexed by the year in which it begins.
    """
    money = programme_money(scenario, lasts=lasts)[list(PAYERS)].sum(axis=1).to_numpy()
    nominal = money * price_level()
    begins = np.asarray([int(label[:4]) - (int(label[5:]) < 4) for label in map(month_label, range(N_MONTHS))])
    return pd.Series(nominal).groupby(begins).sum().rename_axis("year")


def check_budget(scenario: Scenario, budget: float) -> None:
    """Refuse a scenario whose discretionary money is more than `budget`, million pounds at prices of 2026-27.

    Raises
    ------
    ScenarioError
        With the excess, and where most of the money goes.
    """
    total = programme_money(scenario).sum()
    if total.sum() > budget:
        largest = total.idxmax()
        raise ScenarioError(
            f"'budget_million_gbp' of {budget:,.0f} is exceeded by {total.sum() - budget:,.0f}: most goes to {largest} "
            f"({total[largest]:,.0f}); start later, end earlier, or raise the budget."
        )
