"""What columns of tables beyond those of a run hold: `columns.csv` beside them, and units in rows of long tables."""

import csv
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from sendcycle.inputs.parameters import declared as declared_parameters
from sendcycle.outputs.columns import COLUMNS, Column, described, observed, of_unit
from sendcycle_experiments.sweeps.csv_files import csv_text, write_csv
from sendcycle_experiments.sweeps.designs import DELAY

UNITS = ("unit", "prices", "period")  # what each row of a long table says of its figures
OF_ROWS = "of the row"  # where each row says its unit, price base and period itself
NOT_DECLARED = "not declared"


@cache
def _declared() -> dict[str, dict[str, Column]]:
    """Return what `columns.toml` declares: outcomes, columns of all tables, and those of tables by name."""
    entries = tomllib.loads((files("sendcycle_experiments.sweeps") / "columns.toml").read_text(encoding="utf-8"))
    rows = {name: Column(label, OF_ROWS, OF_ROWS, OF_ROWS) for name, label in entries.pop("rows").items()}
    alike = entries.pop("alike")
    found = {place: {name: Column(**entry) for name, entry in known.items()} for place, known in entries.items()}
    found["every"] |= rows
    found |= {name: found[other] for name, other in alike.items()}
    return found


def of_outcome(name: str) -> Column:
    """Return what is known of an outcome: an observable, one that is computed from several, or a parameter."""
    parameters = declared_parameters()
    found = _declared()["outcomes"] | observed()
    if name in parameters:
        return of_unit(parameters[name].text, parameters[name].unit)
    return found.get(name) or Column(name.replace("_", " "), NOT_DECLARED)


def columns_of(table: str, names: Iterable[str]) -> dict[str, Column]:
    """Return what the columns of a table hold; `table` is the name of its file, in a folder or not."""
    known, here = _declared(), _declared().get(Path(table).name, {})

    def column(name: str) -> Column:
        declared_here = here.get(name) or known["every"].get(name) or here.get("*")
        if declared_here is not None:
            return declared_here
        if name.startswith(DELAY):
            return Column(f"Delay of the reform {name.removeprefix(DELAY)}", "months")
        return of_outcome(name)

    return {name: column(name) for name in names}


def insert_units(
    table: pd.DataFrame, behind: str, of_rows: Sequence[Column], whats: Sequence[str] = UNITS
) -> pd.DataFrame:
    """Return a table in which each row says its unit, price base and period, behind the column `behind`."""
    found = table.drop(columns=list(whats), errors="ignore")
    at = list(found.columns).index(behind) + 1
    for k, what in enumerate(whats):
        found.insert(at + k, what, [getattr(column, what) for column in of_rows])
    return found


def with_units(table: pd.DataFrame, by: str = "outcome") -> pd.DataFrame:
    """Return a table with `unit`, `prices` and `period` of each row's outcome behind the column that names it."""
    return insert_units(table, by, [of_outcome(str(name)) for name in table[by]])


def with_prices(table: pd.DataFrame, by: str = "outcome") -> pd.DataFrame:
    """Return a table that has a column `unit` with `prices` and `period` of each row's outcome behind it."""
    return insert_units(table, "unit", [of_outcome(str(name)) for name in table[by]], UNITS[1:])


def write_outcomes(table: pd.DataFrame, path: Path, *, by: str = "outcome", **options: Any) -> None:
    """Write a table whose rows say their unit, price base and period, see `with_units`; options as for `write_csv`."""
    write_csv(with_units(table, by), path, index=False, **options)


def columns_text(tables: Mapping[str, Iterable[str]]) -> str:
    """Return `columns.csv` for tables, the names of their columns by the names of their files."""
    return csv_text(described({name: columns_of(name, columns) for name, columns in tables.items()}), index=False)


def tables_in(folder: Path) -> dict[str, list[str]]:
    """Return the names of the columns of every table in a folder."""
    found = {}
    for path in sorted(folder.iterdir()):
        with suppress(csv.Error, UnicodeDecodeError, pa.ArrowException):  # harmed: it is said where it is read
            if path.suffix == ".csv" and path.name != COLUMNS and path.is_file():
                with path.open(encoding="utf-8", newline="") as handle:
                    found[path.name] = next(csv.reader(handle), [])
            elif path.suffix == ".parquet" and path.is_file():
                found[path.name] = list(pq.read_schema(path).names)
    return found
