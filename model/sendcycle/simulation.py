"""simulate(): one run, from parameters and a scenario to a Result; simulate_each(): scenarios that share a past."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sendcycle.calendar import JANUARY, month_index, month_of_year
from sendcycle.inputs.parameters import Parameters
from sendcycle.inputs.reforms import NO_CHANGE, Scenario
from sendcycle.outputs.breakdowns import January
from sendcycle.outputs.observables import Cube, as_numbers
from sendcycle.outputs.results import Result, new_manifest
from sendcycle.send_model import LARGEST_SEED, SendModel, check_kinds, whole_number

ProgressCallback = Callable[[int, int], None]


def simulate(
    parameters: Parameters | None = None,
    scenario: Scenario = NO_CHANGE,
    seed: int = 0,
    scale: float = 0.01,
    until: str = "2035-08",
    *,
    threads: int = 2,
    progress: ProgressCallback | None = None,
) -> Result:
    """Run the model from September 2014 and return what was recorded, by month and authority.

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
    progress: ProgressCallback | None = None,
) -> Iterator[tuple[int, Result]]:
    """Run the model under several scenarios on the same draws; months that they share are run once.

    Every result is what `simulate` returns for its scenario, to the last bit; only `started` and `wall_seconds` in its
    manifest are those of all that was run until then. Beside the running model at most log2 of the number of scenarios
    wait as copies.

    Parameters
    ----------
    parameters, scenarios, seed, scale, until, threads
        As for `simulate`.
    progress
        Called after each month that is run, with (months done of that branch, months in all).

    Yields
    ------
    (int, Result)
        The place of a scenario in `scenarios`, and its result; in the order in which they are finished.

    Raises
    ------
    ParameterError, ScenarioError, DateError, ScaleError
        As `simulate`, when the first result is asked for and before any month is run.
    """
    began, n_months = time.perf_counter(), month_index(until) + 1
    for scenario in scenarios:
        check_kinds(parameters, scenario)
    seed = whole_number("seed", seed, 0, LARGEST_SEED)
    base = parameters if parameters is not None else Parameters()
    tables = [as_numbers(scenario.table(base, n_months)) for scenario in scenarios] if len(scenarios) > 1 else []
    branches = Branches(scenarios, tables, seed, scale, until, began, progress)
    for group in branches.group_identical(list(range(len(scenarios))), 0):
        model = SendModel(
            base, scenarios[group[0]], seed=seed, scale=scale, n_months=n_months, threads=threads, collect=False
        )
        with closing(model):
            yield from branches.run(model, Recorder.of(model), group)


@dataclass(frozen=True)
class Branches:
    """Scenarios that branch off one past, with their parameters by month (`tables`, none if there is one scenario)."""

    scenarios: Sequence[Scenario]
    tables: Sequence[NDArray[np.float64]]
    seed: int
    scale: float
    until: str
    began: float
    progress: ProgressCallback | None

    def run(self, model: SendModel, recorder: "Recorder", group: list[int]) -> Iterator[tuple[int, Result]]:
        """Run on under the scenarios of a group, which are the same until now; yield the result of each.

        The largest part of a group goes on in the model itself, all others in copies: so few of these wait at once.
        """
        while (month := self.first_divergence(group, model.t)) < model.n_months:
            self._run_until(model, recorder, month)
            *others, largest = sorted(self.group_identical(group, month), key=len)
            for part in others:
                with closing(model.copy()) as copied:
                    if part[0] != group[0]:  # else it runs under that scenario already
                        copied.switch_scenario(self.scenarios[part[0]])
                    yield from self.run(copied, recorder.copy(), part)
            if largest[0] != group[0]:
                model.switch_scenario(self.scenarios[largest[0]])
            group = largest
        self._run_until(model, recorder, model.n_months)
        *before, last = group
        for k in before:
            yield k, self._result(model, recorder.copy(), k)
        yield last, self._result(model, recorder, last)

    def first_divergence(self, group: list[int], since: int) -> int:
        """Return the first month from `since` on in which parameters of a group differ; the number of all if none."""
        end = month_index(self.until) + 1
        if len(group) < 2:
            return end
        first = self.tables[group[0]][since:]
        apart = (np.flatnonzero((self.tables[k][since:] != first).any(axis=1)) for k in group[1:])
        return min((since + int(months[0]) for months in apart if len(months)), default=end)

    def group_identical(self, group: list[int], month: int) -> list[list[int]]:
        """Return the members of a group in parts that have the same parameters in a month."""
        if len(group) < 2:
            return [group]
        parts: dict[bytes, list[int]] = {}
        for k in group:
            parts.setdefault(self.tables[k][month].tobytes(), []).append(k)
        return list(parts.values())

    def _run_until(self, model: SendModel, recorder: "Recorder", month: int) -> None:
        for _ in model.months(month):
            recorder.add(model)
            if self.progress is not None:
                self.progress(model.t, model.n_months)

    def _result(self, model: SendModel, recorder: "Recorder", k: int) -> Result:
        """Return what was recorded of a whole run as the result of scenario `k`."""
        seconds = time.perf_counter() - self.began
        rows = model.sample.rows
        return Result(
            tallies=recorder.tallies,
            weights=np.array(model.world.authorities["weight"]),
            authority_codes=tuple(rows["la_code"]),
            authority_names=tuple(rows["la_name"]),
            counted=model.breakdowns(recorder.januaries),
            manifest=new_manifest(model.parameters, self.scenarios[k], self.seed, self.scale, self.until, seconds),
        )


@dataclass
class Recorder:
    """What is recorded of a run: its `tallies` as in `Result`, and each January as it was counted."""

    tallies: Cube
    januaries: list[January]

    @classmethod
    def of(cls, model: SendModel) -> "Recorder":
        """Return an empty recorder of a model that has not begun."""
        shape = (model.n_months, len(model.world.authorities))
        return cls(np.zeros(shape, dtype=model.world.tallies.dtype), [])

    def add(self, model: SendModel) -> None:
        """Record the month that was run last."""
        month = model.t - 1
        as_numbers(self.tallies)[month] = as_numbers(model.world.tallies)
        if month_of_year(month) == JANUARY:
            self.januaries.append(model.count())

    def copy(self) -> "Recorder":
        """Return an independent recorder with the same months."""
        return Recorder(self.tallies.copy(), list(self.januaries))
