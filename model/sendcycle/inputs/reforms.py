"""Reforms are data: dated replacements of parameters, compiled before a run into one record of parameters a month.

Four laws hold (see `tests/test_reforms.py`): nothing changes before announcement or start; a reform that changes
nothing is an error; two changes that write one parameter in the same month state which one wins, unless both add or
both multiply, and all others commute; what ends is restored exactly.
"""

from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, fields, replace
from itertools import combinations
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from sendcycle.calendar import FIRST_MONTH, N_MONTHS, month_index, month_label
from sendcycle.errors import DateError, ParameterError, ScenarioError, nearest
from sendcycle.inputs.parameters import GRADES, Parameters
from sendcycle.inputs.user_text import check_name, check_number, parse_toml, read_text

Column = npt.NDArray[np.float64]
WAYS = ("to", "times", "plus")  # how a change sets its parameter
PAYERS = ("government", "authorities", "schools")


@dataclass(frozen=True)
class Change:
    """From month `start` (YYYY-MM) until before `end`, `parameter` has `value`, in the parameter's own unit.

    With `how` "times" or "plus" it has, in every month, what it would have had, times or plus `value`, within what the
    quantity can be at all: so one reform can be laid over every member of an ensemble, and over other reforms. With
    `ramp_months` it moves in that many equal steps, the first in `start`.

    Raises
    ------
    DateError, ScenarioError
        If a date is outside the run, `end` is not after `start`, the ramp is not a whole number of months, `how` is
        none of "to", "times" and "plus", or `value` no finite number.
    """

    parameter: str
    value: float
    start: str
    end: str | None = None
    ramp_months: int = 0
    how: str = "to"

    def __post_init__(self) -> None:
        if self.how not in WAYS:
            raise ScenarioError(f"the change of {self.parameter}: how must be one of {', '.join(WAYS)}.")
        check_number(self.value, f"the change of {self.parameter}", ScenarioError)
        if self.how == "times" and self.value < 0.0:
            raise ScenarioError(f"the change of {self.parameter}: times {self.value:g} would turn its sign; 0 or more.")
        start, end = self.window(N_MONTHS)
        if end <= start:
            raise ScenarioError(f"the change of {self.parameter} ends in {self.end}, not after its start {self.start}.")
        if not isinstance(self.ramp_months, int) or self.ramp_months < 0:
            raise ScenarioError(f"the change of {self.parameter}: ramp_months must be a whole number of 0 or more.")
        if self.end is not None and self.ramp_months > end - start:
            raise ScenarioError(
                f"the change of {self.parameter}: its ramp of {self.ramp_months} months is longer than itself, "
                f"{end - start} months from {self.start} to {self.end}."
            )

    def window(self, n_months: int) -> tuple[int, int]:
        """Return the first model month of the change and the one after its last, in a run of `n_months`."""
        return month_index(self.start), n_months if self.end is None else min(month_index(self.end), n_months)

    def applied(self, column: Column, low: float, high: float) -> Column:
        """Return a copy of `column`, values of the parameter shaped (n_months,) in its unit, with the change laid over.

        `low` and `high` are what the parameter can be at all, which relative changes do not leave.
        """
        start, end = self.window(len(column))
        moved = np.minimum(np.arange(1, end - start + 1) / max(self.ramp_months, 1), 1.0)
        changed = column.copy()
        if self.how == "times":
            changed[start:end] = np.clip(column[start:end] * (1.0 + (self.value - 1.0) * moved), low, high)
        elif self.how == "plus":
            changed[start:end] = np.clip(column[start:end] + self.value * moved, low, high)
        else:
            before = column[max(start - 1, 0)]
            changed[start:end] = np.where(moved < 1.0, before + (self.value - before) * moved, self.value)
        return changed


