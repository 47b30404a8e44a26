"""A scenario in the making: reforms of the library put in, moved and taken out, kept as what a scenario file says."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import tomli_w

from sendcycle import Reform, Scenario
from sendcycle.calendar import N_MONTHS, month_index, month_label
from sendcycle.errors import ScenarioError
from sendcycle_experiments.reforms.library import library
from sendcycle_experiments.reforms.scenario_files import (
    mapping_of,
    named_scenarios,
    scenario_from,
    scenario_of,
    scenario_text,
)


@dataclass(frozen=True)
class Bar:
    """A reform on the timeline, in model months, and whether it can be moved.

    `full` is when all its changes have ramped up, `end` the month after the last of them.
    """

    name: str
    label: str
    announced: int
    start: int
    full: int
    end: int
    text: str
    movable: bool


@dataclass(frozen=True)
class Draft:
    """A scenario as its file holds it; always one that can be run.

    Raises
    ------
    ScenarioError, DateError, ParameterError
        If it cannot: one line that says why. What was there before is then still there.
    """

    mapping: Mapping[str, Any]

    def __post_init__(self) -> None:
        _ = self.scenario

    @classmethod
    def named(cls, name: str) -> "Draft":
        """Return a scenario of the project, or one in a file."""
        text, path = scenario_text(name)
        return cls(mapping_of(text, path)) if name in named_scenarios() else cls.of_text(text, path)

    @classmethod
    def of_text(cls, text: str, path: Path) -> "Draft":
        """Return the scenario that a file's text holds; errors name the line."""
        scenario_from(text, path)
        return cls(mapping_of(text, path)).as_ones_own()

    @property
    def name(self) -> str:
        """The scenario's name."""
        return str(self.mapping["name"])

    @cached_property
    def scenario(self) -> Scenario:
        """The scenario itself."""
        return scenario_of(self.mapping)

    @property
    def toml(self) -> str:
        """The text of its file."""
        return tomli_w.dumps(dict(self.mapping))

    @property
    def used(self) -> dict[str, dict[str, Any]]:
        """What it takes from the library, by name of the reform."""
        return {entry["reform"]: dict(entry) for entry in self.mapping.get("use", [])}

    def bars(self) -> list[Bar]:
        """Return its reforms as the timeline shows them, by when they start."""
        used = self.used
        bars = [_bar(reform, reform.name in used) for reform in self.scenario.reforms]
        return sorted(bars, key=lambda bar: (bar.start, bar.name))

    def renamed(self, name: str) -> "Draft":
        """Return it under another name, which is none of the project's."""
        if not name.strip():
            raise ScenarioError("a scenario needs a name.")
        if name.strip() in named_scenarios():
            raise ScenarioError(f"'{name.strip()}' is a scenario of the project: take another name.")
        return replace(self, mapping={**self.mapping, "name": name.strip()})

    def renamed_if_other(self, name: str) -> "Draft":
        """Return it as it is if that is its name, and renamed otherwise."""
        return self if name == self.name else self.renamed(name)

    def as_ones_own(self) -> "Draft":
        """Return it under a name of one's own if it has a name of the project and is not what that names."""
        if self.name not in named_scenarios() or self == Draft.named(self.name):
            return self
        return self.renamed(f"my_{self.name}")

    def with_reform(self, name: str) -> "Draft":
        """Return it with a reform of the library more, at the library's date."""
        if name not in library():
            raise ScenarioError(f"unknown reform '{name}'.")
        return self._using([*self.used.values(), {"reform": name}]).as_ones_own()

    def without(self, name: str) -> "Draft":
        """Return it without a reform of the library."""
        return self._using([entry for reform, entry in self.used.items() if reform != name]).as_ones_own()

    def moved(self, name: str, start: str) -> "Draft":
        """Return it with a reform that starts in another month; an announcement dated here keeps its lead."""
        entry = self.used[name]
        if "announced" in entry:
            lead = month_index(entry.get("start", library()[name].start)) - month_index(entry["announced"])
            entry["announced"] = month_label(max(month_index(start) - max(lead, 0), 0))
        return self._with_entry(name, entry | {"start": start})

    def sized(self, name: str, size: float) -> "Draft":
        """Return it with a reform whose effects have another size, 1 as the library says."""
        entry = {key: value for key, value in self.used[name].items() if key != "size"}
        return self._with_entry(name, entry if size == 1.0 else entry | {"size": size})

    def _with_entry(self, name: str, entry: Mapping[str, Any]) -> "Draft":
        changed = [dict(entry) if reform == name else old for reform, old in self.used.items()]
        return self._using(changed).as_ones_own()

    def _using(self, entries: list[dict[str, Any]]) -> "Draft":
        rest = {key: value for key, value in self.mapping.items() if key not in ("use", "reforms")}
        own = {"reforms": self.mapping["reforms"]} if "reforms" in self.mapping else {}
        return replace(self, mapping=rest | ({"use": entries} if entries else {}) | own)


def _bar(reform: Reform, movable: bool) -> Bar:
    start = min(month_index(change.start) for change in reform.changes)
    full = max(month_index(change.start) + change.ramp_months for change in reform.changes)
    ends = [change.window(N_MONTHS)[1] for change in reform.changes]
    entry = library().get(reform.name)
    return Bar(
        name=reform.name,
        label=entry.label if entry else reform.name.replace("_", " "),
        announced=month_index(reform.announced) if reform.announced else start,
        start=start,
        full=min(max(full, start), max(ends)),
        end=max(ends),
        text=reform.text or (entry.text if entry else ""),
        movable=movable,
    )
