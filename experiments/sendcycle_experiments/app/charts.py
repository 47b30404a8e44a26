"""What the page draws, as options for ECharts, each with words that say the same.

Colours are Okabe and Ito's, or cividis, which everybody can tell apart; lines of the scenario beside are dashed,
published points have a shape of their own.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from sendcycle.calendar import month_index
from sendcycle.inputs.data_files import data_file
from sendcycle.outputs import observables
from sendcycle.outputs.observables import Observable
from sendcycle_experiments.app.stories import Story
from sendcycle_experiments.app.watched_model import WatchedModel
from sendcycle_experiments.figures.panels import Panel
from sendcycle_experiments.figures.style import COLOURS, LAST_POINT, published_dots

BEGIN = 2014.5
SYMBOLS = ("circle", "rect", "triangle", "diamond")
CIVIDIS = ("#00224e", "#35456c", "#666970", "#948e77", "#c8b866", "#fee838")
CLUSTERS = (*COLOURS, "#E69F00", "#56B4E9", "#F0E442", "#000000")
GREY, PALE, INK = "#6b6b6b", "#eeeeee", "#333333"
FONT = "Helvetica, Arial, sans-serif"


@dataclass(frozen=True)
class Chart:
    """An ECharts option, and in words what there is to see."""

    option: dict[str, Any]
    words: str


def _chart(words: str, **option: Any) -> Chart:
    aria = {"label": {"description": words}, "enabled": True}
    plain = {"animation": False, "textStyle": {"fontFamily": FONT}, "aria": aria}
    return Chart(plain | option, words)


def _rounded(values: Any) -> list[Any]:
    """Return numbers with five digits, None for what is not there: little to send."""
    return [None if not np.isfinite(v) else float(f"{v:.5g}") for v in np.asarray(values, dtype=float)]


def _records(table: pd.DataFrame) -> Iterator[Any]:
    """Yield the rows of a table, with its columns as attributes."""
    yield from table.itertuples()


def _date(year: float) -> str:
    """Return the first day of the month that is nearest to a time in years."""
    return _first_day(round(12.0 * year))


@cache
def _first_day(months: int) -> str:
    whole, month = divmod(months, 12)
    return f"{whole}-{month + 1:02d}-01"


def _points(x: Any, y: Any) -> list[list[Any]]:
    return [[_date(float(a)), b] for a, b in zip(x, _rounded(y), strict=True)]


# ---------------------------------------------------------------------- lines of England


@cache
def _published(name: str) -> tuple[list[float], list[float]]:
    """Return times and values of the published points of an observable, in its own unit."""
    x, y = published_dots(observables.declared().observables[name])
    return x.tolist(), y.tolist()


def england(panel: Panel, watched: WatchedModel, *, difference: bool = False) -> Chart:
    """Return the lines of a panel so far: the first scenario, the one beside it, and what was published.

    With `difference` the lines are the first scenario less the other.
    """
    names = [line.observable for line in panel.lines]
    lines = {scenario: run.lines(names) for scenario, run in watched.runs.items()}
    first, *others = lines
    end = 2014 + 8 / 12 + watched.main.model.n_months / 12
    series: list[dict[str, Any]] = []
    said = []
    for line, colour, symbol in zip(panel.lines, COLOURS, SYMBOLS, strict=False):
        drawn = {name: _scaled(lines[name][line.observable], line.factor, panel) for name in lines}
        if difference and others:
            gap = drawn[first] - drawn[others[0]]
            series.append(_line(line.label, gap, colour, "solid"))
            said.append(f"{line.label} {gap.iloc[-1]:+.3g} against {others[0]}" if len(gap) else "")
            continue
        series.append(_line(line.label, drawn[first], colour, "solid"))
        said.append(f"{line.label} {_last(drawn[first])}")
        for other in others:
            series.append(_line(line.label, drawn[other], colour, "dashed", thin=True))
            said.append(f"under {other} {_last(drawn[other])}")
        if not panel.as_index:
            x, y = _published(line.observable)
            if x:
                series.append(_dots(line.label, x, np.asarray(y) * line.factor, colour, symbol))
                said.append(f"last published {y[-1] * line.factor:.4g} in {int(x[-1])}")
    if series and end > LAST_POINT:
        series[0]["markArea"] = {
            "silent": True, "itemStyle": {"color": PALE, "opacity": 0.5},
            "data": [[{"xAxis": _date(LAST_POINT)}, {"xAxis": _date(end)}]],
        }  # fmt: skip
    lowest = {} if panel.signed or difference else {"min": 0}
    highest = {"max": panel.high} if panel.high is not None and not difference else {}
    labels = [line.label for line in panel.lines]
    words = f"{panel.title}, {panel.unit}, up to {watched.month}: " + "; ".join(filter(None, said)) + "."
    return _chart(
        words,
        title=_title(panel.title, panel.unit + (", difference" if difference and others else "")),
        legend=_legend(labels),
        grid={"left": 8, "right": 14, "top": 58, "bottom": 12 + _legend_height(labels), "containLabel": True},
        tooltip={"trigger": "axis", "confine": True},
        xAxis=_years(BEGIN, end),
        yAxis={"type": "value", "scale": bool(panel.signed or difference), **lowest, **highest},
        series=series,
    )


def _scaled(line: "pd.Series[float]", factor: float, panel: Panel) -> "pd.Series[float]":
    if panel.as_index and len(line):
        return line / line.iloc[0]
    return line * factor


def _line(name: str, line: "pd.Series[float]", colour: str, kind: str, *, thin: bool = False) -> dict[str, Any]:
    style = {"color": colour, "width": 1.4 if thin else 2.2, "type": kind, "opacity": 0.85 if thin else 1.0}
    return {
        "name": name, "type": "line", "showSymbol": False, "data": _points(line.index, line), "lineStyle": style,
        "itemStyle": {"color": colour}, "z": 2 if thin else 3,
    }  # fmt: skip


def _dots(name: str, x: Sequence[float], y: Any, colour: str, symbol: str) -> dict[str, Any]:
    return {
        "name": name, "type": "scatter", "symbol": symbol, "symbolSize": 7, "data": _points(x, y), "z": 4,
        "itemStyle": {"color": colour, "borderColor": "#ffffff", "borderWidth": 1},
    }  # fmt: skip


def _last(line: "pd.Series[float]") -> str:
    return f"{line.iloc[-1]:.4g}" if len(line) else "not yet"


def _title(text: str, unit: str) -> dict[str, Any]:
    return {
        "text": text, "subtext": unit, "left": 4, "top": 2, "itemGap": 5,
        "textStyle": {"fontSize": 14, "lineHeight": 18, "color": INK},
        "subtextStyle": {"fontSize": 11, "lineHeight": 14, "color": GREY},
    }  # fmt: skip


def _legend(names: Sequence[str]) -> dict[str, Any]:
    return {
        "show": len(names) > 1, "data": list(names), "bottom": 0, "left": 4, "itemWidth": 16, "itemHeight": 8,
        "itemGap": 6, "textStyle": {"fontSize": 11, "lineHeight": 13},
    }  # fmt: skip


def _legend_height(names: Sequence[str], width: float = 260.0) -> int:
    """Return the height in pixels of a legend that wraps at some width."""
    if len(names) < 2:
        return 0
    lines, used = 1, 0.0
    for name in names:
        needed = 30.0 + 5.6 * len(name)
        if used and used + needed > width:
            lines, used = lines + 1, 0.0
        used += needed
    return 8 + 20 * lines


def _years(begin: float, end: float) -> dict[str, Any]:
    return {
        "type": "time", "min": _date(begin), "max": _date(end), "splitLine": {"show": False},
        "minInterval": 365 * 24 * 3600 * 1000, "axisLabel": {"formatter": "{yyyy}", "hideOverlap": True},
    }  # fmt: skip


# ---------------------------------------------------------------------- authorities as tiles

# Where the block of a region stands: its left column and top row, and how many columns it has.
BLOCKS = {
    "North West": (0, 3, 5), "North East": (6, 0, 4), "Yorkshire and The Humber": (6, 4, 4),
    "West Midlands": (1, 9, 4), "East Midlands": (6, 9, 4), "East of England": (11, 9, 4),
    "South West": (0, 14, 5), "South East": (6, 14, 5), "London": (12, 13, 6),
}  # fmt: skip


@cache
def tiles() -> pd.DataFrame:
    """Return a place for each of the 153 authorities: `la_code`, `la_name`, `region`, `column`, `row`.

    Regions stand about where they lie; within one, authorities follow each other by name.
    """
    with data_file("authorities_start.csv").open(encoding="utf-8") as file:
        table = pd.read_csv(file, usecols=["la_code", "la_name", "region"])
    table = table.sort_values(["region", "la_name"], ignore_index=True)
    nth = table.groupby("region").cumcount()
    left, top, wide = (table["region"].map({name: b[k] for name, b in BLOCKS.items()}) for k in range(3))
    return table.assign(column=left + nth % wide, row=top + nth // wide)


def authorities_map(values: "pd.Series[float]", observable: Observable, month: str, months_run: int) -> Chart:
    """Return a tile an authority, coloured by an observable; tiles that are not in the sample are pale.

    Parameters
    ----------
    values
        As `RecordedRun.by_authority` returns it.
    month, months_run
        The last month, and how many have been run.
    """
    table = tiles().assign(value=lambda t: t["la_code"].map(values))
    known = table.dropna(subset="value")
    over = "" if observable.is_level else f", last {min(months_run, 12)} months"
    low, high = (float(known["value"].min()), float(known["value"].max())) if len(known) else (0.0, 1.0)
    height = int(table["row"].max())

    def data(rows: pd.DataFrame) -> list[dict[str, Any]]:
        return [
            {"name": row.la_name, "value": [int(row.column), height - int(row.row), *_rounded([row.value])]}
            for row in _records(rows)
        ]

    shown = f"{observable.label}, {observable.unit_in_words}"
    said = "nothing yet"
    if len(known):
        least, most = known.iloc[int(known["value"].argmin())], known.iloc[int(known["value"].argmax())]
        said = (
            f"{len(known)} of {len(table)} authorities are in the sample; from {low:.4g} in {least['la_name']} to "
            f"{high:.4g} in {most['la_name']}, median {known['value'].median():.4g}"
        )
    labels = [
        {"name": name, "value": [left, height - top + 0.95], "label": {"show": True, "formatter": name,
         "position": "right", "distance": -8, "color": INK, "fontSize": 11, "fontWeight": "bold"}}
        for name, (left, top, _) in BLOCKS.items()
    ]  # fmt: skip
    square = {"type": "scatter", "symbol": "rect", "symbolSize": 20}
    return _chart(
        f"{shown}, by authority, {month}: {said}.",
        title=_title(observable.label, observable.unit_in_words + over),
        grid={"left": 8, "right": 8, "top": 48, "bottom": 46},
        tooltip={"confine": True, "formatter": "{b}"},
        xAxis={"show": False, "min": -0.8, "max": 18.2},
        yAxis={"show": False, "min": -0.8, "max": height + 1.4},
        visualMap={
            "min": low, "max": high if high > low else low + 1.0, "dimension": 2, "seriesIndex": 1, "calculable": True,
            "orient": "horizontal", "left": "center", "bottom": 0, "inRange": {"color": list(CIVIDIS)},
            "precision": 2 if high < 100.0 else 0, "text": ["", ""], "itemHeight": 160,
        },
        series=[
            {**square, "data": data(table[table["value"].isna()]), "silent": False,
             "itemStyle": {"color": "#ffffff", "borderColor": "#c9c9c9", "borderType": "dashed"}},
            {**square, "data": data(known), "tooltip": {"formatter": "{b}: {@[2]}"}, "encode": {"tooltip": [2]},
             "itemStyle": {"borderColor": "#ffffff"}},
            {"type": "scatter", "symbolSize": 0.01, "data": labels, "silent": True, "tooltip": {"show": False}},
        ],
    )  # fmt: skip


# ---------------------------------------------------------------------- schools


def schools_of(table: pd.DataFrame, authority: str) -> Chart:
    """Return the schools of an authority as points: inclusive skill, share with plans, size; a colour a cluster."""
    if table.empty:
        return _chart(f"Schools of {authority}: the first January has not been reached.", title=_title(authority, ""))
    share = 100.0 * table["pupils_with_plan"] / table["pupils"].clip(lower=1.0)
    largest = float(table["pupils"].max())
    month = str(table["month"].iloc[0])
    clusters = sorted(table["cluster"].unique())
    series: list[dict[str, Any]] = []
    for k, cluster in enumerate(clusters):
        there = table["cluster"] == cluster
        rows = table[there].assign(share=share[there])
        series.append({
            "name": f"cluster {k + 1}", "type": "scatter",
            "itemStyle": {"color": CLUSTERS[k % len(CLUSTERS)], "opacity": 0.75, "borderColor": "#ffffff"},
            "data": [
                {"name": f"{'secondary' if row.secondary else 'primary'} school, {row.pupils:.0f} pupils",
                 "value": _rounded([row.skill, row.share, row.pupils]),
                 "symbol": "rect" if row.secondary else "circle",
                 "symbolSize": round(max(32.0 * float(np.sqrt(row.pupils / largest)), 5.0), 1)}
                for row in _records(rows)
            ],
        })  # fmt: skip
    words = (
        f"{len(table)} mainstream schools of {authority} in {month}, in {len(clusters)} "
        f"cluster{'s' * (len(clusters) > 1)}: inclusive skill from {table['skill'].min():.2f} to "
        f"{table['skill'].max():.2f}, pupils with plans from {share.min():.1f} to {share.max():.1f} percent."
    )
    return _chart(
        words,
        title=_title(f"Schools of {authority}", f"January {month[:4]}; squares are secondary; area: pupils"),
        legend=_legend([one["name"] for one in series] if len(series) <= len(CLUSTERS) else []),
        grid={"left": 30, "right": 14, "top": 58, "bottom": 62, "containLabel": True},
        tooltip={"confine": True},
        xAxis={"type": "value", "scale": True, "name": "inclusive skill, 1 = September 2014", "nameLocation": "middle",
               "nameGap": 26},
        yAxis={"type": "value", "min": 0, "name": "pupils with a plan, percent", "nameLocation": "middle",
               "nameGap": 34},
        series=series,
    )  # fmt: skip


# ---------------------------------------------------------------------- one child


def child_of(story: Story) -> Chart:
    """Return how much of a child's need was met, what it remembers of unmet need and its confidence, by month."""
    months = story.months
    x = [2014 + 8 / 12 + (month_index(month) + 1) / 12 for month in months["month"]]
    labels = {"met": "need met", "unmet": "remembered unmet need", "confidence": "confidence in mainstream"}
    series = [
        _line(label, pd.Series(months[column].to_numpy(), index=x), colour, kind)
        for (column, label), colour, kind in zip(labels.items(), COLOURS, ("solid", "dashed", "dotted"), strict=False)
    ]
    marked = story.events[story.events["event"].str.contains("plan|appeal|SEN support")]
    series[0]["markLine"] = {
        "silent": True, "symbol": "none", "lineStyle": {"color": GREY, "type": "dotted"}, "label": {"show": False},
        "data": [{"xAxis": f"{month}-01"} for month in marked["month"]],
    }  # fmt: skip
    last = (
        "; ".join(f"{label} {months[column].iloc[-1]:.2f}" for column, label in labels.items())
        if len(months)
        else "nothing"
    )
    return _chart(
        f"{story.who} At the end: {last}.",
        title=_title(
            "Month by month", "share; dotted lines: events of the list that concern SEN support, plans and appeals"
        ),
        legend=_legend(list(labels.values())),
        grid={"left": 8, "right": 14, "top": 58, "bottom": 44, "containLabel": True},
        tooltip={"trigger": "axis", "confine": True},
        xAxis=_years(np.floor(x[0]) if x else BEGIN, np.ceil(x[-1]) if x else 2016.0),
        yAxis={"type": "value", "min": 0, "max": 1},
        series=series,
    )


