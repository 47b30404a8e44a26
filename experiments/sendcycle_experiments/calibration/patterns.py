"""Patterns: what the model is held against, declared once in `patterns.toml`."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd

from sendcycle.calendar import month_index
from sendcycle.inputs.published import of_observable
from sendcycle.outputs.observables import declared as declared_observables
from sendcycle.outputs.observables import months_of

SEAL = "2025-01"  # nothing that was complete later is used or shown


@dataclass(frozen=True)
class NationPattern:
    """A published series of England.

    `error` and `discrepancy` are standard deviations of its logarithm: of the figure, and of a model of this kind.
    Without `predicted` it is fitted and scored, but not predicted from its last figure.
    """

    name: str
    first_year: int
    error: float
    discrepancy: float
    headline: bool = False
    predicted: bool = True
    note: str = ""


@cache
def declared_patterns() -> dict[str, dict[str, dict[str, Any]]]:
    """Return the tables of `patterns.toml`, by level and name."""
    return tomllib.loads((files("sendcycle_experiments.calibration") / "patterns.toml").read_text(encoding="utf-8"))


@cache
def nation_patterns() -> tuple[NationPattern, ...]:
    """Return the series of England."""
    return tuple(
        NationPattern(name, entry["from"], **{key: value for key, value in entry.items() if key != "from"})
        for name, entry in declared_patterns()["nation"].items()
    )


def complete_by(name: str, month: str) -> "pd.Series[float]":
    """Return the published figures of an observable, by year, that were complete by a month (YYYY-MM)."""
    observable = declared_observables().observables[name]
    series = of_observable(observable)
    done = np.asarray([months_of(observable, int(year))[1] for year in series.index])
    return series[done <= month_index(month)]
