"""Every figure of the experiments, at the width of a journal's columns, from what the experiments have stored."""

import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from sendcycle.errors import ResultsError, nearest
from sendcycle.inputs.published import of_observable
from sendcycle.outputs.results import MANIFEST
from sendcycle_experiments.analysis.comparison import REPORTED, unit_of, with_ends
from sendcycle_experiments.figures import diagrams
from sendcycle_experiments.figures import paper_tables as tables
from sendcycle_experiments.figures.baseline_page import LAST_POINT, position
from sendcycle_experiments.figures.paper_style import (
    DOUBLE,
    PALETTE,
    SINGLE,
    declared,
    journal,
    legend_above,
    over_years,
    page,
    saved,
    small_multiples,
    title,
    unit,
)  # fmt: skip
from sendcycle_experiments.figures.stored import Stored
from sendcycle_experiments.studies.e02_backtest import NAIVE
from sendcycle_experiments.studies.e05_sequencing.orders import MEAN
from sendcycle_experiments.studies.e09_priorities import titles as titles_of_priorities
from sendcycle_experiments.sweeps.output_folder import writing_into

EIGHT = (
    "plans_in_force", "requests", "new_plans", "within_20_weeks", "pupils_sen_support", "appeals_registered",
    "high_needs_spending", "cumulative_balance",
)  # fmt: skip
TABLED = (2020, 2025, 2030, 2035, 2040)  # years of tables of time series
PUBLISHED = Line2D([], [], color="0.1", marker="o", markersize=3, linestyle="none", label="published, to January 2025")
CAPTIONS = "captions.md"


@dataclass(frozen=True)
class Drawn:
    """A figure, what it shows in words (with bands and numbers of runs), its table, and what stands in that."""

    figure: Figure
    caption: str
    table: pd.DataFrame
    table_caption: str


@dataclass(frozen=True)
class PaperFigure:
    """A figure of papers: `draw` makes it from the results in `folder`; `folder` is empty for the model's own maps.

    `table` is a file in the folder that not every run of the experiment writes.
    """

    folder: str
    draw: Callable[[Stored], Drawn]
    table: str = ""


# ---------------------------------------------------------------------- series of England


def _points(ax: Axes, name: str) -> None:
    """Draw the published points of an outcome, as far as they may be shown."""
    observable = declared(name)
    if observable is None:
        return
    series = of_observable(observable)
    at = np.asarray(position(observable, series.index), dtype=float)
    kept = (at <= LAST_POINT + 1e-6) & (at >= 2014.0)
    ax.plot(at[kept], unit(name)[0] * series.to_numpy()[kept], "o", color="0.1", zorder=5)


def _at(name: str, years: "pd.Series[int]") -> "np.ndarray":
    """Return where figures of years stand; financial years for what is no observable."""
    observable = declared(name)
    return np.asarray(years, dtype=float) + 0.75 if observable is None else position(observable, years)


def _bands(ax: Axes, name: str, rows: pd.DataFrame, colour: str, *, inner: bool = True, middle: bool = True) -> None:
    """Draw the median over runs, and 90 % of them and, if `inner`, 50 %."""
    rows = rows.sort_values("year")
    x, factor = _at(name, rows["year"]), unit(name)[0]
    ax.fill_between(x, factor * rows["q05"], factor * rows["q95"], color=colour, alpha=0.18, linewidth=0)
    if inner:
        ax.fill_between(x, factor * rows["q25"], factor * rows["q75"], color=colour, alpha=0.3, linewidth=0)
    if middle:
        ax.plot(x, factor * rows["q50"], color=colour)


def _medians(ax: Axes, name: str, table: pd.DataFrame, by: str, colours: Mapping[str, str]) -> None:
    """Draw the medians of all that the column `by` names, 90 % of the first, and published points."""
    for k, (which, colour) in enumerate(colours.items()):
        rows = table[table[by] == which].sort_values("year")
        if k == 0:
            _bands(ax, name, rows, "0.5", inner=False, middle=False)
        ax.plot(_at(name, rows["year"]), unit(name)[0] * rows["q50"], color=colour)
    _points(ax, name)
    over_years(ax)


def _tabled(table: pd.DataFrame, columns: Sequence[str], name: str) -> pd.DataFrame:
    """Return the years that are tabled, with the unit of the outcome that the column `name` names."""
    return _with_units(table.loc[table["year"].isin(TABLED), list(columns)].reset_index(drop=True), name)


