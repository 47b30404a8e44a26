"""Tables for the terminal: the years of a run beside the published ones, and what is declared."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from rich.table import Table

from sendcycle.outputs import observables
from sendcycle.outputs.results import Result

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
GRADES_IN_WORDS = (
    "Grades: A official statistic or law, B peer-reviewed or official research, C press, survey or one authority, "
    "D derived by arithmetic; the rest are the modeller's assumptions."
)
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
    beside: dict[str, dict[int, tuple[float, float]]] = {name: {} for name in names}
    columns = result.beside_published()[["observable", "year", "published", "relative_error"]]
    for name, year, published, error in columns.itertuples(index=False):
        if name in beside:
            beside[name][year] = (published, error)
    yearly = result.yearly()[list(names)].dropna(how="all")
    table = Table(show_footer=True)
    table.add_column("year", footer=f"≤{CLOSE:.0%}")
    for name in names:
        title, unit, _ = HEADLINES[name]
        heading = f"{title}\n{unit}\n{CELL.format('model', 'publ.', 'error')}"
        footer = _hits(error for _, error in beside[name].values())
        table.add_column(heading, footer=footer, width=CELL_WIDTH, no_wrap=True, justify="right")
    missing = (math.nan, math.nan)
    for year, *values in yearly.itertuples():
        figures = [beside[name].get(year, missing) for name in names]
        table.add_row(str(year), *map(_cell, names, values, figures))
    return table


def _cell(name: str, model: float, published: tuple[float, float]) -> str:
    factor, (figure, error) = HEADLINES[name][2], published
    percent = "–" if math.isnan(error) else f"{100 * error:+.1f}%".replace("-", "−")
    return CELL.format(_number(model * factor), _number(figure * factor), percent)


def _hits(errors: Iterable[float]) -> str:
    """Return in how many of the years that have both figures they are close."""
    known = [abs(error) for error in errors if not math.isnan(error)]
    return f"{sum(error <= CLOSE for error in known)} of {len(known)} years" if known else ""


def _number(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:,.{0 if abs(value) >= 1000 else 1}f}"


def parameter_tables(records: Sequence[Mapping[str, Any]]) -> list[Table]:
    """Return the declared parameters, a table a group; sources and priors are in the JSON."""
    tables = []
    for group, members in _groups(records):
        table = Table("name", "default, range, grade", "meaning", title=group, title_justify="left")
        for p in members:
            value = f"{p['default']:g} {p['unit']}\n{p['low']:g} to {p['high']:g}, {p['grade']}"
            table.add_row(p["name"], value, p["text"])
        tables.append(_narrow(table))
    if tables:
        tables[-1].caption = GRADES_IN_WORDS
    return tables


def observable_tables(records: Sequence[Mapping[str, Any]]) -> list[Table]:
    """Return the declared observables with their published counterparts, a table a group."""
    tables = []
    for group, members in _groups(records):
        table = Table("name", "meaning and unit", "published as", title=group, title_justify="left")
        for o in members:
            table.add_row(o["name"], f"{o['label']}; {o['unit']}", o["published"] or "–")
        tables.append(_narrow(table))
    return tables


def _groups(records: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    for group in dict.fromkeys(record["group"] for record in records):
        yield group, [record for record in records if record["group"] == group]


def _narrow(table: Table) -> Table:
    """Keep names whole and let the other columns wrap."""
    table.columns[0].no_wrap = True
    table.columns[-1].overflow = "fold"
    return table


def plain_tables(records: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> list[Table]:
    """Return one table of the named entries of the records, as texts; names are not cut or broken."""
    table = Table()
    for column in columns:
        table.add_column(column, no_wrap=column == "name", overflow="fold")
    for record in records:
        table.add_row(*(", ".join(record[c]) if isinstance(record[c], list) else str(record[c]) for c in columns))
    return [table]


def observable_records() -> list[dict[str, Any]]:
    """Return the declared observables as plain dictionaries."""
    return observables.as_records()