@dataclass(frozen=True)
class Cost:
    """What somebody pays for a reform beside what the model spends, from month `start` until before `end`.

    `million_gbp` is a year's, at prices of 2026-27. It changes nothing in a run: comparisons add it up.

    Raises
    ------
    DateError, ScenarioError
        If a date is outside the run, `end` is not after `start`, the payer is unknown, or the sum negative.
    """

    payer: str
    million_gbp: float
    start: str
    end: str | None = None

    def __post_init__(self) -> None:
        if self.payer not in PAYERS:
            known = ", ".join(PAYERS)
            raise ScenarioError(f"unknown payer '{self.payer}'.{nearest(self.payer, PAYERS)} Payers: {known}.")
        check_number(self.million_gbp, "'million_gbp'", ScenarioError)
        if not self.million_gbp >= 0.0:
            raise ScenarioError(f"'million_gbp' cannot be {self.million_gbp:g}: what a reform costs is 0 or more.")
        start, end = self.window(N_MONTHS)
        if end <= start:
            raise ScenarioError(f"a cost ends in {self.end}, not after its start {self.start}.")

    def window(self, n_months: int) -> tuple[int, int]:
        """Return the first model month that is paid for and the one after the last, in a run of `n_months`."""
        return month_index(self.start), n_months if self.end is None else min(month_index(self.end), n_months)


@dataclass(frozen=True)
class Reform:
    """Changes that belong together, with their evidence and what they cost beside the model's own spending.

    `announcement` holds the changes that act from the month `announced`; one without an end acts until the first of
    `changes` starts. Where two changes write one parameter in the same months, the higher `precedence` wins.

    Raises
    ------
    DateError, ScenarioError
        If it has no changes, acts before its announcement, or has an unknown grade.
    """

    name: str
    changes: tuple[Change, ...]
    announced: str | None = None
    text: str = ""
    source: str = ""
    grade: str = "assumption"
    precedence: int = 0
    announcement: tuple[Change, ...] = ()
    costs: tuple[Cost, ...] = ()

    def __post_init__(self) -> None:
        check_name(self.name, "the name of a reform", ScenarioError)
        if not self.changes:
            raise ScenarioError(f"reform '{self.name}' has no changes.")
        if self.grade not in GRADES:
            raise ScenarioError(f"reform '{self.name}': unknown grade '{self.grade}', not one of {', '.join(GRADES)}.")
        if self.announced is None and self.announcement:
            raise ScenarioError(f"reform '{self.name}' changes parameters on announcement but has no date 'announced'.")
        first = month_index(self.announced or FIRST_MONTH)
        for change in (*self.changes, *self.announcement):
            if month_index(change.start) < first:
                raise ScenarioError(
                    f"reform '{self.name}' changes {change.parameter} in {change.start}, before it is announced in "
                    f"{self.announced}."
                )
        self.dated_changes()

    def dated_changes(self) -> tuple[Change, ...]:
        """Return all changes, those of the announcement first and with their ends filled in."""
        start = min(self.changes, key=lambda change: month_index(change.start)).start
        ended = (replace(change, end=change.end or start) for change in self.announcement)
        return (*ended, *self.changes)


