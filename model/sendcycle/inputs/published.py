"""The published statistics of `model/sendcycle/inputs/data`, beside which the model's observables are shown."""

import re
from functools import cache

import numpy as np
import pandas as pd

from sendcycle.errors import ResultsError, nearest, reason
from sendcycle.inputs.data_files import data_file
from sendcycle.outputs.observables import Declarations, Observable, declared

SOURCES = {
    "national": "national_series.csv",
    "other_series": "other_series.csv",
    "spending": "spending.csv",
    "provision": "pupils_by_provision.csv",
}


@cache
def _table(source: str) -> pd.DataFrame:
    """Return the rows of one file; columns `series`, `year` (as printed), `value`, `status` and more."""
    try:
        with data_file(SOURCES[source]).open(encoding="utf-8") as file:
            table = pd.read_csv(file, dtype={"series": str, "year": str})
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise ResultsError(f"cannot read model/sendcycle/inputs/data/{SOURCES[source]}: {reason(error)}") from error
    return table if "status" in table else table.assign(status="read")


def starting_year(text: str) -> float:
    """Return the year of "2014", and the first year of "2014-15" or "2014/15"; NaN for months and longer spans."""
    match = re.fullmatch(r"(\d{4})(?:\.0)?(?:[-/](\d{2}))?", text.strip())
    if match is None or (match[2] is not None and int(match[2]) != (int(match[1]) + 1) % 100):
        return np.nan
    return float(match[1])


def published_series(name: str) -> "pd.Series[float]":
    """Return a published series by year, in its own unit.

    Parameters
    ----------
    name
        A series of `national_series.csv`, or "other_series:NAME", "spending:NAME" or "provision:NAME". A financial or
        school year is labelled by the year in which it begins. Where a year has several rows, the last one read at its
        source counts, before any that is only recalled.

    Raises
    ------
    ResultsError
        If there is no such series, or its file cannot be read.
    """
    source, colon, series = name.rpartition(":")
    source = source if colon else "national"
    if source not in SOURCES:
        raise ResultsError(f"unknown source '{source}' of series '{name}'.{nearest(source, SOURCES)}")
    table = _table(source)
    rows = table[table["series"] == series]
    if rows.empty:
        raise ResultsError(f"no published series '{name}'.{nearest(series, table['series'].dropna().unique())}")
    rows = rows.assign(
        year=rows["year"].map(starting_year).astype(float),
        value=pd.to_numeric(rows["value"], errors="coerce").astype(float),
        is_read=rows["status"] == "read",
    ).dropna(subset=["year", "value"])
    last = rows.sort_values("is_read", kind="stable").groupby("year")["value"].last()
    return last.rename(name)


def of_observable(observable: Observable) -> "pd.Series[float]":
    """Return the published series of an observable by year, in the observable's unit; empty if there is none.

    Raises ResultsError if the series it names is not in the tables.
    """
    if observable.published is None:
        return pd.Series(dtype=float)
    series: pd.Series[float] = published_series(observable.published) * observable.published_factor
    return series


def beside_published(result_yearly: pd.DataFrame, known: Declarations | None = None) -> pd.DataFrame:
    """Return the model's years beside the published ones.

    Parameters
    ----------
    result_yearly
        A row a year, a column an observable, as `observables.yearly` returns it.

    Returns
    -------
    pandas.DataFrame
        A row for each observable and year that has a published figure and lies within the run: `observable`, `label`,
        `unit`, `year`, `model`, `published` (in `unit`) and `relative_error` (model over published, less 1).
    """
    columns = ["observable", "label", "unit", "year", "model", "published", "relative_error"]
    tables = [pd.DataFrame({column: pd.Series(dtype=float) for column in columns})]
    for name, observable in (known or declared()).observables.items():
        if observable.published is None:
            continue
        published = of_observable(observable)
        published = published[published.index.isin(result_yearly.index)]
        table = pd.DataFrame({"year": published.index.astype(int), "published": published.to_numpy()})
        table["model"] = result_yearly[name].reindex(table["year"]).to_numpy(dtype=float)
        table["relative_error"] = (table["model"] - table["published"]) / table["published"]
        tables.append(table.assign(observable=name, label=observable.label, unit=observable.unit)[columns])
    return pd.concat([table for table in tables if len(table)] or tables[:1], ignore_index=True)
