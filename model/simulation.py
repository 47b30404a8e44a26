"""simulate(): one run, from parameters and a scenario to a Result; simulate_each(): several futures of one past."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.breakdowns import January
from model.calendar import month_index, month_of_year
from model.observables import Cube, as_numbers
from model.parameters import Parameters
from model.reforms import NO_CHANGE, Scenario
from model.results import Result, new_manifest
from model.send_model import SendModel

Told = Callable[[int, int], None]


def simulate(
    parameters: Parameters | None = None,
    scenario: Scenario = NO_CHANGE,
    seed: int = 0,
    scale: float = 0.01,
    until: str = "2035-08",
    *,
    threads: int = 2,
    progress: Told | None = None,
) -> Result:
    """Run the model from September 2014 and return what was recorded, by month and authority.

    Parameters
    ----------
    parameters, scenario, seed, scale
        See `SendModel`. Without `parameters` these are the declared defaults, not the member of the ensemble that
        `sendcycle run` takes.
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
    ((_, result),) = simulate_each(parameters, (scenario,), seed, scale, until, threads=threads, progress=progress)
    return result


def simulate_each(
    parameters: Parameters | None,
    scenarios: Sequence[Scenario],
    seed: int = 0,
    scale: float = 0.01,
    until: str = "2035-08",
    *,
    threads: int = 2,
    progress: Told | None = None,
) -> Iterator[tuple[int, Result]]:
    """Run the model under several scenarios on the same draws, living through the months they share once.

    Every result is what `simulate` returns for its scenario, to the last bit; only the time in its manifest is that
    since the beginning of all. Scenarios that begin alike should stand side by side. Beside the running model one
    copy is kept for each month at which futures part, so at full scale run few at once.

    Parameters
    ----------
    parameters, scenarios, seed, scale, until, threads
        As for `simulate`.
    progress
        Called after each month that is lived, with (months done of that future, months in all).

    Yields
    ------
    (int, Result)
        The place of a scenario in `scenarios`, and its result; in the order in which they are finished.

    Raises
    ------
    ParameterError, ScenarioError, DateError, ScaleError
        As `simulate`, before anything is run.
    """
    began, n_months = time.perf_counter(), month_index(until) + 1
    base = parameters if parameters is not None else Parameters()
    tables = [as_numbers(scenario.table(base, n_months)) for scenario in scenarios]

    def lived(model: SendModel, record: Record, group: list[int]) -> Iterator[tuple[int, Result]]:
        """Live on under the scenarios of a group, which are one until now; yield what each of them brings."""
        first = tables[group[0]]
        apart = [np.flatnonzero((tables[k] != first).any(axis=1)) for k in group[1:]]
        until_then = min((int(months[0]) for months in apart if len(months)), default=n_months)
        for _ in model.months(until_then):
            record.add(model)
            if progress is not None:
                progress(model.t, n_months)
        if until_then == n_months:
            for k in group:
                yield k, record.result(model, scenarios[k], seed, scale, until, time.perf_counter() - began)
            return
        *others, last = _alike(group, tables, until_then)
        for part in others:
            with closing(model.copy()) as twin:
                if part[0] != group[0]:  # else it is that scenario already
                    twin.turn_to(scenarios[part[0]])
                yield from lived(twin, record.copy(), part)
        if last[0] != group[0]:  # else it is this scenario already
            model.turn_to(scenarios[last[0]])
        yield from lived(model, record, last)

    for group in _alike(range(len(scenarios)), tables, 0):
        model = SendModel(base, scenarios[group[0]], seed=seed, scale=scale, n_months=n_months, threads=threads)
        with closing(model):
            yield from lived(model, Record.of(model), group)


def _alike(group: Sequence[int], tables: Sequence[NDArray[np.float64]], month: int) -> list[list[int]]:
    """Return the members of a group in parts that have the same parameters in a month."""
    parts: dict[bytes, list[int]] = {}
    for k in group:
        parts.setdefault(tables[k][month].tobytes(), []).append(k)
    return list(parts.values())


@dataclass
class Record:
    """What is written down of a run: `cube` as `Result.tallies`, and each January as it was counted."""

    cube: Cube
    januaries: list[January]

    @classmethod
    def of(cls, model: SendModel) -> "Record":
        """Return an empty record of a model that has not begun."""
        shape = (model.n_months, len(model.world.authorities))
        return cls(np.zeros(shape, dtype=model.world.tallies.dtype), [])

    def add(self, model: SendModel) -> None:
        """Write down the month that was lived last."""
        month = model.t - 1
        as_numbers(self.cube)[month] = as_numbers(model.world.tallies)
        if month_of_year(month) == 1:
            self.januaries.append(model.count())

    def copy(self) -> "Record":
        """Return a record that goes its own way from here."""
        return Record(self.cube.copy(), list(self.januaries))

    def result(
        self, model: SendModel, scenario: Scenario, seed: int, scale: float, until: str, wall_seconds: float
    ) -> Result:
        """Return the record of a whole run as a result."""
        rows = model.sample.rows
        return Result(
            tallies=self.cube,
            weights=np.array(model.world.authorities["weight"]),
            authority_codes=tuple(rows["la_code"]),
            authority_names=tuple(rows["la_name"]),
            counted=model.breakdowns(self.januaries),
            manifest=new_manifest(model.parameters, scenario, seed, scale, until, wall_seconds),
        )