# ---------------------------------------------------------------------- loops


def inside(label: str) -> str:
    """Return a label as it stands inside a sentence."""
    return label[:1].lower() + label[1:]


def strengths_of(table: pd.DataFrame, outcome: str, month: str, ahead: int) -> Chart:
    """Return a bar a loop: what it adds to the outcome over the coming months, percent."""
    label = observables.declared().observables[outcome].label
    rows = table[::-1]
    reinforcing = rows["polarity"] == "reinforcing"
    data = [
        {"value": value, "itemStyle": {"color": COLOURS[1] if strong else COLOURS[0],
         "decal": {"symbol": "none"} if strong else {"symbol": "rect", "dashArrayX": [1, 0], "dashArrayY": [2, 5],
                                                      "rotation": -0.7, "color": "rgba(255,255,255,0.5)"}}}
        for value, strong in zip(_rounded((100.0 * rows[outcome]).round(1)), reinforcing, strict=True)
    ]  # fmt: skip
    there = table.dropna(subset=outcome)
    said = ", ".join(f"{row.loop} {100.0 * getattr(row, outcome):+.1f}" for row in _records(there))
    return _chart(
        f"What each loop adds to {inside(label)} over {ahead} months from {month}, percent: {said or 'nothing'}.",
        title=_title(
            f"What each loop carries of: {label}", f"percent of {inside(label)} in the {ahead} months after {month}"
        ),
        grid={"left": 8, "right": 24, "top": 58, "bottom": 8, "containLabel": True},
        tooltip={"confine": True},
        xAxis={"type": "value"},
        yAxis={"type": "category", "data": [f"{row.loop} {row.label}" for row in _records(rows)]},
        series=[{"type": "bar", "data": data, "label": {"show": True, "position": "right", "fontSize": 10}}],
    )
