"""What a visitor of the page has chosen: parameters, scenarios, size of the run. Always something that can be run."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Any

from sendcycle import Parameters, Scenario
from sendcycle.calendar import LAST_MONTH, month_index
from sendcycle.errors import ScaleError
from sendcycle.inputs.parameters import DECLARED_VALUES, declared
from sendcycle_experiments.app.drafts import Draft
from sendcycle_experiments.calibration.ensembles import CURRENT, Ensemble, read_ensemble
from sendcycle_experiments.reforms.scenario_files import read_scenario

SCALES = {"0.2 %": 0.002, "1 %": 0.01, "2 %": 0.02, "5 %": 0.05, "10 %": 0.1}  # of England, by what the page calls them
NO_SCENARIO = "none"
FIRST = "SENDCYCLE_APP_SCENARIO"  # of the environment: a scenario, by name or file, with which the page begins


@cache
def ensemble() -> Ensemble:
    """Return the calibrated ensemble whose members the page offers."""
    return read_ensemble(CURRENT)


def bases() -> list[str]:
    """Return whose parameters a run can take: the declared values, or those of a member by its number."""
    return [DECLARED_VALUES, *(f"member {k}" for k in range(len(ensemble().members)))]


@cache
def base_values(base: str) -> Mapping[str, float]:
    """Return the parameters that differ from the declared values at the start."""
    return MappingProxyType({} if base == DECLARED_VALUES else ensemble().values(int(base.split()[1])))


@dataclass(frozen=True)
class Choices:
    """What the next run is made of.

    Attributes
    ----------
    base
        Whose parameters: see `bases`.
    changed
        Parameters set by hand, by name.
    draft
        The scenario.
    beside
        Name of the second scenario, or `NO_SCENARIO`.
    seed, scale, until
        See `WatchedModel`; `scale` as the page calls it.

    Raises
    ------
    SendcycleError
        If it cannot be run: one line that says why.
    """

    base: str = DECLARED_VALUES
    changed: Mapping[str, float] = field(default_factory=dict)
    draft: Draft = field(default_factory=lambda: Draft.named("white_paper_2026"))
    beside: str = "no_change"
    seed: int = 0
    scale: str = "1 %"
    until: str = "2035-08"

    def __post_init__(self) -> None:
        parameters, n_months = Parameters(**self.values()), month_index(self.until) + 1
        for scenario in filter(None, (self.draft.scenario, self.second)):
            scenario.table(parameters, n_months)

    @classmethod
    def at_first(cls) -> "Choices":
        """Return what the page begins with: the scenario that the environment names, as long a run as it needs."""
        draft = Draft.named(os.environ.get(FIRST) or "white_paper_2026")
        starts = [change.start for reform in draft.scenario.reforms for change in reform.changes]
        return cls(draft=draft, until=cls.until if max(starts, default="") <= cls.until else LAST_MONTH)

    @property
    def second(self) -> Scenario | None:
        """The scenario beside, if there is one."""
        return None if self.beside == NO_SCENARIO else read_scenario(self.beside)

    def values(self) -> dict[str, float]:
        """Return every parameter that differs from its declared value."""
        return {**base_values(self.base), **self.changed}

    def value(self, name: str) -> float:
        """Return the value that a parameter would have."""
        return float(self.values().get(name, declared()[name].default))

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of `WatchedModel`."""
        return {
            "values": self.values(), "reforms": self.draft.scenario, "beside": self.second, "seed": self.seed,
            "scale": SCALES[self.scale], "until": self.until, "numbers": self.numbers,
        }  # fmt: skip

    @property
    def numbers(self) -> str:
        """Whose parameters these are, and what was changed of them by hand, in words."""
        changed = ", ".join(f"{name} = {value:.4g}" for name, value in self.changed.items())
        base = Parameters().in_words() if self.base == DECLARED_VALUES else f"{self.base} of {ensemble().name}"
        return f"parameters: {base}" + (f"; changed: {changed}" if changed else "")


def seed_checked(text: str) -> int:
    """Return a seed. Raises ScaleError if the text is none."""
    if not text.strip().isdigit() or not int(text) < 2**31:
        raise ScaleError("a seed is a whole number from 0 to 2,147,483,647.")
    return int(text)
