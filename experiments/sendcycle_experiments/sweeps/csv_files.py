"""Tables as CSV files that a spreadsheet shows and does not execute."""

import re
from pathlib import Path
from typing import Any

import pandas as pd

EXECUTED = re.compile(r"[=+\-@\t\r]")  # with these a cell begins that a spreadsheet takes for a formula
DIGITS = r"[+-]?[0-9][0-9.,]*([eE][+-]?[0-9]+)?%?"
NUMBER = re.compile(rf"{DIGITS}( \({DIGITS} to {DIGITS}\))?")  # alone, or with its interval


def write_csv(table: pd.DataFrame, path: Path, **options: Any) -> None:
    """Write a table as `csv_text` gives it."""
    path.write_text(csv_text(table, **options), encoding="utf-8", newline="")


def csv_text(table: pd.DataFrame, **options: Any) -> str:
    """Return a table as CSV; a text that a spreadsheet would execute stands behind an apostrophe.

    `options` are those of `DataFrame.to_csv`.
    """
    shown = table.rename(columns=harmless)
    for place, kind in enumerate(shown.dtypes):
        if not pd.api.types.is_numeric_dtype(kind):
            shown.isetitem(place, shown.iloc[:, place].map(harmless).to_numpy(dtype=object))
    if isinstance(shown.index, pd.MultiIndex):
        shown.index = shown.index.map(lambda names: tuple(map(harmless, names)))
    elif not pd.api.types.is_numeric_dtype(shown.index.dtype):
        shown.index = shown.index.map(harmless)
    return str(shown.to_csv(**options))


def harmless(cell: Any) -> Any:
    """Return a cell as a spreadsheet shows it as text; numbers, written as such or not, stay as they are."""
    if isinstance(cell, str) and EXECUTED.match(cell) and not NUMBER.fullmatch(cell):
        return f"'{cell}"
    return cell
