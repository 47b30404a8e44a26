"""What a run records: tallies that the rules add up, and the observables that are read from them.

Both are declared once, in `observables.toml`, each observable with the published series that it is compared with.
"""

import math
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sendcycle.calendar import FIRST_MONTH, calendar_year, financial_year, month_of_year, months, school_year
from sendcycle.errors import ResultsError, nearest, reason

KINDS = ("stock", "flow", "share", "mean", "median")
YEARS = {"january": calendar_year, "calendar": calendar_year, "financial": financial_year, "school": school_year}
CASH = "cash"  # pounds of the time
PRICES = (CASH, "2014-15 prices", "2026-27 prices")
LAST_MONTH_OF_YEAR = {"january": 1, "calendar": 12, "financial": 3, "school": 8}

Cube = npt.NDArray[np.void]


@dataclass(frozen=True)
class Observable:
    """`factor` times the tally `numerator`, divided by the tally `denominator` if there is one, in `unit`.

    `yearly` says how months become the figure of a year: "january" takes that month; the others take the sum over a
    "calendar", "financial" (April) or "school" (September) year, labelled by the year in which it begins. A stock
    without a denominator is not summed: its figure is that of the last month of the year.
    A "median" is that of the weeks which cases took: `numerator` counts the cases, and tallies named after it count
    those "within" so many weeks, between which it is interpolated; beyond the last of them nothing is known but that.
    `published` names the series beside which it is shown, `published_factor` turns that series into `unit`.
    `prices` is the price base of money, one of `PRICES`; "cash" is pounds of the time.
    """

    name: str
    label: str
    unit: str
    kind: str
    numerator: str
    yearly: str
    group: str
    denominator: str | None = None
    factor: float = 1.0
    published: str | None = None
    published_factor: float = 1.0
    prices: str | None = None

    def of(self, tallies: Mapping[str, Any] | pd.DataFrame) -> npt.NDArray[np.float64]:
        """Return the observable of `tallies`, arrays of one shape by name, in that shape and in `unit`.

        It is NaN where the denominator is 0. Raises KeyError if a tally is missing.
        """
        if self.kind == "median":
            return self.factor * _median_weeks(tallies, self.numerator)
        top = np.asarray(tallies[self.numerator], dtype=np.float64) * self.factor
        if self.denominator is None:
            return top
        bottom = np.asarray(tallies[self.denominator], dtype=np.float64)
        ratio: npt.NDArray[np.float64] = np.divide(top, bottom, out=np.full(top.shape, np.nan), where=bottom != 0)
        return ratio

    @property
    def unit_in_words(self) -> str:
        """The unit, with the price base of money that is not cash."""
        return self.unit if self.prices in (None, CASH) else f"{self.unit}, {self.prices}"

    @property
    def is_level(self) -> bool:
        """Whether months of a year are levels, of which the last counts, rather than amounts to be summed."""
        return self.yearly == "january" or (self.kind == "stock" and self.denominator is None)


def is_money(unit: str) -> bool:
    """Say whether a unit is one of money."""
    return "pound" in unit


def _median_weeks(tallies: Mapping[str, Any] | pd.DataFrame, counted: str) -> npt.NDArray[np.float64]:
    """Return the weeks within which half of the cases counted were done, by straight lines between the tallies."""
    names = [str(name) for name in tallies]
    within = {name: re.fullmatch(rf"{counted}_within_([0-9]+)_weeks", name) for name in names}
    limits = sorted((int(match[1]), name) for name, match in within.items() if match)
    half = 0.5 * np.asarray(tallies[counted], dtype=np.float64)
    median = np.full(half.shape, np.nan)
    weeks_before, done_before = 0.0, np.zeros_like(half)
    for weeks, name in limits:
        done = np.asarray(tallies[name], dtype=np.float64)
        here = np.isnan(median) & (half > 0.0) & (done >= half)
        share = np.divide(half - done_before, done - done_before, out=np.zeros_like(half), where=here)
        median[here] = weeks_before + (weeks - weeks_before) * share[here]
        weeks_before, done_before = float(weeks), done
    median[np.isnan(median) & (half > 0.0)] = weeks_before
    return median


@dataclass(frozen=True)
class Declarations:
    """The contents of `observables.toml`: tallies with "unit: meaning", and observables, by name."""

    tallies: Mapping[str, str]
    observables: Mapping[str, Observable]


