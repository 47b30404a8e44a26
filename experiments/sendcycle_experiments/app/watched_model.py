"""A model that is watched: it moves a month a step, beside another scenario, and records what the page draws."""

from collections.abc import Mapping, Sequence
from threading import RLock
from typing import Any

import mesa
import numpy as np
import pandas as pd

from sendcycle import NO_CHANGE, Parameters, Scenario, SendModel
from sendcycle.calendar import FIRST_MONTH, month_index, month_label, month_of_year
from sendcycle.outputs import observables
from sendcycle.outputs.breakdowns import January
from sendcycle.outputs.observables import as_numbers

JANUARY, YEAR = 1, 12
BEFORE = "2014-08"
START_OF_TIME = int(FIRST_MONTH[:4]) + (int(FIRST_MONTH[5:7]) - 1) / YEAR  # the first day of the run, in years


class RecordedRun:
    """What was tallied in every month of a running model.

    Attributes
    ----------
    model
        The model that is followed: it moves through `step` alone.
    january
        What was counted in the last January, None before the first.
    """

    def __init__(self, model: SendModel) -> None:
        self.model = model
        self.january: January | None = None
        self._added_up: tuple[pd.DataFrame, pd.DataFrame] | None = None
        self._cube = np.zeros((model.n_months, len(model.world.authorities)), dtype=model.world.tallies.dtype)

    def step(self) -> None:
        """Run a month and record what was tallied in it."""
        self.model.step()
        t = self.model.t - 1
        as_numbers(self._cube)[t] = as_numbers(self.model.world.tallies)
        if month_of_year(t) == JANUARY:
            self.january = self.model.count()

    @property
    def months_run(self) -> int:
        """Months run so far."""
        return max(self.model.t, 0)

    def series(self, names: Sequence[str]) -> pd.DataFrame:
        """Return observables of England so far: a row a month (index `month`), a column an observable."""
        return observables.observe(self._tallies()[0])[list(names)]

    def lines(self, names: Sequence[str]) -> "dict[str, pd.Series[float]]":
        """Return observables of England as a page draws them, by time in years.

        Levels stand at the end of each month. All else is that of the twelve months that end there, so that the
        seasons do not show, and stands in their middle, as published years do.
        """
        tallies, of_year = self._tallies()
        known = observables.declared().observables
        end = START_OF_TIME + np.arange(1, len(tallies) + 1) / YEAR
        drawn = {}
        for name in names:
            level = known[name].is_level
            values = known[name].of(tallies if level else of_year)
            line = pd.Series(values, index=end - (0.0 if level else 0.5), name=name)
            drawn[name] = line.dropna()
        return drawn

    def by_authority(self, name: str) -> "pd.Series[float]":
        """Return an observable of each simulated authority, by its code: its level now, or that of the last year.

        Amounts are those of the whole authority, of which a part is simulated. NaN before the first month.
        """
        codes = self.model.sample.rows["la_code"].to_numpy(dtype=object)
        observable = observables.declared().observables[name]
        last = self._cube[max(self.months_run - (1 if observable.is_level else YEAR), 0) : self.months_run]
        if not len(last):
            return pd.Series(np.nan, index=codes, name=name)
        summed = as_numbers(last).sum(axis=0)
        tallies = {tally: summed[:, k] for k, tally in enumerate(last.dtype.names or ())}
        values = pd.Series(observable.of(tallies), index=codes, name=name)
        ratio = observable.denominator is not None or observable.kind == "median"
        return values if ratio else values / np.asarray(self.model.world.authorities["share_simulated"])

    def schools(self, code: str) -> pd.DataFrame:
        """Return the schools of an authority in the last January, as `Breakdowns.schools`; empty before the first."""
        if self.january is None:
            return pd.DataFrame()
        table = self.model.breakdowns([self.january]).schools
        return table[table["la_code"] == code].reset_index(drop=True)

    def _tallies(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return tallies of England by month, and of the twelve months that end there; made once a month."""
        if self._added_up is None or len(self._added_up[0]) != self.months_run:
            weights = np.asarray(self.model.world.authorities["weight"])
            monthly = observables.national_tallies(self._cube[: self.months_run], weights)
            self._added_up = monthly, monthly.rolling(YEAR).sum()
        return self._added_up


class WatchedModel(mesa.Model):
    """The model of a page: one scenario, and perhaps another beside it, run on the same random draws.

    Parameters
    ----------
    values
        Parameters that differ from their defaults, by name.
    reforms
        The scenario. (Mesa 3.5 keeps the name `scenario` for itself.)
    beside
        A second scenario; none if not given.
    seed, scale
        See `SendModel`.
    numbers
        What `values` are called where the run is described.
    until
        Last month, YYYY-MM. The model stops there: `running` is then False, and a further step does nothing.

    Attributes
    ----------
    main, beside
        The runs of either scenario.
    asked
        The arguments, by name.
    turn
        Held by whoever steps or reads: one thread plays while others draw.
    """

    def __init__(
        self,
        values: Mapping[str, float] | None = None,
        reforms: Scenario = NO_CHANGE,
        beside: Scenario | None = None,
        *,
        seed: int = 0,
        scale: float = 0.01,
        until: str = "2035-08",
        numbers: str = "",
    ) -> None:
        super().__init__(rng=seed)
        self.turn = RLock()
        self.closed = False
        self.asked: dict[str, Any] = {
            "values": dict(values or {}), "reforms": reforms, "beside": beside, "seed": seed, "scale": scale,
            "until": until, "numbers": numbers,
        }  # fmt: skip
        parameters, n_months = Parameters(**dict(values or {})), month_index(until) + 1

        def begin(scenario: Scenario) -> RecordedRun:
            return RecordedRun(SendModel(parameters, scenario, seed=seed, scale=scale, n_months=n_months))

        self.main = begin(reforms)
        self.beside = None if beside is None else begin(beside)

    @property
    def runs(self) -> dict[str, RecordedRun]:
        """The run of each scenario, by its name, the first first."""
        found = {self.asked["reforms"].name: self.main}
        if self.beside is not None:
            name = self.asked["beside"].name
            found[name if name not in found else f"{name} (beside)"] = self.beside
        return found

    @property
    def month(self) -> str:
        """The month just run, YYYY-MM; the one before the first at the beginning."""
        return month_label(self.main.model.t - 1) if self.main.months_run else BEFORE

    @property
    def authorities(self) -> dict[str, str]:
        """Names of the simulated authorities, by code."""
        rows = self.main.model.sample.rows
        return dict(zip(rows["la_code"], rows["la_name"], strict=True))

    def step(self) -> None:
        """Run one month in both scenarios, and record it."""
        with self.turn:
            left = not self.closed and self.main.model.t < self.main.model.n_months
            if left:
                for run in self.runs.values():
                    run.step()
            self.running = left and self.main.model.t < self.main.model.n_months

    def close(self) -> None:
        """Let go of both worlds; a thread that still plays then finds that there is nothing to do."""
        with self.turn:
            if not self.closed:
                self.closed, self.running = True, False
                for run in self.runs.values():
                    run.model.close()
