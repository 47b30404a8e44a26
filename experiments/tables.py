"""Tables for the terminal: the years of a run beside the published ones, and what is declared."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd
from rich.table import Table

from model import observables
from model.results import Result

# observable -> heading, unit shown, factor from the observable's own unit
HEADLINES: dict[str, tuple[str, str, float]] = {
    "plans_in_force": ("Plans in force", "thousand, January", 1e-3),
    "new_plans": ("New plans", "thousand", 1e-3),
    "requests": ("Requests", "thousand", 1e-3),
    "pupils_sen_support": ("Pupils on SEN support", "thousand, January", 1e-3),
    "within_20_weeks": ("Within 20 weeks", "percent", 1.0),
    "appeals_registered": ("Appeals registered", "thousand", 1e-3),
    "high_needs_spending": ("High-needs spending", "£ bn, from April", 1e-3),
}
CELL = "{:>6} {:>6} {:>7}"
CELL_WIDTH = 21  # three series stand side by side in a terminal of 80 columns
CLOSE = 0.15  # the error that the calibration aims to stay within


def year_tables(result: Result, width: int) -> list[Table]:
    """Return the years of the run beside the published ones, in as many tables as a terminal `width` wide needs."""
    side_by_side = max(1, (width - 8) // (CELL_WIDTH + 3))
    names = list(HEADLINES)
    groups = [names[i : i + side_by_side] for i in range(0, len(names), side_by_side)]
    return [_year_table(result, group) for group in groups]


def _year_table(result: Result, names: Sequence[str]) -> Table:
    beside = result.beside_published().set_index(["observable", "year"])
    yearly = result.yearly()
    table = Table(show_footer=True)
    table.add_column("year", footer=f"≤{CLOSE:.0%}")
    for name in names:
        title, unit, _ = HEADLINES[name]
        heading = f"{title}\n{unit}\n{CELL.format('model', 'publ.', 'error')}"
        table.add_column(heading, footer=_hits(beside, name), width=CELL_WIDTH, no_wrap=True, justify="right")
    for year in yearly.index:
        if not yearly.loc[year, names].isna().all():
            table.add_row(str(year), *(_cell(yearly, beside, name, year) for name in names))
    return table


def _cell(yearly: pd.DataFrame, beside: pd.DataFrame, name: str, year: int) -> str:
    model, published, error = float(yearly.loc[year, name]), math.nan, math.nan
    if (name, year) in beside.index:
        row = beside.loc[(name, year)]
        published, error = float(row["published"]), float(row["relative_error"])
    factor = HEADLINES[name][2]
    percent = "–" if math.isnan(error) else f"{100 * error:+.1f}%".replace("-", "−")
    return CELL.format(_number(model * factor), _number(published * factor), percent)


def _number(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:,.{0 if abs(value) >= 1000 else 1}f}"


def _hits(beside: pd.DataFrame, name: str) -> str:
    if name not in beside.index.get_level_values(0):
        return ""
    errors = beside.loc[name, "relative_error"].dropna().abs()
    return f"{(errors <= CLOSE).sum()} of {len(errors)} years" if len(errors) else ""


def parameter_table(records: Iterable[Mapping[str, Any]]) -> Table:
    """Return the declared parameters with range, prior, grade and meaning."""
    table = Table("name", "default", "unit", "range", "prior", "grade", "group", "meaning")
    for p in records:
        limits = f"{p['low']:g} to {p['high']:g}"
        cells = (p["name"], f"{p['default']:g}", p["unit"], limits, p["prior"]["dist"], p["grade"], p["group"])
        table.add_row(*cells, p["text"])
    table.columns[0].overflow = "fold"
    return table


def observable_table(records: Iterable[Mapping[str, Any]]) -> Table:
    """Return the declared observables with their published counterparts."""
    table = Table("name", "meaning", "unit", "kind", "year", "group", "published series")
    for o in records:
        table.add_row(o["name"], o["label"], o["unit"], o["kind"], o["yearly"], o["group"], o["published"] or "–")
    table.columns[0].overflow = "fold"
    return table


def plain_table(records: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> Table:
    """Return the named entries of the records, as texts."""
    table = Table(*columns)
    for record in records:
        table.add_row(*(str(record[column]) for column in columns))
    return table


def observable_records() -> list[dict[str, Any]]:
    """Return the declared observables as plain dictionaries."""
    return observables.as_records()
