"""Scenarios by name or from files: what they take from the library and what they add, read as data, never executed.

A file lists what it takes from the library (`[[use]]`, with a date or size of its own if it likes) and may hold reforms
of its own (`[[reforms]]`, see `sendcycle.inputs.reforms`) and a `budget_million_gbp` that its money must keep to.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sendcycle import NO_CHANGE, Parameters, Reform, Scenario
from sendcycle.calendar import N_MONTHS
from sendcycle.errors import DateError, ScenarioError, SendcycleError, nearest
from sendcycle.inputs.user_text import parse_toml, read_text
from sendcycle_experiments.reforms.library import home, library
from sendcycle_experiments.reforms.programme_cost import check_budget

USE = ("reform", "start", "announced", "size")


def named_scenarios() -> list[str]:
    """Return the names of the scenarios that come with the project."""
    return [NO_CHANGE.name, *sorted(path.stem for path in (home() / "scenarios").glob("*.toml"))]


def read_scenario(name: str, folder: str | Path = ".", *, size: float = 1.0) -> Scenario:
    """Return the scenario of that name, or the one written in that file (relative to `folder`).

    `size` multiplies what is assumed to follow from the reforms it takes from the library.

    Raises
    ------
    ScenarioError, DateError, ParameterError
        One line that says what is wrong with it, in which line of the file, and what to do.
    """
    text, path = scenario_text(name, folder)
    return scenario_from(text, path, size)


def scenario_text(name: str, folder: str | Path = ".") -> tuple[str, Path]:
    """Return the text of the scenario of that name, or of that file, and the file.

    Raises
    ------
    ScenarioError
        If there is no such scenario, or its file cannot be read.
    """
    path = Path(folder) / name
    if not path.suffix and not path.exists():
        if name == NO_CHANGE.name:
            return f'name = "{name}"\ntext = "Nothing changes."\n', path
        if name not in named_scenarios():
            raise ScenarioError(
                f"unknown scenario '{name}'.{nearest(name, named_scenarios())} See sendcycle list scenarios, "
                "or give the path of a TOML file."
            )
        path = home() / "scenarios" / f"{name}.toml"
    return read_text(path, "scenario", ScenarioError), path


def mapping_of(text: str, path: Path) -> dict[str, Any]:
    """Return a scenario file's text as plain dictionaries. Raises ScenarioError if it is not TOML."""
    return parse_toml(text, f"scenario {path}", ScenarioError)


def scenario_from(text: str, path: Path, size: float = 1.0) -> Scenario:
    """Return the scenario that a file's text holds; errors name the file's line. See `read_scenario`."""
    mapping = mapping_of(text, path)
    try:
        return scenario_of(mapping, size)
    except SendcycleError as error:
        line = line_of(text, str(error))
        raise type(error)(f"{path.name}, line {line}: {error}" if line else f"{path.name}: {error}") from None


def line_of(text: str, message: str) -> int | None:
    """Return the line of a scenario file that an error is about: where what it names stands, the latest of them.

    An error names a reform in quotes and often a parameter or key: the line is that of the parameter or key in the
    part of the file that follows the reform's name, or of the reform.
    """
    lines = text.splitlines()
    found = None
    quoted = re.findall(r"'([^']+)'", message.split("Did you mean")[0])
    for word in (*quoted, *re.findall(r"\b[a-z]+(?:_[a-z0-9]+)+\b", message)):
        pattern = re.compile(rf"(?<![\w-]){re.escape(word)}(?![\w-])")
        for number in range(found or 0, len(lines)):
            if pattern.search(lines[number].split("#")[0]):
                found = number
                break
    return None if found is None else found + 1


def scenario_of(mapping: Mapping[str, Any], size: float = 1.0) -> Scenario:
    """Return the scenario held in plain dictionaries: what it uses of the library, then reforms of its own."""
    used = mapping.get("use", [])
    if not isinstance(used, list):
        raise ScenarioError("'use' must be a list of tables ([[use]] in TOML).")
    budget = mapping.get("budget_million_gbp")
    own = Scenario.from_mapping(
        {key: value for key, value in mapping.items() if key not in ("use", "budget_million_gbp")}
    )
    scenario = Scenario(own.name, (*(_used(entry, size) for entry in used), *own.reforms), own.text)
    scenario.table(Parameters(), N_MONTHS)
    if budget is not None:
        if isinstance(budget, bool) or not isinstance(budget, (int, float)) or not budget >= 0.0:
            raise ScenarioError(f"'budget_million_gbp' must be a number of 0 or more, not {budget!r}.")
        check_budget(scenario, float(budget))
    return scenario


def _used(entry: object, size: float) -> Reform:
    if not isinstance(entry, Mapping):
        raise ScenarioError("an entry of 'use' must be a table with a 'reform'.")
    if "reform" not in entry:
        raise ScenarioError("an entry of 'use': 'reform' is missing.")
    name = entry["reform"]
    if not isinstance(name, str) or name not in library():
        raise ScenarioError(f"unknown reform '{name}'.{nearest(str(name), library())} See sendcycle list reforms.")
    for key, value in entry.items():
        if key not in USE:
            raise ScenarioError(f"reform '{name}': unknown key '{key}'.{nearest(str(key), USE)}")
        if key == "size":
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0.0 < value <= 3.0:
                raise ScenarioError(f"reform '{name}': 'size' must be a number above 0, at most 3, not {value!r}.")
            if not library()[name].has_effect:
                raise ScenarioError(f"reform '{name}': 'size' says nothing, it holds rules and amounts alone.")
        elif not isinstance(value, str):
            raise ScenarioError(f"reform '{name}': '{key}' must be a text in quotes, not {value!r}.")
    try:
        size = size * float(entry.get("size", 1.0))
        return library()[name].reform(entry.get("start"), entry.get("announced"), size=size)
    except DateError as error:
        raise DateError(f"reform '{name}': {error}") from None