@dataclass(frozen=True)
class Scenario:
    """A set of reforms with their dates; without reforms, nothing changes.

    Raises
    ------
    ScenarioError
        If two reforms share a name, or write one parameter in the same months with the same precedence and do not
        both add or both multiply.
    """

    name: str
    reforms: tuple[Reform, ...] = ()
    text: str = ""

    def __post_init__(self) -> None:
        check_name(self.name, "the name of a scenario", ScenarioError)
        names = [reform.name for reform in self.reforms]
        for name in names:
            if names.count(name) > 1:
                raise ScenarioError(f"scenario '{self.name}' holds reform '{name}' twice.")
        for (reform, change), (other, rival) in combinations(self._writes(), 2):
            if reform.precedence == other.precedence and _overlap(change, rival) and not _commute(change, rival):
                whose = f"'{reform.name}' twice" if reform is other else f"'{reform.name}' and '{other.name}'"
                raise ScenarioError(
                    f"scenario '{self.name}': {whose} write {change.parameter} in the same months "
                    f"(from {max(change.start, rival.start)}); give them different precedence, or end one earlier."
                )

    def _writes(self) -> list[tuple[Reform, Change]]:
        """Return every change with its reform, in the order in which they are laid over each other."""
        writes = [(reform, change) for reform in self.reforms for change in reform.dated_changes()]
        return sorted(writes, key=lambda write: (write[0].precedence, month_index(write[1].start), write[0].name))

    def table(self, parameters: Parameters, n_months: int) -> "np.recarray[Any, Any]":
        """Return the parameters of every month.

        Parameters
        ----------
        parameters
            The values that hold where no reform acts.
        n_months
            Length of the run from September 2014.

        Returns
        -------
        numpy.recarray
            Shape (n_months,), one float64 field for each declared parameter, in declared order and unit.

        Raises
        ------
        ParameterError
            If a change names an unknown parameter, or a value out of its range.
        ScenarioError
            If `n_months` is not from 1 to 312, or a reform never starts within the run, changes nothing, or ramps a
            switch or an integer.
        """
        if not 1 <= n_months <= N_MONTHS:
            raise ScenarioError(f"a run lasts 1 to {N_MONTHS} months, not {n_months}.")
        base = {name: np.full(n_months, value) for name, value in parameters.items()}
        for reform in self.reforms:
            _check(reform, parameters, n_months)
            alone = _laid_over(base, Scenario(self.name, (reform,))._writes(), parameters)
            touched = {change.parameter for change in reform.dated_changes()}
            if all(np.array_equal(alone[name], base[name]) for name in touched):
                raise ScenarioError(f"reform '{reform.name}' changes nothing: its values are those without it.")
        columns = _laid_over(base, self._writes(), parameters)
        return np.rec.fromarrays(list(columns.values()), dtype=[(name, np.float64) for name in columns])

    @classmethod
    def from_toml(cls, path: str | Path) -> "Scenario":
        """Return the scenario written in a TOML file, which is read as data and never executed.

        Raises ScenarioError or DateError, in one line, if it cannot be read or says what cannot be.
        """
        text = read_text(Path(path), "scenario", ScenarioError)
        return cls.from_mapping(parse_toml(text, f"scenario {path}", ScenarioError))

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> "Scenario":
        """Return the scenario held in plain dictionaries and lists, with the names of the fields as keys.

        A change of an announcement that has no start begins in the month `announced`. Raises ScenarioError or
        DateError if a key, a type or a date is wrong.
        """
        keys = _keys("the scenario", cls, mapping)
        reforms = tuple(_reform(entry) for entry in _tables("reforms", keys.get("reforms", [])))
        return cls(**(keys | {"reforms": reforms}))


def _overlap(change: Change, other: Change) -> bool:
    (start, end), (other_start, other_end) = change.window(N_MONTHS), other.window(N_MONTHS)
    return change.parameter == other.parameter and start < other_end and other_start < end


def _commute(change: Change, other: Change) -> bool:
    """Say whether two changes of one parameter come to the same in either order: both add, or both multiply.

    They must push the same way, so that what the parameter can be at all cuts neither of them in between.
    """
    if change.how != other.how or change.how == "to":
        return False
    usual = 1.0 if change.how == "times" else 0.0
    return (change.value - usual) * (other.value - usual) >= 0.0


def _laid_over(
    base: Mapping[str, Column], writes: Iterable[tuple[Reform, Change]], parameters: Parameters
) -> dict[str, Column]:
    columns, known = dict(base), parameters.declarations
    for _, change in writes:
        declared = known[change.parameter]
        columns[change.parameter] = change.applied(columns[change.parameter], *declared.possible)
    return columns


def _check(reform: Reform, parameters: Parameters, n_months: int) -> None:
    known = parameters.declarations
    for change in reform.dated_changes():
        if change.parameter not in known:
            hint = nearest(change.parameter, known)
            raise ParameterError(f"reform '{reform.name}' changes unknown parameter '{change.parameter}'.{hint}")
        if known[change.parameter].read == "start":
            raise ScenarioError(
                f"reform '{reform.name}': {change.parameter} sets how the run begins; a reform cannot change it."
            )
        if change.how == "to":
            try:
                known[change.parameter].checked(change.value)
            except ParameterError as error:
                raise ParameterError(f"reform '{reform.name}': {error}") from None
        elif known[change.parameter].kind != "real":
            raise ScenarioError(f"reform '{reform.name}': {change.parameter} is whole: give its value itself.")
        if change.ramp_months > 1 and known[change.parameter].kind != "real":
            raise ScenarioError(f"reform '{reform.name}': {change.parameter} is whole and cannot move by a ramp.")
        if month_index(change.start) >= n_months:
            end = month_label(n_months - 1)
            raise ScenarioError(f"reform '{reform.name}' never starts: {change.start} is after the run's end {end}.")


