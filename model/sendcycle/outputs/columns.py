"""What the columns of results hold: label, unit, price base and period, declared with the observables or beside them.

`columns.csv`, a file in each folder of results, says so of every column of every table there; Parquet files say so of
their fields as well.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

import pandas as pd
import pyarrow as pa

from sendcycle.outputs import observables
from sendcycle.outputs.observables import Observable, is_money

COLUMNS = "columns.csv"
NONE = "none"
PERIODS = {
    "january": "January",
    "calendar": "calendar year",
    "financial": "financial year beginning April",
    "school": "school year beginning September",
    "month": "month",
}
AT_ITS_END = ", at its end"  # of a level that is the last month's


@dataclass(frozen=True)
class Column:
    """What a column holds, in words: `prices` is the price base of money, `period` the months that a figure is of."""

    label: str
    unit: str = NONE
    prices: str = NONE
    period: str = NONE


def of_observable(observable: Observable, *, monthly: bool = False) -> Column:
    """Return what the column of an observable holds: figures of years, or of months."""
    period = PERIODS["month" if monthly else observable.yearly]
    is_stock = observable.kind == "stock" and observable.denominator is None
    at_end = AT_ITS_END if is_stock and (monthly or observable.yearly != "january") else ""
    return Column(observable.label, observable.unit, observable.prices or NONE, period + at_end)


def observed(*, monthly: bool = False) -> dict[str, Column]:
    """Return what the columns of all observables hold."""
    known = observables.declared().observables
    return {name: of_observable(observable, monthly=monthly) for name, observable in known.items()}


def of_unit(label: str, unit: str) -> Column:
    """Return what a column holds whose unit names the price base, as those of parameters do; none named is cash."""
    bare, _, prices = unit.partition(", ")
    if is_money(unit):
        return Column(label, bare, prices or observables.CASH)
    return Column(label, unit)


def of_run(table: str) -> dict[str, Column]:
    """Return what the columns of a table of a run hold, by name, those that it may have among them."""
    every, of_tables = _of_runs()
    return every | observed(monthly=table.endswith(".parquet")) | of_tables.get(table, {})


@cache
def _of_runs() -> tuple[dict[str, Column], dict[str, dict[str, Column]]]:
    return read_columns(files("sendcycle.outputs") / "columns.toml")


def read_columns(path: Traversable) -> tuple[dict[str, Column], dict[str, dict[str, Column]]]:
    """Return the columns that a TOML file declares, those of every table and those of the tables that it names."""
    every, of_tables = {}, {}
    for name, entry in tomllib.loads(path.read_text(encoding="utf-8")).items():
        if "label" in entry and isinstance(entry["label"], str):
            every[name] = Column(**entry)
        else:
            of_tables[name] = {column: Column(**known) for column, known in entry.items()}
    return every, of_tables


def described(tables: Mapping[str, Mapping[str, Column]]) -> pd.DataFrame:
    """Return a row a table and column: `table`, `column`, `label`, `unit`, `prices`, `period` ("none" if none)."""
    rows = [
        {"table": table, "column": name, **asdict(column)}
        for table, columns in tables.items() for name, column in columns.items()
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["table", "column", "label", "unit", "prices", "period"])


def of_names(names: Iterable[str], known: Mapping[str, Column]) -> dict[str, Column]:
    """Return what the named columns hold. Raises KeyError if one of them is not declared."""
    return {name: known[name] for name in names}


def as_arrow(table: pd.DataFrame, known: Mapping[str, Column]) -> pa.Table:
    """Return a table for Parquet whose fields bear label, unit, prices and period as metadata."""
    found = pa.Table.from_pandas(table, preserve_index=False)
    fields = [field.with_metadata(asdict(known[field.name])) for field in found.schema]
    return found.cast(pa.schema(fields, metadata=found.schema.metadata))
