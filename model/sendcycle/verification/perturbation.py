"""Nudges: a push to one field of the running model, given between two months or in the middle of one.

What is pushed, and where its effect is read, is declared in `causal_map.toml`. Because draws are keyed, a model and
its copy differ only by what the push does.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from inspect import signature
from types import FunctionType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from sendcycle import month
from sendcycle.calendar import BURN_IN_MONTHS
from sendcycle.send_model import SendModel
from sendcycle.state.children import SenStatus, Setting

Which = Literal["all", "every_second", "plans", "every_tenth_on_support"]
OF_AUTHORITIES = ("authorities", "tallies", "place_pipeline", "docket")  # arrays of the world with a row an authority


@dataclass(frozen=True)
class Nudge:
    """Multiply a field by `times`, add `plus`, and keep it within `low` and `high`.

    Parameters
    ----------
    at
        A column of the children, a field of the schools, authorities, nation or tallies (with a number if the field
        holds several), a parameter, which moves from this month on, or an array of the world that has no fields.
    times, plus, low, high
        What is done to it.
    which
        The rows it is done to. A plan is given to every tenth child on SEN support by adding 1 to its SEN status.
    """

    at: str
    times: float = 1.0
    plus: float = 0.0
    low: float = -np.inf
    high: float = np.inf
    which: Which = "all"

    def __call__(self, model: SendModel, authorities: NDArray[np.int64] | None = None) -> None:
        """Give the nudge to the model as it stands, or to what belongs to some of its authorities."""
        field = field_of(model, self.at)
        rows = rows_of(model, self.which, field)
        if authorities is not None:
            rows &= _belongs_to(model, self.at, len(field), authorities)
        if self.at == "children.sen_status":
            _provision_is_named(model, rows)
        field[rows] = np.clip(field[rows] * self.times + self.plus, self.low, self.high)

    @property
    def direction(self) -> int:
        """1 if the nudge goes upward, -1 if downward."""
        return 1 if self.times > 1.0 or self.plus > 0.0 else -1


def field_of(model: SendModel, at: str) -> NDArray[Any]:
    """Return the array at this place, as a view: writing to it changes the model."""
    home, _, name = at.partition(".")
    if home == "parameters":
        return np.asarray(model.inputs.parameters[name])[max(model.t, 0) + BURN_IN_MONTHS :]
    place = getattr(model.world, home)
    if home == "children":
        return np.asarray(getattr(place, name))
    name, _, column = name.partition(".")
    values = np.asarray(place[name] if name else place)
    return values[:, int(column)] if column else values


def rows_of(model: SendModel, which: Which, field: NDArray[Any]) -> NDArray[np.bool_]:
    """Return which rows of a field are meant."""
    c = model.world.children
    if which == "every_second":
        return np.asarray(np.arange(len(field)) % 2 == 1, dtype=bool)
    if which == "plans":
        return np.asarray(c.sen_status == SenStatus.PLAN, dtype=bool)
    if which == "every_tenth_on_support":
        free = (c.sen_status == SenStatus.SEN_SUPPORT) & (c.setting == Setting.MAINSTREAM) & (c.case == 0)
        return np.asarray(free & (c.key % 10 == 0))
    return np.ones(len(field), dtype=bool)


def read(model: SendModel, at: Iterable[str], which: Which = "all") -> float:
    """Return the sum over rows and places, authorities weighted as in national sums."""
    total = 0.0
    for place in at:
        field = field_of(model, place)
        rows = rows_of(model, which, field)
        weighted = place.partition(".")[0] in OF_AUTHORITIES
        weights = np.asarray(model.world.authorities["weight"] if weighted else np.ones(len(field)))
        values = np.asarray(field, dtype=float).reshape(len(field), -1).sum(axis=1)
        total += float(weights[rows] @ values[rows])
    return total


def sets(model: SendModel, values: Mapping[str, float]) -> SendModel:
    """Set parameters from this month on, and return the model."""
    for name, value in values.items():
        field_of(model, f"parameters.{name}")[:] = value
    return model


def step(model: SendModel, nudges: Sequence[Nudge] = (), before: str = "") -> None:
    """Run one month, giving the nudges first, or to each authority just before its rule named `before`.

    Raises
    ------
    ValueError
        If there is no such rule, or it is not one about authorities.
    """
    if not (before and nudges):
        for nudge in nudges:
            nudge(model)
        model.step()
        return

    def nudged(rule: Callable[..., None]) -> Callable[..., None]:
        takes = list(signature(getattr(rule, "py_func", rule)).parameters)
        if "part" not in takes:
            raise ValueError(f"the rule {before} is the nation's: it is not applied to authorities.")

        def after_nudges(*given: Any) -> None:
            for nudge in nudges:
                nudge(model, given[takes.index("part")])
            rule(*given)

        return after_nudges

    compiled = (month.month_opens, month.authorities_act, month.month_closes)
    opens, act, closes = changed = tuple(_with_rule(rule, before, nudged) for rule in compiled)
    if changed == compiled:
        raise ValueError(f"no rule named {before} is applied to the authorities in a month.")

    def run_month() -> None:
        w, inputs, everywhere, t = model.world, model.inputs, model.everywhere, model.t
        opens(w, inputs, t)
        act(w, inputs, everywhere, t)
        closes(w, inputs, everywhere, t)

    model.__dict__["_run_month"] = run_month
    try:
        model.step()
    finally:
        del model.__dict__["_run_month"]


def _with_rule(
    rule: Callable[..., None], name: str, changed: Callable[[Callable[..., None]], Callable[..., None]]
) -> Callable[..., None]:
    """Return `rule` with the rule called `name`, itself or one that it leads to, changed; then it runs uncompiled."""
    if getattr(rule, "__name__", "") == name:
        return changed(rule)
    body = getattr(rule, "py_func", rule)
    if not isinstance(body, FunctionType) or body.__module__ != month.__name__:
        return rule
    called = {word: body.__globals__[word] for word in body.__code__.co_names if callable(body.__globals__.get(word))}
    instead = {word: _with_rule(other, name, changed) for word, other in called.items()}
    if all(instead[word] is called[word] for word in called):
        return rule
    return FunctionType(body.__code__, body.__globals__ | instead)


def _belongs_to(model: SendModel, at: str, n: int, authorities: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which of the n rows of a place belong to these authorities; what is the nation's, to the first."""
    w = model.world
    home = at.partition(".")[0]
    owned = np.zeros(n, dtype=bool)
    for a in authorities:
        if home in OF_AUTHORITIES:
            owned[a] = True
        elif home == "schools":
            owned[w.authorities["first_school"][a] : w.authorities["last_school"][a]] = True
        elif home == "children":
            owned[w.rows[a, 0] : w.rows[a, -1]] = True
        elif a == 0:
            owned[:] = True
    return owned


def _provision_is_named(model: SendModel, rows: NDArray[np.bool_]) -> None:
    """Name the provision of children who are given a plan, as `assessment.issue_plan` does."""
    c, p = model.world.children, model.p
    c.provision_gbp[rows] = (1000.0 * c.base_need_gbp_k * (1.0 + p.escalation * (c.unmet - p.unmet_reference)))[rows]
    c.planned[rows] = model.t
