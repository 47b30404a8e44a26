"""The reform library: what each reform changes, costs and rests on, written in TOML, read and never executed.

A reform of the library is dated by its start: all in it counts months from there, so that a sequence is a set of dates.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from sendcycle import Reform, Scenario
from sendcycle.calendar import N_MONTHS, month_index, month_label
from sendcycle.errors import ScenarioError

KINDS = ("amount", "rule", "effect")  # see reforms.toml
SIZES = (0.5, 1.0, 1.5)  # of what is assumed to follow, times what the library says


@dataclass(frozen=True)
class Entry:
    """A reform of the library: its parts as in `reforms.toml`, and what dates it when nothing else is said."""

    name: str
    priority: str
    label: str
    text: str
    announced: str
    start: str
    source: str
    grade: str
    changes: tuple[Mapping[str, Any], ...]
    announcement: tuple[Mapping[str, Any], ...] = ()
    costs: tuple[Mapping[str, Any], ...] = ()
    precedence: int = 0

    def described(self) -> str:
        """Return all that the library says of the reform, in lines for a terminal."""
        lines = [f"{self.name} (priority {self.priority}): {self.label}", self.text, ""]
        lines += [f"announced {self.announced}, starts {self.start}, both unless a scenario says otherwise", ""]
        for title, entries in (
            ("changes", self.changes), ("on announcement", self.announcement), ("costs beside the model", self.costs),
        ):  # fmt: skip
            if entries:
                lines.append(f"{title} (months count from the start):")
                lines += ["  " + ", ".join(f"{key} {value}" for key, value in entry.items()) for entry in entries]
        return "\n".join([*lines, "", f"source: {self.source} (grade {self.grade})"])

    @property
    def has_effect(self) -> bool:
        """Whether a size of its effects can be set apart from its amounts and rules."""
        return any(change["kind"] == "effect" for change in self.changes)

    def reform(
        self, start: str | None = None, announced: str | None = None, *, size: float = 1.0, months: int | None = None,
        amounts: float = 1.0,
    ) -> Reform:  # fmt: skip
        """Return the reform at a date: months of the library count from `start`.

        Parameters
        ----------
        start, announced
            Months, YYYY-MM; those of the library if not given, but announced no later than it starts.
        size
            Multiplies what is assumed to follow (changes of kind "effect").
        months
            If given, amounts and costs for which the library gives no end last so many months.
        amounts
            Multiplies money, posts and places for which the library gives no end, and what such a reform costs.
        """
        start = start or self.start
        announced = announced or min(self.announced, start)
        changes = [_dated(_sized(change, size, months, amounts), start) for change in self.changes]
        costs = [_dated(self._cost(cost, months, amounts), start) for cost in self.costs]
        entry = {
            "name": self.name, "text": self.text, "announced": announced, "source": self.source, "grade": self.grade,
            "precedence": self.precedence, "changes": changes, "costs": costs,
            "announcement": [dict(change) for change in self.announcement] if announced < start else [],
        }  # fmt: skip
        return Scenario.from_mapping({"name": self.name, "reforms": [entry]}).reforms[0]

    def _cost(self, cost: Mapping[str, Any], months: int | None, amounts: float) -> dict[str, Any]:
        """Return a cost of the library as long and as large as wanted."""
        if "until" in cost:
            return dict(cost)
        lasting = {} if months is None else {"until": months}
        factor = amounts if any(is_lasting_amount(change) for change in self.changes) else 1.0
        return dict(cost) | lasting | {"million_gbp": cost["million_gbp"] * factor}


def is_lasting_amount(change: Mapping[str, Any]) -> bool:
    """Say whether a change of the library is money, posts or places to which it gives no end."""
    return change["kind"] == "amount" and "until" not in change


def _sized(change: Mapping[str, Any], size: float, months: int | None, amounts: float) -> dict[str, Any]:
    """Return a change of the library with its effect, amount and length as wanted, without its kind."""
    sized = {key: value for key, value in change.items() if key != "kind"}
    lasting = is_lasting_amount(change)
    factor = size if change["kind"] == "effect" else amounts if lasting else 1.0
    if factor != 1.0:
        for key in ("value", "plus"):
            if key in sized:
                sized[key] = sized[key] * factor
        if "times" in sized:
            sized["times"] = 1.0 + (sized["times"] - 1.0) * factor
    if lasting and months is not None:
        sized["until"] = months
    return sized


def _dated(change: Mapping[str, Any], start: str) -> dict[str, Any]:
    """Return a change or cost whose months behind the start are dates; what ends behind the last month has no end."""
    first = month_index(start)
    plain = {key: value for key, value in change.items() if key not in ("after", "until")}
    plain["start"] = month_label(first + int(change.get("after", 0)))
    if "until" in change and first + int(change["until"]) < N_MONTHS:
        plain["end"] = month_label(first + int(change["until"]))
    return plain


@cache
def library() -> dict[str, Entry]:
    """Return the reforms of the library by name, in its order."""
    table = tomllib.loads((home() / "reforms.toml").read_text(encoding="utf-8"))
    return {name: _entry(name, entry) for name, entry in table.items()}


def _entry(name: str, entry: Mapping[str, Any]) -> Entry:
    rest = {key: value for key, value in entry.items() if key not in ("costs", "changes", "announcement")}
    for change in entry["changes"]:
        if change.get("kind") not in KINDS:
            raise ScenarioError(f"reform '{name}': the kind of a change is one of {', '.join(KINDS)}.")
    changes, announcement = tuple(entry["changes"]), tuple(entry.get("announcement", []))
    return Entry(name, changes=changes, announcement=announcement, costs=tuple(entry.get("costs", [])), **rest)


def home() -> Path:
    """Return the folder of the library."""
    return Path(str(files("sendcycle_experiments.reforms")))
