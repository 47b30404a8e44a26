"""The headline observables of England as Mesa's DataCollector gathers them, a row a month."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import mesa

from sendcycle.outputs.observables import Observable, declared

if TYPE_CHECKING:
    from sendcycle.send_model import SendModel

# Names in observables.toml; none is a median, which needs more tallies than its own two.
HEADLINES = (
    "plans_in_force",
    "new_plans",
    "requests",
    "pupils_sen_support",
    "within_20_weeks",
    "appeals_registered",
    "high_needs_spending",
    "confidence",
)


def headline_collector() -> mesa.DataCollector:
    """Return a collector of `HEADLINES`, each in its unit (docs/observables.md)."""
    known = declared().observables
    return mesa.DataCollector(model_reporters={name: partial(measure_england, known[name]) for name in HEADLINES})


def measure_england(observable: Observable, model: SendModel) -> float:
    """Return an observable of England in the month run last; NaN where its denominator is 0."""
    w = model.world
    weights = w.authorities["weight"]
    names = filter(None, (observable.numerator, observable.denominator))
    return float(observable.of({name: weights @ w.tallies[name] for name in names}))