Entry = TypeVar("Entry", Change, Cost, Reform, Scenario)
NOT_TEXTS: dict[str, tuple[str, tuple[type, ...]]] = {
    "value": ("a number", (int, float)),
    "million_gbp": ("a number", (int, float)),
    "ramp_months": ("a whole number", (int,)),
    "precedence": ("a whole number", (int,)),
}


def _keys(where: str, kind: type[Entry], mapping: object) -> dict[str, Any]:
    """Return the entries of a table from a stranger's file, having checked their names and types."""
    known = {field.name: field.default is MISSING for field in fields(kind)}
    if not isinstance(mapping, Mapping):
        raise ScenarioError(f"{where} must be a table of {', '.join(known)}.")
    for key, value in mapping.items():
        if key not in known:
            raise ScenarioError(f"{where}: unknown key '{key}'.{nearest(str(key), known)}")
        meant, types = NOT_TEXTS.get(key, ("a text in quotes", (str,)))
        if key in ("reforms", "changes", "announcement", "costs"):
            continue  # checked by _tables
        if not isinstance(value, types) or (isinstance(value, bool) and key != "value"):
            raise ScenarioError(f"{where}: '{key}' must be {meant}, not {value!r}.")
    for key, required in known.items():
        if required and key not in mapping:
            raise ScenarioError(f"{where}: '{key}' is missing.")
    return dict(mapping)


def _tables(where: str, entries: object) -> list[Any]:
    if not isinstance(entries, (list, tuple)):
        raise ScenarioError(f"'{where}' must be a list of tables ([[{where}]] in TOML).")
    return list(entries)


def _spelled_out(where: str, change: object) -> object:
    """Return a change in which `times = 1.2` stands as `value = 1.2, how = "times"`, and `plus` likewise."""
    if not isinstance(change, Mapping):
        return change
    given = [key for key in ("value", "times", "plus") if key in change]
    if len(given) > 1:
        raise ScenarioError(f"{where}: {change.get('parameter')} has {' and '.join(given)}: give one of them.")
    if given not in (["times"], ["plus"]):
        return change
    (key,) = given
    if isinstance(change[key], bool) or not isinstance(change[key], (int, float)):
        raise ScenarioError(f"{where}: '{key}' must be a number, not {change[key]!r}.")
    return {name: value for name, value in change.items() if name != key} | {"value": change[key], "how": key}


def _reform(entry: object) -> Reform:
    where = f"reform '{entry.get('name', '?')}'" if isinstance(entry, Mapping) else "a reform"
    keys = _keys(where, Reform, entry)
    try:
        return _reform_of(where, keys)
    except DateError as error:
        raise DateError(f"{where}: {error}") from None


def _reform_of(where: str, keys: dict[str, Any]) -> Reform:
    begun = {"start": keys["announced"]} if "announced" in keys else {}
    changes = [
        Change(**_keys(where, Change, _spelled_out(where, change))) for change in _tables("changes", keys["changes"])
    ]
    announcement = [
        Change(**_keys(where, Change, {**begun, **entry} if isinstance(entry, Mapping) else entry))
        for entry in (_spelled_out(where, change) for change in _tables("announcement", keys.get("announcement", [])))
    ]
    costs = [Cost(**_keys(where, Cost, cost)) for cost in _tables("costs", keys.get("costs", []))]
    parts = {"changes": tuple(changes), "announcement": tuple(announcement), "costs": tuple(costs)}
    return Reform(**(keys | parts))


NO_CHANGE = Scenario("no_change")
