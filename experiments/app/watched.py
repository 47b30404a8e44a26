"""A model that is watched: it goes on a month a step, beside another scenario, and remembers what the page draws."""

from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from model import NO_CHANGE, Parameters, Scenario, SendModel, observables
from model.breakdowns import January
from model.calendar import month_index, month_of_year
from model.observables import as_numbers

JANUARY = 1


class Remembered:
    """What was tallied in every month of a running model.

    Attributes
    ----------
    model
        The model that is followed; `keep` is called after each of its steps.
    january
        What was counted in the last January, None before the first.
    """

    def __init__(self, model: SendModel) -> None:
        self.model = model
        self.january: January | None = None
        self._cube = np.zeros((model.n_months, len(model.world.authorities)), dtype=model.world.tallies.dtype)

    def keep(self) -> None:
        """Keep the month just lived."""
        t = self.model.t - 1
        as_numbers(self._cube)[t] = as_numbers(self.model.world.tallies)
        if month_of_year(t) == JANUARY:
            self.january = self.model.count()

    def series(self, names: Sequence[str]) -> pd.DataFrame:
        """Return observables of England so far: a row a month (index `month`), a column an observable."""
        lived = self._cube[: max(self.model.t, 0)]
        weights = np.asarray(self.model.world.authorities["weight"])
        return observables.observe(observables.national_tallies(lived, weights))[list(names)]

    def authorities(self, name: str, months: int = 12) -> "pd.Series[float]":
        """Return an observable of every simulated authority over the last months, by its code; NaN before any."""
        codes, names = (tuple(self.model.sample.rows[column]) for column in ("la_code", "la_name"))
        last = self._cube[max(self.model.t - months, 0) : max(self.model.t, 0)]
        if not len(last):
            return pd.Series(np.nan, index=list(codes), name=name)
        weights = np.asarray(self.model.world.authorities["weight"])
        table = observables.observe_authorities(last, weights, codes, names)
        how = "mean" if observables.declared().observables[name].kind == "stock" else "sum"
        found = table.groupby("la_code")[name]
        return found.sum() if how == "sum" and observables.declared().observables[name].kind == "flow" else found.mean()


class Watched(SendModel):
    """The model of a page, with another scenario beside it on the same random draws.

    Parameters
    ----------
    values
        Parameters that differ from their defaults, by name.
    scenario
        Reforms with dates.
    beside
        A second scenario that is lived through on the same draws; none if not given.
    seed, scale
        See `SendModel`.
    until
        Last month, YYYY-MM. The model stops there: `running` is then False, and a further step does nothing.
    """

    def __init__(
        self,
        values: Mapping[str, float] | None = None,
        scenario: Scenario = NO_CHANGE,
        beside: Scenario | None = None,
        *,
        seed: int = 0,
        scale: float = 0.01,
        until: str = "2035-08",
    ) -> None:
        self.remembered: Remembered | None = None  # until the burn-in is over
        self.beside: Remembered | None = None
        n_months = month_index(until) + 1
        parameters = Parameters(**dict(values or {}))
        super().__init__(parameters, scenario, seed=seed, scale=scale, n_months=n_months)
        self.remembered = Remembered(self)
        if beside is not None:
            other = SendModel(parameters, beside, seed=seed, scale=scale, n_months=n_months)
            self.beside = Remembered(other)

    def step(self) -> None:
        """Live through one month in both scenarios, and remember it."""
        if self.remembered is None:
            super().step()
            return
        if self.t >= self.n_months:
            self.running = False
            return
        super().step()
        self.remembered.keep()
        if self.beside is not None:
            self.beside.model.step()
            self.beside.keep()
        self.running = self.t < self.n_months

    def close(self) -> None:
        """Let go of both worlds."""
        if self.beside is not None:
            self.beside.model.close()
        super().close()

    @cached_property
    def codes(self) -> NDArray[np.object_]:
        """Codes of the simulated authorities."""
        return self.sample.rows["la_code"].to_numpy(dtype=object)
