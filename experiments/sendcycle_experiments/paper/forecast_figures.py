"""Figures of forecasts: the backtest, the forecast to 2040, rival structures."""

from typing import Any

from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from sendcycle_experiments.calibration.forecasting import NAIVE
from sendcycle_experiments.figures.style import PALETTE, legend_above, shown_unit, small_multiples, style_years
from sendcycle_experiments.paper.drawing import (
    HEADLINES,
    PUBLISHED,
    FigureWithCaption,
    draw_bands,
    draw_medians,
    draw_published,
    in_words,
    tabled_years,
    times_of,
)
from sendcycle_experiments.sweeps.stored_results import StoredResults


def draw_backtest(stored: StoredResults) -> FigureWithCaption:
    """Predicted from January 2020 without refitting, beside simple forecasts and what came."""
    table = stored.table("backtest.csv")
    origin = "2020-01"
    table = table[(table["origin"] == origin) & table["headline"]]
    names = [name for name in HEADLINES if name in set(table["pattern"])]
    names += [name for name in table["pattern"].unique() if name not in names]
    figure, axes = small_multiples(names, 4, 42.0)
    styles: tuple[Any, ...] = ("--", ":", "-.", (0, (1, 3)))
    for ax, name in zip(axes, names, strict=True):
        rows = table[table["pattern"] == name].sort_values("year")
        draw_bands(ax, name, rows, PALETTE[0])
        x, factor = times_of(name, rows["year"]), shown_unit(name)[0]
        for method, style in zip(NAIVE, styles, strict=True):
            ax.plot(x, factor * rows[method], color=PALETTE[1], linewidth=0.8, linestyle=style)
        draw_published(ax, name)
        style_years(ax)
    legend_above(figure, [
        Patch(color=PALETTE[0], alpha=0.35, label="model: median, 50 and 90 %"), PUBLISHED,
        *(Line2D([], [], color=PALETTE[1], linewidth=0.8, linestyle=style, label=in_words(method))
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
    return FigureWithCaption(figure, caption, stored.table("summary.csv"), said)


def draw_forecast(stored: StoredResults) -> FigureWithCaption:
    """The forecast to 2040 without reform, beside those of others."""
    table, others = stored.table("forecast.csv"), stored.table("beside_others.csv")
    names = [name for name in (*HEADLINES[:7], "cumulative_deficit") if name in set(table["pattern"])]
    figure, axes = small_multiples(names, 4, 42.0)
    for ax, name in zip(axes, names, strict=True):
        draw_bands(ax, name, table[table["pattern"] == name], PALETTE[0])
        said = others[others["pattern"] == name]
        x, y = times_of(name, said["model_year"]), shown_unit(name)[0] * said["value"]
        ax.plot(x, y, "D", color=PALETTE[1], markersize=3.2)
        draw_published(ax, name)
        style_years(ax)
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
    shown = tabled_years(table, ("pattern", "year", "q05", "q25", "q50", "q75", "q95"), "pattern")
    return FigureWithCaption(figure, caption, shown, "Quantiles of the predictive distribution without reform.")


def draw_rivals(stored: StoredResults) -> FigureWithCaption:
    """The model and its rivals, each calibrated."""
    table, fit = stored.table("forecast.csv"), stored.table("fit.csv")
    names = ("plans_in_force", "requests", "appeals_registered", "high_needs_spending")
    structures = list(table["structure"].unique())
    colours = dict(zip(structures, ("0.15", *PALETTE), strict=False))
    figure, axes = small_multiples(names, 4, 44.0)
    for ax, name in zip(axes, names, strict=True):
        draw_medians(ax, name, table[table["pattern"] == name], "structure", colours)
    legend_above(figure, [
        *(Line2D([], [], color=colours[name], label=in_words(name)) for name in structures), PUBLISHED,
    ])  # fmt: skip
    caption = (
        "Medians over the members of each structure's own ensemble, calibrated in the same way; grey: 90 % of those of "
        "the model itself. What its rivals do otherwise is in docs/calibration.md."
    )
    said = (
        "Fit of each structure: members that stay of those moved, root mean square of standardised errors of the "
        "nearest and the middle member, and median relative error of each headline series."
    )
    return FigureWithCaption(figure, caption, fit, said)