@cache
def declared(path: Path | None = None) -> Declarations:
    """Return the declared tallies and observables, in the order of the file.

    Parameters
    ----------
    path
        Another file of declarations; the model's own `observables.toml` when absent.

    Raises
    ------
    ResultsError
        If the file cannot be read, or a declaration is incomplete or contradicts itself.
    """
    try:
        entries = tomllib.loads((path or files("sendcycle.outputs") / "observables.toml").read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ResultsError(f"cannot read {path or 'observables.toml'}: {reason(error)}") from error
    for key in entries:
        if key not in ("tallies", "observables"):
            raise ResultsError(f"observables.toml: unknown table '{key}'.{nearest(key, ('tallies', 'observables'))}")
    tallies = entries.get("tallies", {})
    for name, text in tallies.items():
        unit, colon, meaning = text.partition(":") if isinstance(text, str) else ("", "", "")
        if not (unit.strip() and colon and meaning.strip()):
            raise ResultsError(f"tally '{name}' must be described as 'unit: meaning'.")
    observables = {name: _observable(name, entry, tallies) for name, entry in entries.get("observables", {}).items()}
    return Declarations(MappingProxyType(tallies), MappingProxyType(observables))


def _observable(name: str, entry: Any, tallies: Mapping[str, str]) -> Observable:
    known = {field.name: field.type for field in fields(Observable) if field.name != "name"}
    for key, value in entry.items() if isinstance(entry, dict) else [("", "")]:
        if key not in known:
            raise ResultsError(f"observable '{name}': unknown key '{key}'.{nearest(key, known)}")
        number = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value) and value != 0
        if not (number if known[key] is float else isinstance(value, str) and value.strip()):
            raise ResultsError(f"observable '{name}': '{key}' cannot be {value!r}.")
    for key in ("label", "unit", "kind", "numerator", "yearly", "group"):
        if key not in entry:
            raise ResultsError(f"observable '{name}': '{key}' is missing.")
    observable = Observable(name, **entry)
    for tally in (observable.numerator, observable.denominator):
        if tally is not None and tally not in tallies:
            raise ResultsError(f"observable '{name}': unknown tally '{tally}'.{nearest(tally, tallies)}")
    if observable.kind not in KINDS:
        raise ResultsError(f"observable '{name}': kind '{observable.kind}' is not one of {', '.join(KINDS)}.")
    if observable.kind == "median" and not any(
        tally.startswith(f"{observable.numerator}_within_") for tally in tallies
    ):
        raise ResultsError(f"observable '{name}': no tally counts {observable.numerator} within so many weeks.")
    if observable.yearly not in YEARS:
        raise ResultsError(f"observable '{name}': yearly '{observable.yearly}' is not one of {', '.join(YEARS)}.")
    if is_money(observable.unit) != (observable.prices is not None):
        raise ResultsError(f"observable '{name}': 'prices' goes with a unit of money, and with no other.")
    if observable.prices not in (None, *PRICES):
        raise ResultsError(f"observable '{name}': prices '{observable.prices}' is not one of {', '.join(PRICES)}.")
    if observable.kind in ("share", "mean") and observable.denominator is None:
        raise ResultsError(f"observable '{name}': a {observable.kind} needs a denominator.")
    return observable


def tally_dtype(known: Declarations | None = None) -> np.dtype[np.void]:
    """Return the record of one authority in one month: a float64 field for each tally, in declared order."""
    return np.dtype([(name, np.float64) for name in (known or declared()).tallies])


