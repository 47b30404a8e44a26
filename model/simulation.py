"""simulate(): one run, from parameters and a scenario to a Result."""

import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from model.calendar import month_index, month_of_year
from model.observables import as_numbers
from model.parameters import Parameters
from model.reforms import NO_CHANGE, Scenario
from model.results import Result, new_manifest
from model.send_model import SendModel


def simulate(
    parameters: Parameters | None = None,
    scenario: Scenario = NO_CHANGE,
    seed: int = 0,
    scale: float = 0.01,
    until: str = "2035-08",
    *,
    threads: int = 2,
    progress: Callable[[int, int], None] | None = None,
) -> Result:
    """Run the model from September 2014 and return what was recorded.

    Parameters
    ----------
    parameters, scenario, seed, scale
        See `SendModel`.
    until
        Last month simulated, "YYYY-MM".
    threads
        Worker threads; the result does not depend on it.
    progress
        Called after each month with (months done, months in all).

    Raises
    ------
    ParameterError, ScenarioError, DateError, ScaleError
        One-line messages about what was wrong.
    """
    began = time.perf_counter()
    n_months = month_index(until) + 1
    model = SendModel(parameters, scenario, seed=seed, scale=scale, n_months=n_months, threads=threads)
    try:
        cube: NDArray[np.void] = np.zeros((n_months, len(model.world.authorities)), dtype=model.world.tallies.dtype)
        numbers = as_numbers(cube)
        januaries = []
        for t in model.months():
            numbers[t] = as_numbers(model.world.tallies)
            if month_of_year(t) == 1:
                januaries.append(model.count())
            if progress is not None:
                progress(t + 1, n_months)
        weights = np.array(model.world.authorities["weight"])
        breakdowns = model.breakdowns(januaries)
    finally:
        model.close()
    rows = model.sample.rows
    return Result(
        tallies=cube,
        weights=weights,
        authority_codes=tuple(rows["la_code"]),
        authority_names=tuple(rows["la_name"]),
        counted=breakdowns,
        manifest=new_manifest(model.parameters, scenario, seed, scale, until, time.perf_counter() - began),
    )
