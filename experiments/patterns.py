"""Patterns: what the model is held against, declared once in `patterns.toml`."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True)
class NationPattern:
    """A published series of England.

    `error` and `discrepancy` are standard deviations of its logarithm: of the figure, and of a model of this kind.
    """

    name: str
    first_year: int
    error: float
    discrepancy: float
    headline: bool = False
    note: str = ""


@cache
def declared_patterns() -> dict[str, dict[str, dict[str, Any]]]:
    """Return the tables of `patterns.toml`, by level and name."""
    return tomllib.loads((files("experiments") / "patterns.toml").read_text(encoding="utf-8"))


@cache
def nation_patterns() -> tuple[NationPattern, ...]:
    """Return the series of England."""
    return tuple(
        NationPattern(name, entry["from"], **{key: value for key, value in entry.items() if key != "from"})
        for name, entry in declared_patterns()["nation"].items()
    )