def _with_units(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return a table with the unit of each row's outcome behind the column that names it."""
    units = {outcome: unit_of(str(outcome)) for outcome in table[name].unique()}
    found = table.copy()
    found.insert(found.columns.get_loc(name) + 1, "unit", table[name].map(units))
    return found


def baseline(stored: Stored) -> Drawn:
    """One run of all England beside what was published."""
    years = stored.table("yearly.csv").set_index("year")
    figure, axes = small_multiples(EIGHT, 4, 42.0)
    for ax, name in zip(axes, EIGHT, strict=True):
        line = years[name].dropna()
        ax.plot(_at(name, line.index), unit(name)[0] * line, color=PALETTE[0])
        _points(ax, name)
        over_years(ax)
    manifest = stored.manifest()
    legend_above(figure, [Line2D([], [], color=PALETTE[0], label="model"), PUBLISHED])
    caption = (
        f"One run of {100 * manifest.get('scale', 1.0):g} % of England, scenario "
        f"{str(manifest.get('scenario', {}).get('name', 'unknown')).replace('_', ' ')}, "
        f"{manifest.get('parameters_of', 'unknown parameters')}, seed {manifest.get('seed', 'unknown')}, beside "
        "published figures (dots, to January 2025). One run, no band."
    )
    table = years.loc[years.index.isin((2015, *TABLED)), list(EIGHT)].T.rename_axis("series").reset_index()
    return Drawn(figure, caption, _with_units(table, "series"), "The run of the figure in single years.")


def fan(stored: Stored) -> Drawn:
    """How far runs spread by chance, and by small doubts about every number."""
    table = stored.table("fan.csv")
    names = [name for name in EIGHT if name in set(table["outcome"])]
    figure, axes = small_multiples(names, 4, 42.0)
    for ax, name in zip(axes, names, strict=True):
        for spread, colour in (("numbers", PALETTE[1]), ("chance", PALETTE[0])):
            rows = table[(table["outcome"] == name) & (table["spread"] == spread)]
            _bands(ax, name, rows, colour, inner=False)
        _points(ax, name)
        over_years(ax)
    runs = table.groupby("spread")["runs"].max()
    legend_above(figure, [
        Patch(color=PALETTE[0], alpha=0.3, label=f"chance alone, {runs['chance']} runs"),
        Patch(color=PALETTE[1], alpha=0.3, label=f"numbers in doubt, {runs['numbers']} runs"), PUBLISHED,
    ])  # fmt: skip
    caption = (
        f"Median and 90 % of {runs['chance']} runs that differ by chance alone, and of {runs['numbers']} whose every "
        "parameter is drawn from the tenth of its prior around its default. A convention, no forecast interval."
    )
    shown = _tabled(table, ("spread", "outcome", "year", "q05", "q50", "q95", "published"), "outcome")
    return Drawn(figure, caption, shown, "Quantiles over runs, by what differs between them.")


def backtest(stored: Stored) -> Drawn:
    """Predicted from January 2020 without refitting, beside simple forecasts and what came."""
    table = stored.table("backtest.csv")
    origin = "2020-01"
    table = table[(table["origin"] == origin) & table["headline"]]
    names = [name for name in EIGHT if name in set(table["pattern"])]
    names += [name for name in table["pattern"].unique() if name not in names]
    figure, axes = small_multiples(names, 4, 42.0)
    styles = ("--", ":", "-.", (0, (1, 3)))
    for ax, name in zip(axes, names, strict=True):
        rows = table[table["pattern"] == name].sort_values("year")
        _bands(ax, name, rows, PALETTE[0])
        for method, style in zip(NAIVE, styles, strict=True):
            ax.plot(
                _at(name, rows["year"]), unit(name)[0] * rows[method], color=PALETTE[1], linewidth=0.8, linestyle=style
            )
        _points(ax, name)
        over_years(ax)
    legend_above(figure, [
        Patch(color=PALETTE[0], alpha=0.35, label="model: median, 50 and 90 %"), PUBLISHED,
        *(Line2D([], [], color=PALETTE[1], linewidth=0.8, linestyle=style, label=method.replace("_", " "))
          for method, style in zip(NAIVE, styles, strict=True)),
    ])  # fmt: skip
    caption = (
        "Headline series predicted from January 2020 without refitting: median, 50 and 90 % of the predictive "
        "distribution (members of the ensemble calibrated to figures up to then, with observation errors and model "
        "discrepancy), four simple forecasts, and what was published."
    )
    said = (
        "Backtests from each origin: headline series won against the best of the simple forecasts and against each, "
        "median relative errors, shares of figures within 50 and 90 % bands, and by how much these would have to be "
        "wider."
    )
    return Drawn(figure, caption, stored.table("summary.csv"), said)


def forecast(stored: Stored) -> Drawn:
    """The forecast to 2040 without reform, beside those of others."""
    table, others = stored.table("forecast.csv"), stored.table("beside_others.csv")
    names = [name for name in (*EIGHT[:7], "cumulative_deficit") if name in set(table["pattern"])]
    figure, axes = small_multiples(names, 4, 42.0)
    for ax, name in zip(axes, names, strict=True):
        _bands(ax, name, table[table["pattern"] == name], PALETTE[0])
        said = others[others["pattern"] == name]
        ax.plot(_at(name, said["model_year"]), unit(name)[0] * said["value"], "D", color=PALETTE[1], markersize=3.2)
        _points(ax, name)
        over_years(ax)
    about = stored.manifest()
    legend_above(figure, [
        Patch(color=PALETTE[0], alpha=0.35, label="model: median, 50 and 90 %"), PUBLISHED,
        Line2D([], [], color=PALETTE[1], marker="D", markersize=3, linestyle="none", label="forecasts of others"),
    ])  # fmt: skip
    caption = (
        f"Forecast made {about.get('made', '')} without reform: median, 50 and 90 % over "
        f"{about.get('runs', {}).get('n', '')} members of the calibrated ensemble with observation errors and model "
        "discrepancy, and forecasts of others. In backtests such bands were too narrow by up to half."
    )
    shown = _tabled(table, ("pattern", "year", "q05", "q25", "q50", "q75", "q95"), "pattern")
    return Drawn(figure, caption, shown, "Quantiles of the predictive distribution without reform.")


DIFFERENCES = (
    "plans_in_force", "requests", "appeals_registered", "pupils_sen_support", "unmet_need_share", "confidence",
    "high_needs_spending", "public_cost_since_2026",
)  # fmt: skip


def scenarios(stored: Stored) -> Drawn:
    """Scenarios over the calibrated ensemble on the same draws."""
    levels, gaps = stored.table("levels.csv"), stored.table("compare.csv")
    names = tuple(name for name in DIFFERENCES if name in set(levels["outcome"]))
    compared = list(levels["scenario"].unique())
    colours = dict(zip(compared, ("0.25", *PALETTE), strict=False))
    figure, axes = small_multiples(names, 4, 42.0)
    for ax, name in zip(axes, names, strict=True):
        _medians(ax, name, levels[levels["outcome"] == name], "scenario", colours)
    legend_above(figure, [
        *(Line2D([], [], color=colours[name], label=name.replace("_", " ")) for name in compared),
        Patch(color="0.5", alpha=0.25, label=f"90 %, {compared[0].replace('_', ' ')}"), PUBLISHED,
    ])  # fmt: skip
    n = stored.manifest().get("design", {}).get("n", "")
    caption = (
        f"Medians over {n} members of the calibrated ensemble, one run each on the same random draws; grey: 90 % of "
        f"members under {compared[0].replace('_', ' ')}. Sizes of most reforms' effects are assumptions."
    )
    said = f"Differences from {compared[0].replace('_', ' ')} over {n} members, in the units of the figure."
    return Drawn(figure, caption, _differences_tabled(gaps, names), said)


def differences(stored: Stored) -> Drawn:
    """What scenarios change, year by year, against the first."""
    gaps, levels = stored.table("compare.csv"), stored.table("levels.csv")
    base = str(levels["scenario"].iloc[0])
    names = tuple(name for name in DIFFERENCES if name in set(gaps["outcome"]))
    compared = list(gaps["scenario"].unique())
    first = gaps.loc[gaps["median"].ne(0.0) | gaps["q05"].ne(0.0) | gaps["q95"].ne(0.0), "year"].min()
    figure, axes = small_multiples(names, 4, 42.0)
    for ax, name in zip(axes, names, strict=True):
        factor, words = unit(name)
        for k, scenario in enumerate(compared):
            rows = gaps[(gaps["outcome"] == name) & (gaps["scenario"] == scenario) & (gaps["year"] >= first - 1)]
            rows = rows.sort_values("year")
            x = _at(name, rows["year"])
            ax.fill_between(x, factor * rows["q05"], factor * rows["q95"], color=PALETTE[k], alpha=0.15, linewidth=0)
            ax.plot(x, factor * rows["median"], color=PALETTE[k])
        ax.axhline(0.0, color="0.4", linewidth=0.6)
        ax.set_ylabel("percentage points" if words == "percent" else words)
        ax.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    legend_above(figure, [
        *(Line2D([], [], color=PALETTE[k], label=name.replace("_", " ")) for k, name in enumerate(compared)),
        Patch(color="0.5", alpha=0.25, label="90 % of members"),
    ])  # fmt: skip
    n = stored.manifest().get("design", {}).get("n", "")
    caption = (
        f"Difference from {base.replace('_', ' ')}, member by member on the same random draws: median and 90 % of {n} "
        "members of the calibrated ensemble. Where a band holds 0 it is not sure which way. Sizes of most reforms' "
        "effects are assumptions."
    )
    said = f"Differences from {base.replace('_', ' ')} over {n} members, in the units of the figure."
    return Drawn(figure, caption, _differences_tabled(gaps, names), said)


def _differences_tabled(gaps: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Return differences of the years that are tabled, in words: a row a scenario, outcome and year."""
    rows = []
    for row in gaps[gaps["outcome"].isin(names) & gaps["year"].isin(REPORTED)].itertuples():
        factor, words = unit(row.outcome)
        low, high = sorted((factor * row.q05, factor * row.q95))
        rows.append({
            "scenario": row.scenario, "outcome": title(row.outcome), "year": row.year,
            "unit": "percentage points" if words == "percent" else words,
            "median (5th to 95th percentile)": with_ends(factor * row.median, low, high),
            "percent of the base": f"{100.0 * row.relative:+.1f}",
            "lower in percent of members": f"{100.0 * row.lower:.0f}",
        })  # fmt: skip
    return pd.DataFrame(rows)


def rivals(stored: Stored) -> Drawn:
    """The model and its rivals, each calibrated."""
    table, fit = stored.table("forecast.csv"), stored.table("fit.csv")
    names = ("plans_in_force", "requests", "appeals_registered", "high_needs_spending")
    structures = list(table["structure"].unique())
    colours = dict(zip(structures, ("0.15", *PALETTE), strict=False))
    figure, axes = small_multiples(names, 4, 44.0)
    for ax, name in zip(axes, names, strict=True):
        _medians(ax, name, table[table["pattern"] == name], "structure", colours)
    legend_above(figure, [
        *(Line2D([], [], color=colours[name], label=name.replace("_", " ")) for name in structures), PUBLISHED,
    ])  # fmt: skip
    caption = (
        "Medians over the members of each structure's own ensemble, calibrated in the same way; grey: 90 % of those of "
        "the model itself. What its rivals do otherwise is in docs/calibration.md."
    )
    said = (
        "Fit of each structure: members that stay of those moved, root mean square of standardised errors of the "
        "nearest and the middle member, and median relative error of each headline series."
    )
    return Drawn(figure, caption, fit, said)


# ---------------------------------------------------------------------- what drives it


def loops(stored: Stored) -> Drawn:
    """What each reinforcing loop adds to the growth of plans."""
    from sendcycle_experiments.studies.e03_loop_shares import FROM, LABELS, LOOPS, repeats_of

    table = stored.table("shares.csv")
    year = 2025 if 2025 in set(table["year"]) else int(table["year"].max())
    here = table[table["year"] == year].set_index("loop")
    figure = page(SINGLE, 62.0)
    ax = figure.subplots()
    start = 0.0
    for k, name in enumerate(("no loop", *LOOPS)):
        value, low, high = (here.loc[name, column] / 1e3 for column in ("shapley", "low", "high"))
        colour = "0.6" if name == "no loop" else PALETTE[0] if value >= 0.0 else PALETTE[1]
        ax.bar(k, value, bottom=start, color=colour, width=0.72)
        ax.errorbar(k, start + value, yerr=[[value - low], [high - value]], color="0.1", capsize=1.5, linewidth=0.7)
        start += value
    ax.bar(len(LOOPS) + 1, start, color="0.25", width=0.72)
    labels = ["without loops", *(LABELS[name] for name in LOOPS), "all loops"]
    ax.set_xticks(range(len(labels)), labels, rotation=45, ha="right")
    ax.set_ylabel(f"thousand plans, {FROM} to {year}")
    kept = stored.manifest().get("design", {})
    bars = repeats_of(*(kept.get(key, 0) for key in ("n", "replicates", "scale")))
    caption = (
        f"Shapley values of the reinforcing loops in the growth of plans in force, January {FROM} to {year}, over all "
        f"512 combinations of loops on and off; bars: {bars}."
    )
    said = (
        "Growth of plans carried by each loop, in plans and as a share of the growth with all loops; alone: what it "
        "adds to nothing; last: what goes when it alone is cut."
    )
    return Drawn(figure, caption, table, said)


def sensitivity(stored: Stored) -> Drawn:
    """Which parameters drive which outcome, by Sobol' total index or, without it, Morris' mean absolute effect."""
    table = stored.table("indices.csv", keep_default_na=False, na_values={"value": "", "half_width": ""})
    index = "ST" if (table["index"] == "ST").any() else "mu_star"
    words = {"ST": "Sobol’ total index", "mu_star": "Morris: mean absolute effect, share of largest"}[index]
    rows = table[(table["index"] == index) & (table["with"] == "")]
    year = 2035 if 2035 in set(rows["year"]) else int(rows["year"].max())
    wide = rows[rows["year"] == year].pivot(index="factor", columns="outcome", values="value")
    shares = wide if index == "ST" else wide / wide.max()
    top = shares.loc[shares.max(axis=1).sort_values(ascending=False).index[:20]]
    figure = page(DOUBLE, 14.0 + 4.4 * len(top))
    ax = figure.subplots()
    image = ax.imshow(top.to_numpy(), aspect="auto", cmap="cividis", vmin=0.0, vmax=max(1e-9, float(np.nanmax(top))))
    ax.set_xticks(range(top.shape[1]), [title(str(name)) for name in top], rotation=30, ha="right")
    ax.set_yticks(range(len(top)), list(top.index))
    ax.spines[:].set_visible(False)
    for (i, j), value in np.ndenumerate(top.to_numpy()):
        if np.isfinite(value) and value >= 0.05:
            bright = value > 0.6 * float(np.nanmax(top))
            ax.text(j, i, f"{value:.2f}", ha="center", va="center", fontsize=5.5, color="0.1" if bright else "w")
    figure.colorbar(image, ax=ax, label=words, shrink=0.7, pad=0.01)
    design = stored.manifest().get("design", {})
    caption = (
        f"{words} of the {len(top)} parameters that matter most, by outcome in {year}; {design.get('n', '')} points, "
        f"replicates of each: {design.get('replicates', '')}, {100 * design.get('scale', 0.0):g} % of England. "
        "Half-widths of 95 % intervals are in the table."
    )
    shown = rows[(rows["year"] == year) & rows["factor"].isin(top.index)]
    shown = shown[["outcome", "factor", "index", "value", "half_width"]].reset_index(drop=True)
    said = f"Indices of {year} with half-widths of 95 % intervals" + (
        "." if index == "ST" else "; mean absolute elementary effects in the outcome's unit over the whole range."
    )
    return Drawn(figure, caption, _with_units(shown, "outcome"), said)


def posterior(stored: Stored) -> Drawn:
    """What published figures have narrowed, beside the prior."""
    from sendcycle_experiments.calibration.identifiability import scores_of

    table = stored.table("posterior.csv")
    shown = table.head(25).iloc[::-1]
    figure = page(SINGLE, 100.0)
    ax = figure.subplots()
    y = np.arange(len(shown))
    ax.axvspan(-1.645, 1.645, color="0.92", label="90 % of the prior")
    low, middle, high = (scores_of(shown, end) for end in ("q05", "median", "q95"))
    ax.hlines(y, low, high, color=PALETTE[0], linewidth=1.8, label="90 % of the ensemble")
    ax.plot(middle, y, "o", color=PALETTE[0])
    ax.set_yticks(y, shown["parameter"])
    ax.set_ylim(-0.7, len(shown) - 0.3)
    ax.set_xlabel("normal scores of the prior")
    figure.legend(loc="outside upper left", ncols=2)
    caption = (
        "The 25 parameters that figures up to January 2025 have narrowed most: medians and 90 % of the calibrated "
        f"ensemble in normal scores of the prior; {int(table['seen'].sum())} of {len(table)} are narrowed beyond what "
        "numbers without effect lose."
    )
    said = (
        "The fifty parameters narrowed most: default, median and middle nine tenths of the ensemble in the "
        "parameter's own unit; moved and left: mean and standard deviation in normal scores of the prior."
    )
    return Drawn(figure, caption, table.head(50), said)


# ---------------------------------------------------------------------- reforms


def _intervals(
    ax: Axes, y: Sequence[float], rows: pd.DataFrame, colour: str, marker: str = "o", factor: float = 1.0
) -> None:
    """Draw medians with the 5th to 95th percentile over members."""
    ends = np.sort(factor * rows[["q05", "q95"]].to_numpy(dtype=float), axis=1)
    ax.hlines(y, ends[:, 0], ends[:, 1], color=colour, linewidth=1.1, alpha=0.55)
    ax.plot(factor * rows["median"].to_numpy(dtype=float), y, marker, color=colour)


def priorities(stored: Stored) -> Drawn:
    """What each priority changes alone, and within the whole."""
    from sendcycle_experiments.studies.e09_priorities import SHOWN, YEAR

    alone, left_out = stored.table("alone.csv"), stored.table("left_out.csv")
    names = titles_of_priorities()
    places = {part: k + (0.0 if part.isdigit() else 0.7) for k, part in enumerate(names)}
    figure = page(DOUBLE, 135.0)
    axes = figure.subplots(1, len(SHOWN), sharey=True)
    drawn = ((alone, "alone:", 1.0, -0.18, 0, "o"), (left_out, "without:", -1.0, 0.18, 1, "s"))
    for ax, outcome in zip(axes, SHOWN, strict=True):
        factor, words = unit(outcome)
        for table, prefix, sign, shift, colour, marker in drawn:
            rows = table[(table["outcome"] == outcome) & (table["year"] == YEAR)]
            rows = rows[rows["scenario"].str.startswith(prefix)]
            y = [places[name.removeprefix(prefix)] + shift for name in rows["scenario"]]
            _intervals(ax, y, rows, PALETTE[colour], marker, sign * factor)
        ax.axvline(0.0, color="0.3", linewidth=0.6)
        ax.set_title(title(outcome))
        ax.set_xlabel(textwrap.fill(words.replace("percent", "percentage points"), 18))
    axes[0].set_yticks(list(places.values()), [textwrap.fill(name, 56) for name in names.values()], fontsize=5.5)
    axes[0].set_ylim(max(places.values()) + 0.6, -0.6)
    legend_above(figure, [
        Line2D([], [], color=PALETTE[0], marker="o", label="alone, against no change"),
        Line2D([], [], color=PALETTE[1], marker="s", label="within the whole: what is lost without it"),
    ])  # fmt: skip
    caption = (
        f"What each part of the paper's programme changes in {YEAR}: median and 90 % of {stored.members()} "
        "members of the calibrated ensemble, same draws; sizes of effects vary between members from half to one and a "
        "half times what the library assumes."
    )
    shown = alone[(alone["year"] == YEAR) & alone["outcome"].isin(SHOWN)]
    columns = ["scenario", "outcome", "median", "q05", "q95", "relative", "lower"]
    said = (
        f"Each part alone against no change in {YEAR}: median, 5th and 95th percentile over members, median relative "
        "difference, and share of members in which the figure is lower."
    )
    return Drawn(figure, caption, _with_units(shown[columns].reset_index(drop=True), "outcome"), said)


def orders(stored: Stored) -> Drawn:
    """Whether the order of reform matters."""
    from sendcycle_experiments.studies.e05_sequencing.report import draw

    tables = {name: stored.table(f"{name}.csv") for name in ("variance", "regret", "precedence")}
    arm = str(tables["variance"]["arm"].iloc[0])
    tables = {name: table[table["arm"] == arm] for name, table in tables.items()}
    figure = page(DOUBLE, 74.0)
    axes = figure.subplots(1, 3, width_ratios=(1.0, 0.8, 1.15))
    draw(axes, tables)
    legend_above(figure, axes[1].get_legend_handles_labels()[0])
    caption = (
        f"Means of 2026 to 2039 over {stored.members()} members of the calibrated ensemble, "
        f"{tables['regret']['order'].nunique()} orders of five groups of reforms a year apart "
        f"({arm.replace('_', ' ')}). Left: spread (standard deviation) between orders over that between choices of "
        "groups. Middle: mean regret of orders. Right: what putting the row before the column changes in unmet need "
        "beyond what start dates alone give; the darkest colour is the spread between orders. Most sizes of effects "
        "are assumed."
    )
    said = (
        "By arm and outcome: spread between orders over that between choices, share of the variance between orders "
        "that start dates explain, best order, regret of the paper's, and how orders that agree with the paper "
        "differ from those that turn it round."
    )
    return Drawn(figure, caption, stored.table("summary.csv"), said)


def front(stored: Stored) -> Drawn:
    """Money against unmet need over all dates of the groups that the search has tried."""
    table = stored.table("front.csv").sort_values("cost")
    groups = [name for name in table if name not in ("cost", "unmet", "front")]
    best = table[table["front"]]
    never = table[(table[groups] == "never").all(axis=1)]
    figure = page(SINGLE, 66.0)
    ax = figure.subplots()
    ax.plot(table["cost"], table["unmet"], "o", color="0.8", markersize=2.2, label=f"{len(table)} sets of dates")
    ax.plot(best["cost"], best["unmet"], "o-", color=PALETTE[0], markersize=3.4, label="nothing to be had for nothing")
    ax.plot(never["cost"], never["unmet"], "s", color=PALETTE[1], markersize=4.0, label="no reform")
    ax.set_xlabel("public cost of 2026 to 2039, £ billion, 2026-27 prices")
    ax.set_ylabel("unmet need, mean, percent")
    figure.legend(loc="outside upper left", ncols=2)
    caption = (
        "Public cost and unmet need under every set of starts of five groups of reforms that a search has tried (each "
        "September from 2026 to 2031, or never), means over the same members on the same draws; line: sets that no "
        "other one beats in both. Most sizes of effects are assumed."
    )
    said = "Sets of dates on the front: start of each group, public cost (£ billion) and unmet need (percent)."
    return Drawn(figure, caption, best.drop(columns="front").reset_index(drop=True), said)


def order_structures(stored: Stored) -> Drawn:
    """How orders that agree with the paper differ from those that turn it round, structure by structure."""
    table = stored.table("claim_rivals.csv")
    table = table[table["when"] == MEAN]
    structures = list(table["structure"].unique())
    shown = ("unmet_need_share", "confidence", "plans_in_force", "public_cost")
    figure = page(DOUBLE, 46.0)
    axes = figure.subplots(1, len(shown), sharey=True)
    for ax, outcome in zip(axes, shown, strict=True):
        factor, words = unit(outcome)
        rows = table[table["outcome"] == outcome].set_index("structure").loc[structures]
        _intervals(ax, range(len(rows)), rows.assign(median=rows["difference"]), PALETTE[0], factor=factor)
        ax.axvline(0.0, color="0.3", linewidth=0.6)
        ax.set_title(title(outcome))
        ax.set_xlabel(textwrap.fill(words.replace("percent", "percentage points"), 22))
    axes[0].set_yticks(range(len(structures)), [name.replace("_", " ") for name in structures])
    axes[0].set_ylim(len(structures) - 0.5, -0.5)
    caption = (
        "Orders that put people, capacity and school funding before accountability and statute, against those that "
        "turn this round, under the model and under rival structures that fit published figures about as well; means "
        "of 2026 to 2039, median and 90 % of the members of each structure, same draws."
    )
    said = (
        "The same for all outcomes, in their own units: difference, 5th and 95th percentile, share of members below 0."
    )
    return Drawn(figure, caption, table.drop(columns="when").reset_index(drop=True), said)


def funding(stored: Stored) -> Drawn:
    """Who gains and loses by how moderate needs are funded."""
    from sendcycle_experiments.studies.e06_funding import LOOKED_AT, MODELS

    groups = stored.table("groups.csv")
    rows = groups[
        (groups["by"].isin(["kind", "disadvantage"]) & (groups["measure"] == "unmet"))
        | (groups["by"].isin(["school", "authority"]) & (groups["measure"] == "coverage"))
    ].copy()
    names = list(dict.fromkeys(zip(rows["by"], rows["group"], strict=True)))
    figure = page(DOUBLE, 66.0)
    axes = figure.subplots(1, len(MODELS) - 1, sharex=True, sharey=True)
    for ax, model in zip(axes, MODELS[1:], strict=True):
        here = rows[rows["scenario"] == model]
        y = [names.index(name) for name in zip(here["by"], here["group"], strict=True)]
        better = np.where(here["measure"] == "unmet", -1.0, 1.0)
        turned = here.assign(**{c: better * here[c] for c in ("median", "q05", "q95")})
        _intervals(ax, y, turned, PALETTE[0])
        ax.axvline(0.0, color="0.3", linewidth=0.6)
        ax.set_title(model.removeprefix("funding_").replace("_", " "))
        ax.set_xlabel("percentage points")
    plain = {
        "second": "schools: second quarter", "third": "schools: third quarter",
        "second quarter": "authorities: second quarter", "third quarter": "authorities: third quarter",
    }  # fmt: skip
    axes[0].set_yticks(range(len(names)), [plain.get(name[1], name[1]) for name in names])
    axes[0].set_ylim(len(names) - 0.5, -0.5)
    caption = (
        f"January {LOOKED_AT} against no change under four ways of funding moderate needs, which cost the same on "
        f"their first day: median and 90 % of {stored.members()} members, same draws; right is better. Need met of "
        "children under 16 by kind of need and free school meals; what schools meet by their own means (coverage), "
        "in quarters of schools by load of need and of authorities by plans a pupil."
    )
    said = (
        "What was found elsewhere about ways of funding, beside what comes out here: percentage points against no "
        "change, median, 5th and 95th percentile over members."
    )
    return Drawn(figure, caption, stored.table("beside_evidence.csv"), said)


def double_funding(stored: Stored) -> Drawn:
    """What is paid twice, year by year."""
    table = stored.table("extra_cost.csv")
    if "prices" not in table:
        raise ResultsError(f"{stored.folder} was made by an earlier version: run experiment e07 again.")
    table = table[table["prices"] == "real"]
    figure = page(SINGLE, 62.0)
    ax = figure.subplots()
    names = list(table["scenario"].unique())
    first = ("white_paper_2026", "groups_paper_order")
    for k, name in enumerate(sorted(names, key=lambda n: (n not in first, n))):
        rows = table[table["scenario"] == name].sort_values("year")
        x = rows["year"] + 0.75
        if name in first:
            ax.fill_between(x, rows["q05"] / 1e3, rows["q95"] / 1e3, color=PALETTE[k], alpha=0.15, linewidth=0)
        style = "-" if name in first else ("--", ":", "-.")[k % 3]
        ax.plot(x, rows["q50"] / 1e3, color=PALETTE[k], linestyle=style, label=name.replace("_", " "))
    ax.axhline(0.0, color="0.3", linewidth=0.6)
    ax.set_ylabel("extra public cost a year,\n£ billion, 2026-27 prices")
    figure.legend(loc="outside upper left", ncols=2)
    caption = (
        "Extra public cost against no change by financial year, all payers, prices of 2026-27: medians over "
        f"{stored.members()} members on the same draws, and 90 % of them for the white paper and the paper's order. "
        "Most effects are assumed."
    )
    shown = stored.table("double_funding.csv")
    shown = shown[(shown["payer"] == "total") & (shown["prices"] == "real")].drop(columns=["payer", "prices"])
    said = (
        "Extra public cost against no change, all payers, £ million at prices of 2026-27: largest of a year, "
        "cumulated to March 2040, median year of break-even, share of members in which that never comes, and pounds "
        "a child-year of unmet need avoided."
    )
    return Drawn(figure, caption, shown.reset_index(drop=True), said)


def _scales(stored: Stored) -> Drawn:
    """How far results of smaller samples are from full scale."""
    table = stored.table("scales.csv")
    outcomes = [name for name in table["outcome"].unique()]
    figure, axes = small_multiples(outcomes, 3, 42.0)
    for ax, name in zip(axes, outcomes, strict=True):
        for k, (year, rows) in enumerate(table[table["outcome"] == name].groupby("year")):
            rows = rows.sort_values("scale")
            error = rows["sd"] / np.sqrt(rows["replicates"])
            ax.errorbar(100.0 * rows["scale"], unit(name)[0] * rows["mean"], yerr=unit(name)[0] * 2.0 * error,
                        color=PALETTE[k], marker="o", capsize=1.5, linewidth=0.8, label=str(year))  # fmt: skip
        ax.set_xscale("log")
        ax.set_xticks([0.2, 1.0, 10.0, 100.0], ["0.2", "1", "10", "100"])
        ax.minorticks_off()
        ax.set_xlabel("percent of England")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper left", ncols=len(labels))
    caption = (
        "Means over replicates by share of England simulated, with two standard errors; numbers of replicates are in "
        "the table."
    )
    return Drawn(figure, caption, _with_units(table, "outcome"), "Means and standard deviations by share of England.")


# ---------------------------------------------------------------------- the model's own maps


def causal_map(_: Stored) -> Drawn:
    """Variables, signed links and where loops are cut."""
    figure, table = diagrams.causal_loops()
    caption = (
        "Causal-loop diagram, generated from the declarations that tests hold against the running model. Solid: more "
        "leads to more; dashed: more leads to less; black circles: where the gain of a loop cuts it."
    )
    return Drawn(figure, caption, table, "The loops, with the gain that cuts each.")


def stocks_and_flows(_: Stored) -> Drawn:
    """Stocks, the flows that change them, and what the flows depend on."""
    figure, table = diagrams.stocks_and_flows()
    caption = (
        "Stock-and-flow diagram, generated from the same declarations: boxes are stocks, valves flows; double lines "
        "carry what flows, thin ones say what depends on what (dashed: more leads to less)."
    )
    return Drawn(figure, caption, table, "What flows into and out of which stock, by which rule.")


FIGURES: Mapping[str, PaperFigure] = {
    "causal_map": PaperFigure("", causal_map),
    "stocks_and_flows": PaperFigure("", stocks_and_flows),
    "baseline": PaperFigure("baseline", baseline),
    "baseline_fan": PaperFigure("e01_baseline_fan", fan),
    "posterior": PaperFigure("calibration_2025-01", posterior),
    "backtest": PaperFigure("e02_backtest", backtest),
    "rivals": PaperFigure("e02_rivals", rivals),
    "forecast": PaperFigure("e11_forecast", forecast),
    "loop_shares": PaperFigure("e03_loop_shares", loops),
    "screening": PaperFigure("e04_sensitivity/screening", sensitivity),
    "sensitivity": PaperFigure("e04_sensitivity/variance", sensitivity),
    "scenarios": PaperFigure("compare", scenarios),
    "differences": PaperFigure("compare", differences),
    "priorities": PaperFigure("e09_priorities", priorities),
    "orders": PaperFigure("e05_sequencing", orders),
    "order_structures": PaperFigure("e05_sequencing", order_structures, "claim_rivals.csv"),
    "front": PaperFigure("e05_sequencing", front),
    "funding": PaperFigure("e06_funding", funding),
    "double_funding": PaperFigure("e07_double_funding", double_funding),
    "scales": PaperFigure("e08_scales", _scales),
}


def chosen(names: Sequence[str], results: Path) -> list[str]:
    """Return the figures to make: those named, or all whose results are there; `results` may hold one result alone.

    Raises
    ------
    ResultsError
        If a figure is unknown, or the results of one that is named are not there.
    """
    for name in names:
        if name not in FIGURES:
            raise ResultsError(f"unknown figure '{name}'.{nearest(name, FIGURES)} There are: {', '.join(FIGURES)}.")
        place = home(FIGURES[name], results) / FIGURES[name].table
        if FIGURES[name].folder and not place.exists():
            raise ResultsError(
                f"figure '{name}' is made from {place}, which is not there: give the folder of the result itself, "
                f"or one that holds it as '{FIGURES[name].folder}'."
            )
    if not names and (results / MANIFEST).exists():
        raise ResultsError(f"{results} is one result, not a folder of results: name the figures to be made from it.")
    there = [
        name for name, figure in FIGURES.items() if not figure.folder or (home(figure, results) / figure.table).exists()
    ]
    return list(names) or there


def home(figure: PaperFigure, results: Path) -> Path:
    """Return the folder that a figure is made from: in a folder of results, or this folder if it is a result itself."""
    return results if (results / MANIFEST).exists() else results / figure.folder


def made(names: Sequence[str], results: Path, out: Path) -> pd.DataFrame:
    """Write figures with captions and tables into a folder; return a row a figure: `figure`, `from`, `source`.

    Each comes as PDF, as PNG at 300 dots an inch, and with its table as CSV, TeX and Markdown; captions in `CAPTIONS`.

    Raises
    ------
    ResultsError
        If a figure is unknown, its results are missing or cannot be read, or the folder cannot be written.
    """
    rows, captions = [], ["# Figures\n"]
    wanted = chosen(names, results)
    with writing_into(out), journal():
        for name in wanted:
            stored = Stored(home(FIGURES[name], results))
            drawn = FIGURES[name].draw(stored)
            source = stored.source if FIGURES[name].folder else "declarations of the model"
            saved(drawn.figure, out / name, name, drawn.caption, source)
            tables.written(drawn.table, out / name, drawn.table_caption)
            captions.append(f"**{name}.** {drawn.caption} ({source}; `{FIGURES[name].folder or 'model'}`)\n")
            rows.append({"figure": name, "from": FIGURES[name].folder or "the model", "source": source})
        (out / CAPTIONS).write_text("\n".join(captions), encoding="utf-8")
    return pd.DataFrame(rows)