def as_numbers(records: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Return tallies of any shape as plain numbers in the same memory, with one more axis: much faster to copy."""
    names = records.dtype.names or ()
    return records.view(np.ndarray).view(np.float64).reshape(*records.shape, len(names))


def national_tallies(cube: Cube, weights: npt.ArrayLike) -> pd.DataFrame:
    """Return every tally summed over the authorities.

    Parameters
    ----------
    cube
        Tallies of type `tally_dtype()`, shape (n_months, n_authorities).
    weights
        How many of England's children one simulated child of each stands for, shape (n_authorities,).

    Returns
    -------
    pandas.DataFrame
        A row a month (index `month`, its first day), a column a tally.
    """
    index = pd.DatetimeIndex(months(len(cube)).astype("datetime64[s]"), name="month")
    weighted = np.asarray(weights, dtype=np.float64) @ as_numbers(cube)
    return pd.DataFrame(weighted, index=index, columns=list(cube.dtype.names or ()))


def observe(tallies: pd.DataFrame, known: Declarations | None = None) -> pd.DataFrame:
    """Return every observable of a table of tallies on the same rows, a column each, in its unit; NaN if undefined."""
    columns = {name: observable.of(tallies) for name, observable in (known or declared()).observables.items()}
    return pd.DataFrame(columns, index=tallies.index)


def observe_authorities(
    cube: Cube,
    weights: npt.ArrayLike,
    codes: Sequence[str],
    names: Sequence[str],
    known: Declarations | None = None,
) -> pd.DataFrame:
    """Return every observable of every authority and month, as a long table.

    Parameters
    ----------
    cube, weights
        As for `national_tallies`. Amounts are multiplied by the authority's weight; ratios do not depend on it.
    codes, names
        The authorities' codes and names, in the order of the cube.

    Returns
    -------
    pandas.DataFrame
        Columns `month`, `la_code`, `la_name` and the observables; months follow each other, authorities within them.
    """
    n_months, n_authorities = cube.shape
    scale = np.asarray(weights, dtype=np.float64)
    weighted = {name: (cube[name] * scale).ravel() for name in cube.dtype.names or ()}
    keys = {
        "month": np.repeat(months(n_months).astype("datetime64[s]"), n_authorities),
        "la_code": np.tile(np.asarray(codes, dtype=object), n_months),
        "la_name": np.tile(np.asarray(names, dtype=object), n_months),
    }
    columns = {name: observable.of(weighted) for name, observable in (known or declared()).observables.items()}
    return pd.DataFrame(keys | columns)


def yearly(
    tallies: pd.DataFrame, known: Declarations | None = None, *, names: Sequence[str] | None = None
) -> pd.DataFrame:
    """Return observables by year, all if not named, as the published statistics count them (see `Observable.yearly`).

    Parameters
    ----------
    tallies
        Monthly tallies, indexed by the first day of each month, without gaps.
    names
        Which observables. Raises KeyError if one is not declared.

    Returns
    -------
    pandas.DataFrame
        A row a year (index `year`), a column an observable; NaN where the run does not cover the year.
    """
    every = (known or declared()).observables
    observables = every if names is None else {name: every[name] for name in names}
    t = (tallies.index.to_numpy().astype("datetime64[M]") - np.datetime64(FIRST_MONTH, "M")).astype(np.int64)
    numbers = tallies.to_numpy(dtype=np.float64)
    years = _years(t)
    tables = {
        key: pd.DataFrame(_of_years(numbers, t, *key, years), columns=tallies.columns)
        for key in {(observable.yearly, observable.is_level) for observable in observables.values()}
    }
    columns = {name: o.of(tables[o.yearly, o.is_level]) for name, o in observables.items()}
    return pd.DataFrame(columns, index=pd.Index(years, name="year"))


def months_of(observable: Observable, year: int) -> tuple[int, int]:
    """Return the first and the last model month that the figure of a year needs; they may lie outside a run."""
    ends = {"january": 12 * (year - 2014) - 8, "calendar": 12 * (year - 2014) + 3,
            "financial": 12 * (year - 2014) + 6, "school": 12 * (year - 2014) + 11}  # fmt: skip
    end = ends[observable.yearly]
    return (end, end) if observable.is_level else (end - 11, end)


def _years(t: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the years that end, by any convention, in one of the months `t`."""
    ends = [year_of(t)[month_of_year(t) == LAST_MONTH_OF_YEAR[name]] for name, year_of in YEARS.items()]
    return np.unique(np.concatenate(ends)).astype(np.int64)


def _of_years(
    numbers: npt.NDArray[np.float64], t: npt.NDArray[np.int64], convention: str, level: bool, years: npt.NDArray[Any]
) -> npt.NDArray[np.float64]:
    """Return the tallies (year, tally) of the last month of each year, or their sums over its twelve; else NaN."""
    table = np.full((len(years), numbers.shape[1]), np.nan)
    ends = np.flatnonzero(month_of_year(t) == LAST_MONTH_OF_YEAR[convention])
    if not level:
        ends = ends[ends >= 11]
    for row, end in zip(np.searchsorted(years, YEARS[convention](t[ends])), ends, strict=True):
        table[row] = numbers[end] if level else numbers[end - 11 : end + 1].sum(axis=0)
    return table


def as_records(known: Declarations | None = None) -> list[dict[str, Any]]:
    """Return the declared observables as a list of plain dictionaries for JSON, in declared order."""
    return [asdict(observable) for observable in (known or declared()).observables.values()]


def markdown_table(known: Declarations | None = None) -> str:
    """Return the declared observables as a Markdown table for the documentation."""
    rows = [["name", "label", "unit", "prices", "kind", "numerator", "denominator", "year", "published series"]]
    rows.append(["---"] * len(rows[0]))
    for o in (known or declared()).observables.values():
        cells = (f"`{o.name}`", o.label, o.unit, o.prices, o.kind, o.numerator, o.denominator, o.yearly, o.published)
        rows.append([" ".join((cell or "").replace("|", "\\|").split()) for cell in cells])
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)
